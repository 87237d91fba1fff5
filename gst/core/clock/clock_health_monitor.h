// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/absolute_sleeper.h"
#include "core/clock/clock_health.h"
#include "core/clock/clock_health_snapshot.h"
#include "core/clock/clock_reader.h"
#include "core/clock/machine_readings.h"
#include "core/clock/timer_lateness.h"
#include "core/latency/latency_observer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// What one second brought. The strings in it are literals and live for ever.
struct HealthReport {
    std::vector<Incident> incidents;    ///< stalls, then jumps
    std::vector<CounterSample> samples; ///< what to draw over time
};

/// The health of the clocks and timers of a machine: two sleeping threads (SCHED_OTHER and
/// SCHED_FIFO), the clocks, and what the kernel tells.
///
/// Threads: one calls everything. The sleepers hand over through TimerLateness without a lock.
/// After a fork the child has no sleepers; `stop` and the destructor bear that.
class ClockHealthMonitor {
  public:
    /// What it observes; by default the machine. Tests pass their own.
    struct Sources {
        std::unique_ptr<ClockReader> clocks;
        std::unique_ptr<MachineReadings> machine;
        std::unique_ptr<SleepClock> sleep_clock; ///< called by both sleepers at once
    };

    ClockHealthMonitor();
    explicit ClockHealthMonitor(Sources sources);
    ~ClockHealthMonitor();
    ClockHealthMonitor(const ClockHealthMonitor&) = delete;
    ClockHealthMonitor& operator=(const ClockHealthMonitor&) = delete;

    /// Starts the sleepers, with fresh figures. A class that is not to be had is named in the
    /// snapshot with the reason; the rest works.
    void start(std::uint64_t stall_threshold_ns = TimerLateness::kDefaultStallThresholdNs);

    /// Returns within 10 ms, late wake-ups aside. Figures can still be read.
    void stop();

    /// Once a second. `now_ns` is CLOCK_MONOTONIC when the pipeline's clock was read; without a
    /// pipeline clock (or when another one was chosen, once) pass nothing.
    HealthReport poll(std::uint64_t now_ns, std::optional<std::uint64_t> pipeline_clock_ns);

    ClockHealthSnapshot snapshot() const;

  private:
    struct Timer;

    void append_timer_samples(std::uint64_t now_ns, std::vector<CounterSample>& samples) const;
    void append_machine_samples(std::uint64_t now_ns, std::vector<CounterSample>& samples) const;

    Sources sources_;
    ClockHealth clocks_;
    std::vector<std::unique_ptr<Timer>> timers_;
};

} // namespace tactus
