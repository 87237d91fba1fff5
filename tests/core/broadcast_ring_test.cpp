// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/broadcast_ring.h"
#include "ring_test_support.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace tactus::test {

namespace {

using Ids = std::vector<std::uint64_t>;
std::uint64_t now_ns() {
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
}

using MemberPtr = std::shared_ptr<BroadcastRing::Member>;

class BroadcastRingTest : public ::testing::Test {
  protected:
    MemberPtr join() {
        auto member = ring.make_member();
        ring.join(member);
        return member;
    }
    void put(const Item& item) {
        refs.add(item);
        ring.push(item, 0);
    }
    Taken take(const MemberPtr& member) {
        Taken taken;
        if (member->take(taken, ring, 0))
            refs.release(taken.item);
        return taken;
    }
    Ids take_all(const MemberPtr& member) {
        Ids ids;
        for (Taken t = take(member); t.item.kind != ItemKind::none; t = take(member))
            ids.push_back(id_of(t.item));
        return ids;
    }
    void expect_sums_agree(const MemberPtr& member) const {
        const RingQueueStats s = member->stats();
        EXPECT_EQ(s.buffers_in,
                  s.buffers_out + s.buffers_dropped + s.buffers_flushed + member->level().buffers);
    }

    References refs{2000};
    BroadcastRing ring{refs.disposer(), refs.retainer(), 2};
};

class WideBroadcastRingTest : public BroadcastRingTest {
  protected:
    WideBroadcastRingTest() { // slots to spare, so that the producer seldom asks for the heads
        const MemberPtr member = join();
        for (std::uint64_t id = 1000; id < 1100; ++id)
            put(untimed(id));
        ring.leave(member);
    }
};

TEST_F(BroadcastRingTest, disposes_of_what_nobody_wants) {
    put(untimed(1));
    put(event(2, Item::kSticky));
    EXPECT_EQ(refs.unbalanced(), 0u);
    EXPECT_FALSE(ring.is_full());
}

TEST_F(BroadcastRingTest, gives_each_member_all_in_order) {
    const MemberPtr members[] = {join(), join(), join()};
    Ids all;
    for (std::uint64_t id = 1; id <= 500; ++id) {
        put(id % 7 == 0 ? event(id) : untimed(id));
        all.push_back(id);
    }
    EXPECT_EQ(refs.held(1), 3);
    for (const MemberPtr& member : members) {
        EXPECT_EQ(take_all(member), all);
        expect_sums_agree(member);
    }
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(BroadcastRingTest, is_full_when_the_slowest_member_is) {
    ring.max_size().set({2, 0, 0});
    const MemberPtr quick = join();
    const MemberPtr slow = join();
    put(untimed(1));
    EXPECT_FALSE(ring.is_full());
    put(untimed(2));
    take_all(quick);
    EXPECT_TRUE(ring.is_full());
    take(slow);
    EXPECT_FALSE(ring.is_full());
}

TEST_F(BroadcastRingTest, forgets_a_slow_member_that_leaves) {
    ring.max_size().set({2, 0, 0});
    const MemberPtr slow = join();
    put(untimed(1));
    put(untimed(2));
    EXPECT_TRUE(ring.is_full());
    ring.leave(slow);
    EXPECT_FALSE(ring.is_full());
    EXPECT_EQ(refs.unbalanced(), 0u);
    EXPECT_EQ(slow->stats().buffers_flushed, 2u);
    expect_sums_agree(slow);
}

TEST_F(BroadcastRingTest, a_lossy_member_loses_its_oldest_and_learns_how_many) {
    ring.set_lossy(true);
    ring.max_size().set({2, 0, 0});
    const MemberPtr quick = join();
    const MemberPtr slow = join();
    for (std::uint64_t id = 1; id <= 5; ++id) {
        put(untimed(id));
        EXPECT_EQ(id_of(take(quick).item), id);
    }
    EXPECT_FALSE(ring.is_full());
    const Taken taken = take(slow);
    EXPECT_EQ(id_of(taken.item), 4u);
    EXPECT_TRUE(taken.discont);
    EXPECT_EQ(slow->buffers_lost(), 3u);
    EXPECT_EQ(quick->buffers_lost(), 0u);
    ASSERT_EQ(slow->bursts().size(), 1u);
    EXPECT_EQ(slow->bursts()[0].first_sequence, 0u);
    EXPECT_EQ(slow->bursts()[0].count, 3u);
    expect_sums_agree(slow);
}

TEST_F(BroadcastRingTest, a_lossy_member_still_gets_sticky_events_in_their_place) {
    ring.set_lossy(true);
    ring.max_size().set({2, 0, 0});
    const MemberPtr slow = join();
    put(untimed(1));
    put(event(2, Item::kSticky));
    for (std::uint64_t id = 3; id <= 6; ++id)
        put(untimed(id));
    EXPECT_EQ(take_all(slow), (Ids{2, 5, 6}));
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(BroadcastRingTest, who_joins_late_begins_with_the_next_item) {
    const MemberPtr early = join();
    for (std::uint64_t id = 1; id <= 10; ++id)
        put(untimed(id));
    const MemberPtr late = join();
    EXPECT_TRUE(late->is_drained());
    EXPECT_EQ(late->level().buffers, 0u);
    put(untimed(11));
    const Taken taken = take(late);
    EXPECT_EQ(id_of(taken.item), 11u);
    EXPECT_FALSE(taken.discont);
    EXPECT_EQ(late->stats().buffers_in, 1u);
    EXPECT_EQ(take_all(early).size(), 11u);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(BroadcastRingTest, who_leaves_gives_up_what_it_held) {
    const MemberPtr stays = join();
    const MemberPtr leaves = join();
    for (std::uint64_t id = 1; id <= 5; ++id)
        put(untimed(id));
    take(leaves);
    EXPECT_EQ(refs.held(5), 2);
    ring.leave(leaves);
    EXPECT_EQ(refs.held(5), 1);
    EXPECT_TRUE(leaves->is_drained());
    put(untimed(6));
    EXPECT_EQ(refs.held(6), 1);
    EXPECT_EQ(take_all(stays).size(), 6u);
    EXPECT_EQ(refs.unbalanced(), 0u);
}

TEST_F(BroadcastRingTest, may_be_joined_and_left_twice) {
    const MemberPtr member = join();
    ring.join(member);
    put(untimed(1));
    EXPECT_EQ(refs.held(1), 1);
    ring.leave(member);
    ring.leave(member);
    EXPECT_EQ(refs.unbalanced(), 0u);
    put(untimed(2));
    ring.join(member);
    put(untimed(3));
    const Taken taken = take(member);
    EXPECT_EQ(id_of(taken.item), 3u);
    EXPECT_FALSE(taken.discont);
    EXPECT_TRUE(member->bursts().empty());
}

TEST_F(BroadcastRingTest, a_drained_member_gets_what_comes_next) {
    const MemberPtr member = join();
    put(untimed(1));
    put(untimed(2));
    ring.drain(*member, [this](const Item& item) { refs.release(item); });
    put(untimed(3));
    const Taken taken = take(member);
    EXPECT_EQ(id_of(taken.item), 3u);
    EXPECT_FALSE(taken.discont);
    EXPECT_EQ(member->stats().buffers_flushed, 2u);
    expect_sums_agree(member);
}

TEST_F(WideBroadcastRingTest, a_limit_of_time_holds_after_a_flush_that_starts_time_anew) {
    ring.max_size().set({0, 0, 50 * kMs});
    const MemberPtr member = join();
    put(buffer(1, 5000, 5010));
    put(buffer(2, 5010, 5060));
    take(member);
    EXPECT_TRUE(ring.is_full());
    ring.drain(*member, [this](const Item& item) { refs.release(item); });
    ring.restart_time();
    put(buffer(3, 0, 10));
    put(buffer(4, 10, 200));
    EXPECT_EQ(member->level().time_ns, 200u * kMs);
    EXPECT_TRUE(ring.is_full());
}

TEST_F(BroadcastRingTest, counts_what_a_member_throws_away_as_flushed) {
    const MemberPtr member = join();
    put(list(1, 4, 40));
    member->discard_taken(take(member).item);
    EXPECT_EQ(member->stats().buffers_out, 0u);
    EXPECT_EQ(member->stats().buffers_flushed, 4u);
    expect_sums_agree(member);
}

TEST(BroadcastRingLife, disposes_of_what_its_members_have_not_taken) {
    References refs(10);
    {
        BroadcastRing ring(refs.disposer(), refs.retainer(), 2);
        const MemberPtr members[] = {ring.make_member(), ring.make_member()};
        for (const MemberPtr& member : members)
            ring.join(member);
        for (std::uint64_t id = 1; id <= 10; ++id) {
            refs.add(untimed(id));
            ring.push(untimed(id), 0);
        }
    }
    EXPECT_EQ(refs.unbalanced(), 0u);
}

// The producer may or may not be asleep yet; it has to go on either way.
TEST(BroadcastRingWait, a_producer_that_waits_for_a_member_goes_on_when_it_leaves) {
    for (std::uint64_t round = 0; round < stress_count(3'000); ++round) {
        References refs(1);
        BroadcastRing ring(refs.disposer(), refs.retainer());
        ring.max_size().set({1, 0, 0});
        const MemberPtr member = ring.make_member();
        ring.join(member);
        refs.add(untimed(1));
        ring.push(untimed(1), 0);
        std::thread producer([&] { ring.wait_for_room(now_ns, [] { return false; }); });
        ring.leave(member);
        producer.join();
        ASSERT_EQ(refs.unbalanced(), 0u);
    }
}

TEST(BroadcastRingWait, a_producer_that_waits_goes_on_when_the_ring_becomes_lossy) {
    for (std::uint64_t round = 0; round < stress_count(3'000); ++round) {
        References refs(1);
        BroadcastRing ring(refs.disposer(), refs.retainer());
        ring.max_size().set({1, 0, 0});
        ring.join(ring.make_member());
        refs.add(untimed(1));
        ring.push(untimed(1), 0);
        std::thread producer([&] { ring.wait_for_room(now_ns, [] { return false; }); });
        ring.set_lossy(true);
        ring.interrupt();
        producer.join();
    }
}

} // namespace

} // namespace tactus::test
