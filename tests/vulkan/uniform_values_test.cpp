// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/rebuild_limit.h"
#include "core/vulkan/uniform_values.h"

#include <array>
#include <cstring>
#include <gtest/gtest.h>
#include <limits>

namespace tactus {

namespace {

BlockMember member(ScalarType type, std::uint32_t components, std::uint32_t offset) {
    BlockMember result;
    result.name = "level";
    result.type = type;
    result.components = components;
    result.offset_bytes = offset;
    return result;
}

TEST(UniformValues, AreWrittenAtTheirOffset) {
    std::array<std::byte, 16> block{};
    EXPECT_EQ(write_member(member(ScalarType::f32, 2, 8), std::array{1.5, -2.0}, block), "");
    std::array<float, 4> floats{};
    std::memcpy(floats.data(), block.data(), sizeof floats);
    EXPECT_EQ(floats, (std::array<float, 4>{0, 0, 1.5F, -2}));
    EXPECT_EQ(read_member(member(ScalarType::f32, 2, 8), block), (std::vector<double>{1.5, -2}));
}

TEST(UniformValues, MatricesAndArraysFollowTheirStrides) {
    BlockMember matrix = member(ScalarType::f32, 2, 0);
    matrix.columns = 2;
    matrix.matrix_stride_bytes = 16;
    matrix.array_length = 2;
    matrix.array_stride_bytes = 32;
    std::array<std::byte, 64> block{};
    const std::vector<double> values{1, 2, 3, 4, 5, 6, 7, 8};
    EXPECT_EQ(number_count(matrix), 8U);
    EXPECT_EQ(write_member(matrix, values, block), "");
    std::array<float, 16> floats{};
    std::memcpy(floats.data(), block.data(), sizeof floats);
    EXPECT_EQ(floats, (std::array<float, 16>{1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0, 7, 8, 0, 0}));
    EXPECT_EQ(read_member(matrix, block), values);
}

TEST(UniformValues, AWrongCountIsRefusedInWordsAndWritesNothing) {
    std::array<std::byte, 16> block{};
    EXPECT_EQ(write_member(member(ScalarType::f32, 3, 0), std::array{1.0}, block),
              "level takes 3 number(s), not 1");
    EXPECT_EQ(block, (std::array<std::byte, 16>{}));
}

TEST(UniformValues, IntegersAreRoundedAndClamped) {
    EXPECT_EQ(number_bits(ScalarType::u8, 300), 255U);
    EXPECT_EQ(number_bits(ScalarType::u8, -3), 0U);
    EXPECT_EQ(number_bits(ScalarType::i32, -1.6), 0xfffffffeU);
    EXPECT_EQ(number_bits(ScalarType::u32, 1e30), UINT32_MAX);
    EXPECT_EQ(number_bits(ScalarType::i64, -1e30),
              static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::min()));
    EXPECT_EQ(number_bits(ScalarType::u16, std::numeric_limits<double>::quiet_NaN()), 0U);
    EXPECT_EQ(number_of(ScalarType::i16, number_bits(ScalarType::i16, -7)), -7);
}

TEST(UniformValues, WhatATypeCannotHoldIsToldWithWhatIsTakenForIt) {
    std::array<std::byte, 4> block{};
    const BlockMember whole = member(ScalarType::u32, 1, 0);
    EXPECT_EQ(write_member(whole, std::array{-3.0}, block),
              "level=-3 is no value of its type; it is taken as 0");
    EXPECT_EQ(write_member(whole, std::array{1.9}, block),
              "level=1.9 is no value of its type; it is taken as 2");
    EXPECT_EQ(read_member(whole, block), std::vector<double>{2});
    EXPECT_EQ(write_member(whole, std::array{5e9}, block),
              "level=5000000000 is no value of its type; it is taken as 4294967295");
    EXPECT_EQ(write_member(whole, std::array{7.0}, block), "");
    for (const ScalarType type : {ScalarType::u32, ScalarType::f32})
        EXPECT_EQ(write_member(member(type, 1, 0),
                               std::array{std::numeric_limits<double>::quiet_NaN()}, block),
                  "level=nan is no number");
    EXPECT_EQ(read_member(whole, block), std::vector<double>{7}) << "nothing was written";
}

TEST(UniformValues, NothingIsWrittenBeyondTheBlock) {
    std::array<std::byte, 6> block{};
    EXPECT_EQ(write_member(member(ScalarType::f32, 1, 4), std::array{1.0}, block), "");
    EXPECT_EQ(block, (std::array<std::byte, 6>{}));
}

TEST(RebuildLimit, GrantsFiveInAnyMinute) {
    constexpr std::uint64_t kSecond = 1'000'000'000;
    RebuildLimit limit;
    for (std::uint64_t i = 0; i < 5; ++i)
        EXPECT_TRUE(limit.grant((100 + i) * kSecond));
    EXPECT_FALSE(limit.grant(159 * kSecond));
    EXPECT_TRUE(limit.grant(160 * kSecond)) << "the first is a minute ago";
    EXPECT_FALSE(limit.grant(160 * kSecond));
}

} // namespace

} // namespace tactus
