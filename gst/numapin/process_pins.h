// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_planner.h"
#include "core/topology/thread_ledger.h"
#include "core/topology/thread_system.h"
#include "core/topology/topology.h"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus {

/// What all numapins of the process share: who pinned which thread, who was given which CPU, and
/// the topology.
///
/// Threads: any; no lock of it is held during a call of its caller's.
class ProcessPins {
  public:
    static ProcessPins& get();

    ThreadSystem& system() { return system_; }
    ThreadLedger& ledger() { return ledger_; }

    /// The machine's, read again once nobody holds the last reading. Null, and why, if it cannot
    /// be.
    std::shared_ptr<const Topology> topology(std::string& error);

    CpuPlanner::Plan claim(const Topology& topology, const CpuPlanner::Request& request);
    void release(std::uint64_t ticket);

    /// Pinned threads by name, so that one finds who shares its core.
    void place(pid_t tid, const std::string& name, const CpuSet& cpus);
    void displace(pid_t tid);
    /// Those that share a physical core with a thread that is pinned to one CPU.
    std::vector<std::string> core_mates(pid_t tid, const Topology& topology);

  private:
    struct Placed {
        pid_t tid;
        std::string name;
        CpuSet cpus;
    };

    ProcessPins() : ledger_(system_) {}

    LinuxThreadSystem system_;
    ThreadLedger ledger_;
    std::mutex lock_;
    CpuPlanner planner_;
    std::weak_ptr<const Topology> topology_;
    std::vector<Placed> placed_;
};

} // namespace tactus
