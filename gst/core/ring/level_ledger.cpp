// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/level_ledger.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

} // namespace

bool LevelLedger::enter(Slot& slot, const Item& item) {
    const std::uint64_t buffers = buffers_in_.load(relaxed);
    const std::uint64_t bytes = bytes_in_.load(relaxed);
    slot.buffers_before.store(buffers, relaxed);
    slot.bytes_before.store(bytes, relaxed);
    slot.left_ns.store(left_ns_, relaxed);

    const std::int64_t previous_ns = left_ns_;
    if (item.is_buffers()) {
        buffers_in_.store(buffers + item.buffers, relaxed);
        bytes_in_.store(bytes + item.bytes, relaxed);
        if (item.end_ns == kNoTime)
            return true;
        if (first_start_ns_.load(relaxed) == kNoTime)
            first_start_ns_.store(item.start_ns, relaxed);
        in_ns_.store(item.end_ns, relaxed);
        left_ns_ = item.end_ns;
    } else if (item.has(Item::kGap) && item.end_ns != kNoTime) {
        left_ns_ = std::max(left_ns_, item.end_ns);
    }
    return left_ns_ >= previous_ns;
}

void LevelLedger::reset_time() {
    in_ns_.store(kNoTime, relaxed);
    first_start_ns_.store(kNoTime, relaxed);
    left_ns_ = kNoTime;
}

Levels LevelLedger::level_from(const Slot& oldest) const {
    Levels level;
    level.buffers = buffers_in_.load(relaxed) - oldest.buffers_before.load(relaxed);
    if (level.buffers == 0)
        return {};
    level.bytes = bytes_in_.load(relaxed) - oldest.bytes_before.load(relaxed);
    const std::int64_t in_ns = in_ns_.load(relaxed);
    std::int64_t out_ns = oldest.left_ns.load(relaxed);
    if (out_ns == kNoTime)
        out_ns = first_start_ns_.load(relaxed);
    if (in_ns != kNoTime && out_ns != kNoTime && in_ns > out_ns)
        level.time_ns = static_cast<std::uint64_t>(in_ns - out_ns);
    return level;
}

} // namespace tactus
