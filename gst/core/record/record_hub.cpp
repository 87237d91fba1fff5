// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/record/record_hub.h"

#include <algorithm>

namespace tactus {

/// The ring with the oldest record, and how far it may be read before another one is due.
struct RecordHub::Run {
    Entry* entry = nullptr;
    std::uint64_t stamp = UINT64_MAX;
    std::uint64_t until_stamp = UINT64_MAX;
    unsigned rings_due = 0; ///< that still hold records of the first look
};

RecordHub::Source RecordHub::add() {
    auto entry = std::make_unique<Entry>();
    entry->ring = std::make_unique<RecordRing>(ring_capacity_units_);
    const std::lock_guard lock(mutex_);
    entry->thread = next_thread_++;
    entries_.push_back(std::move(entry));
    return {entries_.back()->thread, entries_.back()->ring.get()};
}

void RecordHub::close(std::uint32_t thread) {
    const std::lock_guard lock(mutex_);
    const auto found = std::find_if(entries_.begin(), entries_.end(),
                                    [&](const auto& entry) { return entry->thread == thread; });
    if (found == entries_.end())
        return;
    // release: partner is the acquire in look(): all records came before.
    (*found)->closed.store(true, std::memory_order_release);
    if (!listening_)
        remove(found->get());
}

void RecordHub::listen(bool listening) {
    const std::lock_guard lock(mutex_);
    listening_ = listening;
    if (listening)
        return;
    std::vector<const Entry*> closed;
    for (const auto& entry : entries_)
        if (entry->closed.load(std::memory_order_relaxed))
            closed.push_back(entry.get());
    for (const Entry* entry : closed)
        remove(entry);
}

void RecordHub::remove(const Entry* entry) {
    lost_before_ += entry->ring->records_lost();
    std::erase_if(entries_, [&](const auto& e) { return e.get() == entry; });
}

void RecordHub::look(Round& round) {
    round_.clear();
    const std::lock_guard lock(mutex_);
    for (const auto& entry : entries_) {
        round_.push_back(entry.get());
        entry->first_look = entry->second_look;
        // acquire: partner is the release in close().
        entry->was_closed = entry->closed.load(std::memory_order_acquire);
        entry->second_look = entry->ring->published();
        const std::uint64_t held = entry->second_look - entry->ring->read_position();
        round.fullest_units = std::max(round.fullest_units, static_cast<std::size_t>(held));
    }
}

RecordHub::Run RecordHub::next_run() {
    Run run;
    for (Entry* entry : round_) {
        const std::uint64_t position = entry->ring->read_position();
        if (position >= entry->second_look)
            continue;
        run.rings_due += position < entry->first_look ? 1 : 0;
        const std::uint64_t stamp = entry->ring->read<RecordHead>(position).stamp();
        if (run.entry == nullptr || stamp < run.stamp) {
            run.until_stamp = run.entry == nullptr ? UINT64_MAX : run.stamp;
            run.entry = entry;
            run.stamp = stamp;
        } else {
            run.until_stamp = std::min(run.until_stamp, stamp);
        }
    }
    return run;
}

void RecordHub::step(Entry& entry, const Visit& visit) {
    const std::uint64_t position = entry.ring->read_position();
    const auto head = entry.ring->read<RecordHead>(position);
    visit(entry.thread, *entry.ring, position, head);
    std::uint64_t next = position + units_of(head.kind());
    if (head.kind() == RecordKind::push) {
        const auto push = entry.ring->read<PushRecord>(position);
        for (unsigned i = 0; i < push.more; ++i)
            next += units_of(entry.ring->read<RecordHead>(next).kind());
    }
    entry.ring->release(next);
}

RecordHub::Round RecordHub::collect(const std::function<void()>& looked, const Visit& visit,
                                    const std::function<void(std::uint32_t)>& gone) {
    Round round;
    look(round);
    looked();
    for (Run run = next_run(); run.rings_due > 0; run = next_run()) {
        const RecordRing& ring = *run.entry->ring;
        // Alone, a ring is not read past the first look: what causes its later records is unknown.
        const bool others_due = run.rings_due > 1 || ring.read_position() >= run.entry->first_look;
        const std::uint64_t end = others_due ? run.entry->second_look : run.entry->first_look;
        do {
            step(*run.entry, visit);
            ++round.records;
        } while (ring.read_position() < end &&
                 ring.read<RecordHead>(ring.read_position()).stamp() <= run.until_stamp);
    }
    for (const Entry* entry : round_)
        round.left_over |= entry->ring->read_position() < entry->second_look;
    retire(gone);
    return round;
}

void RecordHub::retire(const std::function<void(std::uint32_t)>& gone) {
    for (Entry* entry : round_) {
        if (!entry->was_closed || entry->ring->read_position() != entry->ring->published())
            continue;
        gone(entry->thread);
        const std::lock_guard lock(mutex_);
        remove(entry);
    }
    round_.clear();
}

std::uint64_t RecordHub::records_lost() {
    const std::lock_guard lock(mutex_);
    std::uint64_t lost = lost_before_;
    for (const auto& entry : entries_)
        lost += entry->ring->records_lost();
    return lost;
}

} // namespace tactus
