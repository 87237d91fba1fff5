// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// jitterbuffer's sink half: what upstream's threads do.
#include "jitterbuffer/jitterbuffer_debug.h"
#include "jitterbuffer/jitterbuffer_state.h"

#include <algorithm>

namespace tactus {

namespace {

GstBuffer* buffer_of(void* handle) {
    return static_cast<GstBuffer*>(handle);
}

const char* reason_of(JitterDrop reason) {
    switch (reason) {
    case JitterDrop::late:
        return "too-late";
    case JitterDrop::latency:
        return "drop-on-latency";
    case JitterDrop::stale:
        return "stale";
    case JitterDrop::memory:
        return "memory";
    default:
        return nullptr;
    }
}

// Packets that nobody has timed come when they come: a segment of anything else says nothing.
GstEvent* in_time(GstEvent* event) {
    const GstSegment* given = nullptr;
    gst_event_parse_segment(event, &given);
    if (given->format == GST_FORMAT_TIME)
        return event;
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    GstEvent* timed = gst_event_new_segment(&segment);
    gst_event_set_seqnum(timed, gst_event_get_seqnum(event));
    gst_event_set_running_time_offset(timed, gst_event_get_running_time_offset(event));
    gst_event_unref(event);
    return timed;
}

} // namespace

// --- packets

GstFlowReturn JitterBufferState::chain(GstBuffer* buffer) {
    JitterPacket packet;
    if (!prepare(buffer, packet)) {
        gst_buffer_unref(buffer);
        return GST_FLOW_OK;
    }
    return insert(&packet, 1);
}

GstFlowReturn JitterBufferState::chain_list(GstBufferList* list) {
    incoming.clear();
    const guint length = gst_buffer_list_length(list);
    for (guint i = 0; i < length; ++i) {
        JitterPacket packet;
        if (!prepare(gst_buffer_list_get(list, i), packet))
            continue;
        packet.listed = length > 1;
        gst_buffer_ref(buffer_of(packet.handle));
        incoming.push_back(packet);
    }
    // The list must not keep the buffers shared: then each would be copied on its way out.
    gst_buffer_list_unref(list);
    return incoming.empty() ? GST_FLOW_OK : insert(incoming.data(), incoming.size());
}

// False if it is no RTP packet.
bool JitterBufferState::prepare(GstBuffer* buffer, JitterPacket& packet) {
    const char* why = nullptr;
    const std::optional<JitterPacket> facts = read_rtp(buffer, ntp64_id, &why);
    if (!facts) {
        warn_invalid(why);
        return false;
    }
    packet = *facts;
    if (media_changed.load(std::memory_order_relaxed))
        find_media_clock();
    packet.clock_rate = clock_rate_of(packet.payload_type);
    packet.arrival_ns = arrival_of(buffer);
    return true;
}

// Running time, or -1 if the buffer does not say.
std::int64_t JitterBufferState::arrival_of(GstBuffer* buffer) {
    const GstClockTime time = GST_BUFFER_DTS_OR_PTS(buffer);
    if (!GST_CLOCK_TIME_IS_VALID(time))
        return -1;
    guint64 running_time = 0;
    const int sign =
        gst_segment_to_running_time_full(&in_segment, GST_FORMAT_TIME, time, &running_time);
    if (sign == 0)
        return -1;
    const auto ns = static_cast<std::int64_t>(std::min<guint64>(running_time, G_MAXINT64 / 4));
    return sign > 0 ? ns : -ns;
}

void JitterBufferState::warn_invalid(const char* why) {
    GST_DEBUG_OBJECT(element, "dropping a buffer: %s", why);
    {
        const std::lock_guard lock(mutex);
        ++invalid_count;
        // Anybody can send us rubbish; the bus must not fill up with it.
        constexpr std::int64_t kQuietNs = 1'000'000'000;
        const std::int64_t since_ns = now_ns() - invalid_warned_ns;
        if (invalid_warned_ns >= 0 && since_ns >= 0 && since_ns < kQuietNs)
            return;
        invalid_warned_ns = last_now_ns;
    }
    GST_ELEMENT_WARNING(element, STREAM, DECODE, (nullptr),
                        ("Received invalid RTP payload, dropping it: %s", why));
}

std::uint32_t JitterBufferState::clock_rate_of(unsigned payload_type) {
    if (pt_map_cleared.exchange(false, std::memory_order_relaxed)) {
        rates.fill(0);
        last_payload_type = -1;
    }
    std::uint32_t& rate = rates[payload_type & 0x7f];
    // A payload type without a rate is asked for once, until another one comes.
    if (rate != 0 || static_cast<int>(payload_type) == last_payload_type)
        return rate;
    last_payload_type = static_cast<int>(payload_type);
    GstCaps* caps = gst_pad_get_current_caps(sink_pad);
    if (caps != nullptr) {
        const RtpCaps facts = read_caps(caps);
        if (facts.payload_type < 0 || facts.payload_type == last_payload_type)
            rate = facts.clock_rate;
        gst_caps_unref(caps);
    }
    if (rate != 0)
        return rate;
    caps = JitterBufferSignals::request_pt_map(element, payload_type);
    if (caps == nullptr) {
        caps = gst_pad_get_current_caps(sink_pad);
        warn_no_rate(payload_type, caps);
        gst_clear_caps(&caps);
        return 0;
    }
    read_new_caps(caps);
    last_payload_type = static_cast<int>(payload_type);
    rate = read_caps(caps).clock_rate;
    if (rate == 0)
        warn_no_rate(payload_type, caps);
    gst_caps_unref(caps);
    return rate;
}

// Once for each payload type: all of its packets are dropped.
void JitterBufferState::warn_no_rate(unsigned payload_type, const GstCaps* caps) {
    if (told_no_rate.test(payload_type & 0x7f))
        return;
    told_no_rate.set(payload_type & 0x7f);
    GST_ELEMENT_WARNING(element, STREAM, FORMAT,
                        ("Packets of payload type %u are dropped: %s. There must be a clock-rate "
                         "above 0, in the caps or in the answer to request-pt-map.",
                         payload_type, describe_no_rate(caps, payload_type).c_str()),
                        (nullptr));
}

GstFlowReturn JitterBufferState::insert(JitterPacket* packets, std::size_t count) {
    GstFlowReturn result = GST_FLOW_OK;
    bool misplaced = false;
    Alarm alarm;
    const Turn turn(*this);
    {
        const auto lock = lock_soon();
        const std::int64_t now = now_ns();
        bool accepted = false;
        for (std::size_t i = 0; i < count; ++i)
            accepted |= put_in(packets[i], now, result);
        if (turn.held)
            alarm = collect_turn(now);
        else if (accepted)
            alarm = prepare_wake();
        core.take_dropped(dropped_in);
        misplaced = media.in_use() && media.take_complaint();
    }
    if (!turn.held)
        ring(alarm);
    if (!dropped_in.empty())
        report_dropped(dropped_in);
    if (misplaced)
        warn_misplaced();
    if (turn.held)
        result = std::min(result, deliver_turn(alarm));
    return result;
}

// Under mutex. False if the packet is dropped.
bool JitterBufferState::put_in(JitterPacket& packet, std::int64_t now_ns, GstFlowReturn& result) {
    if (flow != GST_FLOW_OK || eos_queued) {
        result = flow != GST_FLOW_OK ? flow : GST_FLOW_EOS;
        dropped_in.push_back({packet.handle, packet.seqnum, JitterDrop::flushed, 0});
        ++refused_count;
        return false;
    }
    if (packet.arrival_ns == -1)
        packet.arrival_ns = now_ns;
    packet.tag = serial_count;
    if (media.in_use())
        place_by_media_clock(packet);
    if (!core.next_pts_ns())
        oldest_tag = packet.tag;
    const JitterBuffer::InsertResult inserted = core.insert(packet, now_ns);
    // Not that of the last one out: a hole may be asked for before the first packet goes.
    if (inserted.accepted)
        last_ssrc.store(packet.ssrc, std::memory_order_relaxed);
    else
        dropped_in.push_back({packet.handle, packet.seqnum, inserted.reason, -1});
    return inserted.accepted;
}

// Gives the buffers up, and tells the application where it wants to know.
void JitterBufferState::report_dropped(std::vector<JitterBuffer::Dropped>& dropped) {
    GstStructure* message = nullptr;
    {
        const std::lock_guard lock(mutex);
        for (const JitterBuffer::Dropped& drop : dropped) {
            if (drop.reason == JitterDrop::memory && burst_count++ == 0)
                burst_first = drop.seqnum;
            const char* reason = reason_of(drop.reason);
            if (reason == nullptr || !settings.post_drop_messages)
                continue;
            drops.too_late += drop.reason == JitterDrop::late ? 1U : 0U;
            drops.on_latency += drop.reason == JitterDrop::latency ? 1U : 0U;
            if (message != nullptr || !drops.due(last_now_ns, settings.drop_messages_interval_ms))
                continue;
            drops.posted_ns = last_now_ns;
            const GstBuffer* buffer = buffer_of(drop.handle);
            message = make_drop_message(drops, drop.seqnum,
                                        drop.pts_ns >= 0 ? static_cast<GstClockTime>(drop.pts_ns)
                                                         : GST_BUFFER_PTS(buffer),
                                        reason);
        }
    }
    if (message != nullptr)
        gst_element_post_message(element,
                                 gst_message_new_element(GST_OBJECT_CAST(element), message));
    for (const JitterBuffer::Dropped& drop : dropped)
        gst_buffer_unref(buffer_of(drop.handle));
    dropped.clear();
}

GstFlowReturn JitterBufferState::chain_rtcp(GstBuffer* buffer) {
    SenderReport report;
    const RtcpStatus status = read_sender_report(buffer, report);
    GstStructure* structure = nullptr;
    if (status == RtcpStatus::report) {
        const std::lock_guard lock(mutex);
        sync.note_report(report, buffer, settings.sync_interval_ms);
        structure = take_sync(now_ns());
    }
    gst_buffer_unref(buffer);
    if (structure != nullptr) {
        JitterBufferSignals::handle_sync(element, structure);
        gst_structure_free(structure);
    }
    if (status == RtcpStatus::invalid)
        warn_invalid("it is no valid RTCP packet (RFC 3550 section 6)");
    return GST_FLOW_OK;
}

// --- events and queries

void JitterBufferState::read_new_caps(GstCaps* caps) {
    gst_caps_replace(&last_caps, caps);
    media_changed = true;
    const RtpCaps facts = read_caps(caps);
    if (facts.payload_type >= 0 && facts.payload_type < 128) {
        rates[static_cast<std::size_t>(facts.payload_type)] = facts.clock_rate;
    } else {
        rates.fill(0);
    }
    last_payload_type = -1;
    ntp64_id = facts.ntp64_id;
    const std::lock_guard lock(mutex);
    if (video != facts.video) {
        video = facts.video;
        configure();
    }
    sync.set_clock_base(facts.clock_base);
    if (facts.seqnum_base >= 0)
        core.expect_seqnum(static_cast<std::uint16_t>(facts.seqnum_base));
    npt_start = facts.npt_start;
    if (GST_CLOCK_TIME_IS_VALID(facts.npt_stop) && facts.npt_stop > facts.npt_start)
        core.set_npt_stop(static_cast<std::int64_t>(facts.npt_stop - facts.npt_start));
    else
        core.set_npt_stop(std::nullopt);
}

GstFlowReturn JitterBufferState::sink_event(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
        return flush_start(event);
    case GST_EVENT_FLUSH_STOP:
        return flush_stop(event);
    case GST_EVENT_EOS:
        return queue_eos(event);
    case GST_EVENT_CAPS: {
        GstCaps* caps = nullptr;
        gst_event_parse_caps(event, &caps);
        read_new_caps(caps);
        break;
    }
    case GST_EVENT_SEGMENT: {
        event = in_time(event);
        gst_event_copy_segment(event, &in_segment);
        break;
    }
    default:
        break;
    }
    if (GST_EVENT_IS_SERIALIZED(event))
        return queue_event(event);
    return gst_pad_push_event(src_pad, event) != FALSE ? GST_FLOW_OK : GST_FLOW_ERROR;
}

