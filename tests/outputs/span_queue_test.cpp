// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/span_queue.h"

#include <gtest/gtest.h>

#include <thread>

namespace tactus {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

std::vector<OtlpSpan> spans(std::size_t count) {
    return std::vector<OtlpSpan>(count);
}

TEST(SpanQueue, takes_what_is_pushed_together_whole_or_not_at_all) {
    SpanQueue queue(10);
    EXPECT_TRUE(queue.push(spans(6)));
    EXPECT_FALSE(queue.push(spans(5)));
    EXPECT_TRUE(queue.push(spans(4)));
    EXPECT_EQ(queue.dropped(), 5u);
    EXPECT_EQ(queue.take(7, milliseconds(0)).size(), 6u);
    EXPECT_EQ(queue.take(7, milliseconds(0)).size(), 4u);
}

TEST(SpanQueue, hands_out_a_group_that_is_more_than_wanted) {
    SpanQueue queue(10);
    queue.push(spans(8));
    EXPECT_EQ(queue.take(3, hours(1)).size(), 8u);
}

TEST(SpanQueue, can_be_emptied_after_it_is_closed_and_counts_what_comes_later) {
    SpanQueue queue(10);
    queue.push(spans(2));
    queue.close();
    EXPECT_FALSE(queue.push(spans(3)));
    EXPECT_EQ(queue.dropped(), 3u);
    EXPECT_EQ(queue.take(5, hours(1)).size(), 2u);
    EXPECT_TRUE(queue.take(5, hours(1)).empty());
}

TEST(SpanQueue, says_how_much_it_throws_away) {
    SpanQueue queue(10);
    queue.push(spans(2));
    queue.push(spans(3));
    EXPECT_EQ(queue.clear(), 5u);
    EXPECT_EQ(queue.clear(), 0u);
}

TEST(SpanQueue, loses_nothing_between_two_threads) {
    SpanQueue queue(64);
    std::uint64_t taken = 0;
    std::thread consumer([&] {
        for (auto batch = queue.take(16, milliseconds(0)); !batch.empty();
             batch = queue.take(16, milliseconds(0)))
            taken += batch.size();
    });
    for (int i = 0; i < 20'000; ++i)
        queue.push(spans(2));
    queue.close();
    consumer.join();
    EXPECT_EQ(taken + queue.dropped(), 40'000u);
}

} // namespace

} // namespace tactus
