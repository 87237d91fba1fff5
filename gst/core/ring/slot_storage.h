// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/item.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace tactus {

inline constexpr std::size_t kCacheLineBytes = 64;

/// Asks for a cache line that will be written to.
inline void prefetch_for_write(const void* address) {
#if defined(__x86_64__)
    // Without -mprfchw the builtin asks for a shared line only, and the write still has to wait.
    // Processors that do not know the instruction pass over it.
    asm volatile("prefetchw %0" : : "m"(*static_cast<const char*>(address)));
#else
    __builtin_prefetch(address, 1);
#endif
}

/// One place in a ring, one cache line. The producer alone writes it; others read it before they
/// know whether it is still theirs, so every field is a relaxed atomic and a reader throws its
/// copy away when its exchange on the head fails. The publication order comes from the tail
/// (written seq_cst after the slot, read acquire before it).
struct alignas(kCacheLineBytes) Slot {
    std::atomic<void*> object{nullptr};
    std::atomic<std::uint64_t> meta{0}; ///< kind | flags << 8 | buffers << 32
    std::atomic<std::uint64_t> sequence{0};
    std::atomic<std::uint64_t> enqueued_ns{0};
    std::atomic<std::int64_t> start_ns{kNoTime};
    std::atomic<std::uint64_t> buffers_before{0}; ///< pushed before this item, cumulative
    std::atomic<std::uint64_t> bytes_before{0};   ///< likewise
    std::atomic<std::int64_t> left_ns{kNoTime};   ///< running time out once all before it have left

    void write(const Item& item, std::uint64_t first_sequence, std::uint64_t now_ns);
    Item read() const;
    ItemKind kind() const {
        return static_cast<ItemKind>(meta.load(std::memory_order_relaxed) & 0xff);
    }
    bool is_delta() const {
        return (meta.load(std::memory_order_relaxed) >> 8 & Item::kDelta) != 0;
    }
};
static_assert(sizeof(Slot) == kCacheLineBytes);

inline void Slot::write(const Item& item, std::uint64_t first_sequence, std::uint64_t now_ns) {
    const std::uint64_t packed = static_cast<std::uint64_t>(item.kind) |
                                 static_cast<std::uint64_t>(item.flags) << 8 |
                                 static_cast<std::uint64_t>(item.buffers) << 32;
    object.store(item.object, std::memory_order_relaxed);
    meta.store(packed, std::memory_order_relaxed);
    sequence.store(first_sequence, std::memory_order_relaxed);
    enqueued_ns.store(now_ns, std::memory_order_relaxed);
    start_ns.store(item.start_ns, std::memory_order_relaxed);
}

inline Item Slot::read() const {
    const std::uint64_t packed = meta.load(std::memory_order_relaxed);
    Item item;
    item.object = object.load(std::memory_order_relaxed);
    item.kind = static_cast<ItemKind>(packed & 0xff);
    item.flags = static_cast<std::uint8_t>(packed >> 8);
    item.buffers = static_cast<std::uint32_t>(packed >> 32);
    item.sequence = sequence.load(std::memory_order_relaxed);
    item.enqueued_ns = enqueued_ns.load(std::memory_order_relaxed);
    item.start_ns = start_ns.load(std::memory_order_relaxed);
    return item;
}

/// The memory behind a ring of 64-bit indices: blocks of slots, each twice the one before. The
/// producer switches to a new block at an index; readers follow when they get there.
///
/// Threads: `grow` and `writable` belong to the producer. A `Reader` belongs to one thread (or to
/// the holder of one lock) and only moves forward. `reclaim` needs all of them to stand still.
/// Passed blocks stay allocated until `reclaim`: together they are smaller than the newest, and
/// nobody can read freed memory.
class SlotStorage {
    struct Block;

  public:
    explicit SlotStorage(std::size_t capacity_slots);
    ~SlotStorage();
    SlotStorage(const SlotStorage&) = delete;
    SlotStorage& operator=(const SlotStorage&) = delete;

    class Reader {
      public:
        explicit Reader(const SlotStorage& s) : block_(s.first_.get()) {}
        /// The slot of `index`, which must be one that was published and not less than any
        /// asked for before.
        Slot& at(std::uint64_t index) {
            // relaxed: the index was learnt from an acquire load of the tail, which the producer
            // wrote after `end` and `next`.
            while (index >= block_->end.load(std::memory_order_relaxed))
                block_ = block_->next.load(std::memory_order_relaxed);
            return block_->slots[index & block_->mask];
        }

      private:
        const Block* block_;
    };

    /// True if the producer may write slot `tail` while everything from `head` on is in use.
    bool has_room(std::uint64_t head, std::uint64_t tail) const {
        const std::uint64_t oldest = head > newest_->begin ? head : newest_->begin;
        return tail - oldest <= newest_->mask;
    }
    /// Fetches the line of a slot that will be written soon, unless it may still be in use.
    void prepare_write(std::uint64_t head, std::uint64_t tail) const {
        if (has_room(head, tail))
            prefetch_for_write(&newest_->slots[tail & newest_->mask]);
    }
    Slot& writable(std::uint64_t tail) { return newest_->slots[tail & newest_->mask]; }

    /// From index `tail` on a block of twice the size is used. May throw std::bad_alloc, and has
    /// then changed nothing.
    void grow(std::uint64_t tail);

    /// Frees the blocks before the newest; the ring must be empty, with nobody else in it. Every
    /// Reader must be made anew afterwards.
    void reclaim();

    std::size_t capacity_slots() const { return static_cast<std::size_t>(newest_->mask) + 1; }

  private:
    struct Block {
        Block(std::size_t capacity, std::uint64_t first_index);
        std::uint64_t mask;
        std::uint64_t begin;
        std::atomic<std::uint64_t> end{UINT64_MAX};
        std::atomic<Block*> next{nullptr};
        std::unique_ptr<Slot[]> slots;
        std::unique_ptr<Block> next_owner;
    };

    std::unique_ptr<Block> first_;
    Block* newest_;
};

} // namespace tactus
