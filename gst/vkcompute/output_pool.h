// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/host_frames.h"

#include <gst/gst.h>

#include <memory>

namespace tactus {

/// Buffers for what shaders make, in memory that the GPU writes to and the CPU reads.
///
/// Threads: one at a time. Buffers may outlive the pool.
class OutputPool {
  public:
    OutputPool() = default;
    ~OutputPool() { clear(); }
    OutputPool(const OutputPool&) = delete;
    OutputPool& operator=(const OutputPool&) = delete;

    /// Starts anew with this memory.
    void begin(std::shared_ptr<HostFrames> frames);
    void clear();
    /// Gives back the memory of buffers that nobody has; there will be new ones.
    void trim() { drop_pool(); }
    /// A buffer of `bytes`; null if there is no memory.
    GstBuffer* acquire(std::size_t bytes);
    /// The allocator, for others to allocate from; null before `begin`. Owned by the pool.
    GstAllocator* allocator() const { return allocator_; }

  private:
    bool make_pool(std::size_t bytes);
    void drop_pool();

    GstAllocator* allocator_ = nullptr;
    GstBufferPool* pool_ = nullptr;
    std::size_t pool_bytes_ = 0;
};

} // namespace tactus
