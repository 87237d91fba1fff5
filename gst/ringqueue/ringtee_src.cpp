// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee's source half: one branch, its task, and what its downstream asks.
#include "glue/fast_clock.h"
#include "ringqueue/gstringteepad.h"
#include "ringqueue/level_queries.h"
#include "ringqueue/media_item.h"
#include "ringqueue/messages.h"
#include "ringqueue/ringqueue_state.h"
#include "ringqueue/ringtee_debug.h"
#include "ringqueue/ringtee_state.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

constexpr int kItemsPerLoop = 64;

gboolean store_sticky(GstPad*, GstEvent** event, gpointer src_pad) {
    // EOS is not stored but pushed, by the branch's task, so that it goes out without a buffer.
    if (GST_EVENT_TYPE(*event) != GST_EVENT_EOS)
        gst_pad_store_sticky_event(GST_PAD_CAST(src_pad), *event);
    return TRUE;
}

} // namespace

// --- in and out of the ring

void RingTeeState::request_join(RingTeeBranch& branch) {
    using Membership = RingTeeBranch::Membership;
    {
        const std::lock_guard lock(control);
        if (!branch.active)
            return;
        branch.rejoins = branch.membership == Membership::leaving;
        if (branch.membership != Membership::out)
            return;
        branch.membership = Membership::waiting;
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
    using Membership = RingTeeBranch::Membership;
    if (branch.membership != Membership::waiting)
        return; // left again before it was let in
    gst_pad_sticky_events_foreach(sink_pad, store_sticky, branch.pad);
    const std::lock_guard lock(control);
    if (branch.membership != Membership::waiting)
        return;
    ring.join(branch.member);
    branch.membership = Membership::in;
    if (gate_.saw_eos()) {
        if (!branch.gate.saw_eos()) {
            branch.eos_index = ring.next_index() - 1;
            branch.gate.admit_event(EventClass::eos, branch.eos_index);
        }
        branch.owe_eos_locked(branch.eos_index);
    }
    branch.wake_locked();
}

void RingTeeState::leave(RingTeeBranch& branch) {
    std::unique_lock lock(control);
    leave_locked(branch, lock);
}

void RingTeeState::leave_if_failed(RingTeeBranch& branch) {
    std::unique_lock lock(control);
    if (branch.has_failed_locked())
        leave_locked(branch, lock);
}

void RingTeeState::leave_locked(RingTeeBranch& branch, std::unique_lock<std::mutex>& lock) {
    using Membership = RingTeeBranch::Membership;
    branch.rejoins = false;
    if (branch.membership == Membership::waiting) {
        branch.membership = Membership::out;
        const auto it = std::find(waiting_.begin(), waiting_.end(), branch.pad);
        if (it != waiting_.end()) {
            waiting_.erase(it);
            gst_object_unref(branch.pad);
        }
    }
    if (branch.membership != Membership::in)
        return;
    branch.membership = Membership::leaving;
    lock.unlock(); // what is left is disposed of, which may run foreign code
    ring.leave(branch.member);
    lock.lock();
    branch.membership = Membership::out;
    const bool again = branch.rejoins;
    lock.unlock();
    if (again)
        request_join(branch);
}

// --- the branch's task

RingTeeBranch::RingTeeBranch(RingTeeState& owner, GstPad* src_pad)
    : tee(owner), pad(src_pad), member(owner.ring.make_member()) {}

void RingTeeBranch::loop() {
    task_thread_ = g_thread_self();
    const auto wake = [this] { return gate.flow() != kFlowOk || owes_eos.load(); };
    // What is owed is older than all that is in the ring.
    if (owes_eos)
        push_owed_eos();
    for (int i = 0; i < kItemsPerLoop && is_in_ring() && !wake(); ++i) {
        Taken taken;
        if (member->take(taken, tee.ring, FastClock::now_ns()))
            push_one(taken);
        else
            tee.ring.wait_for_data(*member, FastClock::now_ns, wake);
    }
    if (gate.flow() != kFlowOk || !is_in_ring())
        pause_task();
    task_thread_ = nullptr;
}

void RingTeeBranch::push_one(Taken& taken) {
    const Item& item = taken.item;
    if (item.kind == ItemKind::event) {
        push_event(taken);
        return;
    }
    if (!member->bursts().empty())
        post_bursts(tee.element, "ringtee-lost", pad, member->bursts());
    if (gate.is_discarding() || gate.flow() != kFlowOk) {
        member->discard_taken(item);
        if (taken.discont)
            member->owe_discont();
        dispose_item(item);
        return;
    }
    const std::uint32_t reconfigures = reconfigures_;
    const GstFlowReturn flow = push_buffers(pad, item, taken.discont);
    if (flow == GST_FLOW_OK)
        return;
    GST_DEBUG_OBJECT(pad, "downstream returned %s", gst_flow_get_name(flow));
    gate.push_returned(flow, taken.index);
    if (flow == GST_FLOW_NOT_LINKED && reconfigures != reconfigures_) {
        // Linked meanwhile, by somebody who did not find it stopped.
        const std::lock_guard lock(tee.control);
        gate.relink();
    }
    tee.flow_changed();
    if (is_fatal_flow(flow) && tee.has_failed_unheard())
        GST_ELEMENT_FLOW_ERROR(tee.element, flow);
}

void RingTeeBranch::push_event(const Taken& taken) {
    const Item& item = taken.item;
    auto* event = static_cast<GstEvent*>(item.object);
    const EventClass event_class = class_of(event);
    const bool renews = event_class == EventClass::stream_start ||
                        event_class == EventClass::segment || event_class == EventClass::eos;
    if (gate.is_discarding() && !renews) {
        dispose_keeping_sticky(pad, item);
        return;
    }
    gate.stop_discarding();
    if (event_class != EventClass::eos) {
        gst_pad_push_event(pad, event);
        return;
    }
    member->settle(item.sequence);
    post_bursts(tee.element, "ringtee-lost", pad, member->bursts());
    push_eos(event, taken.index);
}

void RingTeeBranch::push_owed_eos() {
    std::uint64_t index = 0;
    {
        const std::lock_guard lock(tee.control);
        index = owed_index_;
        if (!owes_eos.exchange(false))
            return;
    }
    GstEvent* eos = gst_event_new_eos();
    if (tee.eos_seqnum != GST_SEQNUM_INVALID)
        gst_event_set_seqnum(eos, tee.eos_seqnum);
    push_eos(eos, index);
}

void RingTeeBranch::push_eos(GstEvent* event, std::uint64_t index) {
    const std::uint32_t reconfigures = reconfigures_;
    const bool linked = gst_pad_is_linked(pad);
    // A pad that has seen its EOS sends no more, not even that once it is linked.
    if (linked)
        gst_pad_push_event(pad, event);
    else
        gst_event_unref(event);
    const std::lock_guard lock(tee.control);
    if (index != eos_index) // a whole stream came in meanwhile: its end is still to come
        return;
    gate.eos_pushed(index);
    eos_done_ = gate.saw_eos() || has_failed_locked();
    eos_missed_ = eos_done_ && !linked;
    if (eos_missed_ && reconfigures != reconfigures_) {
        eos_missed_ = false;
        owe_eos_locked(index);
    }
}

// The gate has closed, or the stream is over. A branch that failed or is not linked leaves the
// ring: it would hold up the others.
void RingTeeBranch::pause_task() {
    if (gate.flow() != kFlowOk && gate.flow() != kFlowEos) {
        member->settle_all();
        post_bursts(tee.element, "ringtee-lost", pad, member->bursts());
        tee.leave_if_failed(*this);
    }
    {
        const std::lock_guard lock(tee.control);
        // The end that was in the ring for us went away with the rest.
        if (is_fatal_flow(gate.flow()) && gate.saw_eos() && !std::exchange(eos_done_, true))
            owe_eos_locked(eos_index);
        if (owes_eos || (gate.flow() == kFlowOk && is_in_ring())) // again something to do
            return;
        gst_pad_pause_task(pad);
    }
    tee.flow_changed();
}

// --- what others do to the branch

void RingTeeBranch::wake_locked() {
    if (active && (owes_eos || (is_in_ring() && gate.flow() == kFlowOk)))
        start_task();
    tee.ring.interrupt();
}

void RingTeeBranch::owe_eos_locked(std::uint64_t index) {
    owed_index_ = index;
    owes_eos = true;
}

void RingTeeBranch::reopen_locked() {
    gate.open();
    owes_eos = false;
    eos_done_ = false;
    eos_missed_ = false;
}

void RingTeeBranch::restart_locked() {
    gate.open();
    eos_done_ = false;
    eos_missed_ = false;
}

std::vector<Item> RingTeeBranch::take_queued_locked() {
    std::vector<Item> queued;
    if (is_in_ring())
        tee.ring.drain(*member, [&queued](const Item& item) { queued.push_back(item); });
    return queued;
}

void RingTeeBranch::discard_queued() {
    std::vector<Item> queued;
    {
        const std::lock_guard lock(tee.control);
        queued = take_queued_locked();
    }
    for (const Item& item : queued)
        dispose_keeping_sticky(pad, item);
}

void RingTeeBranch::post_lost() {
    std::vector<DropBurst> lost = member->collect_bursts();
    post_bursts(tee.element, "ringtee-lost", pad, lost);
}

gboolean RingTeeBranch::activate(bool activates) {
    if (!activates) {
        deactivate();
        return TRUE;
    }
    {
        const std::lock_guard lock(tee.control);
        if (released)
            return FALSE;
        reopen_locked();
        active = true;
    }
    // Here and not by upstream's thread, which would have to wait until the new thread runs.
    start_task();
    tee.request_join(*this);
    tee.flow_changed();
    return TRUE;
}

void RingTeeBranch::deactivate() {
    {
        const std::lock_guard lock(tee.control);
        active = false;
        gate.flush();
        retiring = true;
        ++tee.retiring;
    }
    tee.ring.interrupt();
    stop_task();
    tee.leave(*this);
    {
        const std::lock_guard lock(tee.control);
        retiring = false;
        --tee.retiring;
    }
    owes_eos = false;
    post_lost();
    tee.flow_changed();
}

void RingTeeBranch::start_task() {
    gst_pad_start_task(
        pad, [](gpointer self) { static_cast<RingTeeBranch*>(self)->loop(); }, this, nullptr);
}

// A pad may be released from its own thread: by an application's probe that waits until the pad
// is idle, say. A thread cannot wait for its own end, so another one does it.
void RingTeeBranch::stop_task() {
    if (task_thread_ != g_thread_self()) {
        gst_pad_stop_task(pad);
        return;
    }
    const auto stop = [](GstElement*, gpointer object) {
        GstPad* stopped = GST_PAD_CAST(object);
        if (!gst_pad_is_active(stopped))
            gst_pad_stop_task(stopped);
    };
    gst_element_call_async(tee.element, stop, gst_object_ref(pad), gst_object_unref);
}

// Locked. Another chance, unless the task is to rest or has no reason to.
bool RingTeeBranch::revive_locked() {
    if (!active || tee.is_flushing())
        return false;
    if (eos_missed_) {
        eos_missed_ = false;
        owe_eos_locked(eos_index);
        wake_locked();
    }
    if (!has_failed_locked())
        return false;
    if (!gate.relink())
        gate.open();
    eos_done_ = false;
    wake_locked();
    return true;
}

gboolean RingTeeBranch::src_event(GstEvent* event) {
    if (GST_EVENT_TYPE(event) == GST_EVENT_RECONFIGURE) {
        ++reconfigures_;
        bool revived = false;
        {
            const std::lock_guard lock(tee.control);
            revived = revive_locked();
        }
        if (revived) {
            tee.request_join(*this);
            tee.flow_changed();
        }
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
        subtract_level(query, level());
    else if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY)
        add_latency(query, tee.ring.max_size().get().time_ns, tee.ring.is_lossy(), 0);
    return TRUE;
}

} // namespace tactus
