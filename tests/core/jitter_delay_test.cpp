// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The estimators: minimum, histogram, time line, skew, frames, reordering, jitter.
#include "core/jitter/delay_histogram.h"
#include "core/jitter/frame_delay_model.h"
#include "core/jitter/interarrival_jitter.h"
#include "core/jitter/playout_delay.h"
#include "core/jitter/reorder_optimizer.h"
#include "core/jitter/skew_estimator.h"
#include "core/jitter/timeline.h"
#include "core/jitter/windowed_minimum.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace tactus {

namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(WindowedMinimum, IsThatOfTheWindow) {
    std::mt19937 random(2);
    WindowedMinimum minimum(50);
    std::vector<std::pair<std::int64_t, std::int64_t>> all;
    for (std::int64_t time = 0; time < 3000; time += random() % 3) {
        all.emplace_back(time, random() % 1000);
        std::int64_t expected = INT64_MAX;
        for (const auto& [at, value] : all)
            expected = at >= time - 50 ? std::min(expected, value) : expected;
        ASSERT_EQ(minimum.add(time, all.back().second), expected) << time;
    }
}

TEST(WindowedMinimum, IsBoundedAndNeverTooLarge) {
    WindowedMinimum minimum(1'000'000);
    for (std::int64_t i = 0; i < 10'000; ++i)
        EXPECT_EQ(minimum.add(i, i), 0);
    minimum.shift(-7);
    EXPECT_EQ(minimum.minimum(), -7);
}

TEST(DelayHistogram, FindsItsQuantilesToABucket) {
    DelayHistogram histogram(0.9999);
    for (std::int64_t i = 0; i < 1000; ++i)
        histogram.add(i * 37 % 100 * kMs);
    EXPECT_NEAR(static_cast<double>(histogram.quantile_ns(0.5)), 50e6, 4e6);
    EXPECT_NEAR(static_cast<double>(histogram.quantile_ns(0.97)), 97e6, 4e6);
    EXPECT_NEAR(histogram.share_above(79 * kMs), 0.2, 0.03);
}

TEST(DelayHistogram, ForgetsWhatIsOld) {
    DelayHistogram histogram(0.98);
    for (int i = 0; i < 200; ++i)
        histogram.add(100 * kMs);
    EXPECT_GE(histogram.quantile_ns(0.97), 100 * kMs);
    for (int i = 0; i < 400; ++i)
        histogram.add(10 * kMs);
    EXPECT_LE(histogram.quantile_ns(0.97), 12 * kMs);
}

TEST(DelayHistogram, DoesNotLetOneEarlyValueBeTheQuantile) {
    DelayHistogram histogram(0.99);
    for (int i = 0; i < 12; ++i)
        histogram.add(5 * kMs);
    histogram.add(300 * kMs);
    EXPECT_LE(histogram.quantile_ns(0.97), 6 * kMs);
}

TEST(DelayHistogram, PutsAnythingIntoABucket) {
    DelayHistogram histogram(0.98);
    histogram.add(-5);
    histogram.add(INT64_MAX);
    EXPECT_GT(histogram.quantile_ns(1), 2000 * kMs);
    histogram.clear();
    EXPECT_EQ(histogram.quantile_ns(0.5), 0);
    EXPECT_EQ(histogram.count(), 0u);
}

TEST(ReorderOptimizer, WaitsForManyAndNotForOneInTenThousand) {
    ReorderOptimizer many;
    ReorderOptimizer rare;
    for (int i = 0; i < 20'000; ++i) {
        if (i % 20 == 0)
            many.overtaken((20 + i / 20 % 60) * kMs);
        else
            many.in_order();
        if (i % 10'000 == 0)
            rare.overtaken(300 * kMs);
        else
            rare.in_order();
    }
    EXPECT_GE(many.best_ns(), 70 * kMs);
    EXPECT_LE(many.best_ns(), 86 * kMs);
    EXPECT_NEAR(many.share(), 0.05, 0.01);
    EXPECT_EQ(rare.best_ns(), 0);
}

TEST(Timeline, IsExactWithoutSkewForAMillionPackets) {
    Timeline timeline;
    for (std::int64_t i = 0; i < 1'000'000; ++i) {
        const auto ticks = static_cast<std::uint32_t>(i * 882);
        const auto placed = timeline.observe(ticks, 44'100, i * 20 * kMs + 3 * kMs);
        ASSERT_EQ(placed.pts_ns, i * 20 * kMs + 3 * kMs);
    }
}

TEST(Timeline, DoesNotMoveForOneLatePacket) {
    Timeline timeline;
    timeline.set_largest_delay(100 * kMs);
    for (std::int64_t i = 0; i < 200; ++i) {
        const std::int64_t late_ns = i == 100 ? 900 * kMs : 0;
        const auto placed =
            timeline.observe(static_cast<std::uint32_t>(i * 960), 48'000, i * 20 * kMs + late_ns);
        ASSERT_EQ(placed.pts_ns, i * 20 * kMs);
    }
}

TEST(Timeline, TakesAnOlderTimestampInOrderForAJump) {
    Timeline timeline;
    for (std::int64_t i = 0; i < 100; ++i)
        timeline.observe(static_cast<std::uint32_t>(100'000 + i * 960), 48'000, i * 20 * kMs, true);
    // Overtaken by a lot, it is late.
    const auto late = timeline.observe(100'000, 48'000, 2000 * kMs, false);
    EXPECT_FALSE(late.resynced);
    EXPECT_EQ(late.pts_ns, 0);
    const auto jumped = timeline.observe(100'000 + 50 * 960, 48'000, 2000 * kMs, true);
    EXPECT_TRUE(jumped.resynced);
    EXPECT_EQ(jumped.pts_ns, 2000 * kMs);
}

TEST(Timeline, StaysLateForEverIfItIsSteadyAndNotSlaved) {
    Timeline timeline;
    timeline.set_slaved(false);
    for (std::int64_t i = 0; i < 500; ++i) {
        const std::int64_t arrival_ns = i * 20 * kMs + (i < 100 ? 0 : 5000 * kMs);
        const auto placed =
            timeline.observe(static_cast<std::uint32_t>(i * 960), 48'000, arrival_ns, true);
        ASSERT_EQ(placed.pts_ns, i * 20 * kMs);
    }
    timeline.set_slaved(true);
    Timeline::Placed placed;
    for (std::int64_t i = 500; i < 504; ++i)
        placed = timeline.observe(static_cast<std::uint32_t>(i * 960), 48'000,
                                  i * 20 * kMs + 10'000 * kMs, true);
    EXPECT_EQ(placed.pts_ns, 503 * 20 * kMs + 10'000 * kMs);
}

TEST(Timeline, CountsFromZeroThroughJumpsUntilItStartsOver) {
    Timeline timeline;
    timeline.set_slaved(false);
    timeline.set_from_zero(true);
    EXPECT_EQ(timeline.observe(1000, 48'000, 7000 * kMs, true).pts_ns, 0);
    EXPECT_EQ(timeline.observe(1'000'000'000, 48'000, 9000 * kMs, true).pts_ns, 2000 * kMs);
    timeline.restart();
    EXPECT_EQ(timeline.observe(77, 48'000, 9500 * kMs, true).pts_ns, 2500 * kMs);
    timeline.start_over();
    EXPECT_EQ(timeline.observe(78, 48'000, 9600 * kMs, true).pts_ns, 0);
}

TEST(Timeline, FollowsBothDirectionsOfSkewForHours) {
    for (const double ppm : {200.0, -200.0}) {
        Timeline timeline;
        timeline.set_largest_delay(200 * kMs);
        std::mt19937 random(3);
        constexpr std::int64_t kPackets = 3 * 3600 * 50;
        for (std::int64_t i = 0; i < kPackets; ++i) {
            const auto sent_ns =
                static_cast<std::int64_t>(static_cast<double>(i * 20 * kMs) / (1 + ppm * 1e-6));
            const std::int64_t noise_ns = static_cast<std::int64_t>(random() % 5000) * 1000;
            const auto placed =
                timeline.observe(static_cast<std::uint32_t>(i * 960), 48'000, sent_ns + noise_ns);
            if (i > 1000) {
                ASSERT_NEAR(static_cast<double>(placed.pts_ns), static_cast<double>(sent_ns), 2e6);
            }
        }
        EXPECT_NEAR(timeline.skew_ppm(), ppm, 3);
        EXPECT_EQ(timeline.resyncs(), 0u);
    }
}

TEST(Timeline, ChangesNoNeighboursByWhatCanBeHeard) {
    Timeline timeline;
    timeline.set_pace(Timeline::Pace::quick);
    timeline.set_largest_delay(1000 * kMs);
    std::int64_t last_ns = 0;
    for (std::int64_t i = 0; i < 1000; ++i) {
        const std::int64_t delay_ns = i < 200 ? 0 : (i < 600 ? 300 * kMs : -50 * kMs);
        const auto placed =
            timeline.observe(static_cast<std::uint32_t>(i * 960), 48'000, i * 20 * kMs + delay_ns);
        if (i > 0) {
            ASSERT_NEAR(static_cast<double>(placed.pts_ns - last_ns), 20e6, 0.96e6) << i;
        }
        last_ns = placed.pts_ns;
    }
    EXPECT_NEAR(static_cast<double>(last_ns), (999 * 20.0 - 50) * 1e6, 1e6);
}

TEST(SkewEstimator, DoesNotSeeAChangeOfRoute) {
    SkewEstimator skew;
    for (std::int64_t i = 0; i < 20'000; ++i) {
        const std::int64_t route_ns = i > 8000 && i < 14'000 ? 80 * kMs : 0;
        // 100 ppm fast: transits shrink.
        skew.observe(i * 20 * kMs, route_ns - i * 2000);
    }
    EXPECT_NEAR(skew.ppm(), 100, 2);
}

TEST(FrameDelayModel, ExplainsAKeyFrameByItsSize) {
    FrameDelayModel model;
    std::mt19937 random(4);
    // A link that takes 1 us for a byte; each frame in packets of 1200 bytes.
    std::int64_t link_ns = 0;
    std::int64_t unexplained_ns = 0;
    for (std::int64_t frame = 0; frame < 900; ++frame) {
        const std::int64_t media_ns = frame * 33 * kMs;
        const int packets = frame % 50 == 0 ? 20 : 3 + static_cast<int>(random() % 3);
        for (int i = 0; i < packets; ++i) {
            link_ns = std::max(link_ns, media_ns) + 1'200'000;
            const std::int64_t explained_ns = model.observe(media_ns, link_ns, 1200);
            if (frame > 300)
                unexplained_ns = std::max(unexplained_ns, link_ns - media_ns - explained_ns);
        }
    }
    EXPECT_NEAR(static_cast<double>(model.largest_frame_ns()), 24e6, 5e6);
    EXPECT_LE(unexplained_ns, 5 * kMs);
}

TEST(InterarrivalJitter, ConvergesToTheMeanDifference) {
    InterarrivalJitter jitter;
    for (int i = 0; i < 1000; ++i)
        jitter.observe(i % 2 * 8 * kMs);
    EXPECT_NEAR(static_cast<double>(jitter.jitter_ns()), 8e6, 0.1e6);
}

/// The target after five minutes of 500 ms each with a largest delay of 8 ms, but 108 ms in 1
/// of 26.
std::int64_t target_with_rare_spikes(bool spurts, int quiet_blocks = 0) {
    PlayoutDelay delay{PlayoutDelayConfig{.max_ns = 1000 * kMs}};
    constexpr int kBlocks = 600;
    for (int i = 0; i < kBlocks + quiet_blocks; ++i) {
        PlayoutDelay::Sample sample;
        sample.arrival_ns = i * PlayoutDelay::kResampleNs;
        sample.transit_ns = i % 26 == 0 ? 108 * kMs : 8 * kMs;
        sample.spurt_start = spurts && i % 4 == 0 && i < kBlocks;
        delay.observe(sample);
    }
    return delay.target_ns();
}

TEST(PlayoutDelay, RisksALittleMoreWhereTheNextSilencePutsItRight) {
    EXPECT_GE(target_with_rare_spikes(false), 100 * kMs);
    EXPECT_LE(target_with_rare_spikes(true), 15 * kMs);
    EXPECT_GE(target_with_rare_spikes(true, 30), 100 * kMs);
}

TEST(PlayoutDelay, LearnsNothingFromAFrameThatIsOnlyLarge) {
    PlayoutDelayConfig config;
    config.max_ns = 1000 * kMs;
    config.frames = true;
    PlayoutDelay with_model(config);
    config.frames = false;
    PlayoutDelay without(config);
    std::int64_t link_ns = 0;
    for (std::int64_t frame = 0; frame < 3000; ++frame) {
        const std::int64_t media_ns = frame * 33 * kMs;
        const int packets = frame % 150 == 0 ? 40 : 4;
        for (int i = 0; i < packets; ++i) {
            link_ns = std::max(link_ns, media_ns) + 1'200'000;
            PlayoutDelay::Sample sample;
            sample.arrival_ns = link_ns;
            sample.media_ns = media_ns;
            sample.transit_ns = link_ns - media_ns;
            sample.reference_ns = 1'200'000;
            sample.bytes = 1200;
            with_model.observe(sample);
            without.observe(sample);
        }
    }
    EXPECT_LE(with_model.relative_quantile_ns(0.97), 20 * kMs);
    EXPECT_GE(without.relative_quantile_ns(0.97), 40 * kMs);
    EXPECT_GE(with_model.target_ns(), 38 * kMs) << "the key frame must still be in time";
}

} // namespace

} // namespace tactus
