// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"
#include "core/vulkan/vulkan_api.h"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus {

/// The Vulkan instance of our own devices: one plain and one with the validation layer, each made
/// at first use and shared for as long as somebody holds it.
///
/// Threads: any.
class VulkanInstance {
  public:
    /// Nothing without libvulkan.so.1, without a driver, or without the layer.
    static std::shared_ptr<VulkanInstance> get(bool validation, GpuError& error);
    /// Makes Vulkan's functions callable that take an instance or a physical device, for those of
    /// somebody else.
    static bool load_functions(VkInstance instance);

    ~VulkanInstance();
    VulkanInstance(const VulkanInstance&) = delete;
    VulkanInstance& operator=(const VulkanInstance&) = delete;

    VkInstance handle() const { return instance_; }
    bool validation() const { return validation_; }
    std::vector<VkPhysicalDevice> devices() const;

    /// What the validation layer said: warnings and errors.
    std::uint64_t messages() const { return messages_.load(std::memory_order_relaxed); }
    std::string text() const; ///< the first few
    void add_message(const char* text);

  private:
    explicit VulkanInstance(bool validation) : validation_(validation) {}
    GpuError make();
    bool listen();

    bool validation_;
    VkInstance instance_ = VK_NULL_HANDLE;
    VkDebugUtilsMessengerEXT messenger_ = VK_NULL_HANDLE;
    std::atomic<std::uint64_t> messages_{0};
    mutable std::mutex lock_;
    std::string text_;
};

} // namespace tactus
