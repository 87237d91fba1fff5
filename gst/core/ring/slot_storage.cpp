// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/slot_storage.h"

#include <bit>

namespace tactus {

void Slot::write(const Item& item, std::uint64_t first_sequence, std::uint64_t now_ns) {
    const std::uint64_t packed = static_cast<std::uint64_t>(item.kind) |
                                 static_cast<std::uint64_t>(item.flags) << 8 |
                                 static_cast<std::uint64_t>(item.buffers) << 32;
    object.store(item.object, std::memory_order_relaxed);
    meta.store(packed, std::memory_order_relaxed);
    sequence.store(first_sequence, std::memory_order_relaxed);
    enqueued_ns.store(now_ns, std::memory_order_relaxed);
    start_ns.store(item.start_ns, std::memory_order_relaxed);
}

Item Slot::read() const {
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

SlotStorage::Block::Block(std::size_t capacity, std::uint64_t first_index)
    : mask(capacity - 1), begin(first_index), slots(new Slot[capacity]) {}

SlotStorage::SlotStorage(std::size_t capacity_slots)
    : first_(std::make_unique<Block>(std::bit_ceil(capacity_slots < 2 ? 2 : capacity_slots), 0)),
      newest_(first_.get()) {}

// Taken apart from the front: a chain of unique_ptrs would recurse once per block.
SlotStorage::~SlotStorage() {
    while (first_)
        first_ = std::move(first_->next_owner);
}

void SlotStorage::grow(std::uint64_t tail) {
    auto block = std::make_unique<Block>(capacity_slots() * 2, tail);
    Block* old = newest_;
    newest_ = block.get();
    old->next_owner = std::move(block);
    // relaxed: readers get here through the tail, which is published later (see Reader::at).
    old->next.store(newest_, std::memory_order_relaxed);
    old->end.store(tail, std::memory_order_relaxed);
}

void SlotStorage::reclaim() {
    while (first_.get() != newest_)
        first_ = std::move(first_->next_owner);
}

} // namespace tactus
