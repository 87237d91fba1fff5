// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/item.h"
#include "core/ring/slot_storage.h"

#include <algorithm>
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

inline bool LevelLedger::enter(Slot& slot, const Item& item) {
    const std::uint64_t buffers = buffers_in_.load(std::memory_order_relaxed);
    const std::uint64_t bytes = bytes_in_.load(std::memory_order_relaxed);
    slot.buffers_before.store(buffers, std::memory_order_relaxed);
    slot.bytes_before.store(bytes, std::memory_order_relaxed);
    slot.left_ns.store(left_ns_, std::memory_order_relaxed);

    const std::int64_t previous_ns = left_ns_;
    if (item.is_buffers()) {
        buffers_in_.store(buffers + item.buffers, std::memory_order_relaxed);
        bytes_in_.store(bytes + item.bytes, std::memory_order_relaxed);
        if (item.end_ns == kNoTime)
            return true;
        if (first_start_ns_.load(std::memory_order_relaxed) == kNoTime)
            first_start_ns_.store(item.start_ns, std::memory_order_relaxed);
        in_ns_.store(item.end_ns, std::memory_order_relaxed);
        left_ns_ = item.end_ns;
    } else if (item.has(Item::kGap) && item.end_ns != kNoTime) {
        left_ns_ = std::max(left_ns_, item.end_ns);
    }
    return left_ns_ >= previous_ns;
}

inline Levels LevelLedger::level_from(const Slot& oldest) const {
    Levels level;
    level.buffers = buffers_in_.load(std::memory_order_relaxed) -
                    oldest.buffers_before.load(std::memory_order_relaxed);
    if (level.buffers == 0)
        return {};
    level.bytes = bytes_in_.load(std::memory_order_relaxed) -
                  oldest.bytes_before.load(std::memory_order_relaxed);
    const std::int64_t in_ns = in_ns_.load(std::memory_order_relaxed);
    std::int64_t out_ns = oldest.left_ns.load(std::memory_order_relaxed);
    if (out_ns == kNoTime)
        out_ns = first_start_ns_.load(std::memory_order_relaxed);
    if (in_ns != kNoTime && out_ns != kNoTime && in_ns > out_ns)
        level.time_ns = static_cast<std::uint64_t>(in_ns - out_ns);
    return level;
}

} // namespace tactus
