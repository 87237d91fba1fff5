// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/record/record_hub.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

namespace tactus {
namespace {

constexpr std::size_t kRingUnits = 1 << 12;

void write_end(RecordRing& ring, std::uint64_t stamp, std::int32_t flow = 0) {
    if (!ring.reserve(1))
        return;
    ring.write(0, EndRecord{RecordHead::of(RecordKind::end, stamp), flow, 0});
    ring.publish(1);
}

/// A hub and what it has shown.
class RecordHubTest : public testing::Test {
  protected:
    RecordHubTest() { hub_.listen(true); }

    RecordHub::Round collect() {
        return hub_.collect([this] { ++looks_; },
                            [this](std::uint32_t thread, const RecordRing& ring,
                                   std::uint64_t position, RecordHead head) {
                                stamps_.push_back(head.stamp());
                                threads_.push_back(thread);
                                kinds_.push_back(head.kind());
                                (void)ring;
                                (void)position;
                            },
                            [this](std::uint32_t thread) { gone_.push_back(thread); });
    }

    RecordHub hub_{kRingUnits};
    int looks_ = 0;
    std::vector<std::uint64_t> stamps_;
    std::vector<std::uint32_t> threads_;
    std::vector<RecordKind> kinds_;
    std::vector<std::uint32_t> gone_;
};

TEST_F(RecordHubTest, ShowsARecordInTheRoundAfterTheOneThatFindsIt) {
    const auto source = hub_.add();
    write_end(*source.ring, 5);
    EXPECT_TRUE(collect().left_over);
    EXPECT_TRUE(stamps_.empty());
    EXPECT_FALSE(collect().left_over);
    EXPECT_EQ(stamps_, std::vector<std::uint64_t>{5});
    EXPECT_EQ(looks_, 2);
}

TEST_F(RecordHubTest, MergesRingsInTheOrderOfStamps) {
    const auto a = hub_.add();
    const auto b = hub_.add();
    const auto c = hub_.add();
    for (const std::uint64_t stamp : {1, 4, 5, 9})
        write_end(*a.ring, stamp);
    for (const std::uint64_t stamp : {2, 3, 8})
        write_end(*b.ring, stamp);
    for (const std::uint64_t stamp : {6, 7})
        write_end(*c.ring, stamp);
    collect();
    collect();
    EXPECT_EQ(stamps_, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9}));
}

TEST_F(RecordHubTest, TakesAnOlderRecordThatCameAfterTheFirstLookBeforeAYoungerOne) {
    const auto cause = hub_.add();
    const auto effect = hub_.add();
    write_end(*effect.ring, 20);
    collect();
    write_end(*cause.ring, 10);
    collect();
    EXPECT_EQ(stamps_, (std::vector<std::uint64_t>{10, 20}));
}

TEST_F(RecordHubTest, LeavesAYoungerRecordThatCameAfterTheFirstLookForTheNextRound) {
    const auto a = hub_.add();
    const auto b = hub_.add();
    write_end(*a.ring, 10);
    collect();
    write_end(*b.ring, 20);
    EXPECT_TRUE(collect().left_over);
    EXPECT_EQ(stamps_, std::vector<std::uint64_t>{10});
    collect();
    EXPECT_EQ(stamps_, (std::vector<std::uint64_t>{10, 20}));
}

TEST_F(RecordHubTest, StepsOverWhatBelongsToAPush) {
    const auto source = hub_.add();
    PushRecord push{};
    push.head = RecordHead::of(RecordKind::push, 3);
    push.more = 2;
    PushRecord item = push;
    item.head = RecordHead::of(RecordKind::item, 3);
    ASSERT_TRUE(source.ring->reserve(10));
    source.ring->write(0, push);
    source.ring->write(4, IdRecord{RecordHead::of(RecordKind::id, 3), 1, 2, 0});
    source.ring->write(6, item);
    source.ring->publish(10);
    write_end(*source.ring, 4);
    collect();
    collect();
    EXPECT_EQ(kinds_, (std::vector<RecordKind>{RecordKind::push, RecordKind::end}));
}

TEST_F(RecordHubTest, SaysThatAThreadHasGoneWhenItsLastRecordIsRead) {
    const auto source = hub_.add();
    write_end(*source.ring, 1);
    hub_.close(source.thread);
    collect();
    EXPECT_TRUE(gone_.empty());
    collect();
    EXPECT_EQ(gone_, std::vector<std::uint32_t>{source.thread});
    EXPECT_EQ(stamps_.size(), 1U);
}

TEST_F(RecordHubTest, KeepsTheCountOfWhatGoneThreadsLost) {
    const auto source = hub_.add();
    source.ring->count_lost();
    EXPECT_EQ(hub_.records_lost(), 1U);
    hub_.close(source.thread);
    collect();
    collect();
    EXPECT_EQ(gone_.size(), 1U);
    EXPECT_EQ(hub_.records_lost(), 1U);
}

TEST_F(RecordHubTest, FreesRingsAtOnceWhenNobodyCollects) {
    const auto before = hub_.add();
    hub_.close(before.thread);
    hub_.listen(false);
    const auto source = hub_.add();
    hub_.close(source.thread);
    hub_.listen(true);
    collect();
    collect();
    EXPECT_TRUE(gone_.empty());
}

TEST_F(RecordHubTest, GivesEachThreadANumberOfItsOwn) {
    std::set<std::uint32_t> numbers;
    for (int i = 0; i < 100; ++i) {
        const auto source = hub_.add();
        numbers.insert(source.thread);
        hub_.close(source.thread);
        collect();
    }
    EXPECT_EQ(numbers.size(), 100U);
}

/// A token goes round between threads; each passing is a record, stamped before it is published and
/// published before the token goes on. The reader must see the passings in order.
TEST_F(RecordHubTest, NeverShowsAnEffectBeforeItsCause) {
    constexpr int kThreads = 3;
    constexpr std::int32_t kPassings = 6000;
    std::atomic<std::int32_t> token{0};
    std::atomic<std::uint64_t> clock{1};
    std::vector<std::thread> threads;
    std::array<RecordHub::Source, kThreads> sources{};
    for (auto& source : sources)
        source = hub_.add();
    for (int self = 0; self < kThreads; ++self)
        threads.emplace_back([&, self] {
            for (;;) {
                const std::int32_t now = token.load(std::memory_order_acquire);
                if (now >= kPassings)
                    return;
                if (now % kThreads != self) {
                    std::this_thread::yield();
                    continue;
                }
                const std::uint64_t stamp = clock.fetch_add(1);
                RecordRing& ring = *sources[static_cast<std::size_t>(self)].ring;
                while (!ring.reserve(1))
                    std::this_thread::yield();
                ring.write(0, EndRecord{RecordHead::of(RecordKind::end, stamp), now, 0});
                ring.publish(1);
                token.store(now + 1, std::memory_order_release);
            }
        });
    std::int32_t next = 0;
    while (next < kPassings)
        hub_.collect(
            [] {},
            [&](std::uint32_t, const RecordRing& ring, std::uint64_t position, RecordHead) {
                EXPECT_EQ(ring.read<EndRecord>(position).flow, next);
                next = ring.read<EndRecord>(position).flow + 1;
            },
            [](std::uint32_t) {});
    for (std::thread& thread : threads)
        thread.join();
    EXPECT_EQ(next, kPassings);
}

} // namespace
} // namespace tactus
