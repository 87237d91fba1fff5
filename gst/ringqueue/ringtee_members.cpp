// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee's branches as a whole: which there are, who is in the ring, what they return together.
#include "ringqueue/gstringteepad.h"
#include "ringqueue/media_item.h"
#include "ringqueue/ringtee_state.h"

#include <algorithm>

namespace tactus {

namespace {

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

gboolean store_sticky(GstPad*, GstEvent** event, gpointer src_pad) {
    // EOS is not stored but pushed, by the branch's task, so that it goes out without a buffer.
    if (GST_EVENT_TYPE(*event) != GST_EVENT_EOS)
        gst_pad_store_sticky_event(GST_PAD_CAST(src_pad), *event);
    return TRUE;
}

} // namespace

// --- which there are

std::vector<GstPad*> RingTeeState::pads_locked() const {
    for (GstPad* pad : branches_)
        gst_object_ref(pad);
    return branches_;
}

std::vector<GstPad*> RingTeeState::pads() const {
    const std::lock_guard lock(control);
    return pads_locked();
}

void RingTeeState::unref_all(const std::vector<GstPad*>& pads) const {
    for (GstPad* pad : pads)
        gst_object_unref(pad);
}

std::string RingTeeState::pad_name(const char* wanted) {
    const std::lock_guard lock(control);
    const auto is_taken = [this](const std::string& name) {
        return std::any_of(branches_.begin(), branches_.end(),
                           [&](GstPad* pad) { return name == GST_PAD_NAME(pad); });
    };
    if (wanted != nullptr)
        return is_taken(wanted) ? std::string() : wanted;
    std::string name;
    do {
        name = "src_" + std::to_string(next_pad_++);
    } while (is_taken(name));
    return name;
}

void RingTeeState::add_branch(GstPad* pad) {
    const std::lock_guard lock(control);
    branches_.push_back(pad);
    combined_ = combine_locked();
}

void RingTeeState::remove_branch(GstPad* pad) {
    {
        // A state change at the same time might start it again.
        const std::lock_guard lock(control);
        branch_of(pad).released = true;
    }
    gst_pad_set_active(pad, FALSE);
    leave(branch_of(pad));
    {
        const std::lock_guard lock(control);
        std::erase(branches_, pad);
    }
    flow_changed();
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

bool RingTeeState::has_failed_unheard() {
    const std::lock_guard lock(control);
    return gate_.saw_eos() && gate_.flow() == kFlowOk && combine_locked() != kFlowOk &&
           std::all_of(branches_.begin(), branches_.end(),
                       [](GstPad* pad) { return is_fatal_flow(branch_of(pad).gate.flow()); });
}

// --- open and closed

// Not in a branch's task: a flush that comes from there (a seek from downstream's chain) does not
// wait for it, and who holds the lock may be waiting for the task.
std::unique_lock<std::mutex> RingTeeState::lock_lifecycle() {
    bool in_task = false;
    {
        const std::lock_guard lock(control);
        in_task = std::any_of(branches_.begin(), branches_.end(),
                              [](GstPad* pad) { return branch_of(pad).is_in_task(); });
    }
    std::unique_lock lock(lifecycle_, std::defer_lock);
    if (!in_task)
        lock.lock();
    return lock;
}

void RingTeeState::open() {
    std::vector<GstPad*> opened;
    {
        const auto no_flush = lock_lifecycle();
        const std::lock_guard lock(control);
        gate_.open();
        opened = pads_locked();
        for (GstPad* pad : opened) {
            if (!branch_of(pad).active)
                continue;
            branch_of(pad).reopen_locked();
            branch_of(pad).wake_locked();
        }
    }
    for (GstPad* pad : opened)
        request_join(branch_of(pad));
    unref_all(opened);
    flow_changed();
}

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
    if (gate_.saw_eos() && !is_flushing()) {
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

} // namespace tactus
