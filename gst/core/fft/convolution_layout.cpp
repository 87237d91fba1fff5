// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/convolution_layout.h"

#include <stdexcept>
#include <string>

namespace tactus {

namespace {

// From one size of partitions to the next. The sizes end where a transform leaves the caches.
constexpr std::size_t kGrowth = 8;
constexpr std::size_t kMostPartitionFrames = 65'536;
// A segment may take this many more partitions than it must, if the response ends with them: a
// longer size for a few taps does not pay.
constexpr std::size_t kSparePartitions = 2 * kGrowth;

void check(const char* what, std::size_t value, std::size_t least, std::size_t most) {
    if (value < least || value > most)
        throw std::invalid_argument(std::string(what) + " of " + std::to_string(value) +
                                    ": it must be " + std::to_string(least) + " to " +
                                    std::to_string(most));
}

std::size_t divided_up(std::size_t a, std::size_t b) {
    return (a + b - 1) / b;
}

} // namespace

ConvolutionLayout::ConvolutionLayout(std::size_t block_frames, std::size_t taps) {
    check("a block length", block_frames, kLeastBlockFrames, kMostBlockFrames);
    check("a response length", taps, 1, kMostTaps);
    std::size_t first = 0;
    for (std::size_t size = block_frames; first < taps; size *= kGrowth) {
        const std::size_t needed = divided_up(taps - first, size);
        const std::size_t next = size * kGrowth;
        const std::size_t usual = (2 * next - first) / size;
        const bool is_last = needed <= usual + kSparePartitions || next > kMostPartitionFrames;
        segments.push_back({first, size, is_last ? needed : usual});
        first = is_last ? taps : 2 * next;
    }
}

std::size_t ConvolutionLayout::capacity_taps() const {
    const ConvolutionSegment& last = segments.back();
    return last.first_tap + last.partition_frames * last.partitions;
}

} // namespace tactus
