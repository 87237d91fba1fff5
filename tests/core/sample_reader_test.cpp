// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/sample_reader.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

namespace tactus {

namespace {

/// What the bytes of one sample must become, written from the formats' definition.
double exact(SampleFormat format, std::int64_t number) {
    switch (format) {
    case SampleFormat::s8:
    case SampleFormat::u8:
        return static_cast<double>(number) / 128;
    case SampleFormat::s16:
        return static_cast<double>(number) / 32768;
    case SampleFormat::s24:
    case SampleFormat::s24_32:
        return static_cast<double>(number) / 8388608;
    case SampleFormat::s32:
        return static_cast<double>(number) / 2147483648.0;
    default:
        return static_cast<double>(number) / 1024;
    }
}

int bits_of(SampleFormat format) {
    switch (format) {
    case SampleFormat::s8:
    case SampleFormat::u8:
        return 8;
    case SampleFormat::s24:
    case SampleFormat::s24_32:
        return 24;
    case SampleFormat::s32:
        return 32;
    default:
        return 16;
    }
}

std::vector<std::uint8_t> bytes_of(const SampleLayout& layout, std::int64_t number) {
    std::uint64_t bits = static_cast<std::uint64_t>(number);
    if (layout.format == SampleFormat::u8)
        bits += 128;
    if (layout.format == SampleFormat::s24_32)
        bits = (bits & 0xffffff) | 0x5a000000; // the fourth byte means nothing
    if (layout.format == SampleFormat::f32)
        bits = std::bit_cast<std::uint32_t>(static_cast<float>(exact(layout.format, number)));
    if (layout.format == SampleFormat::f64)
        bits = std::bit_cast<std::uint64_t>(exact(layout.format, number));
    std::vector<std::uint8_t> bytes(layout.sample_bytes());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const std::size_t place = layout.big_endian ? bytes.size() - 1 - i : i;
        bytes[place] = static_cast<std::uint8_t>(bits >> (8 * i));
    }
    return bytes;
}

struct Audio {
    SampleLayout layout;
    std::size_t frames;
    std::vector<std::vector<double>> expected; ///< by channel
    std::vector<std::uint8_t> bytes;           ///< begins with one that is not audio
    std::vector<const std::uint8_t*> blocks;
};

Audio make_audio(const SampleLayout& layout, std::size_t frames) {
    Audio audio{layout, frames, {}, {0}, {}};
    audio.expected.assign(layout.channels, std::vector<double>(frames));
    const std::int64_t most = std::int64_t{1} << (bits_of(layout.format) - 1);
    std::mt19937 random(7);
    std::uniform_int_distribution<std::int64_t> any(-most, most - 1);
    const std::size_t step = layout.sample_bytes();
    audio.bytes.resize(1 + frames * layout.channels * step);
    for (std::size_t f = 0; f < frames; ++f) {
        for (std::size_t c = 0; c < layout.channels; ++c) {
            const std::int64_t number = f == 0 ? -most : f == 1 ? most - 1 : any(random);
            audio.expected[c][f] = exact(layout.format, number);
            const std::size_t at = layout.planar ? c * frames + f : f * layout.channels + c;
            const auto bytes = bytes_of(layout, number);
            std::copy(bytes.begin(), bytes.end(), audio.bytes.begin() + 1 + at * step);
        }
    }
    for (std::size_t c = 0; c < (layout.planar ? layout.channels : 1); ++c)
        audio.blocks.push_back(audio.bytes.data() + 1 + c * frames * step);
    return audio;
}

std::vector<std::vector<float>> read_all(SampleReader& reader, const Audio& audio,
                                         std::size_t first, std::size_t frames) {
    std::vector<std::vector<float>> out(audio.layout.channels, std::vector<float>(frames));
    std::vector<float*> ends;
    for (auto& channel : out)
        ends.push_back(channel.data());
    reader.read(audio.blocks.data(), first, frames, ends.data());
    return out;
}

using Case = std::tuple<SampleFormat, bool, bool, unsigned>;

class Layouts : public ::testing::TestWithParam<Case> {
  protected:
    const SampleLayout layout_{std::get<0>(GetParam()), std::get<1>(GetParam()),
                               std::get<2>(GetParam()), std::get<3>(GetParam())};
};

TEST_P(Layouts, EveryChannelIsReadToHalfAUnitInTheLastPlace) {
    const Audio audio = make_audio(layout_, 700);
    SampleReader reader(layout_, FullScale::power_of_two);
    const std::size_t first = 3;
    const auto out = read_all(reader, audio, first, audio.frames - first);
    for (std::size_t c = 0; c < layout_.channels; ++c) {
        for (std::size_t f = first; f < audio.frames; ++f)
            ASSERT_EQ(out[c][f - first], static_cast<float>(audio.expected[c][f]))
                << "channel " << c << " frame " << f;
    }
}

TEST_P(Layouts, TheMeanIsThatOfAllChannels) {
    const Audio audio = make_audio(layout_, 700);
    SampleReader reader(layout_, FullScale::power_of_two);
    std::vector<float> mean(audio.frames - 2);
    reader.read_mean(audio.blocks.data(), 2, mean.size(), mean.data());
    for (std::size_t f = 0; f < mean.size(); ++f) {
        double sum = 0;
        for (std::size_t c = 0; c < layout_.channels; ++c)
            sum += audio.expected[c][f + 2];
        const double scale =
            layout_.format == SampleFormat::f32 || layout_.format == SampleFormat::f64 ? 32 : 1;
        ASSERT_NEAR(mean[f], sum / layout_.channels, scale * 2e-6) << f;
    }
}

std::string name_of_case(const ::testing::TestParamInfo<Case>& info) {
    constexpr const char* kNames[] = {"S8", "U8", "S16", "S24", "S24_32", "S32", "F32", "F64"};
    const auto& [format, big, planar, channels] = info.param;
    return std::string(kNames[static_cast<std::size_t>(format)]) + (big ? "BE" : "LE") +
           (planar ? "Planar" : "Interleaved") + std::to_string(channels);
}

INSTANTIATE_TEST_SUITE_P(
    All, Layouts,
    ::testing::Combine(::testing::Values(SampleFormat::s8, SampleFormat::u8, SampleFormat::s16,
                                         SampleFormat::s24, SampleFormat::s24_32, SampleFormat::s32,
                                         SampleFormat::f32, SampleFormat::f64),
                       ::testing::Bool(), ::testing::Bool(), ::testing::Values(1U, 2U, 3U, 16U)),
    name_of_case);

TEST(SampleReader, TheLargestNumberIsFullScaleWhereThatIsAsked) {
    const SampleLayout layout{SampleFormat::s16, false, false, 1};
    const std::uint8_t bytes[] = {0xff, 0x7f, 0x01, 0x80};
    const std::uint8_t* const blocks[] = {bytes};
    float out[2] = {};
    SampleReader(layout, FullScale::largest).read_mean(blocks, 0, 2, out);
    EXPECT_FLOAT_EQ(out[0], 1);
    EXPECT_FLOAT_EQ(out[1], -1);
}

TEST(SampleReader, MoreChannelsThanFitIntoAPieceAreRead) {
    const Audio audio = make_audio({SampleFormat::s16, false, false, 3000}, 5);
    SampleReader reader(audio.layout, FullScale::power_of_two);
    const auto out = read_all(reader, audio, 0, audio.frames);
    for (std::size_t c = 0; c < audio.layout.channels; ++c) {
        for (std::size_t f = 0; f < audio.frames; ++f)
            ASSERT_EQ(out[c][f], static_cast<float>(audio.expected[c][f]));
    }
}

TEST(SampleReader, NaNStaysNaNAndInfinityStaysInfinity) {
    const double samples[] = {std::numeric_limits<double>::quiet_NaN(),
                              std::numeric_limits<double>::infinity(), 1e300};
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(samples);
    float out[3] = {};
    SampleReader reader({SampleFormat::f64, SampleLayout().big_endian, false, 1},
                        FullScale::power_of_two);
    reader.read_mean(&bytes, 0, 3, out);
    EXPECT_TRUE(std::isnan(out[0]));
    EXPECT_TRUE(std::isinf(out[1]));
    EXPECT_TRUE(std::isinf(out[2]));
}

} // namespace

} // namespace tactus
