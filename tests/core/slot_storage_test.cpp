// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/ring_writer.h"
#include "core/ring/slot_storage.h"
#include "ring_test_support.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tactus::test {

namespace {

TEST(SlotStorage, rounds_its_capacity_up_to_a_power_of_two) {
    EXPECT_EQ(SlotStorage(0).capacity_slots(), 2u);
    EXPECT_EQ(SlotStorage(3).capacity_slots(), 4u);
    EXPECT_EQ(SlotStorage(256).capacity_slots(), 256u);
}

TEST(SlotStorage, has_room_for_as_many_as_it_has_slots) {
    const SlotStorage storage(4);
    EXPECT_TRUE(storage.has_room(0, 3));
    EXPECT_FALSE(storage.has_room(0, 4));
    EXPECT_TRUE(storage.has_room(1, 4));
    EXPECT_TRUE(storage.has_room(1'000'000, 1'000'003));
}

TEST(SlotStorage, has_all_its_slots_free_after_growing) {
    SlotStorage storage(4);
    storage.grow(4);
    EXPECT_EQ(storage.capacity_slots(), 8u);
    EXPECT_TRUE(storage.has_room(0, 11));
    EXPECT_FALSE(storage.has_room(0, 12));
}

TEST(Slot, gives_back_what_was_written) {
    Slot slot;
    Item item = buffer(7, 5, 6, Item::kList | Item::kDelta);
    item.buffers = UINT32_MAX;
    slot.write(item, 99, 1234);
    const Item read = slot.read();
    EXPECT_EQ(id_of(read), 7u);
    EXPECT_EQ(read.kind, ItemKind::buffers);
    EXPECT_EQ(read.flags, item.flags);
    EXPECT_EQ(read.buffers, UINT32_MAX);
    EXPECT_EQ(read.sequence, 99u);
    EXPECT_EQ(read.enqueued_ns, 1234u);
    EXPECT_EQ(read.start_ns, 5 * kMs);
    EXPECT_EQ(slot.kind(), ItemKind::buffers);
    EXPECT_TRUE(slot.is_delta());
}

TEST(RingWriter, keeps_all_readable_in_order_while_it_doubles_again_and_again) {
    constexpr std::uint64_t kItems = 1000;
    RingWriter writer(2);
    for (std::uint64_t i = 0; i < kItems; ++i)
        writer.push(untimed(i + 1), 0, i);
    SlotStorage::Reader reader(writer.storage());
    for (std::uint64_t i = 0; i < kItems; ++i) {
        const Item item = reader.at(i).read();
        ASSERT_EQ(id_of(item), i + 1);
        ASSERT_EQ(item.sequence, i);
        ASSERT_EQ(item.enqueued_ns, i);
    }
    EXPECT_GE(writer.storage().capacity_slots(), kItems / 2);
}

TEST(RingWriter, does_not_grow_while_the_reader_keeps_up) {
    RingWriter writer(4);
    for (std::uint64_t i = 0; i < 1000; ++i)
        writer.push(untimed(i + 1), i < 3 ? 0 : i - 3, 0);
    EXPECT_EQ(writer.storage().capacity_slots(), 4u);
}

TEST(RingWriter, numbers_buffers_and_lists_but_not_events) {
    RingWriter writer(8);
    writer.push(untimed(1), 0, 0);
    writer.push(event(2), 0, 0);
    writer.push(list(3, 5, 10), 0, 0);
    EXPECT_EQ(writer.skip(2), 6u);
    writer.push(untimed(4), 0, 0);
    SlotStorage::Reader reader(writer.storage());
    EXPECT_EQ(reader.at(0).read().sequence, 0u);
    EXPECT_EQ(reader.at(1).read().sequence, 1u);
    EXPECT_EQ(reader.at(2).read().sequence, 1u);
    EXPECT_EQ(reader.at(3).read().sequence, 8u);
    EXPECT_EQ(writer.next_sequence(), 9u);
    EXPECT_EQ(writer.tail(), 4u);
}

TEST(RingWriter, reclaims_the_blocks_that_were_passed) {
    RingWriter writer(2);
    for (std::uint64_t i = 0; i < 100; ++i)
        writer.push(untimed(i + 1), 0, 0);
    const std::size_t grown = writer.storage().capacity_slots();
    writer.reclaim();
    EXPECT_EQ(writer.storage().capacity_slots(), grown);
    SlotStorage::Reader reader(writer.storage());
    writer.push(untimed(101), 100, 0);
    EXPECT_EQ(id_of(reader.at(100).read()), 101u);
}

TEST(RingWriter, may_grow_under_a_reader_on_another_thread) {
    constexpr std::uint64_t kItems = 50'000;
    RingWriter writer(2);
    std::uint64_t wrong = 0;
    std::thread consumer([&] {
        SlotStorage::Reader reader(writer.storage());
        for (std::uint64_t i = 0; i < kItems; ++i) {
            while (writer.tail() <= i)
                std::this_thread::yield();
            wrong += id_of(reader.at(i).read()) != i + 1;
        }
    });
    for (std::uint64_t i = 0; i < kItems; ++i)
        writer.push(untimed(i + 1), 0, 0);
    consumer.join();
    EXPECT_EQ(wrong, 0u);
}

} // namespace

} // namespace tactus::test
