// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_buffer.h"
#include "jitter_trace.h"

#include <cstdint>
#include <vector>

namespace tactus::testing {

/// Judges a jitter buffer on a trace, without a clock.
///
/// Added delay: playout time (presentation time plus the latency in force when the packet went out)
/// minus the time of sending minus the smallest delay of the trace. Disruption: packets that came
/// and were dropped, or went out over 1 ms after their playout time, as a share of those that came;
/// plus all forward jumps of the playout time over 1 ms, as a share of the media time.
///
/// A raised latency is in force only after everything that happens at that instant: an application
/// needs a moment to hand it to the sinks.
struct ReplayResult {
    struct Out {
        std::size_t index = 0;
        double release_ms = 0;
        double playout_ms = 0;
        double added_ms = 0;
    };

    double added_mean_ms = 0;
    double late_percent = 0;
    double gap_percent = 0;
    double largest_jump_ms = 0;
    std::uint64_t sent_lost = 0; ///< by the network
    std::uint64_t dropped = 0;
    std::uint64_t late = 0;
    std::uint64_t out_of_order = 0;
    std::uint64_t lost_told = 0;
    std::uint64_t requests = 0;
    std::uint64_t recovered = 0;
    std::uint64_t gaps_told = 0;
    std::uint64_t latency_changes = 0;
    std::vector<Out> out;
    JitterStats stats;

    double disruption_percent() const { return late_percent + gap_percent; }
};

/// Fills in what follows from `out`: added delay, lateness, gaps, order, what was dropped or
/// recovered. Whoever drives a buffer in another way than `replay` judges it by this.
void judge_playout(const JitterTrace& trace, ReplayResult& result);

/// `reply_ms`: retransmission requests are answered after that time; 0: never.
ReplayResult replay(const JitterTrace& trace, const JitterConfig& config, double reply_ms = 0);

/// The configuration of an element with all defaults but latency=1000.
JitterConfig judged_config(const JitterTrace& trace);

} // namespace tactus::testing
