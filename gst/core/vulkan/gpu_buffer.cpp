// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/gpu_buffer.h"

#include <fcntl.h>
#include <unistd.h>

#include <optional>
#include <utility>

namespace tactus {
namespace {

constexpr VkBufferUsageFlags kUsage =
    VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT |
    VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT;
constexpr VkMemoryPropertyFlags kHostMemory =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkExternalMemoryHandleTypeFlagBits kHostPages =
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;
constexpr VkExternalMemoryHandleTypeFlagBits kDmabuf =
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;

std::size_t whole_pages(std::size_t size_bytes) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return (size_bytes + page - 1) / page * page;
}

/// Whether buffers of such memory exist at all on the device.
bool imports_buffers(const VulkanDevice& device, VkExternalMemoryHandleTypeFlagBits kind) {
    VkPhysicalDeviceExternalBufferInfo info{};
    info.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_BUFFER_INFO;
    info.usage = kUsage;
    info.handleType = kind;
    VkExternalBufferProperties properties{};
    properties.sType = VK_STRUCTURE_TYPE_EXTERNAL_BUFFER_PROPERTIES;
    vkGetPhysicalDeviceExternalBufferProperties(device.physical(), &info, &properties);
    return (properties.externalMemoryProperties.externalMemoryFeatures &
            VK_EXTERNAL_MEMORY_FEATURE_IMPORTABLE_BIT) != 0;
}

} // namespace

const char* import_verdict_name(ImportVerdict verdict) {
    switch (verdict) {
    case ImportVerdict::possible:
        return "possible";
    case ImportVerdict::no_extension:
        return "no-extension";
    case ImportVerdict::misaligned:
        return "misaligned";
    case ImportVerdict::partial_page:
        return "partial-page";
    case ImportVerdict::refused:
        break;
    }
    return "refused";
}

ImportVerdict check_import(const GpuTraits& traits, const void* data, std::size_t owned_bytes) {
    if (!traits.host_import)
        return ImportVerdict::no_extension;
    if (data == nullptr || reinterpret_cast<std::uintptr_t>(data) % traits.import_alignment != 0)
        return ImportVerdict::misaligned;
    if (owned_bytes == 0 || owned_bytes % traits.import_alignment != 0)
        return ImportVerdict::partial_page;
    return ImportVerdict::possible;
}

GpuBuffer::GpuBuffer(std::shared_ptr<VulkanDevice> device, BufferPlace place,
                     std::size_t size_bytes)
    : device_(std::move(device)), place_(place), size_bytes_(size_bytes) {
    device_->count_object(1);
}

GpuBuffer::~GpuBuffer() {
    device_->count_object(-1);
    if (device_->abandoned()) {
        VulkanDevice::count_abandoned(memory_ != VK_NULL_HANDLE ? size_bytes_ : 0);
        return;
    }
    device_->api().vkDestroyBuffer(device_->handle(), buffer_, nullptr);
    device_->api().vkFreeMemory(device_->handle(), memory_, nullptr);
}

