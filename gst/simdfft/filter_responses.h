// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace tactus {

/// Impulse responses as they come from outside, one for each channel of what they came in.
struct FilterResponses {
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
};

} // namespace tactus
