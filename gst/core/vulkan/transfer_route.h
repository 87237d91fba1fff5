// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/submission_ring.h"
#include "core/vulkan/vulkan_device.h"

namespace tactus {

/// Queues for copies; null: they go to the compute queue, in the same command buffer.
struct RoutePlan {
    TransferRoute route = TransferRoute::compute;
    const char* reason = "";
    const GpuQueue* upload = nullptr;
    const GpuQueue* download = nullptr;
};

RoutePlan plan_route(const VulkanDevice& device, const SubmissionRing::Settings& settings);

} // namespace tactus
