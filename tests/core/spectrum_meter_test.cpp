// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../support/noise.h"
#include "core/fft/spectrum_meter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus {

namespace {

constexpr double kPi = std::numbers::pi;

SpectrumMeterConfig config_of(std::size_t bands, std::uint64_t interval_ns,
                              unsigned rate_hz = 48000, unsigned channels = 1) {
    SpectrumMeterConfig config;
    config.bands = bands;
    config.interval_ns = interval_ns;
    config.rate_hz = rate_hz;
    config.layout.channels = channels;
    return config;
}

struct Interval {
    std::uint64_t frames;
    std::vector<std::vector<float>> magnitudes;
    std::vector<std::vector<float>> phases;
};

/// Pushes interleaved audio in pieces of the sizes that `piece` returns.
template <typename Piece>
std::vector<Interval> measure(SpectrumMeter& meter, const std::vector<float>& audio,
                              unsigned channels, const Piece& piece) {
    std::vector<Interval> all;
    const std::size_t frames = audio.size() / channels;
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(audio.data());
    for (std::size_t at = 0; at < frames;) {
        const std::size_t end = std::min(frames, at + piece());
        while (at < end) {
            at += meter.push(&bytes, at, end - at);
            if (!meter.is_full())
                continue;
            meter.finish();
            Interval interval{meter.done_frames(), {}, {}};
            for (std::size_t s = 0; s < meter.spectra(); ++s) {
                const auto magnitudes = meter.magnitudes(s);
                const auto phases = meter.phases(s);
                interval.magnitudes.emplace_back(magnitudes.begin(), magnitudes.end());
                interval.phases.emplace_back(phases.begin(), phases.end());
            }
            all.push_back(std::move(interval));
            meter.next_interval();
        }
    }
    return all;
}

std::vector<Interval> measure(SpectrumMeter& meter, const std::vector<float>& audio,
                              unsigned channels = 1) {
    return measure(meter, audio, channels, [] { return std::size_t{1} << 20; });
}

/// By the definition, of one windowed piece.
std::complex<double> point_of(const float* samples, std::size_t length, std::size_t k) {
    std::complex<double> sum;
    for (std::size_t n = 0; n < length; ++n) {
        const double turn = static_cast<double>(n) / static_cast<double>(length);
        const double window = 0.53836 - 0.46164 * std::cos(2 * kPi * turn);
        sum += std::polar(window * samples[n], -2 * kPi * static_cast<double>(k * n % length) /
                                                   static_cast<double>(length));
    }
    return sum;
}

double decibels_of(std::complex<double> point, std::size_t length) {
    return 20 * std::log10(std::abs(point) / static_cast<double>(length));
}

TEST(SpectrumMeter, ValuesAreTheMeanOverTheTransformsOfTheInterval) {
    SpectrumMeter meter(config_of(128, 20'000'000)); // 960 frames: three transforms of 254
    meter.want(true, true);
    meter.set_threshold_db(-200);
    const auto audio = float_noise(960);
    const auto intervals = measure(meter, audio);
    ASSERT_EQ(intervals.size(), 1U);
    for (const std::size_t k : {0U, 1U, 50U, 126U, 127U}) {
        double magnitude = 0;
        double phase = 0;
        for (std::size_t piece = 0; piece < 3; ++piece) {
            const auto point = point_of(audio.data() + 254 * piece, 254, k);
            magnitude += decibels_of(point, 254) / 3;
            phase += std::arg(point) / 3;
        }
        EXPECT_NEAR(intervals[0].magnitudes[0][k], magnitude, 2e-3) << k;
        if (k > 0 && k < 127) { // there the sign of zero decides
            EXPECT_NEAR(intervals[0].phases[0][k], phase, 1e-3) << k;
        }
    }
}

TEST(SpectrumMeter, AShortIntervalIsMeasuredOverTheLastSamples) {
    SpectrumMeter meter(config_of(1024, 10'000'000));
    meter.set_threshold_db(-200);
    const auto audio = float_noise(48000);
    const auto intervals = measure(meter, audio);
    ASSERT_EQ(intervals.size(), 100U);
    for (const std::size_t k : {0U, 7U, 1023U}) {
        const auto point = point_of(audio.data() + 48000 - 2046, 2046, k);
        EXPECT_NEAR(intervals.back().magnitudes[0][k], decibels_of(point, 2046), 2e-3) << k;
    }
}

TEST(SpectrumMeter, TheThresholdCutsEachTransform) {
    SpectrumMeter meter(config_of(128, 10'583'334, 48000)); // 508 frames: two transforms
    meter.set_threshold_db(-40);
    std::vector<float> audio(508);
    for (std::size_t n = 254; n < 508; ++n) // silence, then a tone in band 20
        audio[n] = static_cast<float>(std::cos(2 * kPi * 20 * static_cast<double>(n) / 254));
    const auto intervals = measure(meter, audio);
    ASSERT_EQ(intervals.size(), 1U);
    const double tone = 20 * std::log10(0.53836 / 2);
    EXPECT_NEAR(intervals[0].magnitudes[0][20], (tone - 40) / 2, 1e-3);
    EXPECT_EQ(intervals[0].magnitudes[0][60], -40);
}

TEST(SpectrumMeter, ChunkingChangesNothing) {
    const auto audio = float_noise(2 * 30000);
    for (const bool multi_channel : {false, true}) {
        auto config = config_of(100, 7'123'456, 44100, 2);
        config.multi_channel = multi_channel;
        SpectrumMeter whole(config);
        SpectrumMeter pieces(config);
        std::mt19937 random(5);
        const auto expected = measure(whole, audio, 2);
        const auto got = measure(pieces, audio, 2, [&] { return random() % 400; });
        ASSERT_EQ(got.size(), expected.size());
        for (std::size_t i = 0; i < got.size(); ++i) {
            EXPECT_EQ(got[i].frames, expected[i].frames);
            EXPECT_EQ(got[i].magnitudes, expected[i].magnitudes);
        }
    }
}

TEST(SpectrumMeter, RoundingIsCarriedOnSoThatIntervalsStayExactOverTime) {
    for (const unsigned rate : {44100U, 48000U, 11025U}) {
        IntervalFrames interval(1'234'567, rate);
        std::uint64_t frames = 0;
        constexpr std::uint64_t kIntervals = 100'000;
        for (std::uint64_t i = 0; i < kIntervals; ++i) {
            frames += interval.current();
            interval.next();
        }
        const double expected = 1.234567e-3 * rate * kIntervals;
        EXPECT_NEAR(static_cast<double>(frames), expected, 3) << rate;
    }
}

TEST(SpectrumMeter, AnIntervalBelowOneFrameTakesOne) {
    IntervalFrames interval(1, 48000);
    for (int i = 0; i < 100; ++i) {
        EXPECT_EQ(interval.current(), 1U);
        interval.next();
    }
}

TEST(SpectrumMeter, AnEndlessIntervalDoesNotOverflow) {
    IntervalFrames interval(std::numeric_limits<std::uint64_t>::max(), 48000);
    EXPECT_EQ(interval.current(), 885'443'715'538'058U);
}

TEST(SpectrumMeter, ManyBandsAreFinite) {
    SpectrumMeter meter(config_of(32769, 1'000'000'000)); // where N * N is 2^32
    meter.set_threshold_db(-200);
    std::vector<float> audio(65536);
    for (std::size_t n = 0; n < audio.size(); ++n)
        audio[n] = static_cast<float>(std::cos(2 * kPi * static_cast<double>(n) / 64));
    SpectrumMeter exact(config_of(32769, 1'365'333'334)); // 65536 frames
    exact.set_threshold_db(-200);
    const auto intervals = measure(exact, audio);
    ASSERT_EQ(intervals.size(), 1U);
    EXPECT_NEAR(intervals[0].magnitudes[0][1024], 20 * std::log10(0.53836 / 2), 1e-3);
    for (const float value : intervals[0].magnitudes[0])
        ASSERT_TRUE(std::isfinite(value));
}

TEST(SpectrumMeter, EachChannelHasItsOwnSpectrum) {
    auto config = config_of(65, 10'000'000, 48000, 3);
    config.multi_channel = true;
    SpectrumMeter meter(config);
    std::vector<float> audio(3 * 480);
    for (std::size_t n = 0; n < 480; ++n) {
        const double turn = 2 * kPi * static_cast<double>(n) / 128;
        audio[3 * n] = static_cast<float>(std::cos(10 * turn));
        audio[3 * n + 2] = static_cast<float>(std::cos(30 * turn));
    }
    const auto intervals = measure(meter, audio, 3);
    ASSERT_EQ(intervals.size(), 1U);
    ASSERT_EQ(intervals[0].magnitudes.size(), 3U);
    const double tone = 20 * std::log10(0.53836 / 2);
    EXPECT_NEAR(intervals[0].magnitudes[0][10], tone, 1e-3);
    EXPECT_EQ(intervals[0].magnitudes[0][30], -60);
    EXPECT_EQ(intervals[0].magnitudes[1][10], -60);
    EXPECT_NEAR(intervals[0].magnitudes[2][30], tone, 1e-3);
}

TEST(SpectrumMeter, AFlushBeginsTheIntervalAnew) {
    SpectrumMeter meter(config_of(65, 10'000'000));
    const auto audio = float_noise(1000);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(audio.data());
    EXPECT_EQ(meter.push(&bytes, 0, 300), 300U);
    meter.flush();
    EXPECT_EQ(meter.done_frames(), 0U);
    EXPECT_EQ(meter.push(&bytes, 300, 700), 480U);
    EXPECT_TRUE(meter.is_full());
    meter.finish();
    SpectrumMeter fresh(config_of(65, 10'000'000));
    fresh.push(&bytes, 300, 480);
    fresh.finish();
    for (std::size_t k = 0; k < meter.bands(); ++k)
        EXPECT_EQ(meter.magnitudes(0)[k], fresh.magnitudes(0)[k]);
}

TEST(SpectrumMeter, NotANumberPassesOnceItHasLeftTheHistory) {
    SpectrumMeter meter(config_of(65, 10'000'000));
    auto audio = float_noise(480 * 3);
    audio[100] = std::numeric_limits<float>::quiet_NaN();
    const auto intervals = measure(meter, audio);
    ASSERT_EQ(intervals.size(), 3U);
    EXPECT_TRUE(std::isnan(intervals[0].magnitudes[0][5]));
    for (const float value : intervals[2].magnitudes[0])
        EXPECT_TRUE(std::isfinite(value));
}

TEST(SpectrumMeter, SwitchedOnWithinAnIntervalItAveragesWhatItMeasured) {
    SpectrumMeter meter(config_of(65, 10'666'667)); // four transforms of 128
    meter.set_threshold_db(-200);
    meter.want(false, false);
    const auto audio = float_noise(512);
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(audio.data());
    meter.push(&bytes, 0, 384);
    meter.want(true, false);
    meter.push(&bytes, 384, 128);
    ASSERT_TRUE(meter.is_full());
    meter.finish();
    const double expected = decibels_of(point_of(audio.data() + 384, 128, 9), 128);
    EXPECT_NEAR(meter.magnitudes(0)[9], expected, 1e-3);
}

TEST(SpectrumMeter, RefusesWhatNoTransformCanDo) {
    try {
        SpectrumMeter meter(config_of(SpectrumMeter::kMostBands + 1, 1));
        FAIL() << "it should not have been made";
    } catch (const std::invalid_argument& error) {
        EXPECT_NE(std::string(error.what()).find("bands=8388610"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("8388609"), std::string::npos);
    }
}

TEST(SpectrumMeter, RefusesMoreThanItCanHoldOfManyChannels) {
    SpectrumMeterConfig config = config_of(SpectrumMeter::kMostBands, 1, 48000, 64);
    config.multi_channel = true;
    try {
        SpectrumMeter meter(config);
        FAIL() << "it should not have been made";
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(),
                     "bands=8388609 of each of 64 channels: it must be 524289 at most");
    }
}

} // namespace

} // namespace tactus
