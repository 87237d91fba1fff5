// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/interval_samples.h"
#include "core/vulkan/memory_path.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace tactus::test {
namespace {

/// Jobs of a GPU whose clock is known, on a CPU that wakes up late.
struct SimulatedGpu {
    double period_ns = 1;
    double skew_ppm = 0;
    unsigned valid_bits = 64;
    std::uint64_t epoch_ticks = 123'456'789'000;
    std::uint64_t now_ns = 5'000'000'000;
    std::mt19937 random{1};

    std::uint64_t ticks_at(std::uint64_t ns) const {
        const double elapsed = static_cast<double>(ns) * (1 + skew_ppm * 1e-6) / period_ns;
        const std::uint64_t ticks = epoch_ticks + static_cast<std::uint64_t>(elapsed);
        return valid_bits == 64 ? ticks : ticks & ((std::uint64_t{1} << valid_bits) - 1);
    }

    void run(IntervalSamples& samples) {
        std::exponential_distribution<double> start(1 / 15e3);
        std::exponential_distribution<double> wake(1 / 120e3);
        now_ns += 10'000'000;
        const std::uint64_t submitted = now_ns;
        const auto begin = submitted + 5'000 + static_cast<std::uint64_t>(start(random));
        const std::uint64_t end = begin + 400'000;
        const auto completed = end + 20'000 + static_cast<std::uint64_t>(wake(random));
        samples.add(ticks_at(begin), ticks_at(end), submitted, completed);
        last_end_ns = end;
        last_range_ns = static_cast<double>(completed - submitted) - 400'000;
    }

    double error_ns(const ClockSample& sample) const {
        return static_cast<double>(static_cast<std::int64_t>(sample.cpu_ns - last_end_ns));
    }

    std::uint64_t last_end_ns = 0;
    double last_range_ns = 0;
};

TEST(IntervalClock, TheTruthIsWithinTheRangeAndTheRangeShrinks) {
    for (double skew_ppm : {0.0, 40.0, -80.0}) {
        SimulatedGpu gpu;
        gpu.skew_ppm = skew_ppm;
        IntervalSamples samples(gpu.period_ns, gpu.valid_bits);
        EXPECT_FALSE(samples.sample());
        double ranges = 0;
        double deviations = 0;
        for (int job = 0; job < 500; ++job) {
            gpu.run(samples);
            const auto sample = samples.sample();
            ASSERT_TRUE(sample);
            ASSERT_LE(std::abs(gpu.error_ns(*sample)), sample->deviation_ns + 2) << job;
            ranges += gpu.last_range_ns / 2;
            deviations += sample->deviation_ns;
        }
        EXPECT_LT(deviations, ranges / 2) << "intersecting helps";
    }
}

TEST(IntervalClock, TicksThatWrapAndAreCoarseDoNoHarm) {
    SimulatedGpu gpu;
    gpu.period_ns = 52.08;
    gpu.valid_bits = 24; // wraps each 0.87 s
    IntervalSamples samples(gpu.period_ns, gpu.valid_bits);
    for (int job = 0; job < 500; ++job) {
        gpu.run(samples);
        const auto sample = samples.sample();
        ASSERT_TRUE(sample);
        ASSERT_LE(std::abs(gpu.error_ns(*sample)), sample->deviation_ns + 2 * gpu.period_ns) << job;
        EXPECT_LT(sample->ticks, 1U << 24U);
    }
}

TEST(IntervalClock, AfterAJumpWhatWasKnownIsForgotten) {
    SimulatedGpu gpu;
    IntervalSamples samples(gpu.period_ns, gpu.valid_bits);
    for (int job = 0; job < 50; ++job)
        gpu.run(samples);
    gpu.epoch_ticks += 700'000'000;
    for (int job = 0; job < 5; ++job) {
        gpu.run(samples);
        const auto sample = samples.sample();
        ASSERT_LE(std::abs(gpu.error_ns(*sample)), sample->deviation_ns + 2);
    }
}

TEST(IntervalClock, ReportsThatMakeNoSenseAreLeftOut) {
    IntervalSamples samples(1, 64);
    samples.add(1000, 900, 10, 5000);
    samples.add(1000, 2000, 5000, 10);
    samples.add(1000, 90'000, 10, 5000);
    EXPECT_FALSE(samples.sample());
}

JobResult job_of(double upload_ns, double kernel_ns, double download_ns) {
    JobResult result;
    result.dispatches = {{.duration_ns = kernel_ns}};
    if (upload_ns > 0) {
        result.upload = GpuSpan{.duration_ns = upload_ns};
        result.download = GpuSpan{.duration_ns = download_ns};
    }
    return result;
}

MemoryPath decide(double direct_ns, double upload_ns, double kernel_ns, double download_ns) {
    MemoryPathTrial trial(false);
    for (int frame = 0; frame < 100 && !trial.decided(); ++frame) {
        const MemoryPath path = trial.next();
        trial.add(path, path == MemoryPath::direct ? job_of(0, direct_ns, 0)
                                                   : job_of(upload_ns, kernel_ns, download_ns));
    }
    EXPECT_TRUE(trial.decided());
    return trial.next();
}

TEST(PathTrial, AShaderThatTouchesEachByteOnceWorksAcrossTheBus) {
    // As measured on an H200: invert, 4K RGBA.
    EXPECT_EQ(decide(849e3, 1130e3, 22e3, 703e3), MemoryPath::direct);
}

TEST(PathTrial, AShaderThatReadsBytesAgainAndAgainIsBetterOffWithCopies) {
    EXPECT_EQ(decide(5200e3, 1130e3, 90e3, 703e3), MemoryPath::copied);
}

TEST(PathTrial, FirstFramesAndAFewDisturbedOnesDecideNothing) {
    MemoryPathTrial trial(false);
    for (std::size_t frame = 0; !trial.decided(); ++frame) {
        const MemoryPath path = trial.next();
        // The first frames of each path are slow, and then each fourth of the direct ones.
        const bool disturbed = frame < 6 || (path == MemoryPath::direct && frame % 8 == 0);
        trial.add(path, path == MemoryPath::direct ? job_of(0, disturbed ? 90e6 : 800e3, 0)
                                                   : job_of(1000e3, 20e3, 700e3));
        ASSERT_LT(frame, 100U);
    }
    EXPECT_EQ(trial.next(), MemoryPath::direct);
    EXPECT_EQ(trial.reason(), "direct: 800 us a frame against 1720 us");
}

TEST(PathTrial, WithoutStampsTheWaitDecides) {
    MemoryPathTrial trial(false);
    while (!trial.decided()) {
        JobResult result;
        result.submitted_ns = 1000;
        result.completed_ns = trial.next() == MemoryPath::direct ? 9000 : 5000;
        trial.add(trial.next(), result);
    }
    EXPECT_EQ(trial.next(), MemoryPath::copied);
}

TEST(PathTrial, OnADeviceThatSharesMemoryThereIsNothingToTry) {
    const MemoryPathTrial trial(true);
    EXPECT_TRUE(trial.decided());
    EXPECT_EQ(trial.next(), MemoryPath::direct);
}

} // namespace
} // namespace tactus::test
