// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/host_frames.h"

#include <utility>

namespace tactus {

namespace {

using Import = std::shared_ptr<GpuBuffer>;

void forget_import(FrameBlock& block) {
    delete static_cast<Import*>(block.attachment);
    block.attachment = nullptr;
}

FrameArena::Handle make_arena(const GpuTraits& traits) {
    if (!traits.host_import)
        return nullptr;
    ArenaOptions options;
    options.alignment_bytes = traits.import_alignment;
    options.max_idle_bytes = HostFrames::kMostIdleBytes;
    return FrameArena::create(options, forget_import);
}

} // namespace

HostFrames::HostFrames(std::shared_ptr<VulkanDevice> device)
    : device_(std::move(device)), arena_(make_arena(device_->traits())) {}

std::shared_ptr<GpuBuffer> HostFrames::acquire(std::size_t bytes, GpuStatus& status) {
    status = GpuStatus::ok;
    if (is_imported())
        if (auto imported = import_block(bytes))
            return imported;
    auto made = GpuBuffer::create_host(device_, bytes, status);
    // If the driver had no memory either, then memory is short, and import may work again.
    if (made && is_imported()) {
        refused_.store(true, std::memory_order_relaxed);
        trim();
    }
    return made;
}

/// Null if there is no memory or the driver does not take it.
std::shared_ptr<GpuBuffer> HostFrames::import_block(std::size_t bytes) {
    FrameArena* const arena = arena_.get(); // lives as long as a block of it is out
    FrameBlock* const block = arena->acquire(bytes);
    if (block == nullptr)
        return nullptr;
    const std::shared_ptr<FrameBlock> held(block,
                                           [arena](FrameBlock* out) { arena->release(out); });
    if (block->attachment == nullptr) {
        ImportVerdict verdict = ImportVerdict::possible;
        auto imported = GpuBuffer::import_host(device_, block->data, block->size_bytes, verdict);
        if (!imported)
            return nullptr;
        block->attachment = new Import(std::move(imported));
    }
    return {held, static_cast<Import*>(block->attachment)->get()};
}

void HostFrames::trim() noexcept {
    if (arena_)
        arena_->trim(0);
}

bool HostFrames::is_imported() const {
    return arena_ && !refused_.load(std::memory_order_relaxed);
}

ArenaStats HostFrames::stats() const {
    return arena_ ? arena_->stats() : ArenaStats{};
}

} // namespace tactus
