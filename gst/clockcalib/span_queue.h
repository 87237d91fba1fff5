// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/otlp_spans.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

namespace tactus {

/// Spans on their way from the drain thread to the export thread. Bounded: what does not fit is
/// refused and counted, and the spans of one arrival go in together or not at all, so that no span
/// is without its parent.
///
/// Threads: any thread may call anything; the lock is held for moves only, never for I/O.
class SpanQueue {
  public:
    explicit SpanQueue(std::size_t capacity) : capacity_(capacity) {}

    bool push(std::vector<OtlpSpan> spans);
    /// Waits until there are `wanted` spans, or some for `patience`, or close(); takes at most
    /// `wanted`, but never part of what was pushed together unless that alone is more. Empty only
    /// when closed and drained.
    std::vector<OtlpSpan> take(std::size_t wanted, std::chrono::milliseconds patience);
    /// Wakes take(); what is inside can still be taken.
    void close();
    /// Throws away what is inside and says how much.
    std::size_t clear();
    std::uint64_t dropped() const;

  private:
    const std::size_t capacity_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::vector<OtlpSpan>> groups_;
    std::size_t spans_ = 0;
    std::uint64_t dropped_ = 0;
    bool closed_ = false;
};

} // namespace tactus
