// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/flow_gate.h"

namespace tactus {

int FlowGate::admit_buffers() const {
    const int flow = this->flow();
    if (flow != kFlowOk)
        return flow;
    if (eos_.load(std::memory_order_relaxed))
        return kFlowEos;
    // Comparing indices instead of clearing a flag: a segment that is already queued behind the
    // item that downstream refused counts, whichever side is quicker.
    const std::uint64_t refused = refused_up_to_.load(std::memory_order_relaxed);
    return refused != 0 && renewed_at_ <= refused ? kFlowEos : kFlowOk;
}

FlowGate::Verdict FlowGate::admit_event(EventClass event, std::uint64_t index) {
    const bool renews = event == EventClass::stream_start || event == EventClass::segment;
    int ended = kFlowEos;
    if (renews)
        flow_.compare_exchange_strong(ended, kFlowOk, std::memory_order_seq_cst);

    const int flow = this->flow();
    if (flow != kFlowOk) {
        if (event == EventClass::other)
            return Verdict::refuse;
        if (event == EventClass::eos)
            return is_fatal_flow(flow) ? Verdict::refuse_and_report : Verdict::refuse;
    }
    const bool after_eos = saw_eos();
    if (after_eos && !renews)
        return Verdict::refuse_after_eos;
    if (renews)
        renewed_at_ = index + 1;
    if (event == EventClass::eos) {
        eos_.store(true, std::memory_order_seq_cst);
        eos_at_ = index;
    }
    if (!after_eos)
        return Verdict::enqueue;
    eos_.store(false, std::memory_order_seq_cst);
    // Whatever ended the old stream, the new one may try; but a flush or a shutdown goes on.
    if (flow != kFlowFlushing) {
        int seen = flow;
        flow_.compare_exchange_strong(seen, kFlowOk, std::memory_order_seq_cst);
    }
    return Verdict::enqueue_and_start;
}

void FlowGate::push_returned(int result, std::uint64_t index) {
    if (result == kFlowOk)
        return;
    if (result == kFlowEos) {
        refused_up_to_.store(index + 1, std::memory_order_relaxed);
        discarding_.store(true, std::memory_order_relaxed);
        return;
    }
    int expected = kFlowOk;
    flow_.compare_exchange_strong(expected, result, std::memory_order_seq_cst);
}

bool FlowGate::admit_taken(EventClass event) {
    if (is_discarding() && (event == EventClass::other_sticky || event == EventClass::other))
        return false;
    stop_discarding();
    return true;
}

bool FlowGate::eos_pushed(std::uint64_t index) {
    // Not the last one: it was followed by a new stream, which has ended in turn.
    if (!saw_eos() || index != eos_at_)
        return false;
    int expected = kFlowOk;
    flow_.compare_exchange_strong(expected, kFlowEos, std::memory_order_seq_cst);
    return true;
}

void FlowGate::open() {
    eos_.store(false, std::memory_order_seq_cst);
    refused_up_to_.store(0, std::memory_order_relaxed);
    stop_discarding();
    flow_.store(kFlowOk, std::memory_order_seq_cst);
}

bool FlowGate::relink() {
    int expected = kFlowNotLinked;
    return flow_.compare_exchange_strong(expected, kFlowOk, std::memory_order_seq_cst);
}

} // namespace tactus
