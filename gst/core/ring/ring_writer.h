// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/item.h"
#include "core/ring/level_ledger.h"
#include "core/ring/slot_storage.h"

#include <atomic>
#include <cstdint>

namespace tactus {

/// The producer's half of a ring: storage, sums, and the monotonic 64-bit tail.
///
/// Threads: `push`, `skip`, `reset_time` and `fits` belong to the producer; the rest may be called
/// by anybody, `reclaim` only while nobody else is in the ring and it is empty.
class RingWriter {
  public:
    explicit RingWriter(std::size_t capacity_slots) : storage_(capacity_slots) {}

    /// True if an item can be written without growing while everything from `head` on is in use.
    bool fits(std::uint64_t head) const { return storage_.has_room(head, tail_relaxed()); }

    /// Publishes `item`; buffers get the next sequence number(s). `head` is where the slowest
    /// reader may still be; if the slots do not suffice, the ring doubles. Throws std::bad_alloc
    /// with the ring unchanged. Never blocks, never calls out.
    void push(const Item& item, std::uint64_t head, std::uint64_t now_ns);

    /// Uses up the sequence number(s) of a buffer that is refused. Returns the first.
    std::uint64_t skip(std::uint32_t buffers) {
        const std::uint64_t first = next_sequence_.load(std::memory_order_relaxed);
        next_sequence_.store(first + buffers, std::memory_order_relaxed);
        return first;
    }

    void reset_time() {
        ledger_.reset_time();
        time_rises_from_ = tail_relaxed(); // what is older counts in another time
    }

    /// The index after the last item published.
    /// seq_cst: partner of EventCount::prepare on the consumer's way to sleep; also the acquire
    /// that makes the slots before it visible.
    std::uint64_t tail() const { return tail_.load(std::memory_order_seq_cst); }

    /// The same for the producer, who wrote it.
    std::uint64_t tail_relaxed() const { return tail_.load(std::memory_order_relaxed); }

    /// The sequence number that the next buffer gets: all buffers ever seen, dropped ones too.
    std::uint64_t next_sequence() const { return next_sequence_.load(std::memory_order_relaxed); }

    /// One past the last index at which time went backwards: from there on a level seen from an
    /// older head is never too small.
    std::uint64_t time_rises_from() const { return time_rises_from_; }

    const LevelLedger& ledger() const { return ledger_; }
    const SlotStorage& storage() const { return storage_; }
    void reclaim() { storage_.reclaim(); }

  private:
    static constexpr std::uint64_t kPrefetchSlots = 4;

    SlotStorage storage_;
    LevelLedger ledger_;
    std::atomic<std::uint64_t> next_sequence_{0};
    std::uint64_t time_rises_from_ = 0;
    // On a line of its own: the consumer reads it, and it alone should bounce.
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> tail_{0};
    [[maybe_unused]] char pad_[kCacheLineBytes - sizeof(std::atomic<std::uint64_t>)]{};
};

inline void RingWriter::push(const Item& item, std::uint64_t head, std::uint64_t now_ns) {
    const std::uint64_t tail = tail_relaxed();
    if (!storage_.has_room(head, tail))
        storage_.grow(tail);
    Slot& slot = storage_.writable(tail);
    // Events and queries carry the number of the buffer that comes after them.
    slot.write(item, next_sequence(), now_ns);
    if (item.is_buffers())
        skip(item.buffers);
    if (!ledger_.enter(slot, item))
        time_rises_from_ = tail + 1;
    // The exchange below waits for the lines written here, which the consumer had last. Ask for the
    // next ones now.
    storage_.prepare_write(head, tail + kPrefetchSlots);
    // seq_cst read-modify-write: releases the slot to tail(), and orders this publication before
    // the load of the waiting bit in EventCount::notify. A store and a fence would do as well, but
    // TSan does not understand fences and the exchange costs the same.
    tail_.exchange(tail + 1, std::memory_order_seq_cst);
}

} // namespace tactus
