// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/submission_ring.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace tactus::test {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

inline std::uint64_t steady_now_ns() {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                          std::chrono::steady_clock::now().time_since_epoch())
                                          .count());
}

/// Tests that need a Vulkan device; they skip where there is none. The device is watched by the
/// validation layer (with synchronization checks) where that is installed, and any message fails
/// the test.
class GpuTest : public ::testing::Test {
  protected:
    void SetUp() override {
        GpuError error;
        device_ = VulkanDevice::open({.validation = true}, error);
        if (!device_ && error.text.find("VK_LAYER") != std::string::npos)
            device_ = VulkanDevice::open({}, error);
        if (!device_)
            GTEST_SKIP() << "no Vulkan device: " << error.text;
        messages_before_ = device_->validation_messages();
        objects_before_ = device_->live_objects();
    }

    void TearDown() override {
        if (!device_)
            return;
        EXPECT_EQ(device_->validation_messages(), messages_before_) << device_->validation_text();
        if (!device_->lost()) {
            EXPECT_EQ(device_->live_objects(), objects_before_);
        }
    }

    std::shared_ptr<const Shader> shader(const std::string& text) const {
        GpuError error;
        auto made = Shader::from_glsl(text, "inline", {}, error);
        EXPECT_TRUE(made) << error.text;
        return made;
    }

    std::shared_ptr<const ComputePipeline>
    pipeline(const std::string& text, const ComputePipeline::Settings& settings = {}) {
        GpuError error;
        auto made = ComputePipeline::create(device_, shader(text), settings, error);
        EXPECT_TRUE(made) << error.text;
        return made;
    }

    std::unique_ptr<SubmissionRing> ring(unsigned in_flight = 3,
                                         TransferRoute route = TransferRoute::automatic) {
        GpuError error;
        SubmissionRing::Settings settings;
        settings.in_flight = in_flight;
        settings.route = route;
        settings.now_ns = steady_now_ns;
        auto made = SubmissionRing::create(device_, settings, error);
        EXPECT_TRUE(made) << error.text;
        return made;
    }

    std::shared_ptr<GpuBuffer> host_buffer(std::size_t size_bytes) {
        GpuStatus status = GpuStatus::ok;
        auto made = GpuBuffer::create_host(device_, size_bytes, status);
        EXPECT_TRUE(made) << gpu_status_name(status);
        return made;
    }

    std::shared_ptr<GpuBuffer> device_buffer(std::size_t size_bytes) {
        GpuStatus status = GpuStatus::ok;
        auto made = GpuBuffer::create_device(device_, size_bytes, status);
        EXPECT_TRUE(made) << gpu_status_name(status);
        return made;
    }

    /// Runs one job to its end.
    static JobResult run(SubmissionRing& ring, const GpuJob& job) {
        JobResult result;
        const auto slot = ring.try_acquire();
        EXPECT_TRUE(slot);
        if (!slot)
            return result;
        const GpuStatus status = ring.submit(*slot, job);
        EXPECT_EQ(status, GpuStatus::ok) << ring.submit_error();
        if (status == GpuStatus::ok) {
            EXPECT_EQ(ring.collect(*slot, 10 * kSecondNs, result), GpuStatus::ok);
        }
        return result;
    }

    std::shared_ptr<VulkanDevice> device_;
    std::uint64_t messages_before_ = 0;
    std::int64_t objects_before_ = 0;
};

/// Inverts words; binding 0 in, 1 out.
constexpr const char* kInvertWords = R"(#version 460
layout(local_size_x_id = 0) in;
layout(std430, binding = 0) readonly buffer In { uint source[]; };
layout(std430, binding = 1) writeonly buffer Out { uint target[]; };
layout(push_constant) uniform Push { uint count; };
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i < count) target[i] = ~source[i];
}
)";

template <typename T>
std::vector<std::byte> bytes_of(const T& value) {
    std::vector<std::byte> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

} // namespace tactus::test
