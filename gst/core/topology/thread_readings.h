// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tactus {

/// What the kernel counts for one thread. Nothing where it does not tell.
struct ThreadReadings {
    std::string name;
    unsigned cpu = 0; ///< where it runs or ran last
    std::uint64_t minor_faults = 0;
    std::uint64_t major_faults = 0;
    std::uint64_t cpu_ticks = 0; ///< user and system
    std::optional<std::uint64_t> voluntary_switches;
    std::optional<std::uint64_t> involuntary_switches;
    std::optional<std::uint64_t> run_ns;
    std::optional<std::uint64_t> wait_ns; ///< ready to run, but waiting for a CPU
    std::optional<std::uint64_t> time_slices;
    std::optional<std::uint64_t> migrations;
    /// Since the thread was last seen with AVX-512 registers in use, those of 256-bit code too;
    /// kNoAvx512 if it never was. Nothing on CPUs without.
    std::optional<std::uint64_t> avx512_elapsed_ms;
};
constexpr std::uint64_t kNoAvx512 = UINT64_MAX;

/// Reads /proc/PROCESS/task/TID: stat, status, schedstat, sched, and /proc/TID/arch_status. `root`
/// is "/" but in tests; `process` a process id or "self". Nothing if there is no such thread. Any
/// thread. Sources: the kernel's filesystems/proc.rst (also for AVX512_elapsed_ms),
/// scheduler/sched-stats.rst.
std::optional<ThreadReadings> read_thread(const std::string& root, const std::string& process,
                                          pid_t tid);

/// The threads of a process, by number; none if there is no such process.
std::vector<pid_t> read_thread_ids(const std::string& root, const std::string& process);

/// When it started, in ticks since boot.
std::optional<std::uint64_t> read_thread_start(const std::string& root, const std::string& process,
                                               pid_t tid);

/// What was counted between two readings of a thread; its name and CPU are the later ones.
ThreadReadings difference(const ThreadReadings& from, const ThreadReadings& to);

} // namespace tactus
