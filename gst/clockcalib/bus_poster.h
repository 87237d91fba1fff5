// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/stats.h"
#include "core/latency/latency_observer.h"

#include <cstdint>

namespace tactus {

/// Tells applications through the buses of their pipelines: the figures every interval
/// ("clockcalib-stats"), and stalls, jumps and lost records ("clockcalib-incident") at once.
///
/// Threads: one. Posts with a reference to the pipeline and no lock held; sync handlers of the
/// application run within.
class BusPoster {
  public:
    void set_interval_ns(std::uint64_t interval_ns);
    /// Whether it is time for the figures; the next time is an interval from then.
    bool due(std::uint64_t now_ns);
    static void post_stats(const Stats& stats);
    /// To all pipelines: clocks are everybody's.
    static void post_incident(const Incident& incident);

  private:
    std::uint64_t interval_ns_ = 0;
    std::uint64_t next_ns_ = 0;
};

/// "stall", "clock-jump" or "records-lost".
const char* incident_name(IncidentKind kind);

} // namespace tactus
