// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/gpu_inbox.h"
#include "clockcalib/object_book.h"
#include "core/record/record_hub.h"

#include <gst/gst.h>

#include <atomic>
#include <cstdint>

namespace tactus {

/// Writes down what passes the pads, on the threads that push. There is one in a process, and it
/// is never freed: hooks and probes may still run when the last tracer has gone.
///
/// After a thread's first record nothing here locks or allocates, but for buffers that get an
/// identity (a GstMeta), pads that are new or in a graph that changed, and GPU work.
///
/// Threads: `push`, `push_list`, `pulled`, `pushed` and `event` from streaming threads; `start` and
/// `stop` from whoever holds the engine; the rest from any.
class Recorder {
  public:
    enum class Source : std::uint8_t {
        hooks, ///< stamps are GStreamer's tracing time; `pushed` follows each push
        probes ///< stamps are FastClock::raw_stamp(); pushes have no end
    };

    static Recorder& instance();
    /// Whether anything is to be recorded. Cheap.
    static bool active() { return active_.load(std::memory_order_relaxed); }

    void start(Source source);
    /// Nothing more is recorded; what was can still be collected.
    void stop();
    /// Nothing more will be collected.
    void close();

    /// `is_pulled`: by a probe that sees what its source pad was asked for.
    void push(std::uint64_t stamp, GstPad* pad, GstBuffer* buffer, bool is_pulled = false) noexcept;
    void push_list(std::uint64_t stamp, GstPad* pad, GstBufferList* list) noexcept;
    /// A buffer that `sink_pad` pulled: its hand-over begins and ends here.
    void pulled(std::uint64_t stamp, GstPad* sink_pad, GstBuffer* buffer) noexcept;
    /// Ends the last push of this thread that has not ended.
    void pushed(std::uint64_t stamp, GstFlowReturn flow) noexcept;
    void event(std::uint64_t stamp, GstPad* pad, GstEvent* event) noexcept;

    RecordHub& hub() { return hub_; }
    GpuInbox& gpu() { return gpu_; }
    Source source() const { return source_; }
    /// GStreamer's tracing time counts from a moment that it does not tell. This is the smallest
    /// difference between CLOCK_MONOTONIC and the stamps seen so far, in ns.
    std::uint64_t stamp_offset_ns() const { return offset_ns_.load(std::memory_order_relaxed); }
    /// Records that could not be made for want of memory, beside those that found a ring full.
    std::uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

  private:
    struct Thread;
    struct Cached;
    struct Seen;
    struct Part;
    struct Passing;

    Recorder();
    Thread* this_thread();
    Thread* enter_thread();
    static void leave_thread(void* thread);
    const Route& look_up(Thread& thread, GstPad* pad, std::uint64_t stamp);
    void refresh(Thread& thread, Cached& cached, GstPad* pad, std::uint64_t stamp);
    void note_offset(std::uint64_t stamp);
    void record_push(Thread& thread, const Route& route, GstBuffer* buffer, std::uint64_t stamp,
                     bool has_end, bool is_pulled);
    void record_list(Thread& thread, const Route& route, GstBufferList* list, std::uint64_t stamp,
                     bool has_end);
    void record_part(Thread& thread, const Route& route, const Part& part, std::uint64_t stamp,
                     bool has_end);
    std::uint32_t write_buffer(RecordRing& ring, std::uint32_t offset, const Passing& passing,
                               const Seen& seen, GstBuffer* buffer) const;
    template <typename Body>
    void with_thread(Body&& body) noexcept;
    Seen see(Thread& thread, const Route& route, GstBuffer* buffer, std::uint64_t stamp);
    void note_gpu(Thread& thread, const Route& route, GstMeta* meta, std::uint64_t id,
                  std::uint64_t stamp);

    static std::atomic<bool> active_;

    const GstMetaInfo* const origin_info_; ///< a copy: the function has a guard to look at
    RecordHub hub_;
    GpuInbox gpu_;
    Source source_ = Source::hooks;
    std::atomic<std::uint32_t> session_{0};
    std::atomic<std::uint64_t> offset_ns_{UINT64_MAX};
    std::atomic<std::uint64_t> failures_{0};
};

} // namespace tactus
