// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/qos_watch.h"

namespace tactus {

namespace {

GstClockTime running_time_of(const GstSegment& segment, GstBuffer* buffer) {
    if (segment.format != GST_FORMAT_TIME || !GST_BUFFER_PTS_IS_VALID(buffer))
        return GST_CLOCK_TIME_NONE;
    return gst_segment_to_running_time(&segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
}

} // namespace

void QosWatch::update(GstEvent* event) {
    GstClockTimeDiff difference = 0;
    GstClockTime timestamp = 0;
    const std::lock_guard lock(mutex_);
    gst_event_parse_qos(event, nullptr, &proportion_, &difference, &timestamp);
    if (!GST_CLOCK_TIME_IS_VALID(timestamp))
        earliest_ = GST_CLOCK_TIME_NONE;
    else if (difference < 0 && static_cast<GstClockTime>(-difference) > timestamp)
        earliest_ = 0;
    else
        earliest_ = timestamp + static_cast<GstClockTime>(difference);
}

void QosWatch::reset() {
    const std::lock_guard lock(mutex_);
    proportion_ = 1;
    earliest_ = GST_CLOCK_TIME_NONE;
}

std::optional<QosWatch::Lateness> QosWatch::lateness_of(const GstSegment& segment,
                                                        GstBuffer* buffer) const {
    const GstClockTime running_time = running_time_of(segment, buffer);
    const std::lock_guard lock(mutex_);
    if (!GST_CLOCK_TIME_IS_VALID(running_time) || !GST_CLOCK_TIME_IS_VALID(earliest_) ||
        running_time > earliest_)
        return std::nullopt;
    return Lateness{running_time, GST_CLOCK_DIFF(running_time, earliest_), proportion_};
}

void QosWatch::report(GstElement* element, const Lateness& late, const GstSegment& segment,
                      GstBuffer* buffer, std::uint64_t processed, std::uint64_t dropped) {
    const GstClockTime pts = GST_BUFFER_PTS(buffer);
    GstMessage* const message =
        gst_message_new_qos(GST_OBJECT_CAST(element), FALSE, late.running_time,
                            gst_segment_to_stream_time(&segment, GST_FORMAT_TIME, pts), pts,
                            GST_BUFFER_DURATION(buffer));
    gst_message_set_qos_values(message, late.jitter_ns, late.proportion, 1000000);
    gst_message_set_qos_stats(message, GST_FORMAT_BUFFERS, processed, dropped);
    gst_element_post_message(element, message);
}

} // namespace tactus
