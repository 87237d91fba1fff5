// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Run twice: with the code that ORC makes when it runs, and with ORC_CODE=backup, where the plain
// code runs that orcc has written.
#include "core/fft/sample_loops.h"

#include "../support/plain_sample_loops.h"
#include "core/fft/aligned_array.h"
#include "core/fft/flush_to_zero.h"

#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace tactus {

namespace {

// Longer than any vector and what is done before and behind it; and more than a piece of those
// that lie at odd addresses.
constexpr std::size_t kLongest = 70;
constexpr std::size_t kBeyondAPiece = 2500;
constexpr std::uint8_t kUntouched = 0xa5;

/// Bytes that begin so far behind the alignment of the widest vector.
class Memory {
  public:
    Memory(std::size_t bytes, std::size_t offset)
        : bytes_(bytes + 2 * kMargin), begin_(kMargin + offset) {
        std::fill(bytes_.begin(), bytes_.end(), kUntouched);
    }

    std::uint8_t* data() { return bytes_.data() + begin_; }
    template <typename T>
    T* as() {
        return reinterpret_cast<T*>(data());
    }
    bool operator==(const Memory& other) const { return bytes_ == other.bytes_; }

  private:
    static constexpr std::size_t kMargin = kVectorAlignment;

    AlignedArray<std::uint8_t> bytes_;
    std::size_t begin_;
};

using ToFloat = void (*)(const std::uint8_t*, std::size_t, float, float*);

struct Conversion {
    const char* name;
    std::size_t sample_bytes;
    ToFloat loop;
    ToFloat plain;
};

const Conversion kConversions[] = {
    {"SwappedS32", 4, f32_from_swapped_s32, plain::f32_from_swapped_s32},
    {"S24_32", 4, f32_from_s24_32, plain::f32_from_s24_32<false>},
    {"SwappedS24_32", 4, f32_from_swapped_s24_32, plain::f32_from_s24_32<true>},
    {"SwappedF32", 4, f32_from_swapped_f32, plain::f32_from_swapped_f32},
    {"SwappedF64", 8, f32_from_swapped_f64, plain::f32_from_swapped_f64},
};

class SampleLoops : public ::testing::TestWithParam<Conversion> {
  protected:
    static void SetUpTestSuite() { prepare_sample_loops(); }

    /// Any bytes, from an address so far behind an aligned one.
    static void expect_as_plain(const Conversion& conversion, std::size_t count,
                                std::size_t in_offset, std::size_t out_offset) {
        const FlushToZero guard;
        std::mt19937 random(static_cast<unsigned>(count));
        Memory in(count * conversion.sample_bytes, in_offset);
        for (std::size_t i = 0; i < count * conversion.sample_bytes; ++i)
            in.data()[i] = static_cast<std::uint8_t>(random());
        Memory found(count * sizeof(float), out_offset);
        Memory expected(count * sizeof(float), out_offset);
        constexpr float kFactor = 1.0F / 2147483648.0F;
        conversion.loop(in.data(), count, kFactor, found.as<float>());
        conversion.plain(in.data(), count, kFactor, expected.as<float>());
        for (std::size_t i = 0; i < count; ++i)
            ASSERT_EQ(std::memcmp(found.as<float>() + i, expected.as<float>() + i, sizeof(float)),
                      0)
                << "sample " << i << " of " << count << ", from " << in_offset << " to "
                << out_offset << ": " << found.as<float>()[i] << ", not "
                << expected.as<float>()[i];
        ASSERT_EQ(found, expected) << "beyond the end of " << count;
    }
};

TEST_P(SampleLoops, AreAsPlainOnesToTheLastBitAtAnyAddress) {
    for (std::size_t count = 0; count <= kLongest; ++count)
        for (std::size_t in_offset = 0; in_offset < 16; ++in_offset)
            for (std::size_t out_offset = 0; out_offset < 16; out_offset += sizeof(float))
                expect_as_plain(GetParam(), count, in_offset, out_offset);
}

TEST_P(SampleLoops, TakeMoreThanAPiece) {
    for (std::size_t in_offset = 0; in_offset < 9; ++in_offset)
        expect_as_plain(GetParam(), kBeyondAPiece, in_offset, 0);
}

INSTANTIATE_TEST_SUITE_P(All, SampleLoops, ::testing::ValuesIn(kConversions),
                         [](const auto& loop) { return std::string(loop.param.name); });

class S16Loops : public ::testing::Test {
  protected:
    static void SetUpTestSuite() { prepare_sample_loops(); }

