// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"
#include "core/vulkan/vulkan_device.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace tactus {

/// A two-dimensional image in device memory, to be bound as storage image or sampled and to be
/// copied from and to. It stays in VK_IMAGE_LAYOUT_GENERAL, where a SubmissionRing puts it at first
/// use; somebody else's may be in another layout before that.
///
/// Threads: as for GpuBuffer. Ownership: shared_ptr; keeps the device.
class GpuImage {
  public:
    struct Settings {
        VkFormat format = VK_FORMAT_R8G8B8A8_UNORM;
        std::uint32_t width = 0;
        std::uint32_t height = 0;
        bool storage = true; ///< a shader may read and write it
        bool sampled = true; ///< a shader may sample it
    };

    /// `unsupported` if the device cannot use the format so.
    static std::shared_ptr<GpuImage> create(std::shared_ptr<VulkanDevice> device,
                                            const Settings& settings, GpuStatus& status);
    /// What the device can do with the format: nothing needs to be allocated to know.
    static bool supports(const VulkanDevice& device, VkFormat format, bool storage, bool sampled);
    /// A part of somebody else's image, to be copied from and to; not destroyed here.
    struct Borrowed {
        VkImage image = VK_NULL_HANDLE;
        VkImageLayout layout = VK_IMAGE_LAYOUT_UNDEFINED;      ///< that it is in now
        VkImageAspectFlags aspect = VK_IMAGE_ASPECT_COLOR_BIT; ///< a plane, if it has several
        std::int32_t x = 0;                                    ///< where the part begins
        std::int32_t y = 0;
    };
    /// In `settings` the size of the part, and any format with texels as large as its own.
    static std::shared_ptr<GpuImage> borrow(std::shared_ptr<VulkanDevice> device,
                                            const Settings& settings, const Borrowed& borrowed);

    ~GpuImage();
    GpuImage(const GpuImage&) = delete;
    GpuImage& operator=(const GpuImage&) = delete;

    const Settings& settings() const { return settings_; }
    VkImage handle() const { return borrowed_.image; }
    bool is_borrowed() const { return !owned_; }
    const Borrowed& part() const { return borrowed_; }
    VkImageView view() const { return view_; }
    /// True once: the first user has to bring it into VK_IMAGE_LAYOUT_GENERAL.
    bool take_first_use() { return fresh_.exchange(false); }
    void forget_first_use() { fresh_.store(true); }

  private:
    GpuImage(std::shared_ptr<VulkanDevice> device, const Settings& settings);
    GpuStatus make_image();
    GpuStatus make_memory();
    GpuStatus make_view();

    std::shared_ptr<VulkanDevice> device_;
    Settings settings_;
    Borrowed borrowed_; ///< all of an image of our own, too
    VkDeviceMemory memory_ = VK_NULL_HANDLE;
    std::uint64_t memory_bytes_ = 0;
    VkImageView view_ = VK_NULL_HANDLE;
    bool owned_ = true;
    std::atomic<bool> fresh_{true};
};

} // namespace tactus
