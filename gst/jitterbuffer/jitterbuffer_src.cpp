// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// jitterbuffer's source half: what the task collects, and what downstream asks.
#include "glue/guard.h"
#include "glue/stats_fields.h"
#include "jitterbuffer/jitterbuffer_debug.h"
#include "jitterbuffer/jitterbuffer_state.h"

#include <algorithm>

namespace tactus {

void JitterBufferState::loop() {
    bool stopped = false;
    {
        auto lock = lock_soon();
        collect(lock);
        core.take_dropped(dropped_out);
        stopped = flow != GST_FLOW_OK;
    }
    in_turn = true;
    if (!dropped_out.empty())
        report_dropped(dropped_out);
    deliver();
    in_turn = false;
    // Who stops while we deliver is met the next time.
    if (stopped)
        rest();
}

// Fills outs, waiting for something to put there.
void JitterBufferState::collect(std::unique_lock<std::mutex>& lock) {
    std::int64_t now = now_ns();
    for (;;) {
        woken = false;
        const std::int64_t until_ns = collect_due(now);
        if (!outs.empty() || flow != GST_FLOW_OK)
            return;
        if (until_ns != JitterBuffer::kNever && !blocked && clock == nullptr) {
            // Nothing to wait with: all is due, as in rtpjitterbuffer.
            now = last_now_ns = std::max(until_ns, last_now_ns);
            continue;
        }
        core.take_dropped(dropped_out);
        if (!dropped_out.empty())
            return;
        wait(lock, until_ns);
        now = now_ns();
    }
}

// Fills outs with what is due, up to a batch. Returns until when nothing else is.
std::int64_t JitterBufferState::collect_due(std::int64_t now_ns) {
    outs_generation = generation;
    std::int64_t until_ns = JitterBuffer::kNever;
    while (outs.size() < kBatch && flow == GST_FLOW_OK) {
        if (serial_leads()) {
            collect_serial();
            continue;
        }
        if (blocked || !(collect_news(now_ns) || collect_packet(now_ns, until_ns)))
            return until_ns;
    }
    return now_ns;
}

void JitterBufferState::collect_message(GstStructure* structure) {
    Out out;
    out.kind = Out::Kind::message;
    out.structure = structure;
    outs.push_back(out);
}

// For handle-sync, unless the last one was too short a time ago: then what is newest by the next
// packet goes.
GstStructure* JitterBufferState::take_sync(std::int64_t now_ns) {
    return sync.has_news(now_ns, settings.min_sync_interval_ms)
               ? sync.take(now_ns, settings.max_rtcp_rtp_time_diff_ms)
               : nullptr;
}

// What is no packet and no event.
bool JitterBufferState::collect_news(std::int64_t now_ns) {
    const std::size_t before = outs.size();
    const std::int64_t interval_ns =
        std::int64_t{settings.stats_interval_ms} * std::int64_t{GST_MSECOND};
    if (interval_ns > 0 && now_ns >= stats_due_ns) {
        if (stats_due_ns > 0) {
            GstStructure* s = make_stats(counters(), stream_facts());
            gst_structure_set_name(s, "jitterbuffer-stats");
            collect_message(s);
        }
        stats_due_ns = (now_ns / interval_ns + 1) * interval_ns;
    }
    if (GstStructure* const s = take_sync(now_ns); s != nullptr) {
        Out out;
        out.kind = Out::Kind::sync;
        out.structure = s;
        outs.push_back(out);
    }
    return outs.size() != before;
}

bool JitterBufferState::collect_packet(std::int64_t now_ns, std::int64_t& until_ns) {
    const JitterAction action = core.poll(now_ns);
    switch (action.kind) {
    case JitterAction::Kind::wait:
        until_ns = action.until_ns;
        [[fallthrough]];
    case JitterAction::Kind::idle:
        if (settings.stats_interval_ms > 0)
            until_ns = std::min(until_ns, stats_due_ns);
        return false;
    case JitterAction::Kind::push: {
        if (burst_count > 0) {
            GstStructure* s = gst_structure_new_empty("jitterbuffer-dropped");
            set_count(s, "count", burst_count);
            set_count(s, "first-seqnum", burst_first);
            collect_message(s);
            burst_count = 0;
        }
        const JitterPacket& packet = action.stored.packet;
        collect_serial_before(packet.tag);
        sync.note_packet(action.stored.ticks, action.stored.pts_ns, packet.clock_rate, packet.ssrc,
                         action.stored.discont);
        if (packet.ntp != 0)
            sync.note_inband(packet.ntp, settings.sync_interval_ms);
        break;
    }
    case JitterAction::Kind::lost: // told in terms of the segment of the packet behind
        collect_serial_before(action.stored.packet.tag);
        break;
    default:
        break;
    }
    outs.emplace_back().action = action;
    return true;
}

void JitterBufferState::collect_serial_before(std::uint32_t tag) {
    while (!serial.empty() && static_cast<std::int32_t>(serial.front().number - tag) < 0)
        collect_serial();
}

void JitterBufferState::collect_serial() {
    Out out;
    out.kind = Out::Kind::serial;
    out.item = serial.front();
    serial.pop_front();
    outs.push_back(out);
}

// --- the task and its pad

// Pauses the task when there is nothing that it may do.
void JitterBufferState::rest() {
    const std::lock_guard lock(mutex);
    if (flow != GST_FLOW_OK)
        gst_pad_pause_task(src_pad);
}

// Making the task posts a message; later it is only woken up, which may be done under the mutex.
gboolean JitterBufferState::start_task() {
    const auto task = [](gpointer data) {
        auto& self = *static_cast<JitterBufferState*>(data);
        if (completes(self.element, [&self] { self.loop(); }))
            return;
        self.outs.clear();
        self.in_turn = false;
        self.note_flow(GST_FLOW_ERROR);
        self.rest();
    };
    return gst_pad_start_task(src_pad, task, this, nullptr);
}

gboolean JitterBufferState::src_activate(bool active) {
    if (active) {
        {
            const std::lock_guard lock(mutex);
            flow = GST_FLOW_OK;
            src_active = true;
            eos_queued = eos_pushed = false;
            discont = true;
            posted_latency_ns = -1;
        }
        return start_task();
    }
    {
        const std::lock_guard lock(mutex);
        src_active = false;
        halt();
    }
    desk.cancel();
    return gst_pad_stop_task(src_pad);
}

// --- what downstream asks

gboolean JitterBufferState::src_event(GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
        upstream_may_push.store(false, std::memory_order_relaxed); // until the task has tried it
        const std::lock_guard lock(mutex);
        if (flow == GST_FLOW_NOT_LINKED && src_active) {
            flow = GST_FLOW_OK;
            start_task();
        }
    }
    return gst_pad_event_default(src_pad, GST_OBJECT_CAST(element), event);
}

