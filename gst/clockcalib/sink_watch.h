// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// Looks now and then at how the sinks of the process wait for their clock, which no record tells.
///
/// Threads: one. Takes references to elements for the time of the look; holds none.
class SinkWatch {
  public:
    /// All sinks there are.
    std::vector<SinkSync> look();
    /// A pipeline's clock, and CLOCK_MONOTONIC when it was read; of the sink seen first.
    struct ClockSeen {
        std::uint64_t monotonic_ns = 0;
        std::uint64_t clock_ns = 0;
    };
    /// As of now; nothing where no pipeline runs, and once when another clock has been chosen.
    std::optional<ClockSeen> read_pipeline_clock();

  private:
    std::uint32_t clock_of_ = 0;  ///< the sink whose clock is read; 0: none runs
    const void* clock_ = nullptr; ///< which clock that was, never followed
};

} // namespace tactus
