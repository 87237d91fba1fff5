// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/stream_copy.h"
#include "machine.h"
#include "vulkan_bench.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace tactus::bench {
namespace {

constexpr unsigned kInFlight = 4;
constexpr const char* kCopyShader = R"(#version 460
layout(local_size_x_id = 0) in;
layout(std430, binding = 0) readonly buffer In { uvec4 source[]; };
layout(std430, binding = 1) writeonly buffer Out { uvec4 target[]; };
layout(push_constant) uniform Push { uint count; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < count) target[i] = source[i];
}
)";

std::string queue_name(const Bench& bench, std::size_t index) {
    const auto queues = bench.device->queues();
    const bool copies = index >= 1 && index <= bench.device->transfer_queue_count();
    return std::to_string(queues[index].family) + "." + std::to_string(queues[index].index) +
           (copies ? "(copy)" : "(compute)");
}

/// One direction: a ring whose jobs are one copy each, on one queue.
struct Direction {
    std::unique_ptr<SubmissionRing> ring;
    std::vector<std::shared_ptr<GpuBuffer>> from;
    std::vector<std::shared_ptr<GpuBuffer>> to;

    Direction(Bench& bench, std::size_t queue, bool in) {
        SubmissionRing::Settings settings;
        settings.route = TransferRoute::compute;
        if (queue != 0)
            settings.upload_queue = queue;
        ring = make_ring(bench, kInFlight, settings);
        for (unsigned index = 0; index < kInFlight; ++index) {
            const std::size_t size = bench.options.frame_bytes();
            from.push_back(in ? make_host(bench, size) : make_device(bench, size));
            to.push_back(in ? make_device(bench, size) : make_host(bench, size));
        }
    }

    double run(double seconds, std::size_t size_bytes) {
        return pump(*ring, seconds,
                    [&](unsigned slot) {
                        GpuJob job;
                        job.uploads = {{.from = {from[slot].get(), 0, size_bytes},
                                        .to = {to[slot].get(), 0, size_bytes}}};
                        return job;
                    }) *
               static_cast<double>(size_bytes) * 1e-9;
    }
};

struct Both {
    double in = 0;
    double out = 0;
};

Both run_both(Bench& bench, std::size_t in_queue, std::size_t out_queue) {
    Direction in(bench, in_queue, true);
    Direction out(bench, out_queue, false);
    const std::size_t size = bench.options.frame_bytes();
    Both both;
    std::thread other([&] {
        try {
            both.out = out.run(bench.options.seconds, size);
        } catch (const std::exception&) {
            both.out = 0; // the other direction says why
        }
    });
    try {
        both.in = in.run(bench.options.seconds, size);
    } catch (const std::exception&) {
        other.join();
        throw;
    }
    other.join();
    return both;
}

/// Pairs of queues worth a try.
std::vector<std::pair<std::size_t, std::size_t>> candidate_pairs(const VulkanDevice& device) {
    const std::size_t copies = device.transfer_queue_count();
    const std::size_t all = device.queues().size();
    std::vector<std::pair<std::size_t, std::size_t>> pairs = {{0, 0}};
    if (copies >= 1)
        pairs.insert(pairs.end(), {{1, 1}, {1, 0}, {0, 1}});
    if (copies >= 2)
        pairs.insert(pairs.end(), {{1, 2}, {2, 1}});
    if (all > 1 + copies)
        pairs.insert(pairs.end(), {{0, 1 + copies}});
    return pairs;
}

void measure_host_copies(Bench& bench) {
    bench.figures.section("copies between host and device, GB/s");
    const std::size_t size = bench.options.frame_bytes();
    for (std::size_t queue = 0; queue <= bench.device->transfer_queue_count(); ++queue) {
        const std::string name = queue_name(bench, queue);
        bench.figures.add("in on " + name,
                          Direction(bench, queue, true).run(bench.options.seconds, size), "GB/s");
        bench.figures.add("out on " + name,
                          Direction(bench, queue, false).run(bench.options.seconds, size), "GB/s");
    }
    for (const auto& pair : candidate_pairs(*bench.device)) {
        const Both both = run_both(bench, pair.first, pair.second);
        bench.bidirectional_gbs = std::max(bench.bidirectional_gbs, both.in + both.out);
        bench.figures.add("both at once, in on " + queue_name(bench, pair.first) + ", out on " +
                              queue_name(bench, pair.second),
                          both.in + both.out, "GB/s",
                          "in " + std::to_string(both.in) + ", out " + std::to_string(both.out));
    }
    bench.figures.add("both at once, best", bench.bidirectional_gbs, "GB/s");
}

