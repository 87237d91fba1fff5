// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "machine.h"

#include <gst/gst.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus::bench {

/// Counts what arrives at a sink pad of our own, and can hold its thread up.
///
/// Threads: `chain` and `event` run in the element's task; everything else belongs to the thread
/// that measures.
class Counter {
  public:
    explicit Counter(const char* name);
    ~Counter();
    Counter(const Counter&) = delete;
    Counter& operator=(const Counter&) = delete;

    GstPad* pad() const { return pad_; }
    std::uint64_t count() const { return count_.load(std::memory_order_acquire); }

    /// The next buffer that arrives is held in its chain function.
    void hold();
    void wait_until_held();
    /// Lets go and returns once `buffers` more have arrived: the ns between both, as the task
    /// itself sees it, so that the time it takes to wake up is not in it.
    std::uint64_t release(std::uint64_t buffers);
    /// Spends this long on every buffer.
    void set_work_ns(std::uint64_t ns) { work_ns_ = ns; }
    void wait_for_eos();

  private:
    static GstFlowReturn on_chain(GstPad* pad, GstObject*, GstBuffer* buffer) noexcept;
    static gboolean on_event(GstPad* pad, GstObject*, GstEvent* event) noexcept;
    void stay_held();
    void note_arrival();

    GstPad* pad_;
    std::uint64_t work_ns_ = 0;
    std::uint64_t released_ns_ = 0;
    std::uint64_t target_ = UINT64_MAX;
    std::uint64_t reached_ns_ = 0;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_held_ = false;
    bool saw_eos_ = false;
    std::atomic<bool> hold_{false};
    alignas(64) std::atomic<std::uint64_t> count_{0};
};

/// Links one of our pads with that pad of the element.
void link_pad(GstElement* element, const char* name, GstPad* ours);

/// Stream start, caps and a segment from 0, in time. Takes the caps, which may be null.
void begin_stream(GstPad* source, GstCaps* caps);

/// What stands between the pads: `factory`, or `factory ! queue` per branch for a tee.
struct Setup {
    const char* factory = "queue";
    unsigned branches = 0; ///< 0: the element has a source pad of its own
    bool queue_per_branch = false;
    bool silent = false;
    const char* leaky = "no";
};

/// An element in PLAYING between a source pad and sink pads of ours, fed from preallocated buffers.
///
/// Threads: all functions belong to the thread that measures, which is also the one that pushes.
class Rig {
  public:
    static constexpr unsigned kLimitBuffers = 256;

    explicit Rig(const Setup& setup);
    ~Rig();
    Rig(const Rig&) = delete;
    Rig& operator=(const Rig&) = delete;

    void push(std::uint64_t buffers);
    void push_eos();
    /// EOS, and until it has come out everywhere.
    void finish();
    Counter& sink(std::size_t i = 0) { return *sinks_[i]; }
    /// The element's `stats`, as text; empty if it has none.
    std::string stats() const;

  private:
    void configure(GstElement* element, const Setup& setup) const;
    void add_branch(const Setup& setup);
    void attach(GstElement* element, const char* pad_name);

    GstElement* bin_;
    GstElement* element_;
    GstPad* source_;
    std::vector<std::unique_ptr<Counter>> sinks_;
    std::vector<GstBuffer*> buffers_;
    std::uint64_t next_ = 0;
};

} // namespace tactus::bench