// A new stream after the end of one: waits until that has gone out. Nobody waits for an end that
// waits for a link, and a new stream makes it void. Whatever ended the old stream downstream, the
// new one may try; but a flush or a shutdown goes on.
void JitterBufferState::begin_stream(std::unique_lock<std::mutex>& lock) {
    changed.wait(lock, [this] { return eos_pushed || flow != GST_FLOW_OK; });
    const auto is_closed = [this] { return flow == GST_FLOW_FLUSHING || !src_active; };
    if (!eos_pushed && !is_closed()) { // what is left of the old stream
        lock.unlock();
        drop_serial(true);
        lock.lock();
    }
    if (is_closed())
        return;
    eos_queued = eos_pushed = false;
    core.flush();
    if (flow != GST_FLOW_OK && flow != GST_FLOW_NOT_LINKED) {
        flow = GST_FLOW_OK;
        start_task();
    }
}

GstFlowReturn JitterBufferState::queue_event(GstEvent* event) {
    std::unique_lock lock(mutex);
    const bool new_stream = GST_EVENT_TYPE(event) == GST_EVENT_STREAM_START;
    if (new_stream && (eos_queued || flow == GST_FLOW_EOS))
        begin_stream(lock);
    if (flow != GST_FLOW_OK || eos_queued) {
        const GstFlowReturn result = flow != GST_FLOW_OK ? flow : GST_FLOW_EOS;
        lock.unlock();
        drop_event(event);
        return result;
    }
    serial.push_back({serial_count, event, 0});
    ++serial_count;
    wake();
    return GST_FLOW_OK;
}

