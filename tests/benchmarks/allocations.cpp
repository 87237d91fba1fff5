// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The program's own malloc and kin, which count and then do what glibc's do. GLib's slices only
// get here with G_SLICE=always-malloc (main.cpp sees to it); newer GLib has no others.
#include "allocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__has_feature)
#define TACTUS_COUNTS_ALLOCATIONS 1
#elif !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)
#define TACTUS_COUNTS_ALLOCATIONS 1
#endif
#endif

namespace {

constinit std::atomic<std::uint64_t> calls{0};

#ifdef TACTUS_COUNTS_ALLOCATIONS
void count() {
    calls.fetch_add(1, std::memory_order_relaxed);
}
#endif

} // namespace

#ifdef TACTUS_COUNTS_ALLOCATIONS
extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): glibc's names
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
// NOLINTEND(bugprone-reserved-identifier)

void* malloc(std::size_t size) noexcept {
    count();
    return __libc_malloc(size);
}

void* calloc(std::size_t n, std::size_t size) noexcept {
    count();
    return __libc_calloc(n, size);
}

void* realloc(void* memory, std::size_t size) noexcept {
    count();
    return __libc_realloc(memory, size);
}

void* memalign(std::size_t alignment, std::size_t size) noexcept {
    count();
    return __libc_memalign(alignment, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    count();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, std::size_t alignment, std::size_t size) noexcept {
    count();
    *memory = __libc_memalign(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}

} // extern "C"
#endif

namespace tactus::bench {

bool can_count_allocations() {
#ifdef TACTUS_COUNTS_ALLOCATIONS
    return true;
#else
    return false;
#endif
}

std::uint64_t allocations() {
    return calls.load(std::memory_order_relaxed);
}

} // namespace tactus::bench
