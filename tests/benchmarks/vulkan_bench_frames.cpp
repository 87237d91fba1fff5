// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/memory_path.h"
#include "core/vulkan/stream_copy.h"
#include "vulkan_bench.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace tactus::bench {
namespace {

// Four pixels per invocation: 16 bytes are what memory systems like best.
constexpr const char* kInvert = R"(#version 460
layout(local_size_x_id = 0) in;
layout(std430, binding = 0) readonly buffer In { uvec4 source[]; };
layout(std430, binding = 1) writeonly buffer Out { uvec4 target[]; };
layout(push_constant) uniform Push { uint count; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < count) target[i] = source[i] ^ uvec4(0x00FFFFFFu);
}
)";
constexpr const char* kInvertPixels = R"(#version 460
layout(local_size_x_id = 0) in;
layout(std430, binding = 0) readonly buffer In { uint source[]; };
layout(std430, binding = 1) writeonly buffer Out { uint target[]; };
layout(push_constant) uniform Push { uint count; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < count) target[i] = source[i] ^ 0x00FFFFFFu;
}
)";
constexpr const char* kInvertImage = R"(#version 460
layout(local_size_x = 16, local_size_y = 16) in;
layout(binding = 0, rgba8) readonly uniform image2D source;
layout(binding = 1, rgba8) writeonly uniform image2D target;
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(at, imageSize(target)))) return;
    vec4 c = imageLoad(source, at);
    imageStore(target, at, vec4(1.0 - c.rgb, c.a));
}
)";
constexpr std::uint32_t kLocalSize = 256;

GpuDispatch invert(const ComputePipeline& pipeline, const GpuBuffer& from, const GpuBuffer& to,
                   std::size_t size_bytes, std::size_t step_bytes) {
    const auto count = static_cast<std::uint32_t>(size_bytes / step_bytes);
    GpuDispatch dispatch;
    dispatch.pipeline = &pipeline;
    dispatch.bindings = {{.binding = 0, .buffer = {&from}}, {.binding = 1, .buffer = {&to}}};
    dispatch.push_constants.resize(sizeof count);
    std::memcpy(dispatch.push_constants.data(), &count, sizeof count);
    dispatch.groups = pipeline.groups_for(count);
    return dispatch;
}

/// How a frame gets from host memory through the shader and back.
struct Way {
    std::string name;
    bool copy_in = true;     ///< by copies; else the shader reads host memory itself
    bool copy_out = true;    ///< likewise
    bool import = false;     ///< host memory of malloc's, imported
    bool memcpy_too = false; ///< foreign memory: the CPU copies to and from pinned memory
    TransferRoute route = TransferRoute::automatic;
};

struct FreeDeleter {
    void operator()(void* memory) const { std::free(memory); }
};

/// The buffers of one slot.
struct Frame {
    std::unique_ptr<void, FreeDeleter> from_memory;
    std::unique_ptr<void, FreeDeleter> to_memory;
    std::shared_ptr<GpuBuffer> from;
    std::shared_ptr<GpuBuffer> to;
    std::shared_ptr<GpuBuffer> in;
    std::shared_ptr<GpuBuffer> out;
};

std::shared_ptr<GpuBuffer> host_memory(Bench& bench, bool import,
                                       std::unique_ptr<void, FreeDeleter>& memory) {
    const std::size_t size = bench.options.frame_bytes();
    if (!import)
        return make_host(bench, size);
    const std::size_t page = std::max<std::size_t>(bench.device->traits().import_alignment, 4096);
    const std::size_t whole = (size + page - 1) / page * page;
    memory.reset(std::aligned_alloc(page, whole));
    std::memset(memory.get(), 0, whole);
    ImportVerdict verdict = ImportVerdict::possible;
    auto buffer = GpuBuffer::import_host(bench.device, memory.get(), whole, verdict);
    if (!buffer)
        throw std::runtime_error(std::string("import: ") + import_verdict_name(verdict));
    return buffer;
}

Frame make_frame(Bench& bench, const Way& way, unsigned seed) {
    const std::size_t size = bench.options.frame_bytes();
    Frame frame;
    frame.from = host_memory(bench, way.import, frame.from_memory);
    frame.to = host_memory(bench, way.import, frame.to_memory);
    if (way.copy_in)
        frame.in = make_device(bench, size);
    if (way.copy_out)
        frame.out = make_device(bench, size);
    if (way.memcpy_too) {
        frame.from_memory.reset(std::malloc(size));
        frame.to_memory.reset(std::malloc(size));
        std::memset(frame.from_memory.get(), 0, size);
        std::memset(frame.to_memory.get(), 0, size);
    }
    auto* const words = reinterpret_cast<std::uint32_t*>(way.memcpy_too ? frame.from_memory.get()
                                                                        : frame.from->data());
    for (std::size_t index = 0; index < size / 4; ++index)
        words[index] = seed + static_cast<std::uint32_t>(index) * 2654435761U;
    return frame;
}

