// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/stats/log_linear_histogram.h"

#include <algorithm>
#include <cmath>

namespace tactus {

namespace {

std::uint64_t rank_of(double q, std::uint64_t total) {
    const auto rank = static_cast<std::uint64_t>(std::ceil(q * static_cast<double>(total)));
    return std::clamp<std::uint64_t>(rank, 1, total);
}

} // namespace

std::uint64_t LogLinearHistogram::count() const {
    std::uint64_t total = 0;
    for (const auto& c : counts_)
        total += c.load(std::memory_order_relaxed);
    return total;
}

std::uint64_t LogLinearHistogram::quantile(double q) const {
    const std::uint64_t total = count();
    if (total == 0)
        return 0;
    const std::uint64_t rank = rank_of(q, total);
    const std::uint64_t max = max_.load(std::memory_order_relaxed);
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
        seen += counts_[i].load(std::memory_order_relaxed);
        if (seen >= rank)
            return std::min(bucket_last_value(i), max);
    }
    return max;
}

LogLinearHistogram::Summary LogLinearHistogram::summary() const {
    Summary s;
    s.count = count();
    s.max = max_.load(std::memory_order_relaxed);
    if (s.count == 0)
        return s;
    struct Wanted {
        std::uint64_t rank;
        std::uint64_t* value;
    };
    const std::array<Wanted, 3> wanted{{{rank_of(0.5, s.count), &s.p50},
                                        {rank_of(0.99, s.count), &s.p99},
                                        {rank_of(0.999, s.count), &s.p999}}};
    std::size_t next = 0;
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets && next < wanted.size(); ++i) {
        seen += counts_[i].load(std::memory_order_relaxed);
        for (; next < wanted.size() && seen >= wanted[next].rank; ++next)
            *wanted[next].value = std::min(bucket_last_value(i), s.max);
    }
    return s;
}

} // namespace tactus
