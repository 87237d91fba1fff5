// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_limits.h"
#include "core/topology/cpu_set.h"
#include "core/topology/thread_readings.h"
#include "core/topology/thread_settings.h"
#include "core/topology/thread_system.h"
#include "core/topology/topology.h"

#include <cstdint>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tactus {

/// One thread of a process, at one time.
struct ThreadLook {
    pid_t tid = 0;
    ThreadReadings readings;
    CpuSet cpus;
    Scheduling scheduling;
    bool is_task = false; ///< by its name, a GStreamer task
};

/// A process as another one sees it, at one time.
struct ProcessLook {
    std::uint64_t at_ns = 0;
    CpuLimits limits;
    std::vector<ThreadLook> threads;
    std::map<unsigned, std::uint64_t> node_bytes; ///< memory on each NUMA node
    std::uint64_t throttled_ns = 0;
};

/// Reads it. Without threads there is no such process. What the kernel does not show of a process
/// of somebody else's is left out. `root` is "/" but in tests.
ProcessLook look_at_process(const std::string& root, pid_t process, ThreadSystem& system,
                            std::uint64_t now_ns);

/// What two looks tell of a thread.
struct ThreadAdvice {
    pid_t tid = 0;
    ThreadReadings counted;         ///< between the looks
    double busy = 0;                ///< CPUs' worth of time between the looks
    std::vector<std::string> lines; ///< what hurts
    std::string set; ///< the numapin to put behind this thread's element; empty: none
};

/// Compares two looks at one process, for its threads in the order of the second. Busy GStreamer
/// tasks that may run on more than one CPU are planned as `cpus=auto` would.
std::vector<ThreadAdvice> advise(const Topology& topology, const ProcessLook& first,
                                 const ProcessLook& second);

} // namespace tactus
