// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/frame_timeline.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tactus {

namespace {

constexpr std::uint64_t kSecond = 1'000'000'000;

TEST(FrameTimeline, KnowsNoTimeBeforeABufferHasOne) {
    FrameTimeline timeline(48'000);
    EXPECT_EQ(timeline.time_of(0), FrameTimeline::kNone);
    timeline.note(0, FrameTimeline::kNone);
    EXPECT_EQ(timeline.time_of(100), FrameTimeline::kNone);
    EXPECT_FALSE(timeline.breaks(100, 5 * kSecond));
}

TEST(FrameTimeline, KnowsAllTimesOnceABufferHasOne) {
    FrameTimeline timeline(48'000);
    timeline.note(0, FrameTimeline::kNone);
    timeline.note(48'000, 5 * kSecond);
    timeline.note(96'000, FrameTimeline::kNone);
    EXPECT_EQ(timeline.time_of(24'000), 4 * kSecond + kSecond / 2); // before that buffer
    EXPECT_EQ(timeline.time_of(96'000), 6 * kSecond);
}

TEST(FrameTimeline, TellsDurationsThatLeaveNoGaps) {
    FrameTimeline timeline(44'100);
    for (const std::uint64_t start : {FrameTimeline::kNone, std::uint64_t{7}}) {
        timeline.note(0, start);
        std::uint64_t sum = 0;
        for (std::uint64_t n = 0; n < 44'100; n += 147)
            sum += timeline.duration_ns(n, n + 147);
        EXPECT_EQ(sum, kSecond);
    }
    timeline.note(100, kSecond); // what comes before counts back from there
    EXPECT_EQ(timeline.time_of(50) + timeline.duration_ns(50, 100), kSecond);
    EXPECT_EQ(timeline.time_of(50) + timeline.duration_ns(50, 150), timeline.time_of(150));
}

TEST(FrameTimeline, CountsWithoutErrorsThatAddUp) {
    FrameTimeline timeline(44'100);
    timeline.note(0, 7);
    // Buffers of 441 frames whose times were added up from rounded durations.
    std::uint64_t rounded_ns = 7;
    for (std::uint64_t i = 0; i < 1000; ++i) {
        timeline.note(i * 1024, rounded_ns);
        rounded_ns += timeline.duration_ns(1024);
    }
    EXPECT_EQ(timeline.time_of(44'100 * 3600), 3600 * kSecond + 7);
}

TEST(FrameTimeline, GoesAlongWithADrift) {
    // 1 % too slow: far behind the tolerance after a minute.
    FrameTimeline timeline(48'000);
    for (std::uint64_t i = 0; i <= 6000; ++i) {
        ASSERT_FALSE(timeline.breaks(i * 480, i * 10'100'000));
        timeline.note(i * 480, i * 10'100'000);
    }
    const auto off_ns =
        static_cast<double>(timeline.time_of(2'880'000)) - static_cast<double>(6000) * 10'100'000;
    EXPECT_LT(std::abs(off_ns), 3'000'000); // the time constant times 1 %
    timeline.note(2'880'000 + 48'000'000, 6000U * 10'100'000 + 1000 * kSecond + 2'000'000);
    EXPECT_NEAR(static_cast<double>(timeline.time_of(2'880'000 + 48'000'000)),
                static_cast<double>(6000U * 10'100'000 + 1000 * kSecond + 2'000'000), 10'000)
        << "much later";
}

TEST(FrameTimeline, SmoothsTimesThatJitter) {
    FrameTimeline timeline(48'000);
    std::mt19937 random(1);
    std::uint64_t last_ns = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) { // up to 8 ms late
        timeline.note(i * 480, i * 10'000'000 + random() % 8'000'000);
        const std::uint64_t now_ns = timeline.time_of(i * 480);
        if (i > 0) {
            ASSERT_NEAR(static_cast<double>(now_ns - last_ns), 10e6, 0.4e6) << i;
        }
        last_ns = now_ns;
    }
    EXPECT_NEAR(static_cast<double>(last_ns), 9999.0 * 10e6 + 4e6, 1.5e6);
}

TEST(FrameTimeline, TakesAJumpAsItIs) {
    FrameTimeline timeline(48'000);
    timeline.note(0, 0);
    timeline.note(480, kSecond);
    EXPECT_EQ(timeline.time_of(480), kSecond);
}

TEST(FrameTimeline, SaysWhatIsNotTheSameStream) {
    FrameTimeline timeline(48'000);
    timeline.note(0, kSecond);
    EXPECT_FALSE(timeline.breaks(48'000, 2 * kSecond + FrameTimeline::kToleranceNs));
    EXPECT_TRUE(timeline.breaks(48'000, 2 * kSecond + FrameTimeline::kToleranceNs + 1));
    EXPECT_TRUE(timeline.breaks(48'000, 0));
    timeline.reset();
    EXPECT_FALSE(timeline.breaks(48'000, 0));
}

TEST(FrameTimeline, HasNoTimeBeforeZero) {
    FrameTimeline timeline(48'000);
    timeline.note(48'000, 10);
    EXPECT_EQ(timeline.time_of(0), 0U);
}

} // namespace

} // namespace tactus
