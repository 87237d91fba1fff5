// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/ring_slot.h"

#include <algorithm>
#include <utility>

namespace tactus {
namespace {

constexpr std::array kDescriptorTypes = {
    VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
    VK_DESCRIPTOR_TYPE_STORAGE_IMAGE, VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER};

} // namespace

RingSlot::RingSlot(std::shared_ptr<VulkanDevice> device, const Settings& settings)
    : device_(std::move(device)), settings_(settings),
      host_reset_(device_->traits().features12.hostQueryReset == VK_TRUE) {
    device_->count_object(1);
}

RingSlot::~RingSlot() {
    device_->count_object(-1);
    if (device_->abandoned())
        return;
    const auto& api = device_->api();
    for (SlotPart& part : parts_) {
        api.vkDestroyCommandPool(device_->handle(), part.pool, nullptr);
        api.vkDestroyQueryPool(device_->handle(), part.queries, nullptr);
    }
    api.vkDestroyDescriptorPool(device_->handle(), descriptors_, nullptr);
    api.vkDestroySemaphore(device_->handle(), timeline_, nullptr);
    api.vkDestroyFence(device_->handle(), fence_, nullptr);
}

std::unique_ptr<RingSlot> RingSlot::create(std::shared_ptr<VulkanDevice> device,
                                           const Settings& settings, GpuStatus& status) {
    std::unique_ptr<RingSlot> made(new RingSlot(std::move(device), settings));
    status = made->make_completion();
    for (JobPart which : {JobPart::upload, JobPart::compute, JobPart::download}) {
        if (status == GpuStatus::ok && made->queue(which) != nullptr)
            status = made->make_part(which);
    }
    return status == GpuStatus::ok ? std::move(made) : nullptr;
}

GpuStatus RingSlot::make_completion() {
    if (device_->lost())
        return GpuStatus::device_lost;
    if (!settings_.timeline) {
        VkFenceCreateInfo info{};
        info.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
        return device_->check(
            device_->api().vkCreateFence(device_->handle(), &info, nullptr, &fence_));
    }
    VkSemaphoreTypeCreateInfo type{};
    type.sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO;
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
    VkSemaphoreCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO;
    info.pNext = &type;
    return device_->check(
        device_->api().vkCreateSemaphore(device_->handle(), &info, nullptr, &timeline_));
}

GpuStatus RingSlot::make_part(JobPart which) {
    const auto& api = device_->api();
    SlotPart& made = part(which);
    VkCommandPoolCreateInfo pool{};
    pool.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
    pool.flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT;
    pool.queueFamilyIndex = queue(which)->family;
    GpuStatus status =
        device_->check(api.vkCreateCommandPool(device_->handle(), &pool, nullptr, &made.pool));
    if (status != GpuStatus::ok)
        return status;
    VkCommandBufferAllocateInfo buffer{};
    buffer.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
    buffer.commandPool = made.pool;
    buffer.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    buffer.commandBufferCount = 1;
    status =
        device_->check(api.vkAllocateCommandBuffers(device_->handle(), &buffer, &made.commands));
    // Queues for copies alone cannot reset queries themselves.
    const bool can_reset = host_reset_ || which == JobPart::compute;
    if (status != GpuStatus::ok || !settings_.timestamps || !can_reset ||
        queue(which)->timestamp_valid_bits == 0)
        return status;
    VkQueryPoolCreateInfo queries{};
    queries.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO;
    queries.queryType = VK_QUERY_TYPE_TIMESTAMP;
    queries.queryCount = query_count(which);
    return device_->check(
        api.vkCreateQueryPool(device_->handle(), &queries, nullptr, &made.queries));
}

std::uint32_t RingSlot::query_count(JobPart which) const {
    // A job without dispatches stamps once, too.
    return which == JobPart::compute ? 2 * std::max(settings_.max_dispatches, 1U) : 2;
}

GpuStatus RingSlot::make_descriptors(std::uint32_t sets, std::uint32_t each) {
    const auto& api = device_->api();
    if (sets <= descriptor_sets_ && each <= descriptors_each_) {
        if (descriptors_ == VK_NULL_HANDLE)
            return GpuStatus::ok;
        return device_->check(api.vkResetDescriptorPool(device_->handle(), descriptors_, 0));
    }
    api.vkDestroyDescriptorPool(device_->handle(), descriptors_, nullptr);
    descriptors_ = VK_NULL_HANDLE;
    descriptor_sets_ = 0;
    descriptors_each_ = 0;
    const std::uint32_t wanted_sets = std::max(sets, 1U);
    const std::uint32_t wanted_each = std::max(each, 1U);
    std::array<VkDescriptorPoolSize, kDescriptorTypes.size()> sizes{};
    for (std::size_t index = 0; index < sizes.size(); ++index)
        sizes[index] = {kDescriptorTypes[index], wanted_each};
    VkDescriptorPoolCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO;
    info.maxSets = wanted_sets;
    info.poolSizeCount = static_cast<std::uint32_t>(sizes.size());
    info.pPoolSizes = sizes.data();
    const GpuStatus status = device_->check(
        api.vkCreateDescriptorPool(device_->handle(), &info, nullptr, &descriptors_));
    if (status == GpuStatus::ok) {
        descriptor_sets_ = wanted_sets;
        descriptors_each_ = wanted_each;
    }
    return status;
}

GpuStatus RingSlot::prepare(const GpuJob& job) {
    const auto& api = device_->api();
    for (SlotPart& each : parts_) {
        each.used = false;
        each.used_queries = 0;
        if (each.pool == VK_NULL_HANDLE)
            continue;
        const GpuStatus status =
            device_->check(api.vkResetCommandPool(device_->handle(), each.pool, 0));
        if (status != GpuStatus::ok)
            return status;
    }
    if (fence_ != VK_NULL_HANDLE) {
        const GpuStatus status = device_->check(api.vkResetFences(device_->handle(), 1, &fence_));
        if (status != GpuStatus::ok)
            return status;
    }
    std::size_t sets = 0;
    std::size_t descriptors = 0;
    for (const GpuDispatch& dispatch : job.dispatches) {
        sets += dispatch.pipeline->set_layouts().size();
        for (const ShaderBinding& binding : dispatch.pipeline->reflection().bindings)
            descriptors += binding.array_length;
    }
    return make_descriptors(static_cast<std::uint32_t>(sets),
                            static_cast<std::uint32_t>(descriptors));
}

VkDescriptorSet RingSlot::allocate_set(VkDescriptorSetLayout layout) {
    VkDescriptorSetAllocateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO;
    info.descriptorPool = descriptors_;
    info.descriptorSetCount = 1;
    info.pSetLayouts = &layout;
    VkDescriptorSet set = VK_NULL_HANDLE;
    const GpuStatus status =
        device_->check(device_->api().vkAllocateDescriptorSets(device_->handle(), &info, &set));
    return status == GpuStatus::ok ? set : VK_NULL_HANDLE;
}

GpuStatus RingSlot::submit(JobPart which, std::uint64_t wait_for, std::uint64_t signal) {
    SlotPart& submitted = part(which);
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    VkTimelineSemaphoreSubmitInfo values{};
    values.sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO;
    values.waitSemaphoreValueCount = 1;
    values.pWaitSemaphoreValues = &wait_for;
    values.signalSemaphoreValueCount = 1;
    values.pSignalSemaphoreValues = &signal;
    VkSubmitInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
    info.commandBufferCount = 1;
    info.pCommandBuffers = &submitted.commands;
    if (timeline_ != VK_NULL_HANDLE) {
        info.pNext = &values;
        info.waitSemaphoreCount = wait_for != 0 ? 1 : 0;
        values.waitSemaphoreValueCount = info.waitSemaphoreCount;
        info.pWaitSemaphores = &timeline_;
        info.pWaitDstStageMask = &stage;
        info.signalSemaphoreCount = 1;
        info.pSignalSemaphores = &timeline_;
    }
    const GpuStatus status = device_->submit(*queue(which), info, fence_);
    if (status == GpuStatus::ok)
        value = signal;
    return status;
}

GpuStatus RingSlot::wait(std::uint64_t timeout_ns) const {
    if (device_->lost())
        return GpuStatus::device_lost;
    const auto& api = device_->api();
    if (timeline_ == VK_NULL_HANDLE)
        return device_->check(
            api.vkWaitForFences(device_->handle(), 1, &fence_, VK_TRUE, timeout_ns));
    VkSemaphoreWaitInfo info{};
    info.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO;
    info.semaphoreCount = 1;
    info.pSemaphores = &timeline_;
    info.pValues = &value;
    return device_->check(api.vkWaitSemaphores(device_->handle(), &info, timeout_ns));
}

std::vector<std::uint64_t> RingSlot::stamps(JobPart which) const {
    const SlotPart& stamped = parts_[static_cast<std::size_t>(which)];
    if (stamped.queries == VK_NULL_HANDLE || stamped.used_queries == 0 || !stamped.used ||
        device_->lost())
        return {};
    std::vector<std::uint64_t> values(stamped.used_queries);
    const VkResult result = device_->api().vkGetQueryPoolResults(
        device_->handle(), stamped.queries, 0, stamped.used_queries,
        values.size() * sizeof(std::uint64_t), values.data(), sizeof(std::uint64_t),
        VK_QUERY_RESULT_64_BIT);
    return device_->check(result) == GpuStatus::ok ? values : std::vector<std::uint64_t>{};
}

} // namespace tactus