gboolean JitterBufferState::src_query(GstQuery* query) {
    if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY) {
        if (gst_pad_peer_query(sink_pad, query) == FALSE)
            return FALSE;
        GstClockTime minimum = 0;
        gst_query_parse_latency(query, nullptr, &minimum, nullptr);
        const std::lock_guard lock(mutex);
        if (peer_latency != minimum) {
            peer_latency = minimum;
            wake();
        }
        // We hold as much as it takes.
        gst_query_set_latency(query, TRUE, minimum + static_cast<GstClockTime>(core.latency_ns()),
                              GST_CLOCK_TIME_NONE);
        return TRUE;
    }
    if (GST_QUERY_TYPE(query) == GST_QUERY_POSITION) {
        GstFormat format = GST_FORMAT_UNDEFINED;
        gst_query_parse_position(query, &format, nullptr);
        const std::int64_t out_ns = last_out_ns;
        GstClockTime start = GST_CLOCK_TIME_NONE;
        {
            const std::lock_guard lock(mutex);
            start = npt_start;
        }
        if (format == GST_FORMAT_TIME && out_ns >= 0 && GST_CLOCK_TIME_IS_VALID(start)) {
            gst_query_set_position(query, GST_FORMAT_TIME, static_cast<gint64>(start) + out_ns);
            return TRUE;
        }
    }
    return gst_pad_query_default(src_pad, GST_OBJECT_CAST(element), query);
}

} // namespace tactus
