// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/interval_samples.h"
#include "core/vulkan/spirv_cache.h"
#include "core/vulkan/vulkan_instance.h"
#include "machine.h"
#include "vulkan_bench.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <stdexcept>

namespace tactus::bench {
namespace {

constexpr const char* kWork = R"(#version 460
layout(local_size_x = 64) in;
layout(std430, binding = 0) buffer Data { float values[]; };
layout(push_constant) uniform Push { uint rounds; };
void main() {
    float value = values[gl_GlobalInvocationID.x];
    for (uint i = 0; i < rounds; ++i) value = fma(value, 1.000001, 0.5);
    values[gl_GlobalInvocationID.x] = value;
}
)";

// Much code, so that a driver has something to compile: a filter with its taps written out.
std::string large_shader(int radius) {
    std::string text = R"(#version 460
layout(local_size_x = 16, local_size_y = 16) in;
layout(std430, binding = 0) readonly buffer In { uint source[]; };
layout(std430, binding = 1) writeonly buffer Out { uint target[]; };
vec4 load(ivec2 at) { at = clamp(at, ivec2(0), ivec2(63)); return unpackUnorm4x8(source[at.y * 64 + at.x]); }
void main() {
    ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    vec4 sum = vec4(0);
)";
    for (int y = -radius; y <= radius; ++y) {
        for (int x = -radius; x <= radius; ++x)
            text += "    sum += sin(load(at + ivec2(" + std::to_string(x) + ", " +
                    std::to_string(y) + "))) * " + std::to_string(1.0 / (1 + x * x + y * y)) +
                    ";\n";
    }
    return text + "    target[at.y * 64 + at.x] = packUnorm4x8(sum);\n}\n";
}

struct Sanity {
    unsigned jobs = 0;
    unsigned outside = 0;  ///< of submission and completion, beyond the bound
    unsigned disorder = 0; ///< the kernel began before the copy in ended, or the like
    double largest_bound_ns = 0;
    std::vector<double> bounds_ns;
    std::vector<double> lead_ns;          ///< from submission to begin
    std::vector<double> tail_ns;          ///< from end to completion
    std::vector<double> intervals_off_ns; ///< mapping by intervals less calibrated mapping
    std::string method;
    double skew_ppm = 0;
};

void check_span(Sanity& sanity, const GpuSpan& span, const JobResult& result) {
    const double bound = span.bound_ns + 1;
    const double lead = static_cast<double>(static_cast<std::int64_t>(span.begin_ns) -
                                            static_cast<std::int64_t>(result.submitted_ns));
    const double tail = static_cast<double>(static_cast<std::int64_t>(result.completed_ns) -
                                            static_cast<std::int64_t>(span.end_ns));
    ++sanity.jobs;
    if (lead < -bound || tail < -bound)
        ++sanity.outside;
    sanity.largest_bound_ns = std::max(sanity.largest_bound_ns, span.bound_ns);
    sanity.bounds_ns.push_back(span.bound_ns);
    sanity.lead_ns.push_back(lead);
    sanity.tail_ns.push_back(tail);
    sanity.method = gpu_time_method_name(span.method);
    sanity.skew_ppm = span.skew_ppm;
}

/// Whether copy in, kernel and copy out followed each other, as far as the bounds can tell.
bool in_order(const GpuSpan& before, const GpuSpan& after) {
    return static_cast<double>(static_cast<std::int64_t>(after.begin_ns - before.end_ns)) >=
           -(before.bound_ns + after.bound_ns);
}

void report(Bench& bench, Sanity& sanity) {
    Figures& figures = bench.figures;
    figures.text("method", sanity.method);
    figures.add("stamps checked", sanity.jobs, "");
    figures.add("outside of submission and completion", sanity.outside, "");
    figures.add("copy in, kernel, copy out not in order", sanity.disorder, "");
    if (sanity.jobs == 0)
        return;
    figures.add("bound, median", median(sanity.bounds_ns), "ns");
    figures.add("bound, largest", sanity.largest_bound_ns, "ns");
    figures.add("skew", sanity.skew_ppm, "ppm");
    figures.add("submission to begin, median", median(sanity.lead_ns) * 1e-3, "us");
    figures.add("end to completion, median", median(sanity.tail_ns) * 1e-3, "us");
    if (!sanity.intervals_off_ns.empty())
        figures.add("intervals less calibrated, median", median(sanity.intervals_off_ns) * 1e-3,
                    "us", "after the first half");
}

void run_jobs(Bench& bench, Sanity& sanity, const ComputePipeline& pipeline) {
    const std::size_t size = std::size_t{1} << 20U;
    const auto host = make_host(bench, size);
    const auto local = make_device(bench, size);
    std::memset(host->data(), 0, size);
    const auto ring = make_ring(bench, 1, {});
    const auto& queue = bench.device->compute_queue();
    IntervalSamples intervals(bench.device->traits().limits.timestampPeriod,
                              std::max(queue.timestamp_valid_bits, 1U));
    pump(
        *ring, bench.options.seconds * 6,
        [&](unsigned) {
            GpuJob job;
            job.uploads = {{.from = {host.get()}, .to = {local.get()}}};
            GpuDispatch dispatch;
            dispatch.pipeline = &pipeline;
            dispatch.bindings = {{.binding = 0, .buffer = {local.get()}}};
            dispatch.push_constants.resize(4);
            const std::uint32_t rounds = 100;
            std::memcpy(dispatch.push_constants.data(), &rounds, sizeof rounds);
            dispatch.groups = pipeline.groups_for(static_cast<std::uint32_t>(size / 4));
            job.dispatches = {dispatch};
            job.downloads = {{.from = {local.get()}, .to = {host.get()}}};
            return job;
        },
        [&](unsigned, const JobResult& result) {
            if (result.dispatches.empty())
                return;
            const GpuSpan& kernel = result.dispatches.front();
            check_span(sanity, kernel, result);
            if (result.upload && !in_order(*result.upload, kernel))
                ++sanity.disorder;
            if (result.download && !in_order(kernel, *result.download))
                ++sanity.disorder;
            intervals.add(kernel.begin_ticks, kernel.end_ticks, result.submitted_ns,
                          result.completed_ns);
            const auto sample = intervals.sample();
            if (sample && kernel.method != GpuTimeMethod::none &&
                kernel.method != GpuTimeMethod::intervals)
                sanity.intervals_off_ns.push_back(
                    static_cast<double>(static_cast<std::int64_t>(sample->cpu_ns - kernel.end_ns)));
        });
    const auto half = static_cast<std::ptrdiff_t>(sanity.intervals_off_ns.size() / 2);
    sanity.intervals_off_ns.erase(sanity.intervals_off_ns.begin(),
                                  sanity.intervals_off_ns.begin() + half);
    const GpuClock::Health health = ring->clock().health();
    bench.figures.add(
        "calibrated timestamps contradicted", static_cast<double>(health.contradicted), "",
        std::to_string(health.checked) + " checked" + (health.distrusted ? ", given up" : ""));
}

void measure_overheads(Bench& bench) {
    bench.figures.section("what a job costs");
    const auto ring = make_ring(bench, 1, {});
    std::vector<double> submit_us;
    std::vector<double> round_us;
    for (int round = 0; round < 200; ++round) {
        const auto slot = ring->try_acquire();
        const std::uint64_t begin = now_ns();
        if (!slot || ring->submit(*slot, {}) != GpuStatus::ok)
            return;
        submit_us.push_back(static_cast<double>(now_ns() - begin) * 1e-3);
        JobResult result;
        if (ring->collect(*slot, kBenchTimeoutNs, result) != GpuStatus::ok)
            return;
        round_us.push_back(static_cast<double>(now_ns() - begin) * 1e-3);
    }
    bench.figures.add("submit an empty job", median(submit_us), "us");
    bench.figures.add("an empty job, there and back", median(round_us), "us");
}

double since_ms(std::uint64_t begin_ns) {
    return static_cast<double>(now_ns() - begin_ns) * 1e-6;
}

std::string shell_quoted(const std::string& text) {
    return "'" + text + "'";
}

constexpr const char* kCacheFile = "vulkan-bench.cache";

std::string read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void write_bytes(const std::string& path, const std::vector<std::byte>& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
}

nlohmann::json run_program(const std::string& command) {
    struct Closer {
        void operator()(FILE* pipe) const { pclose(pipe); }
    };
    const std::unique_ptr<FILE, Closer> pipe(popen(command.c_str(), "r"));
    // The last line: drivers and layers may say something before.
    std::string text;
    std::array<char, 1024> line{};
    while (pipe && std::fgets(line.data(), line.size(), pipe.get()) != nullptr)
        text = line.data();
    auto parsed = nlohmann::json::parse(text, nullptr, false);
    if (parsed.is_discarded())
        throw std::runtime_error("no answer from: " + command);
    return parsed;
}

} // namespace

