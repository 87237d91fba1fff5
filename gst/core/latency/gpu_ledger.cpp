// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/gpu_ledger.h"

#include <algorithm>

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

bool GpuLedger::remember(Queue& queue, const Seen& seen) {
    constexpr std::uint64_t kMix = 0x9E3779B97F4A7C15U;
    const std::size_t number = (((seen.begin_ticks * kMix) ^ seen.buffer_id) * kMix >> 40) % kSets;
    Set& set = queue.sets[number];
    const auto end = set.seen.begin() + static_cast<std::ptrdiff_t>(set.used);
    if (std::find(set.seen.begin(), end, seen) != end)
        return false;
    set.seen[set.next] = seen;
    set.next = (set.next + 1) % kWays;
    set.used = std::min(set.used + 1, kWays);
    return true;
}

bool GpuLedger::add(const GpuWork& work) {
    Queue& queue = queue_of(work);
    if (!remember(queue, {work.begin_ticks, work.buffer_id}))
        return false;
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
