// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/gpu_ledger.h"

namespace tactus {

GpuLedger::Queue& GpuLedger::queue_of(const GpuWork& work) {
    for (const auto& queue : queues_)
        if (queue->device == work.device && queue->name == work.queue)
            return *queue;
    if (queues_.size() > kQueuesMax)
        return *queues_.back();
    auto queue = std::make_unique<Queue>();
    const bool is_last = queues_.size() == kQueuesMax;
    queue->device = is_last ? "others" : work.device;
    queue->name = is_last ? "" : work.queue;
    queues_.push_back(std::move(queue));
    return *queues_.back();
}

bool GpuLedger::add(const GpuWork& work) {
    constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15U;
    Queue& queue = queue_of(work);
    const Seen seen{work.begin_ticks, work.buffer_id};
    const std::size_t slot =
        (((work.begin_ticks * kMix) ^ work.buffer_id) * kMix >> 40) % kRemembered;
    if (queue.is_used[slot] && queue.seen[slot] == seen)
        return false;
    queue.is_used[slot] = true;
    queue.seen[slot] = seen;
    queue.method = work.method;
    queue.bound_ns = work.bound_ns;
    queue.skew_ppm = work.skew_ppm;
    ++queue.slices;
    queue.busy.record(work.end_ns > work.begin_ns ? work.end_ns - work.begin_ns : 0);
    return true;
}

std::vector<GpuQueueStats> GpuLedger::stats() const {
    std::vector<GpuQueueStats> all;
    for (const auto& queue : queues_)
        all.push_back({queue->device, queue->name, queue->method, queue->slices,
                       queue->busy.stats(), queue->bound_ns, queue->skew_ppm});
    return all;
}

void GpuLedger::reset() {
    for (const auto& queue : queues_) {
        queue->slices = 0;
        queue->busy.reset();
    }
}

} // namespace tactus
