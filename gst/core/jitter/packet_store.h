// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_packet.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus {

/// The packets that wait, in order of their extended sequence number.
///
/// Two arrays: the packets, at places that never move, and a ring of (number, place) in order. A
/// packet in order, or a few places out of it, costs constant time; one that belongs far back moves
/// the shorter side of the ring, 16 bytes for each packet. Missing numbers cost nothing.
///
/// Threads: one. Allocates only while it grows past what it held before; the caller bounds it.
class PacketStore {
  public:
    /// False if that number is there already.
    bool insert(const StoredPacket& packet);

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    std::uint64_t bytes() const { return bytes_; }

    const StoredPacket& front() const { return packets_[key(0).place]; }
    const StoredPacket& back() const { return packets_[key(size_ - 1).place]; }
    /// The i-th in order.
    const StoredPacket& at(std::size_t i) const { return packets_[key(i).place]; }
    /// Its number must stay.
    StoredPacket& at(std::size_t i) { return packets_[key(i).place]; }
    StoredPacket take_front();

    bool contains(std::int64_t sequence) const;
    /// How many packets have a smaller number.
    std::size_t rank_of(std::int64_t sequence) const;

  private:
    struct Key {
        std::int64_t sequence = 0;
        std::size_t place = 0;
    };

    Key& key(std::size_t i) { return ring_[(first_ + i) & (ring_.size() - 1)]; }
    const Key& key(std::size_t i) const { return ring_[(first_ + i) & (ring_.size() - 1)]; }
    void grow();
    void open_gap_at(std::size_t rank);

    std::vector<StoredPacket> packets_;
    std::vector<std::size_t> free_places_;
    std::vector<Key> ring_; ///< its length is a power of two
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::uint64_t bytes_ = 0;
};

} // namespace tactus
