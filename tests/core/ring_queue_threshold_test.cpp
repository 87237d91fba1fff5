// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ring_queue_fixture.h"

namespace tactus::test {

namespace {

class RingQueueThresholds : public QueueTest {};

TEST_F(RingQueueThresholds, hold_buffers_back_until_there_are_enough) {
    queue.min_threshold().set({3, 0, 0});
    put(untimed(1));
    put(untimed(2));
    EXPECT_TRUE(queue.is_empty());
    EXPECT_FALSE(take());
    put(untimed(3));
    EXPECT_FALSE(queue.is_empty());
    EXPECT_EQ(id_of(take()->item), 1u);
    EXPECT_TRUE(queue.is_empty());
}

TEST_F(RingQueueThresholds, must_all_be_reached) {
    queue.min_threshold().set({1, 150, 30 * kMs});
    put(buffer(1, 0, 10));
    EXPECT_TRUE(queue.is_empty());
    put(buffer(2, 10, 20));
    EXPECT_TRUE(queue.is_empty());
    put(buffer(3, 20, 30));
    EXPECT_FALSE(queue.is_empty());
}

TEST_F(RingQueueThresholds, do_not_hold_back_when_an_event_or_a_query_stands_last) {
    queue.min_threshold().set({5, 0, 0});
    put(untimed(1));
    put(event(2));
    EXPECT_EQ(take_all(), (Ids{1, 2}));
    put(untimed(3));
    put(query(4));
    EXPECT_EQ(take_all(), (Ids{3, 4}));
    put(untimed(5));
    EXPECT_FALSE(take());
}

TEST_F(RingQueueThresholds, do_not_hold_back_what_is_full) {
    queue.min_threshold().set({5, 0, 0});
    limit_buffers(2);
    put(untimed(1));
    EXPECT_TRUE(queue.is_empty());
    put(untimed(2));
    EXPECT_FALSE(queue.is_empty());
}

TEST_F(RingQueueThresholds, do_not_hold_back_an_event_that_was_set_aside_alone) {
    queue.min_threshold().set({5, 0, 0});
    put(event(1, Item::kSticky));
    put(untimed(2));
    queue.drain_keeping_sticky();
    EXPECT_EQ(take_all(), (Ids{1}));
}

TEST_F(RingQueueThresholds, are_off_after_the_end_of_the_stream) {
    queue.min_threshold().set({5, 0, 0});
    put(untimed(1));
    queue.arm_thresholds(false);
    EXPECT_EQ(queue.effective_threshold().buffers, 0u);
    EXPECT_EQ(take_all(), (Ids{1}));
}

TEST_F(RingQueueThresholds, are_on_again_after_a_flush) {
    queue.min_threshold().set({5, 0, 0});
    queue.arm_thresholds(false);
    flush();
    EXPECT_EQ(queue.effective_threshold().buffers, 5u);
    put(untimed(1));
    EXPECT_TRUE(queue.is_empty());
}

TEST_F(RingQueueThresholds, may_change_while_buffers_wait) {
    queue.min_threshold().set({5, 0, 0});
    put(untimed(1));
    EXPECT_TRUE(queue.is_empty());
    queue.min_threshold().set({1, 0, 0});
    queue.limits_changed();
    EXPECT_EQ(take_all(), (Ids{1}));
}

} // namespace

} // namespace tactus::test
