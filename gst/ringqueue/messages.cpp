// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ringqueue/messages.h"

#include "glue/stats_fields.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

GstClockTime clock_time(std::int64_t running_time_ns) {
    if (running_time_ns == kNoTime)
        return GST_CLOCK_TIME_NONE;
    return static_cast<GstClockTime>(std::max<std::int64_t>(running_time_ns, 0));
}

} // namespace

void post_bursts(GstElement* element, const char* name, GstPad* pad,
                 std::vector<DropBurst>& bursts) {
    // Taken out first: a synchronous bus handler may come back into the element.
    std::vector<DropBurst> now = std::move(bursts);
    for (const DropBurst& burst : now) {
        GstStructure* s = gst_structure_new_empty(name);
        set_count(s, "count", burst.count);
        set_count(s, "first-sequence", burst.first_sequence);
        set_count(s, "first-running-time", clock_time(burst.first_ns));
        set_count(s, "last-running-time", clock_time(burst.last_ns));
        if (pad != nullptr)
            gst_structure_set(s, "pad", G_TYPE_STRING, GST_PAD_NAME(pad), nullptr);
        gst_element_post_message(element, gst_message_new_element(GST_OBJECT_CAST(element), s));
    }
    now.clear();
    if (bursts.empty())
        bursts = std::move(now); // its capacity
}

GstStructure* make_stats(const char* name, const RingQueueStats& stats, const Levels& level) {
    GstStructure* s = gst_structure_new_empty(name);
    set_count(s, "buffers-in", stats.buffers_in);
    set_count(s, "buffers-out", stats.buffers_out);
    set_count(s, "buffers-dropped", stats.buffers_dropped);
    set_count(s, "buffers-flushed", stats.buffers_flushed);
    set_count(s, "buffers-queued", level.buffers);
    set_count(s, "gaps-dropped", stats.gaps_dropped);
    set_count(s, "events-dropped", stats.events_dropped);
    set_count(s, "bursts", stats.bursts);
    set_summary(s, "burst-buffers", stats.burst_buffers);
    set_summary(s, "residence-time", stats.residence_ns);
    set_count(s, "producer-wait-time", stats.producer_wait_ns);
    set_count(s, "consumer-wait-time", stats.consumer_wait_ns);
    set_count(s, "producer-wakeups", stats.producer_wakeups);
    set_count(s, "consumer-wakeups", stats.consumer_wakeups);
    return s;
}

} // namespace tactus
