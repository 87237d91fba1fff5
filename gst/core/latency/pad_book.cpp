// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/pad_book.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15U; // 2^64 / golden ratio: Fibonacci hashing

} // namespace

bool BookEntry::comes_out_as(const BufferSeen& buffer) {
    const bool is_piece =
        buffer.pts_ns != kNoTimeNs && out_pts_ns == buffer.pts_ns && out_address != buffer.address;
    out_pts_ns = buffer.pts_ns;
    out_address = buffer.address;
    return is_piece;
}

PadBook::PadBook()
    : ring_(kCapacityMin), by_id_(kCapacityMin * 2, kNobody), by_address_(kCapacityMin, kNobody) {}

// Ids of one pad follow one another, so they fill the slots evenly without being mixed.
std::size_t PadBook::id_slot(std::uint64_t id) const {
    return (id + (id >> IdStamp::kSequenceBits) * kMix) & (by_id_.size() - 1);
}

std::size_t PadBook::address_slot(std::uint64_t address) const {
    return ((address * kMix) >> 40) & (by_address_.size() - 1);
}

void PadBook::link(BookEntry& entry) {
    std::uint64_t& by_id = by_id_[id_slot(entry.id)];
    entry.older_by_id = by_id;
    by_id = entry.arrival;
    std::uint64_t& by_address = by_address_[address_slot(entry.address)];
    entry.older_by_address = by_address;
    by_address = entry.arrival;
}

void PadBook::resize(std::size_t capacity) {
    std::vector<BookEntry> old(capacity);
    old.swap(ring_);
    by_id_.assign(capacity * 2, kNobody);
    by_address_.assign(capacity, kNobody);
    first_ = std::max(first_, next_ - std::min<std::uint64_t>(next_, capacity));
    for (std::uint64_t arrival = first_; arrival < next_; ++arrival) {
        BookEntry& entry = at(arrival);
        entry = old[arrival & (old.size() - 1)];
        link(entry);
    }
    needed_until_ = next_;
}

bool PadBook::might_turn_up(const BookEntry& entry, std::uint64_t now_ns) {
    return entry.fate == Fate::dropped && now_ns < entry.in_ns + kDroppedKeptNs;
}

// Each entry is looked at once, when a quarter of what fits in has come after it.
void PadBook::note_need(std::uint64_t now_ns) {
    const std::uint64_t quarter = ring_.size() / 4;
    if (ring_.size() == kCapacityMin || next_ - first_ < quarter)
        return;
    const BookEntry& entry = at(next_ - quarter);
    if (entry.fate == Fate::inside || might_turn_up(entry, now_ns))
        needed_until_ = next_;
}

bool PadBook::is_too_large() const {
    return ring_.size() > kCapacityMin &&
           next_ - needed_until_ >= kLapsBeforeHalving * ring_.size() &&
           tail_ + ring_.size() / 4 >= next_;
}

BookEntry* PadBook::make_room(std::uint64_t now_ns) {
    note_need(now_ns);
    if (next_ - first_ < ring_.size())
        return nullptr;
    BookEntry& oldest = at(first_);
    const bool wants_room = oldest.fate == Fate::inside
                                ? ring_.size() < kCapacityMax
                                : might_turn_up(oldest, now_ns) && ring_.size() < kDroppedKept;
    if (wants_room) {
        resize(ring_.size() * 2);
        return nullptr;
    }
    if (oldest.fate == Fate::inside)
        return &oldest;
    if (is_too_large())
        resize(ring_.size() / 2);
    return nullptr;
}

BookEntry& PadBook::add(const BookEntry& entry) {
    if (next_ > 0) {
        BookEntry& before = at(next_ - 1);
        if (before.running.is_timed() && !before.running.has_end() &&
            entry.running.start_ns > before.running.start_ns)
            before.running.end_ns = entry.running.start_ns;
    }
    if (next_ - first_ == ring_.size())
        ++first_;
    BookEntry& added = at(next_);
    added = entry;
    added.arrival = next_++;
    link(added);
    if (added.fate == Fate::inside)
        ++inside_;
    else
        advance_tail();
    return added;
}

BookEntry* PadBook::find_itself(std::uint64_t id, const BufferSeen& buffer, std::uint64_t pad_bit) {
    unsigned steps = 0;
    for (std::uint64_t a = by_address_[address_slot(buffer.address)];
         is_held(a) && steps < kChainStepsMax; a = at(a).older_by_address, ++steps) {
        BookEntry& entry = at(a);
        // By its size, too: what is made of packets may get the address of one that was freed.
        if (entry.address == buffer.address && entry.id == id && !(entry.left_mask & pad_bit) &&
            entry.size_bytes == buffer.size_bytes)
            return &entry;
    }
    return nullptr;
}

