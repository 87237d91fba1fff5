// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/eventcount.h"

#include <atomic>
#include <cstdint>

namespace tactus {

/// What one side of a queue spent waiting. One thread at a time writes, any may read.
struct WaitStats {
    std::atomic<std::uint64_t> total_ns{0};
    std::atomic<std::uint64_t> parks{0};
};

inline void cpu_relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

/// How often a side that finds nothing looks again before it sleeps, with `spin_ns` 0. About as long
/// as the system call that puts it to sleep, and far shorter than the one that the peer needs to
/// wake it: a peer in the middle of a hand-over is spared that.
inline constexpr int kLooksBeforeSleep = 16;

/// Waits for `ready()`: spinning for up to `spin_ns`, then looking a few times more, then parked on
/// `event`. `now()` is the injected clock in ns; `ready` must follow EventCount's rules.
template <typename Ready, typename Now>
void wait_spinning(EventCount& event, WaitStats& stats, std::uint64_t spin_ns, Now&& now,
                   Ready&& ready) {
    if (ready())
        return;
    const std::uint64_t begin_ns = now();
    if (spin_ns != 0) {
        while (!ready() && now() - begin_ns < spin_ns)
            cpu_relax();
    }
    for (int look = 0; look < kLooksBeforeSleep && !ready(); ++look)
        cpu_relax();
    const std::uint32_t parks = event.wait_until(ready);
    // relaxed: statistics.
    stats.parks.fetch_add(parks, std::memory_order_relaxed);
    stats.total_ns.fetch_add(now() - begin_ns, std::memory_order_relaxed);
}

} // namespace tactus
