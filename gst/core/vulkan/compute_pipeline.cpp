// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/compute_pipeline.h"

#include "core/vulkan/descriptor_type.h"
#include "core/vulkan/shader_needs.h"

#include <algorithm>
#include <string>
#include <utility>

namespace tactus {
namespace {

constexpr std::array kAxes = {'x', 'y', 'z'};

GpuError bad_input(std::string text) {
    return {GpuStatus::bad_input, std::move(text)};
}

std::string place_of(const ShaderBinding& binding) {
    return "\"" + binding.name + "\" (set " + std::to_string(binding.set) + ", binding " +
           std::to_string(binding.binding) + ")";
}

GpuError check_bindings(const ShaderReflection& reflection, std::uint32_t max_sets) {
    const ShaderBinding* before = nullptr;
    for (const ShaderBinding& binding : reflection.bindings) {
        if (binding.kind == BindingKind::other)
            return bad_input(place_of(binding) +
                             " is of a kind that cannot be bound; use storage or uniform buffers, "
                             "storage images and combined samplers (sampler2D)");
        if (binding.array_length == 0)
            return bad_input(place_of(binding) + " is an array of open length; give it one");
        if (binding.set >= max_sets)
            return bad_input(place_of(binding) + ": the device has sets 0 to " +
                             std::to_string(max_sets - 1));
        const bool shared =
            before != nullptr && before->set == binding.set && before->binding == binding.binding;
        if (shared &&
            (before->kind != binding.kind || before->array_length != binding.array_length))
            return bad_input(place_of(binding) + " and " + place_of(*before) +
                             " share a place but are of different kinds");
        before = &binding;
    }
    return {};
}

/// Constants as Vulkan wants them.
struct Specialization {
    std::vector<VkSpecializationMapEntry> entries;
    std::vector<std::uint64_t> values;
    VkSpecializationInfo info{};

    void add(std::uint32_t id, std::size_t size_bytes, std::uint64_t bits) {
        const auto offset = static_cast<std::uint32_t>(values.size() * sizeof(std::uint64_t));
        entries.push_back({id, offset, size_bytes});
        values.push_back(bits);
    }

