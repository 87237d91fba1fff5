// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/consumer_ledger.h"
#include "core/ring/disposer.h"
#include "core/ring/drop_log.h"
#include "core/ring/eventcount.h"
#include "core/ring/item.h"
#include "core/ring/leak_policy.h"
#include "core/ring/levels.h"
#include "core/ring/ring_cursor.h"
#include "core/ring/ring_writer.h"
#include "core/ring/wait.h"
#include "core/stats/log_linear_histogram.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus {

/// What `RingQueue::take` hands out, besides the item.
struct Taken {
    Item item;
    std::uint64_t index = 0; ///< place in the ring
    bool discont = false;    ///< buffers before it were leaked
};

struct RingQueueStats {
    std::uint64_t buffers_in = 0;      ///< every buffer offered, refused ones too
    std::uint64_t buffers_out = 0;     ///< taken by the consumer
    std::uint64_t buffers_dropped = 0; ///< leaked
    std::uint64_t buffers_flushed = 0; ///< discarded by flush, shutdown, or end of stream below
    std::uint64_t gaps_dropped = 0;    ///< GAP events leaked
    std::uint64_t events_dropped = 0;  ///< other events leaked
    std::uint64_t bursts = 0;          ///< runs of drops reported so far
    LogLinearHistogram::Summary burst_buffers;
    LogLinearHistogram::Summary residence_ns;
    std::uint64_t producer_wait_ns = 0;
    std::uint64_t consumer_wait_ns = 0;
    std::uint64_t producer_wakeups = 0; ///< times it had to be woken from a sleep
    std::uint64_t consumer_wakeups = 0;
};

/// A bounded queue between one producer and one consumer that can leak at either end: `queue`'s
/// bookkeeping without its lock. Order is kept; every buffer has a 64-bit sequence number, and the
/// gaps in those that come out equal the drops reported.
///
/// Invariant, whenever both sides rest: in = out + dropped + flushed + level.
///
/// Threads: "producer" functions belong to the thread that holds the sink pad's stream lock,
/// "consumer" functions to the source pad's task; everything else may be called by anybody.
/// Times in ns; `now` is the caller's monotonic clock.
class RingQueue {
  public:
    static constexpr std::size_t kInitialSlots = 256;

    explicit RingQueue(Disposer disposer, std::size_t initial_slots = kInitialSlots);
    ~RingQueue();
    RingQueue(const RingQueue&) = delete;
    RingQueue& operator=(const RingQueue&) = delete;

    // --- settings: anybody, at any time; call `limits_changed` or
    // `interrupt` afterwards
    AtomicLimits& max_size() { return max_size_; }
    AtomicLimits& min_threshold() { return min_threshold_; }
    void set_leak(Leak leak) { leak_.store(leak, std::memory_order_relaxed); }
    Leak leak() const { return leak_.load(std::memory_order_relaxed); }
    void set_leak_unit(LeakUnit unit) { leak_unit_.store(unit, std::memory_order_relaxed); }
    LeakUnit leak_unit() const { return leak_unit_.load(std::memory_order_relaxed); }
    void set_spin_ns(std::uint64_t ns) { spin_ns_.store(ns, std::memory_order_relaxed); }
    std::uint64_t spin_ns() const { return spin_ns_.load(std::memory_order_relaxed); }
    /// While media plays backwards the oldest item is the last to be shown: nothing leaks.
    void set_reverse(bool reverse) { reverse_.store(reverse, std::memory_order_relaxed); }
    Leak effective_leak() const;
    /// Zeroes the thresholds until they are armed again, as at the end of a stream.
    void arm_thresholds(bool on) { thresholds_on_.store(on, std::memory_order_relaxed); }
    Levels effective_threshold() const;

    /// After a change of limits: leaks at once if they ask for it, and lets both sides look again.
    void limits_changed();
    /// Lets both sides look again; after a change of anything else.
    void interrupt();

    // --- producer
    enum class Room : std::uint8_t { ready, refused, wait };
    bool is_full();
    /// True if a leak has taken the picture that `item` builds upon, so that it has to go too.
    bool is_broken(const Item& item);
    /// Counts `item`, which is not let in. It stays the caller's.
    void refuse(const Item& item);
    /// Makes room for `item` by the rules of the leak mode.
    Room make_room(const Item& item);
    /// Lets `item` in, full or not. May throw std::bad_alloc; the item is then still the caller's.
    void push(const Item& item, std::uint64_t now_ns);
    /// The ring index that the next item gets.
    std::uint64_t next_index() const { return writer_.tail_relaxed(); }
    /// Waits until there is room, the leak mode makes some, or `stop()`.
    template <typename Now, typename Stop>
    void wait_for_room(Now&& now, Stop&& stop) {
        wait_for(not_full_, producer_wait_, spin_ns(), now,
                 [&] { return stop() || effective_leak() != Leak::none || !is_full(); });
    }
    /// A flush: forgets times and what was broken; arms the thresholds.
    void restart_time();