void check_frame(const Bench& bench, const Way& way, const Frame& frame, unsigned seed) {
    const auto* const words = reinterpret_cast<const std::uint32_t*>(
        way.memcpy_too ? frame.to_memory.get() : frame.to->data());
    for (std::size_t index = 0; index < bench.options.frame_bytes() / 4; ++index) {
        const std::uint32_t source = seed + static_cast<std::uint32_t>(index) * 2654435761U;
        if (words[index] != (source ^ 0x00FFFFFFU))
            throw std::runtime_error(way.name + ": word " + std::to_string(index) + " is wrong");
    }
}

GpuJob frame_job(Bench& bench, const Way& way, const Frame& frame,
                 const ComputePipeline& pipeline) {
    const std::size_t size = bench.options.frame_bytes();
    GpuJob job;
    if (way.copy_in)
        job.uploads = {{.from = {frame.from.get(), 0, size}, .to = {frame.in.get()}}};
    const GpuBuffer& source = way.copy_in ? *frame.in : *frame.from;
    const GpuBuffer& target = way.copy_out ? *frame.out : *frame.to;
    job.dispatches = {invert(pipeline, source, target, size, 16)};
    if (way.copy_out)
        job.downloads = {{.from = {frame.out.get()}, .to = {frame.to.get(), 0, size}}};
    return job;
}

struct Spans {
    std::vector<double> kernel_us;
    std::vector<double> in_us;
    std::vector<double> out_us;

    void add(const JobResult& result) {
        if (!result.dispatches.empty())
            kernel_us.push_back(result.dispatches.front().duration_ns * 1e-3);
        if (result.upload)
            in_us.push_back(result.upload->duration_ns * 1e-3);
        if (result.download)
            out_us.push_back(result.download->duration_ns * 1e-3);
    }

    std::string text() const {
        std::string text;
        const auto part = [&text](const char* name, const std::vector<double>& values) {
            if (!values.empty())
                text += std::string(text.empty() ? "" : ", ") + name + " " +
                        std::to_string(static_cast<int>(median(values))) + " us";
        };
        part("in", in_us);
        part("kernel", kernel_us);
        part("out", out_us);
        return text;
    }
};

void measure_way(Bench& bench, const Way& way, unsigned in_flight,
                 const ComputePipeline& pipeline) {
    SubmissionRing::Settings settings;
    settings.route = way.route;
    const auto ring = make_ring(bench, in_flight, settings);
    std::vector<Frame> frames;
    for (unsigned slot = 0; slot < in_flight; ++slot)
        frames.push_back(make_frame(bench, way, slot));
    const std::size_t size = bench.options.frame_bytes();
    Spans spans;
    const double rate = pump(
        *ring, bench.options.seconds,
        [&](unsigned slot) {
            if (way.memcpy_too)
                stream_copy(frames[slot].from->data(), frames[slot].from_memory.get(), size);
            return frame_job(bench, way, frames[slot], pipeline);
        },
        [&](unsigned slot, const JobResult& result) {
            if (way.memcpy_too)
                stream_copy(frames[slot].to_memory.get(), frames[slot].to->data(), size);
            spans.add(result);
        });
    for (unsigned slot = 0; slot < in_flight; ++slot)
        check_frame(bench, way, frames[slot], slot);
    const double gbs = rate * static_cast<double>(size) * 2e-9;
    const std::string name = way.name + ", in flight " + std::to_string(in_flight);
    bench.figures.add(name, gbs, "GB/s",
                      std::to_string(static_cast<int>(rate)) + " frames/s, " +
                          std::to_string(static_cast<int>(bench.bidirectional_gbs > 0
                                                              ? gbs / bench.bidirectional_gbs * 100
                                                              : 0)) +
                          " % of both copies at once; " + spans.text());
}

std::vector<Way> ways() {
    return {
        {.name = "copied, automatic route"},
        {.name = "copied, all on the compute queue", .route = TransferRoute::compute},
        {.name = "copied, one copy queue", .route = TransferRoute::one_queue},
        {.name = "shader reads and writes host memory", .copy_in = false, .copy_out = false},
        {.name = "shader reads host memory, copied out", .copy_in = false},
        {.name = "copied in, shader writes host memory", .copy_out = false},
        {.name = "imported pages, copied", .import = true},
        {.name = "imported pages, shader works there",
         .copy_in = false,
         .copy_out = false,
         .import = true},
        {.name = "foreign memory, CPU copies too", .memcpy_too = true},
    };
}

struct Kernel {
    const char* name;
    const char* glsl;
    std::size_t step_bytes;
};

