// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Values of numpy and scipy are in support/stft_vectors.txt; the script beside it makes them.
#include "core/fft/stft.h"

#include "../support/number_table.h"
#include "../support/stft_signals.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <stdexcept>

namespace tactus {

namespace {

const NumberTable& vectors() {
    static const NumberTable table(TACTUS_TEST_SUPPORT "/stft_vectors.txt");
    return table;
}

Planar vector_signal() {
    Planar planar;
    for (const char* name : {"signal:0", "signal:1"}) {
        const auto& samples = vectors()[name];
        planar.emplace_back(samples.begin(), samples.end());
    }
    return planar;
}

StftConfig small() {
    StftConfig config;
    config.channels = 2;
    config.rate = 8000;
    config.fft_size = 32;
    config.hop_frames = 8;
    config.scaling = StftScaling::magnitude;
    return config;
}

/// From the name of a vector: "stft:hann:32:32:8:center:none".
StftConfig config_named(const std::string& name) {
    std::istringstream words(name);
    std::vector<std::string> parts;
    for (std::string part; std::getline(words, part, ':');)
        parts.push_back(part);
    StftConfig config = small();
    config.window.kind = window_named(parts.at(1)).value();
    config.window_length = std::stoul(parts.at(2));
    config.fft_size = std::stoul(parts.at(3));
    config.hop_frames = std::stoul(parts.at(4));
    config.center = parts.at(5) == "center";
    config.scaling = stft_scaling_named(parts.at(6)).value();
    return config;
}

/// Numpy's are channel by channel, ours frame by frame.
void expect_values(const StftConfig& config, const std::vector<StftFrame>& frames,
                   const std::vector<double>& expected, double tolerance, const std::string& name) {
    const std::size_t per_channel = frames.at(0).values.size() / config.channels;
    ASSERT_EQ(frames.size() * per_channel * config.channels, expected.size()) << name;
    std::size_t at = 0;
    for (unsigned c = 0; c < config.channels; ++c)
        for (const StftFrame& frame : frames)
            for (std::size_t k = 0; k < per_channel; ++k)
                ASSERT_NEAR(frame.values[c * per_channel + k], expected[at++], tolerance)
                    << name << ", frame at " << frame.position << ", channel " << c << ", " << k;
}

std::string what_is_wrong(const StftConfig& config) {
    try {
        Stft stft(config);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return {};
}

std::size_t count_of(StftConfig config, std::size_t samples) {
    config.channels = 1;
    return frames_of(config, noise_of(1, samples)).size();
}

} // namespace

TEST(Stft, HasTheValuesOfScipy) {
    unsigned transforms = 0;
    for (const auto& [name, expected] : vectors().lists())
        if (name.rfind("stft:", 0) == 0) {
            const StftConfig config = config_named(name);
            double most = 0;
            for (const double value : expected)
                most = std::max(most, std::abs(value));
            expect_values(config, frames_of(config, vector_signal()), expected, 4e-7 * most, name);
            ++transforms;
        }
    EXPECT_EQ(transforms, 10U);
}

TEST(Stft, HasTheFormatsOfNumpy) {
    for (const auto& [name, format, tolerance] :
         {std::tuple{"magnitude", StftFormat::magnitude, 2e-7},
          {"power", StftFormat::power, 2e-7},
          {"db", StftFormat::db, 2e-3}, // where the power is 1e-7
          {"phase", StftFormat::phase, 1e-3}}) {
        StftConfig config = small();
        config.format = format;
        expect_values(config, frames_of(config, vector_signal()), vectors()[name], tolerance, name);
    }
}

TEST(Stft, PutsFramesWhereTheirHopsAre) {
    for (const bool center : {false, true}) {
        StftConfig config = small();
        config.center = center;
        std::int64_t position = 0;
        for (const StftFrame& frame : frames_of(config, noise_of(2, 100))) {
            EXPECT_EQ(frame.position, position);
            position += 8;
        }
    }
}

TEST(Stft, SeesAnImpulseInTheFramesAroundIt) {
    StftConfig config = small();
    config.channels = 1;
    config.format = StftFormat::power;
    config.window.kind = WindowKind::rectangular;
    Planar planar(1, std::vector<float>(200));
    planar[0][100] = 1;
    for (const StftFrame& frame : frames_of(config, planar)) {
        const std::int64_t offset = 100 - frame.position;
        EXPECT_EQ(frame.values[3] > 0, offset >= -16 && offset < 16) << frame.position;
    }
}

TEST(Stft, HasAsManyFramesAsItsSamplesNeed) {
    StftConfig config = small();
    config.center = false;
    EXPECT_EQ(count_of(config, 0), 0U);
    EXPECT_EQ(count_of(config, 1), 1U);
    EXPECT_EQ(count_of(config, 32), 1U);
    EXPECT_EQ(count_of(config, 33), 2U);
    EXPECT_EQ(count_of(config, 40), 2U);
    config.center = true;
    EXPECT_EQ(count_of(config, 0), 0U);
    EXPECT_EQ(count_of(config, 1), 2U);
    EXPECT_EQ(count_of(config, 8), 2U);
    EXPECT_EQ(count_of(config, 9), 3U);
}

TEST(Stft, LeavesOutWhatLiesBetweenDistantFrames) {
    StftConfig config = small();
    config.channels = 1;
    config.center = false;
    config.hop_frames = 50;
    const Planar planar = noise_of(1, 200);
    const auto frames = frames_of(config, planar);
    ASSERT_EQ(frames.size(), 4U);
    for (const StftFrame& frame : frames) {
        const auto from = planar[0].begin() + frame.position;
        const auto alone = frames_of(config, {std::vector<float>(from, from + 32)});
        EXPECT_EQ(frame.values, alone.at(0).values) << frame.position;
    }
}

TEST(Stft, DoesNotDependOnChunks) {
    std::mt19937 random(3);
    for (int i = 0; i < 60; ++i) {
        StftConfig config;
        config.channels = 1 + random() % 3;
        config.fft_size = 2 + random() % 300;
        config.window_length = 1 + random() % config.fft_size;
        config.hop_frames = 1 + random() % 200;
        config.center = random() % 2 != 0;
        config.format = static_cast<StftFormat>(random() % kStftFormats);
        const Planar planar = noise_of(config.channels, 1 + random() % 20'000, random());
        Stft stft(config);
        const auto whole = frames_of(stft, planar, [] { return SIZE_MAX; });
        EXPECT_EQ(frames_of(stft, planar, [] { return 1U; }), whole);
        EXPECT_EQ(frames_of(stft, planar, [&] { return random() % 1000; }), whole);
    }
}

TEST(Stft, StartsAnewAfterAReset) {
    StftConfig config = small();
    config.format = StftFormat::power;
    config.attack_s = config.release_s = 0.1;
    Stft stft(config);
    const Planar planar = noise_of(2, 300);
    const auto once = frames_of(stft, planar, [] { return 100U; });
    std::vector<StftFrame> dropped;
    push_in_chunks(stft, noise_of(2, 77), dropped, [] { return 77U; });
    stft.reset();
    EXPECT_EQ(frames_of(stft, planar, [] { return 100U; }), once);
}

TEST(Stft, TakesNothingBehindTheEnd) {
    Stft stft(small());
    stft.finish();
    const Planar planar = noise_of(2, 10);
    const float* const channels[] = {planar[0].data(), planar[1].data()};
    EXPECT_EQ(stft.push(channels, 10), 0U);
    EXPECT_FALSE(stft.ready());
}

TEST(Stft, CountsWhatIsNotFiniteAsZero) {
    StftConfig config = small();
    Planar planar = noise_of(2, 100);
    Planar with_zeros = planar;
    planar[0][20] = std::numeric_limits<float>::quiet_NaN();
    planar[0][21] = std::numeric_limits<float>::infinity();
    planar[1][99] = -std::numeric_limits<float>::infinity();
    with_zeros[0][20] = with_zeros[0][21] = with_zeros[1][99] = 0;
    Stft stft(config);
    EXPECT_EQ(frames_of(stft, planar, [] { return 13U; }), frames_of(config, with_zeros));
    EXPECT_EQ(stft.non_finite(), 3U);
}

TEST(Stft, TakesDenormalsForZeroAndRestoresTheThread) {
    const volatile float tiny = 1e-40F;
    StftConfig config = small();
    config.channels = 1;
    const Planar planar(1, std::vector<float>(100, float{tiny}));
    for (const StftFrame& frame : frames_of(config, planar))
        for (const float value : frame.values)
            EXPECT_EQ(value, 0.0F);
    EXPECT_GT(tiny * 0.5F, 0.0F);
}

TEST(Stft, MapsBandsAndSmoothsThem) {
    StftConfig config = small();
    config.channels = 1;
    config.format = StftFormat::power;
    const Planar planar = noise_of(1, 400);
    const auto full = frames_of(config, planar);
    config.bands_scale = FrequencyScale::mel;
    config.band_count = 5;
    config.release_s = 0.01;
    const auto bands = frames_of(config, planar);
    ASSERT_EQ(bands.size(), full.size());
    const BandMap map(FrequencyScale::mel, 5, 32, 8000);
    SpectrumSmoother smoother(5, 0, 0.01, 8.0 / 8000);
    for (std::size_t i = 0; i < full.size(); ++i) {
        std::vector<float> expected(5);
        map.apply(full[i].values.data(), expected.data());
        smoother.apply(expected.data());
        EXPECT_EQ(bands[i].values, expected) << i;
    }
}

TEST(Stft, TellsDecibelsOfSilence) {
    StftConfig config = small();
    config.format = StftFormat::db;
    for (const StftFrame& frame : frames_of(config, Planar(2, std::vector<float>(50))))
        for (const float value : frame.values)
            EXPECT_EQ(value, -200.0F);
}

TEST(StftConfig, SaysWhatIsWrong) {
    StftConfig config;
    config.channels = 65;
    EXPECT_EQ(what_is_wrong(config), "the number of channels is 65: it must be 1 to 64");
    config = {};
    config.fft_size = 1;
    EXPECT_EQ(what_is_wrong(config), "fft-size is 1: it must be 2 to 16777216");
    config.fft_size = (1U << 24) + 1;
    EXPECT_EQ(what_is_wrong(config), "fft-size is 16777217: it must be 2 to 16777216");
    config.fft_size = 1U << 24;
    config.channels = 64;
    EXPECT_EQ(what_is_wrong(config),
              "fft-size 16777216 with 64 channels: it must be 1048576 at most");
    config = {};
    config.window_length = 4096;
    EXPECT_EQ(what_is_wrong(config), "window-length is 4096: it must be 1 to 2048");
    config = {};
    config.attack_s = 1;
    EXPECT_EQ(what_is_wrong(config),
              "format complex-f32 with bands or smoothing: these are of magnitude-f32, power-f32 "
              "and db-f32 alone");
    config.attack_s = -1;
    EXPECT_EQ(what_is_wrong(config), "attack is -1 s: it must be 0 or more");
    config = {};
    config.fft_size = 2;
    config.window = {.kind = WindowKind::custom, .custom = {1, -1}};
    config.scaling = StftScaling::magnitude;
    EXPECT_EQ(what_is_wrong(config), "scaling magnitude of a window whose values add up to 0");
}

TEST(StftConfig, FillsInWhatIsLeftOpen) {
    const StftConfig config = StftConfig{}.resolved();
    EXPECT_EQ(config.window_length, 2048U);
    EXPECT_EQ(config.hop_frames, 512U);
    EXPECT_EQ(config.before(), 1024U);
    EXPECT_EQ(config.lookahead(), 1024U);
    StftConfig tiny;
    tiny.fft_size = 2;
    EXPECT_EQ(tiny.resolved().hop_frames, 1U);
}

TEST(StftConfig, HasNamesThatAreFoundAgain) {
    for (std::size_t i = 0; i < kStftScalings; ++i) {
        const auto scaling = static_cast<StftScaling>(i);
        EXPECT_EQ(stft_scaling_named(stft_scaling_name(scaling)), scaling);
    }
    for (std::size_t i = 0; i < kStftFormats; ++i) {
        const auto format = static_cast<StftFormat>(i);
        EXPECT_EQ(stft_format_named(stft_format_name(format)), format);
    }
    EXPECT_EQ(stft_format_named("complex"), std::nullopt);
}

} // namespace tactus
