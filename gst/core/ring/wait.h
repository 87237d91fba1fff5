// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/eventcount.h"

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace tactus {

/// How many looks a side that finds nothing takes before it sleeps, and the least and most pauses
/// (some 10 to 40 ns each) between two looks.
inline constexpr int kLooksBeforeSleep = 4;
inline constexpr std::uint32_t kLeastPatience = 8;
inline constexpr std::uint32_t kMostPatience = 512;

/// What one side of a queue spent waiting, and what it has learnt from it. One thread at a time
/// writes, any may read; relaxed, as statistics and a hint.
struct WaitStats {
    std::atomic<std::uint64_t> total_ns{0};
    std::atomic<std::uint64_t> parks{0};
    std::atomic<std::uint32_t> patience{kLeastPatience};
};

inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// Looks a few times, with pauses that double while looking pays and halve when it does not: well
/// under a microsecond where hand-overs are rare, some microseconds where they follow closely. Then
/// a wake-up costs the peer more than that, and the pauses leave it the cache lines until it has
/// handed over several items. True if `ready()` came true.
template <typename Ready>
bool look_patiently(WaitStats& stats, Ready&& ready) {
    const std::uint32_t patience = stats.patience.load(std::memory_order_relaxed);
    bool found = false;
    for (int look = 0; look < kLooksBeforeSleep && !found; ++look) {
        for (std::uint32_t i = 0; i < patience; ++i)
            cpu_relax();
        found = ready();
    }
    stats.patience.store(
        std::clamp(found ? patience * 2 : patience / 2, kLeastPatience, kMostPatience),
        std::memory_order_relaxed);
    return found;
}

/// Waits for `ready()`: first spinning for up to `spin_ns`, then looking patiently, then parked on
/// `event`. `now()` is the injected clock in ns; `ready` must follow EventCount's rules.
template <typename Ready, typename Now>
void wait_for(EventCount& event, WaitStats& stats, std::uint64_t spin_ns, Now&& now,
              Ready&& ready) {
    if (ready())
        return;
    const std::uint64_t begin_ns = now();
    if (spin_ns != 0) {
        while (!ready() && now() - begin_ns < spin_ns)
            cpu_relax();
    }
    const std::uint32_t parks = look_patiently(stats, ready) ? 0 : event.wait_until(ready);
    stats.parks.fetch_add(parks, std::memory_order_relaxed);
    stats.total_ns.fetch_add(now() - begin_ns, std::memory_order_relaxed);
}

} // namespace tactus
