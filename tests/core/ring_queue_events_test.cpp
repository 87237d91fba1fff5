// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ring_queue_fixture.h"

namespace tactus::test {

namespace {

class RingQueueEvents : public QueueTest {
  protected:
    RingQueueEvents() { queue.set_leak(Leak::downstream); }
};

TEST_F(RingQueueEvents, a_sticky_event_survives_the_leak_of_what_surrounds_it) {
    limit_buffers(2);
    offer(untimed(1));
    offer(event(2, Item::kSticky));
    for (std::uint64_t id = 3; id <= 6; ++id)
        offer(untimed(id));
    EXPECT_EQ(take_all(), (Ids{2, 5, 6}));
    EXPECT_EQ(queue.stats().events_dropped, 0u);
}

TEST_F(RingQueueEvents, sticky_events_take_effect_between_the_buffers_that_surround_them) {
    limit_buffers(4);
    offer(untimed(1));
    offer(event(2, Item::kSticky)); // leaked with what surrounds it
    offer(untimed(3));
    offer(event(4, Item::kSticky)); // likewise
    offer(untimed(5));
    offer(untimed(6));
    offer(event(7, Item::kSticky)); // stays in its place
    offer(untimed(8));
    limit_buffers(3);
    queue.limits_changed();
    EXPECT_EQ(queue.level().buffers, 2u);
    EXPECT_EQ(take_all(), (Ids{2, 4, 6, 7, 8}));
}

TEST_F(RingQueueEvents, an_event_that_is_the_oldest_is_not_taken_twice) {
    limit_buffers(1);
    offer(event(1, Item::kSticky));
    offer(untimed(2));
    EXPECT_EQ(id_of(take()->item), 1u);
    offer(untimed(3));
    EXPECT_EQ(take_all(), (Ids{3}));
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueEvents, many_sticky_events_survive_in_order) {
    limit_buffers(1);
    Ids expected;
    for (std::uint64_t id = 1; id <= 200; id += 2) {
        offer(event(id, Item::kSticky));
        offer(untimed(id + 1));
        expected.push_back(id);
    }
    expected.push_back(200);
    EXPECT_EQ(take_all(), expected);
}

TEST_F(RingQueueEvents, an_event_set_aside_is_something_to_take) {
    limit_buffers(1);
    put(untimed(1));
    put(event(2, Item::kSticky));
    put(untimed(3));
    limit_buffers(0);
    queue.max_size().set_bytes(1);
    queue.limits_changed(); // leaks both buffers
    EXPECT_EQ(queue.level().buffers, 0u);
    EXPECT_FALSE(queue.is_drained());
    EXPECT_FALSE(queue.is_empty());
    EXPECT_EQ(take_all(), (Ids{2}));
    EXPECT_TRUE(queue.is_drained());
}

TEST_F(RingQueueEvents, other_events_and_gaps_leak_and_are_counted) {
    limit_buffers(1);
    offer(untimed(1));
    offer(event(2));
    offer(event(3));
    offer(gap(4, 0, 10));
    offer(untimed(5));
    offer(untimed(6));
    EXPECT_EQ(take_all(), (Ids{6}));
    EXPECT_EQ(queue.stats().events_dropped, 2u);
    EXPECT_EQ(queue.stats().gaps_dropped, 1u);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueEvents, events_that_are_flushed_are_not_counted_as_leaked) {
    put(event(1));
    put(gap(2, 0, 10));
    flush();
    EXPECT_EQ(queue.stats().events_dropped, 0u);
    EXPECT_EQ(queue.stats().gaps_dropped, 0u);
}

TEST_F(RingQueueEvents, a_query_stays_once_there_is_room) {
    limit_buffers(2);
    offer(untimed(1));
    offer(query(2));
    offer(untimed(3));
    offer(untimed(4)); // leaks the first buffer, which suffices
    EXPECT_EQ(refs.held(2), 1);
    EXPECT_EQ(take_all(), (Ids{2, 3, 4}));
}

// Its disposal answers it; else a leak could make no room behind it.
TEST_F(RingQueueEvents, a_query_in_the_way_of_a_leak_is_disposed_of_and_counts_as_nothing) {
    limit_buffers(2);
    put(query(1));
    for (std::uint64_t id = 2; id <= 4; ++id)
        put(untimed(id));
    EXPECT_EQ(offer(untimed(5)), Offered::queued);
    EXPECT_EQ(refs.held(1), 0);
    EXPECT_EQ(queue.stats().events_dropped, 0u);
    EXPECT_EQ(take_all(), (Ids{4, 5}));
}

TEST_F(RingQueueEvents, a_drain_hands_out_what_was_set_aside_first) {
    limit_buffers(2);
    offer(event(1, Item::kSticky));
    for (std::uint64_t id = 2; id <= 4; ++id)
        offer(untimed(id));
    Ids ids;
    queue.drain([&](const Item& item) {
        ids.push_back(id_of(item));
        refs.release(item);
    });
    EXPECT_EQ(ids, (Ids{1, 3, 4}));
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueEvents, a_drain_that_keeps_sticky_events_keeps_them_in_order) {
    put(event(1, Item::kSticky));
    put(untimed(2));
    put(event(3));
    put(event(4, Item::kSticky));
    put(untimed(5));
    queue.drain_keeping_sticky();
    EXPECT_EQ(queue.stats().buffers_flushed, 2u);
    EXPECT_EQ(queue.stats().buffers_dropped, 0u);
    put(event(6, Item::kSticky));
    EXPECT_EQ(take_all(), (Ids{1, 4, 6}));
    expect_sums_agree(queue);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueEvents, an_event_carries_the_number_of_the_buffer_after_it) {
    put(untimed(1));
    put(event(2));
    put(untimed(3));
    take();
    EXPECT_EQ(take()->item.sequence, 1u);
    EXPECT_EQ(take()->item.sequence, 1u);
}

} // namespace

} // namespace tactus::test
