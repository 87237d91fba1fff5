// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "../support/sanitized.h"
#include "core/topology/frame_arena.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>

namespace tactus::test {

constexpr std::size_t kMiB = std::size_t{1} << 20U;
constexpr std::size_t k8kNv12Bytes = 7680 * 4320 * 3 / 2;

/// Memory from the heap instead of the kernel's; counts, and refuses what it is told to.
class FakePageCalls : public PageCalls {
  public:
    CallError map(std::size_t bytes, std::size_t alignment_bytes, PageKind kind, int,
                  std::byte*& data) override {
        ++calls;
        if (no_memory || refused_kinds.contains(kind))
            return ENOMEM;
        auto* made = static_cast<std::byte*>(
            std::aligned_alloc(std::max<std::size_t>(alignment_bytes, 4096), bytes));
        std::memset(made, 0, std::min<std::size_t>(bytes, 4096));
        data = made;
        ++maps;
        mapped_bytes += bytes;
        last_kind = kind;
        return 0;
    }
    void unmap(std::byte* data, std::size_t bytes) override {
        ++calls;
        ++unmaps;
        mapped_bytes -= bytes;
        std::free(data);
    }
    CallError bind(std::byte*, std::size_t, unsigned node, BindMode mode) override {
        ++calls;
        bound_node = static_cast<int>(node);
        bound_mode = mode;
        return bind_error;
    }
    CallError lock(std::byte*, std::size_t) override {
        ++calls;
        ++locks;
        return lock_error;
    }
    CallError join_pages(std::byte*, std::size_t) override {
        ++calls;
        ++joins;
        return join_error;
    }
    CallError populate(std::byte*, std::size_t) override {
        ++calls;
        ++populates;
        return is_huge_pool(last_kind) ? huge_populate_error : populate_error;
    }
    CallError make_file(std::size_t, PageKind, int& file) override {
        ++calls;
        if (file_error != 0)
            return file_error;
        file = next_file++;
        ++open_files;
        return 0;
    }
    void close_file(int) override {
        ++calls;
        --open_files;
    }
    CallError locate(std::span<void*> pages, std::span<int> nodes) override {
        ++calls;
        std::fill(nodes.begin(), nodes.end(), located_node);
        located.insert(pages.begin(), pages.end());
        return locate_error;
    }
    std::optional<std::uint64_t> available_bytes(unsigned) override {
        ++calls;
        return available;
    }

    std::atomic<int> calls{0}, maps{0}, unmaps{0};
    std::atomic<std::size_t> mapped_bytes{0};
    std::atomic<PageKind> last_kind{PageKind::small};
    int locks = 0, joins = 0, populates = 0, open_files = 0;
    int bound_node = -1, next_file = 1000;
    BindMode bound_mode = BindMode::strict;
    bool no_memory = false;
    std::set<PageKind> refused_kinds;
    CallError bind_error = 0, lock_error = 0, join_error = 0, populate_error = 0;
    CallError huge_populate_error = 0, file_error = 0, locate_error = 0;
    int located_node = 0;
    std::set<void*> located;
    std::optional<std::uint64_t> available;
};

inline std::string trouble_list(FrameArena& arena) {
    static constexpr const char* kNames[] = {"huge-pages", "no-node",  "node-full",
                                             "lock",       "prefault", "no-memory"};
    static_assert(std::size(kNames) == kArenaTroubles);
    std::string list;
    for (const ArenaWarning& warning : arena.take_warnings())
        list += std::string(list.empty() ? "" : " ") +
                kNames[static_cast<std::size_t>(warning.trouble)];
    return list;
}

} // namespace tactus::test
