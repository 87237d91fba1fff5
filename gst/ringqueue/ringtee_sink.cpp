// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee's sink half: what upstream's thread does, and who is in the ring.
#include "glue/fast_clock.h"
#include "ringqueue/gstringteepad.h"
#include "ringqueue/media_item.h"
#include "ringqueue/ringqueue_state.h"
#include "ringqueue/ringtee_debug.h"
#include "ringqueue/ringtee_state.h"

namespace tactus {

namespace {

GstFlowReturn as_flow(int flow) {
    return static_cast<GstFlowReturn>(flow);
}

void retain_item(void*, const Item& item, unsigned extra) {
    for (unsigned i = 0; i < extra; ++i)
        gst_mini_object_ref(GST_MINI_OBJECT_CAST(item.object));
}

} // namespace

RingTeeState::RingTeeState(GstElement* owner)
    : element(owner), ring(kItemDisposer, {retain_item, nullptr}) {
    constexpr RingTeeSettings defaults;
    allow_not_linked = defaults.allow_not_linked;
    ring.max_size().set(
        {defaults.max_size_buffers, defaults.max_size_bytes, defaults.max_size_time_ns});
    ring.set_lossy(defaults.mode == TeeMode::lossy);
    ring.set_spin_ns(defaults.spin_us * GST_USECOND);
}

// --- data

// What does not come in takes no time: the next one that says no time begins `before`.
GstFlowReturn RingTeeState::chain_item(const Item& item, GstClockTime before) {
    const auto closed = [this] {
        if (retiring.load() != 0)
            drain_retiring();
        return gate_.flow() != kFlowOk || combined_ != kFlowOk;
    };
    admit_waiting();
    int flow = gate_.admit_buffers();
    if (flow == kFlowOk) {
        ring.wait_for_room(FastClock::now_ns, closed);
        flow = gate_.flow() != kFlowOk ? gate_.flow() : combined_.load();
    }
    if (flow != kFlowOk) {
        sink_time.go_back(before);
        buffers_refused.fetch_add(item.buffers, std::memory_order_relaxed);
        dispose_item(item);
        return as_flow(flow);
    }
    enqueue(item);
    return GST_FLOW_OK;
}

// A pad that is being shut down may have to wait for a push that hangs downstream; upstream and
// the other branches need not.
void RingTeeState::drain_retiring() {
    std::vector<Item> left;
    {
        const std::lock_guard lock(control);
        for (GstPad* pad : branches_) {
            if (!branch_of(pad).retiring)
                continue;
            for (const Item& item : branch_of(pad).take_queued_locked())
                left.push_back(item);
        }
    }
    for (const Item& item : left)
        dispose_item(item);
}

void RingTeeState::enqueue(const Item& item) {
    try {
        ring.push(item, FastClock::now_ns());
    } catch (...) {
        dispose_item(item);
        throw;
    }
}

// --- events

bool RingTeeState::forward(GstEvent* event) {
    const std::vector<GstPad*> targets = pads();
    bool any = targets.empty();
    for (GstPad* pad : targets)
        any |= gst_pad_push_event(pad, gst_event_ref(event)) != FALSE;
    unref_all(targets);
    gst_event_unref(event);
    return any;
}

GstFlowReturn RingTeeState::sink_event(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
        return flush_start(event);
    case GST_EVENT_FLUSH_STOP:
        return flush_stop(event);
    default:
        break;
    }
    if (!GST_EVENT_IS_SERIALIZED(event))
        return forward(event) ? GST_FLOW_OK : GST_FLOW_ERROR;
    return queue_event(event);
}

GstFlowReturn RingTeeState::flush_start(GstEvent* event) {
    {
        // First of all: a branch that comes up from here on starts with a closed gate, so that we
        // need not wait for it.
        const std::lock_guard lock(control);
        gate_.flush();
    }
    forward(event);
    const auto no_opening = lock_lifecycle();
    std::vector<GstPad*> flushed;
    {
        const std::lock_guard lock(control);
        gate_.flush();
        flushed = pads_locked();
        for (GstPad* pad : flushed)
            branch_of(pad).gate.flush();
    }
    ring.interrupt();
    for (GstPad* pad : flushed)
        gst_pad_pause_task(pad);
    unref_all(flushed);
    return GST_FLOW_OK;
}

