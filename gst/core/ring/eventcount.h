// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace tactus {

/// Parks threads until another thread has made a condition true; costs the notifier one load when
/// nobody waits. One 32-bit futex word: bit 0 says "somebody waits", the rest is an epoch.
///
/// Threads: any number of waiters and notifiers. Before `notify` the condition must be changed by a
/// seq_cst read-modify-write, and the waiter's predicate must load it seq_cst. With that, either
/// the notifier sees bit 0 or the waiter's re-check sees the new condition (Dekker's argument);
/// docs/design/ring.md has the proof and tests/models/eventcount.pml the model. After a change by
/// plain stores (a setting) call `notify_changed`. The epoch makes a waiter that was overtaken by a
/// notify and by another waiter's announcement return from the futex call at once instead of
/// sleeping on a stale word.
///
/// Source: the eventcount of D. Vyukov and of folly's EventCount, reduced to one word.
class EventCount {
  public:
    /// Wakes all waiters, if there are any. Returns true if it had to ask the kernel.
    bool notify() {
        // seq_cst: partner is the fetch_or in prepare(); see the type comment.
        const std::uint32_t word = word_.load(std::memory_order_seq_cst);
        if ((word & kWaiting) == 0)
            return false;
        return notify_slow(word);
    }

    /// Like `notify`, for a condition that was changed by stores of any order: the word itself is
    /// the meeting point. If this comes before a waiter's fetch_or, the waiter acquires the change
    /// with it; if after, this sees bit 0.
    bool notify_changed() {
        const std::uint32_t word = word_.fetch_or(0, std::memory_order_seq_cst);
        return (word & kWaiting) != 0 && notify_slow(word);
    }

    /// Waits until `ready()` is true, parking in the kernel between checks. Returns the number of
    /// times it parked.
    template <typename Ready>
    std::uint32_t wait_until(Ready&& ready) {
        std::uint32_t parks = 0;
        while (!ready()) {
            const std::uint32_t key = prepare();
            if (ready())
                break;
            park(key);
            ++parks;
        }
        return parks;
    }

  private:
    static constexpr std::uint32_t kWaiting = 1;

    std::uint32_t prepare() {
        // seq_cst: partner is the load in notify().
        return word_.fetch_or(kWaiting, std::memory_order_seq_cst) | kWaiting;
    }

    bool notify_slow(std::uint32_t word);
    void park(std::uint32_t key);

    std::atomic<std::uint32_t> word_{0};
};

} // namespace tactus
