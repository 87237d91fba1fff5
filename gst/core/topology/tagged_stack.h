// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace tactus {

/// A stack of numbers without a lock. The links lie outside: `next_of(n)` is the
/// std::atomic<uint32> of number n, which must stay readable for as long as anybody uses the stack,
/// also while n is not in it. A number is in at most one stack, once.
///
/// Threads: any. A tag that counts every change makes a head that was read too early fail, unless
/// exactly 2^32 changes came in between. Source: R. K. Treiber, "Systems Programming: Coping with
/// Parallelism", IBM RJ 5118 (1986). Model: tests/models/tagged_stack.pml.
class TaggedStack {
  public:
    template <typename NextOf>
    void push(std::uint32_t number, NextOf&& next_of) {
        std::uint64_t head = head_.load(std::memory_order_relaxed);
        do {
            // relaxed: who finds the number does so by the exchange below.
            next_of(number).store(link_of(head), std::memory_order_relaxed);
        } while (!exchange(head, number + 1));
    }

    template <typename NextOf>
    std::optional<std::uint32_t> pop(NextOf&& next_of) {
        // acquire: pairs with the exchange of a push, whose link is read next.
        std::uint64_t head = head_.load(std::memory_order_acquire);
        while (link_of(head) != 0) {
            const std::uint32_t number = link_of(head) - 1;
            // Another thread may have taken the number and be writing its link: then the tag
            // differs.
            const std::uint32_t next = next_of(number).load(std::memory_order_relaxed);
            if (exchange(head, next))
                return number;
        }
        return std::nullopt;
    }

    bool is_empty() const { return link_of(head_.load(std::memory_order_relaxed)) == 0; }

  private:
    // The head: a tag, then the number at the top plus one, or 0.
    static std::uint32_t link_of(std::uint64_t head) { return static_cast<std::uint32_t>(head); }

    bool exchange(std::uint64_t& head, std::uint32_t link) {
        constexpr std::uint64_t kTag = std::uint64_t{1} << 32U;
        const std::uint64_t next = ((head + kTag) & ~std::uint64_t{0xffffffff}) | link;
        // acq_rel: what a thread did before it pushed, the one that pops sees. acquire on failure,
        // as the next attempt reads a link.
        return head_.compare_exchange_weak(head, next, std::memory_order_acq_rel,
                                           std::memory_order_acquire);
    }

    std::atomic<std::uint64_t> head_{0};
};

} // namespace tactus
