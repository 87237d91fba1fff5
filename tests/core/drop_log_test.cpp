// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/drop_log.h"

#include <gtest/gtest.h>

namespace tactus {

namespace {

Item lost(std::uint64_t sequence, std::uint32_t count = 1, std::int64_t start_ns = kNoTime) {
    Item item;
    item.kind = ItemKind::buffers;
    item.sequence = sequence;
    item.buffers = count;
    item.start_ns = start_ns;
    return item;
}

void expect_burst(const std::optional<DropBurst>& burst, std::uint64_t first, std::uint64_t count) {
    ASSERT_TRUE(burst.has_value());
    EXPECT_EQ(burst->first_sequence, first);
    EXPECT_EQ(burst->count, count);
}

TEST(DropLog, is_empty_at_first) {
    DropLog log;
    EXPECT_EQ(log.size(), 0u);
    EXPECT_FALSE(log.take_before(UINT64_MAX));
    EXPECT_FALSE(log.has_leak_ending_at(0));
}

TEST(DropLog, joins_neighbours_into_one_burst) {
    DropLog log;
    log.add(lost(4, 1, 40), DropReason::leaked);
    log.add(lost(5, 3, 50), DropReason::leaked);
    log.add(lost(8, 1, 80), DropReason::leaked);
    ASSERT_EQ(log.size(), 1u);
    const auto burst = log.take_before(9);
    expect_burst(burst, 4, 5);
    EXPECT_EQ(burst->first_ns, 40);
    EXPECT_EQ(burst->last_ns, 80);
    EXPECT_EQ(burst->end_sequence(), 9u);
}

TEST(DropLog, takes_its_times_from_those_buffers_that_have_one) {
    DropLog log;
    log.add(lost(0), DropReason::leaked);
    log.add(lost(1, 1, 10), DropReason::leaked);
    log.add(lost(2, 1, 20), DropReason::leaked);
    log.add(lost(3), DropReason::leaked);
    const auto burst = log.take_before(4);
    expect_burst(burst, 0, 4);
    EXPECT_EQ(burst->first_ns, 10);
    EXPECT_EQ(burst->last_ns, 20);
}

TEST(DropLog, keeps_bursts_with_something_between_apart_and_in_order) {
    DropLog log;
    log.add(lost(1), DropReason::leaked);
    log.add(lost(3), DropReason::leaked);
    log.add(lost(7), DropReason::leaked);
    ASSERT_EQ(log.size(), 3u);
    expect_burst(log.take_before(100), 1, 1);
    expect_burst(log.take_before(100), 3, 1);
    expect_burst(log.take_before(100), 7, 1);
    EXPECT_FALSE(log.take_before(100));
}

TEST(DropLog, does_not_join_different_reasons) {
    DropLog log;
    log.add(lost(0), DropReason::leaked);
    log.add(lost(1), DropReason::flushed);
    log.add(lost(2), DropReason::leaked);
    ASSERT_EQ(log.size(), 3u);
    EXPECT_EQ(log.take_before(9)->reason, DropReason::leaked);
    EXPECT_EQ(log.take_before(9)->reason, DropReason::flushed);
    EXPECT_EQ(log.take_before(9)->reason, DropReason::leaked);
}

TEST(DropLog, puts_an_earlier_burst_before_a_later_one) {
    DropLog log;
    log.add(lost(10), DropReason::leaked);
    log.add(lost(20), DropReason::leaked);
    log.add(lost(5), DropReason::leaked);
    log.add(lost(15), DropReason::leaked);
    for (const std::uint64_t first : {5, 10, 15, 20})
        expect_burst(log.take_before(100), first, 1);
}

TEST(DropLog, joins_an_earlier_drop_to_the_burst_after_it) {
    DropLog log;
    log.add(lost(10, 2, 100), DropReason::leaked);
    log.add(lost(9, 1, 90), DropReason::leaked);
    ASSERT_EQ(log.size(), 1u);
    const auto burst = log.take_before(100);
    expect_burst(burst, 9, 3);
    EXPECT_EQ(burst->first_ns, 90);
    EXPECT_EQ(burst->last_ns, 100);
}

TEST(DropLog, closes_the_gap_between_two_bursts) {
    DropLog log;
    log.add(lost(0, 2, 0), DropReason::leaked);
    log.add(lost(3, 2, 30), DropReason::leaked);
    log.add(lost(2, 1, 20), DropReason::leaked);
    ASSERT_EQ(log.size(), 1u);
    const auto burst = log.take_before(100);
    expect_burst(burst, 0, 5);
    EXPECT_EQ(burst->first_ns, 0);
    EXPECT_EQ(burst->last_ns, 30);
}

TEST(DropLog, hands_out_only_bursts_that_lie_wholly_before) {
    DropLog log;
    log.add(lost(2, 3), DropReason::leaked);
    EXPECT_FALSE(log.take_before(2));
    EXPECT_FALSE(log.take_before(4));
    expect_burst(log.take_before(5), 2, 3);
    EXPECT_EQ(log.size(), 0u);
}

TEST(DropLog, knows_what_was_leaked_right_before_a_buffer) {
    DropLog log;
    log.add(lost(2, 3), DropReason::leaked);
    log.add(lost(9), DropReason::flushed);
    EXPECT_TRUE(log.has_leak_ending_at(5));
    EXPECT_FALSE(log.has_leak_ending_at(4));
    EXPECT_FALSE(log.has_leak_ending_at(10));
}

TEST(DropLog, holds_more_bursts_than_it_reserved) {
    DropLog log;
    for (std::uint64_t i = 0; i < 1000; ++i)
        log.add(lost(2 * i), DropReason::leaked);
    EXPECT_EQ(log.size(), 1000u);
    for (std::uint64_t i = 0; i < 1000; ++i)
        expect_burst(log.take_before(UINT64_MAX), 2 * i, 1);
}

} // namespace

} // namespace tactus
