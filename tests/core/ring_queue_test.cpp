// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ring_queue_fixture.h"

#include <memory>

namespace tactus::test {

namespace {

class RingQueueBasics : public QueueTest {};

TEST_F(RingQueueBasics, keeps_the_order_of_buffers_events_and_queries) {
    put(event(1, Item::kSticky));
    put(untimed(2));
    put(query(3));
    put(list(4, 3, 30));
    put(event(5));
    EXPECT_EQ(take_all(), (Ids{1, 2, 3, 4, 5}));
    EXPECT_TRUE(queue.is_drained());
    EXPECT_FALSE(take());
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueBasics, grows_without_limit_when_no_limit_is_set) {
    for (std::uint64_t id = 1; id <= 1000; ++id)
        ASSERT_EQ(offer(untimed(id)), Offered::queued);
    for (std::uint64_t id = 1; id <= 1000; ++id)
        ASSERT_EQ(id_of(take()->item), id);
}

TEST_F(RingQueueBasics, tests_for_full_before_it_adds) {
    limit_buffers(3);
    EXPECT_EQ(offer(list(1, 2, 20)), Offered::queued);
    EXPECT_EQ(offer(list(2, 50, 500)), Offered::queued); // overshoots by one item
    EXPECT_EQ(queue.level().buffers, 52u);
    EXPECT_EQ(offer(untimed(3)), Offered::blocked);
}

TEST_F(RingQueueBasics, is_full_when_any_limit_is_reached) {
    put(buffer(1, 0, 10));
    queue.max_size().set({1, 0, 0});
    EXPECT_TRUE(queue.is_full());
    queue.max_size().set({2, 100, 0});
    EXPECT_TRUE(queue.is_full());
    queue.max_size().set({2, 101, 10 * kMs});
    EXPECT_TRUE(queue.is_full());
    queue.max_size().set({2, 101, 10 * kMs + 1});
    EXPECT_FALSE(queue.is_full());
}

TEST_F(RingQueueBasics, lets_events_and_queries_in_when_full) {
    limit_buffers(1);
    put(untimed(1));
    EXPECT_EQ(offer(untimed(2)), Offered::blocked);
    EXPECT_EQ(offer(event(3)), Offered::queued);
    EXPECT_EQ(offer(query(4)), Offered::queued);
}

TEST_F(RingQueueBasics, waits_when_full_and_not_leaky) {
    limit_buffers(2);
    put(untimed(1));
    put(untimed(2));
    EXPECT_EQ(queue.make_room(untimed(3)), RingQueue::Room::wait);
    take();
    EXPECT_EQ(offer(untimed(3)), Offered::queued);
    EXPECT_EQ(queue.stats().buffers_dropped, 0u);
}

TEST_F(RingQueueBasics, leaky_upstream_refuses_what_comes_in) {
    limit_buffers(2);
    queue.set_leak(Leak::upstream);
    for (std::uint64_t id = 1; id <= 4; ++id)
        offer(untimed(id));
    EXPECT_EQ(queue.stats().buffers_dropped, 2u);
    EXPECT_EQ(take_all(), (Ids{1, 2}));
    offer(untimed(5));
    const auto taken = take();
    EXPECT_EQ(taken->item.sequence, 4u);
    EXPECT_TRUE(taken->discont);
    ASSERT_EQ(queue.bursts().size(), 1u);
    expect_burst(queue.bursts()[0], 2, 2);
}

TEST_F(RingQueueBasics, leaky_downstream_gives_up_the_oldest) {
    limit_buffers(2);
    queue.set_leak(Leak::downstream);
    for (std::uint64_t id = 1; id <= 5; ++id)
        EXPECT_EQ(offer(untimed(id)), Offered::queued);
    const auto taken = take();
    EXPECT_EQ(id_of(taken->item), 4u);
    EXPECT_TRUE(taken->discont);
    ASSERT_EQ(queue.bursts().size(), 1u);
    expect_burst(queue.bursts()[0], 0, 3);
    EXPECT_FALSE(take()->discont);
    expect_sums_agree(queue);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueBasics, leaks_as_many_as_the_new_limits_ask_for_at_once) {
    queue.set_leak(Leak::downstream);
    for (std::uint64_t id = 1; id <= 10; ++id)
        put(untimed(id));
    limit_buffers(4);
    EXPECT_EQ(queue.level().buffers, 10u);
    queue.limits_changed();
    EXPECT_EQ(queue.level().buffers, 3u);
    EXPECT_EQ(queue.stats().buffers_dropped, 7u);
    expect_sums_agree(queue);
}

TEST_F(RingQueueBasics, a_change_of_settings_leaks_nothing_in_the_other_modes) {
    for (std::uint64_t id = 1; id <= 10; ++id)
        put(untimed(id));
    limit_buffers(4);
    queue.limits_changed();
    queue.set_leak(Leak::upstream);
    queue.limits_changed();
    EXPECT_EQ(queue.level().buffers, 10u);
}

TEST_F(RingQueueBasics, does_not_leak_while_media_plays_backwards) {
    limit_buffers(1);
    queue.set_leak(Leak::downstream);
    queue.set_reverse(true);
    EXPECT_EQ(queue.effective_leak(), Leak::none);
    put(untimed(1));
    EXPECT_EQ(offer(untimed(2)), Offered::blocked);
    queue.limits_changed();
    EXPECT_EQ(queue.level().buffers, 1u);
    queue.set_reverse(false);
    EXPECT_EQ(offer(untimed(2)), Offered::queued);
    EXPECT_EQ(queue.stats().buffers_dropped, 1u);
}

TEST_F(RingQueueBasics, reports_each_burst_before_the_buffer_after_it) {
    queue.set_leak(Leak::upstream);
    for (std::uint64_t id = 1; id <= 6; ++id) {
        limit_buffers(id % 2 == 0 ? 1 : 0); // every other one is refused
        offer(untimed(id));
    }
    EXPECT_EQ(take()->item.sequence, 0u);
    EXPECT_TRUE(queue.bursts().empty());
    EXPECT_TRUE(take()->discont);
    ASSERT_EQ(queue.bursts().size(), 1u);
    expect_burst(queue.bursts()[0], 1, 1);
    EXPECT_TRUE(take()->discont);
    ASSERT_EQ(queue.bursts().size(), 2u);
    queue.settle(UINT64_MAX);
    ASSERT_EQ(queue.bursts().size(), 3u);
    expect_burst(queue.bursts()[2], 5, 1);
    EXPECT_EQ(queue.stats().bursts, 3u);
    EXPECT_EQ(queue.stats().burst_buffers.max, 1u);
}

TEST_F(RingQueueBasics, a_refused_list_uses_up_the_numbers_of_all_its_buffers) {
    limit_buffers(1);
    queue.set_leak(Leak::upstream);
    put(untimed(1));
    offer(list(2, 9, 90));
    EXPECT_EQ(queue.stats().buffers_dropped, 9u);
    take();
    put(untimed(3));
    EXPECT_EQ(take()->item.sequence, 10u);
    expect_burst(queue.bursts().at(0), 1, 9);
}

TEST_F(RingQueueBasics, a_burst_knows_its_first_and_last_running_time) {
    limit_buffers(1);
    queue.set_leak(Leak::downstream);
    for (std::uint64_t i = 0; i < 4; ++i)
        offer(buffer(i + 1, 10 * static_cast<std::int64_t>(i),
                     10 * static_cast<std::int64_t>(i) + 10));
    take();
    EXPECT_EQ(queue.bursts().at(0).first_ns, 0);
    EXPECT_EQ(queue.bursts().at(0).last_ns, 20 * kMs);
}

TEST_F(RingQueueBasics, drains_in_order_and_counts_buffers_as_flushed) {
    put(untimed(1));
    put(event(2));
    put(list(3, 4, 40));
    put(query(4));
    Ids ids;
    queue.drain([&](const Item& item) {
        ids.push_back(id_of(item));
        refs.release(item);
    });
    EXPECT_EQ(ids, (Ids{1, 2, 3, 4}));
    EXPECT_EQ(queue.stats().buffers_flushed, 5u);
    EXPECT_EQ(queue.stats().buffers_dropped, 0u);
    EXPECT_TRUE(queue.is_drained());
    expect_sums_agree(queue);
}

TEST_F(RingQueueBasics, does_not_report_what_was_flushed_as_leaked) {
    put(untimed(1));
    flush();
    put(untimed(2));
    const auto taken = take();
    EXPECT_EQ(taken->item.sequence, 1u);
    EXPECT_FALSE(taken->discont);
    EXPECT_TRUE(queue.bursts().empty());
}

TEST_F(RingQueueBasics, counts_what_the_consumer_throws_away_as_flushed) {
    put(list(1, 3, 30));
    queue.discard_taken(take()->item);
    EXPECT_EQ(queue.stats().buffers_out, 0u);
    EXPECT_EQ(queue.stats().buffers_flushed, 3u);
    expect_sums_agree(queue);
}

TEST_F(RingQueueBasics, measures_how_long_buffers_waited) {
    refs.add(untimed(1));
    queue.push(untimed(1), 1000);
    test::take(queue, refs, 1040);
    refs.add(untimed(2));
    queue.push(untimed(2), 2000);
    test::take(queue, refs, 1990); // a clock that steps back is not a wait of centuries
    EXPECT_EQ(queue.stats().residence_ns.count, 2u);
    EXPECT_EQ(queue.stats().residence_ns.max, 40u);
}

TEST_F(RingQueueBasics, goes_on_after_giving_its_memory_back) {
    for (std::uint64_t id = 1; id <= 100; ++id)
        put(untimed(id));
    queue.reclaim(); // not drained: leaves all as it is
    EXPECT_EQ(queue.level().buffers, 100u);
    take_all();
    queue.reclaim();
    limit_buffers(150);
    for (std::uint64_t id = 101; id <= 300; ++id)
        offer(untimed(id));
    EXPECT_TRUE(queue.is_full());
    const auto taken = take();
    EXPECT_EQ(taken->item.sequence, 100u);
    EXPECT_EQ(id_of(taken->item), 101u);
    EXPECT_EQ(take_all().size(), 149u);
}

TEST(RingQueueLife, disposes_of_what_is_left_exactly_once) {
    References refs(10);
    {
        RingQueue queue(refs.disposer(), 2);
        queue.set_leak(Leak::downstream);
        queue.max_size().set({2, 0, 0});
        offer(queue, refs, event(1, Item::kSticky));
        for (std::uint64_t id = 2; id <= 6; ++id)
            offer(queue, refs, untimed(id));
        offer(queue, refs, query(7));
        EXPECT_EQ(refs.held(1), 1); // set aside, still owned
    }
    EXPECT_EQ(refs.unbalanced(), 0u);
}

} // namespace

} // namespace tactus::test
