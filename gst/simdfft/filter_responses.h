// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/convolution_response.h"

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tactus {

/// Impulse responses as they come from outside, one for each channel of what they came in.
struct FilterResponses {
    /// Of a file, and of all inputs and responses of a filter together: it takes some 16 bytes for
    /// each.
    static constexpr std::size_t kMostTotalTaps = std::size_t{1} << 27;

    std::vector<std::vector<double>> taps;
    int rate_hz = 0; ///< 0: that of the stream

    /// One response; without taps it is the one tap 1. Throws invalid_argument unless all are
    /// finite.
    static FilterResponses from_taps(const std::vector<double>& taps);
    /// From frames of float32, one number of each response after the other. Throws
    /// invalid_argument unless there are whole frames of finite numbers.
    static FilterResponses from_frames(std::span<const std::byte> bytes, std::size_t responses);
    /// From an audio file of any format that libsndfile reads. Throws runtime_error; where there is
    /// no libsndfile, always.
    static FilterResponses from_file(const std::string& path);

    /// The filter that they make of so many channels. Takes them. Throws invalid_argument if their
    /// number does not fit, or it would be too large.
    ConvolutionFilter filter(std::size_t inputs, std::size_t outputs) &&;
};

} // namespace tactus
