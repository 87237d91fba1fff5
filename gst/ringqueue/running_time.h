// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

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

} // namespace tactus
