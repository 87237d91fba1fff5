// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/device_choice.h"

#include <algorithm>
#include <cctype>

namespace tactus {
namespace {

const char* type_name(VkPhysicalDeviceType type) {
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return "discrete GPU";
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return "integrated GPU";
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return "virtual GPU";
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return "CPU";
    default:
        return "other";
    }
}

int rank(VkPhysicalDeviceType type) {
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 4;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 3;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return 1;
    default:
        return 0;
    }
}

std::string lower(const std::string& text) {
    std::string result = text;
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::string without_dashes(std::string text) {
    text.erase(std::remove(text.begin(), text.end(), '-'), text.end());
    return text;
}

bool all_digits(const std::string& text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::vector<unsigned> matching(const std::vector<GpuListing>& devices, const std::string& wanted) {
    const std::string name = lower(wanted);
    const std::string uuid = without_dashes(name);
    std::vector<unsigned> found;
    for (const GpuListing& device : devices) {
        if (without_dashes(device.uuid) == uuid || lower(device.name) == name)
            return {device.index};
        if (lower(device.name).find(name) != std::string::npos)
            found.push_back(device.index);
    }
    return found;
}

GpuError choice_error(const std::vector<GpuListing>& devices, const std::string& what) {
    return {GpuStatus::bad_input,
            what + "; there are:\n" + format_devices(devices) +
                "give an index, a UUID, or a name or a part of it that only one device has"};
}

void add_queues(QueuePlan& plan, std::uint32_t family, const VkQueueFamilyProperties& properties,
                std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t index = first; index < std::min(count, properties.queueCount); ++index)
        plan.queues.push_back({VK_NULL_HANDLE, family, index, properties.timestampValidBits});
}

} // namespace

std::optional<unsigned> choose_device(const std::vector<GpuListing>& devices,
                                      const std::string& wanted, GpuError& error) {
    if (devices.empty()) {
        error = {GpuStatus::unsupported, "there is no Vulkan device"};
        return std::nullopt;
    }
    if (wanted.empty()) {
        const auto better = [](const GpuListing& left, const GpuListing& right) {
            return rank(left.type) < rank(right.type);
        };
        return std::max_element(devices.begin(), devices.end(), better)->index;
    }
    // A list never has thousands, so four digits tell an index from a UUID made of digits.
    if (all_digits(wanted) && wanted.size() <= 4) {
        const unsigned index = static_cast<unsigned>(std::stoul(wanted));
        if (index < devices.size())
            return index;
        error = choice_error(devices, "there is no Vulkan device " + wanted);
        return std::nullopt;
    }
    const std::vector<unsigned> found = matching(devices, wanted);
    if (found.size() == 1)
        return found.front();
    error = choice_error(devices, found.empty()
                                      ? "there is no Vulkan device \"" + wanted + "\""
                                      : "\"" + wanted + "\" is the name of several Vulkan devices");
    return std::nullopt;
}

std::string format_uuid(const std::array<std::uint8_t, VK_UUID_SIZE>& uuid) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (std::size_t byte = 0; byte < uuid.size(); ++byte) {
        if (byte == 4 || byte == 6 || byte == 8 || byte == 10)
            text += '-';
        text += kDigits[uuid[byte] >> 4];
        text += kDigits[uuid[byte] & 15];
    }
    return text;
}

std::string format_devices(const std::vector<GpuListing>& devices) {
    std::string text;
    for (const GpuListing& device : devices)
        text += "  " + std::to_string(device.index) + ": " + device.name + " (" +
                type_name(device.type) + ", " + device.uuid + ", " + device.driver + ")\n";
    return text;
}

QueuePlan plan_queues(const std::vector<VkQueueFamilyProperties>& families) {
    QueuePlan plan;
    std::optional<std::uint32_t> compute;
    std::optional<std::uint32_t> transfer;
    for (std::uint32_t family = 0; family < families.size(); ++family) {
        const VkQueueFlags flags = families[family].queueFlags;
        const bool has_compute = (flags & VK_QUEUE_COMPUTE_BIT) != 0;
        const bool alone = has_compute && (flags & VK_QUEUE_GRAPHICS_BIT) == 0 &&
                           families[family].timestampValidBits != 0;
        const bool better = alone && compute.has_value() &&
                            (families[*compute].queueFlags & VK_QUEUE_GRAPHICS_BIT) != 0;
        if (has_compute && (!compute || better))
            compute = family;
        // Families for video have transfer too, but are no copy engines.
        constexpr VkQueueFlags kSparse = VK_QUEUE_SPARSE_BINDING_BIT;
        if ((flags & ~kSparse) == VK_QUEUE_TRANSFER_BIT && !transfer)
            transfer = family;
    }
    if (!compute)
        return plan;
    add_queues(plan, *compute, families[*compute], 0, 1);
    if (transfer)
        add_queues(plan, *transfer, families[*transfer], 0, 2);
    plan.transfer_queues = plan.queues.size() - 1;
    // Each costs time to open.
    if (plan.transfer_queues < 2)
        add_queues(plan, *compute, families[*compute], 1, 2);
    return plan;
}

} // namespace tactus
