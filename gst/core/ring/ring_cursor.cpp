// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/ring_cursor.h"

namespace tactus {

namespace {

constexpr std::size_t kReservedEvents = 16;

} // namespace

RingCursor::RingCursor(const RingWriter& writer, std::uint64_t start)
    : writer_(writer), take_reader_(writer.storage()), seen_tail_(start), head_(start),
      drop_reader_(writer.storage()) {
    set_aside_.reserve(kReservedEvents);
}

bool RingCursor::take_set_aside(std::uint64_t head, Item& item, std::uint64_t& index) {
    const std::lock_guard lock(mutex_);
    if (set_aside_.empty() || set_aside_[set_aside_front_].index >= head)
        return false;
    index = set_aside_[set_aside_front_].index;
    return pop_set_aside(item);
}

void RingCursor::count_set_aside() {
    set_aside_count_.store(set_aside_.size() - set_aside_front_, std::memory_order_seq_cst);
}

bool RingCursor::pop_set_aside(Item& item) {
    if (set_aside_.empty())
        return false;
    item = set_aside_[set_aside_front_++].event;
    // Moved up when at least half is gone, so that each event is moved once at most, on average.
    if (set_aside_front_ * 2 >= set_aside_.size()) {
        const auto gone = static_cast<std::ptrdiff_t>(set_aside_front_);
        set_aside_.erase(set_aside_.begin(), set_aside_.begin() + gone);
        set_aside_front_ = 0;
    }
    count_set_aside();
    return true;
}

void RingCursor::set_aside(std::uint64_t head, const Item& event) {
    set_aside_.push_back({head, event});
    count_set_aside();
}

void RingCursor::take_back() {
    set_aside_.pop_back();
    count_set_aside();
}

void RingCursor::record_drop(const Item& lost, DropReason reason) {
    const std::lock_guard lock(mutex_);
    log_.add(lost, reason);
}

std::optional<DropBurst> RingCursor::take_burst(std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    return log_.take_before(sequence);
}

bool RingCursor::has_leak_ending_at(std::uint64_t sequence) const {
    const std::lock_guard lock(mutex_);
    return log_.has_leak_ending_at(sequence);
}

Levels RingCursor::level() const {
    const std::lock_guard lock(mutex_);
    for (;;) {
        const std::uint64_t head = this->head();
        if (head == writer_.tail())
            return {};
        const Levels level = writer_.ledger().level_from(drop_reader_.at(head));
        // Unchanged: the slot was in use throughout, so its sums are those of this head.
        if (confirm_head(head))
            return level;
    }
}

Levels RingCursor::level_for_consumer(ItemKind& tail_kind) {
    for (;;) {
        const std::uint64_t head = this->head();
        const std::uint64_t tail = writer_.tail();
        tail_kind = ItemKind::none;
        if (head == tail)
            return {};
        const Levels level = writer_.ledger().level_from(take_reader_.at(head));
        SlotStorage::Reader last = take_reader_;
        tail_kind = last.at(tail - 1).kind();
        if (confirm_head(head))
            return level;
    }
}

void RingCursor::restart(std::uint64_t start, RingWriter* reclaimed) {
    const std::lock_guard lock(mutex_); // a getter may be reading
    if (reclaimed != nullptr)
        reclaimed->reclaim();
    take_reader_ = SlotStorage::Reader(writer_.storage());
    drop_reader_ = SlotStorage::Reader(writer_.storage());
    seen_tail_ = start;
    head_.store(start, std::memory_order_seq_cst);
}

} // namespace tactus
