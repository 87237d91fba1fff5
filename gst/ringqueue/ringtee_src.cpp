// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee's source half: one branch, its task, and what its downstream asks.
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "ringqueue/gstringteepad.h"
#include "ringqueue/level_queries.h"
#include "ringqueue/media_item.h"
#include "ringqueue/messages.h"
#include "ringqueue/ringqueue_state.h"
#include "ringqueue/ringtee_debug.h"
#include "ringqueue/ringtee_state.h"

#include <utility>

namespace tactus {

namespace {

constexpr int kItemsPerLoop = 64;

} // namespace

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
    if (!gate.admit_taken(event_class)) {
        dispose_keeping_sticky(pad, item);
        return;
    }
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
        if (!tee.is_flushing()) // else `open` does it
            reopen_locked();
        active = true;
    }
    // Here and not by upstream's thread, which would have to wait until the new thread runs. With a
    // closed gate the task rests until that is opened. No lock is held: this posts a message.
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
    const auto task = [](gpointer data) {
        auto& self = *static_cast<RingTeeBranch*>(data);
        if (completes(self.tee.element, [&self] { self.loop(); }))
            return;
        self.gate.push_returned(GST_FLOW_ERROR, 0);
        // As after any fatal result: it leaves the ring and holds nobody up. If that fails, too, it
        // is tried again.
        completes(self.tee.element, [&self] { self.pause_task(); });
        self.task_thread_ = nullptr;
    };
    gst_pad_start_task(pad, task, this, nullptr);
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
        if (gst_pad_is_active(stopped))
            return;
        gst_pad_stop_task(stopped);
        branch_of(stopped).restart_if_active(); // made active meanwhile
    };
    gst_element_call_async(tee.element, stop, gst_object_ref(pad), gst_object_unref);
}

void RingTeeBranch::restart_if_active() {
    const std::lock_guard lock(tee.control);
    if (active)
        start_task();
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
