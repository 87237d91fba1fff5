// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee's source half: one branch, its task, and what its downstream asks.
#include "ringqueue/gstringteepad.h"
#include "ringqueue/level_queries.h"
#include "ringqueue/media_item.h"
#include "ringqueue/messages.h"
#include "ringqueue/ringqueue_state.h"
#include "ringqueue/ringtee_debug.h"
#include "ringqueue/ringtee_state.h"

namespace tactus {

namespace {

constexpr int kItemsPerLoop = 64;

} // namespace

RingTeeBranch::RingTeeBranch(RingTeeState& owner, GstPad* src_pad)
    : tee(owner), pad(src_pad), member(owner.ring.make_member()) {}

void RingTeeBranch::loop() {
    const auto wake = [this] { return gate.flow() != kFlowOk || owes_eos.load(); };
    for (int i = 0; i < kItemsPerLoop && gate.flow() == kFlowOk; ++i) {
        Taken taken;
        if (member->take(taken, tee.ring, monotonic_ns())) {
            push_one(taken);
        } else if (owes_eos.exchange(false)) {
            gst_pad_push_event(pad, gst_event_new_eos());
            pause_task();
            return;
        } else {
            tee.ring.wait_for_data(*member, monotonic_ns, wake);
        }
    }
    if (gate.flow() != kFlowOk)
        pause_task();
}

void RingTeeBranch::push_one(Taken& taken) {
    const Item& item = taken.item;
    if (item.kind == ItemKind::event) {
        push_event(item);
        return;
    }
    if (!member->bursts().empty())
        post_bursts(tee.element, "ringtee-lost", pad, member->bursts());
    if (gate.is_discarding() || gate.flow() != kFlowOk) {
        member->discard_taken(item);
        dispose_item(item);
        return;
    }
    const GstFlowReturn flow = push_buffers(pad, item, taken.discont);
    gate.push_returned(flow, taken.index);
    if (flow != GST_FLOW_OK) {
        GST_DEBUG_OBJECT(pad, "downstream returned %s", gst_flow_get_name(flow));
        tee.flow_changed();
    }
}

void RingTeeBranch::push_event(const Item& item) {
    auto* event = static_cast<GstEvent*>(item.object);
    const EventClass event_class = class_of(event);
    const bool renews = event_class == EventClass::stream_start ||
                        event_class == EventClass::segment || event_class == EventClass::eos;
    if (gate.is_discarding() && !renews) {
        dispose_keeping_sticky(pad, item);
        return;
    }
    gate.stop_discarding();
    if (event_class == EventClass::eos) {
        member->settle(item.sequence);
        post_bursts(tee.element, "ringtee-lost", pad, member->bursts());
    }
    gst_pad_push_event(pad, event);
    if (event_class == EventClass::eos) {
        const std::lock_guard lock(tee.control);
        gate.eos_pushed();
    }
}

// The gate has closed, or the stream is over. A branch that failed or is not linked leaves the
// ring: it would hold up the others.
void RingTeeBranch::pause_task() {
    const int flow = gate.flow();
    if (is_fatal_flow(flow)) {
        discard_queued();
        tee.leave(*this);
    }
    {
        const std::lock_guard lock(tee.control);
        if (gate.flow() == kFlowOk && flow != kFlowOk) // opened again since: run on
            return;
        gst_pad_pause_task(pad);
    }
    tee.flow_changed();
}

void RingTeeBranch::discard_queued() {
    tee.ring.drain(*member, [this](const Item& item) { dispose_keeping_sticky(pad, item); });
}

void RingTeeBranch::post_lost() {
    member->settle(UINT64_MAX);
    post_bursts(tee.element, "ringtee-lost", pad, member->bursts());
}

gboolean RingTeeBranch::activate(bool active) {
    if (active) {
        gboolean started = FALSE;
        {
            const std::lock_guard lock(tee.control);
            gate.open();
            started = tee.start_task(*this);
        }
        tee.request_join(*this);
        return started;
    }
    gate.flush();
    tee.ring.interrupt();
    const gboolean stopped = gst_pad_stop_task(pad);
    tee.leave(*this);
    owes_eos = false;
    post_lost();
    tee.flow_changed();
    return stopped;
}

gboolean RingTeeState::start_task(RingTeeBranch& branch) {
    return gst_pad_start_task(
        branch.pad, [](gpointer self) { static_cast<RingTeeBranch*>(self)->loop(); }, &branch,
        nullptr);
}

gboolean RingTeeBranch::src_event(GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
        bool relinked = false;
        {
            const std::lock_guard lock(tee.control);
            relinked = gate.relink();
            if (relinked)
                tee.start_task(*this);
        }
        if (relinked)
            tee.request_join(*this);
    }
    return gst_pad_event_default(pad, GST_OBJECT_CAST(tee.element), event);
}

gboolean RingTeeBranch::src_query(GstQuery* query) {
    if (GST_QUERY_TYPE(query) == GST_QUERY_SCHEDULING) {
        gst_query_add_scheduling_mode(query, GST_PAD_MODE_PUSH);
        return TRUE;
    }
    if (!gst_pad_query_default(pad, GST_OBJECT_CAST(tee.element), query))
        return FALSE;
    if (GST_QUERY_TYPE(query) == GST_QUERY_POSITION)
        subtract_level(query, member->level());
    else if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY)
        add_latency(query, tee.ring.max_size().get().time_ns, tee.ring.is_lossy(), 0);
    return TRUE;
}

} // namespace tactus
