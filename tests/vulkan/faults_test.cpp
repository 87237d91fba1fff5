// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/host_frames.h"
#include "fault_layer.h"
#include "gpu_fixture.h"

#include <dlfcn.h>

#include <cstdlib>
#include <sstream>

namespace tactus::test {
namespace {

constexpr std::uint32_t kCount = 4096;

/// A device below which the fault layer sits (see meson.build for how it gets there).
class FaultyGpu : public GpuTest {
  protected:
    void SetUp() override {
        TACTUS_FIND_FAULTS(faults_);
        *faults_ = {};
    }

    void TearDown() override {
        if (faults_ != nullptr)
            *faults_ = {};
        if (device_ && ignores_second_family_ && only_second_family(device_->validation_text()))
            messages_before_ = device_->validation_messages();
        GpuTest::TearDown();
    }

    /// The layer's second family is not known to the validation layer, which asks the driver
    /// itself; and the queue of both families is one, which newer ones take for one of the second.
    static bool only_second_family(const std::string& text) {
        std::istringstream lines(text);
        bool only = true;
        for (std::string line; std::getline(lines, line);)
            only = only && (line.find("VUID-VkBufferCreateInfo-sharingMode-01419") != line.npos ||
                            line.find("VUID-vkQueueSubmit-pCommandBuffers-00074") != line.npos ||
                            (line.starts_with("vkQueueSubmit(): ") &&
                             line.ends_with(" from queue family 1.")));
        return only;
    }

    /// False: the test is skipped.
    bool open() {
        GpuError error;
        device_ = VulkanDevice::open({.validation = true, .share = false}, error);
        if (!device_)
            device_ = VulkanDevice::open({.share = false}, error);
        if (!device_)
            return false;
        messages_before_ = device_->validation_messages();
        return true;
    }

    void make_job() {
        pipeline_ = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
        from_ = host_buffer(kCount * 4);
        to_ = host_buffer(kCount * 4);
        in_ = device_buffer(kCount * 4);
        out_ = device_buffer(kCount * 4);
        for (std::uint32_t index = 0; index < kCount; ++index)
            words(*from_)[index] = index * 77;
        job_.uploads = {{.from = {from_.get()}, .to = {in_.get()}}};
        job_.dispatches = {{.pipeline = pipeline_.get(),
                            .bindings = {{.binding = 0, .buffer = {in_.get()}},
                                         {.binding = 1, .buffer = {out_.get()}}},
                            .push_constants = bytes_of(kCount),
                            .groups = pipeline_->groups_for(kCount)}};
        job_.downloads = {{.from = {out_.get()}, .to = {to_.get()}}};
    }

    static std::uint32_t* words(GpuBuffer& buffer) {
        return reinterpret_cast<std::uint32_t*>(buffer.data());
    }

    void expect_inverted() const {
        for (std::uint32_t index = 0; index < kCount; ++index)
            ASSERT_EQ(words(*to_)[index], ~(index * 77));
    }

    Faults* faults_ = nullptr;
    bool ignores_second_family_ = false;
    std::shared_ptr<const ComputePipeline> pipeline_;
    std::shared_ptr<GpuBuffer> from_;
    std::shared_ptr<GpuBuffer> to_;
    std::shared_ptr<GpuBuffer> in_;
    std::shared_ptr<GpuBuffer> out_;
    GpuJob job_;

