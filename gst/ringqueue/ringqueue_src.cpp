// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringqueue's source half: what the task does, and what downstream asks.
#include "glue/fast_clock.h"
#include "glue/guard.h"
#include "ringqueue/level_queries.h"
#include "ringqueue/media_item.h"
#include "ringqueue/messages.h"
#include "ringqueue/ringqueue_debug.h"
#include "ringqueue/ringqueue_state.h"

#include <vector>

namespace tactus {

namespace {

// Items per call of the task function: few enough that a task that was asked to pause does so.
constexpr int kItemsPerLoop = 64;

} // namespace

void RingQueueState::loop() {
    task_thread.store(g_thread_self(), std::memory_order_relaxed);
    for (int i = 0; i < kItemsPerLoop && is_open(); ++i) {
        // Before the take, which is a seq_cst exchange: who sees the queue empty sees this too.
        if (!task_busy.load(std::memory_order_relaxed))
            task_busy.store(true, std::memory_order_relaxed);
        Taken taken;
        if (queue.take(taken, FastClock::now_ns())) {
            push_one(taken);
            continue;
        }
        task_busy.store(false, std::memory_order_seq_cst);
        if (!wait_for_data())
            break;
    }
    task_busy.store(false, std::memory_order_seq_cst);
    if (!is_open())
        pause_task();
    task_thread.store(nullptr, std::memory_order_relaxed);
}

// False if the gate has closed.
bool RingQueueState::wait_for_data() {
    const auto closed = [this] { return !is_open(); };
    if (!silent.load(std::memory_order_relaxed)) {
        emit(RingQueueSignal::underrun);
        if (closed())
            return false;
    }
    queue.wait_for_data(FastClock::now_ns, closed);
    if (closed())
        return false;
    if (!silent.load(std::memory_order_relaxed)) {
        emit(RingQueueSignal::running);
        emit(RingQueueSignal::pushing);
    }
    return !closed();
}

void RingQueueState::push_one(Taken& taken) {
    const Item& item = taken.item;
    if (item.kind == ItemKind::query) {
        push_query(item);
        return;
    }
    if (item.kind == ItemKind::event) {
        push_event(item, taken.index);
        return;
    }
    if (notify_levels.load(std::memory_order_relaxed))
        notify_levels_changed();
    if (!queue.bursts().empty())
        post_bursts(element, "ringqueue-dropped", nullptr, queue.bursts());
    if (gate.is_discarding() || !is_open()) {
        queue.discard_taken(item);
        if (taken.discont)
            queue.owe_discont();
        dispose_item(item);
        return;
    }
    const GstFlowReturn flow = push_buffers(src_pad, item, taken.discont);
    if (flow != GST_FLOW_OK)
        GST_DEBUG_OBJECT(element, "downstream returned %s", gst_flow_get_name(flow));
    gate.push_returned(flow, taken.index);
}

void RingQueueState::push_event(const Item& item, std::uint64_t index) {
    auto* event = static_cast<GstEvent*>(item.object);
    const EventClass event_class = class_of(event);
    if (!gate.admit_taken(event_class)) {
        dispose_keeping_sticky(src_pad, item);
        return;
    }
    if (event_class == EventClass::eos) {
        queue.settle(item.sequence);
        post_bursts(element, "ringqueue-dropped", nullptr, queue.bursts());
    }
    gst_pad_push_event(src_pad, event);
    if (event_class == EventClass::eos) {
        const std::lock_guard lock(control);
        gate.eos_pushed(index);
    }
}

void RingQueueState::push_query(const Item& item) {
    const QueryDesk::Ticket ticket = ticket_of(item);
    auto* query = static_cast<GstQuery*>(desk.begin(ticket));
    if (query == nullptr) // timed out or flushed meanwhile
        return;
    const bool answer = !gate.is_discarding() && gst_pad_peer_query(src_pad, query);
    desk.finish(ticket, answer);
}

// Under `control`, after the gate was opened.
gboolean RingQueueState::start_task() {
    const auto task = [](gpointer data) {
        auto& self = *static_cast<RingQueueState*>(data);
        if (completes(self.element, [&self] { self.loop(); }))
            return;
        self.task_busy = false;
        self.gate.push_returned(GST_FLOW_ERROR, 0);
        // As after any fatal result: nobody is left waiting. If that fails, too, it is tried again.
        completes(self.element, [&self] { self.pause_task(); });
        self.task_thread = nullptr;
    };
    return gst_pad_start_task(src_pad, task, this, nullptr);
}

// The gate has closed: rest until an event, a flush, a relink or a new activation opens it.
void RingQueueState::pause_task() {
    int flow = kFlowOk;
    std::vector<Item> left;
    {
        // Under the lock that whoever opens the gate again takes: what comes in after that is not
        // ours to throw away, and its queries are not ours to refuse.
        const std::lock_guard lock(control);
        flow = gate.flow();
        if (flow == kFlowOk) // opened again since: run on
            return;
        if (flow != kFlowNotLinked && flow != kFlowEos)
            queue.drain([&left](const Item& item) { left.push_back(item); });
        desk.cancel();
    }
    for (const Item& item : left)
        dispose_keeping(item);
    bool eos = false;
    {
        const std::lock_guard lock(control);
        if (is_open())
            return;
        eos = gate.saw_eos();
        gst_pad_pause_task(src_pad);
    }
    GST_DEBUG_OBJECT(element, "task paused: %s",
                     gst_flow_get_name(static_cast<GstFlowReturn>(flow)));
    queue.interrupt();
    // Upstream has ended, so nobody else will tell the application that downstream failed.
    if (eos && is_fatal_flow(flow)) {
        GST_ELEMENT_FLOW_ERROR(element, static_cast<GstFlowReturn>(flow));
        gst_pad_push_event(src_pad, gst_event_new_eos());
    }
}

gboolean RingQueueState::src_event(GstEvent* event) {
    if (GST_EVENT_TYPE(event) != GST_EVENT_RECONFIGURE)
        return gst_pad_event_default(src_pad, GST_OBJECT_CAST(element), event);
    {
        const std::lock_guard lock(control);
        if (gate.relink())
            start_task();
    }
    return gst_pad_push_event(sink_pad, event);
}

gboolean RingQueueState::src_query(GstQuery* query) {
    if (GST_QUERY_TYPE(query) == GST_QUERY_SCHEDULING) {
        gst_query_add_scheduling_mode(query, GST_PAD_MODE_PUSH);
        return TRUE;
    }
    if (!gst_pad_query_default(src_pad, GST_OBJECT_CAST(element), query))
        return FALSE;
    if (GST_QUERY_TYPE(query) == GST_QUERY_POSITION)
        subtract_level(query, queue.level());
    else if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY)
        add_latency(query, queue.max_size().get().time_ns, queue.effective_leak() != Leak::none,
                    queue.effective_threshold().time_ns);
    return TRUE;
}

gboolean RingQueueState::src_activate(bool active) {
    auto no_flush = lock_lifecycle();
    if (active) {
        const std::lock_guard lock(control);
        gate.open();
        return start_task();
    }
    close_gate();
    const gboolean stopped = gst_pad_stop_task(src_pad);
    // What follows may call out: finalizers, a handler of the message.
    if (no_flush.owns_lock())
        no_flush.unlock();
    desk.cancel();
    discard_queued();
    post_dropped();
    return stopped;
}

} // namespace tactus
