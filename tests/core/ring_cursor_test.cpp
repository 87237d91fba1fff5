// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/ring_cursor.h"
#include "ring_test_support.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tactus::test {

namespace {

using Sticky = RingCursor::Sticky;

bool drop(RingCursor& cursor, Sticky sticky, Item& dropped) {
    return cursor.drop_oldest_if(DropReason::leaked, sticky, dropped,
                                 [](const Slot&) { return true; });
}

TEST(RingCursor, has_nothing_to_take_or_to_drop_at_first) {
    RingWriter writer(4);
    RingCursor cursor(writer);
    Item item;
    std::uint64_t index = 0;
    EXPECT_TRUE(cursor.is_drained());
    EXPECT_FALSE(cursor.take(item, index));
    EXPECT_FALSE(drop(cursor, Sticky::take, item));
}

TEST(RingCursor, drops_only_what_is_wanted) {
    RingWriter writer(4);
    RingCursor cursor(writer);
    writer.push(event(1), 0, 0);
    writer.push(untimed(2), 0, 0);
    const auto events = [](const Slot& slot) { return slot.kind() == ItemKind::event; };
    Item item;
    EXPECT_TRUE(cursor.drop_oldest_if(DropReason::leaked, Sticky::take, item, events));
    EXPECT_EQ(id_of(item), 1u);
    EXPECT_FALSE(cursor.drop_oldest_if(DropReason::leaked, Sticky::take, item, events));
    EXPECT_EQ(cursor.head(), 1u);
}

TEST(RingCursor, tells_the_index_of_an_event_that_was_set_aside) {
    RingWriter writer(4);
    RingCursor cursor(writer);
    writer.push(untimed(1), 0, 0);
    writer.push(event(2, Item::kSticky), 0, 0);
    writer.push(untimed(3), 0, 0);
    Item item;
    EXPECT_TRUE(drop(cursor, Sticky::set_aside, item));
    EXPECT_TRUE(drop(cursor, Sticky::set_aside, item));
    EXPECT_EQ(item.kind, ItemKind::none);
    std::uint64_t index = 0;
    ASSERT_TRUE(cursor.take(item, index));
    EXPECT_EQ(id_of(item), 2u);
    EXPECT_EQ(index, 1u);
    ASSERT_TRUE(cursor.take(item, index));
    EXPECT_EQ(index, 2u);
}

TEST(RingCursor, knows_what_stands_last) {
    RingWriter writer(2);
    RingCursor cursor(writer);
    ItemKind last = ItemKind::query;
    EXPECT_EQ(cursor.level_for_consumer(last).buffers, 0u);
    EXPECT_EQ(last, ItemKind::none);
    for (std::uint64_t id = 1; id <= 9; ++id)
        writer.push(untimed(id), 0, 0);
    writer.push(event(10), 0, 0);
    EXPECT_EQ(cursor.level_for_consumer(last).buffers, 9u);
    EXPECT_EQ(last, ItemKind::event);
    Item item;
    std::uint64_t index = 0;
    EXPECT_TRUE(cursor.take(item, index)); // the look at the end has not moved the reader
    EXPECT_EQ(id_of(item), 1u);
}

// A sleeper must not be told that there is nothing while an event moves from the ring to the side.
TEST(RingCursor, never_looks_drained_while_an_event_is_being_set_aside) {
    const std::uint64_t rounds = stress_count(6'000);
    RingWriter writer(4);
    RingCursor cursor(writer);
    std::atomic<std::uint64_t> pushed{0};
    std::atomic<std::uint64_t> dropped{0};
    std::thread dropper([&] {
        Item item;
        for (std::uint64_t i = 0; i < rounds; ++i) {
            while (pushed.load() <= i)
                std::this_thread::yield();
            drop(cursor, Sticky::set_aside, item);
            dropped.store(i + 1);
        }
    });
    std::uint64_t looked_drained = 0;
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        writer.push(event(i + 1, Item::kSticky), cursor.head(), 0);
        pushed.store(i + 1);
        while (dropped.load() <= i) {
            for (int look = 0; look < 50; ++look)
                looked_drained += cursor.is_drained();
            std::this_thread::yield();
        }
        Item item;
        std::uint64_t index = 0;
        wrong += !cursor.take(item, index) || id_of(item) != i + 1;
    }
    dropper.join();
    EXPECT_EQ(wrong, 0u);
    EXPECT_EQ(looked_drained, 0u);
}

// Consumer and dropper race for every event: it comes out once, from one place or the other.
TEST(RingCursor, hands_out_a_sticky_event_once_whoever_is_quicker) {
    const std::uint64_t rounds = stress_count(300'000);
    RingWriter writer(8);
    RingCursor cursor(writer);
    std::atomic<bool> done{false};
    std::thread dropper([&] {
        Item item;
        while (!done.load())
            drop(cursor, Sticky::set_aside, item);
    });
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < rounds; ++i) {
        writer.push(event(i + 1, Item::kSticky), cursor.head(), 0);
        Item item;
        std::uint64_t index = 0;
        wrong += !cursor.take(item, index) || id_of(item) != i + 1 || index != i;
    }
    done.store(true);
    dropper.join();
    EXPECT_EQ(wrong, 0u);
    EXPECT_TRUE(cursor.is_drained());
}

} // namespace

} // namespace tactus::test