    void forget_job() {
        job_ = {};
        pipeline_.reset();
        from_.reset();
        to_.reset();
        in_.reset();
        out_.reset();
    }
    void expect_another_works() {
        ASSERT_TRUE(open());
        make_job();
        {
            const auto ring = this->ring();
            run(*ring, job_);
            expect_inverted();
        }
        forget_job();
    }
};

#define OPEN_OR_SKIP()                                                                             \
    if (!open())                                                                                   \
    GTEST_SKIP() << "no Vulkan device"

TEST_F(FaultyGpu, CopiesGoToQueuesOfTheirOwnWhereThereAreSome) {
    faults_->split_queues = true;
    ignores_second_family_ = true;
    OPEN_OR_SKIP();
    ASSERT_EQ(device_->transfer_queue_count(), 2U);
    make_job();
    {
        const auto ring = this->ring(3, TransferRoute::two_queues);
        EXPECT_EQ(ring->route(), TransferRoute::two_queues);
        EXPECT_EQ(faults_->copy_pools, 6) << "in and out for each of three slots";
        const std::int64_t before = faults_->submits;
        for (int round = 0; round < 20; ++round) {
            std::memset(to_->data(), 0, kCount * 4);
            const JobResult result = run(*ring, job_);
            expect_inverted();
            EXPECT_TRUE(result.upload);
            EXPECT_TRUE(result.download);
        }
        EXPECT_EQ(faults_->submits - before, 60) << "each part of a job is submitted by itself";
    }
    forget_job();
}

TEST_F(FaultyGpu, WithoutTimelineSemaphoresFencesDo) {
    faults_->hide_timeline = true;
    OPEN_OR_SKIP();
    make_job();
    {
        const auto ring = this->ring(2, TransferRoute::two_queues);
        EXPECT_EQ(ring->route(), TransferRoute::compute);
        for (int round = 0; round < 5; ++round) {
            std::memset(to_->data(), 0, kCount * 4);
            run(*ring, job_);
            expect_inverted();
        }
    }
    forget_job();
}

TEST_F(FaultyGpu, ALostDeviceIsSaidToBeLostAndANewOneWorks) {
    OPEN_OR_SKIP();
    make_job();
    {
        const auto ring = this->ring(3);
        faults_->submit_lost_at = faults_->submits + 3;
        const auto first = ring->try_acquire();
        const auto second = ring->try_acquire();
        const auto third = ring->try_acquire();
        ASSERT_EQ(ring->submit(*first, job_), GpuStatus::ok);
        ASSERT_EQ(ring->submit(*second, job_), GpuStatus::ok);
        EXPECT_EQ(ring->submit(*third, job_), GpuStatus::device_lost);
        EXPECT_TRUE(device_->lost());
        JobResult result;
        const std::uint64_t begin = steady_now_ns();
        EXPECT_EQ(ring->collect(*first, 10 * kSecondNs, result), GpuStatus::device_lost);
        EXPECT_EQ(ring->submit(*third, job_), GpuStatus::device_lost);
        GpuStatus status = GpuStatus::ok;
        EXPECT_FALSE(GpuBuffer::create_host(device_, 4096, status));
        EXPECT_EQ(status, GpuStatus::device_lost);
        EXPECT_LT(steady_now_ns() - begin, 5 * kSecondNs) << "nothing waits for a lost device";
    }
    forget_job();
    *faults_ = {};
    expect_another_works();
}

TEST_F(FaultyGpu, NothingIsLeftOfADeviceThatSaidItWasLost) {
    OPEN_OR_SKIP();
    const std::int64_t before = faults_->memory_bytes;
    make_job();
    {
        const auto ring = this->ring(3);
        faults_->submit_lost_at = faults_->submits + 2;
        const auto first = ring->try_acquire();
        const auto second = ring->try_acquire();
        ASSERT_EQ(ring->submit(*first, job_), GpuStatus::ok);
        ASSERT_EQ(ring->submit(*second, job_), GpuStatus::device_lost);
        EXPECT_GT(faults_->memory_bytes, before);
    }
    EXPECT_FALSE(device_->abandoned());
    forget_job();
    EXPECT_EQ(faults_->memory_bytes, before);
}

TEST_F(FaultyGpu, ADeviceThatWasGivenUpKeepsItsMemoryForItMayStillBeAtWork) {
    OPEN_OR_SKIP();
    const std::int64_t before = faults_->memory_bytes;
    make_job();
    device_->mark_lost();
    EXPECT_TRUE(device_->abandoned());
    forget_job();
    EXPECT_GT(faults_->memory_bytes, before);
}

TEST_F(FaultyGpu, ALossOfOneDeviceLeavesThoseThatAreOpenedLaterAlone) {
    OPEN_OR_SKIP();
    make_job();
    faults_->loses_one_device = true;
    {
        const auto ring = this->ring(3);
        faults_->submit_lost_at = faults_->submits + 1;
        ASSERT_EQ(ring->submit(*ring->try_acquire(), job_), GpuStatus::device_lost);
    }
    forget_job();
    expect_another_works();
}

TEST_F(FaultyGpu, ASharedDeviceThatIsLostIsNotHandedOutAgain) {
    GpuError error;
    const auto first = VulkanDevice::open({}, error);
    if (!first)
        GTEST_SKIP() << error.text;
    EXPECT_EQ(VulkanDevice::open({}, error), first);
    first->mark_lost();
    const auto second = VulkanDevice::open({}, error);
    ASSERT_TRUE(second) << error.text;
    EXPECT_NE(second, first);
    EXPECT_FALSE(second->lost());
}

TEST_F(FaultyGpu, EachAllocationMayFailWithoutALeak) {
    OPEN_OR_SKIP();
    const std::int64_t before = device_->live_objects();
    for (int kind = 0; kind < 3; ++kind) {
        faults_->allocation_fails_at = faults_->allocations + 1;
        GpuStatus status = GpuStatus::ok;
        if (kind == 0) {
            EXPECT_FALSE(GpuBuffer::create_host(device_, 4096, status));
        } else if (kind == 1) {
            EXPECT_FALSE(GpuBuffer::create_device(device_, 4096, status));
        } else {
            EXPECT_FALSE(GpuImage::create(device_, {.width = 16, .height = 16}, status));
        }
        EXPECT_EQ(status, GpuStatus::out_of_memory) << kind;
        EXPECT_EQ(device_->live_objects(), before);
    }
    EXPECT_FALSE(device_->lost());
}

// --- memory for frames

/// A frame's memory, and whether it is the arena's.
std::shared_ptr<GpuBuffer> frame_of(HostFrames& frames, GpuStatus& status) {
    auto made = frames.acquire(100'000, status);
    EXPECT_EQ(made != nullptr, status == GpuStatus::ok);
    EXPECT_TRUE(!made || made->data() != nullptr);
    return made;
}

TEST_F(FaultyGpu, PagesThatTheDriverRefusesAreItsOwnFromThenOn) {
    OPEN_OR_SKIP();
    if (!device_->traits().host_import)
        GTEST_SKIP() << "the device does not import";
    HostFrames frames(device_);
    GpuStatus status = GpuStatus::ok;
    faults_->import_refused = true;
    auto made = frame_of(frames, status);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->place(), BufferPlace::host);
    EXPECT_FALSE(frames.is_imported());
    EXPECT_EQ(frames.stats().mapped_bytes, 0U) << "nothing is kept that is of no use";
    faults_->import_refused = false;
    const std::int64_t before = faults_->allocations;
    made = frame_of(frames, status);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->place(), BufferPlace::host);
    EXPECT_EQ(faults_->allocations, before + 1) << "asked once";
}

TEST_F(FaultyGpu, ADeviceThatCannotImportGetsTheDriversMemory) {
    faults_->hide_import = true;
    OPEN_OR_SKIP();
    HostFrames frames(device_);
    GpuStatus status = GpuStatus::ok;
    const auto made = frame_of(frames, status);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->place(), BufferPlace::host);
    EXPECT_EQ(frames.stats().acquired, 0U);
}

