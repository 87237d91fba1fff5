// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/duration_histogram.h"

#include <algorithm>
#include <cmath>

namespace tactus {

namespace {

// The value below which, inclusive, a share `q` of all lies; as LogLinearHistogram defines it.
std::uint64_t quantile(const DurationStats& stats, double q) {
    const auto total = static_cast<double>(total_count(stats));
    const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(q * total)));
    std::uint64_t seen = 0;
    for (const auto& bucket : stats.buckets) {
        seen += bucket.count;
        if (seen >= rank)
            return std::min(bucket.upper_ns, stats.summary.max);
    }
    return stats.summary.max;
}

} // namespace

std::uint64_t total_count(const DurationStats& stats) {
    std::uint64_t total = 0;
    for (const auto& bucket : stats.buckets)
        total += bucket.count;
    return total;
}

void fill_quantiles(DurationStats& stats) {
    stats.summary.p50 = quantile(stats, 0.5);
    stats.summary.p99 = quantile(stats, 0.99);
    stats.summary.p999 = quantile(stats, 0.999);
}

void DurationHistogram::fill_buckets(DurationStats& stats) const {
    for (std::size_t r = 0; r < kRows; ++r) {
        if (!rows_[r])
            continue;
        for (std::size_t c = 0; c < kColumns; ++c)
            if (const std::uint64_t n = (*rows_[r])[c])
                stats.buckets.push_back(
                    {LogLinearHistogram::bucket_last_value(r * kColumns + c), n});
    }
}

DurationStats DurationHistogram::stats() const {
    DurationStats stats;
    stats.sum_ns = sum_ns_;
    stats.summary.count = count_;
    stats.summary.max = max_ns_;
    fill_buckets(stats);
    fill_quantiles(stats);
    return stats;
}

void DurationHistogram::reset() {
    *this = DurationHistogram();
}

} // namespace tactus
