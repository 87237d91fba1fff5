// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
// live-analysis: how old is a frame when a consumer that is too slow for the camera starts on it?
// See --help, and tools/demo, which builds and runs this on a real clip.
#include "elements.h"
#include "interrupt.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "user_error.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace tactus::live {

namespace {

constexpr int kExitMissed = 1;
constexpr int kExitWrongInput = 2;
constexpr int kExitInterrupted = 130; // as a shell reports SIGINT

// What can be said of a file without opening it is said better here than by a pipeline; and one
// that is no plain file, such as a pipe, would keep filesrc waiting for ever.
void check_video(const std::string& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status))
        throw UserError("there is no file '" + path + "'; name a video with --video FILE");
    if (!std::filesystem::is_regular_file(status))
        throw UserError("'" + path + "' is not a file; name a video with --video FILE");
    if (!std::ifstream(path))
        throw UserError("'" + path + "' cannot be opened for reading");
}

// All that may be missing is missed now, not after two runs.
void check_elements(const Options& options) {
    for (const Variant& variant : options.variants)
        make_element(std::string(variant.factory));
}

std::ofstream open_json(const std::string& path) {
    std::ofstream file;
    if (!path.empty()) {
        file.open(path);
        if (!file)
            throw UserError("'" + path + "' cannot be written; name another with --json FILE");
    }
    return file;
}

Report measure(const Options& options) {
    Report report{options, {}, {}};
    {
        Progress progress("calibrating the analysis", kCalibrationSeconds);
        report.calibration = calibrate(options, [&](const Snapshot& now) { progress.update(now); });
    }
    for (const Variant& variant : options.variants) {
        Progress progress("running " + std::string(variant.label), options.seconds);
        report.runs.push_back(run_variant(options, variant, report.calibration,
                                          [&](const Snapshot& now) { progress.update(now); }));
    }
    return report;
}

int run(int argc, char** argv) {
    const Options options = parse_options(argc, argv);
    if (options.help) {
        std::fputs(help_text().c_str(), stdout);
        return 0;
    }
    check_video(options.video_path);
    check_elements(options);
    std::ofstream json = open_json(options.json_path);
    catch_interrupts();

    const Report report = measure(options);
    std::fputs(as_text(report).c_str(), stdout);
    if (json.is_open()) {
        json << as_json(report) << std::flush;
        if (!json)
            throw UserError("'" + options.json_path + "' cannot be written to the end");
    }
    return goal_met(report).value_or(true) ? 0 : kExitMissed;
}

int run_and_explain(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (const Interrupted&) {
        std::fprintf(stderr, "live-analysis: interrupted\n");
        return kExitInterrupted;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "live-analysis: %s\n", error.what());
        return kExitWrongInput;
    }
}

} // namespace

} // namespace tactus::live

int main(int argc, char** argv) {
    // GStreamer would let a thread whose priority the analysis has lowered go on as something else.
    g_thread_pool_set_max_unused_threads(0);
    gst_init(&argc, &argv);
    const int status = tactus::live::run_and_explain(argc, argv);
    gst_deinit(); // lets GStreamer's leaks tracer speak
    return status;
}
