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

    /// Threads that were put on the same physical core as this one, by name. None if it, or they,
    /// may run on several.
    std::vector<std::string> core_mates(pid_t tid, const Topology& topology);

  private:
    ProcessPins() : ledger_(system_) {}

    LinuxThreadSystem system_;
    ThreadLedger ledger_;
    std::mutex lock_;
    CpuPlanner planner_;
    std::weak_ptr<const Topology> topology_;
};

} // namespace tactus
