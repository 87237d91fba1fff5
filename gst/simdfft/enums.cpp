// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "simdfft/enums.h"

#include "core/fft/band_map.h"
#include "core/fft/stft_config.h"
#include "core/fft/window.h"
#include "glue/property_rows.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace tactus {

namespace {

using property_rows::value_of;

const GEnumValue kMessageFormatValues[] = {
    {value_of(MessageFormat::lists), "Lists of floats, as spectrum has them", "lists"},
    {value_of(MessageFormat::bytes), "One GBytes of float32 for each kind", "bytes"},
    {0, nullptr, nullptr},
};

// The nicks are those of window_name, stft_scaling_name and frequency_scale_name.
constexpr GEnumValue kWindowKindValues[kWindowKinds + 1] = {
    {value_of(WindowKind::rectangular), "All ones", "rectangular"},
    {value_of(WindowKind::hann), "Hann", "hann"},
    {value_of(WindowKind::hamming), "Hamming, 0.54 and 0.46", "hamming"},
    {value_of(WindowKind::blackman), "Blackman", "blackman"},
    {value_of(WindowKind::blackman_harris), "Blackman and Harris, four terms", "blackman-harris"},
    {value_of(WindowKind::kaiser), "Kaiser, with kaiser-beta", "kaiser"},
    {value_of(WindowKind::flat_top), "Flat top, for exact amplitudes", "flat-top"},
    {value_of(WindowKind::sqrt_hann), "Square root of Hann", "sqrt-hann"},
    {value_of(WindowKind::custom), "The values of custom-window", "custom"},
    {0, nullptr, nullptr},
};

// A custom window is of no use to who cannot give its values, and is the last.
static_assert(value_of(WindowKind::custom) + 1 == kWindowKinds);
constexpr auto kNamedWindowValues = [] {
    std::array<GEnumValue, kWindowKinds> values = {};
    std::copy_n(std::begin(kWindowKindValues), kWindowKinds - 1, values.begin());
    values[value_of(WindowKind::kaiser)].value_name = "Kaiser, with a beta of 8.6";
    return values;
}();

const GEnumValue kStftScalingValues[] = {
    {value_of(StftScaling::none), "By nothing", "none"},
    {value_of(StftScaling::magnitude), "By the window's sum: a sine of amplitude a gives a / 2",
     "magnitude"},
    {value_of(StftScaling::psd), "Squared, a two-sided power density per Hz", "psd"},
    {value_of(StftScaling::unitary), "By the root of fft-size: power is kept", "unitary"},
    {0, nullptr, nullptr},
};

const GEnumValue kFrequencyScaleValues[] = {
    {value_of(FrequencyScale::linear), "Hz", "linear"},
    {value_of(FrequencyScale::log), "Logarithm of Hz", "log"},
    {value_of(FrequencyScale::mel), "Mel", "mel"},
    {value_of(FrequencyScale::bark), "Bark", "bark"},
    {0, nullptr, nullptr},
};

} // namespace

GType message_format_get_type() {
    static const GType type =
        g_enum_register_static("GstSimdFftMessageFormat", kMessageFormatValues);
    return type;
}

GType window_kind_get_type() {
    static const GType type = g_enum_register_static("GstSimdFftWindow", kWindowKindValues);
    return type;
}

GType named_window_get_type() {
    static const GType type =
        g_enum_register_static("GstSimdFftNamedWindow", kNamedWindowValues.data());
    return type;
}

GType stft_scaling_get_type() {
    static const GType type = g_enum_register_static("GstSimdFftScaling", kStftScalingValues);
    return type;
}

GType frequency_scale_get_type() {
    static const GType type =
        g_enum_register_static("GstSimdFftFrequencyScale", kFrequencyScaleValues);
    return type;
}

} // namespace tactus