void measure_kernel(Bench& bench, const Kernel& kernel, std::size_t size_bytes,
                    const std::string& what) {
    const auto pipeline = make_pipeline(bench, kernel.glsl, kLocalSize);
    const auto from = make_device(bench, size_bytes);
    const auto to = make_device(bench, size_bytes);
    const auto ring = make_ring(bench, 2, {});
    Spans spans;
    pump(
        *ring, bench.options.seconds,
        [&](unsigned) {
            GpuJob job;
            job.dispatches = {invert(*pipeline, *from, *to, size_bytes, kernel.step_bytes)};
            return job;
        },
        [&](unsigned, const JobResult& result) { spans.add(result); });
    if (spans.kernel_us.empty())
        return;
    const double us = median(spans.kernel_us);
    const double gbs = static_cast<double>(size_bytes) * 2e-3 / us;
    bench.figures.add(std::string(kernel.name) + ", " + what, gbs, "GB/s",
                      std::to_string(us) + " us, " +
                          std::to_string(static_cast<int>(
                              bench.device_copy_gbs > 0 ? gbs / bench.device_copy_gbs * 100 : 0)) +
                          " % of device copy");
}

void measure_image_kernel(Bench& bench) {
    const GpuImage::Settings settings{.width = bench.options.width, .height = bench.options.height};
    const auto pipeline = make_pipeline(bench, kInvertImage, 0);
    GpuStatus status = GpuStatus::ok;
    const auto from = GpuImage::create(bench.device, settings, status);
    const auto to = GpuImage::create(bench.device, settings, status);
    if (status != GpuStatus::ok)
        throw std::runtime_error("no images");
    const auto ring = make_ring(bench, 2, {});
    Spans spans;
    pump(
        *ring, bench.options.seconds,
        [&](unsigned) {
            GpuJob job;
            job.dispatches = {{.pipeline = pipeline.get(),
                               .bindings = {{.binding = 0, .image = from.get()},
                                            {.binding = 1, .image = to.get()}},
                               .groups = pipeline->groups_for(settings.width, settings.height)}};
            return job;
        },
        [&](unsigned, const JobResult& result) { spans.add(result); });
    if (!spans.kernel_us.empty())
        bench.figures.add("invert, storage image, frame",
                          static_cast<double>(bench.options.frame_bytes()) * 2e-3 /
                              median(spans.kernel_us),
                          "GB/s", std::to_string(median(spans.kernel_us)) + " us");
}

/// The same without bounds checks, to see what they cost.
void measure_unchecked(Bench& bench, const Kernel& kernel) {
    GpuError error;
    auto unchecked = VulkanDevice::open(
        {.device = bench.options.device, .share = false, .robust = false}, error);
    if (!unchecked)
        throw std::runtime_error(error.text);
    std::swap(bench.device, unchecked);
    measure_kernel(bench, kernel, bench.options.large_bytes, "large buffer, no bounds checks");
    std::swap(bench.device, unchecked);
}

/// Frames by the path that a trial finds.
void measure_trial(Bench& bench, const ComputePipeline& pipeline) {
    const Way direct{.name = "", .copy_in = false, .copy_out = false};
    const Way copied{.name = ""};
    const auto ring = make_ring(bench, 3, {});
    std::vector<Frame> frames;
    for (unsigned slot = 0; slot < 3; ++slot)
        frames.push_back(make_frame(bench, copied, slot));
    MemoryPathTrial trial(bench.device->traits().shares_memory());
    std::array<MemoryPath, 3> taken{};
    const double rate = pump(
        *ring, bench.options.seconds,
        [&](unsigned slot) {
            taken[slot] = trial.next();
            return frame_job(bench, taken[slot] == MemoryPath::direct ? direct : copied,
                             frames[slot], pipeline);
        },
        [&](unsigned slot, const JobResult& result) { trial.add(taken[slot], result); });
    const double gbs = rate * static_cast<double>(bench.options.frame_bytes()) * 2e-9;
    bench.figures.add("path by trial, in flight 3", gbs, "GB/s",
                      std::to_string(static_cast<int>(rate)) + " frames/s, " + trial.reason());
}

} // namespace

void measure_kernels(Bench& bench) {
    bench.figures.section("kernels alone, by the GPU's stamps, GB/s read and written");
    for (const Kernel& kernel : {Kernel{"invert, 16 bytes each", kInvert, 16},
                                 Kernel{"invert, 4 bytes each", kInvertPixels, 4}}) {
        measure_kernel(bench, kernel, bench.options.frame_bytes(), "frame");
        measure_kernel(bench, kernel, bench.options.large_bytes, "large buffer");
    }
    measure_image_kernel(bench);
    measure_unchecked(bench, {"invert, 16 bytes each", kInvert, 16});
    measure_unchecked(bench, {"invert, 4 bytes each", kInvertPixels, 4});
}

void measure_frames(Bench& bench) {
    bench.figures.section("invert, RGBA " + std::to_string(bench.options.width) + "x" +
                          std::to_string(bench.options.height) +
                          ", host to host, GB/s of both directions");
    const auto pipeline = make_pipeline(bench, kInvert, kLocalSize);
    measure_trial(bench, *pipeline);
    for (const Way& way : ways()) {
        for (unsigned in_flight = 1; in_flight <= 4; ++in_flight) {
            try {
                measure_way(bench, way, in_flight, *pipeline);
            } catch (const std::exception& error) {
                bench.figures.text(way.name + ", in flight " + std::to_string(in_flight),
                                   error.what());
                if (bench.device->lost())
                    throw;
                break;
            }
        }
    }
}

} // namespace tactus::bench
