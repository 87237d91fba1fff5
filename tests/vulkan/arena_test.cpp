// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frame memory under a device: a block of the arena is imported once, and stays so while it is
// idle.
#include "core/topology/frame_arena.h"
#include "core/vulkan/host_frames.h"
#include "gpu_fixture.h"

#include <sys/mman.h>

#include <set>

namespace tactus::test {

namespace {

using Import = std::shared_ptr<GpuBuffer>;

class ArenaOnGpu : public GpuTest {
  protected:
    static void forget(FrameBlock& block) { delete static_cast<Import*>(block.attachment); }

    const Import& import_of(FrameBlock& block) {
        if (block.attachment == nullptr) {
            ++imports_;
            block.attachment =
                new Import(GpuBuffer::import_host(device_, block.data, block.size_bytes, verdict_));
        }
        return *static_cast<Import*>(block.attachment);
    }

    int imports_ = 0;
    ImportVerdict verdict_ = ImportVerdict::possible;
};

TEST_F(ArenaOnGpu, imports_each_block_once_private_or_in_a_file) {
    for (const bool shared : {false, true}) {
        const auto arena = FrameArena::create({.shared = shared}, forget);
        imports_ = 0;
        for (int frame = 0; frame < 20; ++frame) {
            FrameBlock* first = arena->acquire(1'000'000);
            FrameBlock* second = arena->acquire(1'000'000);
            ASSERT_NE(first, nullptr);
            ASSERT_NE(second, nullptr);
            const bool imported = import_of(*first) != nullptr && import_of(*second) != nullptr;
            arena->release(second);
            arena->release(first);
            // The pages are as they should be; a device may lack the extension, a driver refuse.
            EXPECT_NE(verdict_, ImportVerdict::misaligned);
            EXPECT_NE(verdict_, ImportVerdict::partial_page);
            if (!imported)
                GTEST_SKIP() << "the device does not import: " << import_verdict_name(verdict_);
        }
        EXPECT_EQ(imports_, 2);
    }
    // TearDown looks whether the imports have gone with their pages.
}

// --- memory for frames, as an element offers it

constexpr std::uint32_t kWords = 300'000;

class HostFramesOnGpu : public GpuTest {
  protected:
    void SetUp() override {
        GpuTest::SetUp();
        if (!device_)
            return;
        frames_ = std::make_unique<HostFrames>(device_);
        if (!frames_->is_imported())
            GTEST_SKIP() << "the device does not import";
    }
    void TearDown() override {
        frames_.reset();
        GpuTest::TearDown();
    }

    std::shared_ptr<GpuBuffer> acquire(std::size_t bytes) {
        GpuStatus status = GpuStatus::failed;
        auto made = frames_->acquire(bytes, status);
        EXPECT_EQ(status, GpuStatus::ok);
        return made;
    }
    static std::uint32_t* words(GpuBuffer& buffer) {
        return reinterpret_cast<std::uint32_t*>(buffer.data());
    }
    static bool is_mapped(void* page) { return msync(page, 4096, MS_ASYNC) == 0; }

    std::unique_ptr<HostFrames> frames_;
};

TEST_F(HostFramesOnGpu, a_shader_reads_and_writes_them_bit_by_bit) {
    const auto inverts = pipeline(kInvertWords, {.local_size = {64, 0, 0}});
    const auto jobs = ring();
    for (std::uint32_t frame = 0; frame < 5; ++frame) {
        const auto from = acquire(kWords * 4);
        const auto to = acquire(kWords * 4);
        ASSERT_TRUE(from && to);
        EXPECT_EQ(from->place(), BufferPlace::imported);
        for (std::uint32_t i = 0; i < kWords; ++i)
            words(*from)[i] = i * 77 + frame;
        std::memset(to->data(), 0, kWords * 4);
        GpuJob job;
        job.dispatches = {{.pipeline = inverts.get(),
                           .bindings = {{.binding = 0, .buffer = {from.get()}},
                                        {.binding = 1, .buffer = {to.get()}}},
                           .push_constants = bytes_of(kWords),
                           .groups = inverts->groups_for(kWords)}};
        run(*jobs, job);
        for (std::uint32_t i = 0; i < kWords; ++i)
            ASSERT_EQ(words(*to)[i], ~(i * 77 + frame)) << i;
    }
}

TEST_F(HostFramesOnGpu, are_mapped_and_imported_once_and_then_used_again) {
    std::set<VkBuffer> seen;
    for (int frame = 0; frame < 20; ++frame) {
        const auto first = acquire(kWords * 4);
        const auto second = acquire(kWords * 4);
        ASSERT_TRUE(first && second);
        seen.insert(first->handle());
        seen.insert(second->handle());
    }
    EXPECT_EQ(seen.size(), 2U);
    const ArenaStats stats = frames_->stats();
    EXPECT_EQ(stats.acquired, 40U);
    EXPECT_EQ(stats.mapped, 2U);
    EXPECT_EQ(stats.idle_bytes, stats.mapped_bytes);
    EXPECT_GE(stats.mapped_bytes, 2U * kWords * 4);
    EXPECT_EQ(device_->live_objects(), objects_before_ + 2);
}

TEST_F(HostFramesOnGpu, what_is_idle_goes_when_it_is_asked_to) {
    auto kept = acquire(kWords * 4);
    auto idle = acquire(kWords * 4);
    ASSERT_TRUE(kept && idle);
    std::byte* const kept_page = kept->data();
    std::byte* const idle_page = idle->data();
    idle.reset();
    frames_->trim();
    EXPECT_TRUE(is_mapped(kept_page));
    EXPECT_FALSE(is_mapped(idle_page));
    EXPECT_EQ(device_->live_objects(), objects_before_ + 1);
    EXPECT_EQ(frames_->stats().blocks_in_use, 1U);
}

TEST_F(HostFramesOnGpu, a_buffer_outlives_them_and_takes_its_pages_along) {
    auto last = acquire(kWords * 4);
    ASSERT_TRUE(last);
    std::byte* const page = last->data();
    frames_.reset();
    words(*last)[kWords - 1] = 77;
    EXPECT_EQ(device_->live_objects(), objects_before_ + 1);
    last.reset();
    EXPECT_FALSE(is_mapped(page));
    EXPECT_EQ(device_->live_objects(), objects_before_);
}

} // namespace

} // namespace tactus::test