    /// Some of them clipped, some between two numbers, some infinite.
    static std::vector<float> some_samples(std::size_t count, unsigned seed) {
        std::mt19937 random(seed);
        std::normal_distribution<float> normal(0, 0.5F);
        std::vector<float> samples(count);
        for (std::size_t i = 0; i < count; ++i) {
            samples[i] = normal(random);
            if (i % 5 == 1)
                samples[i] = (std::floor(samples[i] * 32768) + 0.5F) / 32768;
            if (i % 17 == 3)
                samples[i] = std::copysign(std::numeric_limits<float>::infinity(), samples[i]);
        }
        return samples;
    }
};

TEST_F(S16Loops, PartTwoChannels) {
    for (std::size_t frames = 0; frames <= kLongest; ++frames)
        for (std::size_t offset = 0; offset < 16; ++offset) {
            std::mt19937 random(static_cast<unsigned>(frames));
            Memory in(frames * 4, offset);
            for (std::size_t i = 0; i < frames * 4; ++i)
                in.data()[i] = static_cast<std::uint8_t>(random());
            // Left and right of different alignments.
            Memory left(frames * 4, 0), right(frames * 4, offset / 4 * 4);
            Memory plain_left(frames * 4, 0), plain_right(frames * 4, offset / 4 * 4);
            part_s16(in.data(), frames, 0x1p-15F, left.as<float>(), right.as<float>());
            plain::part_s16(in.data(), frames, 0x1p-15F, plain_left.as<float>(),
                            plain_right.as<float>());
            ASSERT_EQ(left, plain_left) << frames << ", " << offset;
            ASSERT_EQ(right, plain_right) << frames << ", " << offset;
        }
}

TEST_F(S16Loops, RoundAndClipAsPlainOnes) {
    for (std::size_t count = 0; count <= kLongest; ++count)
        for (std::size_t first = 0; first < 4; ++first)
            for (std::size_t offset = 0; offset < 16; offset += 2) {
                const auto in = some_samples(first + count, static_cast<unsigned>(count));
                Memory found(count * 2, offset);
                Memory expected(count * 2, offset);
                s16_from_f32(in.data() + first, count, found.as<std::int16_t>());
                plain::s16_from_f32(in.data() + first, count, expected.as<std::int16_t>());
                ASSERT_EQ(found, expected) << count << " from " << first << " to " << offset;
            }
}

TEST_F(S16Loops, JoinTwoChannels) {
    for (const std::size_t frames : {std::size_t{0}, std::size_t{1}, std::size_t{2}, std::size_t{7},
                                     std::size_t{33}, kLongest, kBeyondAPiece})
        for (std::size_t first = 0; first < 4; ++first)
            for (std::size_t offset = 0; offset < 16; offset += 2) {
                const auto left = some_samples(frames, 1);
                const auto right = some_samples(first + frames, 2);
                Memory found(frames * 4, offset);
                Memory expected(frames * 4, offset);
                join_s16(left.data(), right.data() + first, frames, found.as<std::int16_t>());
                plain::join_s16(left.data(), right.data() + first, frames,
                                expected.as<std::int16_t>());
                ASSERT_EQ(found, expected) << frames << " from " << first << " to " << offset;
            }
}

} // namespace

} // namespace tactus
