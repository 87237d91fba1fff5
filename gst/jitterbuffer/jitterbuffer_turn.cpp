// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The turn to deliver, and upstream's thread while it has it.
#include "jitterbuffer/jitterbuffer_state.h"

namespace tactus {

// Only if it is free: who has it also delivers what comes in meanwhile.
bool JitterBufferState::take_turn() {
    if (!upstream_may_push.load(std::memory_order_relaxed) || GST_PAD_IS_BLOCKED(src_pad) ||
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
    // What is held must not wait for a watch that is a little late.
    if (until_ns < *asleep_until_ns || (watched && core.next_pts_ns()))
        return prepare_wake();
    if (watched) {
        asleep_until_ns = until_ns;
        stall.due_ns.store(until_ns != JitterBuffer::kNever ? clock_time_ns(until_ns)
                                                            : DeadlineBoard::kNever,
                           std::memory_order_relaxed);
    }
    return {};
}

// Delivers what collect_turn found, and what else is due. Returns what upstream is to know.
GstFlowReturn JitterBufferState::deliver_turn(Alarm alarm) {
    bool more = true;
    while (more) {
        more = outs.size() == kBatch;
        deliver();
        if (!more)
            break;
        const auto lock = lock_soon();
        more = pace.quick();
        alarm = more ? collect_turn(now_ns()) : prepare_wake();
    }
    ring(alarm);
    if (generation.load(std::memory_order_relaxed) == outs_generation)
        return GST_FLOW_OK;
    const std::lock_guard lock(mutex);
    return flow;
}

} // namespace tactus
