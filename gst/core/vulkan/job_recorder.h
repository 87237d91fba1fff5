// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_job.h"
#include "core/vulkan/ring_slot.h"
#include "core/vulkan/vulkan_device.h"

#include <vector>

namespace tactus {

/// Writes a job into the command buffers of a slot. The job was checked (check_job) and the slot
/// prepared for it.
///
/// Between the steps stand barriers over all memory: a job's steps depend on each other anyway, and
/// drivers turn barriers for single resources into the same.
class JobRecorder {
  public:
    JobRecorder(VulkanDevice& device, RingSlot& slot);

    GpuStatus record(const GpuJob& job);
    /// The job was not submitted after all: its images are as they were.
    void forget();

  private:
    bool separate(JobPart which) const { return slot_.queue(which) != nullptr; }
    GpuStatus begin(JobPart which);
    GpuStatus end();
    GpuStatus record_compute(const GpuJob& job);
    void stamp();
    void barrier(VkPipelineStageFlags from, VkPipelineStageFlags to);
    void copies(const std::vector<GpuCopy>& list);
    void copy(const GpuCopy& what);
    void use(GpuImage* image);
    void use_images(const GpuDispatch& dispatch);
    GpuStatus dispatch(const GpuDispatch& what);
    void write_set(const GpuDispatch& what, std::uint32_t index, VkDescriptorSet set);

    VulkanDevice& device_;
    RingSlot& slot_;
    SlotPart* part_ = nullptr; ///< that is being recorded
    std::vector<GpuImage*> touched_;
};

} // namespace tactus
