// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/stats/log_linear_histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>
#include <vector>

namespace tactus {

namespace {

using Histogram = LogLinearHistogram;

TEST(LogLinearHistogram, is_empty_at_first) {
    const Histogram h;
    EXPECT_EQ(h.count(), 0u);
    EXPECT_EQ(h.quantile(0.5), 0u);
    EXPECT_EQ(h.summary().max, 0u);
}

TEST(LogLinearHistogram, counts_small_values_exactly) {
    for (std::uint64_t v = 0; v < 64; ++v) {
        EXPECT_EQ(Histogram::bucket_of(v), v);
        EXPECT_EQ(Histogram::bucket_last_value(v), v);
    }
}

TEST(LogLinearHistogram, has_buckets_no_wider_than_a_64th_of_their_values) {
    for (std::size_t b = 64; b < Histogram::kBuckets; ++b) {
        const std::uint64_t first = Histogram::bucket_last_value(b - 1) + 1;
        const std::uint64_t width = Histogram::bucket_last_value(b) - first + 1;
        ASSERT_LE(width, first / 64) << "bucket " << b;
        ASSERT_EQ(Histogram::bucket_of(first), b);
        ASSERT_EQ(Histogram::bucket_of(Histogram::bucket_last_value(b)), b);
    }
}

TEST(LogLinearHistogram, ends_with_the_largest_number) {
    EXPECT_EQ(Histogram::bucket_of(UINT64_MAX), Histogram::kBuckets - 1);
    EXPECT_EQ(Histogram::bucket_last_value(Histogram::kBuckets - 1), UINT64_MAX);
}

TEST(LogLinearHistogram, takes_extreme_values) {
    Histogram h;
    h.record(0);
    h.record(UINT64_MAX);
    EXPECT_EQ(h.count(), 2u);
    EXPECT_EQ(h.quantile(0.0), 0u);
    EXPECT_EQ(h.quantile(0.5), 0u);
    EXPECT_EQ(h.quantile(1.0), UINT64_MAX);
    EXPECT_EQ(h.summary().max, UINT64_MAX);
}

TEST(LogLinearHistogram, gives_exact_quantiles_of_small_values) {
    Histogram h;
    for (std::uint64_t v = 1; v <= 50; ++v)
        h.record(v);
    EXPECT_EQ(h.quantile(0.5), 25u);
    EXPECT_EQ(h.quantile(0.02), 1u);
    EXPECT_EQ(h.quantile(0.98), 49u);
    EXPECT_EQ(h.quantile(1.0), 50u);
}

TEST(LogLinearHistogram, rounds_large_quantiles_up_within_a_64th) {
    Histogram h;
    for (std::uint64_t v = 1; v <= 1000; ++v)
        h.record(v * 1'000'000);
    for (const double q : {0.1, 0.5, 0.9, 0.99, 0.999}) {
        const double exact = q * 1000 * 1'000'000;
        const auto got = static_cast<double>(h.quantile(q));
        EXPECT_GE(got, exact - 0.5) << q;
        EXPECT_LE(got, exact * (1 + 1.0 / 64) + 1) << q;
    }
}

TEST(LogLinearHistogram, never_answers_more_than_the_maximum) {
    Histogram h;
    h.record(1'000'001);
    EXPECT_EQ(h.quantile(0.5), 1'000'001u);
    EXPECT_EQ(h.summary().p999, 1'000'001u);
    EXPECT_EQ(h.summary().max, 1'000'001u);
}

TEST(LogLinearHistogram, agrees_with_a_sorted_list_and_with_its_own_summary) {
    Histogram h;
    std::mt19937_64 random(1);
    std::vector<std::uint64_t> values;
    for (int i = 0; i < 20'000; ++i) {
        values.push_back(random() >> (random() % 64));
        h.record(values.back());
    }
    std::sort(values.begin(), values.end());
    const Histogram::Summary s = h.summary();
    EXPECT_EQ(s.count, values.size());
    EXPECT_EQ(s.max, values.back());
    EXPECT_EQ(s.p50, h.quantile(0.5));
    EXPECT_EQ(s.p99, h.quantile(0.99));
    EXPECT_EQ(s.p999, h.quantile(0.999));
    const auto same_bucket = [](std::uint64_t a, std::uint64_t b) {
        return Histogram::bucket_of(a) == Histogram::bucket_of(b);
    };
    EXPECT_TRUE(same_bucket(s.p50, values[9'999]));
    EXPECT_TRUE(same_bucket(s.p99, values[19'799]));
    EXPECT_TRUE(same_bucket(s.p999, values[19'979]));
}

TEST(LogLinearHistogram, can_be_read_while_it_is_written) {
    constexpr std::uint64_t kValues = 200'000;
    Histogram h;
    std::atomic<bool> done{false};
    std::thread writer([&] {
        for (std::uint64_t i = 0; i < kValues; ++i)
            h.record(i);
        done.store(true);
    });
    std::uint64_t last = 0;
    bool ordered = true;
    while (!done.load()) {
        const Histogram::Summary s = h.summary();
        ordered = ordered && s.count >= last && s.p50 <= s.p99 && s.p99 <= s.p999;
        last = s.count;
    }
    writer.join();
    EXPECT_TRUE(ordered);
    EXPECT_EQ(h.count(), kValues);
    EXPECT_EQ(h.summary().max, kValues - 1);
}

} // namespace

} // namespace tactus
