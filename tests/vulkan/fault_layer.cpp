// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A Vulkan layer that makes drivers fail on purpose; fault_layer.h says how.
#include "fault_layer_memory.h"
#include "fault_layer_state.h"

#include <vulkan/vk_layer.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#define LAYER_EXPORT extern "C" __attribute__((visibility("default")))

namespace tactus::test {

State& state() {
    static auto* const only = new State;
    return *only;
}

namespace {

constexpr std::uint64_t kLieTicks = 5'000'000;

constexpr std::string_view kInstanceFunctions[] = {
    "vkDestroyInstance", "vkGetPhysicalDeviceQueueFamilyProperties", "vkGetPhysicalDeviceFeatures2",
    "vkEnumerateDeviceExtensionProperties", "vkGetPhysicalDeviceExternalBufferProperties"};

template <typename Info>
Info* link_info(const void* chain, VkStructureType type) {
    auto* info = static_cast<Info*>(const_cast<void*>(chain));
    while (info != nullptr && (info->sType != type || info->function != VK_LAYER_LINK_INFO))
        info = static_cast<Info*>(const_cast<void*>(info->pNext));
    return info;
}

VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo* info,
                                               const VkAllocationCallbacks* allocator,
                                               VkInstance* instance) {
    auto* const link = link_info<VkLayerInstanceCreateInfo>(
        info->pNext, VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO);
    if (link == nullptr)
        return VK_ERROR_INITIALIZATION_FAILED;
    const auto next = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const auto create = reinterpret_cast<PFN_vkCreateInstance>(next(nullptr, "vkCreateInstance"));
    const VkResult result = create(info, allocator, instance);
    if (result == VK_SUCCESS) {
        const std::lock_guard guard(state().lock);
        InstanceTable table{*instance, next, {}};
        for (const std::string_view name : kInstanceFunctions)
            table.below[name] = next(*instance, name.data());
        state().instances[key(*instance)] = std::move(table);
    }
    return result;
}

VKAPI_ATTR void VKAPI_CALL destroy_instance(VkInstance instance,
                                            const VkAllocationCallbacks* allocator) {
    if (instance == VK_NULL_HANDLE)
        return;
    const InstanceTable table = instance_of(instance);
    void* const known = key(instance);
    table.get<PFN_vkDestroyInstance>("vkDestroyInstance")(instance, allocator);
    const std::lock_guard guard(state().lock);
    state().instances.erase(known);
}

/// With split_queues all queues are the one of family 0, and family 1 exists in the layer only.
VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical,
                                             const VkDeviceCreateInfo* info,
                                             const VkAllocationCallbacks* allocator,
                                             VkDevice* device) {
    auto* const link = link_info<VkLayerDeviceCreateInfo>(
        info->pNext, VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO);
    if (link == nullptr)
        return VK_ERROR_INITIALIZATION_FAILED;
    const auto next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    const auto next = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    const auto create = reinterpret_cast<PFN_vkCreateDevice>(
        next_instance(instance_of(physical).instance, "vkCreateDevice"));
    VkDeviceCreateInfo own = *info;
    const float priority = 1;
    VkDeviceQueueCreateInfo queue{};
    queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    if (faults().split_queues) {
        own.queueCreateInfoCount = 1;
        own.pQueueCreateInfos = &queue;
    }
    std::vector<const char*> names(own.ppEnabledExtensionNames,
                                   own.ppEnabledExtensionNames + own.enabledExtensionCount);
    if (faults().fake_dmabuf)
        std::erase_if(names, [](const char* name) {
            return std::string_view(name) == VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME;
        });
    own.enabledExtensionCount = static_cast<std::uint32_t>(names.size());
    own.ppEnabledExtensionNames = names.data();
    const VkResult result = create(physical, &own, allocator, device);
    if (result == VK_SUCCESS) {
        const std::lock_guard guard(state().lock);
        state().devices[key(*device)] = {*device, next};
    }
    return result;
}

VKAPI_ATTR void VKAPI_CALL destroy_device(VkDevice device, const VkAllocationCallbacks* allocator) {
    if (device == VK_NULL_HANDLE)
        return;
    const DeviceTable table = device_of(device);
    void* const known = key(device);
    table.get<PFN_vkDestroyDevice>("vkDestroyDevice")(device, allocator);
    const std::lock_guard guard(state().lock);
    state().devices.erase(known);
    state().lost_devices.erase(known);
}

VKAPI_ATTR void VKAPI_CALL queue_families(VkPhysicalDevice physical, std::uint32_t* count,
                                          VkQueueFamilyProperties* families) {
    const auto next = instance_of(physical).get<PFN_vkGetPhysicalDeviceQueueFamilyProperties>(
        "vkGetPhysicalDeviceQueueFamilyProperties");
    if (!faults().split_queues) {
        next(physical, count, families);
        return;
    }
    VkQueueFamilyProperties first{};
    std::uint32_t one = 1;
    next(physical, &one, &first);
    if (families == nullptr) {
        *count = 2;
        return;
    }
    *count = std::min(*count, 2U);
    if (*count > 0)
        families[0] = first;
    if (*count > 1) {
        families[1] = first;
        families[1].queueFlags = VK_QUEUE_TRANSFER_BIT;
        families[1].queueCount = 2;
    }
}

