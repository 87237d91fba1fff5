// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/drop_log.h"

#include <algorithm>
#include <cassert>

namespace tactus {

namespace {

bool joins(const DropBurst& a, const DropBurst& b) {
    return a.reason == b.reason && a.end_sequence() == b.first_sequence;
}

void append(DropBurst& to, const DropBurst& from) {
    to.count += from.count;
    if (to.first_ns == kNoTime)
        to.first_ns = from.first_ns;
    if (from.last_ns != kNoTime)
        to.last_ns = from.last_ns;
}

} // namespace

void DropLog::add(const Item& dropped, DropReason reason) {
    assert(dropped.is_buffers());
    const DropBurst burst{dropped.sequence, dropped.buffers, dropped.start_ns, dropped.start_ns,
                          reason};
    // Nearly always the end; a consumer that discards may fall behind what the producer dropped.
    auto after = bursts_.end();
    while (after != bursts_.begin() && (after - 1)->first_sequence > burst.first_sequence)
        --after;
    if (after != bursts_.begin() && joins(*(after - 1), burst)) {
        append(*(after - 1), burst);
        if (after != bursts_.end() && joins(*(after - 1), *after)) {
            append(*(after - 1), *after);
            bursts_.erase(after);
        }
    } else if (after != bursts_.end() && joins(burst, *after)) {
        DropBurst joined = burst;
        append(joined, *after);
        *after = joined;
    } else {
        bursts_.insert(after, burst);
    }
}

std::optional<DropBurst> DropLog::take_before(std::uint64_t sequence) {
    if (bursts_.empty() || bursts_.front().end_sequence() > sequence)
        return std::nullopt;
    const DropBurst burst = bursts_.front();
    bursts_.erase(bursts_.begin());
    return burst;
}

bool DropLog::has_leak_ending_at(std::uint64_t sequence) const {
    return std::any_of(bursts_.begin(), bursts_.end(), [&](const DropBurst& b) {
        return b.reason == DropReason::leaked && b.end_sequence() == sequence;
    });
}

} // namespace tactus
