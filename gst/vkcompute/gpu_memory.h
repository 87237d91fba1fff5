// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/host_frames.h"

#include <gst/gst.h>

#include <memory>

namespace tactus {

/// An allocator of memory that begins at a page and that the CPU and a device both reach. Its
/// memory may outlive the allocator. The caller owns the reference.
GstAllocator* make_gpu_allocator(std::shared_ptr<HostFrames> frames);

/// What backs a memory of such an allocator, whoever owns the allocator; null for other memory.
std::shared_ptr<GpuBuffer> gpu_buffer_of(GstMemory* memory);

/// Foreign memory as a buffer of the device, made once and kept with the memory.
struct ImportedMemory {
    std::shared_ptr<GpuBuffer> buffer; ///< null: not possible
    ImportVerdict verdict = ImportVerdict::possible;
    bool is_new = false; ///< the memory was seen for the first time
    bool is_dmabuf = false;
};
/// One thread at a time for the same memory.
ImportedMemory import_memory(const std::shared_ptr<VulkanDevice>& device, GstMemory* memory);

} // namespace tactus
