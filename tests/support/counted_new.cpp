// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "counted_new.h"

#include "malloc_delete.h"

#include <cstdlib>
#include <new>

namespace {

std::uint64_t calls = 0;

} // namespace

namespace tactus {

std::uint64_t allocations() {
    return calls;
}

} // namespace tactus

// Not inline: gcc would see free() meet new and warn, not knowing that this new is malloc().
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++calls;
    if (void* memory = std::malloc(size))
        return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
    ++calls;
    const auto unit = static_cast<std::size_t>(alignment);
    if (void* memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit))
        return memory;
    throw std::bad_alloc();
}
