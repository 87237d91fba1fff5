// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee's sink half: what upstream's thread does, and who is in the ring.
#include "ringqueue/gstringteepad.h"
#include "ringqueue/media_item.h"
#include "ringqueue/ringqueue_state.h"
#include "ringqueue/ringtee_debug.h"
#include "ringqueue/ringtee_state.h"

#include <algorithm>

namespace tactus {

namespace {

GstFlowReturn as_flow(int flow) {
    return static_cast<GstFlowReturn>(flow);
}

void retain_item(void*, const Item& item, unsigned extra) {
    for (unsigned i = 0; i < extra; ++i)
        gst_mini_object_ref(GST_MINI_OBJECT_CAST(item.object));
}

gboolean store_sticky(GstPad*, GstEvent** event, gpointer src_pad) {
    // EOS is not stored but pushed, by the branch's task, so that it goes out without a buffer.
    if (GST_EVENT_TYPE(*event) != GST_EVENT_EOS)
        gst_pad_store_sticky_event(GST_PAD_CAST(src_pad), *event);
    return TRUE;
}

// One branch that can go on is enough. Otherwise: the worst that is not mere absence.
int combine(int a, int b) {
    if (a == kFlowOk || b == kFlowOk)
        return kFlowOk;
    if (a == kFlowNotLinked)
        return b;
    if (b == kFlowNotLinked)
        return a;
    return std::min(a, b);
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

// --- who is in

std::vector<GstPad*> RingTeeState::pads_locked() const {
    for (GstPad* pad : branches_)
        gst_object_ref(pad);
    return branches_;
}

void RingTeeState::unref_all(const std::vector<GstPad*>& pads) const {
    for (GstPad* pad : pads)
        gst_object_unref(pad);
}

void RingTeeState::add_branch(GstPad* pad) {
    const std::lock_guard lock(control);
    branches_.push_back(pad);
    combined_ = combine_locked();
}

void RingTeeState::remove_branch(GstPad* pad) {
    leave(branch_of(pad));
    {
        const std::lock_guard lock(control);
        std::erase(branches_, pad);
        combined_ = combine_locked();
    }
    ring.interrupt();
}

void RingTeeState::request_join(RingTeeBranch& branch) {
    {
        const std::lock_guard lock(control);
        if (branch.joined.exchange(true))
            return;
        waiting_.push_back(GST_PAD_CAST(gst_object_ref(branch.pad)));
        some_wait_.store(true, std::memory_order_seq_cst);
    }
    // Upstream's thread looks at `some_wait_` whenever it comes by and, after the end of the
    // stream, once more; so if it is not to be waited for it will see us.
    if (gate_.saw_eos())
        GST_PAD_STREAM_LOCK(sink_pad);
    else if (!g_rec_mutex_trylock(GST_PAD_GET_STREAM_LOCK(sink_pad)))
        return;
    admit_waiting();
    GST_PAD_STREAM_UNLOCK(sink_pad);
}

// Under the stream lock: between two items, when the sink pad's sticky events are complete.
void RingTeeState::admit_waiting() {
    if (!some_wait_.load(std::memory_order_seq_cst))
        return;
    std::vector<GstPad*> joining;
    {
        const std::lock_guard lock(control);
        joining.swap(waiting_);
        some_wait_.store(false, std::memory_order_seq_cst);
    }
    for (GstPad* pad : joining)
        adopt(branch_of(pad));
    unref_all(joining);
    flow_changed();
}

void RingTeeState::adopt(RingTeeBranch& branch) {
    if (!branch.joined)
        return; // left again before it was let in
    gst_pad_sticky_events_foreach(sink_pad, store_sticky, branch.pad);
    ring.join(branch.member);
    if (gate_.saw_eos()) {
        branch.owes_eos = true;
        ring.interrupt();
    }
}

void RingTeeState::leave(RingTeeBranch& branch) {
    {
        const std::lock_guard lock(control);
        branch.joined = false;
        for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
            if (*it == branch.pad) {
                gst_object_unref(branch.pad);
                waiting_.erase(it);
                break;
            }
        }
    }
    ring.leave(branch.member);
}

int RingTeeState::combine_locked() {
    int flow = kFlowNotLinked;
    for (GstPad* pad : branches_)
        flow = combine(flow, branch_of(pad).gate.admit_buffers());
    return flow == kFlowNotLinked && allow_not_linked ? kFlowOk : flow;
}

void RingTeeState::flow_changed() {
    {
        const std::lock_guard lock(control);
        combined_ = combine_locked();
    }
    ring.interrupt();
}

// --- data

GstFlowReturn RingTeeState::chain(const Item& item) {
    const auto closed = [this] { return gate_.flow() != kFlowOk || combined_ != kFlowOk; };
    admit_waiting();
    int flow = gate_.admit_buffers();
    if (flow == kFlowOk && !closed())
        ring.wait_for_room(monotonic_ns, closed);
    if (flow == kFlowOk)
        flow = gate_.flow() != kFlowOk ? gate_.flow() : combined_.load();
    if (flow != kFlowOk) {
        dispose_item(item);
        return as_flow(flow);
    }
    enqueue(item);
    return GST_FLOW_OK;
}

void RingTeeState::enqueue(const Item& item) {
    try {
        ring.push(item, monotonic_ns());
    } catch (...) {
        dispose_item(item);
        throw;
    }
}

// --- events

bool RingTeeState::forward(GstEvent* event) {
    std::vector<GstPad*> pads;
    {
        const std::lock_guard lock(control);
        pads = pads_locked();
    }
    bool any = pads.empty();
    for (GstPad* pad : pads)
        any |= gst_pad_push_event(pad, gst_event_ref(event)) != FALSE;
    unref_all(pads);
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
    forward(event);
    gate_.flush();
    std::vector<GstPad*> pads;
    {
        const std::lock_guard lock(control);
        pads = pads_locked();
        for (GstPad* pad : pads)
            branch_of(pad).gate.flush();
    }
    ring.interrupt();
    for (GstPad* pad : pads)
        gst_pad_pause_task(pad);
    unref_all(pads);
    return GST_FLOW_OK;
}

GstFlowReturn RingTeeState::flush_stop(GstEvent* event) {
    forward(event);
    std::vector<GstPad*> pads;
    {
        const std::lock_guard lock(control);
        pads = pads_locked();
    }
    for (GstPad* pad : pads) {
        branch_of(pad).discard_queued();
        branch_of(pad).post_lost();
    }
    ring.restart_time();
    sink_time.reset();
    {
        const std::lock_guard lock(control);
        gate_.open();
        for (GstPad* pad : pads) {
            if (!gst_pad_is_active(pad))
                continue;
            branch_of(pad).gate.open();
            start_task(branch_of(pad));
        }
    }
    for (GstPad* pad : pads) {
        if (gst_pad_is_active(pad))
            request_join(branch_of(pad));
    }
    unref_all(pads);
    admit_waiting();
    flow_changed();
    return GST_FLOW_OK;
}

GstFlowReturn RingTeeState::queue_event(GstEvent* event) {
    admit_waiting();
    const EventClass event_class = class_of(event);
    GstFlowReturn refused = GST_FLOW_OK;
    std::vector<GstPad*> restarted;
    {
        const std::lock_guard lock(control);
        const std::uint64_t index = ring.next_index();
        const FlowGate::Verdict verdict = gate_.admit_event(event_class, index);
        if (verdict == FlowGate::Verdict::refuse_after_eos)
            refused = GST_FLOW_EOS;
        else if (verdict == FlowGate::Verdict::refuse)
            refused = as_flow(gate_.flow());
        else if (event_class == EventClass::eos && is_fatal_flow(combine_locked()))
            refused = as_flow(combine_locked());
        for (GstPad* pad : branches_) {
            if (refused == GST_FLOW_OK &&
                branch_of(pad).gate.admit_event(event_class, index) ==
                    FlowGate::Verdict::enqueue_and_start)
                restarted.push_back(GST_PAD_CAST(gst_object_ref(pad)));
        }
    }
    if (refused != GST_FLOW_OK) {
        gst_event_unref(event);
        if (refused != GST_FLOW_EOS && refused != GST_FLOW_FLUSHING)
            GST_ELEMENT_FLOW_ERROR(element, refused);
        return refused;
    }
    const Item item = make_item(event, sink_time);
    if (event_class == EventClass::segment)
        sink_time.set_segment(event);
    enqueue(item);
    {
        const std::lock_guard lock(control);
        for (GstPad* pad : restarted)
            start_task(branch_of(pad));
    }
    unref_all(restarted);
    flow_changed();
    if (event_class == EventClass::eos)
        admit_waiting();
    return GST_FLOW_OK;
}

gboolean RingTeeState::sink_query(GstQuery* query) {
    // Branches share each buffer and each would want memory of its own; upstream uses its default.
    if (GST_QUERY_TYPE(query) == GST_QUERY_ALLOCATION)
        return FALSE;
    return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
}

gboolean RingTeeState::sink_activate(bool active) {
    if (active) {
        const std::lock_guard lock(control);
        gate_.open();
        return TRUE;
    }
    gate_.flush();
    ring.interrupt();
    GST_PAD_STREAM_LOCK(sink_pad);
    ring.restart_time();
    sink_time.reset();
    GST_PAD_STREAM_UNLOCK(sink_pad);
    return TRUE;
}

} // namespace tactus
