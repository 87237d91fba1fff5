// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../support/noise.h"
#include "core/fft/spectrogram.h"
#include "core/fft/spectrogram_scale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus {

namespace {

constexpr unsigned kRate = 48'000;

SpectrogramConfig config_of(int width, int height) {
    SpectrogramConfig c;
    c.rate = kRate;
    c.width = width;
    c.height = height;
    c.format = PixelFormat::grey;
    c.fft_size = 1024;
    c.span_s = 1;
    c.show_scale = false;
    return c;
}

constexpr SpectrogramColors kGrey{ColorMap::grey, -100, 0};

std::vector<float> tone(double hz, std::size_t frames, double amplitude = 1) {
    std::vector<float> result(frames);
    for (std::size_t n = 0; n < frames; ++n)
        result[n] = static_cast<float>(
            amplitude * std::sin(2 * std::numbers::pi * hz * static_cast<double>(n) / kRate));
    return result;
}

std::vector<float> noise(std::size_t frames) {
    return gaussian_noise<float>(frames, 1, 0.1);
}

struct Picture {
    int width;
    int height;
    std::size_t bytes;
    std::vector<std::uint8_t> pixels;

    std::uint8_t at(int x, int y) const {
        return pixels[(static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                       static_cast<std::size_t>(x)) *
                      bytes];
    }
    std::vector<std::uint8_t> column(int x) const {
        std::vector<std::uint8_t> result;
        for (int y = 0; y < height; ++y)
            result.push_back(at(x, y));
        return result;
    }
    bool operator==(const Picture&) const = default;
};

Picture drawn(Spectrogram& spectrogram, const SpectrogramConfig& c, std::int64_t frame) {
    const std::size_t bytes = pixel_bytes(c.format);
    const auto row = static_cast<std::size_t>(c.width) * bytes;
    Picture picture{c.width, c.height, bytes, {}};
    picture.pixels.resize(row * static_cast<std::size_t>(c.height));
    spectrogram.draw(frame, picture.pixels.data(), row);
    return picture;
}

/// The picture at the end of this sound.
Picture picture_of(const SpectrogramConfig& c, const SpectrogramColors& colors,
                   const std::vector<float>& sound) {
    Spectrogram spectrogram(c, colors);
    spectrogram.push(sound.data(), sound.size());
    return drawn(spectrogram, c,
                 static_cast<std::int64_t>(sound.size() - spectrogram.lookahead_frames()));
}

int brightest(const std::vector<std::uint8_t>& column) {
    return static_cast<int>(std::max_element(column.begin(), column.end()) - column.begin());
}

class EachScale : public ::testing::TestWithParam<FrequencyScale> {};

TEST_P(EachScale, ShowsATonesFrequency) {
    SpectrogramConfig c = config_of(100, 300);
    c.frequency_scale = GetParam();
    const double least =
        to_scale(c.frequency_scale,
                 c.frequency_scale == FrequencyScale::log ? BandMap::lowest_log_hz(kRate) : 0);
    const double most = to_scale(c.frequency_scale, kRate / 2.0);
    for (const double hz : {1000.0, 3000.0, 10'000.0, 20'000.0}) {
        const Picture picture = picture_of(c, kGrey, tone(hz, kRate / 2, 0.1));
        const double place = (to_scale(c.frequency_scale, hz) - least) / (most - least);
        // As far as bands and bins are wide.
        EXPECT_NEAR(brightest(picture.column(80)), (1 - place) * 300, 3) << hz;
    }
}

INSTANTIATE_TEST_SUITE_P(Scales, EachScale,
                         ::testing::Values(FrequencyScale::linear, FrequencyScale::log,
                                           FrequencyScale::mel, FrequencyScale::bark),
                         [](const auto& param_info) {
                             return std::string(frequency_scale_name(param_info.param));
                         });

TEST(Spectrogram, ShowsASineAtFullScaleWithAboutZeroDecibels) {
    SpectrogramConfig c = config_of(100, 512);
    c.frequency_scale = FrequencyScale::linear;
    // Bands as wide as bins, which are not quite where those are: 1 dB less.
    const Picture loud = picture_of(c, {ColorMap::grey, -10, 10}, tone(kRate / 8.0, kRate / 2));
    const auto column = loud.column(80);
    EXPECT_NEAR(*std::max_element(column.begin(), column.end()), 122, 8);
}

TEST(Spectrogram, PutsAClickWhereItWas) {
    const SpectrogramConfig c = config_of(200, 100);
    std::vector<float> sound(kRate);
    sound[kRate / 4] = 1;
    Spectrogram spectrogram(c, kGrey);
    spectrogram.push(sound.data(), sound.size());
    const auto at = static_cast<std::int64_t>(kRate / 2);
    const Picture picture = drawn(spectrogram, c, at);
    // A quarter of a second before the right edge: 50 of 200 pixels.
    std::vector<std::uint8_t> row;
    for (int x = 0; x < c.width; ++x)
        row.push_back(picture.at(x, 50));
    EXPECT_NEAR(brightest(row), 199 - 50, 1);
    EXPECT_EQ(row[100], 0);
}

TEST(Spectrogram, MovesWithoutChangingWhatIsInView) {
    const SpectrogramConfig c = config_of(240, 100); // 200 frames for each column
    const auto sound = noise(kRate);
    Spectrogram spectrogram(c, kGrey);
    const std::size_t lookahead = spectrogram.lookahead_frames();
    spectrogram.push(sound.data(), 30'000 + lookahead);
    const Picture before = drawn(spectrogram, c, 30'000);
    spectrogram.push(sound.data() + 30'000 + lookahead, 5000);
    const Picture after = drawn(spectrogram, c, 35'000);
    for (int x = 25; x < 240; ++x)
        ASSERT_EQ(after.column(x - 25), before.column(x)) << x;
}

TEST(Spectrogram, DoesNotDependOnHowSoundIsCut) {
    const SpectrogramConfig c = config_of(100, 64);
    const auto sound = noise(20'000);
    Spectrogram spectrogram(c, kGrey);
    std::mt19937 random(3);
    for (std::size_t at = 0; at < sound.size();) {
        const std::size_t part = std::min<std::size_t>(random() % 300, sound.size() - at);
        spectrogram.push(sound.data() + at, part);
        at += part;
    }
    const Picture in_parts =
        drawn(spectrogram, c, static_cast<std::int64_t>(20'000 - spectrogram.lookahead_frames()));
    EXPECT_EQ(in_parts, picture_of(c, kGrey, sound));
}

TEST(Spectrogram, GoesOnBetweenTransformsThatAreFarApart) {
    SpectrogramConfig c = config_of(200, 64);
    c.hop_frames = 4800; // 20 columns
    const Picture picture = picture_of(c, kGrey, tone(1000, kRate, 0.5));
    for (int x = 4; x < 200; ++x) // the sound begins at 3
        ASSERT_GT(picture.at(x, brightest(picture.column(199))), 150) << x;
}

TEST(Spectrogram, ChangesTheColoursOfWhatIsInView) {
    SpectrogramConfig c = config_of(300, 200);
    c.format = PixelFormat::rgba;
    c.show_scale = true;
    const auto sound = noise(kRate / 2);
    constexpr SpectrogramColors kMagma{ColorMap::magma, -60, -10};
    Spectrogram spectrogram(c, kGrey);
    spectrogram.push(sound.data(), sound.size());
    spectrogram.set_colors(kMagma);
    const auto end = static_cast<std::int64_t>(sound.size() - spectrogram.lookahead_frames());
    EXPECT_EQ(drawn(spectrogram, c, end), picture_of(c, kMagma, sound));
}

TEST(Spectrogram, IsTheSamePictureInEachOrderOfBytes) {
    SpectrogramConfig c = config_of(300, 200);
    c.show_scale = true;
    const auto sound = noise(kRate / 2);
    c.format = PixelFormat::rgba;
    const Picture rgba = picture_of(c, {}, sound);
    c.format = PixelFormat::bgra;
    const Picture bgra = picture_of(c, {}, sound);
    c.format = PixelFormat::grey;
    const Picture grey = picture_of(c, {}, sound);
    for (std::size_t i = 0; i < rgba.pixels.size(); i += 4) {
        const Rgb color{rgba.pixels[i], rgba.pixels[i + 1], rgba.pixels[i + 2]};
        ASSERT_EQ(bgra.pixels[i], color.b);
        ASSERT_EQ(bgra.pixels[i + 1], color.g);
        ASSERT_EQ(bgra.pixels[i + 2], color.r);
        ASSERT_EQ(rgba.pixels[i + 3], 255);
        ASSERT_EQ(grey.pixels[i / 4], luma_of(color));
    }
}

TEST(Spectrogram, WritesNothingBesideThePicture) {
    const SpectrogramConfig c = config_of(50, 40);
    Spectrogram spectrogram(c, kGrey);
    constexpr std::size_t kStride = 64;
    std::vector<std::uint8_t> pixels(kStride * 40 + 8, 77);
    spectrogram.draw(0, pixels.data(), kStride);
    for (std::size_t i = 0; i < pixels.size(); ++i)
        ASSERT_EQ(pixels[i], i % kStride < 50 && i < kStride * 40 ? 0 : 77) << i;
}

TEST(Spectrogram, DrawsEverySizeThereMayBe) {
    for (const auto& [width, height] :
         {std::pair{16, 16}, {199, 99}, {200, 100}, {64, 2000}, {3000, 17}, {1920, 1080}})
        for (const bool scale : {false, true}) {
            SpectrogramConfig c = config_of(width, height);
            c.show_scale = scale;
            c.format = PixelFormat::bgra;
            const Picture picture = picture_of(c, {}, noise(4000));
            EXPECT_NE(picture.column(width / 2), std::vector<std::uint8_t>());
        }
}

TEST(Spectrogram, BeginsWithAnEmptyPictureWhenReset) {
    const SpectrogramConfig c = config_of(100, 64);
    const auto sound = noise(20'000);
    Spectrogram spectrogram(c, kGrey);
    spectrogram.push(sound.data(), sound.size());
    spectrogram.reset(0);
    const Picture empty = drawn(spectrogram, c, 0);
    EXPECT_EQ(*std::max_element(empty.pixels.begin(), empty.pixels.end()), 0);
    spectrogram.push(sound.data(), sound.size());
    EXPECT_EQ(
        drawn(spectrogram, c, static_cast<std::int64_t>(20'000 - spectrogram.lookahead_frames())),
        picture_of(c, kGrey, sound));
}

TEST(Spectrogram, SaysWhatIsWrong) {
    const auto complaint = [](const SpectrogramConfig& c, const SpectrogramColors& colors) {
        try {
            const Spectrogram spectrogram(c, colors);
            return std::string("nothing");
        } catch (const std::invalid_argument& error) {
            return std::string(error.what());
        }
    };
    EXPECT_EQ(complaint(config_of(15, 100), kGrey),
              "a picture of 15 by 100 pixels: each must be 16 to 16384");
    SpectrogramConfig c = config_of(100, 100);
    c.span_s = 0;
    EXPECT_EQ(complaint(c, kGrey), "a span of 0 s: it must be more than 0");
    EXPECT_EQ(complaint(config_of(100, 100), {ColorMap::grey, 0, -10}),
              "min-db 0, max-db -10: max-db must be larger, by 1 at least");
    EXPECT_EQ(complaint(config_of(100, 100), {ColorMap::grey, 199.9999999, 200}),
              "min-db 199.9999999, max-db 200: max-db must be larger, by 1 at least");
    c = config_of(100, 100);
    c.window.kind = WindowKind::custom;
    EXPECT_NE(complaint(c, kGrey), "nothing");
}

// --- scales

TEST(SpectrogramScale, MarksRoundFrequenciesThatKeepTheirDistance) {
    for (const FrequencyScale scale :
         {FrequencyScale::linear, FrequencyScale::log, FrequencyScale::mel, FrequencyScale::bark})
        for (const double rate : {8000.0, 44'100.0, 192'000.0})
            for (const double gap : {0.02, 0.05, 0.2}) {
                const double least =
                    scale == FrequencyScale::log ? BandMap::lowest_log_hz(rate) : 0;
                const auto marks = frequency_marks(scale, least, rate / 2, gap);
                ASSERT_GE(marks.size(), 2U);
                for (std::size_t i = 0; i < marks.size(); ++i) {
                    ASSERT_GE(marks[i].place, 0);
                    ASSERT_LE(marks[i].place, 1);
                    ASSERT_FALSE(marks[i].label.empty());
                    if (i > 0) {
                        ASSERT_GE(marks[i].place - marks[i - 1].place, gap * 0.999);
                    }
                }
            }
    const auto marks = frequency_marks(FrequencyScale::linear, 0, 24'000, 0.2);
    ASSERT_EQ(marks.size(), 5U);
    EXPECT_EQ(marks[0].label, "0");
    EXPECT_EQ(marks[1].label, "5k");
    EXPECT_EQ(marks[4].label, "20k");
}

TEST(SpectrogramScale, MarksDecibels) {
    const auto marks = decibel_marks(-90, 0, 0.1);
    ASSERT_EQ(marks.size(), 10U);
    EXPECT_EQ(marks.front().label, "-90");
    EXPECT_EQ(marks.back().label, "0");
    EXPECT_DOUBLE_EQ(marks[1].place, 1.0 / 9);
}

TEST(SpectrogramScale, WritesTimesAsPeopleDo) {
    EXPECT_EQ(time_label(5, 1), "5 s");
    EXPECT_EQ(time_label(0.5, 0.1), "0.5 s");
    EXPECT_EQ(time_label(65, 5), "1:05");
    EXPECT_EQ(time_label(60.25, 0.05), "1:00.25");
    EXPECT_EQ(time_label(59.9999, 1), "1:00");
    EXPECT_DOUBLE_EQ(time_step_s(0.03), 0.05);
    EXPECT_DOUBLE_EQ(time_step_s(1), 1);
    EXPECT_DOUBLE_EQ(time_step_s(6), 10);
    EXPECT_DOUBLE_EQ(time_step_s(11), 15);
    EXPECT_DOUBLE_EQ(time_step_s(31), 60);
    EXPECT_DOUBLE_EQ(time_step_s(4000), 7200);
}

// --- colours and letters

TEST(ColorMap, GoesFromDarkToLight) {
    EXPECT_EQ(color_table(ColorMap::viridis).front(), (Rgb{0x44, 0x01, 0x54}));
    EXPECT_EQ(color_table(ColorMap::viridis).back(), (Rgb{0xfd, 0xe7, 0x25}));
    EXPECT_EQ(color_table(ColorMap::magma).back(), (Rgb{0xfc, 0xfd, 0xbf}));
    for (const ColorMap map : {ColorMap::viridis, ColorMap::magma, ColorMap::grey}) {
        const auto table = color_table(map);
        for (std::size_t i = 1; i < table.size(); ++i)
            ASSERT_GE(luma_of(table[i]) + 1, luma_of(table[i - 1])) << i;
    }
    EXPECT_EQ(color_table(ColorMap::grey)[100], (Rgb{100, 100, 100}));
}

TEST(Canvas, DrawsNothingOutside) {
    std::vector<std::uint8_t> pixels(30 * 20);
    const Canvas canvas(pixels.data(), 30, 20, 10, PixelFormat::grey);
    canvas.fill(-5, -5, 100, 7, {255, 255, 255});
    canvas.text(15, 5, "88", 3, {255, 255, 255});
    for (std::size_t i = 0; i < pixels.size(); ++i)
        if (i % 30 >= 20 || i / 30 >= 10) {
            ASSERT_EQ(pixels[i], 0) << i;
        }
    EXPECT_EQ(pixels[0], 255);
    EXPECT_EQ(pixels[2 * 30], 0);
}

TEST(Canvas, HasAllLettersThatScalesNeed) {
    for (const char letter : std::string("0123456789.:-+kHzdBms")) {
        std::vector<std::uint8_t> pixels(5 * 7);
        Canvas(pixels.data(), 5, 5, 7, PixelFormat::grey)
            .text(0, 0, std::string(1, letter), 1, {255, 255, 255});
        EXPECT_GT(std::count(pixels.begin(), pixels.end(), 255), 2) << letter;
    }
    EXPECT_EQ(Canvas::text_width("10k", 2), 34);
    EXPECT_EQ(Canvas::text_height(2), 14);
}

} // namespace

} // namespace tactus