GstFlowReturn JitterBufferState::queue_eos(GstEvent* event) {
    std::unique_lock lock(mutex);
    const bool waits_for_link = flow == GST_FLOW_NOT_LINKED && src_active;
    if ((flow != GST_FLOW_OK && !waits_for_link) || eos_queued) {
        const GstFlowReturn result = flow != GST_FLOW_OK ? flow : GST_FLOW_EOS;
        lock.unlock();
        gst_event_unref(event);
        return result;
    }
    eos_queued = true;
    core.end_of_stream();
    serial.push_back({serial_count, event, 0});
    ++serial_count;
    wake();
    return GST_FLOW_OK;
}

GstFlowReturn JitterBufferState::flush_start(GstEvent* event) {
    const gboolean forwarded = gst_pad_push_event(src_pad, event);
    {
        const std::lock_guard lock(mutex);
        halt();
    }
    desk.cancel();
    return forwarded != FALSE ? GST_FLOW_OK : GST_FLOW_ERROR;
}

GstFlowReturn JitterBufferState::flush_stop(GstEvent* event) {
    {
        const std::lock_guard lock(mutex);
        halt();
    }
    // Until the task has let go of what it had collected, which belongs before the flush.
    GST_PAD_STREAM_LOCK(src_pad);
    drop_serial(true);
    forget_pace(); // sinks wait for their first buffer again
    std::vector<JitterBuffer::Dropped> dropped;
    const GstClockTime new_base_time = gst_element_get_base_time(element);
    {
        const std::lock_guard lock(mutex);
        core.flush();
        core.take_dropped(dropped);
        sync.reset();
        eos_queued = eos_pushed = false;
        last_now_ns = stats_due_ns = 0;
        base_time = new_base_time;
        last_out_ns = -1;
        gst_segment_init(&in_segment, GST_FORMAT_TIME);
        gst_segment_init(&out_segment, GST_FORMAT_TIME);
        discont = true;
    }
    report_dropped(dropped);
    const gboolean forwarded = gst_pad_push_event(src_pad, event);
    GST_PAD_STREAM_UNLOCK(src_pad);
    const std::lock_guard lock(mutex);
    if (src_active) {
        flow = GST_FLOW_OK;
        start_task();
    }
    return forwarded != FALSE ? GST_FLOW_OK : GST_FLOW_ERROR;
}

gboolean JitterBufferState::sink_query(GstQuery* query) {
    if (GST_QUERY_IS_SERIALIZED(query))
        return queue_query(query);
    return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
}

gboolean JitterBufferState::queue_query(GstQuery* query) {
    QueryDesk::Ticket ticket = 0;
    {
        const std::lock_guard lock(mutex);
        // While it fills, or without a clock that runs, the answer would take for ever.
        const bool may_stall = settings.mode == JitterMode::buffer || blocked || !core.is_active();
        if (flow != GST_FLOW_OK || eos_queued || (may_stall && core.next_pts_ns()))
            return FALSE;
        ticket = desk.open(query);
        serial.push_back({serial_count, nullptr, ticket});
        ++serial_count;
        wake();
    }
    return desk.wait(0).value_or(false);
}

gboolean JitterBufferState::sink_activate(bool active) {
    if (active) {
        const std::lock_guard lock(mutex);
        if (src_active && flow != GST_FLOW_OK) {
            flow = GST_FLOW_OK;
            start_task();
        }
        return TRUE;
    }
    {
        const std::lock_guard lock(mutex);
        halt();
    }
    desk.cancel();
    return TRUE;
}

} // namespace tactus
