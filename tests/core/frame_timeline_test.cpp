// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/frame_timeline.h"

#include <gtest/gtest.h>

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
    FrameTimeline timeline(48'000);
    timeline.note(0, 0);
    timeline.note(48'000, kSecond + 1'000'000);
    EXPECT_EQ(timeline.time_of(48'000), kSecond + 1'000'000);
    EXPECT_EQ(timeline.time_of(0), 1'000'000U); // back from there
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
