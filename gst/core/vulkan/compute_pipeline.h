// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"
#include "core/vulkan/shader.h"
#include "core/vulkan/vulkan_device.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace tactus {

/// A shader made ready for a device.
///
/// Threads: any may create; immutable then. A pipeline in use by a job must live until the job is
/// collected. Ownership: shared_ptr; keeps device and shader.
class ComputePipeline {
  public:
    struct Constant {
        std::uint32_t id = 0;
        std::uint64_t bits = 0; ///< the value, in the low bytes, as the shader's type wants it
    };
    struct Settings {
        std::vector<Constant> constants;
        /// Sets the constants behind the local size where the shader leaves it open; 0: as they
        /// are.
        std::array<std::uint32_t, 3> local_size{0, 0, 0};
    };

    /// Says what the device lacks if it cannot run the shader.
    static std::shared_ptr<const ComputePipeline> create(std::shared_ptr<VulkanDevice> device,
                                                         std::shared_ptr<const Shader> shader,
                                                         const Settings& settings, GpuError& error);
    ~ComputePipeline();
    ComputePipeline(const ComputePipeline&) = delete;
    ComputePipeline& operator=(const ComputePipeline&) = delete;

    const ShaderReflection& reflection() const { return shader_->reflection(); }
    /// After specialization.
    const std::array<std::uint32_t, 3>& local_size() const { return local_size_; }
    /// Work groups that cover so many invocations.
    std::array<std::uint32_t, 3> groups_for(std::uint32_t x, std::uint32_t y = 1,
                                            std::uint32_t z = 1) const;

    VkPipeline handle() const { return pipeline_; }
    VkPipelineLayout layout() const { return layout_; }
    /// One per descriptor set; sets that the shader skips are empty.
    const std::vector<VkDescriptorSetLayout>& set_layouts() const { return set_layouts_; }

  private:
    ComputePipeline(std::shared_ptr<VulkanDevice> device, std::shared_ptr<const Shader> shader);
    GpuError check_device() const;
    GpuError check_constants(const Settings& settings) const;
    GpuError choose_local_size(const Settings& settings);
    GpuStatus make_set_layout(std::uint32_t set);
    GpuStatus make_layouts();
    GpuStatus make_pipeline(const Settings& settings);

    std::shared_ptr<VulkanDevice> device_;
    std::shared_ptr<const Shader> shader_;
    std::array<std::uint32_t, 3> local_size_{1, 1, 1};
    std::vector<VkDescriptorSetLayout> set_layouts_;
    VkPipelineLayout layout_ = VK_NULL_HANDLE;
    VkPipeline pipeline_ = VK_NULL_HANDLE;
};

} // namespace tactus
