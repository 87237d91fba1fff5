// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames in dmabufs, and a device that is lost while a program is made. There is no driver here
// that imports dmabufs: the fault layer claims to, and maps whatever has a descriptor.
#include "../vulkan/fault_layer.h"
#include "compute_harness.h"

#include <gst/allocators/allocators.h>
#include <gst/video/video.h>

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

using namespace tactus;

namespace {

constexpr std::uint32_t kWidth = 64;
constexpr std::uint32_t kHeight = 16;
constexpr std::size_t kBytes = kWidth * kHeight * 4;

class Dmabuf : public testing::Test {
  protected:
    void SetUp() override {
        gst_init(nullptr, nullptr);
        TACTUS_FIND_FAULTS(faults_);
        *faults_ = {};
    }
    void TearDown() override {
        if (faults_ != nullptr)
            *faults_ = {};
    }

    /// False, and skipped, where no shader runs.
    bool start(const char* properties) {
        GstElement* probe = make_compute("");
        const bool opens =
            gst_element_set_state(probe, GST_STATE_READY) == GST_STATE_CHANGE_SUCCESS;
        gst_element_set_state(probe, GST_STATE_NULL);
        gst_object_unref(probe);
        if (!opens)
            return false;
        harness_ = std::make_unique<ComputeHarness>(properties);
        harness_->set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
        return true;
    }

    static Picture numbered(std::uint32_t seed) {
        Picture picture(PixelFormat::rgba, kWidth, kHeight);
        picture.fill(seed);
        return picture;
    }

    /// A frame behind a descriptor, `skipped` bytes from its begin.
    static GstBuffer* frame_in_dmabuf(std::uint32_t seed, std::size_t skipped) {
        const int fd = memfd_create("frame", MFD_CLOEXEC);
        const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
        const std::size_t whole = (kBytes + skipped + page - 1) / page * page;
        EXPECT_EQ(ftruncate(fd, static_cast<off_t>(whole)), 0);
        EXPECT_EQ(pwrite(fd, numbered(seed).bytes.data(), kBytes, static_cast<off_t>(skipped)),
                  static_cast<ssize_t>(kBytes));
        GstAllocator* allocator = gst_dmabuf_allocator_new();
        GstMemory* memory = gst_dmabuf_allocator_alloc(allocator, fd, whole);
        gst_object_unref(allocator);
        gst_memory_resize(memory, static_cast<gssize>(skipped), kBytes);
        GstBuffer* buffer = gst_buffer_new();
        gst_buffer_append_memory(buffer, memory);
        GST_BUFFER_PTS(buffer) = 0;
        return buffer;
    }

    void expect_inverted(std::uint32_t seed) {
        GstBuffer* buffer = harness_->pull();
        ASSERT_NE(buffer, nullptr) << harness_->complaint();
        const Picture out = picture_of(buffer, PixelFormat::rgba, kWidth, kHeight);
        EXPECT_EQ(difference(out, reference_invert(numbered(seed))).where, "");
    }

