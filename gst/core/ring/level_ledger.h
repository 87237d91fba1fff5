// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/item.h"
#include "core/ring/slot_storage.h"

#include <atomic>
#include <cstdint>

namespace tactus {

/// Keeps the sums that turn a pair of ring indices into levels. Each slot remembers the sums at
/// the moment it was filled; the level from some slot to the end of the ring is the present sum
/// minus the slot's. So the consumer never has to count anything back.
///
/// Time: the level is the running time in (end of the last timed buffer) minus the running time
/// out (what the time in was when the oldest item entered: all before it has left). Segments, gaps
/// and buffers without timestamps do not move the time in; a gap moves the time out once it has
/// left. Before anything timed has left, the time out is the start of the first timed buffer.
///
/// Threads: `enter` and `reset_time` belong to the producer; `level_from` may be called by any
/// thread that knows the slot was published and not yet overwritten (or re-checks that after).
class LevelLedger {
  public:
    /// Fills the sums of `slot`, which is about to be published with `item`, and counts `item` in.
    /// Returns false if the time went backwards with it.
    bool enter(Slot& slot, const Item& item);

    /// Forgets all times, as after a flush. The sums go on.
    void reset_time();

    /// What is queued from `oldest` (a slot in use) up to the last item entered.
    Levels level_from(const Slot& oldest) const;

    std::uint64_t buffers_in() const { return buffers_in_.load(std::memory_order_relaxed); }

  private:
    // Written by the producer, read by all. relaxed: each is a statistic of its own; a reader that
    // must not see a torn set re-checks the head, and one that sees a newer sum than its tail
    // merely counts the newest item already.
    std::atomic<std::uint64_t> buffers_in_{0};
    std::atomic<std::uint64_t> bytes_in_{0};
    std::atomic<std::int64_t> in_ns_{kNoTime};
    std::atomic<std::int64_t> first_start_ns_{kNoTime};
    std::int64_t left_ns_ = kNoTime; // producer only
};

} // namespace tactus