void measure_clock(Bench& bench) {
    measure_overheads(bench);
    bench.figures.section("timestamps on the time line of CLOCK_MONOTONIC");
    if (bench.device->compute_queue().timestamp_valid_bits == 0) {
        bench.figures.text("method", "the queue has no timestamps");
        return;
    }
    Sanity sanity;
    const auto pipeline = make_pipeline(bench, kWork, 0);
    run_jobs(bench, sanity, *pipeline);
    report(bench, sanity);
}

int run_first_frame(const std::string& device_name, const std::string& cache_file) {
    const std::uint64_t start = now_ns();
    GpuError error;
    nlohmann::json line;
    const auto instance = VulkanInstance::get(false, error);
    line["instance_ms"] = since_ms(start);
    const std::uint64_t listed = now_ns();
    if (instance)
        static_cast<void>(instance->devices());
    line["list_ms"] = since_ms(listed);
    const auto device = VulkanDevice::open({.device = device_name}, error);
    if (!device)
        return 1;
    line["device_ms"] = since_ms(start);
    // LLVM takes seconds for what GPUs' compilers do in a tenth of one.
    const bool cpu = device->traits().type == VK_PHYSICAL_DEVICE_TYPE_CPU;
    SpirvCache spirv;
    const auto stored = read_bytes(cache_file.empty() ? "" : cache_file + ".spirv");
    std::uint64_t begin = now_ns();
    spirv.load(std::as_bytes(std::span(stored)));
    const auto shader =
        Shader::from_glsl(large_shader(cpu ? 2 : 6), "large", {.cache = &spirv}, error);
    line["glsl_ms"] = since_ms(begin);
    if (!shader) {
        std::fprintf(stderr, "vulkan-bench: %s\n", error.text.c_str());
        return 1;
    }
    begin = now_ns();
    if (!cache_file.empty()) {
        const std::string data = read_bytes(cache_file);
        line["cache_taken"] = device->add_pipeline_cache(std::as_bytes(std::span(data)));
    }
    const auto pipeline = ComputePipeline::create(device, shader, {}, error);
    line["pipeline_ms"] = since_ms(begin);
    SubmissionRing::Settings settings;
    settings.in_flight = 1;
    settings.now_ns = now_ns;
    const auto ring = SubmissionRing::create(device, settings, error);
    GpuStatus status = GpuStatus::ok;
    const auto from = GpuBuffer::create_host(device, 64 * 64 * 4, status);
    const auto to = GpuBuffer::create_host(device, 64 * 64 * 4, status);
    if (!pipeline || !ring || !from || !to)
        return 1;
    const auto slot = ring->try_acquire();
    GpuJob job;
    job.dispatches = {
        {.pipeline = pipeline.get(),
         .bindings = {{.binding = 0, .buffer = {from.get()}}, {.binding = 1, .buffer = {to.get()}}},
         .groups = pipeline->groups_for(64, 64)}};
    JobResult result;
    if (ring->submit(*slot, job) != GpuStatus::ok ||
        ring->collect(*slot, kBenchTimeoutNs, result) != GpuStatus::ok)
        return 1;
    line["pipeline_to_frame_ms"] = since_ms(begin);
    line["all_ms"] = since_ms(start);
    if (cache_file.empty()) {
        const auto data = device->pipeline_cache_data();
        line["cache_bytes"] = data.size();
        write_bytes(kCacheFile, data);
        write_bytes(std::string(kCacheFile) + ".spirv", spirv.data());
    }
    std::printf("%s\n", line.dump().c_str());
    return 0;
}

