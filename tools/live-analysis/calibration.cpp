// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "calibration.h"

#include <algorithm>
#include <cmath>
#include <sched.h>

namespace tactus::live {

namespace {

// Of a machine that is busy all the time, the part that scheduling and the rest of the system take.
constexpr double kOverhead = 0.05;
// With more streams than the machine can decode there is still to be something to see.
constexpr double kLeastShare = 0.02;

} // namespace

void RowCostMeter::record(std::uint64_t cpu_ns) {
    row_cpu_ns_[recorded_ % kWindow] =
        static_cast<double>(std::max<std::uint64_t>(cpu_ns, 1)) / static_cast<double>(rows_);
    ++recorded_;
    // A frame of few rows says little of what many cost; never jump far on such a word.
    const double wanted = static_cast<double>(frame_cpu_ns_) / row_cpu_ns();
    rows_ = static_cast<std::uint64_t>(
        std::llround(std::clamp(wanted, 1.0, static_cast<double>(rows_) * 4)));
}

double RowCostMeter::row_cpu_ns() const {
    if (recorded_ == 0)
        return 0;
    auto sorted = row_cpu_ns_;
    const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(std::min(recorded_, kWindow));
    const auto middle = sorted.begin() + (end - sorted.begin()) / 2;
    std::nth_element(sorted.begin(), middle, end);
    return *middle;
}

double frame_cpu_ns(const MachineUse& use, unsigned fps) {
    const double left = use.cores * (1 - kOverhead) - use.decode_cores;
    const double share = std::clamp(left / use.streams, kLeastShare, 1.0);
    return share * 1e9 / fps;
}

unsigned usable_cores() {
    cpu_set_t cores;
    if (sched_getaffinity(0, sizeof cores, &cores) != 0)
        return 1;
    return static_cast<unsigned>(std::max(CPU_COUNT(&cores), 1));
}

} // namespace tactus::live
