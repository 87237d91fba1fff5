// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/sink_watch.h"

#include "clockcalib/object_book.h"
#include "glue/fast_clock.h"

#include <gst/base/gstbasesink.h>

namespace tactus {

namespace {

bool runs(GstElement* element) {
    return GST_STATE(element) == GST_STATE_PLAYING;
}

} // namespace

/// The base time in CLOCK_MONOTONIC, whatever the element's clock; kNoTimeNs if it does not run.
std::uint64_t SinkWatch::monotonic_base_time(GstElement* element) {
    GstClock* const clock = keep(gst_element_get_clock(element));
    if (clock == nullptr || !runs(element))
        return kNoTimeNs;
    const GstClockTime now = gst_clock_get_time(clock);
    // Wraps to the right value: the sum is a time on CLOCK_MONOTONIC, if a long past one.
    return gst_element_get_base_time(element) + FastClock::monotonic_ns() - now;
}

SinkSync SinkWatch::look_at(GstElement* element, std::uint32_t id) {
    SinkSync sync;
    sync.element = id;
    if (!GST_IS_BASE_SINK(element))
        return sync;
    GstBaseSink* sink = GST_BASE_SINK_CAST(element);
    sync.sync = gst_base_sink_get_sync(sink) != FALSE;
    if (!sync.sync)
        return sync;
    sync.base_time_ns = monotonic_base_time(element);
    sync.latency_ns = gst_base_sink_get_latency(sink);
    sync.ts_offset_ns = gst_base_sink_get_ts_offset(sink) -
                        static_cast<GstClockTimeDiff>(gst_base_sink_get_render_delay(sink));
    return sync;
}

std::vector<SinkSync> SinkWatch::look() {
    std::vector<SinkSync> found;
    clock_of_ = 0;
    for (const std::uint32_t id : ObjectBook::instance().sinks())
        if (GstElement* const element = keep(ObjectBook::instance().element(id))) {
            found.push_back(look_at(element, id));
            if (clock_of_ == 0 && runs(element))
                clock_of_ = id;
        }
    return found;
}

std::optional<SinkWatch::ClockSeen> SinkWatch::read_pipeline_clock() {
    GstElement* const sink =
        clock_of_ != 0 ? keep(ObjectBook::instance().element(clock_of_)) : nullptr;
    GstClock* const clock = sink != nullptr ? keep(gst_element_get_clock(sink)) : nullptr;
    const bool is_the_same = clock == std::exchange(clock_, clock);
    if (clock == nullptr || !is_the_same)
        return std::nullopt;
    return ClockSeen{FastClock::monotonic_ns(), gst_clock_get_time(clock)};
}

} // namespace tactus