TEST_F(FaultyGpu, MemoryThatWasShortForAWhileIsImportedAgain) {
    OPEN_OR_SKIP();
    if (!device_->traits().host_import)
        GTEST_SKIP() << "the device does not import";
    HostFrames frames(device_);
    const std::int64_t before = device_->live_objects();
    GpuStatus status = GpuStatus::ok;
    faults_->allocations_fail = true;
    EXPECT_FALSE(frame_of(frames, status));
    EXPECT_EQ(status, GpuStatus::out_of_memory);
    EXPECT_EQ(device_->live_objects(), before);
    faults_->allocations_fail = false;
    const auto made = frame_of(frames, status);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->place(), BufferPlace::imported);
}

TEST_F(FaultyGpu, AFailedPipelineIsAnError) {
    OPEN_OR_SKIP();
    faults_->pipeline_fails_at = faults_->pipelines + 1;
    GpuError error;
    EXPECT_FALSE(ComputePipeline::create(device_, shader(kInvertWords), {}, error));
    EXPECT_EQ(error.status, GpuStatus::out_of_memory);
    EXPECT_NE(error.text.find("out-of-memory"), std::string::npos) << error.text;
    EXPECT_TRUE(ComputePipeline::create(device_, shader(kInvertWords), {}, error));
}

TEST_F(FaultyGpu, PagesThatTheDriverRefusesAreReported) {
    OPEN_OR_SKIP();
    if (!device_->traits().host_import)
        GTEST_SKIP() << "the device lacks VK_EXT_external_memory_host";
    const std::size_t page = device_->traits().import_alignment;
    std::unique_ptr<void, decltype(&std::free)> memory(std::aligned_alloc(page, page), &std::free);
    faults_->import_refused = true;
    ImportVerdict verdict = ImportVerdict::possible;
    EXPECT_FALSE(GpuBuffer::import_host(device_, memory.get(), page, verdict));
    EXPECT_EQ(verdict, ImportVerdict::refused);
    faults_->import_refused = false;
    EXPECT_TRUE(GpuBuffer::import_host(device_, memory.get(), page, verdict));
}

