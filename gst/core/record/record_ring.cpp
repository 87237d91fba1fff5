// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/record/record_ring.h"

#include <bit>
#include <cassert>

namespace tactus {

RecordRing::RecordRing(std::size_t capacity_units)
    : units_(new Unit[capacity_units + kMaxRecordUnits]), mask_(capacity_units - 1) {
    assert(std::has_single_bit(capacity_units) && capacity_units >= 256);
}

bool RecordRing::look_again(std::uint32_t units) {
    // acquire: partner is the release in release(): what is written over has been read.
    head_seen_ = head_.load(std::memory_order_acquire);
    return has_room(units);
}

} // namespace tactus
