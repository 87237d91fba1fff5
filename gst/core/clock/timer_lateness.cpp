// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/timer_lateness.h"

#include "core/stats/counter.h"

namespace tactus {

void TimerLateness::record(std::uint64_t requested_ns, std::uint64_t actual_ns) {
    const std::uint64_t late_ns = actual_ns > requested_ns ? actual_ns - requested_ns : 0;
    lateness_.record(late_ns);
    if (late_ns <= stall_threshold_ns_)
        return;
    count(stalls_);
    const std::uint64_t tail = tail_.load(std::memory_order_relaxed);
    // acquire: partner is the release in take_stall(), which is done with the slot.
    if (tail - head_.load(std::memory_order_acquire) == kQueue)
        return;
    queue_[tail % kQueue] = {actual_ns, late_ns};
    // release: partner is the acquire in take_stall(); the slot is filled.
    tail_.store(tail + 1, std::memory_order_release);
}

std::optional<Stall> TimerLateness::take_stall() {
    const std::uint64_t head = head_.load(std::memory_order_relaxed);
    // acquire: partner is the release in record().
    if (head == tail_.load(std::memory_order_acquire))
        return std::nullopt;
    const Stall stall = queue_[head % kQueue];
    // release: partner is the acquire in record().
    head_.store(head + 1, std::memory_order_release);
    return stall;
}

TimerStats TimerLateness::stats() const {
    TimerStats stats;
    stats.lateness = lateness_.summary();
    stats.stalls = stalls_.load(std::memory_order_relaxed);
    return stats;
}

} // namespace tactus
