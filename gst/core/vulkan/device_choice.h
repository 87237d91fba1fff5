// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/vulkan_api.h"
#include "core/vulkan/vulkan_device.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// Which device of a list is meant; nothing with the reason and the list in `error`. See
/// VulkanDevice::Settings::device.
std::optional<unsigned> choose_device(const std::vector<GpuListing>& devices,
                                      const std::string& wanted, GpuError& error);

/// "8-4-4-4-12" hexadecimal digits.
std::string format_uuid(const std::array<std::uint8_t, VK_UUID_SIZE>& uuid);

/// One line each: "0: NAME (KIND, UUID, DRIVER)".
std::string format_devices(const std::vector<GpuListing>& devices);

/// Which queues to open: the first for compute, then up to two for copies alone, then up to two
/// more for compute. Empty if no family does compute.
struct QueuePlan {
    std::vector<GpuQueue> queues; ///< without handles
    std::size_t transfer_queues = 0;
};
QueuePlan plan_queues(const std::vector<VkQueueFamilyProperties>& families);

} // namespace tactus
