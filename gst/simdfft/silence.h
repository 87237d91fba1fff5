// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/frame_timeline.h"

#include <gst/gst.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tactus {

/// How many frames of silence a gap event stands for that comes where frame `next` of a run is due.
/// None if the gap is elsewhere, has no known length, or has more than ten seconds: whatever rang
/// on has died away by then, so that it is not worth the work.
inline std::optional<std::uint64_t> silent_frames(GstEvent* gap, const FrameTimeline& timeline,
                                                  std::uint64_t next, guint64 rate_hz) {
    constexpr GstClockTime kMostGap = 10 * GST_SECOND;
    GstClockTime time = GST_CLOCK_TIME_NONE;
    GstClockTime duration = GST_CLOCK_TIME_NONE;
    gst_event_parse_gap(gap, &time, &duration);
    if (!GST_CLOCK_TIME_IS_VALID(duration) || duration > kMostGap || timeline.breaks(next, time))
        return std::nullopt;
    return gst_util_uint64_scale_round(duration, rate_hz, GST_SECOND);
}

/// Calls `take` with numbers of frames that are `most` at most and together `frames`, until it
/// returns another flow than OK.
template <typename Take>
GstFlowReturn in_pieces(std::uint64_t frames, std::size_t most, const Take& take) {
    GstFlowReturn flow = GST_FLOW_OK;
    while (frames > 0 && flow == GST_FLOW_OK) {
        const auto piece = static_cast<std::size_t>(std::min<std::uint64_t>(frames, most));
        flow = take(piece);
        frames -= piece;
    }
    return flow;
}

} // namespace tactus
