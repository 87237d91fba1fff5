// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/sink_watch.h"

#include "clockcalib/object_book.h"
#include "glue/fast_clock.h"
#include "glue/handles.h"

#include <gst/base/gstbasesink.h>

#include <utility>

namespace tactus {

namespace {

using ClockHandle = std::unique_ptr<GstClock, ObjectUnref>;

bool runs(GstElement* element) {
    return GST_STATE(element) == GST_STATE_PLAYING;
}

/// The base time in CLOCK_MONOTONIC, whatever the element's clock; kNoTimeNs if it does not run.
std::uint64_t monotonic_base_time(GstElement* element) {
    const ClockHandle clock(gst_element_get_clock(element));
    if (!clock || !runs(element))
        return kNoTimeNs;
    const GstClockTime now = gst_clock_get_time(clock.get());
    // Wraps to the right value: the sum is a time on CLOCK_MONOTONIC, if a long past one.
    return gst_element_get_base_time(element) + FastClock::monotonic_ns() - now;
}

SinkSync look_at(GstElement* element, std::uint32_t id) {
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

} // namespace

std::vector<SinkSync> SinkWatch::look() {
    std::vector<SinkSync> found;
    clock_of_ = 0;
    for (const std::uint32_t id : ObjectBook::instance().sinks())
        if (const ElementHandle element{ObjectBook::instance().element(id)}) {
            found.push_back(look_at(element.get(), id));
            if (clock_of_ == 0 && runs(element.get()))
                clock_of_ = id;
        }
    return found;
}

std::optional<SinkWatch::ClockSeen> SinkWatch::read_pipeline_clock() {
    const ElementHandle sink(clock_of_ != 0 ? ObjectBook::instance().element(clock_of_) : nullptr);
    const ClockHandle clock(sink ? gst_element_get_clock(sink.get()) : nullptr);
    const bool is_the_same = clock.get() == std::exchange(clock_, clock.get());
    if (!clock || !is_the_same)
        return std::nullopt;
    return ClockSeen{FastClock::monotonic_ns(), gst_clock_get_time(clock.get())};
}

} // namespace tactus
