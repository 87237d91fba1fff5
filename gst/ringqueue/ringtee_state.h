// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/broadcast_ring.h"
#include "core/ring/flow_gate.h"
#include "ringqueue/enums.h"
#include "ringqueue/media_item.h"
#include "ringqueue/running_time.h"

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
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
/// A branch takes from the ring only while it is in it, and leaves it as soon as its downstream
/// fails, so that it holds nobody up; a link, a flush or a new stream lets it in again.
///
/// Threads: `loop` and what it calls run in the pad's task; the rest is called by whoever holds
/// the pad, under the rules of the members used.
struct RingTeeBranch {
    enum class Membership : std::uint8_t { out, waiting, in, leaving };

    RingTeeBranch(RingTeeState& owner, GstPad* src_pad);

    void loop();
    gboolean activate(bool active);
    gboolean src_event(GstEvent* event);
    gboolean src_query(GstQuery* query);
    /// True in the thread of its task.
    bool is_in_task() const { return task_thread_ == g_thread_self(); }
    bool is_in_ring() const { return membership.load() == Membership::in; }
    /// What it has not pushed yet.
    Levels level() const { return is_in_ring() ? member->level() : Levels{}; }
    /// Throws out what it has not pushed, keeping sticky events for later. Its task must rest.
    void discard_queued();
    /// Posts the losses that no buffer has come after. Its task must rest.
    void post_lost();

    // Locked: under tee.control.
    void reopen_locked();
    /// A new stream after the end of one.
    void restart_locked();
    bool has_failed_locked() const { return gate.flow() != kFlowOk && gate.flow() != kFlowEos; }
    std::vector<Item> take_queued_locked();
    /// Makes the task push the end of the stream that has ring index `index`, out of band.
    void owe_eos_locked(std::uint64_t index);
    /// Starts the task if there is something for it to do.
    void wake_locked();

    RingTeeState& tee;
    GstPad* pad;
    std::shared_ptr<BroadcastRing::Member> member;
    FlowGate gate;
    std::atomic<Membership> membership{Membership::out}; ///< written under control
    std::atomic<bool> owes_eos{false}; ///< the task has to push an end of stream out of band
    bool active = false;               ///< guarded by control, like those that follow
    bool released = false;             ///< the element gave it up: never active again
    std::uint64_t eos_index = 0;       ///< the ring index of the last EOS let in
    bool retiring = false;             ///< upstream's thread throws out what comes in
    bool rejoins = false;              ///< wants in again once it has left

  private:
    void push_one(Taken& taken);
    void push_event(const Taken& taken);
    void push_eos(GstEvent* event, std::uint64_t index);
    void push_owed_eos();
    void start_task();
    void stop_task();
    void restart_if_active();
    void pause_task();
    void deactivate();
    bool revive_locked();

    std::uint64_t owed_index_ = 0;
    bool eos_done_ = false;   ///< guarded by control: this stream's EOS has been pushed,
    bool eos_missed_ = false; ///< but to nobody
    std::atomic<std::uint32_t> reconfigures_{0};
    std::atomic<GThread*> task_thread_{nullptr}; ///< while it is in `loop`
};

/// All of a ringtee but its GObject.
///
/// Threads: the sink functions run under the sink pad's stream lock. `control` guards the list of
/// branches, the joins that wait, and the starting and pausing of tasks; nothing is pushed,
/// posted or emitted under it. `lock_lifecycle` keeps a flush and the
/// opening of all branches apart; a branch that is activated during a flush stays closed.
struct RingTeeState {
    explicit RingTeeState(GstElement* owner);

    GstFlowReturn chain(GstBuffer* buffer) { return chain_media(buffer); }
    GstFlowReturn chain_list(GstBufferList* list) { return chain_media(list); }
    GstFlowReturn sink_event(GstEvent* event);
    gboolean sink_query(GstQuery* query);
    gboolean sink_activate(bool active);

    void add_branch(GstPad* pad);
    /// Stops `pad` for good and forgets it.
    void remove_branch(GstPad* pad);

    /// Lets `branch` into the ring between two items, with the sticky events of that moment. At
    /// once if upstream's thread is elsewhere, else when it next passes.
    void request_join(RingTeeBranch& branch);
    /// Takes `branch` out of the ring, so that it holds nobody up.
    void leave(RingTeeBranch& branch);
    /// Likewise if its downstream still fails.
    void leave_if_failed(RingTeeBranch& branch);
    /// A branch's flow has changed: the combined one may have.
    void flow_changed();
    /// True if no branch can go on and upstream, which is done, will not hear of it.
    bool has_failed_unheard();
    /// Held by whoever starts tasks for a new life, and by a flush until the tasks rest. Taken
    /// before `control`; a task never takes it, so one may wait for a task under it.
    std::unique_lock<std::mutex> lock_lifecycle();
    bool is_flushing() const { return gate_.flow() == kFlowFlushing; }
    /// The name for a new pad: `wanted` if it is free, or the next free one; empty if taken.
    std::string pad_name(const char* wanted);

    GstElement* element;
    GstPad* sink_pad = nullptr;
    BroadcastRing ring;
    RunningTime sink_time;
    mutable std::mutex control;
    std::atomic<bool> allow_not_linked;
    std::atomic<std::uint32_t> eos_seqnum{0};
    std::atomic<int> retiring{0}; ///< how many branches are
    std::atomic<std::uint64_t> buffers_refused{0};

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
    int judge_event(EventClass event_class, std::vector<GstPad*>& restarted);
    void offer_event(RingTeeBranch& branch, EventClass event_class, bool restarts,
                     std::vector<GstPad*>& restarted);
    bool forward(GstEvent* event);
    /// A new start for upstream's side and all branches: activation, or the end of a flush.
    void open();
    void enqueue(const Item& item);
    void admit_waiting();
    void adopt(RingTeeBranch& branch);
    void leave_locked(RingTeeBranch& branch, std::unique_lock<std::mutex>& lock);
    void drain_retiring();
    int combine_locked();
    std::vector<GstPad*> pads() const;
    std::vector<GstPad*> pads_locked() const;
    void unref_all(const std::vector<GstPad*>& pads) const;

    std::mutex lifecycle_;
    FlowGate gate_; ///< upstream's side: open or flushing, and whether the stream has ended
    std::vector<GstPad*> branches_; ///< guarded by control; the element owns the pads
    std::vector<GstPad*> waiting_;  ///< likewise: to join
    std::atomic<bool> some_wait_{false};
    std::atomic<int> combined_{kFlowOk};
    std::uint32_t next_pad_ = 0; ///< guarded by control
};

} // namespace tactus
