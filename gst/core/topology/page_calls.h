// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tactus {

/// Which pages memory is made of.
enum class PageKind : std::uint8_t {
    small,       ///< the machine's own, 4 KiB on most
    transparent, ///< small ones that the kernel may join (THP)
    huge_2m,     ///< from the pool of 2 MiB pages (hugetlb)
    huge_1g      ///< from the pool of 1 GiB pages
};

/// The size of a page of that kind; small and transparent ones have the machine's.
std::size_t page_bytes(PageKind kind);

constexpr bool is_huge_pool(PageKind kind) {
    return kind == PageKind::huge_2m || kind == PageKind::huge_1g;
}

/// What a binding to a node means once the node has no memory left.
enum class BindMode : std::uint8_t {
    strict,   ///< memory of that node only; the kernel may end the process if there is none
    preferred ///< another node's then
};

/// Why the kernel did not do what was asked: 0 if it did, else an errno.
using CallError = int;

/// The system calls of a FrameArena, so that tests can refuse them.
///
/// Threads: any. Sources: mmap(2), mbind(2), move_pages(2), madvise(2), memfd_create(2).
class PageCalls {
  public:
    virtual ~PageCalls() = default;

    /// `bytes` of zeroed pages, at a multiple of `alignment_bytes` (a power of two): private ones,
    /// or all of `file` if that is not -1.
    virtual CallError map(std::size_t bytes, std::size_t alignment_bytes, PageKind kind, int file,
                          std::byte*& data) = 0;
    virtual void unmap(std::byte* data, std::size_t bytes) = 0;
    /// For pages that were not touched yet.
    virtual CallError bind(std::byte* data, std::size_t bytes, unsigned node, BindMode mode) = 0;
    virtual CallError lock(std::byte* data, std::size_t bytes) = 0;
    /// Asks for transparent huge pages.
    virtual CallError join_pages(std::byte* data, std::size_t bytes) = 0;
    /// Makes all pages present now. EINVAL: a kernel older than 5.14.
    virtual CallError populate(std::byte* data, std::size_t bytes) = 0;
    /// A file without a name, in memory.
    virtual CallError make_file(std::size_t bytes, PageKind kind, int& file) = 0;
    virtual void close_file(int file) = 0;
    /// The node of each page, or a negative errno (-ENOENT: not present).
    virtual CallError locate(std::span<void*> pages, std::span<int> nodes) = 0;
    /// What the node could give: free pages and those of files, which can be read again. Nothing if
    /// it is not known.
    virtual std::optional<std::uint64_t> available_bytes(unsigned node) = 0;
};

/// The kernel's.
PageCalls& kernel_page_calls();

} // namespace tactus