void measure_first_frame(Bench& bench, const std::string& program) {
    bench.figures.section("first frame of a large shader, each in a process of its own");
    const std::string command =
        shell_quoted(program) + " --first-frame --device " + shell_quoted(bench.options.device);
    const std::array<const char*, 7> parts = {"instance_ms", "list_ms",     "device_ms",
                                              "glsl_ms",     "pipeline_ms", "pipeline_to_frame_ms",
                                              "all_ms"};
    std::map<std::string, std::array<std::vector<double>, 2>> values;
    std::string taken;
    for (int round = 0; round < 3; ++round) {
        const auto cold = run_program(command);
        const auto warm = run_program(command + " --cache " + kCacheFile);
        for (const char* part : parts) {
            values[part][0].push_back(cold.value(part, 0.0));
            values[part][1].push_back(warm.value(part, 0.0));
        }
        taken = warm.value("cache_taken", false) ? "cache taken, " : "cache refused, ";
        taken += std::to_string(cold.value("cache_bytes", 0)) + " bytes";
    }
    for (const char* part : parts) {
        const double cold = median(values[part][0]);
        const double warm = median(values[part][1]);
        bench.figures.add(std::string(part) + ", cold", cold, "ms");
        bench.figures.add(std::string(part) + ", warm", warm, "ms",
                          "cold / warm = " + std::to_string(warm > 0 ? cold / warm : 0) + "; " +
                              taken);
    }
}

} // namespace tactus::bench
