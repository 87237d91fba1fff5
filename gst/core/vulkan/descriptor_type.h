// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/shader_reflection.h"
#include "core/vulkan/vulkan_api.h"

namespace tactus {

/// How Vulkan calls a binding of that kind; `other` is no kind that can be bound.
inline VkDescriptorType descriptor_type(BindingKind kind) {
    switch (kind) {
    case BindingKind::uniform_buffer:
        return VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER;
    case BindingKind::storage_image:
        return VK_DESCRIPTOR_TYPE_STORAGE_IMAGE;
    case BindingKind::sampled_image:
        return VK_DESCRIPTOR_TYPE_COMBINED_IMAGE_SAMPLER;
    default:
        return VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    }
}

} // namespace tactus
