// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/memory_remedies.h"
#include "glue/handles.h"
#include "numapin/allocation_answer.h"
#include "numapin/complaints.h"
#include "numapin/default_allocator.h"
#include "numapin/frame_allocator.h"
#include "numapin/memory_settings.h"

#include <gst/gst.h>

#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// Where an element's frames were found to be.
struct FramePlaces {
    std::optional<unsigned> node;          ///< that has most of them; none: nothing was found
    std::vector<std::uint64_t> node_pages; ///< on each node, of a sample
    double remote_share(unsigned node) const;
};

/// The part of a numapin that gives frames their memory. There is an allocator from the first
/// question on, and a new one when a setting or the thread's node asks for other memory; frames of
/// an old one stay what they are.
///
/// Threads: any. Ownership: frames may outlive it.
class FrameMemory {
  public:
    FrameMemory() : news_(std::make_shared<std::atomic<bool>>(false)) {}
    FrameMemory(const FrameMemory&) = delete;
    FrameMemory& operator=(const FrameMemory&) = delete;

    bool set_property(guint id, const GValue* value);
    bool get_property(guint id, GValue* value) const;
    /// What is wrong with the settings, or empty. To be asked before memory is.
    std::string problem() const;

    /// The node of the CPUs that the streaming thread has, if it is one. Before STREAM_START goes
    /// on, as the ALLOCATION query follows.
    void set_thread_node(std::optional<unsigned> node);
    /// Answers an ALLOCATION query that downstream has answered, or has not.
    AllocationAnswer answer(GstQuery* query);
    /// A buffer for upstream to write to, where it asks nobody (in pull mode). Null without memory.
    GstBuffer* make_buffer(gsize bytes);
    /// Idle memory goes; frames in use go with their last user.
    void close();

    /// Whether there are complaints to take; cheap.
    bool has_complaints() const { return news_->load(std::memory_order_relaxed); }
    /// What the kernel refused, if it is new.
    std::vector<Complaint> take_complaints();
    /// What the kernel did: a structure of counters, and where pages are, from a sample. Takes the
    /// kernel a while: to be called now and then.
    GstStructure* make_stats(FramePlaces& places);

  private:
    using AllocatorHandle = std::unique_ptr<GstAllocator, ObjectUnref>;

    ArenaOptions wanted() const;
    AllocatorHandle allocator();
    AllocatorHandle current() const;

    const std::shared_ptr<std::atomic<bool>> news_;
    mutable std::mutex lock_;
    MemorySettings settings_;
    std::optional<unsigned> thread_node_;
    AllocatorHandle allocator_;
    DefaultAllocator process_default_;
    AllocationAnswer last_answer_;
    std::uint64_t answers_ = 0;
    std::uint64_t left_alone_ = 0;
};

} // namespace tactus
