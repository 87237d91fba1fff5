// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/vulkan_api.h"
#include "core/vulkan/vulkan_device.h"

#include <string>
#include <vector>

namespace tactus {

GpuListing list_device(VkPhysicalDevice physical, unsigned index);

/// What a physical device is and can do; all that it can do counts as enabled.
GpuTraits read_traits(VkPhysicalDevice physical);

std::vector<std::string> device_extensions(VkPhysicalDevice physical);

/// Of `available`, the extensions that we use.
std::vector<const char*> wanted_extensions(const std::vector<std::string>& available);

/// Fills in what follows from the extensions that are enabled on the device.
void apply_extensions(GpuTraits& traits, VkPhysicalDevice physical,
                      const std::vector<std::string>& enabled);

/// All features of a physical device that a compute shader may want.
struct DeviceFeatures {
    VkPhysicalDeviceFeatures2 core{};
    VkPhysicalDeviceVulkan11Features v11{};
    VkPhysicalDeviceVulkan12Features v12{};

    explicit DeviceFeatures(VkPhysicalDevice physical);
    DeviceFeatures(const DeviceFeatures&) = delete;
    DeviceFeatures& operator=(const DeviceFeatures&) = delete;
};

} // namespace tactus
