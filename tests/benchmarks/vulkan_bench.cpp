// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a Vulkan device does for frames in host memory: copies, kernels, whole frames by several
// ways, first frames with a cold and a warm pipeline cache, and whether timestamps make sense. Ends
// by itself in less than a minute; a watchdog sees to it.
#include "vulkan_bench.h"

#include "machine.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace tactus::bench {

void Figures::section(const std::string& title) {
    const std::lock_guard guard(lock_);
    section_ = title;
    std::printf("\n%s\n", title.c_str());
}

void Figures::add(const std::string& name, double value, const std::string& unit,
                  const std::string& note) {
    const std::lock_guard guard(lock_);
    all_.push_back(
        {{"section", section_}, {"name", name}, {"value", value}, {"unit", unit}, {"note", note}});
    std::printf("  %-58s %10.2f %-5s %s\n", name.c_str(), value, unit.c_str(), note.c_str());
    std::fflush(stdout);
}

void Figures::text(const std::string& name, const std::string& value) {
    const std::lock_guard guard(lock_);
    all_.push_back({{"section", section_}, {"name", name}, {"text", value}});
    std::printf("  %-58s %s\n", name.c_str(), value.c_str());
    std::fflush(stdout);
}

nlohmann::json Figures::json() const {
    const std::lock_guard guard(lock_);
    return all_;
}

