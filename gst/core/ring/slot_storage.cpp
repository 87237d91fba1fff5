// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/slot_storage.h"

#include <bit>

namespace tactus {

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
