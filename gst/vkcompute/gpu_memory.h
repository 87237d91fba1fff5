// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_buffer.h"

#include <gst/gst.h>

#include <memory>

namespace tactus {

/// An allocator of page-aligned memory that the CPU and `device` both reach
/// (GpuBuffer::create_host). Its memory may outlive the allocator. The caller owns the reference.
GstAllocator* make_gpu_allocator(std::shared_ptr<VulkanDevice> device);

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
