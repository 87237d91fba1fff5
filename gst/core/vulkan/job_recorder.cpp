// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/job_recorder.h"

#include "core/vulkan/descriptor_type.h"
#include "core/vulkan/job_check.h"

namespace tactus {
namespace {

constexpr VkPipelineStageFlags kCompute = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
constexpr VkPipelineStageFlags kTransfer = VK_PIPELINE_STAGE_TRANSFER_BIT;
constexpr VkPipelineStageFlags kAnything = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
constexpr VkAccessFlags kAnyWrite = VK_ACCESS_MEMORY_WRITE_BIT;

VkAccessFlags access_of(VkPipelineStageFlags stages) {
    VkAccessFlags access = 0;
    if ((stages & kCompute) != 0)
        access |=
            VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_UNIFORM_READ_BIT;
    if ((stages & kTransfer) != 0)
        access |= VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    if ((stages & VK_PIPELINE_STAGE_HOST_BIT) != 0)
        access |= VK_ACCESS_HOST_READ_BIT;
    return access;
}

VkBufferImageCopy image_region(const GpuCopy& what, const BufferSlice& slice) {
    VkBufferImageCopy region{};
    region.bufferOffset = slice.offset_bytes;
    region.bufferRowLength = what.row_texels;
    const GpuImage::Borrowed& part = what.image->part();
    region.imageSubresource = {part.aspect, 0, 0, 1};
    region.imageOffset = {part.x, part.y, 0};
    region.imageExtent = {what.image->settings().width, what.image->settings().height, 1};
    return region;
}

VkImageCopy images_region(const GpuImage& from, const GpuImage& to) {
    VkImageCopy region{};
    region.srcSubresource = {from.part().aspect, 0, 0, 1};
    region.srcOffset = {from.part().x, from.part().y, 0};
    region.dstSubresource = {to.part().aspect, 0, 0, 1};
    region.dstOffset = {to.part().x, to.part().y, 0};
    region.extent = {from.settings().width, from.settings().height, 1};
    return region;
}

bool is_image(VkDescriptorType type) {
    return type == VK_DESCRIPTOR_TYPE_STORAGE_IMAGE ||
           type == VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
}

VkDescriptorType type_of(const ShaderReflection& shader, const GpuBinding& given) {
    for (const ShaderBinding& wanted : shader.bindings) {
        if (wanted.set == given.set && wanted.binding == given.binding)
            return descriptor_type(wanted.kind);
    }
    return VK_DESCRIPTOR_TYPE_MAX_ENUM; // the shader has no such binding
}

} // namespace

JobRecorder::JobRecorder(VulkanDevice& device, RingSlot& slot) : device_(device), slot_(slot) {}

GpuStatus JobRecorder::record(const GpuJob& job) {
    GpuStatus status = GpuStatus::ok;
    if (separate(JobPart::upload) && !job.uploads.empty()) {
        status = begin(JobPart::upload);
        if (status != GpuStatus::ok)
            return status;
        copies(job.uploads);
        status = end();
    }
    const bool copies_here = (!separate(JobPart::upload) && !job.uploads.empty()) ||
                             (!separate(JobPart::download) && !job.downloads.empty());
    const bool nothing = job.uploads.empty() && job.downloads.empty();
    if (status == GpuStatus::ok && (!job.dispatches.empty() || copies_here || nothing))
        status = record_compute(job);
    if (status != GpuStatus::ok || !separate(JobPart::download) || job.downloads.empty())
        return status;
    status = begin(JobPart::download);
    if (status != GpuStatus::ok)
        return status;
    copies(job.downloads);
    return end();
}

GpuStatus JobRecorder::record_compute(const GpuJob& job) {
    GpuStatus status = begin(JobPart::compute);
    if (status != GpuStatus::ok)
        return status;
    // What earlier jobs did on this queue.
    barrier(kCompute | kTransfer, kCompute | kTransfer);
    if (!separate(JobPart::upload) && !job.uploads.empty()) {
        copies(job.uploads);
        barrier(kTransfer, kCompute | kTransfer);
    }
    for (const GpuDispatch& each : job.dispatches) {
        use_images(each);
        if (&each != &job.dispatches.front())
            barrier(kCompute, kCompute);
        stamp();
        status = dispatch(each);
        if (status != GpuStatus::ok)
            return status;
        stamp();
    }
    if (job.dispatches.empty()) {
        stamp();
        stamp();
    }
    if (!separate(JobPart::download) && !job.downloads.empty()) {
        barrier(kCompute | kTransfer, kTransfer);
        copies(job.downloads);
    }
    return end();
}

GpuStatus JobRecorder::begin(JobPart which) {
    part_ = &slot_.part(which);
    part_->used = true;
    VkCommandBufferBeginInfo info{};
    info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
    info.flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
    const GpuStatus status =
        device_.check(device_.api().vkBeginCommandBuffer(part_->commands, &info));
    if (status != GpuStatus::ok || part_->queries == VK_NULL_HANDLE)
        return status;
    const std::uint32_t count = slot_.query_count(which);
    if (slot_.host_reset())
        device_.api().vkResetQueryPool(device_.handle(), part_->queries, 0, count);
    else
        device_.api().vkCmdResetQueryPool(part_->commands, part_->queries, 0, count);
    if (which != JobPart::compute)
        stamp();
    return status;
}

GpuStatus JobRecorder::end() {
    if (part_ != &slot_.part(JobPart::compute))
        stamp();
    barrier(part_ == &slot_.part(JobPart::compute) ? kCompute | kTransfer : kTransfer,
            VK_PIPELINE_STAGE_HOST_BIT);
    return device_.check(device_.api().vkEndCommandBuffer(part_->commands));
}

void JobRecorder::forget() {
    for (GpuImage* image : touched_)
        image->forget_first_use();
}

/// At the bottom of the pipe: after all that was before, and so not while an earlier dispatch or a
/// wait for a copy still runs.
void JobRecorder::stamp() {
    if (part_->queries == VK_NULL_HANDLE)
        return;
    device_.api().vkCmdWriteTimestamp(part_->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                                      part_->queries, part_->used_queries);
    ++part_->used_queries;
}

void JobRecorder::barrier(VkPipelineStageFlags from, VkPipelineStageFlags to) {
    VkMemoryBarrier memory{};
    memory.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
    memory.srcAccessMask = access_of(from);
    memory.dstAccessMask = access_of(to);
    device_.api().vkCmdPipelineBarrier(part_->commands, from, to, 0, 1, &memory, 0, nullptr, 0,
                                       nullptr);
}

void JobRecorder::copies(const std::vector<GpuCopy>& list) {
    for (const GpuCopy& each : list) {
        if (each.kind != GpuCopy::Kind::buffer)
            use(each.image);
        if (each.kind == GpuCopy::Kind::image)
            use(each.to_image);
    }
    for (const GpuCopy& each : list)
        copy(each);
}

void JobRecorder::copy(const GpuCopy& what) {
    const auto& api = device_.api();
    if (what.kind == GpuCopy::Kind::buffer) {
        const VkBufferCopy region{what.from.offset_bytes, what.to.offset_bytes,
                                  slice_bytes(what.from)};
        api.vkCmdCopyBuffer(part_->commands, what.from.buffer->handle(), what.to.buffer->handle(),
                            1, &region);
        return;
    }
    if (what.kind == GpuCopy::Kind::image) {
        const VkImageCopy region = images_region(*what.image, *what.to_image);
        api.vkCmdCopyImage(part_->commands, what.image->handle(), VK_IMAGE_LAYOUT_GENERAL,
                           what.to_image->handle(), VK_IMAGE_LAYOUT_GENERAL, 1, &region);
        return;
    }
    if (what.kind == GpuCopy::Kind::buffer_to_image) {
        const VkBufferImageCopy region = image_region(what, what.from);
        api.vkCmdCopyBufferToImage(part_->commands, what.from.buffer->handle(),
                                   what.image->handle(), VK_IMAGE_LAYOUT_GENERAL, 1, &region);
        return;
    }
    const VkBufferImageCopy region = image_region(what, what.to);
    api.vkCmdCopyImageToBuffer(part_->commands, what.image->handle(), VK_IMAGE_LAYOUT_GENERAL,
                               what.to.buffer->handle(), 1, &region);
}

void JobRecorder::use(GpuImage* image) {
    if (!image->take_first_use())
        return;
    touched_.push_back(image);
    const bool computes = part_ == &slot_.part(JobPart::compute);
    const VkPipelineStageFlags stages = computes ? kCompute | kTransfer : kTransfer;
    VkImageMemoryBarrier transition{};
    transition.sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_BARRIER;
    // What its owner did with it, on this queue, may have been anything.
    const bool borrowed = image->is_borrowed();
    transition.srcAccessMask = borrowed ? kAnyWrite : 0;
    transition.dstAccessMask = access_of(stages);
    transition.oldLayout = image->part().layout;
    transition.newLayout = VK_IMAGE_LAYOUT_GENERAL;
    transition.srcQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    transition.dstQueueFamilyIndex = VK_QUEUE_FAMILY_IGNORED;
    transition.image = image->handle();
    transition.subresourceRange = {VK_IMAGE_ASPECT_COLOR_BIT, 0, 1, 0, 1};
    device_.api().vkCmdPipelineBarrier(part_->commands, borrowed ? kAnything : stages, stages, 0, 0,
                                       nullptr, 0, nullptr, 1, &transition);
}

void JobRecorder::use_images(const GpuDispatch& dispatch) {
    for (const GpuBinding& binding : dispatch.bindings) {
        if (binding.image != nullptr)
            use(binding.image);
    }
}

GpuStatus JobRecorder::dispatch(const GpuDispatch& what) {
    const auto& api = device_.api();
    const ComputePipeline& pipeline = *what.pipeline;
    std::vector<VkDescriptorSet> sets;
    for (VkDescriptorSetLayout layout : pipeline.set_layouts()) {
        VkDescriptorSet set = slot_.allocate_set(layout);
        if (set == VK_NULL_HANDLE)
            return device_.lost() ? GpuStatus::device_lost : GpuStatus::out_of_memory;
        write_set(what, static_cast<std::uint32_t>(sets.size()), set);
        sets.push_back(set);
    }
    api.vkCmdBindPipeline(part_->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.handle());
    if (!sets.empty())
        api.vkCmdBindDescriptorSets(part_->commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                                    pipeline.layout(), 0, static_cast<std::uint32_t>(sets.size()),
                                    sets.data(), 0, nullptr);
    if (!what.push_constants.empty())
        api.vkCmdPushConstants(part_->commands, pipeline.layout(), VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               static_cast<std::uint32_t>(what.push_constants.size()),
                               what.push_constants.data());
    api.vkCmdDispatch(part_->commands, what.groups[0], what.groups[1], what.groups[2]);
    return GpuStatus::ok;
}

void JobRecorder::write_set(const GpuDispatch& what, std::uint32_t index, VkDescriptorSet set) {
    const std::size_t count = what.bindings.size();
    std::vector<VkDescriptorBufferInfo> buffers(count);
    std::vector<VkDescriptorImageInfo> images(count);
    std::vector<VkWriteDescriptorSet> writes;
    for (std::size_t at = 0; at < count; ++at) {
        const GpuBinding& given = what.bindings[at];
        const VkDescriptorType type = type_of(what.pipeline->reflection(), given);
        if (given.set != index || type == VK_DESCRIPTOR_TYPE_MAX_ENUM)
            continue;
        VkWriteDescriptorSet write{};
        write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET;
        write.dstSet = set;
        write.dstBinding = given.binding;
        write.dstArrayElement = given.element;
        write.descriptorCount = 1;
        write.descriptorType = type;
        if (is_image(type)) {
            images[at] = {device_.sampler(given.filter), given.image->view(),
                          VK_IMAGE_LAYOUT_GENERAL};
            write.pImageInfo = &images[at];
        } else {
            buffers[at] = {given.buffer.buffer->handle(), given.buffer.offset_bytes,
                           slice_bytes(given.buffer)};
            write.pBufferInfo = &buffers[at];
        }
        writes.push_back(write);
    }
    device_.api().vkUpdateDescriptorSets(
        device_.handle(), static_cast<std::uint32_t>(writes.size()), writes.data(), 0, nullptr);
}

} // namespace tactus