double median(std::vector<double> values) {
    if (values.empty())
        return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

std::unique_ptr<SubmissionRing> make_ring(Bench& bench, unsigned in_flight,
                                          const SubmissionRing::Settings& settings) {
    SubmissionRing::Settings own = settings;
    own.in_flight = in_flight;
    own.now_ns = now_ns;
    GpuError error;
    auto ring = SubmissionRing::create(bench.device, own, error);
    if (!ring)
        throw std::runtime_error(error.text);
    return ring;
}

std::shared_ptr<GpuBuffer> make_host(Bench& bench, std::size_t size_bytes) {
    GpuStatus status = GpuStatus::ok;
    auto buffer = GpuBuffer::create_host(bench.device, size_bytes, status);
    if (!buffer)
        throw std::runtime_error(std::string("host buffer: ") + gpu_status_name(status));
    return buffer;
}

std::shared_ptr<GpuBuffer> make_device(Bench& bench, std::size_t size_bytes) {
    GpuStatus status = GpuStatus::ok;
    auto buffer = GpuBuffer::create_device(bench.device, size_bytes, status);
    if (!buffer)
        throw std::runtime_error(std::string("device buffer: ") + gpu_status_name(status));
    return buffer;
}

std::shared_ptr<const ComputePipeline> make_pipeline(Bench& bench, const std::string& glsl,
                                                     std::uint32_t local_size) {
    GpuError error;
    const auto shader = Shader::from_glsl(glsl, "bench", {}, error);
    if (!shader)
        throw std::runtime_error(error.text);
    auto pipeline =
        ComputePipeline::create(bench.device, shader, {.local_size = {local_size, 0, 0}}, error);
    if (!pipeline)
        throw std::runtime_error(error.text);
    return pipeline;
}

double pump(SubmissionRing& ring, double seconds, const std::function<GpuJob(unsigned slot)>& make,
            const std::function<void(unsigned slot, const JobResult&)>& done) {
    const auto length_ns = static_cast<std::uint64_t>(seconds * 1e9);
    // What is done in the first fifth is warming up: clocks rise, pages are touched.
    const std::uint64_t begin = now_ns();
    const std::uint64_t from = begin + length_ns / 5;
    std::deque<unsigned> pending;
    std::uint64_t counted = 0;
    std::uint64_t first_ns = 0;
    std::uint64_t last_ns = 0;
    while (true) {
        const bool more = now_ns() < begin + length_ns || counted < 3;
        while (more) {
            const auto slot = ring.try_acquire();
            if (!slot)
                break;
            if (ring.submit(*slot, make(*slot)) != GpuStatus::ok)
                throw std::runtime_error("submit: " + ring.submit_error());
            pending.push_back(*slot);
        }
        if (pending.empty())
            break;
        JobResult result;
        const GpuStatus status = ring.collect(pending.front(), kBenchTimeoutNs, result);
        if (status != GpuStatus::ok)
            throw std::runtime_error(std::string("collect: ") + gpu_status_name(status));
        if (done)
            done(pending.front(), result);
        pending.pop_front();
        const std::uint64_t now = now_ns();
        if (now >= from && more) {
            counted += first_ns != 0 ? 1 : 0;
            first_ns = first_ns != 0 ? first_ns : now;
            last_ns = now;
        }
    }
    return static_cast<double>(counted) / (static_cast<double>(last_ns - first_ns) * 1e-9);
}

namespace {

void describe_families(Bench& bench) {
    std::uint32_t count = 0;
    vkGetPhysicalDeviceQueueFamilyProperties(bench.device->physical(), &count, nullptr);
    std::vector<VkQueueFamilyProperties> families(count);
    vkGetPhysicalDeviceQueueFamilyProperties(bench.device->physical(), &count, families.data());
    for (std::size_t family = 0; family < families.size(); ++family) {
        const VkQueueFlags flags = families[family].queueFlags;
        bench.figures.text("queue family " + std::to_string(family),
                           std::to_string(families[family].queueCount) + " queues" +
                               ((flags & VK_QUEUE_GRAPHICS_BIT) != 0 ? ", graphics" : "") +
                               ((flags & VK_QUEUE_COMPUTE_BIT) != 0 ? ", compute" : "") +
                               ((flags & VK_QUEUE_TRANSFER_BIT) != 0 ? ", transfer" : "") +
                               ", flags " + std::to_string(flags));
    }
}

void describe(Bench& bench) {
    bench.figures.section("devices");
    for (const GpuListing& device : VulkanDevice::list())
        bench.figures.text(std::to_string(device.index),
                           device.name + ", " + device.driver + ", " + device.uuid);
    const GpuTraits& traits = bench.device->traits();
    bench.figures.text("measured", traits.name);
    describe_families(bench);
    std::string queues;
    for (const GpuQueue& queue : bench.device->queues())
        queues += std::to_string(queue.family) + "." + std::to_string(queue.index) + " (" +
                  std::to_string(queue.timestamp_valid_bits) + " bits) ";
    bench.figures.text("queues: compute, copy, more compute", queues);
    bench.figures.add("queues for copies alone",
                      static_cast<double>(bench.device->transfer_queue_count()), "");
    bench.figures.add("import alignment", static_cast<double>(traits.import_alignment), "bytes");
    bench.figures.text("calibrated timestamps",
                       std::string(traits.calibrated_monotonic ? "monotonic " : "") +
                           (traits.calibrated_raw ? "monotonic-raw" : ""));
    bench.figures.add("timestamp period", traits.limits.timestampPeriod, "ns");
    bench.figures.text("host buffers are", make_host(bench, 4096)->cached()
                                               ? "cached by the CPU"
                                               : "not cached by the CPU");
    bench.figures.text("automatic route",
                       std::string(transfer_route_name(make_ring(bench, 1, {})->route())) + ": " +
                           make_ring(bench, 1, {})->route_reason());
}

struct Arguments {
    BenchOptions options;
    std::string json_file;
    std::string cache_file;
    bool first_frame = false;
    unsigned limit_s = 55;
};

void usage() {
    std::fputs("usage: vulkan-bench [--device NAME] [--json FILE] [--size WIDTHxHEIGHT]\n"
               "                    [--seconds PER_FIGURE] [--limit SECONDS] [--quick]\n",
               stderr);
}

bool parse(int argc, char** argv, Arguments& arguments) {
    for (int index = 1; index < argc; ++index) {
        const std::string_view name = argv[index];
        const char* const value = index + 1 < argc ? argv[index + 1] : nullptr;
        if (name == "--first-frame") {
            arguments.first_frame = true;
            continue;
        }
        if (name == "--quick") {
            arguments.options.width = 640;
            arguments.options.height = 360;
            arguments.options.large_bytes = std::size_t{16} << 20U;
            arguments.options.seconds = 0.02;
            continue;
        }
        if (value == nullptr)
            return false;
        ++index;
        if (name == "--device")
            arguments.options.device = value;
        else if (name == "--json")
            arguments.json_file = value;
        else if (name == "--cache")
            arguments.cache_file = value;
        else if (name == "--seconds")
            arguments.options.seconds = std::atof(value);
        else if (name == "--limit")
            arguments.limit_s = static_cast<unsigned>(std::atoi(value));
        else if (name != "--size" || std::sscanf(value, "%ux%u", &arguments.options.width,
                                                 &arguments.options.height) != 2)
            return false;
    }
    return arguments.options.seconds > 0 && arguments.options.frame_bytes() > 0;
}

bool write(const Figures& figures, const Arguments& arguments, bool complete) {
    if (arguments.json_file.empty())
        return true;
    std::ofstream file(arguments.json_file);
    file << nlohmann::json({{"date", date()},
                            {"cpu", cpu_model()},
                            {"kernel", kernel()},
                            {"complete", complete},
                            {"figures", figures.json()}})
                .dump(1)
         << "\n";
    return file.good();
}

/// One part that fails costs the others nothing, unless the device is gone.
bool measure(Bench& bench, const std::string& program) {
    const std::vector<std::function<void()>> parts = {
        [&] { describe(bench); },       [&] { measure_clock(bench); },
        [&] { measure_copies(bench); }, [&] { measure_kernels(bench); },
        [&] { measure_frames(bench); }, [&] { measure_first_frame(bench, program); },
    };
    bool whole = true;
    for (const auto& part : parts) {
        try {
            part();
        } catch (const std::exception& failure) {
            bench.figures.text("failed", failure.what());
            whole = false;
        }
        if (bench.device->lost())
            return false;
    }
    return whole;
}

int run(const Arguments& arguments, const std::string& program, Figures& figures) {
    GpuError error;
    auto device = VulkanDevice::open({.device = arguments.options.device}, error);
    if (!device) {
        std::fprintf(stderr, "vulkan-bench: %s\n", error.text.c_str());
        return error.status == GpuStatus::unsupported ? 77 : 1;
    }
    Bench bench{arguments.options, std::move(device), figures, 0, 0};
    const bool whole = measure(bench, program);
    return write(figures, arguments, whole) && whole ? 0 : 1;
}

} // namespace
} // namespace tactus::bench

int main(int argc, char** argv) {
    using namespace tactus::bench;
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        usage();
        return 2;
    }
    // The caches of the drivers on disk would make every pipeline a warm one.
    setenv("__GL_SHADER_DISK_CACHE", "0", 1);
    setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
    if (arguments.first_frame)
        return run_first_frame(arguments.options.device, arguments.cache_file);
    static Figures figures;
    // Ends the program whatever a driver does, with what was measured so far.
    std::thread([&arguments] {
        std::this_thread::sleep_for(std::chrono::seconds(arguments.limit_s));
        figures.text("failed", "the time is up");
        write(figures, arguments, false);
        std::fflush(nullptr);
        _exit(3);
    }).detach();
    const int code = run(arguments, argv[0], figures);
    std::fflush(nullptr);
    _exit(code); // the watchdog has no use for destructors
}
