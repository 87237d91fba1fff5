// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/drop_log.h"
#include "core/ring/item.h"
#include "core/ring/ring_writer.h"
#include "core/ring/slot_storage.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace tactus {

/// One consumer's place in a ring, and what others may do to it: drop the oldest item it has not
/// taken yet. An item belongs to whoever moves the head past it; all do so by compare-and-swap
/// from a head they loaded once, so no item is taken twice and none is dropped that does not
/// exist (tests/models/ring.pml; docs/design/ring.md).
///
/// Threads: `take` belongs to the consumer. `drop_oldest_if`, `record_drop`, `take_burst` and
/// `level` may be called by any thread; a mutex orders them among themselves. The consumer takes
/// that mutex only to fetch events that a leak has set aside and when it sees a gap. Nothing is
/// called out under the mutex.
class RingCursor {
  public:
    explicit RingCursor(const RingWriter& writer, std::uint64_t start = 0);
    RingCursor(const RingCursor&) = delete;
    RingCursor& operator=(const RingCursor&) = delete;

    /// seq_cst: partner of EventCount::prepare on the producer's way to sleep; also the acquire
    /// after which a taken slot may be overwritten.
    std::uint64_t head() const { return head_.load(std::memory_order_seq_cst); }

    /// Takes the next item, or returns false if there is none. `index` becomes its ring index.
    bool take(Item& item, std::uint64_t& index);

    /// True if `take` would find nothing.
    bool is_drained() const {
        // In this order: an event is set aside before the head moves past it, so who sees the new
        // head sees the event; and the tail is never behind a head seen before it.
        const std::uint64_t head = this->head();
        return set_aside_count_.load(std::memory_order_seq_cst) == 0 && head == writer_.tail();
    }

    /// What `drop_oldest_if` does with sticky events.
    enum class Sticky : std::uint8_t {
        set_aside, ///< the consumer gets them before the next item; `dropped.kind` is then none
        take       ///< they are handed out like the rest, those set aside before first
    };

    /// Takes the oldest item away from the consumer if `wanted(const Slot&)` says so. The slot that
    /// is judged is the one that is dropped: one load of the head serves the test and the exchange,
    /// and if the consumer was quicker the next slot is judged anew. Buffers are recorded under
    /// `reason`; the item is the caller's to dispose of. False if there is none, or none wanted.
    template <typename Wanted>
    bool drop_oldest_if(DropReason reason, Sticky sticky, Item& dropped, Wanted&& wanted);

    /// Records buffers that are lost at another place (refused at the tail, thrown away by the
    /// consumer), so that every gap in the sequence numbers is accounted for.
    void record_drop(const Item& lost, DropReason reason);

    /// The first unreported burst that lies wholly before `sequence`.
    std::optional<DropBurst> take_burst(std::uint64_t sequence);

    /// True if the buffer right before `sequence` was leaked and is not reported yet.
    bool has_leak_ending_at(std::uint64_t sequence) const;

    /// What this consumer has before it. Any thread.
    Levels level() const;

    /// The same from the consumer's own thread; `tail_kind` is what stands last in the ring.
    Levels level_for_consumer(ItemKind& tail_kind);

    /// To join at `start`, or, with `reclaimed`, after giving its spare memory back. Neither
    /// producer nor consumer may be in the ring; getters may.
    void restart(std::uint64_t start, RingWriter* reclaimed = nullptr);

  private:
    struct SetAside {
        std::uint64_t index;
        Item event;
    };

    bool take_set_aside(std::uint64_t head, Item& item, std::uint64_t& index);
    void set_aside(std::uint64_t head, const Item& event); // under mutex_
    void take_back();                                      // likewise
    // True if the head still is `head`, so that what was read of its slot is true.
    // A read-modify-write: the loads before it may not sink below it, as they could below a load.
    bool confirm_head(std::uint64_t head) const {
        return head_.fetch_add(0, std::memory_order_seq_cst) == head;
    }
    bool pop_set_aside(Item& item); // under mutex_
    void count_set_aside();         // likewise
    bool exchange_head(std::uint64_t head);

    const RingWriter& writer_;
    // The consumer's.
    SlotStorage::Reader take_reader_;
    std::uint64_t seen_tail_ = 0;
    alignas(kCacheLineBytes) mutable std::atomic<std::uint64_t> head_;
    // Everybody else's. `mutex_` guards the reader, the events set aside and the log.
    alignas(kCacheLineBytes) mutable std::mutex mutex_;
    mutable SlotStorage::Reader drop_reader_;
    std::vector<SetAside> set_aside_; // those before `set_aside_front_` are gone
    std::size_t set_aside_front_ = 0;
    DropLog log_;
    std::atomic<std::size_t> set_aside_count_{0};
};

inline bool RingCursor::exchange_head(std::uint64_t head) {
    // seq_cst: releases the slot to the producer's head(), and orders the freed room before the
    // load of the waiting bit in EventCount::notify. On failure nothing was read that is kept.
    return head_.compare_exchange_strong(head, head + 1, std::memory_order_seq_cst,
                                         std::memory_order_relaxed);
}

inline bool RingCursor::take(Item& item, std::uint64_t& index) {
    for (;;) {
        const std::uint64_t head = this->head();
        // After the head: whoever set an event aside before it moved the head to here is seen.
        // relaxed: the acquire is in head().
        if (set_aside_count_.load(std::memory_order_relaxed) != 0 &&
            take_set_aside(head, item, index))
            return true;
        if (head >= seen_tail_) {
            seen_tail_ = writer_.tail();
            if (head >= seen_tail_)
                return false;
        }
        item = take_reader_.at(head).read();
        if (exchange_head(head)) {
            index = head;
            return true;
        }
    }
}

template <typename Wanted>
bool RingCursor::drop_oldest_if(DropReason reason, Sticky sticky, Item& dropped, Wanted&& wanted) {
    const std::lock_guard lock(mutex_);
    if (sticky == Sticky::take && pop_set_aside(dropped))
        return true;
    for (;;) {
        const std::uint64_t head = this->head();
        if (head == writer_.tail())
            return false;
        const Slot& slot = drop_reader_.at(head);
        dropped = slot.read();
        if (!wanted(slot)) {
            if (confirm_head(head))
                return false;
            continue;
        }
        const bool aside = sticky == Sticky::set_aside && dropped.kind == ItemKind::event &&
                           dropped.has(Item::kSticky);
        // Before the exchange: once the head has moved, the consumer must find the event.
        if (aside)
            set_aside(head, dropped);
        if (!exchange_head(head)) {
            if (aside)
                take_back(); // the consumer took the event itself
            continue;
        }
        if (aside)
            dropped.kind = ItemKind::none;
        if (dropped.is_buffers())
            log_.add(dropped, reason);
        return true;
    }
}

} // namespace tactus