PadBook::Match PadBook::match(std::uint64_t id, const BufferSeen& buffer, std::uint64_t pad_bit) {
    unsigned steps = 0;
    Match best;
    for (std::uint64_t a = by_id_[id_slot(id)]; is_held(a) && steps < kChainStepsMax;
         a = at(a).older_by_id, ++steps) {
        BookEntry& entry = at(a);
        if (entry.id != id)
            continue;
        const bool is_timely = buffer.pts_ns != kNoTimeNs && entry.pts_ns == buffer.pts_ns;
        if (entry.left_mask & pad_bit) {
            if (!best.entry)
                best = {&entry, is_timely, true};
        } else if (is_timely || !best.is_timely || best.is_again) {
            best = {&entry, is_timely, false};
        }
    }
    return best;
}

BookEntry* PadBook::match_unattached(const BufferSeen& buffer, std::uint64_t pad_bit) {
    unsigned steps = 0;
    BookEntry* best = nullptr;
    for (std::uint64_t a = by_address_[address_slot(buffer.address)];
         is_held(a) && steps < kChainStepsMax; a = at(a).older_by_address, ++steps) {
        BookEntry& entry = at(a);
        if (entry.address != buffer.address)
            continue;
        if (!entry.unattached || entry.pts_ns != buffer.pts_ns)
            break; // the address was another buffer's before
        if (!best || !(entry.left_mask & pad_bit))
            best = &entry;
    }
    return best;
}

bool PadBook::has_seen(std::uint64_t id, std::uint64_t newest_id, const BufferSeen& buffer) {
    unsigned steps = 0;
    for (std::uint64_t a = by_address_[address_slot(buffer.address)];
         is_held(a) && steps < kChainStepsMax; a = at(a).older_by_address, ++steps) {
        const BookEntry& entry = at(a);
        if (entry.address == buffer.address)
            return entry.id == id && entry.newest_id == newest_id &&
                   entry.pts_ns == buffer.pts_ns && entry.size_bytes == buffer.size_bytes;
    }
    return false;
}

void PadBook::settle_merged(std::uint64_t id) {
    unsigned steps = 0;
    for (std::uint64_t a = by_id_[id_slot(id)]; is_held(a) && steps < kCapacityMax;
         a = at(a).older_by_id, ++steps)
        if (at(a).id == id)
            settle(at(a), Fate::out);
}

void PadBook::advance_tail() {
    for (; tail_ < next_; ++tail_) {
        const Fate fate = at(tail_).fate;
        if (fate == Fate::inside)
            return;
        if (fate == Fate::out)
            ++outs_behind_;
    }
}

std::uint64_t PadBook::newer_outs(const BookEntry& entry) {
    if (entry.arrival + 1 >= newest_out_)
        return 0;
    if (entry.arrival == tail_)
        return outs_ - outs_behind_;
    std::uint64_t newer = 0;
    for (std::uint64_t a = entry.arrival + 1; a < newest_out_; ++a)
        newer += at(a).fate == Fate::out ? 1 : 0;
    return newer;
}

std::uint64_t PadBook::take(BookEntry& entry, std::uint64_t pad_bit) {
    entry.left_mask |= pad_bit;
    if (entry.fate == Fate::out)
        return 0;
    const std::uint64_t depth = newer_outs(entry);
    if (entry.fate == Fate::inside)
        --inside_;
    entry.fate = Fate::out;
    ++outs_;
    if (entry.arrival < tail_)
        ++outs_behind_;
    newest_out_ = std::max(newest_out_, entry.arrival + 1);
    advance_tail();
    return depth;
}

void PadBook::settle(BookEntry& entry, Fate fate) {
    if (entry.fate != Fate::inside || fate == Fate::inside)
        return;
    entry.fate = fate;
    --inside_;
    if (fate == Fate::out) {
        ++outs_;
        newest_out_ = std::max(newest_out_, entry.arrival + 1);
    }
    advance_tail();
}

BookEntry* PadBook::overtaken_by(std::uint64_t newer) {
    const bool is_overtaken = tail_ < next_ && outs_ - outs_behind_ > newer;
    return is_overtaken ? &at(tail_) : nullptr;
}

} // namespace tactus
