// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringqueue's sink half: what upstream's thread does.
#include "glue/fast_clock.h"
#include "ringqueue/media_item.h"
#include "ringqueue/ringqueue_debug.h"
#include "ringqueue/ringqueue_state.h"

namespace tactus {

namespace {

GstFlowReturn as_flow(int flow) {
    return static_cast<GstFlowReturn>(flow);
}

} // namespace

// True if `item` may go in. Otherwise `flow` is what chain returns, and the item is still ours.
bool RingQueueState::make_room(const Item& item, GstFlowReturn& flow) {
    const auto closed = [this] { return !is_open(); };
    while (queue.is_full()) {
        if (!silent.load(std::memory_order_relaxed)) {
            emit(RingQueueSignal::overrun);
            if (closed())
                break;
            if (!queue.is_full()) // the handler may have changed the limits
                break;
        }
        const RingQueue::Room room = queue.make_room(item);
        if (room == RingQueue::Room::refused) {
            GST_DEBUG_OBJECT(element, "full, leaking the incoming buffer");
            flow = GST_FLOW_OK;
            return false;
        }
        if (room == RingQueue::Room::ready)
            continue;
        queue.wait_for_room(FastClock::now_ns, closed);
        if (closed())
            break;
        if (!silent.load(std::memory_order_relaxed) && !queue.is_full()) {
            emit(RingQueueSignal::running);
            if (closed())
                break;
        }
    }
    flow = as_flow(gate.flow());
    return flow == GST_FLOW_OK;
}

inline void RingQueueState::enqueue(const Item& item) {
    try {
        queue.push(item, FastClock::now_ns());
    } catch (...) {
        dispose_item(item);
        throw;
    }
    // A fatal result may have come in since we looked, and the task then emptied the queue before
    // this item was in it. The flow and the tail are both seq_cst: one side sees the other.
    if (item.is_buffers() && is_fatal_flow(gate.flow()) && gate.flow() != kFlowNotLinked)
        discard_queued();
}

// What does not come in takes no time, as in queue: the next one that says no time begins `before`.
GstFlowReturn RingQueueState::refuse(const Item& item, GstClockTime before, GstFlowReturn flow) {
    sink_time.go_back(before);
    buffers_refused.fetch_add(item.buffers, std::memory_order_relaxed);
    dispose_item(item);
    return flow;
}

GstFlowReturn RingQueueState::chain_item(const Item& item, GstClockTime before) {
    const int admitted = gate.admit_buffers();
    if (admitted != kFlowOk)
        return refuse(item, before, as_flow(admitted));
    GstFlowReturn flow = GST_FLOW_OK;
    if (queue.is_broken(item)) {
        queue.refuse(item);
        sink_time.go_back(before);
        dispose_item(item);
        return flow;
    }
    if (queue.is_full() && !make_room(item, flow)) {
        if (flow != GST_FLOW_OK)
            return refuse(item, before, flow);
        sink_time.go_back(before);
        dispose_item(item); // a leak, which counts it
        return flow;
    }
    enqueue(item);
    if (notify_levels.load(std::memory_order_relaxed))
        notify_levels_changed();
    return GST_FLOW_OK;
}

GstFlowReturn RingQueueState::sink_event(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_FLUSH_START:
        return flush_start(event);
    case GST_EVENT_FLUSH_STOP:
        return flush_stop(event);
    default:
        break;
    }
    if (GST_EVENT_IS_SERIALIZED(event))
        return queue_event(event);
    return gst_pad_push_event(src_pad, event) ? GST_FLOW_OK : GST_FLOW_ERROR;
}

// Not in the task itself: a flush that comes from there (a seek from downstream's chain) does not
// wait for it, and who holds the lock may be waiting for the task.
std::unique_lock<std::mutex> RingQueueState::lock_lifecycle() {
    std::unique_lock lock(lifecycle, std::defer_lock);
    if (task_thread != g_thread_self())
        lock.lock();
    return lock;
}

GstFlowReturn RingQueueState::flush_start(GstEvent* event) {
    const gboolean forwarded = gst_pad_push_event(src_pad, event);
    // An activation in between would start the task again, and then we would wait for it for ever.
    const auto no_activation = lock_lifecycle();
    close_gate();
    // Downstream flushes, so the task comes to its end.
    gst_pad_pause_task(src_pad);
    // Only now: downstream may have been writing into the query.
    desk.cancel();
    return forwarded ? GST_FLOW_OK : GST_FLOW_ERROR;
}

GstFlowReturn RingQueueState::flush_stop(GstEvent* event) {
    const gboolean forwarded = gst_pad_push_event(src_pad, event);
    discard_queued();
    post_dropped();
    queue.restart_time();
    sink_time.reset();
    {
        const auto no_activation = lock_lifecycle();
        const std::lock_guard lock(control);
        // A pad that is not active is opened by its activation.
        if (gst_pad_is_active(src_pad)) {
            gate.open();
            start_task();
        }
    }
    return forwarded ? GST_FLOW_OK : GST_FLOW_ERROR;
}

