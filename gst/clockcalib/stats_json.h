// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/incident_log.h"
#include "core/clock/clock_health_snapshot.h"
#include "core/latency/latency_snapshot.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>

namespace tactus {

/// In the order in which it was written, so that two files can be compared.
using StatsJson = nlohmann::ordered_json;

/// Changes when a key goes or changes its meaning; a new key does not change it.
constexpr int kStatsJsonVersion = 1;

/// What is known at one moment. `program` and `written_unix_s` (seconds since 1970, UTC) say of
/// which process and when.
struct StatsView {
    const LatencySnapshot& latency;
    const ClockHealthSnapshot& clock_health;
    const IncidentSnapshot& incidents;
    std::string program;
    std::int64_t written_unix_s = 0;
};

/// The figures as JSON. The schema is in docs/design/clockcalib-json.md; in short:
///
///     schema, version, generator, program, written_utc, at_ns
///     totals        {records_lost, stalls, clock_jumps}
///     elements[]    {id, pipeline_id, name, path, factory, …, residence, self, sync_wait}
///     paths[]       {source_element_id, sink_element_id, buffers, inferred, oldest, newest}
///     edges[]       {src_element_id, dst_element_id, buffers, bytes}
///     gpu_queues[]  {device, queue, method, slices, busy, bound_ns, skew_ppm}
///     clock_health  {clocks[], timers[], machine}
///     incidents     {let_go, list[]}
///     timeline      {interval_ns, series_let_go, series[]}
///
/// Durations are {count, sum_ns, p50_ns, p99_ns, p999_ns, max_ns, bucket_upper_ns[],
/// bucket_counts[]}. Every key with a unit ends in it. A number that is not finite, and a figure
/// that the machine does not tell, is null.
///
/// Threads: any; a pure function.
StatsJson stats_to_json(const StatsView& view);

/// As text on one line. Bytes that are not UTF-8 become U+FFFD; never throws for what a string
/// contains.
std::string json_text(const StatsJson& json);

} // namespace tactus
