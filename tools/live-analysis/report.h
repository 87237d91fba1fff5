// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "options.h"
#include "run.h"

#include <optional>
#include <string>
#include <vector>

namespace tactus::live {

/// Everything that was measured.
struct Report {
    Options options;
    Calibration calibration;
    std::vector<RunResult> runs;
};

/// The goal: what the leaky ring may show for P99 of the age with one stream.
inline constexpr double kGoalP99Ms = 47.0;

/// Whether the goal was met; nothing when the run that decides was not asked for or there were
/// several streams, which share the machine's cores and prove nothing about the queue.
std::optional<bool> goal_met(const Report& report);

/// The table with its notes and the verdict, for people.
std::string as_text(const Report& report);

/// The same for programs.
std::string as_json(const Report& report);

} // namespace tactus::live
