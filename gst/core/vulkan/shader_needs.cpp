// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/shader_needs.h"

#include <spirv/unified1/spirv.hpp11>

#include <algorithm>
#include <array>
#include <cstddef>

namespace tactus {
namespace {

constexpr std::size_t kHeaderWords = 5;

using Offered = bool (*)(const GpuTraits&);

struct Capability {
    spv::Capability id;
    const char* name;
    Offered offered;
};

bool always(const GpuTraits&) {
    return true;
}
bool since_1_1(const GpuTraits& traits) {
    return traits.api_version >= VK_API_VERSION_1_1;
}

template <VkBool32 VkPhysicalDeviceFeatures::*Feature>
bool core(const GpuTraits& traits) {
    return traits.features.*Feature == VK_TRUE;
}
template <VkBool32 VkPhysicalDeviceVulkan11Features::*Feature>
bool v11(const GpuTraits& traits) {
    return traits.features11.*Feature == VK_TRUE;
}
template <VkBool32 VkPhysicalDeviceVulkan12Features::*Feature>
bool v12(const GpuTraits& traits) {
    return traits.features12.*Feature == VK_TRUE;
}

using F = VkPhysicalDeviceFeatures;
using F11 = VkPhysicalDeviceVulkan11Features;
using F12 = VkPhysicalDeviceVulkan12Features;
using C = spv::Capability;

// The table "SPIR-V Capabilities" of the Vulkan specification, as far as compute shaders go.
constexpr std::array kCapabilities = {
    Capability{C::Matrix, "Matrix", always},
    Capability{C::Shader, "Shader", always},
    Capability{C::Sampled1D, "Sampled1D", always},
    Capability{C::Image1D, "Image1D", always},
    Capability{C::SampledBuffer, "SampledBuffer", always},
    Capability{C::ImageBuffer, "ImageBuffer", always},
    Capability{C::ImageQuery, "ImageQuery", always},
    Capability{C::DeviceGroup, "DeviceGroup", since_1_1},
    Capability{C::GroupNonUniform, "GroupNonUniform", since_1_1},
    Capability{C::GroupNonUniformVote, "GroupNonUniformVote", since_1_1},
    Capability{C::GroupNonUniformArithmetic, "GroupNonUniformArithmetic", since_1_1},
    Capability{C::GroupNonUniformBallot, "GroupNonUniformBallot", since_1_1},
    Capability{C::GroupNonUniformShuffle, "GroupNonUniformShuffle", since_1_1},
    Capability{C::GroupNonUniformShuffleRelative, "GroupNonUniformShuffleRelative", since_1_1},
    Capability{C::GroupNonUniformClustered, "GroupNonUniformClustered", since_1_1},
    Capability{C::GroupNonUniformQuad, "GroupNonUniformQuad", since_1_1},
    Capability{C::Float64, "Float64", core<&F::shaderFloat64>},
    Capability{C::Int64, "Int64", core<&F::shaderInt64>},
    Capability{C::Int16, "Int16", core<&F::shaderInt16>},
    Capability{C::ImageGatherExtended, "ImageGatherExtended", core<&F::shaderImageGatherExtended>},
    Capability{C::StorageImageExtendedFormats, "StorageImageExtendedFormats",
               core<&F::shaderStorageImageExtendedFormats>},
    Capability{C::StorageImageReadWithoutFormat, "StorageImageReadWithoutFormat",
               core<&F::shaderStorageImageReadWithoutFormat>},
    Capability{C::StorageImageWriteWithoutFormat, "StorageImageWriteWithoutFormat",
               core<&F::shaderStorageImageWriteWithoutFormat>},
    Capability{C::UniformBufferArrayDynamicIndexing, "UniformBufferArrayDynamicIndexing",
               core<&F::shaderUniformBufferArrayDynamicIndexing>},
    Capability{C::SampledImageArrayDynamicIndexing, "SampledImageArrayDynamicIndexing",
               core<&F::shaderSampledImageArrayDynamicIndexing>},
    Capability{C::StorageBufferArrayDynamicIndexing, "StorageBufferArrayDynamicIndexing",
               core<&F::shaderStorageBufferArrayDynamicIndexing>},
    Capability{C::StorageImageArrayDynamicIndexing, "StorageImageArrayDynamicIndexing",
               core<&F::shaderStorageImageArrayDynamicIndexing>},
    Capability{C::StorageBuffer16BitAccess, "StorageBuffer16BitAccess",
               v11<&F11::storageBuffer16BitAccess>},
    Capability{C::UniformAndStorageBuffer16BitAccess, "UniformAndStorageBuffer16BitAccess",
               v11<&F11::uniformAndStorageBuffer16BitAccess>},
    Capability{C::StoragePushConstant16, "StoragePushConstant16", v11<&F11::storagePushConstant16>},
    Capability{C::VariablePointersStorageBuffer, "VariablePointersStorageBuffer",
               v11<&F11::variablePointersStorageBuffer>},
    Capability{C::VariablePointers, "VariablePointers", v11<&F11::variablePointers>},
    Capability{C::Float16, "Float16", v12<&F12::shaderFloat16>},
    Capability{C::Int8, "Int8", v12<&F12::shaderInt8>},
    Capability{C::StorageBuffer8BitAccess, "StorageBuffer8BitAccess",
               v12<&F12::storageBuffer8BitAccess>},
    Capability{C::UniformAndStorageBuffer8BitAccess, "UniformAndStorageBuffer8BitAccess",
               v12<&F12::uniformAndStorageBuffer8BitAccess>},
    Capability{C::StoragePushConstant8, "StoragePushConstant8", v12<&F12::storagePushConstant8>},
    Capability{C::Int64Atomics, "Int64Atomics", v12<&F12::shaderBufferInt64Atomics>},
    Capability{C::VulkanMemoryModel, "VulkanMemoryModel", v12<&F12::vulkanMemoryModel>},
    Capability{C::VulkanMemoryModelDeviceScope, "VulkanMemoryModelDeviceScope",
               v12<&F12::vulkanMemoryModelDeviceScope>},
    Capability{C::ShaderNonUniform, "ShaderNonUniform", v12<&F12::descriptorIndexing>},
};

} // namespace

std::string missing_capability(std::span<const std::uint32_t> spirv, const GpuTraits& traits) {
    for (std::size_t at = kHeaderWords; at + 1 < spirv.size();) {
        const std::size_t words = spirv[at] >> 16U;
        const auto operation = static_cast<spv::Op>(spirv[at] & 0xFFFFU);
        // Capabilities come first in a module.
        if (operation != spv::Op::OpCapability || words == 0)
            break;
        const auto id = static_cast<spv::Capability>(spirv[at + 1]);
        const auto* const known =
            std::find_if(kCapabilities.begin(), kCapabilities.end(),
                         [id](const Capability& capability) { return capability.id == id; });
        if (known == kCapabilities.end())
            return "number " + std::to_string(spirv[at + 1]);
        if (!known->offered(traits))
            return known->name;
        at += words;
    }
    return {};
}

} // namespace tactus
