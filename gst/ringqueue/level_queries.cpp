// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ringqueue/level_queries.h"

#include <algorithm>

namespace tactus {

namespace {

// 292 years. No latency is longer: who adds to it further down gets a number, not "unknown".
constexpr GstClockTime kLongest = G_MAXINT64;

std::uint64_t add_saturated(std::uint64_t a, std::uint64_t b) {
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

} // namespace

void subtract_level(GstQuery* query, const Levels& level) {
    GstFormat format = GST_FORMAT_UNDEFINED;
    gint64 position = 0;
    gst_query_parse_position(query, &format, &position);
    if (format != GST_FORMAT_TIME && format != GST_FORMAT_BYTES)
        return;
    const auto queued =
        static_cast<gint64>(format == GST_FORMAT_TIME ? level.time_ns : level.bytes);
    gst_query_set_position(query, format, std::max<gint64>(position - queued, 0));
}

void add_latency(GstQuery* query, std::uint64_t limit_ns, bool leaks, std::uint64_t threshold_ns) {
    gboolean live = FALSE;
    GstClockTime min = 0;
    GstClockTime max = GST_CLOCK_TIME_NONE;
    gst_query_parse_latency(query, &live, &min, &max);
    if (limit_ns == 0)
        max = GST_CLOCK_TIME_NONE;
    else if (leaks)
        max = std::max<GstClockTime>(max, limit_ns);
    else
        max = add_saturated(max, limit_ns); // an unlimited maximum stays one
    min = std::min(add_saturated(min, threshold_ns), kLongest);
    gst_query_set_latency(query, live, min, max);
}

} // namespace tactus
