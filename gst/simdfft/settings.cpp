// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/settings.h"

#include "glue/property_rows.h"
#include "glue/setting_value.h"

#include <gst/gst.h>

#include <array>
#include <variant>

namespace tactus {

namespace {

using S = SimdFftSettings;
using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;

constexpr S kDefaults;
constexpr std::uint64_t kMostPoints = StftConfig::kLargestFft;
constexpr std::uint64_t kMostBands = 1073741824; // the peer's; larger ones than can be are refused

using Member =
    std::variant<bool S::*, int S::*, unsigned S::*, std::uint64_t S::*, double S::*,
                 MessageFormat S::*, WindowKind S::*, StftScaling S::*, FrequencyScale S::*>;

struct Setting {
    PropertySpec spec;
    Member member;
};

using property_rows::choice;
using property_rows::count;
using property_rows::flag;
using property_rows::real;
using property_rows::row;

constexpr std::array kSettings = {
    Setting{flag("post-messages", "Post messages", kDefaults.post_messages,
                 "Post a 'spectrum' element message for each interval"),
            &S::post_messages},
    Setting{flag("message-magnitude", "Magnitudes in messages", kDefaults.message_magnitude,
                 "Whether messages have the field 'magnitude', in dB"),
            &S::message_magnitude},
    Setting{flag("message-phase", "Phases in messages", kDefaults.message_phase,
                 "Whether messages have the field 'phase', in radians"),
            &S::message_phase},
    Setting{row("interval", "Interval (ns)", Kind::uint64, kDefaults.interval_ns, 1, UINT64_MAX,
                "Time from one message to the next, in ns"),
            &S::interval_ns},
    Setting{row("bands", "Bands", Kind::uint, kDefaults.bands, 2, kMostBands,
                "Number of frequency bands of a message, from 0 to half the rate: transforms are "
                "of 2 * bands - 2 samples; more than 8388609 are refused, and with "
                "multi-channel more than 33554432 / channels + 1"),
            &S::bands},
    Setting{row("threshold", "Threshold (dB)", Kind::integer,
                static_cast<std::uint64_t>(std::int64_t{kDefaults.threshold_db}),
                static_cast<std::uint64_t>(std::int64_t{G_MININT}), 0,
                "What magnitudes below it are raised to, in dB"),
            &S::threshold_db},
    Setting{flag("multi-channel", "Multi-channel", kDefaults.multi_channel,
                 "Messages with a spectrum of each channel, not one of their mean"),
            &S::multi_channel},
    Setting{flag("qos", "Quality of service", kDefaults.qos,
                 "Drop buffers of which downstream has said that they come too late"),
            &S::qos},
    Setting{choice("message-format", "Message format", kDefaults.message_format,
                   message_format_get_type,
                   "How messages hold values: lists as spectrum has them, or the same numbers as "
                   "bytes, channel after channel, which is much cheaper to read"),
            &S::message_format},
    Setting{count("fft-size", "Transform size", kDefaults.fft_size, 2, kMostPoints,
                  "Of the stream: points of a transform"),
            &S::fft_size},
    Setting{count("window-length", "Window length", kDefaults.window_length, 0, kMostPoints,
                  "Of the stream: samples under the window; what is left of fft-size is zeros (0 = "
                  "fft-size, or as long as custom-window)"),
            &S::window_length},
    Setting{count("hop-size", "Hop size", kDefaults.hop_size, 0, StftConfig::kLargestHop,
                  "Of the stream: samples from one frame to the next (0 = a quarter of the "
                  "window)"),
            &S::hop_size},
    Setting{choice("window", "Window", kDefaults.window, window_kind_get_type,
                   "Of the stream: the window, periodic, as in scipy"),
            &S::window},
    Setting{real("kaiser-beta", "Kaiser's beta", kDefaults.kaiser_beta, 0,
                 WindowShape::kLargestBeta,
                 "Of the stream with window=kaiser: 0 is a rectangle, 14 has side "
                 "lobes below -100 dB"),
            &S::kaiser_beta},
    Setting{choice("scaling", "Scaling", kDefaults.scaling, stft_scaling_get_type,
                   "Of the stream: what spectra are divided by"),
            &S::scaling},
    Setting{flag("center", "Center", kDefaults.center,
                 "Of the stream: a frame's time is the middle of its window, and the first frame "
                 "is at the first sample; else it is the first sample of the window"),
            &S::center},
    Setting{choice("bands-scale", "Scale of bands", kDefaults.bands_scale, frequency_scale_get_type,
                   "Of the stream with band-count: along which scale bands lie evenly"),
            &S::bands_scale},
    Setting{count("band-count", "Number of bands", kDefaults.band_count, 0, kMostPoints,
                  "Of the stream, of magnitudes, powers and decibels: so many bands instead of "
                  "bins (0 = bins)"),
            &S::band_count},
    Setting{row("smoothing-attack", "Attack (ns)", Kind::uint64, kDefaults.smoothing_attack_ns, 0,
                UINT64_MAX,
                "Of the stream, of magnitudes, powers and decibels: time constant of growing "
                "values, in ns (0 = at once)"),
            &S::smoothing_attack_ns},
    Setting{row("smoothing-release", "Release (ns)", Kind::uint64, kDefaults.smoothing_release_ns,
                0, UINT64_MAX,
                "Of the stream, of magnitudes, powers and decibels: time constant of falling "
                "values, in ns (0 = at once)"),
            &S::smoothing_release_ns},
    Setting{count("frames-per-buffer", "Frames in a buffer", kDefaults.frames_per_buffer, 1, 65536,
                  "Of the stream: how many frames go into one buffer"),
            &S::frames_per_buffer},
};

GParamSpec* custom_window_spec() {
    const auto flags = static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS |
                                                GST_PARAM_MUTABLE_PLAYING);
    return gst_param_spec_array(
        "custom-window", "Custom window",
        "Of the stream with window=custom: the window's values, as many as window-length",
        g_param_spec_double("value", "Value", "One value", -G_MAXDOUBLE, G_MAXDOUBLE, 0, flags),
        flags);
}

void take_window(std::vector<double>& window, const GValue* value) {
    window.clear();
    for (guint i = 0; i < gst_value_array_get_size(value); ++i)
        window.push_back(g_value_get_double(gst_value_array_get_value(value, i)));
}

void give_window(const std::vector<double>& window, GValue* value) {
    for (const double number : window) {
        GValue item = G_VALUE_INIT;
        g_value_init(&item, G_TYPE_DOUBLE);
        g_value_set_double(&item, number);
        gst_value_array_append_and_take_value(value, &item);
    }
}

} // namespace

