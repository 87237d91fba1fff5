// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/spectrogram_settings.h"

#include "glue/property_rows.h"
#include "glue/setting_value.h"
#include "simdfft/enums.h"

#include <gst/gst.h>

#include <array>
#include <variant>

namespace tactus {

namespace {

using S = SpectrogramSettings;
using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;

constexpr S kDefaults;

using Member = std::variant<bool S::*, unsigned S::*, double S::*, WindowKind S::*,
                            FrequencyScale S::*, ColorMap S::*>;

struct Setting {
    PropertySpec spec;
    Member member;
};

const GEnumValue kColorMapValues[] = {
    {static_cast<gint>(ColorMap::viridis), "Dark blue, green, yellow", "viridis"},
    {static_cast<gint>(ColorMap::magma), "Black, purple, light yellow", "magma"},
    {static_cast<gint>(ColorMap::grey), "Black to white", "grey"},
    {0, nullptr, nullptr},
};

using property_rows::choice;
using property_rows::count;
using property_rows::flag;
using property_rows::real;

constexpr std::array kSettings = {
    Setting{count("fft-size", "Length of a transform (frames)", kDefaults.fft_size, 32, 1U << 20,
                  "Frames of a transform: longer ones tell frequencies better apart, shorter ones "
                  "times"),
            &S::fft_size},
    Setting{count("hop-size", "Hop (frames)", kDefaults.hop_size, 0, 1U << 20,
                  "Frames from one transform to the next (0 = one for each column of pixels, at "
                  "most a quarter of fft-size)"),
            &S::hop_size},
    Setting{choice("window", "Window", kDefaults.window, named_window_get_type,
                   "What each transform's frames are multiplied with"),
            &S::window},
    Setting{choice("frequency-scale", "Frequency scale", kDefaults.frequency_scale,
                   frequency_scale_get_type, "How frequencies are laid out upwards"),
            &S::frequency_scale},
    Setting{choice("colormap", "Colour map", kDefaults.colormap, color_map_get_type,
                   "Which colours decibels are drawn in"),
            &S::colormap},
    Setting{real("min-db", "Least level (dB)", kDefaults.min_db, -200, 200,
                 "What is drawn in the first colour, as is all that is weaker"),
            &S::min_db},
    Setting{
        real("max-db", "Largest level (dB)", kDefaults.max_db, -200, 200,
             "What is drawn in the last colour, at least 1 dB above min-db; a sine at full scale "
             "has about 0 dB"),
        &S::max_db},
    Setting{real("span", "Time span (s)", kDefaults.span_s, 0.05, 3600,
                 "How much of the sound is in view, in seconds"),
            &S::span_s},
    Setting{flag("show-scale", "Show the scale", kDefaults.show_scale,
                 "Draw the scales of time, frequency and decibels, if the picture has at least 200 "
                 "by 100 pixels"),
            &S::show_scale},
    Setting{flag("qos", "Quality of service", kDefaults.qos,
                 "Leave out pictures of which downstream has said that they come too late"),
            &S::qos},
};

} // namespace

const guint kSpectrogramStatsId = kSettings.size() + 1;

GType color_map_get_type() {
    static const GType type = g_enum_register_static("GstSimdFftColorMap", kColorMapValues);
    return type;
}

SpectrogramConfig SpectrogramSettings::config(unsigned rate_hz, int width, int height,
                                              PixelFormat format) const {
    SpectrogramConfig c;
    c.rate = rate_hz;
    c.fft_size = fft_size;
    c.hop_frames = hop_size;
    c.window.kind = window;
    c.frequency_scale = frequency_scale;
    c.span_s = span_s;
    c.show_scale = show_scale;
    c.width = width;
    c.height = height;
    c.format = format;
    return c;
}

bool SpectrogramSettings::differs_only_in_colors(const SpectrogramSettings& other) const {
    return fft_size == other.fft_size && hop_size == other.hop_size && window == other.window &&
           frequency_scale == other.frequency_scale && span_s == other.span_s &&
           show_scale == other.show_scale;
}

void install_spectrogram_properties(GObjectClass* klass) {
    static constexpr auto kTable = specs_of(
        kSettings, PropertySpec{"stats", "Statistics",
                                "Frames, transforms, discontinuities and pictures; the time "
                                "that drawing one takes, P50/P99/P99.9/max in ns",
                                Kind::structure, Access::read_only});
    install_properties(klass, kTable);
}

bool set_setting(SpectrogramSettings& settings, guint id, const GValue* value) {
    return take_property(kSettings, settings, id, value);
}

bool get_setting(const SpectrogramSettings& settings, guint id, GValue* value) {
    return give_property(kSettings, settings, id, value);
}

} // namespace tactus
