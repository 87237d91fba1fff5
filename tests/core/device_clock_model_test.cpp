// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/device_clock_model.h"
#include "simulated_device_clock.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace tactus {

namespace {

using Device = SimulatedDeviceClock::Settings;

constexpr std::uint64_t kPeriodNs = 100'000'000;

struct Outcome {
    std::vector<double> errors_ns;
    std::vector<double> bounds_ns;
    std::size_t contained = 0;
    ClockModelCounters counters;

    static double quantile(std::vector<double> values, double q) {
        std::sort(values.begin(), values.end());
        return values.at(static_cast<std::size_t>(q * static_cast<double>(values.size() - 1)));
    }
    double error(double q) const { return quantile(errors_ns, q); }
    double bound(double q) const { return quantile(bounds_ns, q); }
    double contained_share() const {
        return static_cast<double>(contained) / static_cast<double>(errors_ns.size());
    }
};

DeviceClockModel model_for(const Device& device) {
    return *DeviceClockModel::create({device.tick_period_ns, device.valid_bits});
}

/// Samples at 10 Hz; asks half a period after each one for the time of the device's ticks.
Outcome run(const Device& settings, unsigned samples, double jump_ns = 0) {
    SimulatedDeviceClock device(settings);
    DeviceClockModel model = model_for(settings);
    Outcome outcome;
    for (unsigned i = 0; i < samples; ++i) {
        if (jump_ns != 0 && i % 500 == 499)
            device.jump(i % 1000 == 499 ? jump_ns : -jump_ns);
        const auto sample = take_best_sample(device, 3, model.good_enough_ns());
        model.add(*sample);
        device.advance(kPeriodNs / 2);
        const auto mapped = model.map(device.ticks_at(0), device.now_ns());
        const double error_ns = std::abs(
            static_cast<double>(static_cast<std::int64_t>(mapped->cpu_ns - device.now_ns())));
        outcome.errors_ns.push_back(error_ns);
        outcome.bounds_ns.push_back(mapped->bound_ns);
        outcome.contained += error_ns <= mapped->bound_ns ? 1 : 0;
        device.advance(kPeriodNs / 2);
    }
    outcome.counters = model.counters();
    return outcome;
}

void expect_contained(const char* what, const Outcome& outcome) {
    SCOPED_TRACE(what);
    EXPECT_GE(outcome.contained_share(), 0.999);
    std::printf("%-28s error P50 %7.0f P99 %7.0f ns, bound P50 %7.0f P99 %7.0f ns, in %.5f\n", what,
                outcome.error(0.5), outcome.error(0.99), outcome.bound(0.5), outcome.bound(0.99),
                outcome.contained_share());
}

TEST(DeviceClockModel, reaches_25_ns_and_90_ns_half_a_period_ahead) {
    const Outcome outcome = run({}, 20000);
    expect_contained("half width", outcome);
    EXPECT_LE(outcome.error(0.5), 25);
    EXPECT_LE(outcome.error(0.99), 90);
    EXPECT_LE(outcome.bound(0.99), 600);
    EXPECT_EQ(outcome.counters.jumps, 0u);
}

TEST(DeviceClockModel, bounds_the_error_however_it_lies_within_the_deviation) {
    expect_contained("even", run({.shape = ErrorShape::even}, 20000));
    expect_contained("triangular", run({.shape = ErrorShape::triangular}, 20000));
    expect_contained("one-sided", run({.shape = ErrorShape::late_only}, 20000));
}

TEST(DeviceClockModel, bounds_the_error_under_skew_and_wander) {
    expect_contained("skew 100 ppm", run({.skew_ppm = 100}, 20000));
    expect_contained("skew -100 ppm", run({.skew_ppm = -100}, 20000));
    expect_contained("wander 0", run({.wander_ppm_per_sqrt_s = 0}, 20000));
    expect_contained("wander 0.2", run({.wander_ppm_per_sqrt_s = 0.2}, 20000));
}

TEST(DeviceClockModel, bounds_the_error_with_coarse_ticks_that_wrap) {
    for (const double tick_ns : {1.0, 10.0, 52.083333, 100.0, 1000.0})
        for (const unsigned bits : {36u, 48u, 64u}) {
            const Outcome outcome = run({.tick_period_ns = tick_ns,
                                         .valid_bits = bits,
                                         .start_ticks = (UINT64_MAX >> (64 - bits)) - 1'000'000},
                                        5000);
            expect_contained("ticks that wrap", outcome);
            EXPECT_EQ(outcome.counters.jumps, 0u);
            EXPECT_LE(outcome.error(0.99), 90 + tick_ns);
        }
}

TEST(DeviceClockModel, finds_jumps_of_the_device_and_bounds_the_error_meanwhile) {
    for (const double jump_ns : {5e3, 1e6, -3e9}) {
        const Outcome outcome = run({}, 20010, jump_ns);
        expect_contained("jumps", outcome);
        EXPECT_EQ(outcome.counters.jumps, 40u);
        EXPECT_LE(outcome.error(0.98), 120);
    }
}

TEST(DeviceClockModel, bounds_the_error_with_preempted_samples) {
    const Outcome told = run({.preempted_share = 0.4}, 20000);
    expect_contained("preempted, told", told);
    EXPECT_LE(told.error(0.99), 150);
    const Outcome untold = run({.preempted_share = 0.01, .preemption_is_told = false}, 20000);
    expect_contained("preempted, not told", untold);
    EXPECT_GT(untold.counters.outliers, 50u);
}

TEST(DeviceClockModel, widens_the_bound_for_a_driver_that_lies) {
    for (const double claimed : {0.5, 0.1, 0.01}) {
        expect_contained("lies", run({.claimed_deviation = claimed}, 20000));
        expect_contained("lies, even",
                         run({.claimed_deviation = claimed, .shape = ErrorShape::even}, 20000));
        expect_contained("lies, large",
                         run({.deviation_ns = 10000, .claimed_deviation = claimed}, 20000));
    }
}

TEST(DeviceClockModel, says_how_it_came_to_its_estimate) {
    SimulatedDeviceClock device(Device{.skew_ppm = 40});
    DeviceClockModel model = model_for({});
    EXPECT_FALSE(model.estimate(0));
    EXPECT_FALSE(model.map(0, 0));
    model.add(*device.take());
    EXPECT_EQ(model.estimate(device.now_ns())->method, ClockMethod::nominal);
    for (int i = 0; i < 40; ++i) {
        device.advance(kPeriodNs);
        EXPECT_EQ(model.add(*device.take()), SampleVerdict::accepted);
    }
    const auto now = model.estimate(device.now_ns());
    EXPECT_EQ(now->method, ClockMethod::regression);
    EXPECT_NEAR(now->skew_ppm, 40, 0.5);
    EXPECT_EQ(now->age_ns, 0u);
    const auto later = model.estimate(device.now_ns() + 10'000'000'000);
    EXPECT_EQ(later->age_ns, 10'000'000'000u);
    EXPECT_GT(later->bound_ns, now->bound_ns);
    device.advance(kPeriodNs);
    device.jump(1e6);
    std::vector<SampleVerdict> verdicts;
    for (int i = 0; i < 3; ++i, device.advance(kPeriodNs))
        verdicts.push_back(model.add(*device.take()));
    EXPECT_EQ(verdicts, (std::vector<SampleVerdict>{SampleVerdict::held, SampleVerdict::held,
                                                    SampleVerdict::jumped}));
    const auto jumped = model.estimate(device.now_ns());
    EXPECT_EQ(jumped->method, ClockMethod::held_slope);
    EXPECT_NEAR(jumped->skew_ppm, 40, 0.5);
    EXPECT_NEAR(static_cast<double>(jumped->offset_ns - now->offset_ns), -1e6, 5e4);
}

TEST(DeviceClockModel, keeps_the_slope_over_a_pause_longer_than_a_wrap) {
    Device settings{.valid_bits = 36, .skew_ppm = 40};
    SimulatedDeviceClock device(settings);
    DeviceClockModel model = model_for(settings);
    for (int i = 0; i < 40; ++i, device.advance(kPeriodNs))
        model.add(*device.take());
    device.advance(200'000'000'000);
    model.add(*device.take());
    EXPECT_NEAR(model.estimate(device.now_ns())->skew_ppm, 40, 0.5);
    EXPECT_EQ(model.counters().jumps, 0u);
    const auto mapped = model.map(device.ticks_at(0), device.now_ns());
    EXPECT_NEAR(static_cast<double>(mapped->cpu_ns - device.now_ns()), 0, 500);
}

TEST(DeviceClockModel, refuses_what_makes_no_sense) {
    EXPECT_FALSE(DeviceClockModel::create({0.0, 64}));
    EXPECT_FALSE(DeviceClockModel::create({-1.0, 64}));
    EXPECT_FALSE(DeviceClockModel::create({std::numeric_limits<double>::infinity(), 64}));
    EXPECT_FALSE(DeviceClockModel::create({1.0, 0}));
    EXPECT_FALSE(DeviceClockModel::create({1.0, 65}));
    DeviceClockModel model = model_for({});
    EXPECT_EQ(model.add({1000, 0, -1.0}), SampleVerdict::rejected);
    EXPECT_EQ(model.add({1000, 0, std::nan("")}), SampleVerdict::rejected);
    EXPECT_EQ(model.add({1000, 0, 1.0}), SampleVerdict::accepted);
    EXPECT_EQ(model.add({1000, 5, 1.0}), SampleVerdict::rejected);
    EXPECT_EQ(model.counters().rejected, 3u);
    EXPECT_EQ(model.counters().samples, 4u);
}

TEST(DeviceClockModel, bears_any_ticks) {
    DeviceClockModel model = model_for({});
    std::mt19937_64 random(7);
    for (std::uint64_t t = 1; t < 1000; ++t) {
        model.add({t * kPeriodNs, random(), 1e9});
        const auto mapped = model.map(random(), t * kPeriodNs);
        EXPECT_TRUE(std::isfinite(mapped->bound_ns));
        EXPECT_TRUE(std::isfinite(model.estimate(t * kPeriodNs)->skew_ppm));
    }
}

TEST(TakeBestSample, keeps_the_best_of_a_bounded_number_of_tries) {
    SimulatedDeviceClock device(Device{.preempted_share = 0.5});
    const auto sample = take_best_sample(device, 20, 0);
    EXPECT_EQ(device.tries, 20u);
    EXPECT_EQ(sample->deviation_ns, 300);
    device.tries = 0;
    take_best_sample(device, 20, 600);
    EXPECT_LT(device.tries, 20u);
    device.fail_next = 5;
    EXPECT_FALSE(take_best_sample(device, 5, 600));
}

} // namespace

} // namespace tactus
