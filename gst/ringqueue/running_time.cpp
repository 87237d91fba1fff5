// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ringqueue/running_time.h"

#include <algorithm>

namespace tactus {

void RunningTime::set_segment(GstEvent* segment_event) {
    gst_event_copy_segment(segment_event, &segment_);
    if (segment_.format != GST_FORMAT_TIME) {
        segment_.format = GST_FORMAT_TIME;
        segment_.start = 0;
        segment_.stop = GST_CLOCK_TIME_NONE;
        segment_.time = 0;
        segment_.position = 0;
    }
    restart();
}

void RunningTime::restart() {
    const bool is_placed = GST_CLOCK_TIME_IS_VALID(segment_.position);
    position_ = is_reverse() ? segment_.stop
                : is_placed  ? std::max(segment_.position, segment_.start)
                             : segment_.start;
}

GstClockTime RunningTime::following(GstClockTime duration) const {
    if (!GST_CLOCK_TIME_IS_VALID(duration) || !GST_CLOCK_TIME_IS_VALID(position_))
        return GST_CLOCK_TIME_NONE;
    return is_reverse() ? position_ - std::min(position_, duration) : position_;
}

std::int64_t RunningTime::of_any(GstClockTime timestamp) const {
    guint64 value = 0;
    const gint sign =
        gst_segment_to_running_time_full(&segment_, GST_FORMAT_TIME, timestamp, &value);
    if (sign == 0)
        return kNoTime;
    return sign > 0 ? static_cast<std::int64_t>(value) : -static_cast<std::int64_t>(value);
}

TimeSpan span_of(GstBufferList* list, RunningTime& time) {
    TimeSpan span{kNoTime, kNoTime};
    const guint length = gst_buffer_list_length(list);
    for (guint i = 0; i < length; ++i) {
        const TimeSpan one = span_of(gst_buffer_list_get(list, i), time);
        if (span.start_ns == kNoTime)
            span.start_ns = one.start_ns;
        if (one.end_ns != kNoTime)
            span.end_ns = one.end_ns;
    }
    return span;
}

TimeSpan span_of_gap(GstEvent* gap, RunningTime& time) {
    GstClockTime timestamp = GST_CLOCK_TIME_NONE;
    GstClockTime duration = GST_CLOCK_TIME_NONE;
    gst_event_parse_gap(gap, &timestamp, &duration);
    timestamp = time.pass(timestamp, duration);
    return {time.of(timestamp), time.of(end_of(timestamp, duration))};
}

} // namespace tactus
