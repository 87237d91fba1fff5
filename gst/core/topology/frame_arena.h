// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/frame_chunk.h"
#include "core/topology/page_report.h"
#include "core/topology/size_class.h"
#include "core/topology/tagged_stack.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace tactus {

class FrameArena;
struct ArenaChunk;

/// Memory for one frame: whole pages, which nobody else has a part of.
struct FrameBlock {
    std::byte* data = nullptr;
    std::size_t size_bytes = 0;
    int file = -1; ///< that others can map, or -1; the arena's
    std::size_t file_offset_bytes = 0;
    std::size_t file_bytes = 0; ///< all of the file
    /// The user's: what was made of these pages once and stays with them while they are idle (a
    /// GstMemory, an import into a device). `detach` gets the block before its pages go.
    void* attachment = nullptr;

  private:
    friend class FrameArena;
    std::atomic<std::uint32_t> next_{0};
    std::uint32_t number_ = 0;
    std::uint32_t size_class_ = 0;
    ArenaChunk* chunk_ = nullptr;
};

/// Counters since the arena was made, and what it holds now.
struct ArenaStats {
    std::uint64_t acquired = 0;
    std::uint64_t mapped = 0; ///< times that the kernel had to be asked for pages
    std::uint64_t unmapped = 0;
    std::uint64_t blocks_in_use = 0;
    std::uint64_t mapped_bytes = 0;
    std::uint64_t idle_bytes = 0;
    std::uint64_t locked_bytes = 0;
    std::uint64_t huge_pool_bytes = 0; ///< in pages of hugetlb
};

/// Memory for frames: mapped once, used again and again. A frame of 8K has 12,151 pages, and malloc
/// gives what is larger than 32 MiB back to the kernel each time, so that each page faults anew.
///
/// A block that was used before is acquired and released without a lock and without a system call,
/// as long as what is idle stays below `max_idle_bytes`; beyond that, blocks of the sizes that were
/// used least recently are unmapped.
///
/// Threads: any. Ownership: blocks may outlive the owner's handle; the arena goes with the last of
/// them. Errors: acquire returns null if there is no memory; whatever else the kernel refuses is a
/// warning, one for each kind of trouble, that `take_warnings` hands out.
class FrameArena {
  public:
    struct Close {
        void operator()(FrameArena* arena) const noexcept { arena->close(); }
    };
    using Handle = std::unique_ptr<FrameArena, Close>;
    using Detach = std::function<void(FrameBlock&)>;

    /// Null if the alignment is no power of two, or more than 1 GiB. `calls` must outlive the
    /// arena.
    static Handle create(const ArenaOptions& options, Detach detach = {},
                         PageCalls& calls = kernel_page_calls());
    FrameArena(const FrameArena&) = delete;
    FrameArena& operator=(const FrameArena&) = delete;

    /// A block of `bytes` or more; its content is anybody's. Null if there is no memory.
    FrameBlock* acquire(std::size_t bytes) noexcept;
    void release(FrameBlock* block) noexcept;

    void set_max_idle_bytes(std::size_t bytes) noexcept;
    /// Unmaps idle blocks until no more than `idle_bytes` are left.
    void trim(std::size_t idle_bytes) noexcept { trim(idle_bytes, std::unique_lock(mutex_)); }

    /// Those that were not taken before.
    std::vector<ArenaWarning> take_warnings();
    ArenaStats stats() const;
    /// Asks the kernel about some `most_pages` pages, spread over all chunks; others at each call.
    /// Also how much is huge and locked, if that was wished for: else those figures are 0.
    PageSample sample(std::size_t most_pages);
    const ArenaOptions& options() const { return options_; }

  private:
    struct FreeList {
        TaggedStack idle;
        std::atomic<std::uint64_t> last_used{0}; ///< counts acquisitions
    };
    static constexpr std::size_t kSegments = 20;

    FrameArena(const ArenaOptions& options, Detach detach, PageCalls& calls);
    ~FrameArena();
    void close() noexcept;
    void unref() noexcept;

    FrameBlock& block_at(std::uint32_t number) const;
    FrameBlock* pop(std::size_t size_class) noexcept;
    void push(FrameBlock& block) noexcept;
    FrameBlock* acquire_new(std::size_t size_class);
    FrameBlock& add_chunk(std::unique_ptr<ArenaChunk> chunk, std::size_t size_class);
    std::uint32_t new_number();
    void keep_warnings(const std::vector<ArenaWarning>& warnings);

    using Chunks = std::vector<std::unique_ptr<ArenaChunk>>;
    void trim(std::size_t idle_bytes, std::unique_lock<std::mutex> lock) noexcept;
    void trim_locked(std::size_t idle_bytes, Chunks& dead);
    void trim_class(std::size_t size_class, std::size_t idle_bytes, Chunks& dead);
    void forget(ArenaChunk& chunk, Chunks& dead);
    void unmap(ArenaChunk& chunk);

    const ArenaOptions options_;
    const Detach detach_;
    PageCalls& calls_;
    const std::size_t page_bytes_;
    std::atomic<std::size_t> max_idle_bytes_;
    std::array<FreeList, SizeClass::kCount> free_;
    std::array<std::atomic<FrameBlock*>, kSegments> segments_{}; ///< of blocks, by number
    std::atomic<std::uint64_t> acquired_{0};
    std::atomic<std::uint64_t> idle_bytes_{0};
    std::atomic<std::uint64_t> refs_{1}; ///< the handle, and each block in use

    // What changes when pages are mapped or unmapped.
    mutable std::mutex mutex_;
    Chunks chunks_;
    std::vector<std::unique_ptr<FrameBlock[]>> segment_owners_;
    std::vector<std::uint32_t> spare_numbers_;
    std::uint32_t numbers_ = 0;
    std::vector<ArenaWarning> warnings_;
    std::array<bool, kArenaTroubles> warned_{};
    ArenaStats stats_; ///< but what is counted in atomics
    std::uint64_t samples_ = 0;
};

} // namespace tactus
