// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_job.h"
#include "core/vulkan/gpu_status.h"
#include "core/vulkan/vulkan_device.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace tactus {

/// The parts of a job that may go to different queues.
enum class JobPart : std::uint8_t { upload, compute, download };
constexpr std::size_t kJobParts = 3;

/// What one part of a job needs on its queue.
struct SlotPart {
    VkCommandPool pool = VK_NULL_HANDLE;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    VkQueryPool queries = VK_NULL_HANDLE; ///< null: no timestamps there
    std::uint32_t used_queries = 0;
    bool used = false; ///< by the present job
};

/// The Vulkan objects of one place in a ring: for one job at a time, reused by the next.
///
/// Threads: one at a time. Ownership: RAII; abandons all if the device does
/// (VulkanDevice::abandoned).
class RingSlot {
  public:
    struct Settings {
        std::array<const GpuQueue*, kJobParts> queues{}; ///< null: the part is not separate
        unsigned max_dispatches = 16;
        bool timestamps = true;
        bool timeline = true;
    };

    static std::unique_ptr<RingSlot> create(std::shared_ptr<VulkanDevice> device,
                                            const Settings& settings, GpuStatus& status);
    ~RingSlot();
    RingSlot(const RingSlot&) = delete;
    RingSlot& operator=(const RingSlot&) = delete;

    /// Makes command buffers, queries and descriptors fit for the job, and frees those of the last.
    GpuStatus prepare(const GpuJob& job);
    /// A set of a pipeline; null if the pool is exhausted, which prepare prevents.
    VkDescriptorSet allocate_set(VkDescriptorSetLayout layout);

    SlotPart& part(JobPart which) { return parts_[static_cast<std::size_t>(which)]; }
    const GpuQueue* queue(JobPart which) const {
        return settings_.queues[static_cast<std::size_t>(which)];
    }
    /// Waits for the end of the present job.
    GpuStatus wait(std::uint64_t timeout_ns) const;
    GpuStatus submit(JobPart which, std::uint64_t wait_for, std::uint64_t signal);
    /// Stamps of a part in order; empty if there are none.
    std::vector<std::uint64_t> stamps(JobPart which) const;
    std::uint32_t query_count(JobPart which) const;
    bool host_reset() const { return host_reset_; }

    std::uint64_t value = 0; ///< of the timeline, once all that was submitted is done

  private:
    RingSlot(std::shared_ptr<VulkanDevice> device, const Settings& settings);
    GpuStatus make_part(JobPart which);
    GpuStatus make_completion();
    GpuStatus make_descriptors(std::uint32_t sets, std::uint32_t each);

    std::shared_ptr<VulkanDevice> device_;
    Settings settings_;
    bool host_reset_;
    std::array<SlotPart, kJobParts> parts_;
    VkSemaphore timeline_ = VK_NULL_HANDLE;
    VkFence fence_ = VK_NULL_HANDLE;
    VkDescriptorPool descriptors_ = VK_NULL_HANDLE;
    std::uint32_t descriptor_sets_ = 0;  ///< that the pool has
    std::uint32_t descriptors_each_ = 0; ///< of each type
};

} // namespace tactus
