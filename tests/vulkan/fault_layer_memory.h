// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

namespace tactus::test {

// In place of the driver's functions for memory: they fail when they are to, count what is
// allocated, and make dmabufs of descriptors that no driver knows.
VKAPI_ATTR void VKAPI_CALL external_buffers(VkPhysicalDevice physical,
                                            const VkPhysicalDeviceExternalBufferInfo* info,
                                            VkExternalBufferProperties* properties);
VKAPI_ATTR VkResult VKAPI_CALL create_buffer(VkDevice device, const VkBufferCreateInfo* info,
                                             const VkAllocationCallbacks* allocator,
                                             VkBuffer* buffer);
VKAPI_ATTR VkResult VKAPI_CALL fd_properties(VkDevice device,
                                             VkExternalMemoryHandleTypeFlagBits type, int fd,
                                             VkMemoryFdPropertiesKHR* properties);
VKAPI_ATTR VkResult VKAPI_CALL allocate_memory(VkDevice device, const VkMemoryAllocateInfo* info,
                                               const VkAllocationCallbacks* allocator,
                                               VkDeviceMemory* memory);
VKAPI_ATTR void VKAPI_CALL free_memory(VkDevice device, VkDeviceMemory memory,
                                       const VkAllocationCallbacks* allocator);
VKAPI_ATTR VkResult VKAPI_CALL host_pointer(VkDevice device,
                                            VkExternalMemoryHandleTypeFlagBits type,
                                            const void* pointer,
                                            VkMemoryHostPointerPropertiesEXT* properties);

} // namespace tactus::test
