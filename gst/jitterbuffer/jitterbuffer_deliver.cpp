// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// jitterbuffer's source half: how what was collected goes downstream. No lock is held meanwhile.
#include "core/ring/flow_gate.h"
#include "jitterbuffer/jitterbuffer_debug.h"
#include "jitterbuffer/jitterbuffer_state.h"

#include <algorithm>
#include <chrono>

namespace tactus {

namespace {

// What pushing takes is real time, whatever the pipeline's clock says.
std::int64_t monotonic_ns() {
    return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace

void JitterBufferState::deliver() {
    if (outs.empty())
        return;
    std::uint32_t packets = 0;
    pace.begin(monotonic_ns);
    for (std::size_t i = 0; i < outs.size();) {
        if (generation.load(std::memory_order_relaxed) != outs_generation) {
            dispose(outs[i++]);
            continue;
        }
        packets += outs[i].is_packet() ? 1U : 0U;
        const std::size_t together = list_length(i);
        if (together > 1)
            push_list(i, together);
        else
            deliver_one(outs[i]);
        i += together;
    }
    outs.clear();
    pace.end(packets, monotonic_ns);
    upstream_may_push.store(pace.quick(), std::memory_order_relaxed);
}

// How many packets from there on are pushed at once: those of a frame, if they came in a list.
std::size_t JitterBufferState::list_length(std::size_t first) const {
    const auto listed = [&](const Out& out) {
        return out.is_packet() && out.action.stored.packet.listed &&
               out.action.stored.pts_ns == outs[first].action.stored.pts_ns;
    };
    std::size_t end = first;
    while (end < outs.size() && listed(outs[end]))
        ++end;
    return std::max<std::size_t>(end - first, 1);
}

void JitterBufferState::push_list(std::size_t first, std::size_t length) {
    GstBufferList* list = gst_buffer_list_new_sized(static_cast<guint>(length));
    for (std::size_t i = first; i < first + length; ++i)
        gst_buffer_list_add(list, finish(outs[i].action.stored));
    note_flow(gst_pad_push_list(src_pad, list));
}

void JitterBufferState::dispose(Out& out) {
    if (out.structure != nullptr)
        gst_structure_free(out.structure);
    if (out.item.query != 0)
        desk.refuse(out.item.query);
    if (out.item.event != nullptr && !put_back_end(out.item))
        drop_event(out.item.event);
    if (out.kind == Out::Kind::action && out.action.kind == JitterAction::Kind::push)
        gst_buffer_unref(static_cast<GstBuffer*>(out.action.stored.packet.handle));
}

void JitterBufferState::deliver_one(Out& out) {
    switch (out.kind) {
    case Out::Kind::action:
        deliver_action(out);
        break;
    case Out::Kind::serial:
        deliver_serial(out.item);
        break;
    case Out::Kind::message:
        gst_element_post_message(element,
                                 gst_message_new_element(GST_OBJECT_CAST(element), out.structure));
        break;
    case Out::Kind::sync:
        JitterBufferSignals::handle_sync(element, out.structure);
        gst_structure_free(out.structure);
        break;
    }
}

void JitterBufferState::deliver_action(Out& out) {
    const JitterAction& action = out.action;
    switch (action.kind) {
    case JitterAction::Kind::push:
        note_flow(gst_pad_push(src_pad, finish(action.stored)));
        break;
    case JitterAction::Kind::lost:
        push_lost(action);
        break;
    case JitterAction::Kind::request:
        push_request(action.request);
        break;
    case JitterAction::Kind::gap:
        push_gap(action);
        break;
    case JitterAction::Kind::latency:
        post_latency(action.latency_ns);
        break;
    case JitterAction::Kind::buffering:
        post_buffering(action.percent);
        break;
    case JitterAction::Kind::npt_stop:
        JitterBufferSignals::on_npt_stop(element);
        break;
    case JitterAction::Kind::eos: // its event has a place of its own
    case JitterAction::Kind::idle:
    case JitterAction::Kind::wait:
        break;
    }
}

GstClockTime JitterBufferState::position_of(std::int64_t running_time_ns) const {
    const auto running_time = static_cast<guint64>(std::max<std::int64_t>(running_time_ns, 0));
    return gst_segment_position_from_running_time(&out_segment, GST_FORMAT_TIME, running_time);
}

// The buffer as it goes out.
GstBuffer* JitterBufferState::finish(const StoredPacket& stored) {
    auto* buffer = gst_buffer_make_writable(static_cast<GstBuffer*>(stored.packet.handle));
    const bool timed =
        GST_BUFFER_DTS_IS_VALID(buffer) != FALSE || GST_BUFFER_PTS_IS_VALID(buffer) != FALSE;
    GST_BUFFER_PTS(buffer) = position_of(stored.pts_ns);
    GST_BUFFER_DTS(buffer) = timed ? position_of(stored.packet.arrival_ns) : GST_CLOCK_TIME_NONE;
    if (discont || stored.discont)
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    else
        GST_BUFFER_FLAG_UNSET(buffer, GST_BUFFER_FLAG_DISCONT);
    discont = false;
    last_out_ns.store(stored.pts_ns, std::memory_order_relaxed);
    if (add_reference.load(std::memory_order_relaxed))
        add_reference_time(buffer, stored);
    return buffer;
}

void JitterBufferState::add_reference_time(GstBuffer* buffer, const StoredPacket& stored) {
    std::optional<std::uint64_t> time_ns;
    GstCaps* caps = nullptr;
    {
        const std::lock_guard lock(mutex);
        time_ns = media.reference_ns(stored.packet.timestamp, stored.packet.clock_rate,
                                     stored.packet.arrival_ns);
        if (time_ns)
            caps = media.reference_caps();
        else if (stored.packet.ntp != 0)
            time_ns = ntp_to_ns(stored.packet.ntp);
        else
            time_ns = sync.ntp_ns(stored.ticks);
    }
    if (time_ns) {
        if (caps == nullptr && ntp_caps == nullptr)
            ntp_caps = gst_caps_new_empty_simple("timestamp/x-ntp");
        gst_buffer_add_reference_timestamp_meta(buffer, caps != nullptr ? caps : ntp_caps, *time_ns,
                                                GST_CLOCK_TIME_NONE);
    }
    gst_clear_caps(&caps);
}

void JitterBufferState::push_lost(const JitterAction& action) {
    discont = true;
    if (!do_lost.load(std::memory_order_relaxed))
        return;
    // A large hole is one event.
    constexpr std::int64_t kApart = 64;
    const std::int64_t events = action.count <= kApart ? action.count : 1;
    const std::int64_t duration_ns = action.duration_ns / std::max<std::int64_t>(events, 1);
    for (std::int64_t i = 0; i < events; ++i) {
        LostPackets lost;
        lost.seqnum = static_cast<std::uint16_t>(action.seqnum + i);
        lost.timestamp = position_of(action.pts_ns + i * duration_ns);
        lost.duration = static_cast<GstClockTime>(std::max<std::int64_t>(duration_ns, 0));
        const auto& [seqnum, requests] = retries[lost.seqnum % retries.size()];
        lost.retries = seqnum == lost.seqnum ? requests : 0U;
        gst_pad_push_event(src_pad, make_lost_event(lost));
    }
}

void JitterBufferState::push_gap(const JitterAction& action) {
    const GstClockTime position = position_of(action.pts_ns);
    if (!GST_CLOCK_TIME_IS_VALID(position)) // outside of the segment, where nothing is missed
        return;
    const auto duration = static_cast<GstClockTime>(std::max<std::int64_t>(action.duration_ns, 0));
    gst_pad_push_event(src_pad, gst_event_new_gap(position, duration));
}

void JitterBufferState::push_request(const RtxRequest& request) {
    retries[request.seqnum % retries.size()] = {request.seqnum,
                                                static_cast<std::uint16_t>(request.retry + 1)};
    gst_pad_push_event(sink_pad,
                       make_request_event(request, last_ssrc.load(std::memory_order_relaxed),
                                          deadline_ms.load(std::memory_order_relaxed)));
}

void JitterBufferState::post_latency(std::int64_t latency_ns) {
    // Each message makes the whole pipeline work. A fixed latency changes only when it is set.
    constexpr std::int64_t kWorthTellingNs = 5'000'000;
    if (adapts.load(std::memory_order_relaxed) && posted_latency_ns >= 0 &&
        std::abs(latency_ns - posted_latency_ns) < kWorthTellingNs)
        return;
    posted_latency_ns = latency_ns;
    gst_element_post_message(element, gst_message_new_latency(GST_OBJECT_CAST(element)));
}

void JitterBufferState::post_buffering(int percent) {
    GstMessage* message = gst_message_new_buffering(GST_OBJECT_CAST(element), percent);
    gst_message_set_buffering_stats(message, GST_BUFFERING_LIVE, -1, -1, -1);
    gst_element_post_message(element, message);
}

void JitterBufferState::deliver_serial(const Serial& item) {
    if (item.query != 0) {
        auto* query = static_cast<GstQuery*>(desk.begin(item.query));
        if (query != nullptr)
            desk.finish(item.query, gst_pad_peer_query(src_pad, query) != FALSE);
        return;
    }
    const GstEventType type = GST_EVENT_TYPE(item.event);
    if (type == GST_EVENT_SEGMENT)
        gst_event_copy_segment(item.event, &out_segment);
    if (type == GST_EVENT_STREAM_START)
        discont = true;
    if (type == GST_EVENT_EOS && gst_pad_is_linked(src_pad) == FALSE && put_back_end(item))
        return;
    gst_pad_push_event(src_pad, item.event);
    if (type == GST_EVENT_EOS) {
        const std::lock_guard lock(mutex);
        eos_pushed = true;
        changed.notify_all();
    }
}

// A pad that is not linked would store the end of the stream, but send it only before something
// else, and nothing else comes. False if it is of no use any more.
bool JitterBufferState::put_back_end(const Serial& item) {
    if (GST_EVENT_TYPE(item.event) != GST_EVENT_EOS)
        return false;
    const std::lock_guard lock(mutex);
    const bool is_last = item.number + 1 == serial_count; // else another stream has begun
    if (!eos_queued || !is_last || (flow != GST_FLOW_OK && flow != GST_FLOW_NOT_LINKED))
        return false;
    serial.push_front(item);
    // Whoever links it now makes us go on, once we let go of the mutex.
    flow = gst_pad_is_linked(src_pad) != FALSE ? GST_FLOW_OK : GST_FLOW_NOT_LINKED;
    wake();
    changed.notify_all();
    return true;
}

// What downstream answered; not if it was to something from before a flush.
void JitterBufferState::note_flow(GstFlowReturn result) {
    if (result == GST_FLOW_OK)
        return;
    GST_DEBUG_OBJECT(element, "downstream returned %s", gst_flow_get_name(result));
    bool tell = false;
    {
        const std::lock_guard lock(mutex);
        if (generation != outs_generation)
            return;
        flow = result;
        ++generation;
        wake(); // the task, to rest
        changed.notify_all();
        // Upstream has ended, so nobody else will tell the application.
        tell = eos_queued && is_fatal_flow(result);
    }
    desk.cancel();
    if (tell)
        GST_ELEMENT_FLOW_ERROR(element, result);
    // Nothing else goes out any more. Without a link the end that there is waits for one.
    if (result == GST_FLOW_EOS || (tell && result != GST_FLOW_NOT_LINKED))
        push_end();
}

// Not upstream's own, which may still be to come.
void JitterBufferState::push_end() {
    GstEvent* end = gst_event_new_eos();
    GstEvent* segment = gst_pad_get_sticky_event(src_pad, GST_EVENT_SEGMENT, 0);
    if (segment != nullptr) {
        gst_event_set_seqnum(end, gst_event_get_seqnum(segment));
        gst_event_unref(segment);
    }
    gst_pad_push_event(src_pad, end);
}

} // namespace tactus
