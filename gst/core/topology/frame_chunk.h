// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/page_calls.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace tactus {

constexpr std::size_t kUsualIdleBytes = std::size_t{1} << 30U;

/// What a user wants of frame memory.
struct ArenaOptions {
    std::optional<unsigned> node;    ///< whose memory; none: the node of whoever touches it first
    std::size_t alignment_bytes = 0; ///< of each block, a power of two; a page at least
    PageKind pages = PageKind::small;
    bool lock = false;     ///< never paged out
    bool prefault = false; ///< touched when it is made, not when it is used
    bool shared = false;   ///< in files that other processes and devices can map
    std::size_t max_idle_bytes = kUsualIdleBytes; ///< kept for reuse
    std::shared_ptr<std::atomic<bool>> news; ///< if any: set when there is a warning to be taken
};

/// What the kernel refused; memory was made without it.
enum class ArenaTrouble : std::uint8_t {
    huge_pages, ///< the pool of huge pages has none free, or the kernel has no huge pages
    no_node,    ///< mbind was refused
    node_full,  ///< the node has too little memory; another one's was taken
    lock,       ///< RLIMIT_MEMLOCK
    prefault,   ///< not all pages could be touched ahead
    no_memory   ///< there was none at all: acquire returned null
};
constexpr std::size_t kArenaTroubles = 6;

struct ArenaWarning {
    ArenaTrouble trouble = ArenaTrouble::no_memory;
    int error = 0;                   ///< errno
    std::size_t bytes = 0;           ///< that were asked for
    PageKind kind = PageKind::small; ///< with which pages
};

/// Pages that were mapped at once, and how they are divided into blocks of the same size.
struct FrameChunk {
    std::byte* data = nullptr;
    std::size_t bytes = 0;
    std::size_t block_bytes = 0; ///< whole pages
    std::size_t blocks = 0;
    PageKind kind = PageKind::small; ///< as got
    int file = -1;                   ///< -1: private
    bool is_locked = false;
};

/// Makes a chunk with at least one block of `bytes`, in the best way that the kernel allows; each
/// wish that it refused adds a warning. Nothing if there is no memory.
std::optional<FrameChunk> map_chunk(PageCalls& calls, const ArenaOptions& options,
                                    std::size_t bytes, std::vector<ArenaWarning>& warnings);
void unmap_chunk(PageCalls& calls, const FrameChunk& chunk);

} // namespace tactus
