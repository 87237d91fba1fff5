// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One queue, two threads on it and a third that changes its settings; every item is counted.
#include "ring_test_support.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <random>
#include <thread>

namespace tactus::test {

namespace {

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

/// Every 1024th item is a sticky event, every 64th one that leaks.
Item item_of(std::uint64_t id) {
    if (id % 64 == 5)
        return event(id);
    return id % 1024 == 0 ? event(id, Item::kSticky) : untimed(id);
}

bool is_sticky(std::uint64_t id) {
    return item_of(id).has(Item::kSticky);
}

/// What the consumer saw.
struct Seen {
    std::uint64_t buffers = 0;
    std::uint64_t sticky = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t reported = 0;
    std::uint64_t missing = 0;
};

class Stress : public ::testing::Test {
  protected:
    void start(std::uint64_t items) {
        refs = std::make_unique<References>(items);
        queue = std::make_unique<RingQueue>(refs->disposer(), 8);
    }

    void consume() {
        std::uint64_t last_id = 0;
        std::uint64_t next_sequence = 0;
        for (;;) {
            const bool last = sent_all.load();
            Taken taken;
            if (!queue->take(taken, 0)) {
                if (last)
                    break;
                queue->wait_for_data(now_ns, [this] { return sent_all.load(); });
                continue;
            }
            refs->release(taken.item);
            const std::uint64_t id = id_of(taken.item);
            seen.out_of_order += id <= last_id;
            last_id = id;
            seen.sticky += is_sticky(id);
            if (taken.item.is_buffers())
                account(taken, next_sequence);
        }
        queue->settle(UINT64_MAX);
        collect_bursts();
        seen.missing += queue->stats().buffers_in - next_sequence;
    }
    void account(const Taken& taken, std::uint64_t& next_sequence) {
        ++seen.buffers;
        seen.out_of_order += taken.item.sequence < next_sequence;
        seen.missing += taken.item.sequence - next_sequence;
        next_sequence = taken.item.sequence + 1;
        collect_bursts();
        seen.out_of_order += seen.reported != seen.missing; // all of this gap, and no more
    }
    void collect_bursts() {
        for (const DropBurst& burst : queue->bursts())
            seen.reported += burst.count;
        queue->bursts().clear();
    }

    void send(const Item& item) {
        while (offer(*queue, *refs, item) == Offered::blocked)
            queue->wait_for_room(now_ns, [] { return false; });
    }

    void change_limits() {
        std::minstd_rand random(7);
        while (!sent_all.load()) {
            queue->max_size().set_buffers(1 + random() % 200);
            queue->limits_changed();
            (void)queue->level();
            std::this_thread::yield();
        }
    }

    template <typename Change>
    void run(std::uint64_t items, Change&& change) {
        std::thread consumer([this] { consume(); });
        std::thread third(change);
        std::uint64_t sticky = 0;
        std::uint64_t buffers = 0;
        for (std::uint64_t id = 1; id <= items; ++id) {
            const Item item = item_of(id);
            sticky += is_sticky(id);
            buffers += item.is_buffers();
            send(item);
        }
        queue->arm_thresholds(false);
        sent_all.store(true);
        queue->interrupt();
        consumer.join();
        third.join();
        EXPECT_EQ(seen.sticky, sticky);
        EXPECT_EQ(seen.buffers + queue->stats().buffers_dropped, buffers);
        EXPECT_EQ(queue->stats().buffers_in, buffers);
        EXPECT_EQ(queue->stats().buffers_out, seen.buffers);
        EXPECT_EQ(seen.reported, queue->stats().buffers_dropped);
        EXPECT_EQ(seen.missing, seen.reported);
        EXPECT_EQ(seen.out_of_order, 0u);
        EXPECT_EQ(refs->unbalanced(), 0u);
    }

    std::unique_ptr<References> refs;
    std::unique_ptr<RingQueue> queue;
    std::atomic<bool> sent_all{false};
    Seen seen;
};

TEST_F(Stress, a_queue_leaky_downstream_accounts_for_every_item_while_its_limits_change) {
    const std::uint64_t items = stress_count(10'000'000);
    start(items);
    queue->set_leak(Leak::downstream);
    queue->max_size().set({100, 0, 0});
    run(items, [this] { change_limits(); });
}

TEST_F(Stress, a_queue_leaky_upstream_accounts_for_every_item_while_its_limits_change) {
    const std::uint64_t items = stress_count(3'000'000);
    start(items);
    queue->set_leak(Leak::upstream);
    queue->max_size().set({100, 0, 0});
    run(items, [this] { change_limits(); });
}

TEST_F(Stress, a_queue_that_does_not_leak_loses_nothing) {
    const std::uint64_t items = stress_count(5'000'000);
    start(items);
    queue->max_size().set({64, 0, 0});
    run(items, [] {});
    EXPECT_EQ(queue->stats().buffers_dropped, 0u);
}

TEST_F(Stress, a_queue_of_one_loses_no_wake_up) {
    const std::uint64_t items = stress_count(60'000);
    start(items);
    queue->max_size().set({1, 0, 0});
    run(items, [] {});
    EXPECT_EQ(queue->stats().buffers_dropped, 0u);
}

TEST_F(Stress, leak_modes_and_thresholds_may_change_while_items_pass) {
    const std::uint64_t items = stress_count(2'000'000);
    start(items);
    queue->max_size().set({50, 0, 0});
    run(items, [this] {
        std::minstd_rand random(3);
        while (!sent_all.load()) {
            queue->max_size().set_buffers(10 + random() % 90);
            queue->min_threshold().set_buffers(random() % 10);
            queue->set_leak(static_cast<Leak>(random() % 3));
            queue->limits_changed();
            std::this_thread::yield();
        }
        queue->min_threshold().set_buffers(0);
        queue->limits_changed();
    });
}

// A consumer that rests while the stream changes again and again: taking the events afterwards must
// not cost more the more there are, least of all under a mutex that the producer needs too.
TEST(StressEvents, half_a_million_events_set_aside_come_out_in_order) {
    const std::uint64_t events = stress_count(500'000);
    References refs(events);
    RingQueue queue(refs.disposer());
    for (std::uint64_t id = 1; id <= events; ++id) {
        offer(queue, refs, event(id, Item::kSticky));
        if (id % 128 == 0)
            queue.drain_keeping_sticky();
    }
    queue.drain_keeping_sticky();
    std::uint64_t wrong = 0;
    for (std::uint64_t id = 1; id <= events; ++id) {
        const auto taken = take(queue, refs);
        wrong += !taken || id_of(taken->item) != id;
    }
    EXPECT_EQ(wrong, 0u);
    EXPECT_TRUE(queue.is_drained());
    EXPECT_EQ(refs.unbalanced(), 0u);
}

} // namespace

} // namespace tactus::test
