// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/clock_health_monitor.h"

#include <string_view>
#include <utility>

namespace tactus {

namespace {

struct TimerName {
    SchedulingClass scheduling;
    std::string_view name;
    std::string_view p50;
    std::string_view p99;
    std::string_view max;
};

constexpr TimerName kTimers[] = {
    {SchedulingClass::other, "other", "timer lateness other p50", "timer lateness other p99",
     "timer lateness other max"},
    {SchedulingClass::fifo, "fifo", "timer lateness fifo p50", "timer lateness fifo p99",
     "timer lateness fifo max"},
};

ClockHealthMonitor::Sources the_machine() {
    ClockHealthMonitor::Sources sources;
    sources.clocks = std::make_unique<LinuxClockReader>();
    sources.machine = std::make_unique<MachineReadings>();
    sources.sleep_clock = std::make_unique<MonotonicSleepClock>();
    return sources;
}

} // namespace

struct ClockHealthMonitor::Timer {
    Timer(const TimerName& timer_name, SleepClock* clock, std::uint64_t stall_threshold_ns)
        : name(timer_name), lateness(stall_threshold_ns),
          sleeper(timer_name.scheduling, clock,
                  [this](std::uint64_t requested_ns, std::uint64_t actual_ns) {
                      lateness.record(requested_ns, actual_ns);
                  }) {}

    const TimerName& name;
    TimerLateness lateness;
    AbsoluteSleeper sleeper; ///< after what its thread writes to, so that it stops first
    std::string unavailable;
};

ClockHealthMonitor::ClockHealthMonitor() : ClockHealthMonitor(the_machine()) {}

ClockHealthMonitor::ClockHealthMonitor(Sources sources) : sources_(std::move(sources)) {}

ClockHealthMonitor::~ClockHealthMonitor() {
    stop();
}

void ClockHealthMonitor::start(std::uint64_t stall_threshold_ns) {
    stop();
    timers_.clear();
    for (const TimerName& name : kTimers) {
        timers_.push_back(
            std::make_unique<Timer>(name, sources_.sleep_clock.get(), stall_threshold_ns));
        timers_.back()->unavailable = timers_.back()->sleeper.start();
    }
}

void ClockHealthMonitor::stop() {
    for (const auto& timer : timers_)
        timer->sleeper.stop();
}

HealthReport ClockHealthMonitor::poll(std::uint64_t now_ns,
                                      std::optional<std::uint64_t> pipeline_clock_ns) {
    HealthReport report;
    for (const auto& timer : timers_)
        while (const auto stall = timer->lateness.take_stall())
            report.incidents.push_back({IncidentKind::stall, stall->at_ns,
                                        static_cast<std::int64_t>(stall->late_ns),
                                        timer->name.name});
    ClockReading reading = sources_.clocks->read();
    if (pipeline_clock_ns)
        reading.pipeline_ns =
            static_cast<std::int64_t>(*pipeline_clock_ns + (reading.monotonic_ns - now_ns));
    const std::vector<Incident> jumps = clocks_.add(reading);
    report.incidents.insert(report.incidents.end(), jumps.begin(), jumps.end());
    sources_.machine->read();
    clocks_.append_samples(now_ns, report.samples);
    append_timer_samples(now_ns, report.samples);
    append_machine_samples(now_ns, report.samples);
    return report;
}

void ClockHealthMonitor::append_timer_samples(std::uint64_t now_ns,
                                              std::vector<CounterSample>& samples) const {
    for (const auto& timer : timers_) {
        if (!timer->unavailable.empty())
            continue;
        const LogLinearHistogram::Summary lateness = timer->lateness.stats().lateness;
        samples.push_back({now_ns, timer->name.p50, "ns", static_cast<double>(lateness.p50)});
        samples.push_back({now_ns, timer->name.p99, "ns", static_cast<double>(lateness.p99)});
        samples.push_back({now_ns, timer->name.max, "ns", static_cast<double>(lateness.max)});
    }
}

void ClockHealthMonitor::append_machine_samples(std::uint64_t now_ns,
                                                std::vector<CounterSample>& samples) const {
    const MachineStats& machine = sources_.machine->stats();
    const auto append = [&](const std::optional<std::uint64_t>& value, std::string_view name,
                            std::string_view unit) {
        if (value)
            samples.push_back({now_ns, name, unit, static_cast<double>(*value)});
    };
    append(machine.steal_ns, "steal", "ns");
    append(machine.throttled_ns, "throttled", "ns");
    append(machine.cpu_frequency_changes, "cpu frequency changes", "changes");
}

ClockHealthSnapshot ClockHealthMonitor::snapshot() const {
    ClockHealthSnapshot snapshot;
    snapshot.clocks = clocks_.stats();
    for (const auto& timer : timers_) {
        TimerStats stats = timer->lateness.stats();
        stats.scheduling_class = timer->name.name;
        stats.unavailable = timer->unavailable;
        snapshot.timers.push_back(std::move(stats));
    }
    snapshot.machine = sources_.machine->stats();
    return snapshot;
}

} // namespace tactus