    test::Faults* faults_ = nullptr;
    std::unique_ptr<ComputeHarness> harness_;
};

TEST_F(Dmabuf, FramesAreReadWhereTheyAre) {
    faults_->fake_dmabuf = true;
    if (!start("shader=invert"))
        GTEST_SKIP() << "no Vulkan device here: install mesa-vulkan-drivers";
    for (std::uint32_t seed = 1; seed <= 4; ++seed) {
        ASSERT_EQ(harness_->push(frame_in_dmabuf(seed, seed % 2 == 0 ? 0 : 256)), GST_FLOW_OK);
        expect_inverted(seed);
    }
    EXPECT_EQ(harness_->stat("frames-dmabuf"), 4U) << harness_->stat_text("memory-reason");
    EXPECT_EQ(harness_->stat("frames-staged"), 0U);
    EXPECT_EQ(harness_->stat_text("memory-path"), "dmabuf");
    EXPECT_EQ(harness_->stat_text("memory-reason"),
              "the frames are in dmabufs, and the device imports them");
    harness_.reset();
}

TEST_F(Dmabuf, OneThatIsUsedAgainIsImportedOnce) {
    faults_->fake_dmabuf = true;
    if (!start("shader=invert"))
        GTEST_SKIP() << "no Vulkan device here: install mesa-vulkan-drivers";
    GstBuffer* frame = frame_in_dmabuf(5, 0);
    for (int i = 0; i < 40; ++i) {
        ASSERT_EQ(harness_->push(gst_buffer_ref(frame)), GST_FLOW_OK);
        expect_inverted(5);
    }
    gst_buffer_unref(frame);
    EXPECT_EQ(harness_->stat("frames-dmabuf"), 40U);
    harness_.reset();
}

TEST_F(Dmabuf, WithoutTheExtensionFramesAreCopiedAndTheReasonSaysSo) {
    if (!start("shader=invert"))
        GTEST_SKIP() << "no Vulkan device here: install mesa-vulkan-drivers";
    ASSERT_EQ(harness_->push(frame_in_dmabuf(6, 0)), GST_FLOW_OK);
    expect_inverted(6);
    if (harness_->stat("frames-dmabuf") != 0)
        GTEST_SKIP() << "this driver imports dmabufs itself, even what is none";
    EXPECT_EQ(harness_->stat("frames-staged"), 1U);
    const std::string reason = harness_->stat_text("memory-reason");
    EXPECT_NE(reason.find("dmabuf"), std::string::npos) << reason;
    harness_.reset();
}

TEST_F(Dmabuf, ADriverThatRefusesIsAskedOnce) {
    faults_->fake_dmabuf = true;
    if (!start("shader=invert"))
        GTEST_SKIP() << "no Vulkan device here: install mesa-vulkan-drivers";
    faults_->import_refused = true;
    for (std::uint32_t seed = 1; seed <= 3; ++seed) {
        ASSERT_EQ(harness_->push(frame_in_dmabuf(seed, 0)), GST_FLOW_OK);
        expect_inverted(seed);
        faults_->import_refused = false; // too late: it had its chance
    }
    EXPECT_EQ(harness_->stat("frames-staged"), 3U);
    EXPECT_EQ(harness_->stat("frames-dmabuf"), 0U);
    EXPECT_EQ(harness_->stat_text("memory-reason"), "the driver refused the dmabuf");
    harness_.reset();
}

TEST_F(Dmabuf, ADeviceThatIsLostWhileItMakesAProgramIsOpenedAnew) {
    if (!start("shader=invert"))
        GTEST_SKIP() << "no Vulkan device here: install mesa-vulkan-drivers";
    ASSERT_EQ(harness_->push(buffer_of(numbered(1))), GST_FLOW_OK);
    expect_inverted(1);
    // A crop changes the size, and so the program.
    GstBuffer* cropped = buffer_of(numbered(2));
    GstVideoCropMeta* crop = gst_buffer_add_video_crop_meta(cropped);
    crop->width = 32;
    crop->height = 8;
    faults_->allocation_lost = true;
    ASSERT_EQ(harness_->push(cropped), GST_FLOW_OK) << harness_->complaint();
    GstBuffer* out = harness_->pull();
    ASSERT_NE(out, nullptr) << harness_->complaint();
    const Picture got = picture_of(out, PixelFormat::rgba, 32, 8);
    const Picture whole = reference_invert(numbered(2));
    for (std::uint32_t y = 0; y < 8; ++y)
        for (std::uint32_t x = 0; x < 32; ++x)
            ASSERT_EQ(got.at(0, x, y, 1), whole.at(0, x, y, 1)) << x << "," << y;
    EXPECT_EQ(harness_->stat("device-rebuilds"), 1U);
    EXPECT_EQ(harness_->stat("frames-lost"), 0U);
    EXPECT_EQ(harness_->complaint(), "") << "a warning is all";
    // So do other caps.
    faults_->allocation_lost = true;
    const auto small = harness_->process(Picture(PixelFormat::gray8, 16, 16));
    ASSERT_TRUE(small);
    EXPECT_EQ(harness_->stat("device-rebuilds"), 2U);
    harness_.reset();
}

} // namespace
