// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/gpu_image.h"

#include <utility>

namespace tactus {
namespace {

VkImageUsageFlags usage_of(bool storage, bool sampled) {
    VkImageUsageFlags usage = VK_IMAGE_USAGE_TRANSFER_SRC_BIT | VK_IMAGE_USAGE_TRANSFER_DST_BIT;
    if (storage)
        usage |= VK_IMAGE_USAGE_STORAGE_BIT;
    if (sampled)
        usage |= VK_IMAGE_USAGE_SAMPLED_BIT;
    return usage;
}

} // namespace

bool GpuImage::supports(const VulkanDevice& device, VkFormat format, bool storage, bool sampled) {
    VkFormatProperties properties{};
    vkGetPhysicalDeviceFormatProperties(device.physical(), format, &properties);
    VkFormatFeatureFlags needs =
        VK_FORMAT_FEATURE_TRANSFER_SRC_BIT | VK_FORMAT_FEATURE_TRANSFER_DST_BIT;
    if (storage)
        needs |= VK_FORMAT_FEATURE_STORAGE_IMAGE_BIT;
    if (sampled)
        needs |= VK_FORMAT_FEATURE_SAMPLED_IMAGE_BIT;
    return (properties.optimalTilingFeatures & needs) == needs;
}

GpuImage::GpuImage(std::shared_ptr<VulkanDevice> device, const Settings& settings)
    : device_(std::move(device)), settings_(settings) {
    device_->count_object(1);
}

GpuImage::~GpuImage() {
    device_->count_object(-1);
    if (!owned_)
        return;
    if (device_->abandoned()) {
        VulkanDevice::count_abandoned(memory_bytes_);
        return;
    }
    device_->api().vkDestroyImageView(device_->handle(), view_, nullptr);
    device_->api().vkDestroyImage(device_->handle(), borrowed_.image, nullptr);
    device_->api().vkFreeMemory(device_->handle(), memory_, nullptr);
}

std::shared_ptr<GpuImage> GpuImage::create(std::shared_ptr<VulkanDevice> device,
                                           const Settings& settings, GpuStatus& status) {
    std::shared_ptr<GpuImage> made(new GpuImage(std::move(device), settings));
    status = made->make_image();
    if (status == GpuStatus::ok)
        status = made->make_view();
    return status == GpuStatus::ok ? made : nullptr;
}

std::shared_ptr<GpuImage> GpuImage::borrow(std::shared_ptr<VulkanDevice> device,
                                           const Settings& settings, const Borrowed& borrowed) {
    std::shared_ptr<GpuImage> made(new GpuImage(std::move(device), settings));
    made->owned_ = false;
    made->borrowed_ = borrowed;
    return made;
}

GpuStatus GpuImage::make_image() {
    const std::uint32_t limit = device_->traits().limits.maxImageDimension2D;
    if (device_->lost())
        return GpuStatus::device_lost;
    if (settings_.width == 0 || settings_.height == 0 || settings_.width > limit ||
        settings_.height > limit)
        return GpuStatus::bad_input;
    if (!supports(*device_, settings_.format, settings_.storage, settings_.sampled))
        return GpuStatus::unsupported;

    VkImageCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO;
    info.imageType = VK_IMAGE_TYPE_2D;
    info.format = settings_.format;
    info.extent = {settings_.width, settings_.height, 1};
    info.mipLevels = 1;
    info.arrayLayers = 1;
    info.samples = VK_SAMPLE_COUNT_1_BIT;
    info.tiling = VK_IMAGE_TILING_OPTIMAL;
    info.usage = usage_of(settings_.storage, settings_.sampled);
    info.initialLayout = VK_IMAGE_LAYOUT_UNDEFINED;
    const auto families = device_->families();
    if (families.size() > 1) {
        info.sharingMode = VK_SHARING_MODE_CONCURRENT;
        info.queueFamilyIndexCount = static_cast<std::uint32_t>(families.size());
        info.pQueueFamilyIndices = families.data();
    }
    const auto& api = device_->api();
    const GpuStatus status =
        device_->check(api.vkCreateImage(device_->handle(), &info, nullptr, &borrowed_.image));
    return status == GpuStatus::ok ? make_memory() : status;
}

GpuStatus GpuImage::make_memory() {
    const auto& api = device_->api();
    VkMemoryRequirements needs{};
    api.vkGetImageMemoryRequirements(device_->handle(), borrowed_.image, &needs);
    const auto type =
        device_->memory_type(needs.memoryTypeBits, 0, VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT);
    if (!type)
        return GpuStatus::unsupported;
    VkMemoryAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO;
    info.allocationSize = needs.size;
    info.memoryTypeIndex = *type;
    const GpuStatus status =
        device_->check(api.vkAllocateMemory(device_->handle(), &info, nullptr, &memory_));
    memory_bytes_ = status == GpuStatus::ok ? needs.size : 0;
    if (status != GpuStatus::ok)
        return status;
    return device_->check(api.vkBindImageMemory(device_->handle(), borrowed_.image, memory_, 0));
}

GpuStatus GpuImage::make_view() {
    VkImageViewCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_IMAGE_VIEW_CREATE_INFO;
    info.image = borrowed_.image;
    info.viewType = VK_IMAGE_VIEW_TYPE_2D;
    info.format = settings_.format;
    info.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    return device_->check(
        device_->api().vkCreateImageView(device_->handle(), &info, nullptr, &view_));
}

} // namespace tactus
