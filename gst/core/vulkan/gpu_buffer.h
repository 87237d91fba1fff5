// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"
#include "core/vulkan/vulkan_device.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tactus {

/// Where a buffer's bytes are.
enum class BufferPlace : std::uint8_t {
    host,     ///< of the driver's making: pinned, mapped, coherent, cached if there is such memory
    imported, ///< pages of the caller's or a dmabuf, mapped for the device
    device    ///< the device's own memory; not mapped
};

/// Whether pages can be imported, and if not, why.
enum class ImportVerdict : std::uint8_t {
    possible,
    no_extension, ///< the device lacks VK_EXT_external_memory_host, or …_dma_buf
    misaligned,   ///< the address is not at the start of a page
    partial_page, ///< the last page is not the caller's alone
    refused       ///< the driver did not take these pages (read-only or of a file, say)
};

/// "possible", "no-extension", "misaligned", "partial-page" or "refused".
const char* import_verdict_name(ImportVerdict verdict);

/// What can be said before asking the driver, which may accept anything. `owned_bytes` is all that
/// the caller owns from `data` on, not just what is in use: the rest of the last page has to be the
/// caller's too, as the device may write to it.
ImportVerdict check_import(const GpuTraits& traits, const void* data, std::size_t owned_bytes);

/// A buffer with memory of its own, to be bound as storage or uniform buffer and copied from and
/// to. All queues of the device may use it. Host memory is coherent: what the CPU wrote before a
/// job was submitted, the job sees; what a job wrote, the CPU sees once the job is collected.
///
/// Threads: any, but a buffer that a job uses must live until the job is collected, and nobody may
/// touch what it writes. Ownership: shared_ptr; keeps the device.
class GpuBuffer {
  public:
    /// Host memory, rounded up to whole pages; data() starts at a page if the driver maps so.
    static std::shared_ptr<GpuBuffer> create_host(std::shared_ptr<VulkanDevice> device,
                                                  std::size_t size_bytes, GpuStatus& status);
    static std::shared_ptr<GpuBuffer> create_device(std::shared_ptr<VulkanDevice> device,
                                                    std::size_t size_bytes, GpuStatus& status);
    /// The caller keeps the pages for as long as the buffer lives.
    static std::shared_ptr<GpuBuffer> import_host(std::shared_ptr<VulkanDevice> device, void* data,
                                                  std::size_t owned_bytes, ImportVerdict& verdict);

    /// All of a dmabuf of linear memory, of `size_bytes`. The descriptor stays the caller's, and
    /// may be closed. The CPU does not reach it here: data() is null.
    static std::shared_ptr<GpuBuffer> import_dmabuf(std::shared_ptr<VulkanDevice> device, int fd,
                                                    std::size_t size_bytes, ImportVerdict& verdict);

    ~GpuBuffer();
    GpuBuffer(const GpuBuffer&) = delete;
    GpuBuffer& operator=(const GpuBuffer&) = delete;

    BufferPlace place() const { return place_; }
    VkBuffer handle() const { return buffer_; }
    VkDeviceMemory memory() const { return memory_; }
    std::size_t size_bytes() const { return size_bytes_; }
    /// Null for device memory.
    std::byte* data() const { return data_; }
    bool cached() const { return cached_; } ///< the CPU reads it at full speed
    const std::shared_ptr<VulkanDevice>& device() const { return device_; }

  private:
    GpuBuffer(std::shared_ptr<VulkanDevice> device, BufferPlace place, std::size_t size_bytes);
    GpuStatus make_buffer();
    GpuStatus allocate(VkMemoryPropertyFlags required, VkMemoryPropertyFlags preferred);
    GpuStatus allocate_imported(void* data);
    GpuStatus allocate_dmabuf(int fd);
    GpuStatus allocate_and_bind(const VkMemoryAllocateInfo& info);
    GpuStatus map();

    std::shared_ptr<VulkanDevice> device_;
    BufferPlace place_;
    bool is_dmabuf_ = false;
    std::size_t size_bytes_;
    VkBuffer buffer_ = VK_NULL_HANDLE;
    VkDeviceMemory memory_ = VK_NULL_HANDLE;
    std::byte* data_ = nullptr;
    bool cached_ = false;
};

} // namespace tactus
