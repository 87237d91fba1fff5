// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Responses for simdfftfilter, and what it must make of audio with them.
#pragma once

#include "audio_feed.h"

#include "glue/value_array.h"

#include <cmath>
#include <string>
#include <vector>

namespace tactus {

inline constexpr const char* kDouble = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "F64LE" : "F64BE";
inline constexpr const char* kShort = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "S16LE" : "S16BE";

inline void set_kernel(GstElement* element, const std::vector<double>& taps) {
    GValueArray* const array = array_from_doubles(taps);
    g_object_set(element, "kernel", array, nullptr);
    free_array(array);
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
