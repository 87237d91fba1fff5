// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/merged_stats.h"

#include "core/latency/duration_histogram.h"

#include <algorithm>
#include <iterator>

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

} // namespace

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
    fill_quantiles(into);
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