const guint kSimdFftStatsId = kSettings.size() + 1;
const guint kSimdFftCustomWindowId = kSettings.size() + 2;

void install_simdfft_properties(GObjectClass* klass) {
    static constexpr auto kTable = specs_of(
        kSettings, PropertySpec{"stats", "Statistics",
                                "Buffers, frames, transforms, messages, runs and what was lost; "
                                "the time that a buffer takes, P50/P99/P99.9/max in ns",
                                Kind::structure, Access::read_only});
    install_properties(klass, kTable);
    g_object_class_install_property(klass, kSimdFftCustomWindowId, custom_window_spec());
}

bool set_setting(SimdFftSettings& settings, guint id, const GValue* value) {
    if (id == kSimdFftCustomWindowId) {
        take_window(settings.custom_window, value);
        return true;
    }
    return take_property(kSettings, settings, id, value);
}

bool get_setting(const SimdFftSettings& settings, guint id, GValue* value) {
    if (id == kSimdFftCustomWindowId) {
        give_window(settings.custom_window, value);
        return true;
    }
    return give_property(kSettings, settings, id, value);
}

StftConfig SimdFftSettings::stft_config(unsigned rate, unsigned channels) const {
    StftConfig config;
    config.rate = rate;
    config.channels = channels;
    config.fft_size = fft_size;
    config.window_length = window_length;
    config.hop_frames = hop_size;
    config.window.kind = window;
    config.window.kaiser_beta = kaiser_beta;
    if (window == WindowKind::custom) {
        config.window.custom = custom_window;
        if (window_length == 0)
            config.window_length = custom_window.size();
    }
    config.scaling = scaling;
    config.center = center;
    config.bands_scale = bands_scale;
    config.band_count = band_count;
    config.attack_s = static_cast<double>(smoothing_attack_ns) * 1e-9;
    config.release_s = static_cast<double>(smoothing_release_ns) * 1e-9;
    return config;
}

} // namespace tactus
