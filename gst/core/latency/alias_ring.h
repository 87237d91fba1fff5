// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_observer.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus {

/// What stands behind an id that was given to a buffer of older content.
struct Alias {
    std::uint64_t sequence = UINT64_MAX; ///< of the id; UINT64_MAX: empty
    std::uint64_t given_ns = 0;
    std::uint64_t flow_id = 0; ///< the id under which observers know the buffer
    Origins origins;
};

/// The derived ids that one pad gave, by their sequence number. Grows as long as an entry would be
/// overwritten within 10 s, up to 4096 entries; beyond that the oldest id stands for itself again.
/// One thread; allocates only to grow.
class AliasRing {
  public:
    static constexpr std::size_t kCapacityMin = 64;
    static constexpr std::size_t kCapacityMax = 4096;
    static constexpr std::uint64_t kKeptNs = 10'000'000'000;

    void put(const Alias& alias) {
        if (slots_.empty())
            slots_.resize(kCapacityMin);
        while (would_forget(slot(alias.sequence), alias) && slots_.size() < kCapacityMax)
            grow();
        slot(alias.sequence) = alias;
    }

    const Alias* find(std::uint64_t sequence) const {
        if (slots_.empty())
            return nullptr;
        const Alias& found = slots_[sequence & (slots_.size() - 1)];
        return found.sequence == sequence ? &found : nullptr;
    }

    std::size_t capacity() const { return slots_.size(); }

  private:
    Alias& slot(std::uint64_t sequence) { return slots_[sequence & (slots_.size() - 1)]; }

    static bool would_forget(const Alias& old, const Alias& by) {
        return old.sequence != UINT64_MAX && old.sequence != by.sequence &&
               by.given_ns < old.given_ns + kKeptNs;
    }

    void grow() {
        std::vector<Alias> old(slots_.size() * 2);
        old.swap(slots_);
        for (const Alias& alias : old)
            if (alias.sequence != UINT64_MAX)
                slot(alias.sequence) = alias;
    }

    std::vector<Alias> slots_;
};

} // namespace tactus
