// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Responses for simdfftfilter, and what it must make of audio with them.
#pragma once

// GValueArray is deprecated, but it is the type of the peer's property.
#define GLIB_DISABLE_DEPRECATION_WARNINGS

#include "audio_feed.h"

#include <cmath>
#include <string>
#include <vector>

namespace tactus {

inline constexpr const char* kDouble = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "F64LE" : "F64BE";
inline constexpr const char* kShort = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "S16LE" : "S16BE";

inline void set_kernel(GstElement* element, const std::vector<double>& taps) {
    GValueArray* const array = g_value_array_new(static_cast<guint>(taps.size()));
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_DOUBLE);
    for (const double tap : taps) {
        g_value_set_double(&value, tap);
        g_value_array_append(array, &value);
    }
    g_object_set(element, "kernel", array, nullptr);
    g_value_array_free(array);
}

inline void set_bytes(GstElement* element, unsigned channels, const std::vector<float>& frames) {
    GBytes* const bytes = g_bytes_new(frames.data(), frames.size() * sizeof(float));
    g_object_set(element, "kernel-channels", channels, "kernel-bytes", bytes, nullptr);
    g_bytes_unref(bytes);
}

inline std::vector<double> noise_taps(std::size_t count, unsigned seed) {
    return gaussian_noise<double>(count, seed, 0.2);
}

template <typename Sample>
std::vector<Sample> audio(std::size_t samples, unsigned seed) {
    return gaussian_noise<Sample>(samples, seed, 0.2);
}

template <typename Sample>
double direct(const std::vector<double>& taps, const std::vector<Sample>& in, unsigned channels,
              unsigned channel, std::size_t frame) {
    double sum = 0;
    for (std::size_t n = 0; n < taps.size() && n <= frame; ++n)
        if (const std::size_t at = (frame - n) * channels + channel; at < in.size())
            sum += taps[n] * static_cast<double>(in[at]);
    return sum;
}

template <typename Sample>
void expect_filtered(const std::vector<double>& taps, const std::vector<Sample>& in,
                     const std::vector<Sample>& out, unsigned channels, std::size_t shift = 0,
                     double tolerance = 1e-5) {
    for (std::size_t i = 0; i < out.size(); i += 7)
        ASSERT_NEAR(
            static_cast<double>(out[i]),
            direct(taps, in, channels, static_cast<unsigned>(i % channels), i / channels + shift),
            tolerance)
            << i;
}

} // namespace tactus
