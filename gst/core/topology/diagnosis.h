// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_limits.h"
#include "core/topology/cpu_set.h"
#include "core/topology/thread_readings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// What is known of one thread over some time. What is left out is not judged.
struct ThreadFacts {
    std::uint64_t interval_ns = 0;
    ThreadReadings counted; ///< in that time
    std::uint64_t buffers = 0;

    CpuSet cpus; ///< what it is pinned to; empty: not pinned
    std::uint64_t samples = 0;
    std::uint64_t samples_outside = 0;

    std::optional<unsigned> thread_node;
    std::optional<unsigned> memory_node; ///< where most of its frames' memory is
    std::optional<double> remote_share;  ///< of its frames' memory, 0 to 1

    unsigned pinned_threads = 0; ///< in the process
    CpuLimits limits;
    std::uint64_t throttled_ns = 0;      ///< of the process
    std::vector<std::string> core_mates; ///< pinned threads on other hardware threads of its core

    std::optional<std::uint64_t> frequency_khz;
    std::optional<std::uint64_t> base_frequency_khz;
};

/// A line for each thing that hurts: what, by how much, and what to set. Empty: nothing does. The
/// worst come first. Pure; any thread.
std::vector<std::string> diagnose(const ThreadFacts& facts);

} // namespace tactus
