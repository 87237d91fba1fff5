// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/merged_stats.h"

#include <algorithm>
#include <cmath>

namespace tactus {

namespace {

std::vector<DurationStats::Bucket> merged(const std::vector<DurationStats::Bucket>& a,
                                          const std::vector<DurationStats::Bucket>& b) {
    std::vector<DurationStats::Bucket> all;
    all.reserve(a.size() + b.size());
    std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(all),
               [](const auto& x, const auto& y) { return x.upper_ns < y.upper_ns; });
    std::vector<DurationStats::Bucket> joined;
    joined.reserve(all.size());
    for (const auto& bucket : all) {
        if (!joined.empty() && joined.back().upper_ns == bucket.upper_ns)
            joined.back().count += bucket.count;
        else
            joined.push_back(bucket);
    }
    return joined;
}

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

void merge(DurationStats& into, const DurationStats& more) {
    if (more.buckets.empty())
        return;
    if (into.buckets.empty()) {
        into = more;
        return;
    }
    into.buckets = merged(into.buckets, more.buckets);
    into.sum_ns += more.sum_ns;
    into.summary.count += more.summary.count;
    into.summary.max = std::max(into.summary.max, more.summary.max);
    into.summary.p50 = quantile(into, 0.5);
    into.summary.p99 = quantile(into, 0.99);
    into.summary.p999 = quantile(into, 0.999);
}

void merge(ElementStats& into, const ElementStats& more) {
    into.buffers_in += more.buffers_in;
    into.buffers_out += more.buffers_out;
    into.bytes_out += more.bytes_out;
    into.inside += more.inside;
    into.dropped += more.dropped;
    into.duplicated += more.duplicated;
    into.inferred += more.inferred;
    into.reorder_depth_max = std::max(into.reorder_depth_max, more.reorder_depth_max);
    into.queues = into.queues || more.queues;
    merge(into.residence, more.residence);
    merge(into.self, more.self);
    merge(into.sync_wait, more.sync_wait);
}

void merge(PathStats& into, const PathStats& more) {
    into.buffers += more.buffers;
    into.inferred += more.inferred;
    merge(into.oldest, more.oldest);
    merge(into.newest, more.newest);
}

std::vector<std::uint64_t> cumulate(const DurationStats& stats,
                                    std::span<const std::uint64_t> bounds_ns) {
    std::vector<std::uint64_t> counts;
    counts.reserve(bounds_ns.size());
    std::uint64_t seen = 0;
    auto bucket = stats.buckets.begin();
    for (const std::uint64_t bound : bounds_ns) {
        for (; bucket != stats.buckets.end() && bucket->upper_ns <= bound; ++bucket)
            seen += bucket->count;
        counts.push_back(seen);
    }
    return counts;
}

} // namespace tactus
