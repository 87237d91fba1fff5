// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/levels.h"

#include <gst/gst.h>

#include <cstdint>

namespace tactus {

/// The running times of a stream, as the time level wants them: signed, `kNoTime` where unknown,
/// and with segments of other formats taken as time that counts from 0. What has a duration alone
/// is taken to follow what was before it, as GStreamer's queue does.
///
/// Threads: the producer's.
class RunningTime {
  public:
    RunningTime() { reset(); }

    void reset() {
        gst_segment_init(&segment_, GST_FORMAT_TIME);
        restart();
    }
    void set_segment(GstEvent* segment_event);
    bool is_reverse() const { return segment_.rate < 0; }

    /// Where what comes next begins; in reverse, where it ends.
    GstClockTime position() const { return position_; }
    /// As if nothing had passed since then.
    void go_back(GstClockTime position) { position_ = position; }

    /// The running time of `timestamp`; also outside the segment, where it may be negative.
    std::int64_t of(GstClockTime timestamp) const;

    /// The timestamp of what comes next, given the one that it carries: without one it follows
    /// what was before, if it has a duration.
    GstClockTime pass(GstClockTime timestamp, GstClockTime duration);

  private:
    std::int64_t of_any(GstClockTime timestamp) const;
    void restart();
    GstClockTime following(GstClockTime duration) const;

    GstSegment segment_;
    GstClockTime position_;
};

/// When some media starts and ends.
struct TimeSpan {
    std::int64_t start_ns;
    std::int64_t end_ns;
};

// What has a span has passed: these move `time` on.

/// DTS or PTS to that plus duration. With neither timestamp nor duration both are `kNoTime`.
TimeSpan span_of(GstBuffer* buffer, RunningTime& time);
/// From the first buffer that has a time to the end of the last that has one.
TimeSpan span_of(GstBufferList* list, RunningTime& time);
TimeSpan span_of_gap(GstEvent* gap, RunningTime& time);

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

inline GstClockTime RunningTime::pass(GstClockTime timestamp, GstClockTime duration) {
    if (!GST_CLOCK_TIME_IS_VALID(timestamp))
        timestamp = following(duration);
    if (GST_CLOCK_TIME_IS_VALID(timestamp))
        position_ = is_reverse() ? timestamp : end_of(timestamp, duration);
    return timestamp;
}

inline TimeSpan span_of(GstBuffer* buffer, RunningTime& time) {
    const GstClockTime timestamp =
        time.pass(GST_BUFFER_DTS_OR_PTS(buffer), GST_BUFFER_DURATION(buffer));
    if (!GST_CLOCK_TIME_IS_VALID(timestamp))
        return {kNoTime, kNoTime};
    const std::int64_t start_ns = time.of(timestamp);
    if (!GST_BUFFER_DURATION_IS_VALID(buffer))
        return {start_ns, start_ns};
    return {start_ns, time.of(timestamp + GST_BUFFER_DURATION(buffer))};
}

} // namespace tactus
