// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/transfer_route.h"

namespace tactus {

const char* transfer_route_name(TransferRoute route) {
    switch (route) {
    case TransferRoute::automatic:
        return "automatic";
    case TransferRoute::compute:
        return "compute";
    case TransferRoute::one_queue:
        return "one-queue";
    case TransferRoute::two_queues:
        break;
    }
    return "two-queues";
}

RoutePlan plan_route(const VulkanDevice& device, const SubmissionRing::Settings& settings) {
    RoutePlan plan;
    const auto queues = device.queues();
    if (device.traits().features12.timelineSemaphore != VK_TRUE) {
        plan.reason = "the device has no timeline semaphores to order several queues";
        return plan;
    }
    if (settings.upload_queue || settings.download_queue) {
        const auto pick = [&](const std::optional<std::size_t>& index) {
            return index && *index > 0 && *index < queues.size() ? &queues[*index] : nullptr;
        };
        plan.upload = pick(settings.upload_queue);
        plan.download = pick(settings.download_queue);
        plan.route = TransferRoute::two_queues;
        plan.reason = "queues were named";
        return plan;
    }
    if (settings.route == TransferRoute::compute ||
        (settings.route == TransferRoute::automatic && device.traits().shares_memory())) {
        plan.reason = settings.route == TransferRoute::compute
                          ? "as asked for"
                          : "the device works in host memory, so copies keep it busy themselves";
        return plan;
    }
    const std::size_t transfers = device.transfer_queue_count();
    const std::size_t spare_compute = device.compute_queue_count() - 1;
    if (transfers == 0) {
        plan.reason = "the device has no queue for copies alone";
        return plan;
    }
    plan.upload = &queues[1];
    plan.download = &queues[1];
    plan.route = TransferRoute::one_queue;
    plan.reason = "the device has one queue for copies alone";
    if (settings.route == TransferRoute::one_queue) {
        plan.reason = "as asked for";
    } else if (transfers > 1 || spare_compute > 0) {
        plan.download = &queues[transfers > 1 ? 2 : 1 + transfers];
        plan.route = TransferRoute::two_queues;
        plan.reason = transfers > 1 ? "copies in and out overlap on two queues for copies"
                                    : "copies out go to a spare compute queue";
    }
    return plan;
}

} // namespace tactus