VKAPI_ATTR void VKAPI_CALL queue_families_2(VkPhysicalDevice physical, std::uint32_t* count,
                                            VkQueueFamilyProperties2* families) {
    std::vector<VkQueueFamilyProperties> plain(families == nullptr ? 0 : *count);
    queue_families(physical, count, families == nullptr ? nullptr : plain.data());
    for (std::uint32_t index = 0; families != nullptr && index < *count; ++index)
        families[index].queueFamilyProperties = plain[index];
}

VKAPI_ATTR void VKAPI_CALL get_queue(VkDevice device, std::uint32_t family, std::uint32_t index,
                                     VkQueue* queue) {
    const auto next = device_of(device).get<PFN_vkGetDeviceQueue>("vkGetDeviceQueue");
    next(device, faults().split_queues ? 0 : family, faults().split_queues ? 0 : index, queue);
}

VKAPI_ATTR VkResult VKAPI_CALL create_command_pool(VkDevice device,
                                                   const VkCommandPoolCreateInfo* info,
                                                   const VkAllocationCallbacks* allocator,
                                                   VkCommandPool* pool) {
    if (faults().command_pools_fail)
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    VkCommandPoolCreateInfo own = *info;
    if (faults().split_queues) {
        faults().copy_pools += own.queueFamilyIndex == 1 ? 1 : 0;
        own.queueFamilyIndex = 0;
    }
    return device_of(device).get<PFN_vkCreateCommandPool>("vkCreateCommandPool")(device, &own,
                                                                                 allocator, pool);
}

