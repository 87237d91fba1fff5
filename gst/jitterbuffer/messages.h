// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_stats.h"
#include "core/jitter/rtx_planner.h"

#include <gst/gst.h>

#include <cstdint>

namespace tactus {

/// The events, messages and statistics of rtpjitterbuffer, with its names and types.

struct LostPackets {
    std::uint16_t seqnum = 0;
    GstClockTime timestamp = 0;
    GstClockTime duration = 0;
    unsigned retries = 0;
};
GstEvent* make_lost_event(const LostPackets& lost);

/// `latency_ms`: how old a packet may be that is asked for.
GstEvent* make_request_event(const RtxRequest& request, std::uint32_t ssrc, unsigned latency_ms);

/// Counts drops and says when a drop-msg is due. Threads: one at a time.
struct DropReport {
    unsigned too_late = 0;
    unsigned on_latency = 0;
    std::int64_t posted_ns = -1; ///< running time

    bool due(std::int64_t now_ns, unsigned interval_ms) const;
};
/// Takes the counts of `report`.
GstStructure* make_drop_message(DropReport& report, std::uint16_t seqnum, GstClockTime timestamp,
                                const char* reason);

/// What the element knows beside its core.
struct StreamFacts {
    std::uint64_t invalid = 0; ///< buffers that were no RTP
    bool has_media_clock = false;
};
GstStructure* make_stats(const JitterStats& stats, const StreamFacts& facts);

} // namespace tactus