    const VkSpecializationInfo* finish() {
        info.mapEntryCount = static_cast<std::uint32_t>(entries.size());
        info.pMapEntries = entries.data();
        info.dataSize = values.size() * sizeof(std::uint64_t);
        info.pData = values.data();
        return entries.empty() ? nullptr : &info;
    }
};

} // namespace

ComputePipeline::ComputePipeline(std::shared_ptr<VulkanDevice> device,
                                 std::shared_ptr<const Shader> shader)
    : device_(std::move(device)), shader_(std::move(shader)) {
    device_->count_object(1);
}

ComputePipeline::~ComputePipeline() {
    device_->count_object(-1);
    if (device_->abandoned())
        return;
    const auto& api = device_->api();
    api.vkDestroyPipeline(device_->handle(), pipeline_, nullptr);
    api.vkDestroyPipelineLayout(device_->handle(), layout_, nullptr);
    for (VkDescriptorSetLayout layout : set_layouts_)
        api.vkDestroyDescriptorSetLayout(device_->handle(), layout, nullptr);
}

std::shared_ptr<const ComputePipeline> ComputePipeline::create(std::shared_ptr<VulkanDevice> device,
                                                               std::shared_ptr<const Shader> shader,
                                                               const Settings& settings,
                                                               GpuError& error) {
    std::shared_ptr<ComputePipeline> made(
        new ComputePipeline(std::move(device), std::move(shader)));
    error = made->check_device();
    if (error.status == GpuStatus::ok)
        error = made->check_constants(settings);
    if (error.status == GpuStatus::ok)
        error = made->choose_local_size(settings);
    if (error.status != GpuStatus::ok)
        return nullptr;
    GpuStatus status = made->make_layouts();
    if (status == GpuStatus::ok)
        status = made->make_pipeline(settings);
    if (status == GpuStatus::ok)
        return made;
    error = {status, made->device_->traits().name + " cannot make a pipeline of the shader (" +
                         gpu_status_name(status) + ")"};
    return nullptr;
}

GpuError ComputePipeline::check_device() const {
    const GpuTraits& traits = device_->traits();
    const std::string missing = missing_capability(shader_->spirv(), traits);
    if (!missing.empty())
        return {GpuStatus::unsupported, "the shader needs the SPIR-V capability " + missing +
                                            ", which " + traits.name + " does not have"};
    if (reflection().push_size_bytes > traits.limits.maxPushConstantsSize)
        return {GpuStatus::unsupported, "the shader has " +
                                            std::to_string(reflection().push_size_bytes) +
                                            " bytes of push constants; " + traits.name + " takes " +
                                            std::to_string(traits.limits.maxPushConstantsSize)};
    return check_bindings(reflection(), traits.limits.maxBoundDescriptorSets);
}

GpuError ComputePipeline::check_constants(const Settings& settings) const {
    for (const Constant& constant : settings.constants) {
        const auto& known = reflection().constants;
        const bool found = std::any_of(known.begin(), known.end(), [&](const SpecConstant& entry) {
            return entry.id == constant.id;
        });
        if (found)
            continue;
        std::string text =
            "the shader has no specialization constant " + std::to_string(constant.id) + "; it has";
        for (const SpecConstant& entry : known)
            text += " " + std::to_string(entry.id) + " (" + entry.name + ")";
        return bad_input(known.empty() ? text + " none" : text);
    }
    return {};
}

GpuError ComputePipeline::choose_local_size(const Settings& settings) {
    const VkPhysicalDeviceLimits& limits = device_->traits().limits;
    local_size_ = reflection().local_size;
    std::uint64_t invocations = 1;
    for (std::size_t axis = 0; axis < local_size_.size(); ++axis) {
        const auto& id = reflection().local_size_ids[axis];
        for (const Constant& constant : settings.constants) {
            if (id == constant.id)
                local_size_[axis] = static_cast<std::uint32_t>(constant.bits);
        }
        const std::uint32_t wanted = settings.local_size[axis];
        if (wanted != 0 && !id && wanted != local_size_[axis])
            return bad_input(std::string("the shader fixes its local size in ") + kAxes[axis] +
                             " to " + std::to_string(local_size_[axis]) +
                             "; to choose it, declare "
                             "layout(local_size_" +
                             kAxes[axis] + "_id = NUMBER)");
        if (wanted != 0)
            local_size_[axis] = wanted;
        if (local_size_[axis] == 0 || local_size_[axis] > limits.maxComputeWorkGroupSize[axis])
            return bad_input(std::string("local size ") + std::to_string(local_size_[axis]) +
                             " in " + kAxes[axis] + "; the device has 1 to " +
                             std::to_string(limits.maxComputeWorkGroupSize[axis]));
        invocations *= local_size_[axis];
    }
    if (invocations > limits.maxComputeWorkGroupInvocations)
        return bad_input("a work group of " + std::to_string(invocations) +
                         " invocations; the device has up to " +
                         std::to_string(limits.maxComputeWorkGroupInvocations));
    return {};
}

std::array<std::uint32_t, 3> ComputePipeline::groups_for(std::uint32_t x, std::uint32_t y,
                                                         std::uint32_t z) const {
    const auto groups = [](std::uint64_t count, std::uint32_t size) {
        return static_cast<std::uint32_t>((count + size - 1) / size);
    };
    return {groups(x, local_size_[0]), groups(y, local_size_[1]), groups(z, local_size_[2])};
}

GpuStatus ComputePipeline::make_set_layout(std::uint32_t set) {
    std::vector<VkDescriptorSetLayoutBinding> bindings;
    for (const ShaderBinding& binding : reflection().bindings) {
        if (binding.set != set)
            continue;
        if (!bindings.empty() && bindings.back().binding == binding.binding)
            continue; // two variables for one place
        VkDescriptorSetLayoutBinding entry{};
        entry.binding = binding.binding;
        entry.descriptorType = descriptor_type(binding.kind);
        entry.descriptorCount = binding.array_length;
        entry.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
        bindings.push_back(entry);
    }
    VkDescriptorSetLayoutCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO;
    info.bindingCount = static_cast<std::uint32_t>(bindings.size());
    info.pBindings = bindings.data();
    VkDescriptorSetLayout layout = VK_NULL_HANDLE;
    const GpuStatus status = device_->check(
        device_->api().vkCreateDescriptorSetLayout(device_->handle(), &info, nullptr, &layout));
    if (status == GpuStatus::ok)
        set_layouts_.push_back(layout);
    return status;
}

GpuStatus ComputePipeline::make_layouts() {
    if (device_->lost())
        return GpuStatus::device_lost;
    const auto& bindings = reflection().bindings;
    const std::uint32_t sets = bindings.empty() ? 0 : bindings.back().set + 1;
    for (std::uint32_t set = 0; set < sets; ++set) {
        const GpuStatus status = make_set_layout(set);
        if (status != GpuStatus::ok)
            return status;
    }
    VkPushConstantRange range{};
    range.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT;
    range.size = reflection().push_size_bytes;
    VkPipelineLayoutCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
    info.setLayoutCount = sets;
    info.pSetLayouts = set_layouts_.data();
    info.pushConstantRangeCount = range.size != 0 ? 1 : 0;
    info.pPushConstantRanges = &range;
    return device_->check(
        device_->api().vkCreatePipelineLayout(device_->handle(), &info, nullptr, &layout_));
}

GpuStatus ComputePipeline::make_pipeline(const Settings& settings) {
    Specialization constants;
    const auto& axes = reflection().local_size_ids;
    for (const SpecConstant& known : reflection().constants) {
        const auto axis = std::find(axes.begin(), axes.end(), known.id);
        if (axis != axes.end()) {
            constants.add(known.id, sizeof(std::uint32_t),
                          local_size_[static_cast<std::size_t>(axis - axes.begin())]);
            continue;
        }
        for (const Constant& constant : settings.constants) {
            if (constant.id == known.id)
                constants.add(known.id, scalar_size_bytes(known.type), constant.bits);
        }
    }
    VkShaderModuleCreateInfo module_info{};
    module_info.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
    module_info.codeSize = shader_->spirv().size_bytes();
    module_info.pCode = shader_->spirv().data();
    VkShaderModule module = VK_NULL_HANDLE;
    GpuStatus status = device_->check(
        device_->api().vkCreateShaderModule(device_->handle(), &module_info, nullptr, &module));
    if (status != GpuStatus::ok)
        return status;
    VkComputePipelineCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = module;
    info.stage.pName = reflection().entry_point.c_str();
    info.stage.pSpecializationInfo = constants.finish();
    info.layout = layout_;
    status = device_->create_pipeline(info, pipeline_);
    if (!device_->abandoned())
        device_->api().vkDestroyShaderModule(device_->handle(), module, nullptr);
    return status;
}

} // namespace tactus
