// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "../support/noise.h"
#include "core/fft/convolution_response.h"

#include <cmath>
#include <cstddef>
#include <vector>

namespace tactus {

using Channels = std::vector<std::vector<double>>;

inline std::vector<double> noise(std::size_t frames, unsigned seed) {
    return gaussian_noise<double>(frames, seed);
}

inline Channels noises(std::size_t channels, std::size_t frames, unsigned seed) {
    Channels result;
    for (std::size_t c = 0; c < channels; ++c)
        result.push_back(noise(frames, seed + static_cast<unsigned>(c)));
    return result;
}

/// One frame of an output, by the definition.
inline double direct(const ConvolutionFilter& filter, const Channels& in, std::size_t output,
                     std::size_t frame) {
    long double sum = 0;
    for (const ConvolutionPath& path : filter.paths) {
        if (path.output != output)
            continue;
        const std::vector<double>& h = filter.responses[path.response];
        for (std::size_t n = 0; n < h.size() && n <= frame; ++n)
            sum += static_cast<long double>(h[n]) * in[path.input][frame - n];
    }
    return static_cast<double>(sum);
}

inline double energy(const ConvolutionFilter& filter) {
    double sum = 0;
    for (const auto& response : filter.responses)
        for (const double tap : response)
            sum += tap * tap;
    return std::sqrt(sum);
}

} // namespace tactus
