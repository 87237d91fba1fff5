// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/consumer_ledger.h"

#include <utility>

namespace tactus {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t kReservedBursts = 64;

} // namespace

ConsumerLedger::ConsumerLedger(std::uint64_t first_sequence) : expected_sequence_(first_sequence) {
    bursts_.reserve(kReservedBursts);
}

bool ConsumerLedger::collect(RingCursor& cursor, std::uint64_t sequence,
                             std::vector<DropBurst>& out) {
    const std::lock_guard lock(collecting_);
    bool leaked = false;
    while (const auto burst = cursor.take_burst(sequence)) {
        if (burst->reason != DropReason::leaked)
            continue;
        out.push_back(*burst);
        burst_buffers_.record(burst->count);
        burst_count_.store(burst_count() + 1, relaxed);
        leaked = true;
    }
    return leaked;
}

bool ConsumerLedger::note(const Item& item, RingCursor& cursor, std::uint64_t now_ns) {
    const bool gap = is_gap(item) && settle(cursor, item.sequence);
    const bool discont = std::exchange(owes_discont_, false) || gap;
    expected_sequence_ = item.sequence + item.buffers;
    buffers_out_.store(buffers_out() + item.buffers, relaxed);
    residence_ns_.record(now_ns > item.enqueued_ns ? now_ns - item.enqueued_ns : 0);
    return discont;
}

void ConsumerLedger::unnote(const Item& item) {
    buffers_out_.store(buffers_out() - item.buffers, relaxed);
}

} // namespace tactus
