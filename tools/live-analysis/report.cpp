// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "report.h"

#include "text.h"

#include <cmath>

namespace tactus::live {

namespace {

// Further off than this, the analysis was not the consumer that it was calibrated to be.
constexpr double kRateTolerance = 0.1;
constexpr double kDecoderTolerance = 0.02;
constexpr std::uint64_t kFramesForP999 = 1000;

using Count = unsigned long long; // what %llu takes

double ms(std::uint64_t ns) {
    return static_cast<double>(ns) / 1e6;
}

// Five characters up to a hundred seconds.
std::string age(std::uint64_t ns) {
    return format(ms(ns) < 999.95 ? "%.1f" : "%.0f", ms(ns));
}

const RunResult* judged_run(const Report& report) {
    for (const RunResult& run : report.runs)
        if (run.variant.id == kJudgedVariant.id)
            return &run;
    return nullptr;
}

std::string heading(const Report& report) {
    const Options& options = report.options;
    const std::string name = options.video_path.substr(options.video_path.rfind('/') + 1);
    std::string text = format("\ncamera    %s (%ux%u) at %u frames/s, %u s for each queue\n",
                              name.c_str(), report.calibration.width, report.calibration.height,
                              options.fps_in, options.seconds);
    text += format("analysis  %.1f passes of blur and Sobel: what manages %u frames/s here\n",
                   report.calibration.passes, options.fps_out);
    text += format("limit     %u frames in each queue\n", options.depth_frames);
    if (options.streams > 1)
        text += format("streams   %u at once: frames are totals, per s is of one stream\n",
                       options.streams);
    return text + "age       from when the camera has a frame until its analysis starts\n\n";
}

// 79 columns, which a terminal has.
std::string table(const Report& report) {
    std::string text =
        format("%-26s %s %s\n", "", "---------- frames ----------", "------- age, ms -------");
    text += format("%-26s %5s %8s %5s %7s %5s %5s %5s %5s\n", "", "in", "analysed", "per s",
                   "dropped", "P50", "P99", "P99.9", "max");
    for (const RunResult& run : report.runs)
        text += format("%-26s %5llu %8llu %5.1f %7llu %5s %5s %5s %5s\n",
                       std::string(run.variant.label).c_str(), Count{run.frames_in},
                       Count{run.analysed}, run.rate_analysed, Count{run.dropped},
                       age(run.age_ns.p50).c_str(), age(run.age_ns.p99).c_str(),
                       age(run.age_ns.p999).c_str(), age(run.age_ns.max).c_str());
    return text + "\n";
}

std::string note_on_rate(const RunResult& run, unsigned wanted_fps) {
    const double ratio = run.rate_analysed / wanted_fps;
    if (std::abs(ratio - 1) <= kRateTolerance)
        return "";
    const char* reason = "the machine is busy with other things as well";
    if (ratio > 1)
        reason = run.variant.holds_camera_back() ? "cameras that wait leave it more of the machine"
                                                 : "the machine was busier when it was calibrated";
    return format("analysed %.1f instead of %u frames/s, because %s; ", run.rate_analysed,
                  wanted_fps, reason);
}

std::string note_on_drops(const RunResult& run) {
    if (!run.reported_dropped)
        return "";
    if (*run.reported_dropped == run.dropped)
        return "its own count of dropped frames is the same; ";
    return format("its own count of dropped frames is %llu, which is wrong; ",
                  Count{*run.reported_dropped});
}

std::string notes_on(const RunResult& run, const Options& options) {
    std::string text;
    if (run.variant.holds_camera_back() && options.fps_out < options.fps_in)
        text += "ages grow as long as it runs: it holds the camera back, and a real one does not "
                "wait; ";
    if (run.ended_early)
        text += "ended early, as the file cannot be rewound; ";
    else if (!run.variant.holds_camera_back() &&
             run.rate_in < options.fps_in * (1 - kDecoderTolerance))
        text += format("decoding managed only %.1f of %u frames/s; ", run.rate_in, options.fps_in);
    if (options.fps_out < options.fps_in)
        text += note_on_rate(run, options.fps_out);
    text += note_on_drops(run);
    if (text.empty())
        return "";
    text.replace(text.size() - 2, 2, "."); // for the last "; "
    return wrap(std::string(run.variant.label) + ": " + text);
}

std::string notes(const Report& report) {
    std::string text;
    bool few = false;
    for (const RunResult& run : report.runs) {
        text += notes_on(run, report.options);
        few = few || run.analysed < kFramesForP999;
    }
    if (few)
        text += format("P99.9 of fewer than %llu frames is their maximum; see --seconds.\n",
                       Count{kFramesForP999});
    return text;
}

std::string verdict(const Report& report) {
    const RunResult* run = judged_run(report);
    const std::optional<bool> met = goal_met(report);
    if (!met || run == nullptr)
        return "";
    const std::string label(run->variant.label);
    if (run->analysed == 0)
        return "\nGoal missed: " + label + " let no frame through.\n";
    return format("\nGoal %s: P99 with %s is %.1f ms; %.0f ms are allowed.\n",
                  *met ? "met" : "missed", label.c_str(), ms(run->age_ns.p99), kGoalP99Ms);
}

} // namespace

std::optional<bool> goal_met(const Report& report) {
    const RunResult* run = judged_run(report);
    if (run == nullptr || report.options.streams > 1)
        return std::nullopt;
    return run->analysed > 0 && ms(run->age_ns.p99) <= kGoalP99Ms;
}

std::string as_text(const Report& report) {
    return heading(report) + table(report) + notes(report) + verdict(report);
}

} // namespace tactus::live
