// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "options.h"

#include "core/stats/log_linear_histogram.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace tactus::live {

/// How much work the filter does for a frame.
struct Calibration {
    std::uint64_t rows = 0; ///< filter rows per frame
    double passes = 0;      ///< the same in heights of the frame
    unsigned width = 0;
    unsigned height = 0;
};

/// One run: one variant, all streams. Counts are sums over the streams, rates are per stream.
struct RunResult {
    Variant variant;
    std::uint64_t frames_in = 0;
    std::uint64_t analysed = 0;
    std::uint64_t dropped = 0;
    std::optional<std::uint64_t> reported_dropped; ///< by the element itself
    double rate_in = 0;
    double rate_analysed = 0;
    double cpu_ms = 0; ///< mean CPU time of the analysis of one frame
    double motion_energy = 0;
    double edge_energy = 0;
    bool ended_early = false;
    LogLinearHistogram::Summary age_ns;
};

struct Snapshot {
    double seconds = 0;
    std::uint64_t frames_in = 0;
    std::uint64_t analysed = 0;
};
using OnProgress = std::function<void(const Snapshot&)>;

/// How long calibrate() takes: some 100 frames at 35 frames/s, of which the last 32 count.
inline constexpr unsigned kCalibrationSeconds = 3;

/// Runs the streams for a moment and finds the work that makes the analysis as slow as asked for.
Calibration calibrate(const Options& options, const OnProgress& on_progress);

RunResult run_variant(const Options& options, const Variant& variant,
                      const Calibration& calibration, const OnProgress& on_progress);

} // namespace tactus::live
