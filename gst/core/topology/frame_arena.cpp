// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/frame_arena.h"

#include <algorithm>
#include <bit>
#include <new>
#include <numeric>
#include <utility>

namespace tactus {

namespace {

constexpr std::size_t kMostAlignmentBytes = std::size_t{1} << 30U;
constexpr std::size_t kFirstBlocks = 64;

/// Where a block's record is: segment k has the next 64 * 2^k numbers.
struct Place {
    std::size_t segment;
    std::size_t index;
};

Place place_of(std::uint32_t number) {
    const std::size_t shifted = number + kFirstBlocks;
    const std::size_t top = std::bit_floor(shifted);
    return {static_cast<std::size_t>(std::countr_zero(top / kFirstBlocks)), shifted - top};
}

} // namespace

struct ArenaChunk {
    FrameChunk pages;
    std::vector<std::uint32_t> numbers;
    std::size_t place = 0; ///< in the arena's list
    std::size_t idle = 0;  ///< blocks, while a free list is being trimmed
};

FrameArena::Handle FrameArena::create(const ArenaOptions& options, Detach detach,
                                      PageCalls& calls) {
    const std::size_t alignment_bytes = options.alignment_bytes;
    if ((alignment_bytes & (alignment_bytes - 1)) != 0 || alignment_bytes > kMostAlignmentBytes)
        return nullptr;
    return Handle(new FrameArena(options, std::move(detach), calls));
}

FrameArena::FrameArena(const ArenaOptions& options, Detach detach, PageCalls& calls)
    : options_(options), detach_(std::move(detach)), calls_(calls),
      page_bytes_(page_bytes(PageKind::small)), max_idle_bytes_(options.max_idle_bytes) {}

FrameArena::~FrameArena() {
    for (const auto& chunk : chunks_)
        unmap(*chunk);
}

void FrameArena::close() noexcept {
    // From now on, each block that comes back is unmapped.
    set_max_idle_bytes(0);
    unref();
}

void FrameArena::unref() noexcept {
    // acq_rel: who deletes must see all that the others did.
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
        delete this;
}

FrameBlock& FrameArena::block_at(std::uint32_t number) const {
    const Place place = place_of(number);
    // acquire: pairs with new_number, which fills in the segment before it is seen.
    return segments_[place.segment].load(std::memory_order_acquire)[place.index];
}

FrameBlock* FrameArena::pop(std::size_t size_class) noexcept {
    const auto number =
        free_[size_class].idle.pop([this](std::uint32_t n) -> auto& { return block_at(n).next_; });
    if (!number)
        return nullptr;
    FrameBlock& block = block_at(*number);
    idle_bytes_.fetch_sub(block.size_bytes, std::memory_order_relaxed);
    return &block;
}

void FrameArena::push(FrameBlock& block) noexcept {
    // Counted first: the sum must never fall below zero.
    idle_bytes_.fetch_add(block.size_bytes, std::memory_order_relaxed);
    free_[block.size_class_].idle.push(
        block.number_, [this](std::uint32_t n) -> auto& { return block_at(n).next_; });
}

FrameBlock* FrameArena::acquire(std::size_t bytes) noexcept {
    const std::size_t pages = bytes == 0 ? 1 : (bytes - 1) / page_bytes_ + 1;
    if (pages > SizeClass::kMostPages)
        return nullptr;
    const std::size_t size_class = SizeClass::of(pages);
    const std::uint64_t turn = acquired_.fetch_add(1, std::memory_order_relaxed);
    free_[size_class].last_used.store(turn, std::memory_order_relaxed);
    FrameBlock* block = pop(size_class);
    try {
        if (block == nullptr)
            block = acquire_new(size_class);
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
    if (block != nullptr)
        refs_.fetch_add(1, std::memory_order_relaxed);
    return block;
}

void FrameArena::release(FrameBlock* block) noexcept {
    push(*block);
    const std::size_t most = max_idle_bytes_.load(std::memory_order_relaxed);
    // If others map or look at pages just now, the next release does it.
    if (idle_bytes_.load(std::memory_order_relaxed) > most)
        trim(most, std::unique_lock(mutex_, std::try_to_lock));
    unref();
}

// The kernel works without the lock, so others can go on mapping and unmapping.
FrameBlock* FrameArena::acquire_new(std::size_t size_class) {
    std::vector<ArenaWarning> warnings;
    auto chunk = std::make_unique<ArenaChunk>();
    const auto pages =
        map_chunk(calls_, options_, SizeClass::pages(size_class) * page_bytes_, warnings);
    keep_warnings(warnings);
    if (!pages)
        return nullptr;
    chunk->pages = *pages;
    try {
        const std::lock_guard lock(mutex_);
        return &add_chunk(std::move(chunk), size_class);
    } catch (const std::bad_alloc&) {
        unmap_chunk(calls_, *pages);
        throw;
    }
}

FrameBlock& FrameArena::add_chunk(std::unique_ptr<ArenaChunk> chunk, std::size_t size_class) {
    const FrameChunk& pages = chunk->pages;
    chunk->numbers.reserve(pages.blocks);
    chunks_.reserve(chunks_.size() + 1);
    for (std::size_t i = 0; i < pages.blocks; ++i)
        chunk->numbers.push_back(new_number());
    for (std::size_t i = 0; i < pages.blocks; ++i) {
        FrameBlock& block = block_at(chunk->numbers[i]);
        block.data = pages.data + i * pages.block_bytes;
        block.size_bytes = pages.block_bytes;
        block.file = pages.file;
        block.file_offset_bytes = i * pages.block_bytes;
        block.file_bytes = pages.bytes;
        block.attachment = nullptr;
        block.number_ = chunk->numbers[i];
        block.size_class_ = static_cast<std::uint32_t>(size_class);
        block.chunk_ = chunk.get();
        if (i > 0)
            push(block);
    }
    ++stats_.mapped;
    stats_.mapped_bytes += pages.bytes;
    stats_.locked_bytes += pages.is_locked ? pages.bytes : 0;
    stats_.huge_pool_bytes += is_huge_pool(pages.kind) ? pages.bytes : 0;
    chunk->place = chunks_.size();
    FrameBlock& first = block_at(chunk->numbers[0]);
    chunks_.push_back(std::move(chunk));
    return first;
}

std::uint32_t FrameArena::new_number() {
    if (!spare_numbers_.empty()) {
        const std::uint32_t number = spare_numbers_.back();
        spare_numbers_.pop_back();
        return number;
    }
    const std::size_t segment = place_of(numbers_).segment;
    if (segment >= kSegments)
        throw std::bad_alloc();
    if (segments_[segment].load(std::memory_order_relaxed) == nullptr) {
        const std::size_t count = kFirstBlocks << segment;
        segment_owners_.push_back(std::make_unique<FrameBlock[]>(count));
        segments_[segment].store(segment_owners_.back().get(), std::memory_order_release);
    }
    return numbers_++;
}

void FrameArena::keep_warnings(const std::vector<ArenaWarning>& warnings) {
    const std::lock_guard lock(mutex_);
    for (const ArenaWarning& warning : warnings) {
        bool& warned = warned_[static_cast<std::size_t>(warning.trouble)];
        if (std::exchange(warned, true))
            continue;
        warnings_.push_back(warning);
        if (options_.news != nullptr)
            options_.news->store(true, std::memory_order_relaxed);
    }
}

std::vector<ArenaWarning> FrameArena::take_warnings() {
    const std::lock_guard lock(mutex_);
    return std::exchange(warnings_, {});
}

void FrameArena::set_max_idle_bytes(std::size_t bytes) noexcept {
    max_idle_bytes_.store(bytes, std::memory_order_relaxed);
    trim(bytes);
}

// The pages go without the lock, as `detach` is the user's and the kernel takes its time.
void FrameArena::trim(std::size_t idle_bytes, std::unique_lock<std::mutex> lock) noexcept {
    if (!lock)
        return;
    try {
        Chunks dead;
        trim_locked(idle_bytes, dead);
        lock.unlock();
        for (const auto& chunk : dead)
            unmap(*chunk);
        lock.lock();
        for (const auto& chunk : dead)
            spare_numbers_.insert(spare_numbers_.end(), chunk->numbers.begin(),
                                  chunk->numbers.end());
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): what is idle stays so
    }
}

void FrameArena::trim_locked(std::size_t idle_bytes, Chunks& dead) {
    std::array<std::size_t, SizeClass::kCount> classes{};
    std::iota(classes.begin(), classes.end(), std::size_t{0});
    const auto used = std::partition(classes.begin(), classes.end(),
                                     [this](std::size_t c) { return !free_[c].idle.is_empty(); });
    std::array<std::uint64_t, SizeClass::kCount> last_used{};
    for (std::size_t c = 0; c < SizeClass::kCount; ++c)
        last_used[c] = free_[c].last_used.load(std::memory_order_relaxed);
    std::sort(classes.begin(), used,
              [&](std::size_t a, std::size_t b) { return last_used[a] < last_used[b]; });
    dead.reserve(chunks_.size());
    for (auto at = classes.begin(); at != used; ++at)
        trim_class(*at, idle_bytes, dead);
}

// Takes blocks until enough whole chunks are together; those of other chunks go back.
void FrameArena::trim_class(std::size_t size_class, std::size_t idle_bytes, Chunks& dead) {
    std::vector<FrameBlock*> taken;
    const auto give_back = [&] {
        for (FrameBlock* block : taken)
            push(*block);
    };
    try {
        std::uint64_t kept_bytes = 0;
        while (idle_bytes_.load(std::memory_order_relaxed) + kept_bytes > idle_bytes) {
            taken.reserve(taken.size() + 1);
            FrameBlock* block = pop(size_class);
            if (block == nullptr)
                break;
            taken.push_back(block);
            kept_bytes += block->size_bytes;
            ArenaChunk& chunk = *block->chunk_;
            if (++chunk.idle < chunk.numbers.size())
                continue;
            kept_bytes -= chunk.numbers.size() * block->size_bytes;
            std::erase_if(taken, [&](const FrameBlock* b) { return b->chunk_ == &chunk; });
            forget(chunk, dead);
        }
    } catch (const std::bad_alloc&) { // NOLINT(bugprone-empty-catch): as if nothing more was idle
    }
    for (FrameBlock* block : taken)
        block->chunk_->idle = 0;
    give_back();
}

void FrameArena::forget(ArenaChunk& chunk, Chunks& dead) {
    const FrameChunk& pages = chunk.pages;
    ++stats_.unmapped;
    stats_.mapped_bytes -= pages.bytes;
    stats_.locked_bytes -= pages.is_locked ? pages.bytes : 0;
    stats_.huge_pool_bytes -= is_huge_pool(pages.kind) ? pages.bytes : 0;
    const std::size_t place = chunk.place;
    dead.push_back(std::move(chunks_[place]));
    if (place + 1 < chunks_.size()) {
        chunks_[place] = std::move(chunks_.back());
        chunks_[place]->place = place;
    }
    chunks_.pop_back();
}

void FrameArena::unmap(ArenaChunk& chunk) {
    for (const std::uint32_t number : chunk.numbers) {
        FrameBlock& block = block_at(number);
        if (block.attachment != nullptr && detach_)
            detach_(block);
    }
    unmap_chunk(calls_, chunk.pages);
}

ArenaStats FrameArena::stats() const {
    const std::lock_guard lock(mutex_);
    ArenaStats stats = stats_;
    stats.acquired = acquired_.load(std::memory_order_relaxed);
    stats.idle_bytes = idle_bytes_.load(std::memory_order_relaxed);
    stats.blocks_in_use = refs_.load(std::memory_order_relaxed) - 1;
    return stats;
}

PageSample FrameArena::sample(std::size_t most_pages) {
    const std::lock_guard lock(mutex_);
    std::vector<PageRange> ranges;
    ranges.reserve(chunks_.size());
    for (const auto& chunk : chunks_)
        ranges.push_back({chunk->pages.data, chunk->pages.bytes});
    PageSample sample = sample_pages(calls_, ranges, most_pages, samples_++);
    if (options_.pages != PageKind::small || options_.lock)
        read_own_smaps(ranges, sample);
    return sample;
}

} // namespace tactus
