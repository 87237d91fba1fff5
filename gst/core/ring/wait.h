// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/eventcount.h"

#include <atomic>
#include <cstdint>
#include <sched.h>

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

/// Waits for `ready()`: first spinning for up to `spin_ns`, then, after giving way once to whoever
/// else wants this processor, parked on `event`. `now()` is the injected clock in ns; `ready` must
/// follow EventCount's rules.
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
    // A peer that is about to deliver does so while we are in this call, and is spared the far
    // dearer call that would wake us.
    sched_yield();
    const std::uint32_t parks = event.wait_until(ready);
    // relaxed: statistics.
    stats.parks.fetch_add(parks, std::memory_order_relaxed);
    stats.total_ns.fetch_add(now() - begin_ns, std::memory_order_relaxed);
}

} // namespace tactus
