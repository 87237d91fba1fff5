// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/stats_json.h"

#include "config.h"

#include <array>
#include <ctime>
#include <optional>

namespace tactus {

namespace {

StatsJson summary_json(const LogLinearHistogram::Summary& summary) {
    return {{"count", summary.count},
            {"p50_ns", summary.p50},
            {"p99_ns", summary.p99},
            {"p999_ns", summary.p999},
            {"max_ns", summary.max}};
}

StatsJson durations_json(const DurationStats& durations) {
    StatsJson json = summary_json(durations.summary);
    json["sum_ns"] = durations.sum_ns;
    StatsJson& upper = json["bucket_upper_ns"] = StatsJson::array();
    StatsJson& counts = json["bucket_counts"] = StatsJson::array();
    for (const DurationStats::Bucket& bucket : durations.buckets) {
        upper.push_back(bucket.upper_ns);
        counts.push_back(bucket.count);
    }
    return json;
}

/// The array of what `to_json` makes of each item.
template <typename Items, typename ToJson>
StatsJson array_json(const Items& items, ToJson to_json) {
    StatsJson array = StatsJson::array();
    for (const auto& item : items)
        array.push_back(to_json(item));
    return array;
}

StatsJson element_json(const ElementStats& element) {
    return {{"id", element.info.id},
            {"pipeline_id", element.info.pipeline},
            {"name", element.info.name},
            {"path", element.info.path},
            {"factory", element.info.factory},
            {"is_source", element.info.is_source},
            {"is_sink", element.info.is_sink},
            {"queues", element.queues},
            {"buffers_in", element.buffers_in},
            {"buffers_out", element.buffers_out},
            {"bytes_out", element.bytes_out},
            {"inside", element.inside},
            {"dropped", element.dropped},
            {"duplicated", element.duplicated},
            {"inferred", element.inferred},
            {"reorder_depth_max", element.reorder_depth_max},
            {"residence", durations_json(element.residence)},
            {"self", durations_json(element.self)},
            {"sync_wait", durations_json(element.sync_wait)}};
}

StatsJson path_json(const PathStats& path) {
    return {{"source_element_id", path.source_element},
            {"sink_element_id", path.sink_element},
            {"buffers", path.buffers},
            {"inferred", path.inferred},
            {"oldest", durations_json(path.oldest)},
            {"newest", durations_json(path.newest)}};
}

StatsJson edge_json(const EdgeStats& edge) {
    return {{"src_element_id", edge.src_element},
            {"dst_element_id", edge.dst_element},
            {"buffers", edge.buffers},
            {"bytes", edge.bytes}};
}

StatsJson gpu_queue_json(const GpuQueueStats& queue) {
    return {{"device", queue.device},
            {"queue", queue.queue},
            {"method", queue.method},
            {"slices", queue.slices},
            {"bound_ns", queue.bound_ns},
            {"skew_ppm", queue.skew_ppm},
            {"busy", durations_json(queue.busy)}};
}

StatsJson clock_json(const ClockStats& clock) {
    return {{"name", clock.name},
            {"offset_ns", clock.offset_ns},
            {"drift_ppm", clock.drift_ppm},
            {"jumps", clock.jumps},
            {"last_jump_ns", clock.last_jump_ns}};
}

StatsJson timer_json(const TimerStats& timer) {
    return {{"scheduling_class", timer.scheduling_class},
            {"unavailable", timer.unavailable},
            {"stalls", timer.stalls},
            {"lateness", summary_json(timer.lateness)}};
}

StatsJson optional_json(const std::optional<std::uint64_t>& value) {
    return value ? StatsJson(*value) : StatsJson(nullptr);
}

StatsJson clock_health_json(const ClockHealthSnapshot& health) {
    const MachineStats& machine = health.machine;
    return {{"clocks", array_json(health.clocks, clock_json)},
            {"timers", array_json(health.timers, timer_json)},
            {"machine",
             {{"steal_ns", optional_json(machine.steal_ns)},
              {"throttled_ns", optional_json(machine.throttled_ns)},
              {"throttled_periods", optional_json(machine.throttled_periods)},
              {"cpu_frequency_min_khz", optional_json(machine.cpu_frequency_min_khz)},
              {"cpu_frequency_max_khz", optional_json(machine.cpu_frequency_max_khz)},
              {"cpu_frequency_changes", optional_json(machine.cpu_frequency_changes)}}}};
}

StatsJson incident_json(const LoggedIncident& incident) {
    StatsJson json;
    switch (incident.kind) {
    case IncidentKind::stall:
        json["kind"] = "stall";
        break;
    case IncidentKind::clock_jump:
        json["kind"] = "clock-jump";
        break;
    case IncidentKind::records_lost:
        json["kind"] = "records-lost";
        break;
    }
    json["at_ns"] = incident.at_ns;
    json["subject"] = incident.subject;
    json[incident.kind == IncidentKind::records_lost ? "records" : "amount_ns"] = incident.amount;
    return json;
}

StatsJson point_json(const LatencyPoint& point) {
    return {{"at_ns", point.at_ns},
            {"buffers", point.buffers},
            {"p50_ns", point.p50_ns},
            {"p99_ns", point.p99_ns},
            {"max_ns", point.max_ns}};
}

StatsJson series_json(const LatencySeries& series) {
    return {{"source_element_id", series.source_element},
            {"sink_element_id", series.sink_element},
            {"points", array_json(series.points, point_json)}};
}

/// "2026-01-31T12:00:00Z"
std::string utc_text(std::int64_t unix_s) {
    const auto seconds = static_cast<std::time_t>(unix_s);
    std::tm broken_down{};
    std::array<char, 64> text{};
    if (gmtime_r(&seconds, &broken_down) == nullptr ||
        std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &broken_down) == 0)
        return "";
    return text.data();
}

} // namespace

StatsJson stats_to_json(const StatsView& view) {
    const LatencySnapshot& latency = view.latency;
    const IncidentSnapshot& incidents = view.incidents;
    return {{"schema", "gst-tactus/clockcalib"},
            {"version", kStatsJsonVersion},
            {"generator", PACKAGE " " PACKAGE_VERSION},
            {"program", view.program},
            {"written_utc", utc_text(view.written_unix_s)},
            {"at_ns", latency.at_ns},
            {"totals",
             {{"records_lost", latency.records_lost},
              {"stalls", latency.stalls},
              {"clock_jumps", latency.clock_jumps}}},
            {"elements", array_json(latency.elements, element_json)},
            {"paths", array_json(latency.paths, path_json)},
            {"edges", array_json(latency.edges, edge_json)},
            {"gpu_queues", array_json(latency.gpu_queues, gpu_queue_json)},
            {"clock_health", clock_health_json(view.clock_health)},
            {"incidents",
             {{"let_go", incidents.incidents_let_go},
              {"list", array_json(incidents.incidents, incident_json)}}},
            {"timeline",
             {{"interval_ns", incidents.interval_ns},
              {"series_let_go", incidents.series_let_go},
              {"series", array_json(incidents.series, series_json)}}}};
}

std::string json_text(const StatsJson& json) {
    return json.dump(-1, ' ', false, StatsJson::error_handler_t::replace);
}

} // namespace tactus