void measure_device_copy(Bench& bench, std::size_t size_bytes, const std::string& name) {
    // Enough copies per job that submitting them costs nothing beside them.
    const std::size_t copies = std::clamp<std::size_t>((std::size_t{1} << 30U) / size_bytes, 2, 16);
    std::vector<std::shared_ptr<GpuBuffer>> buffers;
    for (std::size_t index = 0; index <= copies; ++index)
        buffers.push_back(make_device(bench, size_bytes));
    SubmissionRing::Settings settings;
    settings.route = TransferRoute::compute;
    const auto ring = make_ring(bench, 3, settings);
    const double jobs = pump(*ring, bench.options.seconds, [&](unsigned) {
        GpuJob job;
        // All from one source to places of their own: nothing has to wait for another.
        for (std::size_t index = 1; index <= copies; ++index)
            job.uploads.push_back({.from = {buffers[0].get()}, .to = {buffers[index].get()}});
        return job;
    });
    const double rate = jobs * static_cast<double>(copies * size_bytes) * 2e-9;
    bench.device_copy_gbs = std::max(bench.device_copy_gbs, rate);
    bench.figures.add("device copy, " + name, rate, "GB/s", "read and written");
}

/// The queue's own copies may be slow where its family is not made for them; a shader shows what
/// the memory can do.
void measure_copy_kernel(Bench& bench, BufferPlace place, std::size_t size_bytes) {
    const auto pipeline = make_pipeline(bench, kCopyShader, 256);
    const auto make = place == BufferPlace::host ? make_host : make_device;
    const auto from = make(bench, size_bytes);
    const auto to = make(bench, size_bytes);
    const auto ring = make_ring(bench, 3, {});
    std::vector<double> kernel_ns;
    pump(
        *ring, bench.options.seconds,
        [&](unsigned) {
            const auto count = static_cast<std::uint32_t>(size_bytes / 16);
            GpuDispatch dispatch;
            dispatch.pipeline = pipeline.get();
            dispatch.bindings = {{.binding = 0, .buffer = {from.get()}},
                                 {.binding = 1, .buffer = {to.get()}}};
            dispatch.push_constants.resize(sizeof count);
            std::memcpy(dispatch.push_constants.data(), &count, sizeof count);
            dispatch.groups = pipeline->groups_for(count);
            return GpuJob{.dispatches = {dispatch}};
        },
        [&](unsigned, const JobResult& result) {
            if (!result.dispatches.empty())
                kernel_ns.push_back(result.dispatches.front().duration_ns);
        });
    if (kernel_ns.empty())
        return;
    const double rate = static_cast<double>(size_bytes) * 2 / median(kernel_ns);
    if (place == BufferPlace::device)
        bench.device_copy_gbs = std::max(bench.device_copy_gbs, rate);
    bench.figures.add(place == BufferPlace::device ? "copy by a shader, large buffers"
                                                   : "copy by a shader, host to host, frames",
                      rate, "GB/s", "read and written");
}

template <typename Copy>
double copy_rate(const BenchOptions& options, const Copy& copy) {
    std::vector<double> ns;
    for (int round = 0; round < 7; ++round) {
        const std::uint64_t begin = now_ns();
        copy();
        ns.push_back(static_cast<double>(now_ns() - begin));
    }
    return static_cast<double>(options.frame_bytes()) / median(ns);
}

void measure_cpu_copies(Bench& bench) {
    bench.figures.section("copies by the CPU, a frame, GB/s (read alone)");
    const std::size_t size = bench.options.frame_bytes();
    const auto pinned = make_host(bench, size);
    const std::vector<std::byte> heap(size, std::byte{1});
    for (unsigned threads : {1U, 2U, 4U}) {
        const double rate = copy_rate(bench.options, [&] {
            std::vector<std::thread> workers;
            const std::size_t part = size / threads;
            for (unsigned index = 0; index < threads; ++index)
                workers.emplace_back([&, index] {
                    std::memcpy(pinned->data() + index * part, heap.data() + index * part, part);
                });
            for (std::thread& worker : workers)
                worker.join();
        });
        bench.figures.add("memcpy, heap to pinned, threads " + std::to_string(threads), rate,
                          "GB/s");
    }
    bench.figures.add(
        "stream_copy, heap to pinned",
        copy_rate(bench.options, [&] { stream_copy(pinned->data(), heap.data(), size); }), "GB/s");
}

} // namespace

void measure_copies(Bench& bench) {
    measure_host_copies(bench);
    bench.figures.section("copies within the device, GB/s");
    measure_device_copy(bench, bench.options.frame_bytes(), "frames");
    bench.device_copy_gbs = 0; // small copies may stay in a cache
    measure_device_copy(bench, bench.options.large_bytes, "large buffers");
    measure_copy_kernel(bench, BufferPlace::device, bench.options.large_bytes);
    measure_copy_kernel(bench, BufferPlace::host, bench.options.frame_bytes());
    measure_cpu_copies(bench);
}

} // namespace tactus::bench
