// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_set.h"

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// What limits the CPU time of a process, and which CPUs the kernel keeps apart.
struct CpuLimits {
    /// CPUs' worth of time that the cgroups grant: the least of all quotas above the process.
    std::optional<double> quota_cpus;
    std::string quota_folder; ///< the cgroup that grants the least
    /// CPUs of the cpuset that applies; nothing where no such controller is mounted.
    std::optional<CpuSet> cpuset;
    CpuSet isolated;  ///< isolcpus= or an isolated cpuset partition: nobody is put there unasked
    CpuSet nohz_full; ///< no timer tick while one thread alone runs there

    /// How many busy threads the quota feeds: at least 1; nothing without a quota.
    std::optional<unsigned> threads_fed() const;
};

/// Reads them. A file that is missing or makes no sense limits nothing. `root` is "/" but in tests;
/// `process` a process id or "self". Any thread.
CpuLimits read_cpu_limits(const std::string& root = "/", const std::string& process = "self");

/// What the quotas of the cgroups above a process have cost: summed over those cgroups and, as the
/// kernel counts it, over CPUs. The kernel counts for a cgroup, not for a thread.
struct Throttling {
    std::uint64_t ns = 0;
    std::uint64_t periods = 0;
};
/// From cpu.stat, of version 1 and 2; nothing where no cgroup counts.
std::optional<Throttling> read_throttling(const std::string& root = "/",
                                          const std::string& process = "self");

/// The clock of a CPU, in kHz: as it is, and the base clock that it keeps without a boost. Nothing
/// where the driver does not tell. Some drivers take milliseconds.
struct CpuClock {
    std::optional<std::uint64_t> now_khz;
    std::optional<std::uint64_t> base_khz;
};
CpuClock read_cpu_clock(const std::string& root, unsigned cpu);

} // namespace tactus
