// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/eventcount.h"
#include "core/ring/ring_queue.h"
#include "core/ring/wait.h"
#include "ring_test_support.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace tactus::test {

namespace {

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

TEST(EventCount, asks_nobody_when_nobody_waits) {
    EventCount event;
    EXPECT_FALSE(event.notify());
    EXPECT_FALSE(event.notify_changed());
}

TEST(EventCount, does_not_park_when_the_condition_is_true) {
    EventCount event;
    EXPECT_EQ(event.wait_until([] { return true; }), 0u);
    EXPECT_FALSE(event.notify());
}

TEST(EventCount, looks_again_after_it_announced_itself) {
    EventCount event;
    int looks = 0;
    EXPECT_EQ(event.wait_until([&] { return ++looks == 2; }), 0u);
    EXPECT_EQ(looks, 2);
}

// Each waits for its turn, so a wake-up that is lost stops all of them for ever.
void ping_pong(int players, std::uint64_t rounds, bool one_event_for_all) {
    std::atomic<std::uint64_t> turn{0};
    std::vector<EventCount> events(static_cast<std::size_t>(players));
    const auto n = static_cast<std::uint64_t>(players);
    const auto event_of = [&](std::uint64_t player) -> EventCount& {
        return events[one_event_for_all ? 0 : player % n];
    };
    const auto play = [&](std::uint64_t me) {
        for (std::uint64_t t = me; t < rounds; t += n) {
            event_of(me).wait_until([&] { return turn.load() == t; });
            turn.fetch_add(1);
            event_of(me + 1).notify();
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t p = 0; p < n; ++p)
        threads.emplace_back(play, p);
    for (std::thread& t : threads)
        t.join();
    EXPECT_EQ(turn.load(), rounds);
}

TEST(EventCount, loses_no_wake_up_between_two_threads) {
    ping_pong(2, stress_count(600'000), false);
}

TEST(EventCount, loses_no_wake_up_between_three_threads) {
    ping_pong(3, stress_count(300'000), false);
}

TEST(EventCount, loses_no_wake_up_when_all_wait_in_one_place) {
    ping_pong(3, stress_count(300'000), true);
}

TEST(EventCount, tells_of_a_condition_that_was_stored_relaxed) {
    const std::uint64_t rounds = stress_count(300'000);
    EventCount event;
    EventCount answered;
    std::atomic<std::uint64_t> setting{0};
    std::atomic<std::uint64_t> seen{0};
    std::thread waiter([&] {
        for (std::uint64_t i = 1; i <= rounds; ++i) {
            event.wait_until([&] { return setting.load(std::memory_order_relaxed) >= i; });
            seen.fetch_add(1);
            answered.notify();
        }
    });
    for (std::uint64_t i = 1; i <= rounds; ++i) {
        setting.store(i, std::memory_order_relaxed);
        event.notify_changed();
        answered.wait_until([&] { return seen.load() >= i; });
    }
    waiter.join();
    EXPECT_EQ(seen.load(), rounds);
}

class WaitForTest : public ::testing::Test {
  protected:
    template <typename Now, typename Ready>
    void wait(std::uint64_t spin_ns, Now&& now, Ready&& ready) {
        wait_for(place, stats, spin_ns, now, ready);
    }

    EventCount place;
    WaitStats stats;
};

TEST_F(WaitForTest, asks_the_clock_only_when_it_has_to_wait) {
    int asked = 0;
    wait(
        0, [&] { return static_cast<std::uint64_t>(++asked); }, [] { return true; });
    EXPECT_EQ(asked, 0);
    EXPECT_EQ(stats.total_ns.load(), 0u);
}

TEST_F(WaitForTest, counts_the_time_that_it_waited) {
    std::uint64_t clock = 1000;
    int looks = 0;
    const auto ready = [&] {
        clock += 10;
        return ++looks >= 4;
    };
    wait(
        0, [&] { return clock; }, ready);
    EXPECT_GE(stats.total_ns.load(), 30u);
    EXPECT_EQ(stats.parks.load(), 0u);
}

TEST_F(WaitForTest, spins_for_as_long_as_it_may) {
    std::uint64_t clock = 0;
    wait(
        1'000'000, [&] { return clock += 100; }, [&] { return clock > 500'000; });
    EXPECT_EQ(stats.parks.load(), 0u);
    EXPECT_GT(stats.total_ns.load(), 400'000u);
}

TEST_F(WaitForTest, grows_patient_while_looking_pays_and_impatient_when_it_does_not) {
    const auto clock = [] { return std::uint64_t{0}; };
    const auto after_looks = [](int wanted) {
        return [wanted, looks = 0]() mutable { return ++looks > wanted; };
    };
    for (int i = 0; i < 20; ++i)
        wait(0, clock, after_looks(2));
    EXPECT_EQ(stats.patience.load(), kMostPatience);
    for (int i = 0; i < 20; ++i)
        wait(0, clock, after_looks(kLooksBeforeSleep + 1));
    EXPECT_EQ(stats.patience.load(), kLeastPatience);
    EXPECT_EQ(stats.parks.load(), 0u);
}

TEST(RingQueueWait, a_relaxed_change_of_thresholds_wakes_the_consumer) {
    const std::uint64_t rounds = stress_count(60'000);
    References refs(rounds);
    RingQueue queue(refs.disposer());
    std::atomic<std::uint64_t> taken{0};
    EventCount answered;
    std::thread consumer([&] {
        while (taken.load() < rounds) {
            queue.wait_for_data(now_ns, [] { return false; });
            if (take(queue, refs)) {
                taken.fetch_add(1);
                answered.notify();
            }
        }
    });
    for (std::uint64_t i = 0; i < rounds; ++i) {
        queue.min_threshold().set_buffers(5);
        offer(queue, refs, untimed(i + 1));
        queue.min_threshold().set_buffers(1);
        queue.limits_changed();
        answered.wait_until([&] { return taken.load() > i; });
    }
    consumer.join();
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST(RingQueueWait, a_relaxed_change_of_limits_wakes_the_producer) {
    const std::uint64_t rounds = stress_count(60'000);
    References refs(rounds);
    RingQueue queue(refs.disposer());
    std::atomic<std::uint64_t> pushed{0};
    EventCount told;
    std::thread producer([&] {
        for (std::uint64_t i = 0; i < rounds; ++i) {
            queue.wait_for_room(now_ns, [] { return false; });
            refs.add(untimed(i + 1));
            queue.push(untimed(i + 1), 0);
            pushed.fetch_add(1);
            told.notify();
        }
    });
    for (std::uint64_t i = 1; i <= rounds; ++i) {
        queue.max_size().set_buffers(i);
        queue.limits_changed();
        told.wait_until([&] { return pushed.load() >= i; });
    }
    producer.join();
    EXPECT_EQ(queue.level().buffers, rounds);
}

TEST(RingQueueWait, a_relaxed_stop_wakes_both_sides) {
    for (std::uint64_t round = 0; round < stress_count(3'000); ++round) {
        References refs(1);
        RingQueue full(refs.disposer());
        RingQueue empty(refs.disposer());
        full.max_size().set_buffers(1);
        offer(full, refs, untimed(1));
        std::atomic<bool> stop{false};
        const auto stopped = [&] { return stop.load(std::memory_order_relaxed); };
        std::thread producer([&] { full.wait_for_room(now_ns, stopped); });
        std::thread consumer([&] { empty.wait_for_data(now_ns, stopped); });
        stop.store(true, std::memory_order_relaxed);
        full.interrupt();
        empty.interrupt();
        producer.join();
        consumer.join();
    }
}

TEST(RingQueueWait, a_change_to_a_leaky_mode_wakes_the_producer) {
    References refs(2);
    RingQueue queue(refs.disposer());
    queue.max_size().set_buffers(1);
    offer(queue, refs, untimed(1));
    std::thread producer([&] { queue.wait_for_room(now_ns, [] { return false; }); });
    queue.set_leak(Leak::upstream);
    queue.limits_changed();
    producer.join();
    EXPECT_EQ(offer(queue, refs, untimed(2)), Offered::refused);
}

} // namespace

} // namespace tactus::test
