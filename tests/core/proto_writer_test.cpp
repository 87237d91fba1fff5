// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/proto_writer.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace tactus {

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes written(const ProtoWriter& writer) {
    return {writer.written().begin(), writer.written().end()};
}

class ProtoWriterTest : public testing::Test {
  protected:
    std::array<std::uint8_t, 40000> memory_{};
    ProtoWriter writer_{memory_};
};

// Expected bytes are worked out by hand from the wire format.
TEST_F(ProtoWriterTest, WritesVarintsLittleEndianInGroupsOfSeven) {
    writer_.varint(1, 0);
    writer_.varint(1, 127);
    writer_.varint(1, 128);
    writer_.varint(1, 150);
    writer_.varint(16, 1);
    EXPECT_EQ(written(writer_),
              (Bytes{0x08, 0, 0x08, 0x7f, 0x08, 0x80, 0x01, 0x08, 0x96, 0x01, 0x80, 0x01, 0x01}));
}

TEST_F(ProtoWriterTest, WritesTheLargestVarintAndNegativeNumbersInTenBytes) {
    const Bytes ones{0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    writer_.varint(1, UINT64_MAX);
    EXPECT_EQ(written(writer_), ones);
    writer_.rewind(0);
    writer_.int64(1, -1);
    EXPECT_EQ(written(writer_), ones);
}

TEST_F(ProtoWriterTest, WritesFixedNumbersAndReals) {
    writer_.fixed64(1, 0x0102030405060708);
    writer_.fixed32(2, 0x01020304);
    writer_.real(3, 1.0);
    EXPECT_EQ(written(writer_), (Bytes{0x09, 8, 7,    6, 5, 4, 3, 2, 1, 0x15, 4,   3,
                                       2,    1, 0x19, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
}

TEST_F(ProtoWriterTest, WritesStringsAndEmptyOnes) {
    writer_.text(2, "abc");
    writer_.text(2, {});
    EXPECT_EQ(written(writer_), (Bytes{0x12, 3, 'a', 'b', 'c', 0x12, 0}));
}

TEST_F(ProtoWriterTest, PatchesTheLengthOfNestedMessages) {
    const auto outer = writer_.open(1);
    writer_.varint(1, 5);
    const auto inner = writer_.open(2);
    writer_.text(1, "x");
    writer_.close(inner);
    writer_.close(outer);
    const auto empty = writer_.open(3);
    writer_.close(empty);
    EXPECT_EQ(written(writer_), (Bytes{0x0a, 7, 0x08, 5, 0x12, 3, 0x0a, 1, 'x', 0x1a, 0}));
}

TEST_F(ProtoWriterTest, WidensTheLengthOfLongNestedMessages) {
    for (const std::size_t length : {125u, 126u, 127u, 128u, 16380u, 16390u}) {
        writer_.rewind(0);
        const std::string text(length, 'y');
        const auto outer = writer_.open(1);
        const auto inner = writer_.open(1);
        writer_.text(1, text);
        writer_.close(inner);
        writer_.varint(2, 1);
        writer_.close(outer);
        ASSERT_TRUE(writer_.ok());

        // The same from the inside out, with lengths that are known before.
        std::array<std::uint8_t, 20000> other{};
        std::array<std::uint8_t, 20000> another{};
        ProtoWriter innermost(other);
        innermost.text(1, text);
        ProtoWriter middle(another);
        middle.bytes(1, innermost.written());
        middle.varint(2, 1);
        innermost.rewind(0);
        innermost.bytes(1, middle.written());
        EXPECT_EQ(written(writer_), written(innermost)) << length;
    }
}

TEST_F(ProtoWriterTest, FailsOnceAndForAllWhenTheMemoryEnds) {
    ProtoWriter small(std::span<std::uint8_t>(memory_).first(10));
    small.varint(1, 1);
    EXPECT_TRUE(small.ok());
    const std::size_t whole = small.size();
    small.text(1, "longer than the rest");
    EXPECT_FALSE(small.ok());
    small.varint(1, 1);
    EXPECT_FALSE(small.ok());
    small.rewind(whole);
    EXPECT_TRUE(small.ok());
    EXPECT_EQ(small.room(), 8u);
    small.text(1, "fits!!");
    EXPECT_TRUE(small.ok());
    EXPECT_EQ(small.room(), 0u);
}

TEST_F(ProtoWriterTest, NeverWritesBeyondItsMemory) {
    for (std::size_t room = 0; room < 300; ++room) {
        memory_.fill(0xee);
        ProtoWriter small(std::span<std::uint8_t>(memory_).first(room));
        const auto message = small.open(100);
        small.varint(1, UINT64_MAX);
        small.fixed64(2, 1);
        small.fixed32(2, 1);
        small.text(3, std::string(200, 'z'));
        small.close(message);
        EXPECT_EQ(small.ok(), room >= 232) << room;
        for (std::size_t i = room; i < 400; ++i)
            ASSERT_EQ(memory_[i], 0xee) << room;
    }
}

} // namespace

} // namespace tactus
