// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ring_queue_fixture.h"

#include <atomic>
#include <thread>

namespace tactus::test {

namespace {

constexpr unsigned kDelta = Item::kDelta;

class RingQueueGop : public QueueTest {
  protected:
    RingQueueGop() { queue.set_leak_unit(LeakUnit::gop); }

    /// One key frame and `deltas` frames that build upon it, from `id` on.
    void put_gop(std::uint64_t id, unsigned deltas) {
        put(untimed(id));
        for (unsigned i = 1; i <= deltas; ++i)
            put(untimed(id + i, kDelta));
    }
};

TEST_F(RingQueueGop, downstream_leaks_up_to_the_next_key_frame) {
    queue.set_leak(Leak::downstream);
    put_gop(1, 3);
    put_gop(5, 3);
    limit_buffers(8);
    EXPECT_EQ(offer(untimed(9, kDelta)), Offered::queued);
    EXPECT_EQ(take_all(), (Ids{5, 6, 7, 8, 9}));
    EXPECT_EQ(queue.stats().buffers_dropped, 4u);
    EXPECT_EQ(queue.bursts().size(), 1u);
}

TEST_F(RingQueueGop, downstream_refuses_what_builds_upon_a_leaked_picture) {
    queue.set_leak(Leak::downstream);
    put_gop(1, 3);
    limit_buffers(4);
    EXPECT_EQ(offer(untimed(5, kDelta)), Offered::refused);
    EXPECT_EQ(offer(untimed(6, kDelta)), Offered::refused);
    EXPECT_EQ(offer(untimed(7)), Offered::queued);
    const auto taken = take();
    EXPECT_EQ(id_of(taken->item), 7u);
    EXPECT_TRUE(taken->discont);
    expect_burst(queue.bursts().at(0), 0, 6);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueGop, upstream_refuses_up_to_the_next_key_frame) {
    queue.set_leak(Leak::upstream);
    put_gop(1, 3);
    limit_buffers(4);
    EXPECT_EQ(offer(untimed(5, kDelta)), Offered::refused);
    EXPECT_EQ(take_all(), (Ids{1, 2, 3, 4}));
    EXPECT_EQ(offer(untimed(6, kDelta)), Offered::refused); // there is room, but it is broken
    EXPECT_EQ(offer(untimed(7)), Offered::queued);
    EXPECT_EQ(offer(untimed(8, kDelta)), Offered::queued);
    EXPECT_TRUE(take()->discont);
    expect_burst(queue.bursts().at(0), 4, 2);
}

TEST_F(RingQueueGop, a_stream_of_key_frames_leaks_like_single_buffers) {
    queue.set_leak(Leak::downstream);
    limit_buffers(2);
    for (std::uint64_t id = 1; id <= 5; ++id)
        EXPECT_EQ(offer(untimed(id)), Offered::queued);
    EXPECT_EQ(take_all(), (Ids{4, 5}));
}

TEST_F(RingQueueGop, sticky_events_inside_a_leaked_group_survive) {
    queue.set_leak(Leak::downstream);
    put_gop(1, 1);
    put(event(3, Item::kSticky));
    put(untimed(4, kDelta));
    put(event(5));
    put(untimed(6));
    limit_buffers(4);
    EXPECT_EQ(offer(untimed(7)), Offered::queued);
    EXPECT_EQ(take_all(), (Ids{3, 6, 7}));
    EXPECT_EQ(queue.stats().events_dropped, 1u);
}

TEST_F(RingQueueGop, the_consumer_throws_away_the_rest_of_a_group_behind_a_query) {
    queue.set_leak(Leak::downstream);
    put_gop(1, 1);
    put(query(3));
    put(untimed(4, kDelta));
    put(untimed(5));
    limit_buffers(4);
    queue.limits_changed();
    EXPECT_EQ(take_all(), (Ids{3, 5}));
    EXPECT_EQ(queue.stats().buffers_dropped, 3u);
    expect_sums_agree(queue);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(RingQueueGop, a_change_of_settings_that_leaks_all_breaks_what_comes_after) {
    queue.set_leak(Leak::downstream);
    put_gop(1, 3);
    limit_buffers(1);
    queue.limits_changed();
    EXPECT_EQ(queue.level().buffers, 0u);
    offer(untimed(5, kDelta));
    offer(untimed(6));
    EXPECT_EQ(take_all(), (Ids{6}));
    expect_sums_agree(queue);
}

TEST_F(RingQueueGop, a_flush_forgets_what_was_broken) {
    queue.set_leak(Leak::upstream);
    limit_buffers(1);
    put(untimed(1));
    EXPECT_EQ(offer(untimed(2, kDelta)), Offered::refused);
    flush();
    EXPECT_EQ(offer(untimed(3, kDelta)), Offered::queued);
}

TEST_F(RingQueueGop, going_back_to_single_buffers_ends_the_refusal) {
    queue.set_leak(Leak::upstream);
    limit_buffers(1);
    put(untimed(1));
    EXPECT_EQ(offer(untimed(2, kDelta)), Offered::refused);
    take();
    queue.set_leak_unit(LeakUnit::buffer);
    EXPECT_EQ(offer(untimed(3, kDelta)), Offered::queued);
}

// Groups of eight through a queue of five, so that leaks meet the consumer inside of groups.
TEST(RingQueueGopRace, no_frame_comes_out_whose_predecessor_is_gone) {
    const std::uint64_t frames = stress_count(600'000);
    References refs(frames);
    RingQueue queue(refs.disposer(), 4);
    queue.set_leak(Leak::downstream);
    queue.set_leak_unit(LeakUnit::gop);
    queue.max_size().set({5, 0, 0});
    std::atomic<bool> done{false};
    std::uint64_t broken = 0;
    std::uint64_t got = 0;
    std::thread consumer([&] {
        std::uint64_t expected = 0;
        for (;;) {
            const bool last = done.load();
            const auto taken = take(queue, refs);
            if (!taken && last)
                return;
            if (!taken)
                continue;
            const Item& item = taken->item;
            broken += item.has(Item::kDelta) && item.sequence != expected;
            expected = item.sequence + 1;
            ++got;
        }
    });
    for (std::uint64_t i = 0; i < frames; ++i)
        offer(queue, refs, untimed(i + 1, i % 8 == 0 ? 0 : kDelta));
    done.store(true);
    consumer.join();
    EXPECT_EQ(broken, 0u);
    EXPECT_EQ(got + queue.stats().buffers_dropped, frames);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

} // namespace

} // namespace tactus::test
