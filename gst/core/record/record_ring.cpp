// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/record/record_ring.h"

#include <sys/mman.h>

#include <bit>
#include <cassert>
#include <new>

namespace tactus {

RecordRing::RecordRing(std::size_t capacity_units)
    : units_(map_units(capacity_units + kMaxRecordUnits)), mask_(capacity_units - 1) {
    assert(std::has_single_bit(capacity_units) && capacity_units >= 256);
}

void RecordRing::Unmap::operator()(Unit* units) const {
    munmap(units, bytes);
}

std::unique_ptr<RecordRing::Unit[], RecordRing::Unmap> RecordRing::map_units(std::size_t count) {
    const std::size_t bytes = count * sizeof(Unit);
    void* block = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        throw std::bad_alloc();
    return {static_cast<Unit*>(block), Unmap{bytes}};
}

bool RecordRing::look_again(std::uint32_t units) {
    // acquire: partner is the release in release(): what is written over has been read.
    head_seen_ = head_.load(std::memory_order_acquire);
    return has_room(units);
}

} // namespace tactus
