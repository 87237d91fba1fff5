// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/record/stamp_clock.h"

namespace tactus {

namespace {

constexpr std::uint64_t kHalfSpanNs = 5'000'000'000;

} // namespace

void StampClock::sample(std::uint64_t ticks, std::uint64_t monotonic_ns) {
    newest_ = {ticks, monotonic_ns};
    if (!counts_ticks_) {
        counts_ticks_ = true;
        base_ = middle_ = newest_;
        return;
    }
    if (ticks <= base_.ticks)
        return;
    ns_per_tick_ =
        static_cast<double>(monotonic_ns - base_.ns) / static_cast<double>(ticks - base_.ticks);
    if (monotonic_ns - middle_.ns >= kHalfSpanNs) {
        base_ = middle_;
        middle_ = newest_;
    }
}

} // namespace tactus
