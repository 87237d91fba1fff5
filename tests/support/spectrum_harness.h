// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// An analyser of audio between two pads of the test's own, and its messages.
#pragma once

#include "element_fixture.h"
#include "element_reports.h"
#include "noise.h"

#include <gst/audio/audio.h>
#include <gst/check/gstharness.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace tactus {

/// A `spectrum` message in plain numbers.
struct SpectrumMessage {
    guint64 endtime = 0;
    guint64 timestamp = 0;
    guint64 stream_time = 0;
    guint64 running_time = 0;
    guint64 duration = 0;
    /// By channel, or one; empty if the message has no such field.
    std::vector<std::vector<float>> magnitude;
    std::vector<std::vector<float>> phase;
    std::vector<std::string> field_types; ///< "magnitude GstValueList", in the message's order
};

inline std::vector<float> floats_of(const GValue* value) {
    std::vector<float> all;
    const bool is_list = GST_VALUE_HOLDS_LIST(value);
    const guint count = is_list ? gst_value_list_get_size(value) : gst_value_array_get_size(value);
    for (guint i = 0; i < count; ++i)
        all.push_back(g_value_get_float(is_list ? gst_value_list_get_value(value, i)
                                                : gst_value_array_get_value(value, i)));
    return all;
}

inline std::vector<std::vector<float>> spectra_of(const GValue* value) {
    if (value == nullptr)
        return {};
    if (G_VALUE_HOLDS(value, G_TYPE_BYTES)) {
        gsize size = 0;
        const auto* data = static_cast<const float*>(
            g_bytes_get_data(static_cast<GBytes*>(g_value_get_boxed(value)), &size));
        return {std::vector<float>(data, data + size / sizeof(float))};
    }
    if (GST_VALUE_HOLDS_LIST(value))
        return {floats_of(value)};
    std::vector<std::vector<float>> all;
    for (guint i = 0; i < gst_value_array_get_size(value); ++i)
        all.push_back(floats_of(gst_value_array_get_value(value, i)));
    return all;
}

inline SpectrumMessage read_message(GstMessage* message) {
    const GstStructure* s = gst_message_get_structure(message);
    SpectrumMessage m;
    gst_structure_get_clock_time(s, "endtime", &m.endtime);
    gst_structure_get_uint64(s, "timestamp", &m.timestamp);
    gst_structure_get_uint64(s, "stream-time", &m.stream_time);
    gst_structure_get_uint64(s, "running-time", &m.running_time);
    gst_structure_get_uint64(s, "duration", &m.duration);
    m.magnitude = spectra_of(gst_structure_get_value(s, "magnitude"));
    m.phase = spectra_of(gst_structure_get_value(s, "phase"));
    for (gint i = 0; i < gst_structure_n_fields(s); ++i) {
        const char* name = gst_structure_nth_field_name(s, static_cast<guint>(i));
        m.field_types.push_back(std::string(name) + " " +
                                g_type_name(gst_structure_get_field_type(s, name)));
    }
    return m;
}

inline std::string audio_caps(const std::string& format, unsigned rate, unsigned channels,
                              const char* layout = "interleaved") {
    std::string caps = "audio/x-raw,format=" + format + ",rate=" + std::to_string(rate) +
                       ",channels=" + std::to_string(channels) + ",layout=" + layout;
    if (channels > 2)
        caps += ",channel-mask=(bitmask)0";
    return caps;
}

class SpectrumHarness {
  public:
    SpectrumHarness(const char* factory, const std::string& properties)
        : harness_(gst_harness_new(factory)), bus_(gst_bus_new()) {
        set_properties(element(), properties.c_str());
        gst_element_set_bus(element(), bus_);
    }
    ~SpectrumHarness() {
        gst_element_set_bus(element(), nullptr);
        gst_harness_teardown(harness_);
        gst_bus_set_flushing(bus_, TRUE);
        gst_object_unref(bus_);
    }
    SpectrumHarness(const SpectrumHarness&) = delete;
    SpectrumHarness& operator=(const SpectrumHarness&) = delete;

    GstHarness* get() const { return harness_; }
    GstElement* element() const { return harness_->element; }

    void set_caps(const std::string& caps) { gst_harness_set_src_caps_str(harness_, caps.c_str()); }

    /// The buffer that comes out is thrown away.
    GstFlowReturn push(GstBuffer* buffer) {
        const GstFlowReturn flow = gst_harness_push(harness_, buffer);
        while (GstBuffer* out = gst_harness_try_pull(harness_))
            gst_buffer_unref(out);
        return flow;
    }

    GstMessage* pop(GstMessageType type = GST_MESSAGE_ELEMENT) {
        return gst_bus_pop_filtered(bus_, type);
    }
    std::vector<SpectrumMessage> messages() {
        std::vector<SpectrumMessage> all;
        while (GstMessage* message = pop()) {
            all.push_back(read_message(message));
            gst_message_unref(message);
        }
        return all;
    }
    /// The text of the next error on the bus, or nothing.
    std::string error() {
        GstMessage* message = pop(GST_MESSAGE_ERROR);
        if (message == nullptr)
            return {};
        GError* error = nullptr;
        gst_message_parse_error(message, &error, nullptr);
        std::string text = error->message;
        g_error_free(error);
        gst_message_unref(message);
        return text;
    }
    guint64 stat(const char* field) const { return stat_of(element(), field); }

  private:
    GstHarness* harness_;
    GstBus* bus_;
};

template <typename T>
GstBuffer* buffer_of(const std::vector<T>& samples, GstClockTime pts, bool discont = false) {
    const gsize size = samples.size() * sizeof(T);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, size, nullptr);
    gst_buffer_fill(buffer, 0, samples.data(), size);
    GST_BUFFER_PTS(buffer) = pts;
    if (discont)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    return buffer;
}

/// 48 kHz, mono, 16 bits: what follows the header; nothing where alsa-utils is not installed.
inline std::vector<std::int16_t> recording(const char* name) {
    std::ifstream file(std::string("/usr/share/sounds/alsa/") + name, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    constexpr std::size_t kHeader = 44;
    if (bytes.size() <= kHeader)
        return {};
    std::vector<std::int16_t> samples((bytes.size() - kHeader) / 2);
    std::memcpy(samples.data(), bytes.data() + kHeader, samples.size() * 2);
    return samples;
}

} // namespace tactus
