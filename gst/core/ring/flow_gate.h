// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace tactus {

/// Flow results as GStreamer numbers them (GstFlowReturn); anything below `kFlowEos` is fatal.
inline constexpr int kFlowOk = 0;
inline constexpr int kFlowNotLinked = -1;
inline constexpr int kFlowFlushing = -2;
inline constexpr int kFlowEos = -3;

/// True if an application has to hear of it: the stream cannot go on, and not by anybody's wish.
constexpr bool is_fatal_flow(int flow) {
    return flow == kFlowNotLinked || flow < kFlowEos;
}

enum class EventClass : std::uint8_t { stream_start, segment, eos, other_sticky, other };

/// Decides what a queue element lets in and when its task runs: the stored result of the last
/// push, the end of stream from upstream, and the end of stream from downstream.
///
/// Threads: `admit_buffers` belongs to the producer, `push_returned` and `eos_pushed` to the
/// consumer. What changes whether the task runs (all that is marked "locked") must be called under
/// one lock of the caller, together with starting or pausing the task. The rest may be called by
/// anybody. The flow is written seq_cst: partner of EventCount::prepare on either side.
class FlowGate {
  public:
    enum class Verdict : std::uint8_t {
        enqueue,
        enqueue_and_start, ///< and start the task
        refuse,            ///< return flow() (never ok)
        refuse_and_report, ///< likewise, after an element error: nothing else will tell
        refuse_after_eos,  ///< return end of stream
    };

    int flow() const { return flow_.load(std::memory_order_seq_cst); }
    bool saw_eos() const { return eos_.load(std::memory_order_seq_cst); }

    /// The result for a buffer that comes in now; `kFlowOk` lets it pass.
    int admit_buffers() const;

    /// Locked. Judges a serialized event that will get ring index `index`, and notes what it
    /// changes.
    Verdict admit_event(EventClass event, std::uint64_t index);

    /// Takes the result of a push of the item at `index`. Downstream's end of stream does not stop
    /// the task: it makes `is_discarding` true. A result that comes after a flush or a shutdown
    /// has begun changes nothing.
    void push_returned(int result, std::uint64_t index);

    /// True while downstream wants nothing but a new stream, a new segment or the end.
    bool is_discarding() const { return discarding_.load(std::memory_order_relaxed); }
    /// Consumer. True if an event that was taken goes out: while discarding, only what starts
    /// something new or ends the stream, and that ends the discarding, too.
    bool admit_taken(EventClass event);

    /// Locked. The end of stream at `index` has been pushed. False if a new stream stands behind
    /// it, so that the task has to run on.
    bool eos_pushed(std::uint64_t index);

    /// Locked. A new start: activation, or the end of a flush.
    void open();

    /// Locked. Nothing passes any more: a flush or a shutdown begins.
    void flush() { flow_.store(kFlowFlushing, std::memory_order_seq_cst); }

    /// Locked. Downstream may have been linked: true if the task has to start again.
    bool relink();

  private:
    void stop_discarding() { discarding_.store(false, std::memory_order_relaxed); }

    std::atomic<int> flow_{kFlowFlushing};
    std::atomic<bool> eos_{false};
    std::uint64_t eos_at_ = 0; ///< index of the last one; locked
    std::atomic<bool> discarding_{false};
    // One past the index of the item for which downstream said end of stream; 0 for none.
    std::atomic<std::uint64_t> refused_up_to_{0};
    // One past the index of the last event that starts something new; producer only.
    std::uint64_t renewed_at_ = 0;
};

} // namespace tactus
