// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/record/record_ring.h"

#include <gtest/gtest.h>

#include <thread>

namespace tactus {
namespace {

constexpr std::size_t kSmallest = 256;

EndRecord end_record(std::uint64_t stamp, std::int32_t flow) {
    return {RecordHead::of(RecordKind::end, stamp), flow, 0};
}

PushRecord push_record(std::uint64_t stamp) {
    PushRecord record{};
    record.head = RecordHead::of(RecordKind::push, stamp);
    record.id = ~stamp;
    record.size_bytes = static_cast<std::uint32_t>(stamp * 3);
    return record;
}

TEST(RecordHead, KeepsKindAndStamp) {
    const RecordHead head = RecordHead::of(RecordKind::segment, 0x0123456789abcdefU);
    EXPECT_EQ(head.kind(), RecordKind::segment);
    EXPECT_EQ(head.stamp(), 0x0123456789abcdefU);
}

TEST(RecordRing, ShowsNothingBeforeItIsPublished) {
    RecordRing ring(kSmallest);
    ASSERT_TRUE(ring.reserve(1));
    ring.write(0, end_record(7, -2));
    EXPECT_EQ(ring.published(), 0U);
    ring.publish(1);
    ASSERT_EQ(ring.published(), 1U);
    EXPECT_EQ(ring.read<EndRecord>(0).flow, -2);
}

TEST(RecordRing, KeepsALongRecordInOnePieceAtTheEndOfTheBlock) {
    RecordRing ring(kSmallest);
    for (std::uint64_t position = 0; position < 10 * kSmallest; position += 5) {
        ASSERT_TRUE(ring.reserve(5));
        ring.write(0, push_record(position));
        ring.write(4, end_record(position, 1));
        ring.publish(5);
        const auto push = ring.read<PushRecord>(position);
        EXPECT_EQ(push.id, ~position);
        EXPECT_EQ(push.size_bytes, position * 3);
        EXPECT_EQ(ring.read<EndRecord>(position + 4).head.stamp(), position);
        ring.release(position + 5);
    }
}

TEST(RecordRing, CountsWhatFindsNoRoom) {
    RecordRing ring(kSmallest);
    for (std::size_t i = 0; i < kSmallest; ++i) {
        ASSERT_TRUE(ring.reserve(1));
        ring.publish(1);
    }
    EXPECT_FALSE(ring.reserve(1));
    EXPECT_FALSE(ring.reserve(4));
    EXPECT_EQ(ring.records_lost(), 2U);
    ring.release(4);
    EXPECT_TRUE(ring.reserve(4));
    EXPECT_EQ(ring.records_lost(), 2U);
}

TEST(RecordRing, KeepsRoomForTheEndOfEachPushThatIsOpen) {
    RecordRing ring(kSmallest);
    while (ring.reserve(4 + 1)) {
        ring.publish(4);
        ring.opened(true);
        if (!ring.may_open())
            break;
    }
    while (ring.reserve(1))
        ring.publish(1);
    int ends = 0;
    while (ring.closed()) {
        ring.write(0, end_record(1, 0));
        ring.publish(1);
        ++ends;
    }
    EXPECT_GT(ends, 10);
    EXPECT_LE(ring.published(), kSmallest);
}

TEST(RecordRing, WritesNoEndForAPushThatWasNotRecorded) {
    RecordRing ring(kSmallest);
    ring.opened(true);
    ring.opened(false);
    ring.opened(true);
    EXPECT_TRUE(ring.closed());
    EXPECT_FALSE(ring.closed());
    EXPECT_TRUE(ring.closed());
    EXPECT_FALSE(ring.closed()) << "nothing is open any more";
}

TEST(RecordRing, RecordsNoEndsBelowTheGreatestDepth) {
    RecordRing ring(kSmallest);
    for (unsigned i = 0; i < RecordRing::kMaxDepth; ++i) {
        ASSERT_TRUE(ring.may_open());
        ring.opened(i % 2 == 0);
    }
    for (unsigned i = 0; i < 300; ++i) {
        EXPECT_FALSE(ring.may_open());
        ring.opened(false);
    }
    for (unsigned i = 0; i < 300; ++i)
        EXPECT_FALSE(ring.closed());
    for (unsigned i = RecordRing::kMaxDepth; i-- > 0;)
        EXPECT_EQ(ring.closed(), i % 2 == 0) << i;
    EXPECT_EQ(ring.records_lost(), 0U);
}

TEST(RecordRing, ForgetsWhatWasOpen) {
    RecordRing ring(kSmallest);
    ring.opened(true);
    ring.forget_open();
    EXPECT_FALSE(ring.closed());
}

TEST(RecordRing, HandsOverEachRecordOrCountsItBetweenTwoThreads) {
    constexpr std::uint64_t kRecords = 300000;
    RecordRing ring(kSmallest);
    std::atomic<bool> written{false};
    std::thread writer([&] {
        for (std::uint64_t i = 0; i < kRecords; ++i)
            if (ring.reserve(4)) {
                ring.write(0, push_record(i));
                ring.publish(4);
            } else if (i % 64 == 0) {
                std::this_thread::yield();
            }
        written.store(true, std::memory_order_release);
    });
    std::uint64_t read = 0;
    std::uint64_t last = 0;
    for (bool last_look = false; !last_look;) {
        last_look = written.load(std::memory_order_acquire);
        const std::uint64_t end = ring.published();
        while (ring.read_position() < end) {
            const auto record = ring.read<PushRecord>(ring.read_position());
            ASSERT_EQ(record.id, ~record.head.stamp());
            ASSERT_TRUE(read == 0 || record.head.stamp() > last);
            last = record.head.stamp();
            ++read;
            ring.release(ring.read_position() + 4);
        }
    }
    writer.join();
    EXPECT_GT(read, 0U);
    EXPECT_EQ(read + ring.records_lost(), kRecords);
}

} // namespace
} // namespace tactus
