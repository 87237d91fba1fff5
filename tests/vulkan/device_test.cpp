// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "../support/sanitized.h"
#include "core/vulkan/device_choice.h"
#include "core/vulkan/stream_copy.h"
#include "gpu_fixture.h"

#include <dirent.h>

#include <atomic>
#include <cstdio>
#include <numeric>
#include <random>
#include <thread>

namespace tactus::test {
namespace {

std::vector<GpuListing> three_devices() {
    std::vector<GpuListing> devices(3);
    devices[0] = {0, "llvmpipe (LLVM 15)", "6d657361-0000-0000-0000-000000000000", "Mesa",
                  VK_PHYSICAL_DEVICE_TYPE_CPU};
    devices[1] = {1, "NVIDIA H200", "fc5b892f-ab4d-c5cd-09a1-c451b1527a38", "NVIDIA 580",
                  VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU};
    devices[2] = {2, "NVIDIA H100", "fc5b892f-0000-c5cd-09a1-c451b1527a38", "NVIDIA 580",
                  VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU};
    return devices;
}

TEST(DeviceChoice, GoesByIndexNameOrUuid) {
    GpuError error;
    const auto devices = three_devices();
    EXPECT_EQ(choose_device(devices, "", error), 1U) << "the first discrete one";
    EXPECT_EQ(choose_device(devices, "2", error), 2U);
    EXPECT_EQ(choose_device(devices, "LLVMpipe", error), 0U);
    EXPECT_EQ(choose_device(devices, "nvidia h100", error), 2U);
    EXPECT_EQ(choose_device(devices, "fc5b892f-0000-c5cd-09a1-c451b1527a38", error), 2U);
    EXPECT_EQ(choose_device(devices, "FC5B892FAB4DC5CD09A1C451B1527A38", error), 1U);
}

TEST(DeviceChoice, WhatIsNotThereGetsTheList) {
    const auto devices = three_devices();
    for (const char* wanted : {"3", "9999", "radeon", "nvidia", "fc5b892f-1111"}) {
        GpuError error;
        EXPECT_FALSE(choose_device(devices, wanted, error)) << wanted;
        EXPECT_EQ(error.status, GpuStatus::bad_input);
        EXPECT_NE(error.text.find(wanted), std::string::npos) << error.text;
        EXPECT_NE(error.text.find("1: NVIDIA H200 (discrete GPU, "
                                  "fc5b892f-ab4d-c5cd-09a1-c451b1527a38, NVIDIA 580)"),
                  std::string::npos)
            << error.text;
    }
    GpuError error;
    EXPECT_FALSE(choose_device({}, "", error));
    EXPECT_EQ(error.status, GpuStatus::unsupported);
}

VkQueueFamilyProperties family(VkQueueFlags flags, std::uint32_t count) {
    VkQueueFamilyProperties properties{};
    properties.queueFlags = flags;
    properties.queueCount = count;
    properties.timestampValidBits = 64;
    return properties;
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> places(const QueuePlan& plan) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> result;
    for (const GpuQueue& queue : plan.queues)
        result.emplace_back(queue.family, queue.index);
    return result;
}

TEST(QueuePlan, TakesQueuesForCopiesAloneWhereThereAreSome) {
    using Places = std::vector<std::pair<std::uint32_t, std::uint32_t>>;
    // An H200: graphics, copies, compute, and two families for video that can copy, too.
    EXPECT_EQ(places(plan_queues(
                  {family(15, 16), family(12, 2), family(14, 8), family(44, 7), family(268, 1)})),
              (Places{{2, 0}, {1, 0}, {1, 1}}));
    // One queue for copies: a spare compute queue takes the other direction.
    EXPECT_EQ(places(plan_queues({family(15, 1), family(14, 4), family(12, 1)})),
              (Places{{1, 0}, {2, 0}, {1, 1}}));
    // lavapipe
    EXPECT_EQ(places(plan_queues({family(7, 1)})), (Places{{0, 0}}));
    EXPECT_TRUE(plan_queues({family(VK_QUEUE_TRANSFER_BIT, 1)}).queues.empty());
}

TEST(StreamCopy, CopiesAllAndNothingElse) {
    std::vector<std::byte> from(kStreamCopyBytes + 5000);
    std::mt19937 random(7);
    for (std::byte& byte : from)
        byte = static_cast<std::byte>(random());
    for (const std::size_t size : {std::size_t{0}, std::size_t{77}, kStreamCopyBytes - 1,
                                   kStreamCopyBytes, kStreamCopyBytes + 4321}) {
        for (const std::size_t offset : {0U, 1U, 63U}) {
            std::vector<std::byte> to(from.size() + 200, std::byte{0x5A});
            stream_copy(to.data() + 64 + offset, from.data() + offset, size);
            ASSERT_EQ(std::memcmp(to.data() + 64 + offset, from.data() + offset, size), 0);
            ASSERT_EQ(to[63 + offset], std::byte{0x5A});
            ASSERT_EQ(to[64 + offset + size], std::byte{0x5A});
        }
    }
}

class Devices : public GpuTest {
  protected:
    static constexpr std::uint32_t kCount = 4096;

