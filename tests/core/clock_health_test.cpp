// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/clock_health.h"
#include "core/clock/timer_lateness.h"

#include <gtest/gtest.h>
#include <string>

namespace tactus {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

/// Clocks that run as told; jumps are put in by the tests.
struct FakeClocks {
    std::int64_t now_ns = 1000 * static_cast<std::int64_t>(kSecondNs);
    std::int64_t raw_off = 0;
    std::int64_t boottime_off = 0;
    std::int64_t realtime_off = 1'700'000'000'000'000'000;
    std::int64_t tai_off = 1'700'000'037'000'000'000;
    std::int64_t tsc_off = 5;
    std::int64_t pipeline_off = -3;

    ClockReading read() const {
        ClockReading reading;
        reading.monotonic_ns = static_cast<std::uint64_t>(now_ns);
        reading.uncertainty_ns = 100;
        reading.monotonic_raw_ns = now_ns + raw_off;
        reading.boottime_ns = now_ns + boottime_off;
        reading.realtime_ns = now_ns + realtime_off;
        reading.tai_ns = now_ns + tai_off;
        reading.tsc_ns = now_ns + tsc_off;
        reading.pipeline_ns = now_ns + pipeline_off;
        return reading;
    }

    /// One second at which RAW and TSC drift by so much.
    ClockReading after_a_second(std::int64_t drift_ns = 0) {
        now_ns += static_cast<std::int64_t>(kSecondNs);
        raw_off += drift_ns;
        tsc_off += drift_ns;
        return read();
    }
};

ClockStats find(const ClockHealth& health, const std::string& name) {
    for (const ClockStats& stats : health.stats())
        if (stats.name == name)
            return stats;
    ADD_FAILURE() << "no clock " << name;
    return {};
}

TEST(ClockHealth, measures_offset_and_drift) {
    FakeClocks clocks;
    ClockHealth health;
    for (int i = 0; i < 40; ++i)
        EXPECT_TRUE(health.add(clocks.after_a_second(20'000)).empty());
    EXPECT_EQ(health.stats().size(), ClockHealth::kClocks);
    EXPECT_NEAR(find(health, "monotonic-raw").drift_ppm, 20, 0.001);
    EXPECT_NEAR(find(health, "realtime").drift_ppm, 0, 1e-9);
    EXPECT_EQ(find(health, "monotonic-raw").offset_ns, 40 * 20'000);
    EXPECT_EQ(find(health, "realtime").offset_ns, 1.7e18);
    std::vector<CounterSample> samples;
    health.append_samples(7, samples);
    ASSERT_EQ(samples.size(), 2 * ClockHealth::kClocks);
    EXPECT_EQ(samples[0].name, "clock monotonic-raw offset");
    EXPECT_EQ(samples[0].value, 39 * 20'000);
    EXPECT_EQ(samples[0].at_ns, 7u);
}

TEST(ClockHealth, reports_a_step_of_ntp_for_realtime_and_tai_once) {
    FakeClocks clocks;
    ClockHealth health;
    for (int i = 0; i < 5; ++i)
        health.add(clocks.after_a_second());
    clocks.realtime_off -= 250'000'000;
    clocks.tai_off -= 250'000'000;
    const auto jumps = health.add(clocks.after_a_second());
    ASSERT_EQ(jumps.size(), 2u);
    EXPECT_EQ(jumps[0].kind, IncidentKind::clock_jump);
    EXPECT_EQ(jumps[0].subject, "realtime");
    EXPECT_EQ(jumps[0].amount, -250'000'000);
    EXPECT_EQ(jumps[0].at_ns, static_cast<std::uint64_t>(clocks.now_ns));
    EXPECT_EQ(jumps[1].subject, "tai");
    EXPECT_TRUE(health.add(clocks.after_a_second()).empty());
    EXPECT_EQ(find(health, "realtime").jumps, 1u);
    EXPECT_EQ(find(health, "realtime").last_jump_ns, -250'000'000);
    EXPECT_NEAR(find(health, "realtime").drift_ppm, 0, 1e-9);
}

TEST(ClockHealth, reports_a_machine_that_was_suspended) {
    FakeClocks clocks;
    ClockHealth health;
    health.add(clocks.read());
    const auto slept = static_cast<std::int64_t>(3600 * kSecondNs);
    for (auto* off : {&clocks.boottime_off, &clocks.realtime_off, &clocks.tai_off})
        *off += slept;
    const auto jumps = health.add(clocks.after_a_second());
    ASSERT_EQ(jumps.size(), 3u);
    EXPECT_EQ(jumps[0].subject, "boottime");
    EXPECT_EQ(jumps[0].amount, slept);
}

TEST(ClockHealth, reports_a_tsc_that_went_back_on_another_machine) {
    FakeClocks clocks;
    ClockHealth health;
    for (int i = 0; i < 5; ++i)
        health.add(clocks.after_a_second());
    clocks.tsc_off -= 900 * static_cast<std::int64_t>(kSecondNs);
    const auto jumps = health.add(clocks.after_a_second());
    ASSERT_EQ(jumps.size(), 1u);
    EXPECT_EQ(jumps[0].subject, "tsc");
}

TEST(ClockHealth, takes_slewing_for_drift_and_not_for_a_jump) {
    FakeClocks clocks;
    ClockHealth health;
    for (int i = 0; i < 40; ++i)
        EXPECT_TRUE(health.add(clocks.after_a_second(0)).empty());
    for (int i = 0; i < 40; ++i)
        EXPECT_TRUE(health.add(clocks.after_a_second(500'000)).empty());
    EXPECT_NEAR(find(health, "monotonic-raw").drift_ppm, 500, 0.1);
}

TEST(ClockHealth, reports_only_what_is_over_the_threshold) {
    for (const std::int64_t step : {900'000, 1'100'000}) {
        FakeClocks clocks;
        ClockHealth health;
        for (int i = 0; i < 5; ++i)
            health.add(clocks.after_a_second());
        clocks.realtime_off += step;
        EXPECT_EQ(health.add(clocks.after_a_second()).size(), step > 1'000'000 ? 1u : 0u);
    }
}

TEST(ClockHealth, bears_a_pipeline_clock_that_counts_in_buffers) {
    FakeClocks clocks;
    ClockHealth health;
    for (int i = 0; i < 100; ++i) {
        clocks.pipeline_off = i % 2 == 0 ? 0 : 10'000'000;
        EXPECT_TRUE(health.add(clocks.after_a_second()).empty());
    }
    EXPECT_NEAR(find(health, "pipeline").drift_ppm, 0, 700);
    clocks.pipeline_off = -50'000'000;
    EXPECT_EQ(health.add(clocks.after_a_second()).size(), 1u);
}

TEST(ClockHealth, forgets_a_clock_that_is_missing) {
    FakeClocks clocks;
    ClockHealth health;
    health.add(clocks.read());
    ClockReading without = clocks.after_a_second();
    without.pipeline_ns.reset();
    health.add(without);
    EXPECT_EQ(health.stats().size(), ClockHealth::kClocks - 1);
    clocks.pipeline_off += 77 * static_cast<std::int64_t>(kSecondNs);
    EXPECT_TRUE(health.add(clocks.after_a_second()).empty());
    EXPECT_EQ(find(health, "pipeline").jumps, 0u);
}

TEST(ClockHealth, ignores_a_reading_that_is_not_newer) {
    FakeClocks clocks;
    ClockHealth health;
    health.add(clocks.read());
    clocks.realtime_off += 5'000'000'000;
    EXPECT_TRUE(health.add(clocks.read()).empty());
    EXPECT_EQ(find(health, "realtime").jumps, 0u);
}

TEST(TimerLateness, tells_stalls_from_what_is_merely_late) {
    TimerLateness timer(20'000'000);
    timer.record(100, 100 + 20'000'000);
    timer.record(100, 50);
    EXPECT_FALSE(timer.take_stall());
    timer.record(200, 200 + 20'000'001);
    const auto stall = timer.take_stall();
    ASSERT_TRUE(stall);
    EXPECT_EQ(stall->late_ns, 20'000'001u);
    EXPECT_EQ(stall->at_ns, 20'000'201u);
    EXPECT_FALSE(timer.take_stall());
    EXPECT_EQ(timer.stats().stalls, 1u);
    EXPECT_EQ(timer.stats().lateness.count, 3u);
    EXPECT_EQ(timer.stats().lateness.max, 20'000'001u);
}

TEST(TimerLateness, counts_the_stalls_that_its_queue_cannot_hold) {
    TimerLateness timer(10);
    for (std::uint64_t i = 0; i < TimerLateness::kQueue + 5; ++i)
        timer.record(0, 100 + i);
    EXPECT_EQ(timer.stats().stalls, TimerLateness::kQueue + 5);
    for (std::uint64_t i = 0; i < TimerLateness::kQueue; ++i)
        EXPECT_EQ(timer.take_stall()->late_ns, 100 + i);
    EXPECT_FALSE(timer.take_stall());
    timer.record(0, 500);
    EXPECT_EQ(timer.take_stall()->late_ns, 500u);
}

} // namespace

} // namespace tactus
