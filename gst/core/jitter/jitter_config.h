// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/playout_delay.h"
#include "core/jitter/rtx_planner.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// What presentation times follow; values as in GStreamer's rtpjitterbuffer.
enum class JitterMode : std::uint8_t {
    none = 0,   ///< RTP timestamps alone
    slave = 1,  ///< the receiver's clock follows the sender's
    buffer = 2, ///< hold until full, play until empty
    synced = 4, ///< both clocks are one
};

/// The properties, in ns; their defaults live with the element and are repeated here for tests.
struct JitterConfig {
    JitterMode mode = JitterMode::slave;
    bool adaptive = true;
    AdaptBy adapt_by = AdaptBy::latency;
    bool video = false;
    std::int64_t latency_ns = 200'000'000; ///< fixed delay, or the ceiling of the adaptive one
    std::int64_t min_latency_ns = 0;       ///< see floor_ns
    double target_quantile = 0.97;
    bool drop_on_latency = false;
    std::int64_t ts_offset_ns = 0;
    std::int64_t max_ts_offset_adjustment_ns = 0; ///< per timestamp; 0: no limit
    unsigned faststart_min_packets = 0;
    std::int64_t max_dropout_ns = 60'000'000'000;
    std::int64_t max_misorder_ns = 2'000'000'000;
    std::size_t max_packets = 16384;    ///< 0: no limit
    std::uint64_t max_bytes = 64 << 20; ///< 0: no limit
    RtxConfig rtx;

    /// Adaptation needs presentation times that stand still, which buffer mode does not have.
    bool adapts() const { return adaptive && mode != JitterMode::buffer; }

    /// The ceiling counts for the floor, too.
    std::int64_t floor_ns() const { return std::min(min_latency_ns, latency_ns); }

    /// As in rtpjitterbuffer: presentation times count from 0. An adaptive delay could not follow
    /// that: all packets of a stream that starts later would be late.
    bool from_zero() const {
        return !adapts() && (mode == JitterMode::none || mode == JitterMode::buffer);
    }
};

} // namespace tactus