    /// One user's life: its own ring, pipeline and buffers, `jobs` frames.
    void use(std::uint32_t seed, int jobs, std::atomic<int>& wrong) {
        const auto pipe = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
        const auto from = host_buffer(kCount * 4);
        const auto to = host_buffer(kCount * 4);
        const auto ring = this->ring(2);
        for (int job = 0; job < jobs; ++job) {
            auto* const words = reinterpret_cast<std::uint32_t*>(from->data());
            std::iota(words, words + kCount, seed + static_cast<std::uint32_t>(job));
            GpuDispatch dispatch;
            dispatch.pipeline = pipe.get();
            dispatch.bindings = {{.binding = 0, .buffer = {from.get()}},
                                 {.binding = 1, .buffer = {to.get()}}};
            dispatch.push_constants = bytes_of(kCount);
            dispatch.groups = pipe->groups_for(kCount);
            run(*ring, {.dispatches = {dispatch}});
            const auto* const results = reinterpret_cast<const std::uint32_t*>(to->data());
            for (std::uint32_t index = 0; index < kCount; ++index)
                wrong +=
                    results[index] != ~(seed + static_cast<std::uint32_t>(job) + index) ? 1 : 0;
        }
    }
};

TEST_F(Devices, ThreeUsersShareOne) {
    std::atomic<int> wrong{0};
    std::vector<std::thread> users;
    for (std::uint32_t user = 0; user < 3; ++user)
        users.emplace_back([this, user, &wrong] { use(user * 1000, 30, wrong); });
    for (std::thread& user : users)
        user.join();
    EXPECT_EQ(wrong, 0);
}

TEST_F(Devices, TheSameSettingsGiveTheSameDevice) {
    GpuError error;
    const auto first = VulkanDevice::open({}, error);
    ASSERT_TRUE(first) << error.text;
    EXPECT_EQ(VulkanDevice::open({.device = first->traits().name}, error), first);
    EXPECT_EQ(VulkanDevice::open({.device = format_uuid(first->traits().uuid)}, error), first);
    EXPECT_NE(VulkanDevice::open({.share = false}, error), first);
    EXPECT_NE(VulkanDevice::open({.robust = false}, error), first);
}

TEST_F(Devices, AnUnknownNameGetsTheList) {
    GpuError error;
    EXPECT_FALSE(VulkanDevice::open({.device = "Voodoo 2"}, error));
    EXPECT_NE(error.text.find("there is no Vulkan device \"Voodoo 2\"; there are:"),
              std::string::npos)
        << error.text;
    EXPECT_NE(error.text.find(device_->traits().name), std::string::npos) << error.text;
}

TEST_F(Devices, ThePipelineCacheIsTakenBackAndADamagedOneIsNot) {
    pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    const std::vector<std::byte> data = device_->pipeline_cache_data();
    ASSERT_GE(data.size(), 32U);
    EXPECT_TRUE(device_->add_pipeline_cache(data));
    EXPECT_FALSE(device_->add_pipeline_cache({}));
    EXPECT_FALSE(device_->add_pipeline_cache(std::span(data).first(31)));
    for (const std::size_t at : {0U, 4U, 8U, 12U, 16U, 31U}) {
        auto foreign = data;
        foreign[at] ^= std::byte{0x10};
        EXPECT_FALSE(device_->add_pipeline_cache(foreign)) << at;
    }
}

TEST_F(Devices, ABorrowedDeviceWorksWithFencesUnderTheOwnersLock) {
    GpuError error;
    const GpuQueue& queue = device_->compute_queue();
    int locks = 0;
    int unlocks = 0;
    BorrowedDevice theirs;
    theirs.instance = device_->instance_handle();
    theirs.physical = device_->physical();
    theirs.device = device_->handle();
    theirs.queue = queue.handle;
    theirs.queue_family = queue.family;
    theirs.lock_queue = [&] { ++locks; };
    theirs.unlock_queue = [&] { ++unlocks; };
    const auto owner = device_;
    device_ = VulkanDevice::borrow(theirs, error);
    ASSERT_TRUE(device_) << error.text;
    EXPECT_TRUE(device_->borrowed());
    EXPECT_FALSE(device_->traits().host_import) << "the owner enabled no extension";
    std::atomic<int> wrong{0};
    use(5, 10, wrong);
    EXPECT_EQ(wrong, 0);
    EXPECT_EQ(locks, 13) << "three jobs at the start";
    EXPECT_EQ(unlocks, locks);
    device_ = owner;
}

TEST_F(Devices, ABorrowedDeviceWithoutAFeatureRefusesShadersThatNeedIt) {
    GpuError error;
    BorrowedDevice theirs;
    theirs.instance = device_->instance_handle();
    theirs.physical = device_->physical();
    theirs.device = device_->handle();
    theirs.queue = device_->compute_queue().handle;
    theirs.queue_family = device_->compute_queue().family;
    const auto borrowed = VulkanDevice::borrow(theirs, error);
    ASSERT_TRUE(borrowed) << error.text;
    const auto bytes = shader("#version 460\n#extension GL_EXT_shader_8bit_storage : require\n"
                              "layout(local_size_x = 1) in;\nlayout(binding = 0) buffer B { "
                              "uint8_t v[]; };\nvoid main() { v[1] = v[0]; }\n");
    EXPECT_FALSE(ComputePipeline::create(borrowed, bytes, {}, error));
    EXPECT_EQ(error.status, GpuStatus::unsupported);
    EXPECT_NE(error.text.find("StorageBuffer8BitAccess"), std::string::npos) << error.text;
}

TEST_F(Devices, PipelinesRefuseWhatMakesNoSense) {
    GpuError error;
    const auto fixed = shader("#version 460\nlayout(local_size_x = 16) in;\nvoid main() {}\n");
    EXPECT_FALSE(ComputePipeline::create(device_, fixed, {.local_size = {32, 0, 0}}, error));
    EXPECT_NE(error.text.find("fixes its local size in x to 16"), std::string::npos) << error.text;
    EXPECT_TRUE(ComputePipeline::create(device_, fixed, {.local_size = {16, 0, 0}}, error));
    EXPECT_FALSE(ComputePipeline::create(device_, fixed, {.constants = {{9, 1}}}, error));
    EXPECT_NE(error.text.find("no specialization constant 9; it has none"), std::string::npos)
        << error.text;
    const auto open = shader(kInvertWords);
    EXPECT_FALSE(ComputePipeline::create(device_, open, {.local_size = {1U << 30U, 0, 0}}, error));
    EXPECT_EQ(error.status, GpuStatus::bad_input);
    const auto separate =
        shader("#version 460\nlayout(local_size_x = 1) in;\nlayout(binding = 0) uniform "
               "samplerBuffer s;\nlayout(binding = 1) buffer B { vec4 v; };\nvoid main() { v = "
               "texelFetch(s, 0); }\n");
    EXPECT_FALSE(ComputePipeline::create(device_, separate, {}, error));
    EXPECT_NE(error.text.find("\"s\" (set 0, binding 0) is of a kind that cannot be bound"),
              std::string::npos)
        << error.text;
}

std::size_t open_files() {
    std::size_t count = 0;
    DIR* const folder = opendir("/proc/self/fd");
    while (folder != nullptr && readdir(folder) != nullptr)
        ++count;
    if (folder != nullptr)
        closedir(folder);
    return count;
}

std::size_t resident_kib() {
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    unsigned long total = 0;
    unsigned long resident = 0;
    if (file != nullptr) {
        if (std::fscanf(file, "%lu %lu", &total, &resident) != 2)
            resident = 0;
        std::fclose(file);
    }
    return resident * 4;
}

TEST(Cycles, AThousandLivesLeaveNothingBehind) {
    GpuError error;
    // Without the validation layer, which keeps books of its own.
    const auto device = VulkanDevice::open({.share = false}, error);
    if (!device)
        GTEST_SKIP() << error.text;
    const auto shader = Shader::from_glsl(kInvertWords, "inline", {}, error);
    ASSERT_TRUE(shader) << error.text;
    const auto cycle = [&] {
        const auto pipe =
            ComputePipeline::create(device, shader, {.local_size = {64, 0, 0}}, error);
        ASSERT_TRUE(pipe) << error.text;
        GpuStatus status = GpuStatus::ok;
        const auto from = GpuBuffer::create_host(device, 65536, status);
        const auto to = GpuBuffer::create_device(device, 65536, status);
        const auto image = GpuImage::create(device, {.width = 64, .height = 64}, status);
        SubmissionRing::Settings settings;
        settings.now_ns = steady_now_ns;
        const auto ring = SubmissionRing::create(device, settings, error);
        ASSERT_TRUE(from && to && image && ring) << error.text;
    };
    for (int warm_up = 0; warm_up < 200; ++warm_up)
        cycle();
    const std::size_t files = open_files();
    const std::size_t memory = resident_kib();
    const std::int64_t objects = device->live_objects();
    for (int index = 0; index < 1000; ++index)
        cycle();
    EXPECT_EQ(open_files(), files);
    EXPECT_EQ(device->live_objects(), objects);
    if (!kAddressSanitized) { // which keeps freed memory for a while
        EXPECT_LT(resident_kib(), memory + 4096);
    }
}

TEST(Cycles, ADeviceThatIsOpenedAgainAndAgainKeepsNoFiles) {
    GpuError error;
    if (!VulkanDevice::open({.share = false}, error))
        GTEST_SKIP() << error.text;
    const std::size_t files = open_files();
    for (int index = 0; index < 20; ++index)
        ASSERT_TRUE(VulkanDevice::open({.share = false}, error)) << error.text;
    EXPECT_EQ(open_files(), files);
}

} // namespace
} // namespace tactus::test