// `flow` is that of the verdict: a relink may have changed it since.
GstFlowReturn RingQueueState::refuse_event(GstEvent* event, FlowGate::Verdict verdict,
                                           GstFlowReturn flow) {
    GST_DEBUG_OBJECT(element, "refusing %s event, flow is %s", GST_EVENT_TYPE_NAME(event),
                     gst_flow_get_name(flow));
    gst_event_unref(event);
    if (verdict == FlowGate::Verdict::refuse_after_eos)
        return GST_FLOW_EOS;
    if (verdict == FlowGate::Verdict::refuse_and_report)
        GST_ELEMENT_FLOW_ERROR(element, flow);
    return flow;
}

// What an event changes here before it is queued.
void RingQueueState::before_event(GstEvent* event) {
    switch (GST_EVENT_TYPE(event)) {
    case GST_EVENT_SEGMENT:
        sink_time.set_segment(event);
        queue.set_reverse(sink_time.is_reverse());
        if (sink_time.is_reverse() && queue.leak() != Leak::none)
            GST_ELEMENT_WARNING(element, STREAM, FAILED,
                                ("Not leaking while media plays backwards."),
                                ("The segment's rate is negative: the oldest buffer is the last to "
                                 "be shown. leaky is ignored until the next forward segment."));
        break;
    case GST_EVENT_EOS:
        if (flush_on_eos.load(std::memory_order_relaxed)) {
            queue.drain_keeping_sticky();
            queue.restart_time();
        } else {
            queue.arm_thresholds(false);
        }
        break;
    default:
        break;
    }
}

GstFlowReturn RingQueueState::queue_event(GstEvent* event) {
    FlowGate::Verdict verdict = FlowGate::Verdict::refuse;
    GstFlowReturn flow = GST_FLOW_OK;
    {
        const std::lock_guard lock(control);
        verdict = gate.admit_event(class_of(event), queue.next_index());
        flow = as_flow(gate.flow());
    }
    if (verdict != FlowGate::Verdict::enqueue && verdict != FlowGate::Verdict::enqueue_and_start)
        return refuse_event(event, verdict, flow);

    const Item item = make_item(event, sink_time);
    before_event(event);
    enqueue(item);
    if (verdict == FlowGate::Verdict::enqueue_and_start) {
        const std::lock_guard lock(control);
        // Whoever closes the gate takes the same lock first, and stops the task afterwards.
        if (is_open() && GST_PAD_MODE(src_pad) == GST_PAD_MODE_PUSH)
            start_task();
    }
    return GST_FLOW_OK;
}

gboolean RingQueueState::sink_query(GstQuery* query) {
    if (GST_QUERY_IS_SERIALIZED(query))
        return queue_query(query);
    return gst_pad_query_default(sink_pad, GST_OBJECT_CAST(element), query);
}

gboolean RingQueueState::queue_query(GstQuery* query) {
    const SerializedQueries mode = serialized_queries.load(std::memory_order_relaxed);
    // Drained first: the task says that it is busy before it takes an item.
    if (mode == SerializedQueries::refuse_if_nonempty && (!queue.is_drained() || task_busy)) {
        GST_DEBUG_OBJECT(element, "refusing %s query, not empty", GST_QUERY_TYPE_NAME(query));
        queries_refused.fetch_add(1, std::memory_order_relaxed);
        return FALSE;
    }
    const QueryDesk::Ticket ticket = desk.open(query);
    // Announced first, looked second: whoever closes the gate cancels afterwards.
    if (is_open())
        enqueue(make_query_item(ticket));
    else
        desk.cancel();
    const bool limited = mode == SerializedQueries::timeout;
    const auto answer = desk.wait(limited ? query_timeout_ns.load(std::memory_order_relaxed) : 0);
    if (!answer) {
        GST_WARNING_OBJECT(element, "no answer to the %s query in time, refusing it",
                           GST_QUERY_TYPE_NAME(query));
        queries_refused.fetch_add(1, std::memory_order_relaxed);
    }
    return answer.value_or(false);
}

gboolean RingQueueState::sink_activate(bool active) {
    if (active) {
        const auto no_flush = lock_lifecycle();
        const std::lock_guard lock(control);
        gate.open();
        // The source pad is activated first. A FLUSH_START that came in before we were deactivated
        // may have paused its task since, and its FLUSH_STOP did not get in.
        if (GST_PAD_MODE(src_pad) == GST_PAD_MODE_PUSH)
            start_task();
        return TRUE;
    }
    close_gate();
    desk.cancel();
    // Wait until upstream's thread has left.
    GST_PAD_STREAM_LOCK(sink_pad);
    queue.drain([this](const Item& item) { dispose(item); });
    queue.restart_time();
    sink_time.reset();
    GST_PAD_STREAM_UNLOCK(sink_pad);
    return TRUE;
}

} // namespace tactus
