// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/ring_queue.h"

namespace tactus {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

} // namespace

RingQueue::RingQueue(Disposer disposer, std::size_t initial_slots)
    : disposer_(disposer), writer_(initial_slots), level_reader_(writer_.storage()),
      cursor_(writer_) {}

RingQueue::~RingQueue() {
    drain(disposer_);
}

Leak RingQueue::effective_leak() const {
    return reverse_.load(relaxed) ? Leak::none : leak();
}

Levels RingQueue::effective_threshold() const {
    return thresholds_on_.load(relaxed) ? min_threshold_.get() : Levels{};
}

void RingQueue::limits_changed() {
    if (effective_leak() == Leak::downstream)
        leak_downstream();
    interrupt();
}

void RingQueue::interrupt() {
    not_empty_.notify_changed();
    not_full_.notify_changed();
}

void RingQueue::refuse(const Item& item) {
    Item lost = item;
    lost.sequence = writer_.skip(item.buffers);
    cursor_.record_drop(lost, DropReason::leaked);
    buffers_dropped_.fetch_add(item.buffers, relaxed);
    awaits_key_ = leak_unit() == LeakUnit::gop;
}

RingQueue::Room RingQueue::make_room(const Item& item) {
    switch (effective_leak()) {
    case Leak::upstream:
        refuse(item);
        return Room::refused;
    case Leak::downstream:
        if (leak_downstream())
            awaits_key_ = true;
        if (!is_broken(item))
            return Room::ready;
        refuse(item);
        return Room::refused;
    case Leak::none:
        break;
    }
    return Room::wait;
}

void RingQueue::restart_time() {
    writer_.reset_time();
    awaits_key_ = false;
    set_reverse(false);
    arm_thresholds(true);
}

void RingQueue::count_drop(DropReason reason, const Item& item) {
    const bool leaked = reason == DropReason::leaked;
    if (item.is_buffers())
        (leaked ? buffers_dropped_ : buffers_flushed_).fetch_add(item.buffers, relaxed);
    else if (item.kind == ItemKind::event && leaked)
        (item.has(Item::kGap) ? gaps_dropped_ : events_dropped_).fetch_add(1, relaxed);
    not_full_.notify();
}

// True if it ran out of buffers in the middle of a broken group: what follows is broken too.
bool RingQueue::leak_downstream() {
    const Levels limits = max_size_.get();
    const bool by_groups = leak_unit() == LeakUnit::gop;
    bool dropped_buffers = false;
    bool met_a_whole_one = false;
    // Drops until the queue is no longer full and, by groups, up to a buffer that stands for
    // itself. Somebody waits for a query, so it ends a group.
    const auto wanted = [&](const Slot& oldest) {
        if (any_reached(writer_.ledger().level_from(oldest), limits))
            return true;
        const ItemKind kind = oldest.kind();
        met_a_whole_one =
            kind == ItemKind::query || (kind == ItemKind::buffers && !oldest.is_delta());
        return by_groups && dropped_buffers && !met_a_whole_one;
    };
    Item item;
    while (drop_one(DropReason::leaked, RingCursor::Sticky::set_aside, item, wanted)) {
        dropped_buffers |= item.is_buffers();
        if (item.kind != ItemKind::none)
            disposer_(item);
    }
    not_empty_.notify(); // an event may have been set aside
    return by_groups && dropped_buffers && !met_a_whole_one;
}

void RingQueue::drain_keeping_sticky() {
    Item item;
    const auto all = [](const Slot&) { return true; };
    while (drop_one(DropReason::flushed, RingCursor::Sticky::set_aside, item, all)) {
        if (item.kind != ItemKind::none)
            disposer_(item);
    }
    not_empty_.notify();
}

bool RingQueue::is_empty() {
    if (cursor_.is_drained())
        return true;
    const Levels minimum = effective_threshold();
    if (!any_missing({}, minimum))
        return false;
    // A threshold holds back buffers only: an event or a query at the end has somebody waiting
    // for it. And a queue that is full can get no fuller.
    ItemKind tail_kind = ItemKind::none;
    const Levels level = cursor_.level_for_consumer(tail_kind);
    return tail_kind == ItemKind::buffers && any_missing(level, minimum) &&
           !any_reached(level, max_size_.get());
}

// The rest of a broken group of pictures. The producer drops whole groups, but the consumer may
// take a frame from the middle of one while it does.
bool RingQueue::throw_away_broken(const Item& item) {
    if (!item.has(Item::kDelta) || leak_unit() != LeakUnit::gop ||
        !cursor_.has_leak_ending_at(item.sequence))
        return false;
    cursor_.record_drop(item, DropReason::leaked);
    buffers_dropped_.fetch_add(item.buffers, relaxed);
    disposer_(item);
    return true;
}

bool RingQueue::take(Taken& taken, std::uint64_t now_ns) {
    if (any_missing({}, effective_threshold()) && is_empty())
        return false;
    while (cursor_.take(taken.item, taken.index)) {
        not_full_.notify();
        taken.discont = false;
        if (!taken.item.is_buffers())
            return true;
        if (consumer_.is_gap(taken.item) && throw_away_broken(taken.item))
            continue;
        taken.discont = consumer_.note(taken.item, cursor_, now_ns);
        return true;
    }
    return false;
}

void RingQueue::discard_taken(const Item& item) {
    consumer_.unnote(item);
    buffers_flushed_.fetch_add(item.buffers, relaxed);
}

RingQueueStats RingQueue::stats() const {
    RingQueueStats s;
    s.buffers_in = writer_.next_sequence();
    s.buffers_out = consumer_.buffers_out();
    s.buffers_dropped = buffers_dropped_.load(relaxed);
    s.buffers_flushed = buffers_flushed_.load(relaxed);
    s.gaps_dropped = gaps_dropped_.load(relaxed);
    s.events_dropped = events_dropped_.load(relaxed);
    s.bursts = consumer_.burst_count();
    s.burst_buffers = consumer_.burst_buffers();
    s.residence_ns = consumer_.residence_ns();
    s.producer_wait_ns = producer_wait_.total_ns.load(relaxed);
    s.consumer_wait_ns = consumer_wait_.total_ns.load(relaxed);
    s.producer_wakeups = producer_wait_.parks.load(relaxed);
    s.consumer_wakeups = consumer_wait_.parks.load(relaxed);
    return s;
}

void RingQueue::reclaim() {
    const std::uint64_t tail = writer_.tail();
    if (!cursor_.is_drained())
        return;
    cursor_.restart(tail, &writer_);
    level_reader_ = SlotStorage::Reader(writer_.storage());
    seen_head_ = tail;
}

} // namespace tactus
