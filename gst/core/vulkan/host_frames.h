// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/frame_arena.h"
#include "core/vulkan/gpu_buffer.h"

#include <atomic>
#include <cstddef>
#include <memory>

namespace tactus {

/// Memory for frames that the CPU and a device both reach. It is a FrameArena's: each block is
/// imported into the device once, and stays so while it is idle. A device that cannot import, or
/// whose driver refuses those pages, gets memory of the driver's making, anew each time.
///
/// Threads: any. Ownership: buffers may outlive it. Pages of a job that was given up do not come
/// back (FrameProgram::abandon). Errors: `acquire` says why there is no buffer.
class HostFrames {
  public:
    /// What is idle stays pinned, so it is less than ordinary memory may be.
    static constexpr std::size_t kMostIdleBytes = std::size_t{256} << 20U;

    explicit HostFrames(std::shared_ptr<VulkanDevice> device);
    HostFrames(const HostFrames&) = delete;
    HostFrames& operator=(const HostFrames&) = delete;

    /// A buffer of `bytes` or more, mapped and coherent; its content is anybody's.
    std::shared_ptr<GpuBuffer> acquire(std::size_t bytes, GpuStatus& status);
    /// Gives back what is idle.
    void trim() noexcept;

    const std::shared_ptr<VulkanDevice>& device() const { return device_; }
    /// Whether memory is the arena's; else it is the driver's.
    bool is_imported() const;
    /// Of the arena; zeros without one.
    ArenaStats stats() const;

  private:
    std::shared_ptr<GpuBuffer> import_block(std::size_t bytes);

    std::shared_ptr<VulkanDevice> device_;
    FrameArena::Handle arena_; ///< null: the device cannot import
    std::atomic<bool> refused_{false};
};

} // namespace tactus