VKAPI_ATTR void VKAPI_CALL features_2(VkPhysicalDevice physical,
                                      VkPhysicalDeviceFeatures2* features) {
    instance_of(physical).get<PFN_vkGetPhysicalDeviceFeatures2>("vkGetPhysicalDeviceFeatures2")(
        physical, features);
    auto* chain = static_cast<VkBaseOutStructure*>(features->pNext);
    for (; faults().hide_timeline && chain != nullptr; chain = chain->pNext) {
        if (chain->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
            reinterpret_cast<VkPhysicalDeviceVulkan12Features*>(chain)->timelineSemaphore =
                VK_FALSE;
    }
}

VKAPI_ATTR VkResult VKAPI_CALL device_extensions(VkPhysicalDevice physical, const char* layer,
                                                 std::uint32_t* count,
                                                 VkExtensionProperties* properties) {
    const auto next = instance_of(physical).get<PFN_vkEnumerateDeviceExtensionProperties>(
        "vkEnumerateDeviceExtensionProperties");
    std::uint32_t all = 0;
    next(physical, layer, &all, nullptr);
    std::vector<VkExtensionProperties> found(all);
    const VkResult result = next(physical, layer, &all, found.data());
    if (result != VK_SUCCESS)
        return result;
    const auto hidden = [](const VkExtensionProperties& extension) {
        const std::string_view name(extension.extensionName);
        return (faults().hide_import && name == VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME) ||
               (faults().hide_calibration && name == VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME);
    };
    found.resize(all);
    std::erase_if(found, hidden);
    if (faults().fake_dmabuf && layer == nullptr)
        found.push_back({VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME, 1});
    const auto shown = static_cast<std::uint32_t>(found.size());
    if (properties == nullptr) {
        *count = shown;
        return VK_SUCCESS;
    }
    const bool whole = *count >= shown;
    *count = std::min(*count, shown);
    std::copy_n(found.begin(), *count, properties);
    return whole ? VK_SUCCESS : VK_INCOMPLETE;
}

VKAPI_ATTR VkResult VKAPI_CALL queue_submit(VkQueue queue, std::uint32_t count,
                                            const VkSubmitInfo* submits, VkFence fence) {
    const auto next = device_of(queue).get<PFN_vkQueueSubmit>("vkQueueSubmit");
    const std::lock_guard guard(state().queue_lock);
    if (due(faults().submits, faults().submit_lost_at))
        lose(queue);
    if (is_lost(queue))
        return VK_ERROR_DEVICE_LOST;
    return faults().stalled ? VK_SUCCESS : next(queue, count, submits, fence);
}

VKAPI_ATTR VkResult VKAPI_CALL create_pipelines(VkDevice device, VkPipelineCache cache,
                                                std::uint32_t count,
                                                const VkComputePipelineCreateInfo* infos,
                                                const VkAllocationCallbacks* allocator,
                                                VkPipeline* pipelines) {
    if (due(faults().pipelines, faults().pipeline_fails_at))
        return VK_ERROR_OUT_OF_HOST_MEMORY;
    return device_of(device).get<PFN_vkCreateComputePipelines>("vkCreateComputePipelines")(
        device, cache, count, infos, allocator, pipelines);
}

/// What a wait finds under a fault; VK_SUCCESS: ask the driver.
VkResult faulty_wait(VkDevice device, std::uint64_t timeout_ns) {
    if (is_lost(device))
        return VK_ERROR_DEVICE_LOST;
    if (!faults().waits_time_out && !faults().stalled)
        return VK_SUCCESS;
    std::this_thread::sleep_for(
        std::chrono::nanoseconds(std::min<std::uint64_t>(timeout_ns, 20'000'000)));
    return VK_TIMEOUT;
}

VKAPI_ATTR VkResult VKAPI_CALL wait_semaphores(VkDevice device, const VkSemaphoreWaitInfo* info,
                                               std::uint64_t timeout_ns) {
    const VkResult fault = faulty_wait(device, timeout_ns);
    if (fault != VK_SUCCESS)
        return fault;
    return device_of(device).get<PFN_vkWaitSemaphores>("vkWaitSemaphores")(device, info,
                                                                           timeout_ns);
}

VKAPI_ATTR VkResult VKAPI_CALL wait_fences(VkDevice device, std::uint32_t count,
                                           const VkFence* fences, VkBool32 all,
                                           std::uint64_t timeout_ns) {
    const VkResult fault = faulty_wait(device, timeout_ns);
    if (fault != VK_SUCCESS)
        return fault;
    return device_of(device).get<PFN_vkWaitForFences>("vkWaitForFences")(device, count, fences, all,
                                                                         timeout_ns);
}

VKAPI_ATTR VkResult VKAPI_CALL calibrated(VkDevice device, std::uint32_t count,
                                          const VkCalibratedTimestampInfoEXT* infos,
                                          std::uint64_t* stamps, std::uint64_t* deviation) {
    const VkResult result = device_of(device).get<PFN_vkGetCalibratedTimestampsEXT>(
        "vkGetCalibratedTimestampsEXT")(device, count, infos, stamps, deviation);
    for (std::uint32_t index = 0; faults().stamps_lie && index < count; ++index) {
        if (infos[index].timeDomain == VK_TIME_DOMAIN_DEVICE_EXT)
            stamps[index] += kLieTicks;
    }
    return result;
}

PFN_vkVoidFunction own_function(std::string_view name) {
#define TACTUS_OWN(vulkan, own)                                                                    \
    if (name == vulkan)                                                                            \
    return reinterpret_cast<PFN_vkVoidFunction>(own)
    TACTUS_OWN("vkCreateInstance", create_instance);
    TACTUS_OWN("vkDestroyInstance", destroy_instance);
    TACTUS_OWN("vkCreateDevice", create_device);
    TACTUS_OWN("vkDestroyDevice", destroy_device);
    TACTUS_OWN("vkGetPhysicalDeviceQueueFamilyProperties", queue_families);
    TACTUS_OWN("vkGetPhysicalDeviceQueueFamilyProperties2", queue_families_2);
    TACTUS_OWN("vkGetDeviceQueue", get_queue);
    TACTUS_OWN("vkCreateCommandPool", create_command_pool);
    TACTUS_OWN("vkGetPhysicalDeviceFeatures2", features_2);
    TACTUS_OWN("vkEnumerateDeviceExtensionProperties", device_extensions);
    TACTUS_OWN("vkQueueSubmit", queue_submit);
    TACTUS_OWN("vkAllocateMemory", allocate_memory);
    TACTUS_OWN("vkFreeMemory", free_memory);
    TACTUS_OWN("vkGetPhysicalDeviceExternalBufferProperties", external_buffers);
    TACTUS_OWN("vkCreateBuffer", create_buffer);
    TACTUS_OWN("vkGetMemoryFdPropertiesKHR", fd_properties);
    TACTUS_OWN("vkCreateComputePipelines", create_pipelines);
    TACTUS_OWN("vkGetMemoryHostPointerPropertiesEXT", host_pointer);
    TACTUS_OWN("vkWaitSemaphores", wait_semaphores);
    TACTUS_OWN("vkWaitForFences", wait_fences);
    TACTUS_OWN("vkGetCalibratedTimestampsEXT", calibrated);
#undef TACTUS_OWN
    return nullptr;
}

} // namespace
} // namespace tactus::test

LAYER_EXPORT tactus::test::Faults* tactus_faults() {
    return &tactus::test::faults();
}

LAYER_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetDeviceProcAddr(VkDevice device,
                                                                          const char* name) {
    using namespace tactus::test;
    if (std::string_view(name) == "vkGetDeviceProcAddr")
        return reinterpret_cast<PFN_vkVoidFunction>(vkGetDeviceProcAddr);
    const auto below = device_of(device).next(device, name);
    const auto own = own_function(name);
    return own != nullptr && below != nullptr ? own : below;
}

LAYER_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance,
                                                                            const char* name) {
    using namespace tactus::test;
    if (std::string_view(name) == "vkGetInstanceProcAddr")
        return reinterpret_cast<PFN_vkVoidFunction>(vkGetInstanceProcAddr);
    if (std::string_view(name) == "vkGetDeviceProcAddr")
        return reinterpret_cast<PFN_vkVoidFunction>(vkGetDeviceProcAddr);
    if (const auto own = own_function(name))
        return own;
    return instance == VK_NULL_HANDLE ? nullptr : instance_of(instance).next(instance, name);
}
