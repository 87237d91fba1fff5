// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_limits.h"
#include "core/topology/cpu_set.h"
#include "core/topology/topology.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// Spreads threads over CPUs: each gets one CPU of its own, one per physical core of a node while
/// there are any, inside what it may use and what the quota feeds.
///
/// A core with nobody on it comes before a second hardware thread, wherever it is. Of those, a
/// thread goes near its device; then to the node where most threads of its group are; then to
/// isolated CPUs that it may use, as the kernel puts nobody else there, and of them those without a
/// timer tick; then to the node with the most cores free. Two threads never share a CPU: when all
/// are taken there is no plan.
///
/// Threads: one at a time.
class CpuPlanner {
  public:
    struct Request {
        CpuSet allowed;              ///< the thread's affinity mask
        CpuSet near;                 ///< CPUs near its device; empty if not known
        const void* group = nullptr; ///< threads of one pipeline stay together
        CpuLimits limits;
    };
    struct Plan {
        std::optional<unsigned> cpu;
        std::uint64_t ticket = 0; ///< for `release`
        std::string problem;      ///< why there is no CPU
    };

    Plan claim(const Topology& topology, const Request& request);
    void release(std::uint64_t ticket);

  private:
    struct Claim {
        std::uint64_t ticket;
        unsigned cpu;
        const void* group;
    };
    using Rank = std::vector<unsigned>; ///< the least is the best

    Rank rank_of(const CpuPlace& place, const Topology& topology, const Request& request) const;
    unsigned threads_on_core(const Topology& topology, unsigned core) const;
    unsigned group_threads_on(const Topology& topology, unsigned node, const void* group) const;
    unsigned busy_cores(const Topology& topology, unsigned node, const CpuSet& allowed) const;
    bool is_taken(unsigned cpu) const;

    std::vector<Claim> claims_;
    std::uint64_t last_ticket_ = 0;
};

} // namespace tactus
