// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/eventcount.h"

#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tactus {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t),
              "the futex call needs the bare word");

bool EventCount::notify_slow(std::uint32_t word) {
    // word + 1 clears bit 0 and carries into the epoch. Whoever wins the exchange wakes everybody;
    // a loser's waiters were woken by the winner, or have announced themselves after it.
    while ((word & kWaiting) != 0) {
        // seq_cst: partner is the fetch_or in prepare().
        if (word_.compare_exchange_weak(word, word + 1, std::memory_order_seq_cst)) {
            syscall(SYS_futex, &word_, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
            return true;
        }
    }
    return false;
}

void EventCount::park(std::uint32_t key) {
    // EAGAIN (the word moved on) and EINTR both mean: look again; the caller does.
    syscall(SYS_futex, &word_, FUTEX_WAIT_PRIVATE, key, nullptr, nullptr, 0);
}

} // namespace tactus
