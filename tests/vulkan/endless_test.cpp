// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// A shader with an endless loop: the wait times out, the device is given up, and the process lives
// and goes on with another device. A program of its own, as the loop keeps a thread or the GPU busy
// until its end.
#include "../support/skipping.h"
#include "gpu_fixture.h"

#include <unistd.h>

#include <csignal>

namespace tactus::test {
namespace {

// Ends when the host writes to the flag, so that lavapipe's thread is not left running for good.
// llvmpipe leaves a loop after 65535 rounds, hence the million of work groups.
constexpr const char* kEndless = R"(#version 460
layout(local_size_x = 1) in;
layout(std430, binding = 0) coherent volatile buffer Flag { uint stop; uint rounds; };
void main() {
    while (stop == 0) ++rounds;
}
)";

TEST(EndlessLoop, EndsInATimeoutAndTheProcessGoesOn) {
    GpuError error;
    auto device = VulkanDevice::open({}, error);
    if (!device)
        GTEST_SKIP() << "no Vulkan device: " << error.text;
    const auto shader = Shader::from_glsl(kEndless, "endless", {}, error);
    ASSERT_TRUE(shader) << error.text;
    const auto pipeline = ComputePipeline::create(device, shader, {}, error);
    ASSERT_TRUE(pipeline) << error.text;
    GpuStatus status = GpuStatus::ok;
    const auto flag = GpuBuffer::create_host(device, 4096, status);
    std::memset(flag->data(), 0, 4096);
    SubmissionRing::Settings settings;
    settings.now_ns = steady_now_ns;
    {
        auto ring = SubmissionRing::create(device, settings, error);
        ASSERT_TRUE(ring) << error.text;
        GpuJob job;
        job.dispatches = {{.pipeline = pipeline.get(),
                           .bindings = {{.binding = 0, .buffer = {flag.get()}}},
                           .groups = {65535, 16, 1}}};
        const auto slot = ring->try_acquire();
        ASSERT_EQ(ring->submit(*slot, job), GpuStatus::ok) << ring->submit_error();
        JobResult result;
        status = ring->collect(*slot, kSecondNs / 2, result);
        // A GPU's own watchdog may be quicker.
        EXPECT_TRUE(status == GpuStatus::timeout || status == GpuStatus::device_lost)
            << gpu_status_name(status);
        device->mark_lost();
        EXPECT_EQ(ring->collect(*slot, kSecondNs, result), GpuStatus::device_lost);
    }
    const auto next = VulkanDevice::open({}, error);
    ASSERT_TRUE(next) << error.text;
    EXPECT_NE(next, device);
    const auto ring = SubmissionRing::create(next, settings, error);
    EXPECT_TRUE(ring) << "the new device works while the old one is busy: " << error.text;
    *reinterpret_cast<volatile std::uint32_t*>(flag->data()) = 1;
}

} // namespace
} // namespace tactus::test

int main(int argc, char** argv) {
    const int code = tactus::test::run_or_skip(argc, argv);
    std::fflush(nullptr);
    _exit(code); // no exit handlers of a driver that still works on the loop
}
