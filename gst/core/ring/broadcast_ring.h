// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/consumer_ledger.h"
#include "core/ring/disposer.h"
#include "core/ring/eventcount.h"
#include "core/ring/item.h"
#include "core/ring/levels.h"
#include "core/ring/ring_cursor.h"
#include "core/ring/ring_queue.h"
#include "core/ring/ring_writer.h"
#include "core/ring/wait.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace tactus {

/// One ring, one producer, any number of consumers, each with a cursor of its own. Every item
/// carries one reference per consumer from the start, so taking it and dropping it are the same
/// step: whoever moves that consumer's head owns that consumer's reference.
///
/// Lossless: the producer waits for the slowest consumer. Lossy: a consumer that is a whole limit
/// behind loses its oldest items and learns how many.
///
/// Threads: `is_full`, `push` and `wait_for_room` belong to the producer. A consumer takes from
/// its own `Member`. `join` and `leave` may be called by anybody, but not for a member whose
/// consumer is taking at that moment. The mutex guards the list of members; the producer holds it
/// while it publishes, consumers never take it.
class BroadcastRing {
  public:
    /// Adds `extra` references to an item.
    struct Retainer {
        void (*retain)(void* user, const Item& item, unsigned extra) = nullptr;
        void* user = nullptr;
    };

    /// One consumer.
    class Member {
      public:
        explicit Member(const RingWriter& writer)
            : cursor_(writer), level_reader_(writer.storage()) {}

        bool take(Taken& taken, BroadcastRing& ring, std::uint64_t now_ns);
        bool is_drained() const { return cursor_.is_drained(); }
        /// As RingQueue's.
        void settle(std::uint64_t sequence) {
            if (ledger_.settle(cursor_, sequence))
                ledger_.owe_discont();
        }
        void owe_discont() { ledger_.owe_discont(); }
        void settle_all() { ledger_.settle(cursor_, UINT64_MAX); }
        /// As RingQueue's.
        std::vector<DropBurst> collect_bursts() {
            std::vector<DropBurst> bursts;
            ledger_.collect(cursor_, UINT64_MAX, bursts);
            return bursts;
        }
        std::vector<DropBurst>& bursts() { return ledger_.bursts(); }
        void discard_taken(const Item& item);

        Levels level() const { return cursor_.level(); }
        std::uint64_t buffers_lost() const { return lost_.load(std::memory_order_relaxed); }
        RingQueueStats stats() const;

      private:
        friend class BroadcastRing;
        template <typename Wanted>
        bool drop_one(DropReason reason, RingCursor::Sticky sticky, Item& item, Wanted&& wanted) {
            if (!cursor_.drop_oldest_if(reason, sticky, item, wanted))
                return false;
            if (item.is_buffers())
                (reason == DropReason::leaked ? lost_ : flushed_)
                    .fetch_add(item.buffers, std::memory_order_relaxed);
            return true;
        }

        RingCursor cursor_;
        ConsumerLedger ledger_;
        WaitStats wait_;
        // Producer, or whoever holds the members' mutex.
        SlotStorage::Reader level_reader_;
        std::uint64_t seen_head_ = 0;
        bool joined_ = false;
        std::atomic<std::uint64_t> offered_{0};
        std::atomic<std::uint64_t> lost_{0};
        std::atomic<std::uint64_t> flushed_{0};
    };

    BroadcastRing(Disposer disposer, Retainer retainer,
                  std::size_t initial_slots = RingQueue::kInitialSlots);
    ~BroadcastRing();

    AtomicLimits& max_size() { return max_size_; }
    void set_lossy(bool lossy) { lossy_.store(lossy, std::memory_order_relaxed); }
    bool is_lossy() const { return lossy_.load(std::memory_order_relaxed); }
    void set_spin_ns(std::uint64_t ns) { spin_ns_.store(ns, std::memory_order_relaxed); }
    std::uint64_t spin_ns() const { return spin_ns_.load(std::memory_order_relaxed); }
    /// Lets everybody look again; after a change of settings or of what `stop` reads.
    void interrupt();

    // --- members: anybody
    std::shared_ptr<Member> make_member() const { return std::make_shared<Member>(writer_); }
    /// From the next item on `member` gets everything.
    void join(const std::shared_ptr<Member>& member);
    /// `member` gets nothing more and holds nobody up; what it has not taken counts as flushed.
    void leave(const std::shared_ptr<Member>& member);

    // --- producer
    /// True if in lossless mode some member has reached a limit.
    bool is_full();
    /// Lets `item` in. In lossy mode members that are full lose their oldest first. May throw
    /// std::bad_alloc; the item is then still the caller's.
    void push(const Item& item, std::uint64_t now_ns);
    std::uint64_t next_index() const { return writer_.tail_relaxed(); }
    template <typename Now, typename Stop>
    void wait_for_room(Now&& now, Stop&& stop) {
        wait_for(not_full_, producer_wait_, spin_ns(), now, [&] { return stop() || !is_full(); });
    }
    /// A flush: times start anew.
    void restart_time() { writer_.reset_time(); }

    // --- consumer
    template <typename Now, typename Stop>
    void wait_for_data(Member& member, Now&& now, Stop&& stop) {
        wait_for(not_empty_, member.wait_, spin_ns(), now,
                 [&] { return stop() || !member.is_drained(); });
    }
    /// Takes out what `member` has not taken and hands it to `visit`, which owns it.
    template <typename Visit>
    void drain(Member& member, Visit&& visit) {
        Item item;
        const auto all = [](const Slot&) { return true; };
        while (member.drop_one(DropReason::flushed, RingCursor::Sticky::take, item, all))
            visit(item);
    }

    // --- anybody
    std::uint64_t buffers_in() const { return writer_.next_sequence(); }
    /// That came while there was no member.
    std::uint64_t buffers_without_member() const { return without_member_.load(); }
    std::uint64_t producer_wait_ns() const { return producer_wait_.total_ns; }
    std::uint64_t producer_wakeups() const { return producer_wait_.parks; }

  private:
    bool is_member_full(Member& member);
    void make_room(Member& member, std::vector<Item>& victims);
    void publish(const Item& item, std::uint64_t now_ns);
    void after_take(const Member& member);
    std::uint64_t slowest_head();

    Disposer disposer_;
    Retainer retainer_;
    AtomicLimits max_size_;
    std::atomic<bool> lossy_{false};
    std::atomic<std::uint64_t> spin_ns_{0};
    RingWriter writer_;
    std::mutex mutex_;
    std::vector<std::shared_ptr<Member>> members_;
    std::vector<Item> victims_; // the producer's scratch, kept for its capacity
    WaitStats producer_wait_;
    // The member that the producer found full last; only that one has to wake it.
    std::atomic<const Member*> blocked_by_{nullptr};
    std::atomic<std::uint64_t> without_member_{0};
    alignas(kCacheLineBytes) EventCount not_empty_;
    alignas(kCacheLineBytes) EventCount not_full_;
};

} // namespace tactus