    // --- consumer
    /// True if there is nothing to take, or less than the thresholds want.
    bool is_empty();
    /// Takes the next item unless `is_empty`.
    bool take(Taken& taken, std::uint64_t now_ns);
    template <typename Now, typename Stop>
    void wait_for_data(Now&& now, Stop&& stop) {
        wait_for(not_empty_, consumer_wait_, spin_ns(), now, [&] { return stop() || !is_empty(); });
    }
    /// Counts buffers that were taken but are thrown away because downstream wants no more.
    void discard_taken(const Item& item);
    /// Collects the bursts before `sequence`, that of an event; the buffer after it is marked.
    void settle(std::uint64_t sequence) {
        if (consumer_.settle(cursor_, sequence))
            consumer_.owe_discont();
    }
    /// The next buffer is to be marked in place of one that was taken and thrown away.
    void owe_discont() { consumer_.owe_discont(); }
    /// All bursts that nobody has collected yet. Anybody; after this nobody else reports them.
    std::vector<DropBurst> collect_bursts() {
        std::vector<DropBurst> bursts;
        consumer_.collect(cursor_, UINT64_MAX, bursts);
        return bursts;
    }
    /// Bursts that `take` and `settle` found; to be reported and cleared by the consumer.
    std::vector<DropBurst>& bursts() { return consumer_.bursts(); }

    // --- anybody
    Levels level() const { return cursor_.level(); }
    /// True if nothing is queued, events and queries included.
    bool is_drained() const { return cursor_.is_drained(); }
    RingQueueStats stats() const;
    /// Takes everything out, in order, and hands it to `visit(const Item&)`, which owns it.
    /// Buffers count as flushed.
    template <typename Visit>
    void drain(Visit&& visit) {
        Item item;
        const auto all = [](const Slot&) { return true; };
        while (drop_one(DropReason::flushed, RingCursor::Sticky::take, item, all))
            visit(item);
    }
    /// The same, but the consumer may be running and still gets the sticky events, in their place.
    void drain_keeping_sticky();
    /// Gives back memory that growing left behind. Nobody else may be in the queue, drained.
    void reclaim();

  private:
    template <typename Wanted>
    bool drop_one(DropReason reason, RingCursor::Sticky sticky, Item& item, Wanted&& wanted) {
        if (!cursor_.drop_oldest_if(reason, sticky, item, wanted))
            return false;
        count_drop(reason, item);
        return true;
    }
    void count_drop(DropReason reason, const Item& item);
    bool leak_downstream();
    bool throw_away_broken(const Item& item);
    bool is_full_from(std::uint64_t head);

    // Read by both sides, written seldom.
    Disposer disposer_;
    AtomicLimits max_size_;
    AtomicLimits min_threshold_;
    std::atomic<Leak> leak_{Leak::none};
    std::atomic<LeakUnit> leak_unit_{LeakUnit::buffer};
    std::atomic<bool> reverse_{false};
    std::atomic<bool> thresholds_on_{true};
    std::atomic<std::uint64_t> spin_ns_{0};

    // Producer. The head it has seen last: an old head only makes the level look larger.
    alignas(kCacheLineBytes) RingWriter writer_;
    SlotStorage::Reader level_reader_;
    std::uint64_t seen_head_ = 0;
    bool awaits_key_ = false;
    WaitStats producer_wait_;

    alignas(kCacheLineBytes) EventCount not_empty_;
    alignas(kCacheLineBytes) EventCount not_full_;

    alignas(kCacheLineBytes) RingCursor cursor_;

    // Consumer.
    ConsumerLedger consumer_;
    WaitStats consumer_wait_;

    // Whoever drops.
    alignas(kCacheLineBytes) std::atomic<std::uint64_t> buffers_dropped_{0};
    std::atomic<std::uint64_t> buffers_flushed_{0};
    std::atomic<std::uint64_t> gaps_dropped_{0};
    std::atomic<std::uint64_t> events_dropped_{0};
};

// In line, since they are all that a push without trouble comes to.

inline bool RingQueue::is_full_from(std::uint64_t head) {
    if (head == writer_.tail_relaxed())
        return false;
    return any_reached(writer_.ledger().level_from(level_reader_.at(head)), max_size_.get());
}

inline bool RingQueue::is_full() {
    // Seen from an old head the level is too large, never too small, unless time went backwards
    // since; so the consumer's cache line is asked for only when the answer may be yes.
    if (writer_.time_rises_from() <= seen_head_ && !is_full_from(seen_head_))
        return false;
    seen_head_ = cursor_.head();
    return is_full_from(seen_head_);
}

inline bool RingQueue::is_broken(const Item& item) {
    if (awaits_key_ && (!item.has(Item::kDelta) || leak_unit() != LeakUnit::gop))
        awaits_key_ = false;
    return awaits_key_;
}

inline void RingQueue::push(const Item& item, std::uint64_t now_ns) {
    if (!writer_.fits(seen_head_))
        seen_head_ = cursor_.head();
    writer_.push(item, seen_head_, now_ns);
    not_empty_.notify();
}

} // namespace tactus
