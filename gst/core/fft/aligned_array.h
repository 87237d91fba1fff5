// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace tactus {

/// What the widest vector unit likes best, and a cache line.
constexpr std::size_t kVectorAlignment = 64;

template <typename T>
struct VectorAllocator {
    using value_type = T;

    VectorAllocator() = default;
    template <typename U>
    VectorAllocator(const VectorAllocator<U>&) {}

    T* allocate(std::size_t count) {
        return static_cast<T*>(
            ::operator new (count * sizeof(T), std::align_val_t{kVectorAlignment}));
    }
    void deallocate(T* block, std::size_t) {
        ::operator delete (block, std::align_val_t{kVectorAlignment});
    }
    bool operator==(const VectorAllocator&) const { return true; }
};

template <typename T>
using AlignedArray = std::vector<T, VectorAllocator<T>>;

} // namespace tactus
