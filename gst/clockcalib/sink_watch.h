// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"
#include "glue/handles.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace tactus {

/// Looks now and then at how the sinks of the process wait for their clock, which no record tells.
///
/// Threads: one at a time. What it looks at it keeps until take_seen(), as it may be the last to do
/// so: who lets go of that must hold no lock that the end of an element could want.
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

    using Seen = std::vector<std::unique_ptr<GstObject, ObjectUnref>>;
    /// What was looked at since the last call.
    Seen take_seen() { return std::exchange(seen_, {}); }

  private:
    /// Until take_seen(). The reference becomes ours.
    template <typename Object>
    Object* keep(Object* object) {
        if (object != nullptr)
            seen_.emplace_back(GST_OBJECT_CAST(object));
        return object;
    }
    SinkSync look_at(GstElement* element, std::uint32_t id);
    std::uint64_t monotonic_base_time(GstElement* element);

    Seen seen_;
    std::uint32_t clock_of_ = 0;  ///< the sink whose clock is read; 0: none runs
    const void* clock_ = nullptr; ///< which clock that was, never followed
};

} // namespace tactus
