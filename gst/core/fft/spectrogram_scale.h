// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/band_map.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

/// A mark on an axis and what stands beside it.
struct ScaleMark {
    double place = 0; ///< along the axis, 0 to 1
    std::string label;
};

/// Round frequencies along an axis from its least to its largest, from the lowest to the highest,
/// none closer to the next than `least_gap` (a share of the axis).
std::vector<ScaleMark> frequency_marks(FrequencyScale scale, double least_hz, double most_hz,
                                       double least_gap);
/// Likewise decibels.
std::vector<ScaleMark> decibel_marks(double least_db, double most_db, double least_gap);

/// The shortest of 1, 2, 5, 10, 15, 30 s, … (or of 0.1, 0.2, 0.5 s) that is at least as long.
double time_step_s(double least_s);
/// "1:05" or "0.5"; minutes only if there are any.
std::string time_label(double time_s, double step_s);

} // namespace tactus
