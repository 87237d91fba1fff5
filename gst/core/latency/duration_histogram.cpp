// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/duration_histogram.h"

#include <algorithm>
#include <cmath>
#include <utility>

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

template <typename Visit>
void DurationHistogram::for_each_bucket(Visit visit) const {
    for (const std::uint64_t word : packed_)
        visit(packed_bucket(word), word >> kBucketBits);
    for (std::size_t r = 0; rows_ && r < kRows; ++r) {
        if (!(*rows_)[r])
            continue;
        for (std::size_t c = 0; c < kColumns; ++c)
            if (const std::uint64_t n = (*(*rows_)[r])[c])
                visit(r * kColumns + c, n);
    }
}

void DurationHistogram::pack() {
    std::size_t buckets = 0;
    for_each_bucket([&](std::size_t, std::uint64_t) { ++buckets; });
    std::vector<std::uint64_t> packed;
    packed.reserve(buckets);
    for_each_bucket(
        [&](std::size_t bucket, std::uint64_t n) { packed.push_back(n << kBucketBits | bucket); });
    packed_ = std::move(packed);
    rows_.reset();
}

void DurationHistogram::unpack() {
    rows_ = std::make_unique<Rows>();
    for (const std::uint64_t word : packed_)
        row_of(packed_bucket(word))[packed_bucket(word) % kColumns] = word >> kBucketBits;
    packed_ = {};
}

void DurationHistogram::pack_if_idle() {
    if (rows_ && count_seen_ == count_)
        pack();
    count_seen_ = count_;
}

DurationStats DurationHistogram::stats() const {
    DurationStats stats;
    stats.sum_ns = sum_ns_;
    stats.summary.count = count_;
    stats.summary.max = max_ns_;
    for_each_bucket([&](std::size_t bucket, std::uint64_t n) {
        stats.buckets.push_back({LogLinearHistogram::bucket_last_value(bucket), n});
    });
    fill_quantiles(stats);
    return stats;
}

void DurationHistogram::reset() {
    *this = DurationHistogram();
}

} // namespace tactus
