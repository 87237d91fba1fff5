// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/rtx_planner.h"
#include "core/jitter/voip_metrics.h"

#include <cstddef>
#include <cstdint>

namespace tactus {

/// Everything that the `stats` property shows. Counters never go back; times in ns.
struct JitterStats {
    std::uint64_t pushed = 0;
    std::uint64_t lost = 0;
    std::uint64_t late = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t strays = 0;
    std::uint64_t refused = 0; ///< no clock rate, or after the end
    std::uint64_t dropped_latency = 0;
    std::uint64_t dropped_memory = 0;
    std::uint64_t dropped_stale = 0;
    std::uint64_t flushed = 0;
    std::uint64_t restarts = 0; ///< of the sequence numbers
    std::uint64_t resyncs = 0;  ///< of the time line
    std::uint64_t underruns = 0;
    std::uint64_t gaps = 0; ///< refill time-outs
    std::int64_t concealed_ns = 0;
    std::int64_t jitter_ns = 0; ///< RFC 3550
    std::int64_t current_delay_ns = 0;
    std::int64_t target_delay_ns = 0;
    std::int64_t maximum_delay_ns = 0;      ///< RFC 3611: the largest that was used
    std::int64_t absolute_max_delay_ns = 0; ///< RFC 3611: the largest that may be used
    std::int64_t relative_delay_p50_ns = 0;
    std::int64_t relative_delay_p95_ns = 0;
    std::int64_t relative_delay_p99_ns = 0;
    double skew_ppm = 0;
    double overtaken_share = 0;
    VoipMetrics::Snapshot voip;
    RtxStats rtx;
    std::size_t held_packets = 0;
    std::uint64_t held_bytes = 0;
};

} // namespace tactus
