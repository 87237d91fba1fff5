// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/levels.h"

#include <gst/gst.h>

#include <cstdint>

namespace tactus {

/// The running times of a stream, as the time level wants them: signed, `kNoTime` where unknown,
/// and with segments of other formats taken as time that counts from 0.
///
/// Threads: the producer's.
class RunningTime {
  public:
    RunningTime() { reset(); }

    void reset() { gst_segment_init(&segment_, GST_FORMAT_TIME); }
    void set_segment(GstEvent* segment_event);
    bool is_reverse() const { return segment_.rate < 0; }

    /// The running time of `timestamp`; also outside the segment, where it may be negative.
    std::int64_t of(GstClockTime timestamp) const;

  private:
    std::int64_t of_any(GstClockTime timestamp) const;

    GstSegment segment_;
};

/// When some media starts and ends.
struct TimeSpan {
    std::int64_t start_ns;
    std::int64_t end_ns;
};

/// DTS or PTS to that plus duration. Without a timestamp both are `kNoTime`.
TimeSpan span_of(GstBuffer* buffer, const RunningTime& time);
/// From the first buffer that has a timestamp to the end of the last that has one.
TimeSpan span_of(GstBufferList* list, const RunningTime& time);
TimeSpan span_of_gap(GstEvent* gap, const RunningTime& time);

inline GstClockTime end_of(GstClockTime timestamp, GstClockTime duration) {
    return GST_CLOCK_TIME_IS_VALID(duration) ? timestamp + duration : timestamp;
}

inline std::int64_t RunningTime::of(GstClockTime timestamp) const {
    if (!GST_CLOCK_TIME_IS_VALID(timestamp))
        return kNoTime;
    // The case of nearly every buffer, in line: forward at normal speed, not before the start.
    const guint64 start = segment_.start + segment_.offset;
    if (segment_.rate == 1.0 && timestamp >= start)
        return static_cast<std::int64_t>(timestamp - start + segment_.base);
    return of_any(timestamp);
}

inline TimeSpan span_of(GstBuffer* buffer, const RunningTime& time) {
    const GstClockTime timestamp = GST_BUFFER_DTS_OR_PTS(buffer);
    if (!GST_CLOCK_TIME_IS_VALID(timestamp))
        return {kNoTime, kNoTime};
    const std::int64_t start_ns = time.of(timestamp);
    if (!GST_BUFFER_DURATION_IS_VALID(buffer))
        return {start_ns, start_ns};
    return {start_ns, time.of(timestamp + GST_BUFFER_DURATION(buffer))};
}

} // namespace tactus
