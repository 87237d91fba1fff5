// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/stft_caps.h"

#include "glue/caps_text.h"

#include <cstring>
#include <stdexcept>
#include <vector>

namespace tactus {

namespace {

/// Reads the fields of one structure. Throws invalid_argument with the complaint.
class FieldReader {
  public:
    explicit FieldReader(const GstStructure* structure) : structure_(structure) {}

    bool has(const char* field) const { return gst_structure_has_field(structure_, field); }

    std::size_t count(const char* field) const {
        gint value = 0;
        if (!gst_structure_get_int(structure_, field, &value))
            fail(field, "an int");
        if (value < 0)
            fail(field, "0 or more");
        return static_cast<std::size_t>(value);
    }
    std::size_t count_or(const char* field, std::size_t fallback) const {
        return has(field) ? count(field) : fallback;
    }
    bool flag_or(const char* field, bool fallback) const {
        gboolean value = fallback ? TRUE : FALSE;
        if (has(field) && !gst_structure_get_boolean(structure_, field, &value))
            fail(field, "a boolean");
        return value != FALSE;
    }
    double real_or(const char* field, double fallback) const {
        double value = fallback;
        if (has(field) && !gst_structure_get_double(structure_, field, &value))
            fail(field, "a double");
        return value;
    }
    std::uint64_t mask() const {
        guint64 value = 0;
        if (has("channel-mask") &&
            !gst_structure_get(structure_, "channel-mask", GST_TYPE_BITMASK, &value, nullptr))
            fail("channel-mask", "a bitmask");
        return value;
    }
    /// One of the names that `named` knows.
    template <typename Enum>
    Enum choice(const char* field, std::optional<Enum> (*named)(std::string_view),
                const char* names) const {
        const char* const name = gst_structure_get_string(structure_, field);
        const std::optional<Enum> value = name != nullptr ? named(name) : std::nullopt;
        if (!value)
            fail(field, names);
        return *value;
    }
    /// Doubles in a buffer, little endian.
    std::vector<double> values(const char* field) const {
        GstBuffer* buffer = nullptr;
        if (!gst_structure_get(structure_, field, GST_TYPE_BUFFER, &buffer, nullptr))
            fail(field, "a buffer of doubles");
        std::vector<double> values(gst_buffer_get_size(buffer) / sizeof(double));
        gst_buffer_extract(buffer, 0, values.data(), values.size() * sizeof(double));
        gst_buffer_unref(buffer);
        for (double& value : values)
            value = GDOUBLE_FROM_LE(value);
        return values;
    }

  private:
    [[noreturn]] void fail(const char* field, const char* wanted) const {
        std::string text = std::string("field ") + field + " is ";
        const GValue* const value = gst_structure_get_value(structure_, field);
        text += value != nullptr ? text_of(value) : "missing";
        throw std::invalid_argument(text + ": it must be " + wanted);
    }

    const GstStructure* structure_;
};

StftStream read_fields(const FieldReader& fields) {
    StftStream stream;
    StftConfig& config = stream.config;
    config.format = fields.choice("format", stft_format_named,
                                  "complex-f32, magnitude-f32, power-f32, db-f32 or phase-f32");
    config.rate = static_cast<unsigned>(fields.count("rate"));
    config.channels = static_cast<unsigned>(fields.count("channels"));
    config.fft_size = fields.count("fft-size");
    config.hop_frames = fields.count("hop-size");
    config.window_length = fields.count_or("window-length", config.fft_size);
    config.window.kind = fields.choice(
        "window", window_named,
        "rectangular, hann, hamming, blackman, blackman-harris, kaiser, flat-top, sqrt-hann or "
        "custom");
    if (config.window.kind == WindowKind::kaiser)
        config.window.kaiser_beta = fields.real_or("kaiser-beta", config.window.kaiser_beta);
    if (config.window.kind == WindowKind::custom)
        config.window.custom = fields.values("window-values");
    if (fields.has("scaling"))
        config.scaling =
            fields.choice("scaling", stft_scaling_named, "none, magnitude, psd or unitary");
    config.center = fields.flag_or("center", config.center);
    config.band_count = fields.count_or("band-count", 0);
    if (config.band_count != 0)
        config.bands_scale =
            fields.choice("bands-scale", frequency_scale_named, "linear, log, mel or bark");
    stream.channel_mask = fields.mask();
    return stream;
}

void set_window(GstStructure* structure, const WindowShape& window) {
    gst_structure_set(structure, "window", G_TYPE_STRING, window_name(window.kind), nullptr);
    if (window.kind == WindowKind::kaiser)
        gst_structure_set(structure, "kaiser-beta", G_TYPE_DOUBLE, window.kaiser_beta, nullptr);
    if (window.kind != WindowKind::custom)
        return;
    std::vector<double> values = window.custom;
    for (double& value : values)
        value = GDOUBLE_TO_LE(value);
    GstBuffer* const buffer =
        gst_buffer_new_allocate(nullptr, values.size() * sizeof(double), nullptr);
    gst_buffer_fill(buffer, 0, values.data(), values.size() * sizeof(double));
    gst_structure_set(structure, "window-values", GST_TYPE_BUFFER, buffer, nullptr);
    gst_buffer_unref(buffer);
}

} // namespace

CapsHandle make_stft_caps(const StftStream& stream) {
    const StftConfig& config = stream.config;
    CapsHandle caps(gst_caps_new_simple(
        TACTUS_STFT_MEDIA_TYPE, "format", G_TYPE_STRING, stft_format_name(config.format), "rate",
        G_TYPE_INT, static_cast<gint>(config.rate), "channels", G_TYPE_INT,
        static_cast<gint>(config.channels), "fft-size", G_TYPE_INT,
        static_cast<gint>(config.fft_size), "window-length", G_TYPE_INT,
        static_cast<gint>(config.window_length), "hop-size", G_TYPE_INT,
        static_cast<gint>(config.hop_frames), "scaling", G_TYPE_STRING,
        stft_scaling_name(config.scaling), "center", G_TYPE_BOOLEAN, config.center ? TRUE : FALSE,
        nullptr));
    GstStructure* const structure = gst_caps_get_structure(caps.get(), 0);
    set_window(structure, config.window);
    if (config.band_count != 0)
        gst_structure_set(structure, "band-count", G_TYPE_INT, static_cast<gint>(config.band_count),
                          "bands-scale", G_TYPE_STRING, frequency_scale_name(config.bands_scale),
                          nullptr);
    if (stream.channel_mask != 0)
        gst_structure_set(structure, "channel-mask", GST_TYPE_BITMASK,
                          static_cast<guint64>(stream.channel_mask), nullptr);
    return caps;
}

std::optional<StftStream> parse_stft_caps(const GstCaps* caps, std::string& complaint) {
    const GstStructure* const structure =
        gst_caps_get_size(caps) == 1 ? gst_caps_get_structure(caps, 0) : nullptr;
    if (structure == nullptr || !gst_structure_has_name(structure, TACTUS_STFT_MEDIA_TYPE)) {
        complaint = "these are no caps of " TACTUS_STFT_MEDIA_TYPE;
        return std::nullopt;
    }
    try {
        StftStream stream = read_fields(FieldReader(structure));
        if (stream.config.hop_frames == 0 || stream.config.window_length == 0)
            throw std::invalid_argument("hop-size and window-length must be 1 or more");
        stream.config = stream.config.resolved();
        // Throws if the window cannot be made.
        make_window(stream.config.window, stream.config.window_length);
        return stream;
    } catch (const std::invalid_argument& error) {
        complaint = error.what();
        return std::nullopt;
    }
}

} // namespace tactus
