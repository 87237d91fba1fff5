// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Built without gstreamer-vulkan-1.0: there are no frames in Vulkan images.
#include "vkcompute/shared_vulkan.h"

namespace tactus {

struct SharedVulkan::Impl {};

SharedVulkan::SharedVulkan(GstElement*) {}
SharedVulkan::~SharedVulkan() = default;

std::uint32_t SharedVulkan::formats() {
    return 0;
}

std::shared_ptr<VulkanDevice> SharedVulkan::join(const GpuTraits&, GpuError& error) {
    error = {GpuStatus::unsupported, "this vkcompute was built without gstreamer-vulkan-1.0"};
    return nullptr;
}

void SharedVulkan::leave() {}

bool SharedVulkan::answer(GstQuery*) const {
    return false;
}

void SharedVulkan::take_context(GstContext*) {}

GpuFrame SharedVulkan::frame_of(GstBuffer*, const FrameLayout&, GpuError&) {
    return {};
}

GpuStatus SharedVulkan::settle(GstBuffer*, std::uint64_t) {
    return GpuStatus::ok;
}

bool SharedVulkan::begin_output(GstCaps*) {
    return false;
}

GstBuffer* SharedVulkan::acquire() {
    return nullptr;
}

void SharedVulkan::note_use(GstBuffer*) {}

} // namespace tactus
