// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/flow_gate.h"
#include "core/ring/query_desk.h"
#include "core/ring/ring_queue.h"
#include "ringqueue/enums.h"
#include "ringqueue/media_item.h"
#include "ringqueue/running_time.h"

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <mutex>

namespace tactus {

/// The defaults of ringqueue's properties, and nothing else: they live here alone.
struct RingQueueSettings {
    std::uint64_t max_size_buffers = 200;
    std::uint64_t max_size_bytes = 10 * 1024 * 1024;
    std::uint64_t max_size_time_ns = GST_SECOND;
    Leak leak = Leak::none;
    LeakUnit leak_unit = LeakUnit::buffer;
    SerializedQueries serialized_queries = SerializedQueries::block;
    std::uint64_t query_timeout_ns = 100 * GST_MSECOND;
    std::uint64_t spin_us = 0;
    bool silent = false;
    bool flush_on_eos = false;
    bool notify_levels = false;
};

enum class RingQueueSignal : std::uint8_t { overrun, underrun, running, pushing };

/// All of a ringqueue but its GObject. The two halves are in ringqueue_sink.cpp and
/// ringqueue_src.cpp.
///
/// Threads: the sink half runs under the sink pad's stream lock, the source half in the source
/// pad's task. `control` orders what starts and pauses the task; nothing is pushed, posted or
/// emitted under it. `lifecycle`, taken before it, keeps flushes and activation apart; the task
/// never takes it, so one may wait for the task under it.
struct RingQueueState {
    explicit RingQueueState(GstElement* owner);

    // --- sink half
    GstFlowReturn chain(GstBuffer* buffer) { return chain_media(buffer); }
    GstFlowReturn chain_list(GstBufferList* list) { return chain_media(list); }
    GstFlowReturn sink_event(GstEvent* event);
    gboolean sink_query(GstQuery* query);
    gboolean sink_activate(bool active);

    // --- source half
    void loop();
    gboolean src_event(GstEvent* event);
    gboolean src_query(GstQuery* query);
    gboolean src_activate(bool active);

    // --- both
    void emit(RingQueueSignal signal);
    void notify_levels_changed();
    void post_dropped();
    void discard_queued();
    void close_gate();
    /// Gives the item up; a query is answered no.
    void dispose(const Item& item);
    /// The same, but a sticky event that a flush keeps is stored on the source pad.
    void dispose_keeping(const Item& item);
    bool is_open() const { return gate.flow() == kFlowOk; }

    GstElement* element;
    GstPad* sink_pad = nullptr;
    GstPad* src_pad = nullptr;

    std::atomic<bool> silent;
    std::atomic<bool> flush_on_eos;
    std::atomic<bool> notify_levels;
    std::atomic<SerializedQueries> serialized_queries;
    std::atomic<std::uint64_t> query_timeout_ns;
    std::atomic<std::uint64_t> queries_refused{0};
    std::atomic<std::uint64_t> buffers_refused{0};

    QueryDesk desk; // before the queue, whose end may refuse a query
    RingQueue queue;
    FlowGate gate;
    std::mutex lifecycle;
    std::mutex control;
    RunningTime sink_time;
    /// The task holds an item. On a line of its own: the task writes it, and everything else here
    /// is read by upstream's thread for each buffer.
    alignas(kCacheLineBytes) std::atomic<bool> task_busy{false};
    std::atomic<GThread*> task_thread{nullptr};

  private:
    template <typename Media>
    GstFlowReturn chain_media(Media* media) {
        const GstClockTime before = sink_time.position();
        return chain_item(make_item(media, sink_time), before);
    }
    /// `before`: where `item` begins if it does not say.
    GstFlowReturn chain_item(const Item& item, GstClockTime before);
    GstFlowReturn flush_start(GstEvent* event);
    GstFlowReturn flush_stop(GstEvent* event);
    GstFlowReturn queue_event(GstEvent* event);
    GstFlowReturn refuse_event(GstEvent* event, FlowGate::Verdict verdict, GstFlowReturn flow);
    void before_event(GstEvent* event);
    void enqueue(const Item& item);
    GstFlowReturn refuse(const Item& item, GstClockTime before, GstFlowReturn flow);
    gboolean queue_query(GstQuery* query);
    bool make_room(const Item& item, GstFlowReturn& flow);

    bool wait_for_data();
    void push_one(Taken& taken);
    void push_event(const Item& item, std::uint64_t index);
    void push_query(const Item& item);
    gboolean start_task();
    std::unique_lock<std::mutex> lock_lifecycle();
    void pause_task();
};

} // namespace tactus
