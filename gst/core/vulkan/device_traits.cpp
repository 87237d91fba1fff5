// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/device_traits.h"

#include "core/vulkan/device_choice.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>
#include <string_view>

namespace tactus {
namespace {

constexpr std::array kWanted = {
    VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME,
    VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME, VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME};

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

struct DeviceProperties {
    VkPhysicalDeviceProperties2 core{};
    VkPhysicalDeviceIDProperties id{};
    VkPhysicalDeviceDriverProperties driver{};

    explicit DeviceProperties(VkPhysicalDevice physical) {
        core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
        id.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES;
        driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES;
        core.pNext = &id;
        // Drivers skip what they don't know, but a structure of a later version may not be passed.
        VkPhysicalDeviceProperties plain{};
        vkGetPhysicalDeviceProperties(physical, &plain);
        if (plain.apiVersion >= VK_API_VERSION_1_2)
            id.pNext = &driver;
        vkGetPhysicalDeviceProperties2(physical, &core);
    }
};

std::string driver_text(const DeviceProperties& properties) {
    std::string text = properties.driver.driverName;
    if (properties.driver.driverInfo[0] != '\0')
        text += std::string(text.empty() ? "" : " ") + properties.driver.driverInfo;
    return text.empty() ? "unknown driver" : text;
}

bool has_clock(VkPhysicalDevice physical, VkTimeDomainEXT wanted) {
    if (vkGetPhysicalDeviceCalibrateableTimeDomainsEXT == nullptr)
        return false;
    std::uint32_t count = 0;
    vkGetPhysicalDeviceCalibrateableTimeDomainsEXT(physical, &count, nullptr);
    std::vector<VkTimeDomainEXT> domains(count);
    vkGetPhysicalDeviceCalibrateableTimeDomainsEXT(physical, &count, domains.data());
    const auto has = [&domains](VkTimeDomainEXT domain) {
        return std::find(domains.begin(), domains.end(), domain) != domains.end();
    };
    return has(VK_TIME_DOMAIN_DEVICE_EXT) && has(wanted);
}

std::size_t import_alignment(VkPhysicalDevice physical) {
    VkPhysicalDeviceExternalMemoryHostPropertiesEXT host{};
    host.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_EXTERNAL_MEMORY_HOST_PROPERTIES_EXT;
    VkPhysicalDeviceProperties2 properties{};
    properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    properties.pNext = &host;
    vkGetPhysicalDeviceProperties2(physical, &properties);
    return host.minImportedHostPointerAlignment;
}

} // namespace

DeviceFeatures::DeviceFeatures(VkPhysicalDevice physical) {
    core.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
    core.pNext = &v11;
    v11.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES;
    v11.pNext = &v12;
    v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
    vkGetPhysicalDeviceFeatures2(physical, &core);
    // Nothing for shaders, and each may cost something.
    core.features.sparseBinding = VK_FALSE;
    v11.multiview = VK_FALSE;
    v11.multiviewGeometryShader = VK_FALSE;
    v11.multiviewTessellationShader = VK_FALSE;
    v11.protectedMemory = VK_FALSE;
    v12.bufferDeviceAddressCaptureReplay = VK_FALSE;
    v12.bufferDeviceAddressMultiDevice = VK_FALSE;
}

GpuListing list_device(VkPhysicalDevice physical, unsigned index) {
    const DeviceProperties properties(physical);
    GpuListing listing;
    listing.index = index;
    listing.name = properties.core.properties.deviceName;
    std::array<std::uint8_t, VK_UUID_SIZE> uuid{};
    std::memcpy(uuid.data(), properties.id.deviceUUID, uuid.size());
    listing.uuid = format_uuid(uuid);
    listing.driver = driver_text(properties);
    listing.type = properties.core.properties.deviceType;
    return listing;
}

GpuTraits read_traits(VkPhysicalDevice physical) {
    const DeviceProperties properties(physical);
    GpuTraits traits;
    traits.name = properties.core.properties.deviceName;
    traits.driver = driver_text(properties);
    std::memcpy(traits.uuid.data(), properties.id.deviceUUID, traits.uuid.size());
    traits.type = properties.core.properties.deviceType;
    traits.limits = properties.core.properties.limits;
    traits.api_version = properties.core.properties.apiVersion;
    traits.vendor_id = properties.core.properties.vendorID;
    traits.device_id = properties.core.properties.deviceID;
    std::memcpy(traits.cache_uuid.data(), properties.core.properties.pipelineCacheUUID,
                traits.cache_uuid.size());
    return traits;
}

std::vector<std::string> device_extensions(VkPhysicalDevice physical) {
    std::uint32_t count = 0;
    vkEnumerateDeviceExtensionProperties(physical, nullptr, &count, nullptr);
    std::vector<VkExtensionProperties> found(count);
    vkEnumerateDeviceExtensionProperties(physical, nullptr, &count, found.data());
    found.resize(count);
    std::vector<std::string> names;
    names.reserve(count);
    for (const VkExtensionProperties& extension : found)
        names.emplace_back(extension.extensionName);
    return names;
}

std::vector<const char*> wanted_extensions(const std::vector<std::string>& available) {
    std::vector<const char*> names;
    for (const char* name : kWanted) {
        if (contains(available, name))
            names.push_back(name);
    }
    return names;
}

void apply_extensions(GpuTraits& traits, VkPhysicalDevice physical,
                      const std::vector<std::string>& enabled) {
    if (contains(enabled, VK_EXT_EXTERNAL_MEMORY_HOST_EXTENSION_NAME))
        traits.import_alignment = import_alignment(physical);
    traits.host_import = traits.import_alignment != 0;
    traits.dmabuf_import = contains(enabled, VK_KHR_EXTERNAL_MEMORY_FD_EXTENSION_NAME) &&
                           contains(enabled, VK_EXT_EXTERNAL_MEMORY_DMA_BUF_EXTENSION_NAME);
    if (contains(enabled, VK_EXT_CALIBRATED_TIMESTAMPS_EXTENSION_NAME)) {
        traits.calibrated_monotonic = has_clock(physical, VK_TIME_DOMAIN_CLOCK_MONOTONIC_EXT);
        traits.calibrated_raw = has_clock(physical, VK_TIME_DOMAIN_CLOCK_MONOTONIC_RAW_EXT);
    }
}

} // namespace tactus
