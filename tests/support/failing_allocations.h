// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Memory that runs short on purpose: replaces operator new of the whole program, with what it
// loads. To be included by one file of a program that has nothing else to do.
#pragma once

#include "malloc_delete.h"

#include <cstddef>
#include <cstdlib>
#include <limits>
#include <new>

namespace tactus::test {

/// While it lives, one allocation of this thread fails: the one after `allowed` others.
///
/// Threads: the one that made it; the others have all the memory they want.
class FailingAllocation {
  public:
    explicit FailingAllocation(int allowed) {
        allowed_ = allowed;
        has_failed_ = false;
    }
    ~FailingAllocation() { allowed_ = kAll; }
    FailingAllocation(const FailingAllocation&) = delete;
    FailingAllocation& operator=(const FailingAllocation&) = delete;

    /// Whether the last one has come to that.
    static bool has_failed() { return has_failed_; }

    /// What operator new does.
    static void* allocate(std::size_t size, std::size_t unit) {
        if (allowed_ != kAll && allowed_-- == 0) {
            has_failed_ = true;
            allowed_ = kAll;
            throw std::bad_alloc();
        }
        if (void* const memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit))
            return memory;
        throw std::bad_alloc();
    }

  private:
    static constexpr int kAll = std::numeric_limits<int>::max();
    static inline thread_local int allowed_ = kAll;
    static inline thread_local bool has_failed_ = false;
};

} // namespace tactus::test

// Not inline: gcc would see free() meet new and warn, not knowing that this new is malloc().
[[gnu::noinline]] void* operator new(std::size_t size) {
    return tactus::test::FailingAllocation::allocate(size, alignof(std::max_align_t));
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    return tactus::test::FailingAllocation::allocate(size, static_cast<std::size_t>(alignment));
}
