// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/clock_health_monitor.h"

#include <atomic>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace tactus {

namespace {

/// CLOCK_REALTIME and a second that passes with each reading.
class FakeReader : public ClockReader {
  public:
    explicit FakeReader(std::int64_t* step_ns) : step_ns_(step_ns) {}
    ClockReading read() override {
        ClockReading reading;
        now_ns_ += 1'000'000'000;
        reading.monotonic_ns = now_ns_;
        reading.realtime_ns = static_cast<std::int64_t>(now_ns_) + *step_ns_;
        return reading;
    }

  private:
    std::int64_t* step_ns_;
    std::uint64_t now_ns_ = 0;
};

/// Is late by 30 ms once, for each thread that sleeps by it. Time is counted per thread.
class StallingClock : public SleepClock {
  public:
    explicit StallingClock(std::atomic<int>* wakeups) : wakeups_(wakeups) {}
    std::uint64_t now_ns() override { return thread_ns(); }
    void sleep_until(std::uint64_t until_ns) override {
        thread_ns() = until_ns + (until_ns == 30'000'000 ? 30'000'000 : 0);
        wakeups_->fetch_add(1);
        std::this_thread::yield();
    }

  private:
    static std::uint64_t& thread_ns() {
        thread_local std::uint64_t ns = 0;
        return ns;
    }
    std::atomic<int>* wakeups_;
};

TEST(ClockHealthMonitor, reports_stalls_and_jumps_that_are_put_in) {
    std::int64_t step_ns = 0;
    std::atomic<int> wakeups{0};
    ClockHealthMonitor monitor({std::make_unique<FakeReader>(&step_ns),
                                std::make_unique<MachineReadings>("/nonexistent"),
                                std::make_unique<StallingClock>(&wakeups)});
    monitor.start();
    ASSERT_EQ(monitor.snapshot().timers.size(), 2u);
    ASSERT_EQ(monitor.snapshot().timers[0].unavailable, "");
    const bool fifo = monitor.snapshot().timers[1].unavailable.empty();
    while (monitor.snapshot().timers[0].lateness.count < 100 ||
           (fifo && monitor.snapshot().timers[1].lateness.count < 100))
        std::this_thread::yield();
    monitor.stop();
    const HealthReport first = monitor.poll(1'000'000'000, std::nullopt);
    ASSERT_EQ(first.incidents.size(), fifo ? 2u : 1u);
    EXPECT_EQ(first.incidents[0].kind, IncidentKind::stall);
    EXPECT_EQ(first.incidents[0].subject, "other");
    EXPECT_EQ(first.incidents[0].amount, 30'000'000);
    EXPECT_EQ(first.incidents[0].at_ns, 60'000'000u);
    step_ns = -2'000'000'000;
    const HealthReport second = monitor.poll(2'000'000'000, std::nullopt);
    ASSERT_EQ(second.incidents.size(), 1u);
    EXPECT_EQ(second.incidents[0].kind, IncidentKind::clock_jump);
    EXPECT_EQ(second.incidents[0].subject, "realtime");
    EXPECT_EQ(second.incidents[0].amount, -2'000'000'000);
    EXPECT_EQ(monitor.snapshot().timers[0].stalls, 1u);
}

TEST(ClockHealthMonitor, compares_the_pipeline_clock_at_the_moment_of_the_reading) {
    std::int64_t step_ns = 0;
    ClockHealthMonitor monitor({std::make_unique<FakeReader>(&step_ns),
                                std::make_unique<MachineReadings>("/nonexistent"),
                                std::make_unique<MonotonicSleepClock>()});
    // Read 400 ns before the others, and 5000 ahead of CLOCK_MONOTONIC.
    monitor.poll(1'000'000'000 - 400, 1'000'000'000 - 400 + 5000);
    const ClockHealthSnapshot snapshot = monitor.snapshot();
    ASSERT_EQ(snapshot.clocks.size(), 2u);
    EXPECT_EQ(snapshot.clocks[1].name, "pipeline");
    EXPECT_EQ(snapshot.clocks[1].offset_ns, 5000);
}

TEST(ClockHealthMonitor, observes_this_machine) {
    ClockHealthMonitor monitor;
    monitor.start();
    const std::uint64_t now_ns = MonotonicSleepClock().now_ns();
    const HealthReport report = monitor.poll(now_ns, now_ns);
    EXPECT_FALSE(report.samples.empty());
    const ClockHealthSnapshot snapshot = monitor.snapshot();
    EXPECT_GE(snapshot.clocks.size(), 5u);
    for (const ClockStats& clock : snapshot.clocks)
        EXPECT_EQ(clock.jumps, 0u) << clock.name;
    monitor.start();
    monitor.stop();
}

TEST(ClockHealthMonitor, can_be_destroyed_in_a_forked_child) {
    auto monitor = std::make_unique<ClockHealthMonitor>();
    monitor->start();
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        monitor.reset();
        _exit(0);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace

} // namespace tactus
