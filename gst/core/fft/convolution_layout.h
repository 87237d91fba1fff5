// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <vector>

namespace tactus {

/// A stretch of a response, cut into partitions of one size. Frames are those of the audio.
struct ConvolutionSegment {
    std::size_t first_tap = 0;
    std::size_t partition_frames = 0;
    std::size_t partitions = 0;

    bool operator==(const ConvolutionSegment&) const = default;
};

/// How responses are cut, for blocks of some length: the first taps into partitions as long as a
/// block, those behind them into longer and longer ones, as a long transform costs less for each
/// tap (Gardner 1995). A segment of longer partitions begins two of them into the response, so that
/// there is the time of one whole partition to compute what it adds; that is what lets the work be
/// spread over the blocks evenly (Wefers 2015, 6.4).
struct ConvolutionLayout {
    static constexpr std::size_t kLeastBlockFrames = 64;
    static constexpr std::size_t kMostBlockFrames = 8192;
    static constexpr std::size_t kMostTaps = std::size_t{1} << 24;

    /// For responses of up to `taps` taps. Throws invalid_argument unless kLeastBlockFrames <=
    /// block_frames <= kMostBlockFrames and 1 <= taps <= kMostTaps.
    ConvolutionLayout(std::size_t block_frames, std::size_t taps);

    std::size_t block_frames() const { return segments.front().partition_frames; }
    /// The most taps a response can have.
    std::size_t capacity_taps() const;

    bool operator==(const ConvolutionLayout&) const = default;

    std::vector<ConvolutionSegment> segments; ///< never empty
};

} // namespace tactus
