// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/submission_ring.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace tactus::bench {

/// Prints figures as they come and keeps them for the JSON file: what was measured before the
/// watchdog ended the program is there, too. Any thread.
class Figures {
  public:
    void section(const std::string& title);
    void add(const std::string& name, double value, const std::string& unit,
             const std::string& note = {});
    void text(const std::string& name, const std::string& value);
    nlohmann::json json() const;

  private:
    mutable std::mutex lock_;
    std::string section_;
    nlohmann::json all_ = nlohmann::json::array();
};

struct BenchOptions {
    std::string device;
    std::uint32_t width = 3840;
    std::uint32_t height = 2160;
    std::size_t large_bytes = std::size_t{256} << 20U; ///< for bandwidth of the device's memory
    double seconds = 0.2;                              ///< per figure
    std::size_t frame_bytes() const { return std::size_t{width} * height * 4; }
};

struct Bench {
    BenchOptions options;
    std::shared_ptr<VulkanDevice> device;
    Figures& figures;
    double bidirectional_gbs = 0; ///< both directions together, the best of all ways
    double device_copy_gbs = 0;   ///< bytes read and written
};

constexpr std::uint64_t kBenchTimeoutNs = 20'000'000'000;

/// Keeps `in_flight` jobs on a ring for about `seconds` and returns how many jobs per second it
/// did; `done` sees each result. Throws std::runtime_error if the GPU gives up.
double pump(SubmissionRing& ring, double seconds, const std::function<GpuJob(unsigned slot)>& make,
            const std::function<void(unsigned slot, const JobResult&)>& done = {});

std::unique_ptr<SubmissionRing> make_ring(Bench& bench, unsigned in_flight,
                                          const SubmissionRing::Settings& settings);
std::shared_ptr<GpuBuffer> make_host(Bench& bench, std::size_t size_bytes);
std::shared_ptr<GpuBuffer> make_device(Bench& bench, std::size_t size_bytes);
std::shared_ptr<const ComputePipeline> make_pipeline(Bench& bench, const std::string& glsl,
                                                     std::uint32_t local_size);
double median(std::vector<double> values);

void measure_copies(Bench& bench);
void measure_kernels(Bench& bench);
void measure_frames(Bench& bench);
void measure_clock(Bench& bench);
/// Starts this program again for each measurement, as drivers keep compiled code per process.
void measure_first_frame(Bench& bench, const std::string& program);
/// What the program does then: one line of JSON.
int run_first_frame(const std::string& device, const std::string& cache_file);

} // namespace tactus::bench
