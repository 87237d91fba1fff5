// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/merged_stats.h"

#include "core/latency/duration_histogram.h"
#include "sample_figures.h"

#include <gtest/gtest.h>

namespace tactus {

namespace {

using test::durations;

TEST(MergedStats, are_those_of_one_histogram_with_all_values) {
    DurationStats merged = durations({1'000, 5'000, 7'000'000});
    merge(merged, durations({5'000, 900'000'000}));
    const DurationStats together = durations({1'000, 5'000, 5'000, 7'000'000, 900'000'000});
    EXPECT_EQ(merged.sum_ns, together.sum_ns);
    EXPECT_EQ(merged.summary.count, together.summary.count);
    EXPECT_EQ(merged.summary.p50, together.summary.p50);
    EXPECT_EQ(merged.summary.p99, together.summary.p99);
    EXPECT_EQ(merged.summary.max, together.summary.max);
    EXPECT_EQ(cumulate(merged, kBucketBoundsNs), cumulate(together, kBucketBoundsNs));
    EXPECT_EQ(merged.buckets.size(), together.buckets.size());
}

TEST(MergedStats, stay_as_they_are_when_nothing_is_added) {
    DurationStats stats = durations({1'000});
    merge(stats, DurationStats{});
    EXPECT_EQ(total_count(stats), 1u);
    DurationStats empty;
    merge(empty, stats);
    EXPECT_EQ(total_count(empty), 1u);
    EXPECT_EQ(empty.summary.max, 1'000u);
}

TEST(MergedStats, count_up_to_each_bound) {
    const std::uint64_t bounds[] = {10, 63, 1'000'000};
    const auto counts = cumulate(durations({1, 10, 11, 2'000'000}), bounds);
    EXPECT_EQ(counts, (std::vector<std::uint64_t>{2, 3, 3}));
    EXPECT_EQ(cumulate(DurationStats{}, bounds), (std::vector<std::uint64_t>{0, 0, 0}));
}

TEST(MergedStats, add_up_counters_of_elements_and_keep_the_deepest_reordering) {
    ElementStats a = test::element(1, "queue0", "queue");
    ElementStats b = test::element(2, "queue0", "queue");
    a.dropped = 3;
    a.reorder_depth_max = 4;
    b.dropped = 5;
    b.reorder_depth_max = 2;
    merge(a, b);
    EXPECT_EQ(a.dropped, 8u);
    EXPECT_EQ(a.reorder_depth_max, 4u);
    EXPECT_EQ(a.info.id, 1u);
    EXPECT_EQ(total_count(a.self), 4u);
}

} // namespace

} // namespace tactus
