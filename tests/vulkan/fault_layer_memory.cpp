// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fault_layer_memory.h"

#include "fault_layer_state.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <utility>

namespace tactus::test {

namespace {

// Dmabufs of no driver: what has a descriptor is mapped, and imported as pages.
constexpr VkExternalMemoryHandleTypeFlags kDmabuf = VK_EXTERNAL_MEMORY_HANDLE_TYPE_DMA_BUF_BIT_EXT;
constexpr VkExternalMemoryHandleTypeFlagBits kPages =
    VK_EXTERNAL_MEMORY_HANDLE_TYPE_HOST_ALLOCATION_BIT_EXT;

bool is_import(const VkMemoryAllocateInfo* info) {
    const auto* chain = static_cast<const VkBaseInStructure*>(info->pNext);
    while (chain != nullptr &&
           chain->sType != VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT)
        chain = chain->pNext;
    return chain != nullptr;
}

VkResult allocate_mapped(VkDevice device, VkMemoryAllocateInfo info,
                         const VkAllocationCallbacks* allocator, VkDeviceMemory* memory) {
    const int fd = static_cast<const VkImportMemoryFdInfoKHR*>(info.pNext)->fd;
    void* const pages =
        mmap(nullptr, info.allocationSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (pages == MAP_FAILED) // for good: nothing tells when the memory is freed
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    VkImportMemoryHostPointerInfoEXT import{};
    import.sType = VK_STRUCTURE_TYPE_IMPORT_MEMORY_HOST_POINTER_INFO_EXT;
    import.handleType = kPages;
    import.pHostPointer = pages;
    info.pNext = &import;
    const VkResult result = device_of(device).get<PFN_vkAllocateMemory>("vkAllocateMemory")(
        device, &info, allocator, memory);
    if (result == VK_SUCCESS)
        close(fd);
    return result;
}

bool has_descriptor(const VkMemoryAllocateInfo* info) {
    const auto* first = static_cast<const VkBaseInStructure*>(info->pNext);
    return faults().fake_dmabuf && first != nullptr &&
           first->sType == VK_STRUCTURE_TYPE_IMPORT_MEMORY_FD_INFO_KHR;
}

} // namespace

VKAPI_ATTR void VKAPI_CALL external_buffers(VkPhysicalDevice physical,
                                            const VkPhysicalDeviceExternalBufferInfo* info,
                                            VkExternalBufferProperties* properties) {
    VkPhysicalDeviceExternalBufferInfo own = *info;
    if (faults().fake_dmabuf && own.handleType == kDmabuf)
        own.handleType = kPages;
    instance_of(physical).get<PFN_vkGetPhysicalDeviceExternalBufferProperties>(
        "vkGetPhysicalDeviceExternalBufferProperties")(physical, &own, properties);
}

VKAPI_ATTR VkResult VKAPI_CALL create_buffer(VkDevice device, const VkBufferCreateInfo* info,
                                             const VkAllocationCallbacks* allocator,
                                             VkBuffer* buffer) {
    VkBufferCreateInfo own = *info;
    VkExternalMemoryBufferCreateInfo external{};
    const auto* given = static_cast<const VkExternalMemoryBufferCreateInfo*>(info->pNext);
    if (faults().fake_dmabuf && given != nullptr && given->handleTypes == kDmabuf) {
        external = *given;
        external.handleTypes = kPages;
        own.pNext = &external;
    }
    return device_of(device).get<PFN_vkCreateBuffer>("vkCreateBuffer")(device, &own, allocator,
                                                                       buffer);
}

VKAPI_ATTR VkResult VKAPI_CALL fd_properties(VkDevice device,
                                             VkExternalMemoryHandleTypeFlagBits type, int fd,
                                             VkMemoryFdPropertiesKHR* properties) {
    if (faults().import_refused)
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    if (!faults().fake_dmabuf)
        return device_of(device).get<PFN_vkGetMemoryFdPropertiesKHR>("vkGetMemoryFdPropertiesKHR")(
            device, type, fd, properties);
    properties->memoryTypeBits = UINT32_MAX;
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice device, const VkMemoryAllocateInfo* info,
                                               const VkAllocationCallbacks* allocator,
                                               VkDeviceMemory* memory) {
    if (std::exchange(faults().allocation_lost, false))
        return VK_ERROR_DEVICE_LOST;
    if (has_descriptor(info))
        return allocate_mapped(device, *info, allocator, memory);
    const std::lock_guard guard(state().memory_lock);
    const auto bytes = is_import(info) ? 0 : static_cast<std::int64_t>(info->allocationSize);
    const bool fails = due(faults().allocations, faults().allocation_fails_at);
    const std::int64_t limit = faults().memory_limit_bytes;
    const bool is_too_much = limit != 0 && bytes != 0 && faults().memory_bytes + bytes > limit;
    if (fails || is_too_much || faults().allocations_fail)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    const VkResult result = device_of(device).get<PFN_vkAllocateMemory>("vkAllocateMemory")(
        device, info, allocator, memory);
    if (result == VK_SUCCESS) {
        state().memories[*memory] = bytes;
        faults().memory_bytes += bytes;
    }
    return result;
}

VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice device, VkDeviceMemory memory,
                                       const VkAllocationCallbacks* allocator) {
    const std::lock_guard guard(state().memory_lock);
    if (const auto found = state().memories.find(memory); found != state().memories.end()) {
        faults().memory_bytes -= found->second;
        state().memories.erase(found);
    }
    device_of(device).get<PFN_vkFreeMemory>("vkFreeMemory")(device, memory, allocator);
}

VKAPI_ATTR VkResult VKAPI_CALL host_pointer(VkDevice device,
                                            VkExternalMemoryHandleTypeFlagBits type,
                                            const void* pointer,
                                            VkMemoryHostPointerPropertiesEXT* properties) {
    if (faults().import_refused)
        return VK_ERROR_INVALID_EXTERNAL_HANDLE;
    return device_of(device).get<PFN_vkGetMemoryHostPointerPropertiesEXT>(
        "vkGetMemoryHostPointerPropertiesEXT")(device, type, pointer, properties);
}

} // namespace tactus::test
