// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/frame_chunk.h"

#include <algorithm>
#include <array>
#include <cerrno>

namespace tactus {

namespace {

// Small blocks share an area: a process may have some 65,000 areas only.
constexpr std::size_t kShareBytes = std::size_t{64} << 10U;
constexpr std::size_t kSharedAreaBytes = std::size_t{256} << 10U;
constexpr std::size_t kJoinedPageBytes = std::size_t{2} << 20U;
// Left to others on a node, so that a strict binding does not starve them.
constexpr std::uint64_t kNodeReserveBytes = std::uint64_t{32} << 20U;

std::size_t round_up(std::size_t value, std::size_t unit) {
    return (value + unit - 1) / unit * unit;
}

/// One attempt: all with pages of the same kind.
class ChunkMaker {
  public:
    ChunkMaker(PageCalls& calls, const ArenaOptions& options, std::vector<ArenaWarning>& warnings)
        : calls_(calls), options_(options), warnings_(warnings) {}

    std::optional<FrameChunk> make(std::size_t bytes, PageKind kind);

  private:
    void lay_out(std::size_t bytes);
    CallError map();
    void bind();
    bool populate();
    void lock();
    void warn(ArenaTrouble trouble, CallError error) {
        warnings_.push_back({trouble, error, chunk_.bytes, chunk_.kind});
    }
    bool is_huge() const { return is_huge_pool(chunk_.kind); }

    PageCalls& calls_;
    const ArenaOptions& options_;
    std::vector<ArenaWarning>& warnings_;
    FrameChunk chunk_;
    std::size_t alignment_bytes_ = 0;
};

void ChunkMaker::lay_out(std::size_t bytes) {
    const std::size_t page = page_bytes(chunk_.kind);
    const std::size_t small_page = page_bytes(PageKind::small);
    alignment_bytes_ = std::max(options_.alignment_bytes, small_page);
    const std::size_t stride = round_up(bytes, alignment_bytes_);
    std::size_t unit = std::max(page, alignment_bytes_);
    if (chunk_.kind == PageKind::transparent && stride >= kJoinedPageBytes) {
        // The last part as well becomes a huge page.
        unit = std::max(unit, kJoinedPageBytes);
        alignment_bytes_ = std::max(alignment_bytes_, kJoinedPageBytes);
    }
    chunk_.bytes = round_up(stride, unit);
    if (!is_huge() && !options_.shared && stride < kShareBytes)
        chunk_.bytes = round_up(std::max(stride, kSharedAreaBytes), unit);
    chunk_.blocks = chunk_.bytes / stride;
    // A block alone has all of its chunk.
    chunk_.block_bytes = chunk_.blocks == 1 ? chunk_.bytes : stride;
}

CallError ChunkMaker::map() {
    if (options_.shared) {
        const CallError error = calls_.make_file(chunk_.bytes, chunk_.kind, chunk_.file);
        if (error != 0)
            return error;
    }
    const CallError error =
        calls_.map(chunk_.bytes, alignment_bytes_, chunk_.kind, chunk_.file, chunk_.data);
    if (error != 0 && chunk_.file >= 0)
        calls_.close_file(chunk_.file);
    return error;
}

void ChunkMaker::bind() {
    if (!options_.node)
        return;
    // The kernel ends a process that is bound to a node without memory.
    const auto available = calls_.available_bytes(*options_.node);
    const bool fits = !available || is_huge() || chunk_.bytes + kNodeReserveBytes <= *available;
    const CallError error = calls_.bind(chunk_.data, chunk_.bytes, *options_.node,
                                        fits ? BindMode::strict : BindMode::preferred);
    if (error != 0)
        warn(ArenaTrouble::no_node, error);
    else if (!fits)
        warn(ArenaTrouble::node_full, ENOMEM);
}

bool ChunkMaker::populate() {
    CallError error = calls_.populate(chunk_.data, chunk_.bytes);
    // Without that call, a huge page that a node lacks would end the process when it is touched.
    if (is_huge())
        return error == 0;
    if (error == EINVAL) {
        const std::size_t page = page_bytes(PageKind::small);
        for (std::size_t at = 0; at < chunk_.bytes; at += page)
            *static_cast<volatile std::byte*>(chunk_.data + at) = std::byte{0};
        error = 0;
    }
    if (error != 0)
        warn(ArenaTrouble::prefault, error);
    return true;
}

void ChunkMaker::lock() {
    const CallError error = calls_.lock(chunk_.data, chunk_.bytes);
    chunk_.is_locked = error == 0;
    if (error != 0)
        warn(ArenaTrouble::lock, error);
}

std::optional<FrameChunk> ChunkMaker::make(std::size_t bytes, PageKind kind) {
    chunk_ = FrameChunk{};
    chunk_.kind = kind;
    lay_out(bytes);
    const CallError error = map();
    if (error != 0) {
        warn(is_huge() ? ArenaTrouble::huge_pages : ArenaTrouble::no_memory, error);
        return std::nullopt;
    }
    bind();
    if (kind == PageKind::transparent) {
        const CallError refused = calls_.join_pages(chunk_.data, chunk_.bytes);
        if (refused != 0)
            warn(ArenaTrouble::huge_pages, refused);
    }
    if ((options_.prefault || is_huge()) && !populate()) {
        warn(ArenaTrouble::huge_pages, ENOMEM);
        unmap_chunk(calls_, chunk_);
        return std::nullopt;
    }
    if (options_.lock)
        lock();
    return chunk_;
}

/// What is tried, in turn, where `wanted` is not to be had.
std::array<std::optional<PageKind>, 3> ladder(PageKind wanted) {
    if (wanted == PageKind::huge_1g)
        return {PageKind::huge_1g, PageKind::huge_2m, PageKind::transparent};
    if (wanted == PageKind::huge_2m)
        return {PageKind::huge_2m, PageKind::transparent, std::nullopt};
    return {wanted, std::nullopt, std::nullopt};
}

} // namespace

std::optional<FrameChunk> map_chunk(PageCalls& calls, const ArenaOptions& options,
                                    std::size_t bytes, std::vector<ArenaWarning>& warnings) {
    ChunkMaker maker(calls, options, warnings);
    for (const auto& kind : ladder(options.pages)) {
        if (!kind)
            break;
        if (auto chunk = maker.make(bytes, *kind))
            return chunk;
    }
    return std::nullopt;
}

void unmap_chunk(PageCalls& calls, const FrameChunk& chunk) {
    calls.unmap(chunk.data, chunk.bytes);
    if (chunk.file >= 0)
        calls.close_file(chunk.file);
}

} // namespace tactus
