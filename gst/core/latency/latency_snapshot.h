// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"
#include "core/stats/log_linear_histogram.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

/// A histogram at one moment: what a person reads, what Prometheus wants (count, sum, buckets).
struct DurationStats {
    LogLinearHistogram::Summary summary; ///< in ns
    std::uint64_t sum_ns = 0;
    struct Bucket {
        std::uint64_t upper_ns = 0; ///< inclusive
        std::uint64_t count = 0;    ///< in this bucket alone
    };
    std::vector<Bucket> buckets; ///< rising; only those that are not empty
};

struct ElementStats {
    ElementInfo info;
    std::uint64_t buffers_in = 0;
    std::uint64_t buffers_out = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t inside = 0; ///< went in and neither came out nor counted as dropped yet
    std::uint64_t dropped = 0;
    std::uint64_t duplicated = 0;
    std::uint64_t inferred = 0;          ///< of buffers_out: origin found by running time
    std::uint64_t reorder_depth_max = 0; ///< how many newer buffers overtook one
    bool queues = false;                 ///< buffers leave on another thread than they came on
    DurationStats residence;             ///< in to out
    DurationStats self;                  ///< of pushes into it, without nested pushes
    DurationStats sync_wait;             ///< sinks: waiting for the clock
};

/// Latency from one source to one sink.
struct PathStats {
    std::uint32_t source_element = 0;
    std::uint32_t sink_element = 0;
    std::uint64_t buffers = 0;
    std::uint64_t inferred = 0; ///< of buffers
    DurationStats oldest;       ///< of the oldest content in each buffer: the worst case
    DurationStats newest;
};

struct EdgeStats {
    std::uint32_t src_element = 0;
    std::uint32_t dst_element = 0;
    std::uint64_t buffers = 0;
    std::uint64_t bytes = 0;
};

/// Work on one queue of one device.
struct GpuQueueStats {
    std::string device;
    std::string queue;
    std::string method; ///< how ticks became nanoseconds
    std::uint64_t slices = 0;
    DurationStats busy;         ///< of one slice
    std::uint64_t bound_ns = 0; ///< error bound of the last slice
    double skew_ppm = 0;        ///< as of the last slice
};

struct LatencySnapshot {
    std::uint64_t at_ns = 0;
    std::vector<ElementStats> elements; ///< by id
    std::vector<PathStats> paths;
    std::vector<EdgeStats> edges;
    std::vector<GpuQueueStats> gpu_queues;
    std::uint64_t records_lost = 0;
    std::uint64_t stalls = 0;
    std::uint64_t clock_jumps = 0;
};

} // namespace tactus
