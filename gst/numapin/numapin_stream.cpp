// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/stats/counter.h"
#include "glue/handles.h"
#include "numapin/numapin_debug.h"
#include "numapin/numapin_state.h"
#include "numapin/process_pins.h"

#include <bit>

namespace tactus {

/// Ever more seldom it is looked whether the thread has made others: most come with the first
/// buffers.
inline void NumapinState::before_push(GstClockTime time, std::uint64_t buffers) {
    // relaxed: whoever changes it from outside only asks for a look-up, which takes the lock.
    if (pinned_serial_.load(std::memory_order_relaxed) != thread_serial() &&
        !comes_back(thread_serial()))
        enter_thread();
    if (memory_.has_complaints())
        complain(memory_.take_complaints());
    PinRecord& record = *current_;
    record.sample();
    count(record.buffers, buffers);
    if (std::has_single_bit(record.samples.load(std::memory_order_relaxed)))
        ProcessPins::get().ledger().free_heirs(record.thread);
    if (times_are_live_ && GST_CLOCK_TIME_IS_VALID(time))
        record.lateness->add(FastClock::now_ns(), time);
}

/// A flow that ends here leaves the thread to others, and no one but the thread itself may put back
/// all of it without privileges.
inline GstFlowReturn NumapinState::after_push(GstFlowReturn flow) {
    if (flow < GST_FLOW_OK && flow != GST_FLOW_NOT_LINKED)
        leave_thread(thread_serial());
    return flow;
}

GstFlowReturn NumapinState::chain(GstBuffer* buffer) {
    before_push(GST_BUFFER_PTS(buffer), 1);
    return after_push(gst_pad_push(src_pad, buffer));
}

GstFlowReturn NumapinState::chain_list(GstBufferList* list) {
    const guint length = gst_buffer_list_length(list);
    const GstClockTime time =
        length != 0 ? GST_BUFFER_PTS(gst_buffer_list_get(list, 0)) : GST_CLOCK_TIME_NONE;
    before_push(time, length);
    return after_push(gst_pad_push_list(src_pad, list));
}

GstFlowReturn NumapinState::get_range(guint64 offset, guint length, GstBuffer** buffer) {
    before_push(GST_CLOCK_TIME_NONE, 1);
    const GstFlowReturn flow = *buffer == nullptr
                                   ? pull_into_ours(offset, length, buffer)
                                   : gst_pad_pull_range(sink_pad, offset, length, buffer);
    // Whoever reads up to the end goes on elsewhere in the file.
    return flow == GST_FLOW_EOS ? flow : after_push(flow);
}

/// Who is pulled from asks nobody for memory, but takes what it is given. A source writes as much
/// as there is left of the file, and leaves the buffer as long as it was: so we have to know the
/// end.
GstFlowReturn NumapinState::pull_into_ours(guint64 offset, guint length, GstBuffer** buffer) {
    gint64 end = -1;
    const bool knows_end = gst_pad_peer_query_duration(sink_pad, GST_FORMAT_BYTES, &end) != FALSE &&
                           end > 0 && offset < static_cast<guint64>(end);
    BufferHandle ours(knows_end ? memory_.make_buffer(length) : nullptr);
    GstBuffer* got = ours.get();
    const GstFlowReturn flow = gst_pad_pull_range(sink_pad, offset, length, &got);
    if (flow != GST_FLOW_OK)
        return flow;
    if (got == ours.get() && got != nullptr) {
        ours.release();
        const guint64 left = static_cast<guint64>(end) - offset;
        if (gst_buffer_get_size(got) > left)
            gst_buffer_set_size(got, static_cast<gssize>(left));
    }
    *buffer = got;
    return flow;
}

gboolean NumapinState::sink_event(GstEvent* event) {
    const GstEventType type = GST_EVENT_TYPE(event);
    const std::uint64_t serial = thread_serial();
    if (type == GST_EVENT_STREAM_START) {
        // Who pushed the last stream has another to push now, or none.
        leave_others(serial);
        enter_thread();
    } else if (type == GST_EVENT_SEGMENT) {
        see_segment(event);
    }
    const gboolean done = gst_pad_event_default(sink_pad, GST_OBJECT_CAST(element), event);
    if (type == GST_EVENT_EOS)
        leave_thread(serial);
    return done;
}

/// Times tell of lateness only where a live source writes them.
void NumapinState::see_segment(GstEvent* event) {
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(event, &segment);
    gboolean live = FALSE;
    if (segment->format == GST_FORMAT_TIME && segment->rate == 1.0) {
        GstQuery* const query = gst_query_new_latency();
        if (gst_pad_peer_query(sink_pad, query) != FALSE)
            gst_query_parse_latency(query, &live, nullptr, nullptr);
        gst_query_unref(query);
    }
    times_are_live_ = live != FALSE;
    if (current_ != nullptr)
        current_->lateness->restart();
}

gboolean NumapinState::sink_query(GstQuery* query) {
    const gboolean done = gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
    if (GST_QUERY_TYPE(query) != GST_QUERY_ALLOCATION)
        return done;
    const AllocationAnswer answer = memory_.answer(query);
    if (!answer.left_alone.empty())
        GST_INFO_OBJECT(element, "memory is left to downstream: %s", answer.left_alone.c_str());
    return done || answer.is_ours;
}

} // namespace tactus
