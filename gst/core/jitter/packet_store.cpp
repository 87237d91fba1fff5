// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/packet_store.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::size_t kFirstCapacity = 32;
// How far from the end a packet is looked for step by step before the search halves.
constexpr std::size_t kNear = 8;

} // namespace

std::size_t PacketStore::rank_of(std::int64_t sequence) const {
    std::size_t high = size_;
    for (std::size_t steps = 0; steps < kNear; ++steps, --high) {
        if (high == 0 || key(high - 1).sequence < sequence)
            return high;
    }
    std::size_t low = 0;
    while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (key(middle).sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool PacketStore::contains(std::int64_t sequence) const {
    const std::size_t rank = rank_of(sequence);
    return rank < size_ && key(rank).sequence == sequence;
}

bool PacketStore::insert(const StoredPacket& packet) {
    const std::size_t rank = rank_of(packet.sequence);
    if (rank < size_ && key(rank).sequence == packet.sequence)
        return false;
    if (size_ == ring_.size())
        grow();
    open_gap_at(rank);
    const std::size_t place = free_places_.back();
    free_places_.pop_back();
    packets_[place] = packet;
    key(rank) = {packet.sequence, place};
    bytes_ += packet.packet.bytes;
    return true;
}

void PacketStore::open_gap_at(std::size_t rank) {
    ++size_;
    if (rank >= size_ / 2) {
        for (std::size_t i = size_ - 1; i > rank; --i)
            key(i) = key(i - 1);
        return;
    }
    first_ = (first_ + ring_.size() - 1) & (ring_.size() - 1);
    for (std::size_t i = 0; i < rank; ++i)
        key(i) = key(i + 1);
}

void PacketStore::grow() {
    const std::size_t capacity = std::max(kFirstCapacity, ring_.size() * 2);
    std::vector<Key> wider(capacity);
    for (std::size_t i = 0; i < size_; ++i)
        wider[i] = key(i);
    packets_.resize(capacity);
    free_places_.reserve(capacity);
    for (std::size_t place = capacity; place-- > ring_.size();)
        free_places_.push_back(place);
    ring_ = std::move(wider);
    first_ = 0;
}

StoredPacket PacketStore::take_front() {
    const std::size_t place = key(0).place;
    first_ = (first_ + 1) & (ring_.size() - 1);
    --size_;
    free_places_.push_back(place);
    bytes_ -= packets_[place].packet.bytes;
    return packets_[place];
}

} // namespace tactus
