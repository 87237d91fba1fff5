// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/clock_health_snapshot.h"
#include "core/topology/cpu_limits.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tactus {

/// Reads what the kernel tells of a machine's trouble: steal time from /proc/stat, throttling from
/// the cpu.stat of the own cgroup and all above it (version 1 and 2, at the usual mount points),
/// and the frequency of CPUs. A file that is missing or makes no sense gives no figure.
///
/// Figures count from the first reading. Throttled time is summed over the cgroups in the way and,
/// as the kernel counts it, over CPUs. At most 16 CPUs' frequencies are read at a time, in turn,
/// because some drivers take milliseconds for each.
///
/// Threads: one. Sources: the kernel's Documentation/filesystems/proc.rst,
/// admin-guide/cgroup-v2.rst, scheduler/sched-bwc.rst, admin-guide/pm/cpufreq.rst.
class MachineReadings {
  public:
    static constexpr std::size_t kCpusAtATime = 16;

    /// `root` is "/" but in tests; `ticks_per_second` is sysconf(_SC_CLK_TCK), or 0 to ask.
    explicit MachineReadings(std::string root = "/", long ticks_per_second = 0);

    void read();
    const MachineStats& stats() const { return stats_; }

  private:
    std::optional<std::uint64_t> read_steal_ns() const;
    void read_frequencies();
    void see_frequency(std::size_t cpu, std::uint64_t khz);

    std::string root_;
    std::uint64_t ns_per_tick_;
    std::optional<std::uint64_t> first_steal_ns_;
    std::optional<Throttling> first_throttling_;
    std::map<std::size_t, std::uint64_t> khz_; ///< of each CPU, as last counted
    std::size_t next_cpu_ = 0;
    MachineStats stats_;
};

} // namespace tactus
