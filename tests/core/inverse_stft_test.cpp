// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/inverse_stft.h"

#include "../support/stft_signals.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace tactus {

namespace {

void take_ready(InverseStft& inverse, Planar& out) {
    if (inverse.ready_frames() == 0)
        return;
    ASSERT_EQ(inverse.ready_position(), static_cast<std::int64_t>(out[0].size()));
    for (unsigned c = 0; c < out.size(); ++c)
        out[c].insert(out[c].end(), inverse.ready(c), inverse.ready(c) + inverse.ready_frames());
}

/// The end of the run is told with the last frames, as an element learns it.
Planar back(InverseStft& inverse, const std::vector<StftFrame>& frames, std::int64_t end) {
    Planar out(inverse.config().channels);
    const auto hop = static_cast<std::int64_t>(inverse.config().hop_frames);
    for (const StftFrame& frame : frames) {
        const bool is_end_known = frame.position + hop > end;
        inverse.push(frame.values.data(), is_end_known ? end : InverseStft::kNoEnd);
        take_ready(inverse, out);
    }
    inverse.finish(end);
    take_ready(inverse, out);
    inverse.reset();
    return out;
}

/// Of the difference, relative to the signal.
double error_db(const Planar& found, const Planar& expected, std::size_t margin = 0) {
    double error = 0;
    double power = 0;
    for (std::size_t c = 0; c < expected.size(); ++c)
        for (std::size_t n = margin; n + margin < expected[c].size(); ++n) {
            error += std::pow(found[c][n] - expected[c][n], 2);
            power += std::pow(expected[c][n], 2);
        }
    return 10 * std::log10(error / power + 1e-300);
}

Planar round_trip(const StftConfig& config, const Planar& planar) {
    InverseStft inverse(config);
    return back(inverse, frames_of(config, planar), static_cast<std::int64_t>(planar[0].size()));
}

std::string what_is_wrong(const StftConfig& config) {
    try {
        InverseStft inverse(config);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return {};
}

StftConfig any(std::mt19937& random) {
    StftConfig config;
    config.channels = 1 + random() % 3;
    config.fft_size = 2 + random() % 500;
    config.window_length = 1 + random() % config.fft_size;
    config.hop_frames = 1 + random() % config.window_length;
    config.scaling = static_cast<StftScaling>(random() % kStftScalings);
    config.window.kind = static_cast<WindowKind>(random() % (kWindowKinds - 1));
    return config;
}

} // namespace

TEST(InverseStft, UndoesWhatSpeechPrograms) {
    for (const std::size_t fft_size : {256U, 480U, 512U, 960U, 1024U, 2048U, 4096U, 65536U})
        for (const WindowKind kind : {WindowKind::hann, WindowKind::sqrt_hann, WindowKind::hamming,
                                      WindowKind::blackman, WindowKind::kaiser})
            for (const unsigned parts : {2U, 4U}) {
                StftConfig config;
                config.channels = 2;
                config.fft_size = fft_size;
                config.hop_frames = fft_size / parts;
                config.window.kind = kind;
                const Planar planar = noise_of(2, 100'000 + fft_size);
                const Planar found = round_trip(config, planar);
                ASSERT_EQ(found[0].size(), planar[0].size());
                EXPECT_LE(error_db(found, planar), -130)
                    << fft_size << " " << window_name(kind) << " " << parts;
            }
}

TEST(InverseStft, IsExactOnEveryVectorUnitHere) {
    StftConfig config;
    config.channels = 2;
    config.fft_size = 300; // no multiple of any number of lanes
    config.window_length = 299;
    config.hop_frames = 75;
    const Planar planar = noise_of(2, 5000);
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
        hwy::SetSupportedTargetsForTest(left & -left);
        EXPECT_LE(error_db(round_trip(config, planar), planar), -130)
            << hwy::TargetName(left & -left);
    }
    hwy::SetSupportedTargetsForTest(0);
}

TEST(InverseStft, KeepsTheLengthWhateverTheSettings) {
    std::mt19937 random(4);
    unsigned tried = 0;
    while (tried < 300) {
        StftConfig config = any(random);
        config.center = random() % 2 != 0;
        if (!what_is_wrong(config).empty())
            continue;
        const Planar planar = noise_of(config.channels, 1 + random() % 3000, random());
        const Planar found = round_trip(config, planar);
        for (const auto& channel : found)
            ASSERT_EQ(channel.size(), planar[0].size());
        ++tried;
    }
}

TEST(InverseStft, IsExactUpToBothEndsWhenCentred) {
    std::mt19937 random(5);
    unsigned tried = 0;
    while (tried < 300) {
        StftConfig config = any(random);
        config.hop_frames = std::max<std::size_t>(1, config.window_length / (2 + random() % 5));
        const auto window = make_window(config.window, config.window_length);
        // Where the windows nearly vanish together, errors grow without limit.
        const Overlap overlap = overlap_squares(window, config.hop_frames);
        if (config.window_length < 4 || overlap.least < 0.02 * overlap.most)
            continue;
        const Planar planar = noise_of(config.channels, 1 + random() % 3000, random());
        ASSERT_LE(error_db(round_trip(config, planar), planar), -130)
            << config.fft_size << " " << config.window_length << " " << config.hop_frames << " "
            << window_name(config.window.kind) << " " << planar[0].size();
        ++tried;
    }
}

TEST(InverseStft, IsExactBehindTheFirstWindowWhenNotCentred) {
    StftConfig config;
    config.fft_size = 512;
    config.center = false;
    const Planar planar = noise_of(1, 5000);
    EXPECT_LE(error_db(round_trip(config, planar), planar, 512), -130);
    config.window.kind = WindowKind::hamming; // it has weight everywhere
    EXPECT_LE(error_db(round_trip(config, planar), planar), -130);
}

TEST(InverseStft, GivesWhatHasNoWeightAsZero) {
    StftConfig config;
    config.fft_size = 8;
    config.center = false;
    const Planar planar = {std::vector<float>(100, 1.0F)};
    const Planar found = round_trip(config, planar);
    EXPECT_EQ(found[0][0], 0.0F);
    for (std::size_t n = 1; n < 100; ++n)
        EXPECT_NEAR(found[0][n], 1.0F, 1e-5) << n;
}

TEST(InverseStft, UndoesCustomWindows) {
    StftConfig config;
    config.fft_size = 4;
    config.hop_frames = 2;
    config.window = {.kind = WindowKind::custom, .custom = {1, 3, -2, 0.5}};
    const Planar planar = noise_of(1, 101);
    EXPECT_LE(error_db(round_trip(config, planar), planar), -130);
}

TEST(InverseStft, ScalesAsItsFramesAre) {
    StftConfig config;
    config.channels = 2;
    config.fft_size = 256;
    const Planar planar = noise_of(2, 3000);
    auto frames = frames_of(config, planar);
    for (StftFrame& frame : frames)
        for (std::size_t k = 0; k < frame.values.size() / 2; ++k)
            frame.values[k] *= 0.25F; // the first channel
    InverseStft inverse(config);
    const Planar found = back(inverse, frames, 3000);
    Planar expected = planar;
    for (float& sample : expected[0])
        sample *= 0.25F;
    EXPECT_LE(error_db(found, expected), -130);
}

// The frames of what came back differ least from those that were asked for: what they have in
// common with those of some signal stays, so changing them again by going to and fro changes little
// more.
TEST(InverseStft, FindsTheNearestSignalOfChangedFrames) {
    StftConfig config;
    config.fft_size = 256;
    const Planar planar = noise_of(1, 4000);
    auto frames = frames_of(config, planar);
    std::mt19937 random(6);
    for (StftFrame& frame : frames)
        for (float& value : frame.values)
            value *= random() % 2 != 0 ? 1.0F : 0.0F;
    InverseStft inverse(config);
    const Planar found = back(inverse, frames, 4000);
    const auto distance = [&](const Planar& signal) {
        const auto of_signal = frames_of(config, signal);
        double sum = 0;
        for (std::size_t i = 4; i + 4 < frames.size(); ++i)
            for (std::size_t k = 0; k < frames[i].values.size(); ++k) {
                const bool is_alone = k < 2 || k + 2 >= frames[i].values.size();
                sum += std::pow(frames[i].values[k] - of_signal[i].values[k], 2) *
                       (is_alone ? 1 : 2); // the mirrored half
            }
        return sum;
    };
    const double least = distance(found);
    for (int i = 0; i < 20; ++i) {
        Planar other = found;
        const std::size_t at = 800 + random() % 2400;
        other[0][at] += random() % 2 != 0 ? 0.01F : -0.01F;
        EXPECT_GT(distance(other), least) << at;
    }
}

TEST(InverseStft, EndsWhereItsFramesDoIfNobodySaysMore) {
    StftConfig config;
    config.fft_size = 64;
    for (const bool center : {false, true}) {
        config.center = center;
        InverseStft inverse(config);
        EXPECT_EQ(inverse.natural_end(), 0);
        const auto frames = frames_of(config, noise_of(1, 640));
        for (const StftFrame& frame : frames)
            inverse.push(frame.values.data());
        EXPECT_EQ(inverse.natural_end(), 640);
    }
}

TEST(InverseStft, OfNoFramesIsNothing) {
    InverseStft inverse{StftConfig{}};
    inverse.finish(100);
    EXPECT_EQ(inverse.ready_frames(), 0U);
}

TEST(InverseStft, StartsAnewAfterAReset) {
    StftConfig config;
    config.fft_size = 64;
    const Planar planar = noise_of(1, 500);
    const auto frames = frames_of(config, planar);
    InverseStft inverse(config);
    const Planar once = back(inverse, frames, 500);
    inverse.push(frames[5].values.data());
    inverse.push(frames[7].values.data());
    inverse.reset();
    EXPECT_EQ(back(inverse, frames, 500), once);
}

TEST(InverseStft, CountsWhatIsNotFiniteAsZero) {
    StftConfig config;
    config.fft_size = 64;
    auto frames = frames_of(config, noise_of(1, 500));
    auto with_zeros = frames;
    frames[3].values[7] = std::numeric_limits<float>::quiet_NaN();
    frames[4].values[1] = std::numeric_limits<float>::infinity();
    with_zeros[3].values[7] = with_zeros[4].values[1] = 0;
    InverseStft inverse(config);
    const Planar found = back(inverse, frames, 500);
    EXPECT_EQ(found, back(inverse, with_zeros, 500));
    EXPECT_EQ(inverse.non_finite(), 2U);
}

TEST(InverseStft, SaysWhatCannotBeUndone) {
    StftConfig config;
    config.hop_frames = 2048;
    EXPECT_EQ(what_is_wrong(config),
              "a hann window of 2048 samples every 2048 cannot be undone: some samples are in no "
              "window, or weigh nothing; hop-size 1024 works; with this hop-size, window hamming "
              "works");
    config = {};
    config.format = StftFormat::power;
    EXPECT_EQ(what_is_wrong(config), "format power-f32 cannot be undone: only complex-f32 can");
}

} // namespace tactus
