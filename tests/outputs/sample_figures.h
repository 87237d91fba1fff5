// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/metrics_endpoint.h"

#include <initializer_list>

namespace tactus::test {

/// What a histogram would hold after these values.
inline DurationStats durations(std::initializer_list<std::uint64_t> values_ns) {
    LogLinearHistogram histogram;
    std::vector<std::uint64_t> counts(LogLinearHistogram::kBuckets);
    DurationStats stats;
    for (const std::uint64_t value : values_ns) {
        histogram.record(value);
        stats.sum_ns += value;
        ++counts[LogLinearHistogram::bucket_of(value)];
    }
    for (std::size_t i = 0; i < counts.size(); ++i)
        if (counts[i] > 0)
            stats.buckets.push_back({LogLinearHistogram::bucket_last_value(i), counts[i]});
    stats.summary = histogram.summary();
    return stats;
}

inline ElementStats element(std::uint32_t id, const char* name, const char* factory) {
    ElementStats stats;
    stats.info.id = id;
    stats.info.name = name;
    stats.info.path = std::string("pipeline0/") + name;
    stats.info.factory = factory;
    stats.self = durations({900, 1'100});
    return stats;
}

/// A camera, a queue that drops, a sink; every metric has something to show.
inline MetricsInput sample_figures() {
    MetricsInput input;
    LatencySnapshot& latency = input.latency;
    latency.elements = {element(1, "camera\"0\"", "videotestsrc"), element(2, "queue0", "queue"),
                        element(3, "screen", "fakesink")};
    ElementStats& queue = latency.elements[1];
    queue.buffers_in = 10;
    queue.buffers_out = 6;
    queue.bytes_out = 6000;
    queue.inside = 1;
    queue.dropped = 3;
    queue.residence = durations({4'000, 30'000, 3'000'000, 12'000'000'000});
    latency.elements[2].sync_wait = durations({16'000'000});
    PathStats path;
    path.source_element = 1;
    path.sink_element = 3;
    path.buffers = 6;
    path.inferred = 1;
    path.oldest = durations({40'000'000, 41'000'000, 90'000'000});
    path.newest = durations({10'000'000});
    latency.paths = {path};
    GpuQueueStats gpu;
    gpu.device = "llvmpipe";
    gpu.queue = "compute";
    gpu.busy = durations({700'000});
    gpu.bound_ns = 250;
    gpu.skew_ppm = 4.5;
    latency.gpu_queues = {gpu};
    latency.records_lost = 2;
    latency.stalls = 1;
    input.clocks.clocks = {{"realtime", 1.7e18, 12.5, 1, -1'000'000}};
    TimerStats timer;
    timer.scheduling_class = "other";
    timer.lateness = durations({60'000, 70'000, 25'000'000}).summary;
    timer.stalls = 1;
    input.clocks.timers = {timer};
    MachineStats& machine = input.clocks.machine;
    machine.steal_ns = 1'500'000'000;
    machine.throttled_ns = 0;
    machine.throttled_periods = 0;
    machine.cpu_frequency_min_khz = 800'000;
    machine.cpu_frequency_max_khz = 3'600'000;
    machine.cpu_frequency_changes = 7;
    return input;
}

} // namespace tactus::test
