// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The turn to deliver: upstream's thread while it has it, the task while it waits without.
#include "jitterbuffer/jitterbuffer_state.h"

namespace tactus {

// --- upstream's thread

// Only if it is free: who has it also delivers what comes in meanwhile.
bool JitterBufferState::take_turn() {
    if (!direct_push.load(std::memory_order_relaxed) ||
        !upstream_may_push.load(std::memory_order_relaxed) || GST_PAD_IS_BLOCKED(src_pad) ||
        GST_PAD_STREAM_TRYLOCK(src_pad) == FALSE)
        return false;
    if (in_turn) { // downstream has come back to us in the middle of a push
        GST_PAD_STREAM_UNLOCK(src_pad);
        return false;
    }
    in_turn = true;
    return true;
}

void JitterBufferState::end_turn() {
    outs.clear(); // of an exception
    in_turn = false;
    GST_PAD_STREAM_UNLOCK(src_pad);
}

// Under mutex. The task sleeps on, unless something is due before it wakes up.
JitterBufferState::Alarm JitterBufferState::collect_turn(std::int64_t now_ns) {
    const std::int64_t until_ns = collect_due(now_ns);
    if (!asleep_until_ns || outs.size() == kBatch)
        return {};
    bool in_time = until_ns >= *asleep_until_ns;
    if (watched) {
        // What is held goes out in time: the task is up before that, and waits for the rest.
        const std::int64_t ahead_ns = core.next_pts_ns() ? StallWatch::kLateNs : 0;
        in_time = stall.move(until_ns != JitterBuffer::kNever ? clock_time_ns(until_ns - ahead_ns)
                                                              : DeadlineBoard::kNever);
    }
    return in_time ? Alarm{} : prepare_wake();
}

// Delivers what collect_turn found, and what else is due. Returns what upstream is to know.
GstFlowReturn JitterBufferState::deliver_turn(Alarm alarm) {
    const unsigned begun = outs_generation;
    while (!outs.empty()) {
        const bool more = outs.size() == kBatch;
        deliver();
        if (!more)
            break;
        const auto lock = lock_soon();
        alarm = pace.quick() ? collect_turn(now_ns()) : prepare_wake();
    }
    ring(alarm);
    if (generation.load(std::memory_order_relaxed) == begun)
        return GST_FLOW_OK;
    const std::lock_guard lock(mutex);
    return flow;
}

// Downstream may be another one from now on.
void JitterBufferState::forget_pace() {
    pace = PushPace();
    upstream_may_push.store(false, std::memory_order_relaxed);
}

// --- the task waits

// Leaves the turn to upstream's thread meanwhile.
void JitterBufferState::wait(std::unique_lock<std::mutex>& lock, std::int64_t until_ns) {
    GST_PAD_STREAM_UNLOCK(src_pad);
    asleep_until_ns = until_ns;
    if (until_ns != JitterBuffer::kNever && !blocked) {
        if (watch != nullptr && !core.next_pts_ns())
            wait_watched(lock, until_ns);
        else
            wait_for_clock(lock, until_ns);
    } else {
        lock.unlock();
        news.wait_until([this] { return woken.load(); });
        lock.lock();
    }
    asleep_until_ns.reset();
    lock.unlock();
    GST_PAD_STREAM_LOCK(src_pad);
    lock.lock();
}

bool JitterBufferState::make_timer(GstClockTime time) {
    if (timer != nullptr && timer_clock == clock &&
        gst_clock_single_shot_id_reinit(clock, timer, time) != FALSE)
        return true;
    if (timer != nullptr)
        gst_clock_id_unref(timer);
    timer = gst_clock_new_single_shot_id(clock, time);
    gst_object_replace(reinterpret_cast<GstObject**>(&timer_clock), GST_OBJECT_CAST(clock));
    return timer != nullptr;
}

// Nothing is held, so that nothing is urgent but that a packet comes.
void JitterBufferState::wait_watched(std::unique_lock<std::mutex>& lock, std::int64_t until_ns) {
    StallWatch* const of_now = watch;
    const bool in_time = stall.move(clock_time_ns(until_ns));
    const bool enters = stall_watch != of_now;
    if (enters)
        gst_object_ref(clock);
    GstClock* const its_owner = clock;
    watched = true;
    lock.unlock();
    if (enters) {
        leave_watch();
        stall_watch = of_now;
        stall_clock = its_owner;
    }
    if (enters || !in_time)
        of_now->add(stall);
    news.wait_until([this] { return woken.load(); });
    lock.lock();
    watched = false;
    stall.move(DeadlineBoard::kNever);
}

// The task's, and of who comes after it: a board must not be left by one thread while another one
// enters the next. Without mutex, as a clock may end its thread with us.
void JitterBufferState::leave_watch() {
    if (stall_watch != nullptr)
        stall_watch->remove(stall);
    stall_watch = nullptr;
    gst_clear_object(&stall_clock);
}

void JitterBufferState::wait_for_clock(std::unique_lock<std::mutex>& lock, std::int64_t until_ns) {
    if (!make_timer(static_cast<GstClockTime>(clock_time_ns(until_ns))))
        return;
    timer_pending = true;
    lock.unlock();
    gst_clock_id_wait(timer, nullptr);
    lock.lock();
    timer_pending = false;
}

} // namespace tactus