GstFlowReturn RingTeeState::flush_stop(GstEvent* event) {
    forward(event);
    const std::vector<GstPad*> flushed = pads();
    for (GstPad* pad : flushed) {
        branch_of(pad).discard_queued();
        branch_of(pad).post_lost();
    }
    unref_all(flushed);
    ring.restart_time();
    sink_time.reset();
    open();
    return GST_FLOW_OK;
}

// Locked. What an event that is next in the ring means to one branch.
void RingTeeState::offer_event(RingTeeBranch& branch, EventClass event_class, bool restarts,
                               std::vector<GstPad*>& restarted) {
    if (!branch.active)
        return;
    const FlowGate::Verdict verdict = branch.gate.admit_event(event_class, ring.next_index());
    if (event_class == EventClass::eos)
        branch.eos_index = ring.next_index();
    if (verdict == FlowGate::Verdict::enqueue_and_start ||
        (restarts && branch.has_failed_locked())) {
        // A new stream is a new chance for those that failed in the last one.
        branch.restart_locked();
        restarted.push_back(GST_PAD_CAST(gst_object_ref(branch.pad)));
    } else if (event_class == EventClass::eos && branch.has_failed_locked()) {
        // It is not in the ring, but what is behind it may wait for the end.
        branch.owe_eos_locked(branch.eos_index);
        branch.wake_locked();
    }
}

// What to return for a serialized event; ok if it is to be let in. Then also tells the branches.
int RingTeeState::judge_event(EventClass event_class, std::vector<GstPad*>& restarted) {
    const std::lock_guard lock(control);
    if (is_flushing())
        return kFlowFlushing;
    const int flow = combine_locked();
    if (!gate_.saw_eos() && (event_class == EventClass::other ||
                             (event_class == EventClass::eos && is_fatal_flow(flow)))) {
        if (flow != kFlowOk)
            return flow;
    }
    const FlowGate::Verdict verdict = gate_.admit_event(event_class, ring.next_index());
    if (verdict == FlowGate::Verdict::refuse_after_eos)
        return kFlowEos;
    const bool restarts = verdict == FlowGate::Verdict::enqueue_and_start;
    for (GstPad* pad : branches_)
        offer_event(branch_of(pad), event_class, restarts, restarted);
    return kFlowOk;
}

GstFlowReturn RingTeeState::queue_event(GstEvent* event) {
    admit_waiting();
    const EventClass event_class = class_of(event);
    if (event_class == EventClass::eos)
        eos_seqnum = gst_event_get_seqnum(event);
    std::vector<GstPad*> restarted;
    const int refused = judge_event(event_class, restarted);
    if (refused != kFlowOk) {
        gst_event_unref(event);
        if (event_class == EventClass::eos && is_fatal_flow(refused))
            GST_ELEMENT_FLOW_ERROR(element, as_flow(refused));
        return as_flow(refused);
    }
    for (GstPad* pad : restarted)
        request_join(branch_of(pad));
    const Item item = make_item(event, sink_time);
    if (event_class == EventClass::segment)
        sink_time.set_segment(event);
    enqueue(item);
    {
        const std::lock_guard lock(control);
        for (GstPad* pad : restarted)
            branch_of(pad).wake_locked();
    }
    unref_all(restarted);
    flow_changed();
    if (event_class == EventClass::eos)
        admit_waiting();
    return GST_FLOW_OK;
}

gboolean RingTeeState::sink_query(GstQuery* query) {
    // Branches share each buffer and each would want memory of its own; upstream uses its
    // default. Other serialized queries would overtake what is in the ring.
    if (GST_QUERY_IS_SERIALIZED(query))
        return FALSE;
    return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
}

gboolean RingTeeState::sink_activate(bool active) {
    if (active) {
        // The branches, too: they are activated first. A FLUSH_START that came in before we were
        // deactivated may have closed them since, and its FLUSH_STOP did not get in.
        open();
        return TRUE;
    }
    {
        const std::lock_guard lock(control);
        gate_.flush();
    }
    ring.interrupt();
    GST_PAD_STREAM_LOCK(sink_pad);
    ring.restart_time();
    sink_time.reset();
    {
        // Forgets an end of stream: source pads are activated before us and may not hear of it.
        const std::lock_guard lock(control);
        gate_.open();
        gate_.flush();
    }
    GST_PAD_STREAM_UNLOCK(sink_pad);
    return TRUE;
}

} // namespace tactus
