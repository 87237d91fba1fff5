// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/job_check.h"

#include <algorithm>

namespace tactus {
namespace {

std::string number(std::uint64_t value) {
    return std::to_string(value);
}

bool is_buffer(BindingKind kind) {
    return kind == BindingKind::storage_buffer || kind == BindingKind::uniform_buffer;
}

bool inside(const BufferSlice& slice) {
    return slice.buffer != nullptr && slice.offset_bytes < slice.buffer->size_bytes() &&
           slice_bytes(slice) <= slice.buffer->size_bytes() - slice.offset_bytes;
}

std::string check_image_copy(const GpuCopy& copy, const BufferSlice& slice) {
    if (copy.image == nullptr)
        return "a copy between buffer and image has no image";
    const auto& image = copy.image->settings();
    const std::uint32_t texel = texel_size_bytes(image.format);
    const std::uint64_t row = copy.row_texels == 0 ? image.width : copy.row_texels;
    if (texel == 0)
        return "format " + number(image.format) + " cannot be copied";
    if (row < image.width)
        return "rows of " + number(row) + " texels for an image " + number(image.width) + " wide";
    if (slice.offset_bytes % std::max(texel, 4U) != 0)
        return "the offset " + number(slice.offset_bytes) + " is no multiple of " +
               number(std::max(texel, 4U));
    const std::uint64_t needs = (row * (image.height - 1) + image.width) * texel;
    if (needs > slice_bytes(slice))
        return "an image of " + number(needs) + " bytes and a buffer with " +
               number(slice_bytes(slice));
    return {};
}

std::string check_images(const GpuCopy& copy) {
    if (copy.image == nullptr || copy.to_image == nullptr)
        return "a copy between images lacks one";
    const auto& from = copy.image->settings();
    const auto& to = copy.to_image->settings();
    if (from.width != to.width || from.height != to.height)
        return "a copy of an image of " + number(from.width) + "x" + number(from.height) +
               " to one of " + number(to.width) + "x" + number(to.height);
    if (texel_size_bytes(from.format) != texel_size_bytes(to.format))
        return "a copy between images of formats " + number(from.format) + " and " +
               number(to.format);
    return {};
}

std::string check_copy(const GpuCopy& copy) {
    if (copy.kind == GpuCopy::Kind::image)
        return check_images(copy);
    const bool from_buffer = copy.kind != GpuCopy::Kind::image_to_buffer;
    const bool to_buffer = copy.kind != GpuCopy::Kind::buffer_to_image;
    if ((from_buffer && !inside(copy.from)) || (to_buffer && !inside(copy.to)))
        return "a copy reaches outside of its buffer";
    if (!from_buffer || !to_buffer)
        return check_image_copy(copy, from_buffer ? copy.from : copy.to);
    if (slice_bytes(copy.from) != slice_bytes(copy.to))
        return "a copy of " + number(slice_bytes(copy.from)) + " bytes to a place for " +
               number(slice_bytes(copy.to));
    return {};
}

std::string check_buffer_binding(const GpuBinding& given, BindingKind kind,
                                 const VkPhysicalDeviceLimits& limits) {
    if (!inside(given.buffer))
        return "needs a slice of a buffer";
    const bool uniform = kind == BindingKind::uniform_buffer;
    const std::uint64_t alignment =
        uniform ? limits.minUniformBufferOffsetAlignment : limits.minStorageBufferOffsetAlignment;
    const std::uint64_t range =
        uniform ? limits.maxUniformBufferRange : limits.maxStorageBufferRange;
    if (given.buffer.offset_bytes % alignment != 0)
        return "has the offset " + number(given.buffer.offset_bytes) +
               ", which is no multiple of " + number(alignment);
    if (slice_bytes(given.buffer) > range)
        return "has " + number(slice_bytes(given.buffer)) + " bytes; the device takes " +
               number(range);
    return {};
}

std::string check_image_binding(const GpuBinding& given, BindingKind kind) {
    if (given.image == nullptr)
        return "needs an image";
    const auto& image = given.image->settings();
    if (kind == BindingKind::storage_image ? !image.storage : !image.sampled)
        return "has an image that was not made for that use";
    return {};
}

std::string check_binding(const GpuDispatch& dispatch, const ShaderBinding& wanted,
                          std::uint32_t element, const VkPhysicalDeviceLimits& limits) {
    const auto same_place = [&](const GpuBinding& given) {
        return given.set == wanted.set && given.binding == wanted.binding &&
               given.element == element;
    };
    const auto count =
        std::count_if(dispatch.bindings.begin(), dispatch.bindings.end(), same_place);
    if (count != 1)
        return count == 0 ? "is not bound" : "is bound twice";
    const auto& given =
        *std::find_if(dispatch.bindings.begin(), dispatch.bindings.end(), same_place);
    return is_buffer(wanted.kind) ? check_buffer_binding(given, wanted.kind, limits)
                                  : check_image_binding(given, wanted.kind);
}

std::string check_dispatch(const GpuDispatch& dispatch, const VkPhysicalDeviceLimits& limits) {
    if (dispatch.pipeline == nullptr)
        return "a dispatch has no pipeline";
    const ShaderReflection& shader = dispatch.pipeline->reflection();
    if (dispatch.push_constants.size() != shader.push_size_bytes)
        return number(dispatch.push_constants.size()) +
               " bytes of push constants; the shader has " + number(shader.push_size_bytes);
    for (std::size_t axis = 0; axis < dispatch.groups.size(); ++axis) {
        const std::uint32_t limit = limits.maxComputeWorkGroupCount[axis];
        if (dispatch.groups[axis] == 0 || dispatch.groups[axis] > limit)
            return number(dispatch.groups[axis]) + " work groups; the device takes 1 to " +
                   number(limit);
    }
    for (const ShaderBinding& wanted : shader.bindings) {
        for (const GpuBinding& given : dispatch.bindings) {
            if (given.set == wanted.set && given.binding == wanted.binding &&
                given.element >= wanted.array_length)
                return "\"" + wanted.name + "\" has " + number(wanted.array_length) +
                       " elements, and no element " + number(given.element);
        }
        for (std::uint32_t element = 0; element < wanted.array_length; ++element) {
            const std::string problem = check_binding(dispatch, wanted, element, limits);
            if (!problem.empty())
                return "\"" + wanted.name + "\" (set " + number(wanted.set) + ", binding " +
                       number(wanted.binding) + ") " + problem;
        }
    }
    return {};
}

} // namespace

std::uint32_t texel_size_bytes(VkFormat format) {
    switch (format) {
    case VK_FORMAT_R8_UNORM:
    case VK_FORMAT_R8_UINT:
    case VK_FORMAT_R8_SINT:
    case VK_FORMAT_R8_SNORM:
        return 1;
    case VK_FORMAT_R8G8_UNORM:
    case VK_FORMAT_R8G8_UINT:
    case VK_FORMAT_R16_UNORM:
    case VK_FORMAT_R16_UINT:
    case VK_FORMAT_R16_SINT:
    case VK_FORMAT_R16_SFLOAT:
        return 2;
    case VK_FORMAT_R8G8B8A8_UNORM:
    case VK_FORMAT_B8G8R8A8_UNORM:
    case VK_FORMAT_R8G8B8A8_UINT:
    case VK_FORMAT_R8G8B8A8_SRGB:
    case VK_FORMAT_B8G8R8A8_SRGB:
    case VK_FORMAT_R16G16_UNORM:
    case VK_FORMAT_R16G16_UINT:
    case VK_FORMAT_R16G16_SFLOAT:
    case VK_FORMAT_R32_SFLOAT:
    case VK_FORMAT_R32_UINT:
    case VK_FORMAT_R32_SINT:
        return 4;
    case VK_FORMAT_R16G16B16A16_UNORM:
    case VK_FORMAT_R16G16B16A16_UINT:
    case VK_FORMAT_R16G16B16A16_SFLOAT:
    case VK_FORMAT_R32G32_SFLOAT:
    case VK_FORMAT_R32G32_UINT:
        return 8;
    case VK_FORMAT_R32G32B32A32_SFLOAT:
    case VK_FORMAT_R32G32B32A32_UINT:
        return 16;
    default:
        return 0;
    }
}

std::size_t slice_bytes(const BufferSlice& slice) {
    if (slice.size_bytes != 0)
        return slice.size_bytes;
    return slice.buffer->size_bytes() - slice.offset_bytes;
}

std::string check_job(const GpuJob& job, const GpuTraits& traits, unsigned max_dispatches) {
    if (job.dispatches.size() > max_dispatches)
        return number(job.dispatches.size()) + " dispatches; the ring takes " +
               number(max_dispatches);
    for (const auto* copies : {&job.uploads, &job.downloads}) {
        for (const GpuCopy& copy : *copies) {
            std::string problem = check_copy(copy);
            if (!problem.empty())
                return problem;
        }
    }
    for (const GpuDispatch& dispatch : job.dispatches) {
        std::string problem = check_dispatch(dispatch, traits.limits);
        if (!problem.empty())
            return problem;
    }
    return {};
}

} // namespace tactus