TEST_F(FaultyGpu, WithoutTheExtensionNothingIsImported) {
    faults_->hide_import = true;
    OPEN_OR_SKIP();
    EXPECT_FALSE(device_->traits().host_import);
    ImportVerdict verdict = ImportVerdict::possible;
    alignas(4096) static std::byte page[4096];
    EXPECT_FALSE(GpuBuffer::import_host(device_, page, sizeof page, verdict));
    EXPECT_EQ(verdict, ImportVerdict::no_extension);
}

TEST_F(FaultyGpu, AWaitThatTimesOutCanBeRepeated) {
    OPEN_OR_SKIP();
    make_job();
    {
        const auto ring = this->ring(1);
        const auto slot = ring->try_acquire();
        ASSERT_EQ(ring->submit(*slot, job_), GpuStatus::ok);
        faults_->waits_time_out = true;
        JobResult result;
        EXPECT_EQ(ring->collect(*slot, 1000, result), GpuStatus::timeout);
        EXPECT_FALSE(ring->done(*slot));
        EXPECT_FALSE(ring->try_acquire()) << "the job is still there";
        faults_->waits_time_out = false;
        EXPECT_EQ(ring->collect(*slot, 10 * kSecondNs, result), GpuStatus::ok);
        expect_inverted();
    }
    forget_job();
}

TEST_F(FaultyGpu, AStalledGpuIsAbandonedInFiniteTime) {
    OPEN_OR_SKIP();
    make_job();
    const std::uint64_t begin = steady_now_ns();
    {
        const auto ring = this->ring(2);
        faults_->stalled = true;
        const auto slot = ring->try_acquire();
        ASSERT_EQ(ring->submit(*slot, job_), GpuStatus::ok);
        JobResult result;
        EXPECT_EQ(ring->collect(*slot, 1000, result), GpuStatus::timeout);
    }
    EXPECT_TRUE(device_->lost()) << "the ring gave up on the job";
    EXPECT_LT(steady_now_ns() - begin, 20 * kSecondNs);
    forget_job();
}

TEST_F(FaultyGpu, AGpuThatIsStalledFromTheStartMakesNoRing) {
    OPEN_OR_SKIP();
    faults_->stalled = true;
    GpuError error;
    SubmissionRing::Settings settings;
    settings.now_ns = steady_now_ns;
    EXPECT_FALSE(SubmissionRing::create(device_, settings, error));
    EXPECT_EQ(error.status, GpuStatus::timeout);
    EXPECT_TRUE(device_->lost());
}

class FaultyStamps : public FaultyGpu {
  protected:
    /// Runs jobs and counts stamps outside of submission and completion.
    unsigned outside(SubmissionRing& ring, unsigned jobs) {
        unsigned found = 0;
        for (unsigned index = 0; index < jobs; ++index) {
            const JobResult result = run(ring, job_);
            for (const GpuSpan& span : result.dispatches) {
                if (span.method == GpuTimeMethod::none)
                    continue;
                const auto bound = static_cast<std::uint64_t>(span.bound_ns) + 1;
                const bool early = span.begin_ns + bound < result.submitted_ns;
                found += early || span.end_ns > result.completed_ns + bound ? 1 : 0;
                method_ = span.method;
            }
        }
        return found;
    }

    GpuTimeMethod method_ = GpuTimeMethod::none;
};

TEST_F(FaultyStamps, WithoutCalibrationIntervalsTellTheTime) {
    faults_->hide_calibration = true;
    OPEN_OR_SKIP();
    make_job();
    {
        const auto ring = this->ring(1);
        EXPECT_EQ(outside(*ring, 50), 0U);
        EXPECT_EQ(method_, GpuTimeMethod::intervals);
    }
    forget_job();
}

TEST_F(FaultyStamps, ADriverThatLiesIsFoundOutAndDistrusted) {
    faults_->stamps_lie = true;
    OPEN_OR_SKIP();
    make_job();
    {
        const auto ring = this->ring(1);
        outside(*ring, 20);
        EXPECT_TRUE(ring->clock().health().distrusted);
        EXPECT_EQ(outside(*ring, 20), 0U);
        EXPECT_EQ(method_, GpuTimeMethod::intervals);
    }
    forget_job();
}

} // namespace
} // namespace tactus::test
