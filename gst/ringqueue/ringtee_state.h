// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/broadcast_ring.h"
#include "core/ring/flow_gate.h"
#include "ringqueue/enums.h"
#include "ringqueue/running_time.h"

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace tactus {

/// The defaults of ringtee's properties.
struct RingTeeSettings {
    TeeMode mode = TeeMode::lossless;
    bool allow_not_linked = false;
    std::uint64_t max_size_buffers = 200;
    std::uint64_t max_size_bytes = 10 * 1024 * 1024;
    std::uint64_t max_size_time_ns = GST_SECOND;
    std::uint64_t spin_us = 0;
};

struct RingTeeState;

/// One source pad: its task, its place in the ring, its flow.
///
/// Threads: `loop` and what it calls run in the pad's task; the rest is called by whoever holds
/// the pad, under the rules of the members used.
struct RingTeeBranch {
    RingTeeBranch(RingTeeState& owner, GstPad* src_pad);

    void loop();
    gboolean activate(bool active);
    gboolean src_event(GstEvent* event);
    gboolean src_query(GstQuery* query);
    /// Throws out what it has not pushed, keeping sticky events for later.
    void discard_queued();
    void post_lost();

    RingTeeState& tee;
    GstPad* pad;
    std::shared_ptr<BroadcastRing::Member> member;
    FlowGate gate;
    std::atomic<bool> joined{false}; ///< in the ring, or about to be
    std::atomic<bool> owes_eos{false}; ///< joined after the end of the stream

private:
    void push_one(Taken& taken);
    void push_event(const Item& item);
    void pause_task();
};

/// All of a ringtee but its GObject.
///
/// Threads: the sink functions run under the sink pad's stream lock. `control` guards the list of
/// branches, the joins that wait, and the starting and pausing of tasks; nothing is pushed,
/// posted or emitted under it.
struct RingTeeState {
    explicit RingTeeState(GstElement* owner);

    GstFlowReturn chain(const Item& item);
    GstFlowReturn sink_event(GstEvent* event);
    gboolean sink_query(GstQuery* query);
    gboolean sink_activate(bool active);

    void add_branch(GstPad* pad);
    void remove_branch(GstPad* pad);

    /// Lets `branch` into the ring between two items, with the sticky events of that moment. At
    /// once if upstream's thread is elsewhere, else when it next passes.
    void request_join(RingTeeBranch& branch);
    /// Takes `branch` out of the ring, so that it holds nobody up.
    void leave(RingTeeBranch& branch);
    /// A branch's flow has changed: the combined one may have.
    void flow_changed();
    gboolean start_task(RingTeeBranch& branch);

    GstElement* element;
    GstPad* sink_pad = nullptr;
    BroadcastRing ring;
    RunningTime sink_time;
    std::mutex control;
    std::atomic<bool> allow_not_linked;
    std::atomic<std::uint32_t> pads_made{0};

private:
    GstFlowReturn flush_start(GstEvent* event);
    GstFlowReturn flush_stop(GstEvent* event);
    GstFlowReturn queue_event(GstEvent* event);
    bool forward(GstEvent* event);
    void enqueue(const Item& item);
    void admit_waiting();
    void adopt(RingTeeBranch& branch);
    int combine_locked();
    std::vector<GstPad*> pads_locked() const;
    void unref_all(const std::vector<GstPad*>& pads) const;

    FlowGate gate_; ///< upstream's side: open or flushing, and whether the stream has ended
    std::vector<GstPad*> branches_; ///< guarded by control; the element owns the pads
    std::vector<GstPad*> waiting_;  ///< likewise: to join
    std::atomic<bool> some_wait_{false};
    std::atomic<int> combined_{kFlowOk};
};

} // namespace tactus
