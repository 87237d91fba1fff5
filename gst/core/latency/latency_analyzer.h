// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_events.h"
#include "core/latency/latency_observer.h"
#include "core/latency/latency_snapshot.h"

#include <memory>

namespace tactus {

/// Follows buffers from source to sink by their identity and finds out where their time went. See
/// docs/design/buffer-identity.md for the rules.
///
/// Threads: one thread calls everything (clockcalib's drain thread). Memory is bounded by the
/// number of elements, pads and threads, not by time or buffers.
class LatencyAnalyzer {
  public:
    LatencyAnalyzer();
    ~LatencyAnalyzer();
    LatencyAnalyzer(const LatencyAnalyzer&) = delete;
    LatencyAnalyzer& operator=(const LatencyAnalyzer&) = delete;

    /// Not owned; must outlive the analyzer or be removed. A new observer is told of all elements
    /// and threads that are known.
    void add_observer(LatencyObserver* observer);
    void remove_observer(LatencyObserver* observer);

    // --- what exists; each is told before the first event that names it. Told again: changed
    // (an element that got a parent, say).
    void element(const ElementInfo& info);
    void pad(const PadInfo& info);
    void thread(const ThreadInfo& info);
    /// What has gone will not be named again; statistics of elements are kept, up to a limit.
    void pad_gone(std::uint32_t pad);
    void thread_gone(std::uint32_t thread);

    // --- what happens
    void begin(const PushBegin& push);
    void end(const PushEnd& push);
    void segment(const SegmentSeen& segment);
    void eos(std::uint32_t src_pad, std::uint64_t at_ns);
    void flushed(std::uint32_t src_pad, std::uint64_t at_ns);
    void sink_sync(const SinkSync& sync);
    void gpu(const GpuWork& work);
    void incident(const Incident& incident);
    void sampled(const CounterSample& sample);
    /// Time passes: what has waited inside an element for too long after newer buffers came out is
    /// counted as dropped.
    void tick(std::uint64_t now_ns);

    LatencySnapshot snapshot(std::uint64_t now_ns) const;
    /// All counters and histograms back to 0; what is on its way stays known.
    void reset();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace tactus
