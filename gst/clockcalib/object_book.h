// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus {

/// What a push from a pad means, as long as the generation is the same.
struct Route {
    /// Of the pad; who pulls from one that another thread frees still has it.
    std::shared_ptr<std::atomic<std::uint64_t>> sequence;
    std::uint32_t src_pad = 0;
    std::uint32_t dst_pad = 0; ///< of the element's pad that the push reaches; 0: not linked
    bool ignored = false;      ///< a ghost pad or its inner half: the push only passes through
    bool is_new = false;       ///< the pad has just become known
};

/// Gives pads and elements their numbers and remembers what to tell the analyzer about them.
///
/// The number is kept on the object itself, so a pad that is freed takes it along and one that gets
/// its address does not inherit it.
///
/// Threads: any. `route` takes object locks and a mutex and allocates: it is for the first push
/// from a pad and for those after the graph has changed, which `generation` tells.
class ObjectBook {
  public:
    /// Rises when pads are linked, unlinked, moved or freed.
    static std::uint32_t generation() { return generation_.load(std::memory_order_relaxed); }
    static void graph_changed() { generation_.fetch_add(1, std::memory_order_relaxed); }

    static ObjectBook& instance();

    /// From a sink pad: of what it pulls.
    Route route(GstPad* pad);
    std::uint32_t element_id(GstElement* element);

    /// The calling thread, under the number that the hub gave it.
    void note_thread(std::uint32_t number);
    void thread_left(std::uint32_t number);

    /// A reference, or null if the element has gone.
    GstElement* element(std::uint32_t id);
    /// Ids of the sinks that exist, and of the outermost bins.
    std::vector<std::uint32_t> sinks();
    std::vector<std::uint32_t> pipelines();

    struct Changes {
        std::vector<ThreadInfo> threads;
        std::vector<ElementInfo> elements;
        std::vector<PadInfo> pads;
        std::vector<std::uint32_t> gone_pads;
    };
    /// What has come and gone since the last call.
    Changes take_changes();
    /// Whether somebody will take the changes. Who begins to listen is told of all that exists.
    void listen(bool listening);

  private:
    struct PadEntry;
    struct ElementEntry;

    static void free_pad_entry(gpointer data);
    static void free_element_entry(gpointer data);
    PadEntry& entry_of(GstPad* pad, bool& is_new);
    std::uint32_t note_element(GstElement* element, std::uint32_t pipeline);
    std::uint32_t note_parents(GstElement* element);
    void note_pad(GstPad* pad, PadEntry& entry);
    static GstPad* reached_from(GstPad* pad);

    static std::atomic<std::uint32_t> generation_;
    std::mutex mutex_; ///< guards what is below, and what the entries hold
    std::map<std::uint32_t, PadEntry*> pads_;
    std::map<std::uint32_t, ElementEntry*> elements_;
    std::map<std::uint32_t, ThreadInfo> threads_;
    Changes changes_;
    bool listening_ = false;
    std::uint32_t next_pad_ = 1;
    std::uint32_t next_element_ = 1;
};

} // namespace tactus
