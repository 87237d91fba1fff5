// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/skew_estimator.h"

#include <algorithm>

namespace tactus {

void SkewEstimator::observe(std::int64_t arrival_ns, std::int64_t transit_ns) {
    if (open_ && arrival_ns - block_start_ns_ >= kBlockNs)
        close_block();
    if (!open_) {
        open_ = true;
        block_start_ns_ = arrival_ns;
        lowest_ns_ = transit_ns;
        lowest_at_ns_ = arrival_ns;
    } else if (transit_ns < lowest_ns_) {
        lowest_ns_ = transit_ns;
        lowest_at_ns_ = arrival_ns;
    }
}

void SkewEstimator::close_block() {
    open_ = false;
    const std::int64_t apart_ns = lowest_at_ns_ - last_lowest_at_ns_;
    if (has_last_ && apart_ns > 0) {
        slopes_ppm_[next_slope_] =
            1e6 * static_cast<double>(last_lowest_ns_ - lowest_ns_) / static_cast<double>(apart_ns);
        next_slope_ = (next_slope_ + 1) % kBlocks;
        slope_count_ = std::min(slope_count_ + 1, kBlocks);
        std::array<double, kBlocks> sorted = slopes_ppm_;
        const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(slope_count_ / 2);
        std::nth_element(sorted.begin(), middle,
                         sorted.begin() + static_cast<std::ptrdiff_t>(slope_count_));
        ppm_ = *middle;
    }
    has_last_ = true;
    last_lowest_ns_ = lowest_ns_;
    last_lowest_at_ns_ = lowest_at_ns_;
}

void SkewEstimator::break_here() {
    open_ = false;
    has_last_ = false;
}

} // namespace tactus
