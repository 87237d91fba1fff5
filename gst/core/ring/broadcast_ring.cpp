// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/broadcast_ring.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t kReservedVictims = 32;

} // namespace

BroadcastRing::BroadcastRing(Disposer disposer, Retainer retainer, std::size_t initial_slots)
    : disposer_(disposer), retainer_(retainer), writer_(initial_slots) {
    victims_.reserve(kReservedVictims);
}

BroadcastRing::~BroadcastRing() {
    for (const auto& member : members_)
        drain(*member, disposer_);
}

void BroadcastRing::interrupt() {
    not_empty_.notify_changed();
    not_full_.notify_changed();
}

void BroadcastRing::join(const std::shared_ptr<Member>& member) {
    const std::lock_guard lock(mutex_);
    if (std::exchange(member->joined_, true))
        return;
    const std::uint64_t tail = writer_.tail();
    member->cursor_.restart(tail);
    member->level_reader_ = SlotStorage::Reader(writer_.storage());
    member->seen_head_ = tail;
    member->ledger_.restart(writer_.next_sequence());
    members_.push_back(member);
}

void BroadcastRing::leave(const std::shared_ptr<Member>& member) {
    std::vector<Item> left;
    {
        const std::lock_guard lock(mutex_);
        if (!std::exchange(member->joined_, false))
            return;
        // Still a member while it is emptied: afterwards the producer may write over its slots.
        drain(*member, [&left](const Item& item) { left.push_back(item); });
        members_.erase(std::find(members_.begin(), members_.end(), member));
    }
    not_full_.notify_changed();
    for (const Item& item : left)
        disposer_(item);
}

// Under the mutex, like RingQueue::is_full: an old head makes the level too large, never too small.
bool BroadcastRing::is_member_full(Member& member) {
    const auto full_from = [&](std::uint64_t head) {
        return head != writer_.tail_relaxed() &&
               any_reached(writer_.ledger().level_from(member.level_reader_.at(head)),
                           max_size_.get());
    };
    if (writer_.time_rises_from() <= member.seen_head_ && !full_from(member.seen_head_))
        return false;
    member.seen_head_ = member.cursor_.head();
    return full_from(member.seen_head_);
}

bool BroadcastRing::is_full() {
    if (is_lossy())
        return false;
    const std::lock_guard lock(mutex_);
    for (const auto& member : members_) {
        if (!is_member_full(*member))
            continue;
        // Say who has to wake us, then look again: a take before it read this was not told.
        // seq_cst: partner of the load in after_take.
        blocked_by_.store(member.get(), std::memory_order_seq_cst);
        if (is_member_full(*member))
            return true;
    }
    return false;
}

// Under the mutex.
void BroadcastRing::make_room(Member& member, std::vector<Item>& victims) {
    if (!is_member_full(member))
        return;
    const Levels limits = max_size_.get();
    const auto full = [&](const Slot& oldest) {
        return any_reached(writer_.ledger().level_from(oldest), limits);
    };
    Item item;
    while (member.drop_one(DropReason::leaked, RingCursor::Sticky::set_aside, item, full)) {
        if (item.kind != ItemKind::none)
            victims.push_back(item);
    }
}

// Under the mutex.
void BroadcastRing::publish(const Item& item, std::uint64_t now_ns) {
    std::uint64_t head = slowest_head();
    if (!writer_.fits(head)) {
        for (const auto& member : members_)
            member->seen_head_ = member->cursor_.head();
        head = slowest_head();
    }
    const auto extra = static_cast<unsigned>(members_.size() - 1);
    retainer_.retain(retainer_.user, item, extra);
    try {
        writer_.push(item, head, now_ns);
    } catch (...) {
        for (unsigned i = 0; i < extra; ++i)
            disposer_(item);
        throw;
    }
    for (const auto& member : members_) {
        if (item.is_buffers())
            member->offered_.fetch_add(item.buffers, relaxed);
    }
}

std::uint64_t BroadcastRing::slowest_head() {
    std::uint64_t head = writer_.tail_relaxed();
    for (const auto& member : members_)
        head = std::min(head, member->seen_head_);
    return head;
}

void BroadcastRing::push(const Item& item, std::uint64_t now_ns) {
    // Taken by value: disposing may run foreign code, which may come back here.
    std::vector<Item> victims = std::move(victims_);
    bool published = false;
    {
        const std::lock_guard lock(mutex_);
        if (is_lossy() && item.is_buffers()) {
            for (const auto& member : members_)
                make_room(*member, victims);
        }
        if (!members_.empty()) {
            publish(item, now_ns);
            published = true;
        }
    }
    if (published) {
        not_empty_.notify();
    } else {
        without_member_ += item.buffers;
        disposer_(item);
    }
    for (const Item& victim : victims)
        disposer_(victim);
    victims.clear();
    victims_ = std::move(victims);
}

void BroadcastRing::after_take(const Member& member) {
    // seq_cst: partner of the store in is_full; the take before this was a seq_cst exchange.
    if (blocked_by_.load(std::memory_order_seq_cst) == &member)
        not_full_.notify();
}

bool BroadcastRing::Member::take(Taken& taken, BroadcastRing& ring, std::uint64_t now_ns) {
    if (!cursor_.take(taken.item, taken.index))
        return false;
    ring.after_take(*this);
    taken.discont = taken.item.is_buffers() && ledger_.note(taken.item, cursor_, now_ns);
    return true;
}

void BroadcastRing::Member::discard_taken(const Item& item) {
    ledger_.unnote(item);
    flushed_.fetch_add(item.buffers, relaxed);
}

RingQueueStats BroadcastRing::Member::stats() const {
    RingQueueStats s;
    s.buffers_in = offered_.load(relaxed);
    s.buffers_out = ledger_.buffers_out();
    s.buffers_dropped = lost_.load(relaxed);
    s.buffers_flushed = flushed_.load(relaxed);
    s.bursts = ledger_.burst_count();
    s.burst_buffers = ledger_.burst_buffers();
    s.residence_ns = ledger_.residence_ns();
    s.consumer_wait_ns = wait_.total_ns.load(relaxed);
    s.consumer_wakeups = wait_.parks.load(relaxed);
    return s;
}

} // namespace tactus
