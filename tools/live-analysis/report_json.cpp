// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "report.h"

#include <nlohmann/json.hpp>

namespace tactus::live {

namespace {

using Json = nlohmann::ordered_json;

double ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

Json run_to_json(const RunResult& run) {
    Json json{
        {"variant", run.variant.id},
        {"launch", run.variant.label},
        {"frames_in", run.frames_in},
        {"frames_analysed", run.analysed},
        {"frames_dropped", run.dropped},
        {"fps_in_per_stream", run.rate_in},
        {"fps_analysed_per_stream", run.rate_analysed},
        {"analysis_cpu_ms", run.cpu_ms},
        {"motion_energy", run.motion_energy},
        {"edge_energy", run.edge_energy},
        {"file_could_not_be_rewound", run.ended_early},
        {"age_ms",
         {{"p50", ms(run.age_ns.p50)},
          {"p99", ms(run.age_ns.p99)},
          {"p99_9", ms(run.age_ns.p999)},
          {"max", ms(run.age_ns.max)}}},
    };
    if (run.reported_dropped)
        json["frames_dropped_by_own_stats"] = *run.reported_dropped;
    return json;
}

} // namespace

std::string as_json(const Report& report) {
    const Options& options = report.options;
    Json runs = Json::array();
    for (const RunResult& run : report.runs)
        runs.push_back(run_to_json(run));
    Json json{
        {"video", options.video_path},
        {"width", report.calibration.width},
        {"height", report.calibration.height},
        {"streams", options.streams},
        {"seconds", options.seconds},
        {"fps_in", options.fps_in},
        {"fps_out", options.fps_out},
        {"depth_frames", options.depth_frames},
        {"filter_passes", report.calibration.passes},
        {"runs", runs},
        {"goal", {{"variant", kJudgedVariant.id}, {"p99_ms", kGoalP99Ms}}},
    };
    if (const auto met = goal_met(report))
        json["goal"]["met"] = *met;
    // A file name need not be UTF-8.
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace tactus::live
