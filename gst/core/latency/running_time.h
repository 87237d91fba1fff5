// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"

#include <cstdint>

namespace tactus {

constexpr std::int64_t kNoRunningTime = INT64_MIN;

/// When a buffer is to be played, in running time (ns), which is the same on all pads of a
/// pipeline. May be negative: content before the start of the segment.
struct RunningInterval {
    std::int64_t start_ns = kNoRunningTime;
    std::int64_t end_ns = kNoRunningTime; ///< exclusive; kNoRunningTime: duration unknown

    bool is_timed() const { return start_ns != kNoRunningTime; }
    bool has_end() const { return end_ns != kNoRunningTime; }
};

/// Where a buffer lies by a segment; not timed if the buffer has no timestamp, the segment is not
/// one of time, or the numbers make no sense. At a negative rate the end of a buffer comes first.
/// Source: GStreamer design document "synchronisation", running time.
RunningInterval running_interval(const SegmentSeen& segment, std::uint64_t pts_ns,
                                 std::uint64_t duration_ns);

} // namespace tactus
