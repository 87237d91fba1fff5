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
    /// A pipeline's clock minus CLOCK_MONOTONIC as of the last look: of the sink seen first.
    std::optional<std::uint64_t> pipeline_clock_ns() const { return pipeline_clock_ns_; }

  private:
    std::optional<std::uint64_t> pipeline_clock_ns_;
};

} // namespace tactus
