// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/item.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// Why a buffer did not come out.
enum class DropReason : std::uint8_t {
    leaked, ///< the queue was full and leaky
    flushed ///< a flush, a shutdown or a downstream that wants no more
};

/// A run of consecutive sequence numbers that did not come out, all for one reason.
struct DropBurst {
    std::uint64_t first_sequence = 0;
    std::uint64_t count = 0;
    std::int64_t first_ns = kNoTime; ///< running time of the first buffer in it that has one
    std::int64_t last_ns = kNoTime;  ///< likewise of the last
    DropReason reason = DropReason::leaked;

    std::uint64_t end_sequence() const { return first_sequence + count; }
};

/// The runs that were dropped and not yet reported, in order of sequence number. Neighbouring
/// drops of one reason grow together, so its length is the number of gaps that lie ahead of the
/// consumer. Not thread-safe: the owner locks. Allocates only while it grows past what it held
/// before.
class DropLog {
  public:
    DropLog() { bursts_.reserve(kReserved); }

    void add(const Item& dropped, DropReason reason);

    /// Takes out the first burst that ends at or before `sequence`, if there is one.
    std::optional<DropBurst> take_before(std::uint64_t sequence);

    /// True if the buffer before `sequence` is in a leaked burst.
    bool has_leak_ending_at(std::uint64_t sequence) const;

    std::size_t size() const { return bursts_.size(); }

  private:
    static constexpr std::size_t kReserved = 64;

    std::vector<DropBurst> bursts_;
};

} // namespace tactus
