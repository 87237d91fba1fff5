// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/record/stamp_clock.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

namespace tactus {
namespace {

constexpr std::uint64_t kStartNs = 1'000'000'000'000;

/// A counter at 2.4 GHz that is `ppm` fast.
std::uint64_t ticks_at(std::uint64_t ns, double ppm) {
    return static_cast<std::uint64_t>(
        std::llround(static_cast<double>(ns - kStartNs) * 2.4 * (1.0 + ppm * 1e-6)) + 777);
}

std::int64_t error_ns(const StampClock& clock, std::uint64_t ns, double ppm) {
    return static_cast<std::int64_t>(clock.to_ns(ticks_at(ns, ppm)) - ns);
}

TEST(StampClock, AddsAnOffset) {
    StampClock clock;
    clock.set_offset(500);
    EXPECT_EQ(clock.to_ns(23), 523U);
}

TEST(StampClock, FollowsACounterForAnHour) {
    constexpr std::uint64_t kStepNs = 100'000'000;
    StampClock clock;
    for (std::uint64_t now = kStartNs; now < kStartNs + 3'600'000'000'000; now += kStepNs) {
        clock.sample(ticks_at(now, 40), now);
        if (now > kStartNs) {
            EXPECT_LE(std::abs(error_ns(clock, now + kStepNs / 2, 40)), 2);
        }
    }
}

TEST(StampClock, MapsStampsThatAreOlderThanTheNewestSample) {
    StampClock clock;
    clock.sample(ticks_at(kStartNs, 0), kStartNs);
    clock.sample(ticks_at(kStartNs + 1'000'000, 0), kStartNs + 1'000'000);
    EXPECT_LE(std::abs(error_ns(clock, kStartNs + 300'000, 0)), 1);
}

TEST(StampClock, FollowsAChangeOfRateWithinItsSpan) {
    constexpr std::uint64_t kStepNs = 100'000'000;
    constexpr std::uint64_t kChangeNs = kStartNs + 20'000'000'000;
    StampClock clock;
    std::uint64_t ticks = 1;
    std::uint64_t now = kStartNs;
    for (; now < kChangeNs + 20'000'000'000; now += kStepNs) {
        clock.sample(ticks, now);
        ticks += static_cast<std::uint64_t>(kStepNs * (now < kChangeNs ? 1.0 : 1.0001));
    }
    const auto half = static_cast<std::uint64_t>(kStepNs / 2 * 1.0001);
    const auto error = static_cast<std::int64_t>(clock.to_ns(ticks - half) - (now - kStepNs / 2));
    EXPECT_LE(std::abs(error), 100);
}

} // namespace
} // namespace tactus
