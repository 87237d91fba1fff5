// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/stats/log_linear_histogram.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// A clock as seen from CLOCK_MONOTONIC.
struct ClockStats {
    std::string name;        ///< "monotonic-raw", "boottime", "realtime", "tai", "tsc", "pipeline"
    double offset_ns = 0;    ///< the clock minus CLOCK_MONOTONIC, now
    double drift_ppm = 0;    ///< how much faster than CLOCK_MONOTONIC it runs
    std::uint64_t jumps = 0; ///< steps seen (NTP steps, suspended machines)
    std::int64_t last_jump_ns = 0;
};

/// How late an absolute timer woke a thread of one scheduling class.
struct TimerStats {
    std::string scheduling_class;         ///< "other", "fifo"
    std::string unavailable;              ///< why there are no figures; empty if there are
    LogLinearHistogram::Summary lateness; ///< in ns
    std::uint64_t stalls = 0;             ///< wake-ups later than the stall threshold
};

/// What the kernel tells of the machine; nothing where it does not tell.
struct MachineStats {
    std::optional<std::uint64_t> steal_ns;     ///< since the start
    std::optional<std::uint64_t> throttled_ns; ///< by the cgroup's quota, since the start
    std::optional<std::uint64_t> throttled_periods;
    std::optional<std::uint64_t> cpu_frequency_min_khz; ///< over all CPUs, seen since the start
    std::optional<std::uint64_t> cpu_frequency_max_khz;
    std::optional<std::uint64_t> cpu_frequency_changes; ///< by more than 5 %
};

struct ClockHealthSnapshot {
    std::vector<ClockStats> clocks;
    std::vector<TimerStats> timers;
    MachineStats machine;
};

} // namespace tactus
