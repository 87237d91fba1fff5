// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// One ring, one producer, three consumers, some of which come and go; every reference is counted.
#include "ring_test_support.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace tactus::test {

namespace {

using MemberPtr = std::shared_ptr<BroadcastRing::Member>;

std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

/// Every 16th item is a sticky event.
Item item_of(std::uint64_t id) {
    return id % 16 == 0 ? event(id, Item::kSticky) : untimed(id);
}

/// What one consumer saw between joining and leaving.
struct Seen {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t buffers = 0;
    std::uint64_t sticky = 0;
    std::uint64_t missing = 0;
    std::uint64_t reported = 0;
    std::uint64_t out_of_order = 0;
};

std::uint64_t events_up_to(std::uint64_t id) {
    return id / 16;
}

class BroadcastStress : public ::testing::Test {
  protected:
    void start(std::uint64_t count, bool lossy) {
        items = count;
        refs = std::make_unique<References>(items);
        ring = std::make_unique<BroadcastRing>(refs->disposer(), refs->retainer(), 8);
        ring->max_size().set({64, 0, 0});
        ring->set_lossy(lossy);
    }
    MemberPtr join() {
        auto member = ring->make_member();
        ring->join(member);
        return member;
    }

    /// Takes up to `at_most` items, or all that are sent.
    Seen consume(BroadcastRing::Member& member, std::uint64_t at_most) {
        Seen seen;
        std::uint64_t next_sequence = 0;
        for (std::uint64_t n = 0; n < at_most;) {
            const bool last = sent_all.load();
            Taken taken;
            if (member.take(taken, *ring, 0)) {
                account(seen, taken, next_sequence, member);
                ++n;
            } else if (last) {
                break;
            } else {
                ring->wait_for_data(member, now_ns, [this] { return sent_all.load(); });
            }
        }
        return seen;
    }
    void account(Seen& seen, const Taken& taken, std::uint64_t& next_sequence,
                 BroadcastRing::Member& member) {
        refs->release(taken.item);
        const std::uint64_t id = id_of(taken.item);
        seen.out_of_order += id <= seen.last;
        seen.last = id;
        if (seen.first == 0)
            seen.first = id;
        if (!taken.item.is_buffers()) {
            ++seen.sticky;
            return;
        }
        // It may have lost some before it took its first.
        if (seen.buffers++ == 0)
            next_sequence = member.bursts().empty() ? taken.item.sequence
                                                    : member.bursts().front().first_sequence;
        seen.missing += taken.item.sequence - next_sequence;
        next_sequence = taken.item.sequence + 1;
        for (const DropBurst& burst : member.bursts())
            seen.reported += burst.count;
        member.bursts().clear();
    }
    /// Sticky events are never lost, and what else is missing is reported.
    static void expect_complete(const Seen& seen, const BroadcastRing::Member& member) {
        EXPECT_EQ(seen.out_of_order, 0u);
        EXPECT_EQ(seen.missing, seen.reported);
        if (seen.first != 0) {
            EXPECT_EQ(seen.sticky, events_up_to(seen.last) - events_up_to(seen.first - 1));
        }
        EXPECT_EQ(seen.buffers, member.stats().buffers_out);
    }

    void send_all() {
        for (std::uint64_t id = 1; id <= items; ++id) {
            const Item item = item_of(id);
            if (item.is_buffers() && ring->is_full())
                ring->wait_for_room(now_ns, [] { return false; });
            refs->add(item);
            ring->push(item, 0);
            if (visits.load() < visits_wanted) // on a busy machine all may be sent before one comes
                std::this_thread::yield();
        }
        sent_all.store(true);
        ring->interrupt();
    }

    void run_with_three_members() {
        std::vector<MemberPtr> members{join(), join(), join()};
        std::vector<Seen> seen(members.size());
        std::vector<std::thread> threads;
        for (std::size_t i = 0; i < members.size(); ++i)
            threads.emplace_back([&, i] { seen[i] = consume(*members[i], UINT64_MAX); });
        send_all();
        for (std::thread& t : threads)
            t.join();
        for (std::size_t i = 0; i < members.size(); ++i) {
            expect_complete(seen[i], *members[i]);
            const RingQueueStats s = members[i]->stats();
            EXPECT_EQ(s.buffers_in, items - events_up_to(items));
            EXPECT_EQ(s.buffers_out + s.buffers_dropped, s.buffers_in);
            if (!ring->is_lossy()) {
                EXPECT_EQ(s.buffers_dropped, 0u);
            }
        }
        EXPECT_EQ(refs->unbalanced(), 0u);
    }

    /// Joins, takes some, leaves, again and again.
    void come_and_go(std::uint64_t stride) {
        while (!sent_all.load()) {
            const MemberPtr member = join();
            const Seen seen = consume(*member, stride);
            ring->leave(member);
            expect_complete(seen, *member);
            const RingQueueStats s = member->stats();
            EXPECT_EQ(s.buffers_in, s.buffers_out + s.buffers_dropped + s.buffers_flushed);
            visits.fetch_add(1);
        }
    }
    void run_with_visitors() {
        const MemberPtr stays = join();
        Seen seen;
        visits_wanted = 2;
        std::thread first([&] { seen = consume(*stays, UINT64_MAX); });
        std::thread second([this] { come_and_go(100); });
        std::thread third([this] { come_and_go(7); });
        send_all();
        first.join();
        second.join();
        third.join();
        expect_complete(seen, *stays);
        EXPECT_EQ(stays->stats().buffers_in, items - events_up_to(items));
        EXPECT_GE(visits.load(), visits_wanted);
        EXPECT_EQ(refs->unbalanced(), 0u);
    }

    std::uint64_t items = 0;
    std::unique_ptr<References> refs;
    std::unique_ptr<BroadcastRing> ring;
    std::atomic<bool> sent_all{false};
    std::atomic<std::uint64_t> visits{0};
    std::uint64_t visits_wanted = 0;
};

TEST_F(BroadcastStress, three_lossless_members_get_everything) {
    start(stress_count(2'000'000), false);
    run_with_three_members();
}

TEST_F(BroadcastStress, three_lossy_members_get_or_are_told_of_everything) {
    start(stress_count(2'000'000), true);
    run_with_three_members();
}

TEST_F(BroadcastStress, lossless_members_may_come_and_go) {
    start(stress_count(600'000), false);
    run_with_visitors();
}

TEST_F(BroadcastStress, lossy_members_may_come_and_go) {
    start(stress_count(600'000), true);
    run_with_visitors();
}

TEST_F(BroadcastStress, a_lossless_ring_of_one_loses_no_wake_up) {
    start(stress_count(200'000), false);
    ring->max_size().set({1, 0, 0});
    run_with_three_members();
}

} // namespace

} // namespace tactus::test
