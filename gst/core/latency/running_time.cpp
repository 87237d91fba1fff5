// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/running_time.h"

#include <cmath>

namespace tactus {

namespace {

// 146 years. Sums of a few of these do not overflow.
constexpr std::uint64_t kLargest = std::uint64_t{1} << 62;
constexpr double kSmallestRate = 1e-6;

std::int64_t running_time(const SegmentSeen& s, std::uint64_t position_ns) {
    const auto position = static_cast<std::int64_t>(position_ns);
    const auto offset = static_cast<std::int64_t>(s.offset_ns);
    const std::int64_t distance = s.rate > 0
                                      ? position - static_cast<std::int64_t>(s.start_ns) - offset
                                      : static_cast<std::int64_t>(s.stop_ns) - offset - position;
    const double rate = std::fabs(s.rate);
    const auto base = static_cast<std::int64_t>(s.base_ns);
    if (rate == 1.0)
        return base + distance;
    const double scaled = static_cast<double>(distance) / rate;
    if (std::fabs(scaled) > static_cast<double>(kLargest))
        return kNoRunningTime;
    return base + static_cast<std::int64_t>(scaled);
}

bool makes_sense(const SegmentSeen& s) {
    if (!s.in_time || !(std::fabs(s.rate) >= kSmallestRate) || !std::isfinite(s.rate))
        return false;
    if (s.rate < 0 && s.stop_ns > kLargest)
        return false;
    return s.start_ns <= kLargest && s.base_ns <= kLargest && s.offset_ns <= kLargest;
}

} // namespace

RunningInterval running_interval(const SegmentSeen& segment, std::uint64_t pts_ns,
                                 std::uint64_t duration_ns) {
    if (pts_ns > kLargest / 2 || !makes_sense(segment))
        return {};
    const std::int64_t at = running_time(segment, pts_ns);
    if (at == kNoRunningTime)
        return {};
    if (duration_ns > kLargest / 2)
        return {at, kNoRunningTime};
    const std::int64_t other = running_time(segment, pts_ns + duration_ns);
    if (other == kNoRunningTime)
        return {at, kNoRunningTime};
    return segment.rate > 0 ? RunningInterval{at, other} : RunningInterval{other, at};
}

} // namespace tactus
