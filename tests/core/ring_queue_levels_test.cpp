// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ring_queue_fixture.h"

namespace tactus::test {

namespace {

class RingQueueLevels : public QueueTest {
  protected:
    std::uint64_t time_ms() const { return queue.level().time_ns / kMs; }
};

TEST_F(RingQueueLevels, time_is_time_in_minus_time_out) {
    put(buffer(1, 0, 10));
    EXPECT_EQ(time_ms(), 10u);
    put(buffer(2, 10, 20));
    put(buffer(3, 20, 30));
    EXPECT_EQ(time_ms(), 30u);
    take();
    EXPECT_EQ(time_ms(), 20u);
    take();
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, time_out_starts_with_the_first_timed_buffer) {
    put(buffer(1, 5000, 5010));
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_hole_between_buffers_counts) {
    put(buffer(1, 0, 10));
    put(buffer(2, 500, 510));
    take();
    EXPECT_EQ(time_ms(), 500u);
}

TEST_F(RingQueueLevels, all_are_zero_once_everything_has_left) {
    put(buffer(1, 0, 10));
    put(buffer(2, 100, 110));
    take();
    take();
    EXPECT_EQ(queue.level().buffers, 0u);
    EXPECT_EQ(queue.level().bytes, 0u);
    EXPECT_EQ(queue.level().time_ns, 0u);
}

TEST_F(RingQueueLevels, all_are_zero_while_only_events_and_queries_are_queued) {
    put(buffer(1, 0, 10));
    put(event(2, Item::kSticky));
    put(gap(3, 10, 5000));
    put(query(4));
    take();
    EXPECT_FALSE(queue.is_drained());
    EXPECT_EQ(queue.level().buffers, 0u);
    EXPECT_EQ(queue.level().bytes, 0u);
    EXPECT_EQ(queue.level().time_ns, 0u);
}

TEST_F(RingQueueLevels, events_and_queries_count_nothing) {
    put(event(1, Item::kSticky));
    put(buffer(2, 0, 10));
    put(event(3));
    put(query(4));
    EXPECT_EQ(queue.level().buffers, 1u);
    EXPECT_EQ(queue.level().bytes, 100u);
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_buffer_list_counts_as_its_buffers_and_bytes) {
    put(list(1, 7, 4200));
    put(untimed(2));
    EXPECT_EQ(queue.level().buffers, 8u);
    EXPECT_EQ(queue.level().bytes, 4300u);
    take();
    EXPECT_EQ(queue.level().buffers, 1u);
    EXPECT_EQ(queue.level().bytes, 100u);
}

TEST_F(RingQueueLevels, a_timed_list_spans_from_its_first_to_its_last_buffer) {
    Item item = list(1, 3, 300);
    item.start_ns = 100 * kMs;
    item.end_ns = 130 * kMs;
    put(item);
    EXPECT_EQ(time_ms(), 30u);
}

TEST_F(RingQueueLevels, buffers_without_times_do_not_move_time) {
    put(untimed(1));
    EXPECT_EQ(time_ms(), 0u);
    put(buffer(2, 0, 10));
    put(untimed(3));
    EXPECT_EQ(time_ms(), 10u);
    take();
    EXPECT_EQ(time_ms(), 10u);
    take();
    EXPECT_EQ(time_ms(), 0u);
    EXPECT_EQ(queue.level().buffers, 1u);
}

TEST_F(RingQueueLevels, a_segment_does_not_move_time) {
    put(buffer(1, 0, 10));
    Item segment = event(2, Item::kSticky | Item::kUnkept);
    segment.start_ns = 0;
    put(segment);
    put(buffer(3, 10, 20));
    EXPECT_EQ(time_ms(), 20u);
    take();
    take();
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_queued_gap_does_not_move_the_time_in) {
    put(buffer(1, 0, 10));
    put(gap(2, 10, 5000));
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_gap_that_has_left_moves_the_time_out) {
    put(buffer(1, 0, 10));
    put(gap(2, 10, 50));
    put(buffer(3, 50, 60));
    EXPECT_EQ(time_ms(), 60u);
    take();
    EXPECT_EQ(time_ms(), 50u);
    take();
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_leaked_gap_moves_the_time_out_too) {
    queue.set_leak(Leak::downstream);
    put(buffer(1, 0, 10));
    put(gap(2, 10, 50));
    put(buffer(3, 50, 60));
    limit_time_ms(45);
    queue.limits_changed();
    EXPECT_EQ(queue.stats().gaps_dropped, 1u);
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_gap_without_a_time_moves_nothing) {
    put(buffer(1, 0, 10));
    put(event(2, Item::kGap));
    put(buffer(3, 10, 20));
    take();
    take();
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_gap_in_the_past_does_not_move_the_time_out_back) {
    put(buffer(1, 0, 100));
    put(gap(2, 0, 50));
    put(buffer(3, 100, 110));
    take();
    take();
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, time_is_never_negative_when_time_goes_backwards) {
    put(buffer(1, 1000, 1010));
    put(buffer(2, 0, 10));
    EXPECT_EQ(time_ms(), 0u);
    take();
    EXPECT_EQ(time_ms(), 0u);
    put(buffer(3, 10, 20));
    take();
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, running_times_may_be_negative) {
    put(buffer(1, -30, -20));
    put(buffer(2, -20, 10));
    EXPECT_EQ(time_ms(), 40u);
    take();
    EXPECT_EQ(time_ms(), 30u);
}

TEST_F(RingQueueLevels, time_starts_anew_after_a_flush) {
    put(buffer(1, 5000, 5010));
    flush();
    put(buffer(2, 0, 10));
    put(buffer(3, 10, 20));
    EXPECT_EQ(time_ms(), 20u);
    take();
    EXPECT_EQ(time_ms(), 10u);
}

TEST_F(RingQueueLevels, a_limit_of_time_holds_when_time_went_backwards) {
    limit_time_ms(50);
    for (std::uint64_t i = 0; i < 5; ++i)
        put(buffer(i + 1, 1000 + 10 * static_cast<std::int64_t>(i),
                   1010 + 10 * static_cast<std::int64_t>(i)));
    EXPECT_TRUE(queue.is_full());
    take_all();
    put(buffer(6, 0, 10));
    put(buffer(7, 10, 200));
    EXPECT_FALSE(queue.is_full()); // time out is still 1050 ms
    take();
    EXPECT_TRUE(queue.is_full());
}

TEST_F(RingQueueLevels, a_limit_of_time_holds_after_a_flush_that_starts_time_anew) {
    limit_time_ms(50);
    put(buffer(1, 5000, 5010));
    put(buffer(2, 5010, 5060));
    EXPECT_TRUE(queue.is_full());
    take();
    EXPECT_TRUE(queue.is_full());
    flush();
    put(buffer(3, 0, 10));
    put(buffer(4, 10, 200));
    EXPECT_EQ(time_ms(), 200u);
    EXPECT_TRUE(queue.is_full());
}

// With slots to spare the producer has no other reason to ask where the consumer is.
TEST(RingQueueLevelsInAWideRing, a_limit_of_time_holds_after_a_flush_that_starts_time_anew) {
    References refs(4);
    RingQueue queue(refs.disposer());
    queue.max_size().set({0, 0, 50 * kMs});
    offer(queue, refs, buffer(1, 5000, 5010));
    offer(queue, refs, buffer(2, 5010, 5070));
    take(queue, refs);
    EXPECT_TRUE(queue.is_full());
    queue.drain([&refs](const Item& item) { refs.release(item); });
    queue.restart_time();
    EXPECT_EQ(offer(queue, refs, buffer(3, 0, 200)), Offered::queued);
    EXPECT_EQ(queue.level().time_ns, 200u * kMs);
    EXPECT_EQ(offer(queue, refs, buffer(4, 200, 210)), Offered::blocked);
}

} // namespace

} // namespace tactus::test