std::shared_ptr<GpuBuffer> GpuBuffer::create_host(std::shared_ptr<VulkanDevice> device,
                                                  std::size_t size_bytes, GpuStatus& status) {
    std::shared_ptr<GpuBuffer> made(
        new GpuBuffer(std::move(device), BufferPlace::host, whole_pages(size_bytes)));
    status = made->make_buffer();
    if (status == GpuStatus::ok)
        status = made->allocate(kHostMemory, VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    if (status == GpuStatus::ok)
        status = made->map();
    return status == GpuStatus::ok ? made : nullptr;
}

std::shared_ptr<GpuBuffer> GpuBuffer::create_device(std::shared_ptr<VulkanDevice> device,
                                                    std::size_t size_bytes, GpuStatus& status) {
    std::shared_ptr<GpuBuffer> made(
        new GpuBuffer(std::move(device), BufferPlace::device, size_bytes));
    status = made->make_buffer();
    if (status == GpuStatus::ok)
        status = made->allocate(0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    return status == GpuStatus::ok ? made : nullptr;
}

std::shared_ptr<GpuBuffer> GpuBuffer::import_host(std::shared_ptr<VulkanDevice> device, void* data,
                                                  std::size_t owned_bytes, ImportVerdict& verdict) {
    verdict = check_import(device->traits(), data, owned_bytes);
    if (verdict != ImportVerdict::possible)
        return nullptr;
    std::shared_ptr<GpuBuffer> made(
        new GpuBuffer(std::move(device), BufferPlace::imported, owned_bytes));
    if (imports_buffers(*made->device_, kHostPages) && made->make_buffer() == GpuStatus::ok &&
        made->allocate_imported(data) == GpuStatus::ok)
        return made;
    verdict = ImportVerdict::refused;
    return nullptr;
}

std::shared_ptr<GpuBuffer> GpuBuffer::import_dmabuf(std::shared_ptr<VulkanDevice> device, int fd,
                                                    std::size_t size_bytes,
                                                    ImportVerdict& verdict) {
    verdict = ImportVerdict::no_extension;
    if (!device->traits().dmabuf_import)
        return nullptr;
    std::shared_ptr<GpuBuffer> made(
        new GpuBuffer(std::move(device), BufferPlace::imported, size_bytes));
    made->is_dmabuf_ = true;
    verdict = ImportVerdict::possible;
    if (imports_buffers(*made->device_, kDmabuf) && made->make_buffer() == GpuStatus::ok &&
        made->allocate_dmabuf(fd) == GpuStatus::ok)
        return made;
    verdict = ImportVerdict::refused;
    return nullptr;
}

GpuStatus GpuBuffer::make_buffer() {
    if (device_->lost())
        return GpuStatus::device_lost;
    if (size_bytes_ == 0)
        return GpuStatus::bad_input;
    VkExternalMemoryBufferCreateInfo external{};
    external.sType = VK_STRUCTURE_TYPE_EXTERNAL_MEMORY_BUFFER_CREATE_INFO;
    external.handleTypes = is_dmabuf_ ? kDmabuf : kHostPages;
    VkBufferCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO;
    if (place_ == BufferPlace::imported)
        info.pNext = &external;
    info.size = size_bytes_;
    info.usage = kUsage;
    const auto families = device_->families();
    if (families.size() > 1) {
        info.sharingMode = VK_SHARING_MODE_CONCURRENT;
        info.queueFamilyIndexCount = static_cast<std::uint32_t>(families.size());
        info.pQueueFamilyIndices = families.data();
    }
    return device_->check(
        device_->api().vkCreateBuffer(device_->handle(), &info, nullptr, &buffer_));
}

GpuStatus GpuBuffer::allocate(VkMemoryPropertyFlags required, VkMemoryPropertyFlags preferred) {
    VkMemoryRequirements needs{};
    device_->api().vkGetBufferMemoryRequirements(device_->handle(), buffer_, &needs);
    const auto type = device_->memory_type(needs.memoryTypeBits, required, preferred);
    if (!type)
        return GpuStatus::unsupported;
    cached_ = (device_->memory_flags(*type) & VK_MEMORY_PROPERTY_HOST_CACHED_BIT) != 0;
    VkMemoryAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    info.allocationSize = needs.size;
    info.memoryTypeIndex = *type;
    return allocate_and_bind(info);
}

GpuStatus GpuBuffer::allocate_imported(void* data) {
    VkMemoryRequirements needs{};
    device_->api().vkGetBufferMemoryRequirements(device_->handle(), buffer_, &needs);
    VkMemoryHostPointerPropertiesEXT pages{};
    pages.sType = VK_STRUCTURE_TYPE_MEMORY_HOST_POINTER_PROPERTIES_EXT;
    const GpuStatus status = device_->check(device_->api().vkGetMemoryHostPointerPropertiesEXT(
        device_->handle(), kHostPages, data, &pages));
    if (status != GpuStatus::ok)
        return status;
    const auto type = device_->memory_type(needs.memoryTypeBits & pages.memoryTypeBits, kHostMemory,
                                           VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
    if (!type || needs.size > size_bytes_)
        return GpuStatus::unsupported;
    cached_ = true; // ordinary memory of the process
    VkImportMemoryHostPointerInfoEXT import{};
    import.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT;
    import.handleType = kHostPages;
    import.pHostPointer = data;
    VkMemoryAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    info.pNext = &import;
    info.allocationSize = size_bytes_;
    info.memoryTypeIndex = *type;
    data_ = static_cast<std::byte*>(data);
    return allocate_and_bind(info);
}

GpuStatus GpuBuffer::allocate_dmabuf(int fd) {
    VkMemoryRequirements needs{};
    device_->api().vkGetBufferMemoryRequirements(device_->handle(), buffer_, &needs);
    VkMemoryFdPropertiesKHR of_fd{};
    of_fd.sType = VK_STRUCTURE_TYPE_MEMORY_FD_PROPERTIES_KHR;
    GpuStatus status = device_->check(
        device_->api().vkGetMemoryFdPropertiesKHR(device_->handle(), kDmabuf, fd, &of_fd));
    if (status != GpuStatus::ok)
        return status;
    const auto type = device_->memory_type(needs.memoryTypeBits & of_fd.memoryTypeBits, 0, 0);
    if (!type || needs.size > size_bytes_)
        return GpuStatus::unsupported;
    VkImportMemoryFdInfoKHR import{};
    import.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR;
    import.handleType = kDmabuf;
    import.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (import.fd < 0)
        return GpuStatus::failed;
    VkMemoryAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    info.pNext = &import;
    info.allocationSize = size_bytes_;
    info.memoryTypeIndex = *type;
    status = allocate_and_bind(info);
    // The driver owns the descriptor once there is memory.
    if (memory_ == VK_NULL_HANDLE)
        close(import.fd);
    return status;
}

GpuStatus GpuBuffer::allocate_and_bind(const VkMemoryAllocateInfo& info) {
    const GpuStatus status = device_->check(
        device_->api().vkAllocateMemory(device_->handle(), &info, nullptr, &memory_));
    if (status != GpuStatus::ok)
        return status;
    return device_->check(
        device_->api().vkBindBufferMemory(device_->handle(), buffer_, memory_, 0));
}

GpuStatus GpuBuffer::map() {
    void* data = nullptr;
    const GpuStatus status = device_->check(
        device_->api().vkMapMemory(device_->handle(), memory_, 0, VK_WHOLE_SIZE, 0, &data));
    data_ = static_cast<std::byte*>(data);
    return status;
}

} // namespace tactus
