// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The element on a device that fails on purpose: lost work, a GPU that stands still, and memory
// that is short.
#include "../vulkan/fault_layer.h"
#include "compute_harness.h"
#include "proposed_allocator.h"

#include <gst/video/video.h>

#include <dlfcn.h>
#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <numeric>
#include <vector>

using namespace tactus;

namespace {

constexpr std::uint32_t kWidth = 64;
constexpr std::uint32_t kHeight = 64;
constexpr std::int64_t kFrameBytes = kWidth * kHeight * 4;

class Faulty : public testing::Test {
  protected:
    void SetUp() override {
        TACTUS_NEEDS_DEVICE();
        TACTUS_FIND_FAULTS(faults_);
        clear_faults();
    }
    void TearDown() override {
        if (faults_ != nullptr)
            clear_faults();
    }

    void clear_faults() {
        const std::int64_t bytes = faults_->memory_bytes;
        *faults_ = {};
        faults_->memory_bytes = bytes;
    }

    static Picture numbered(std::uint32_t seed) {
        Picture picture(PixelFormat::rgba, kWidth, kHeight);
        picture.fill(seed);
        return picture;
    }
    static GstFlowReturn push(ComputeHarness& harness, std::uint32_t number) {
        return harness.push(buffer_of(numbered(number), number));
    }
    static void set_shader(const ComputeHarness& harness, const char* shader) {
        g_object_set(harness.element(), "shader", shader, nullptr);
    }
    static void drain(ComputeHarness& harness) {
        GstQuery* query = gst_query_new_drain();
        gst_pad_peer_query(harness.get()->srcpad, query);
        gst_query_unref(query);
    }
    // The device is lost with this frame; the next one that is opened works.
    void lose_device(ComputeHarness& harness, std::uint32_t number = 0) {
        faults_->submit_lost_at = faults_->submits + 1;
        EXPECT_EQ(push(harness, number), GST_FLOW_OK);
        drain(harness);
        clear_faults();
    }
    // What comes out is the negative of this frame; true if it is marked as discontinuous.
    static bool expect_inverted(ComputeHarness& harness, std::uint32_t number) {
        GstBuffer* buffer = harness.pull();
        if (buffer == nullptr) {
            ADD_FAILURE() << "no frame " << number << ": " << harness.complaint();
            return false;
        }
        const bool discont = GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DISCONT);
        EXPECT_EQ(GST_BUFFER_PTS(buffer), number * GST_SECOND / 30);
        const Picture out = picture_of(buffer, PixelFormat::rgba, kWidth, kHeight);
        EXPECT_EQ(difference(out, reference_invert(numbered(number))).where, "") << number;
        return discont;
    }
    static std::uint64_t accounted(const ComputeHarness& harness) {
        return harness.stat("frames-out") + harness.stat("frames-lost") +
               harness.stat("frames-flushed") + harness.stat("frames-refused");
    }

    test::Faults* faults_ = nullptr;
};

// --- the device is lost

TEST_F(Faulty, AFrameThatIsLostIsCountedAndTheNextOneIsDiscontinuous) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    for (std::uint32_t i = 0; i < 3; ++i) {
        ASSERT_EQ(push(harness, i), GST_FLOW_OK);
        EXPECT_FALSE(expect_inverted(harness, i));
    }
    faults_->submit_lost_at = faults_->submits + 1;
    ASSERT_EQ(push(harness, 3), GST_FLOW_OK);
    drain(harness);
    EXPECT_EQ(harness.stat("frames-lost"), 1U);
    clear_faults();
    ASSERT_EQ(push(harness, 4), GST_FLOW_OK);
    ASSERT_EQ(push(harness, 5), GST_FLOW_OK);
    EXPECT_TRUE(expect_inverted(harness, 4)) << "a frame is missing before it";
    EXPECT_FALSE(expect_inverted(harness, 5));
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
}

TEST_F(Faulty, ADeviceThatTheLastFrameLostIsOpenedAnewByTheNextStart) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    lose_device(harness);
    ASSERT_NE(gst_element_set_state(harness.element(), GST_STATE_READY), GST_STATE_CHANGE_FAILURE);
    ASSERT_NE(gst_element_set_state(harness.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE)
        << harness.complaint();
    gst_harness_push_event(harness.get(), gst_event_new_stream_start("again"));
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 1), GST_FLOW_OK);
    expect_inverted(harness, 1);
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
}

TEST_F(Faulty, AnElementWhoseFirstJobFindsTheDeviceLostStartsOnANewOne) {
    faults_->loses_one_device = true;
    faults_->submit_lost_at = faults_->submits + 1;
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 0);
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
    EXPECT_EQ(harness.stat("frames-lost"), 0U);
}

// What goes wrong while a lost device is opened anew is no state to go on from.
TEST_F(Faulty, AFrameAfterADeviceThatCouldNotBeOpenedAnewMakesAllOfIt) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    faults_->submit_lost_at = faults_->submits + 1;
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    clear_faults();
    faults_->waits_time_out = true; // also of the first jobs on the new one
    EXPECT_EQ(push(harness, 1), GST_FLOW_ERROR);
    clear_faults();
    ASSERT_EQ(push(harness, 2), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 2);
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight / 2));
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 3), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 3);
}

// Neither what upstream writes to nor what goes out may be the lost one's.
TEST_F(Faulty, MemoryIsOfTheNewDeviceAlsoIfItsFirstRingCouldNotBeMade) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    expect_inverted(harness, 0);
    lose_device(harness, 1);
    faults_->command_pools_fail = true; // the new device is there, and its ring is not
    EXPECT_EQ(push(harness, 2), GST_FLOW_ERROR);
    clear_faults();
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    for (std::uint32_t i = 3; i < 9; ++i) // more than had been made
        ASSERT_EQ(push(harness, i), GST_FLOW_OK) << harness.complaint();
    for (std::uint32_t i = 3; i < 9; ++i)
        expect_inverted(harness, i);
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
}

TEST_F(Faulty, ARingThatCouldNotBeMadeIsOneErrorAndMadeOnceThereIsMemory) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    lose_device(harness);
    faults_->command_pools_fail = true;
    for (std::uint32_t i = 1; i < 4; ++i)
        EXPECT_EQ(push(harness, i), GST_FLOW_ERROR);
    const std::string text = harness.complaint();
    EXPECT_NE(text.find("does not take work"), std::string::npos) << text;
    EXPECT_EQ(harness.complaint(), "");
    gst_pad_check_reconfigure(harness.get()->srcpad); // forgets that it was asked to
    clear_faults();
    ASSERT_EQ(push(harness, 4), GST_FLOW_OK) << harness.complaint();
    EXPECT_TRUE(expect_inverted(harness, 4)) << "frames are missing before it";
    EXPECT_TRUE(gst_pad_check_reconfigure(harness.get()->srcpad)) << "there is other memory";
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
}

// The program of the lost device must not run on the new one.
TEST_F(Faulty, AProgramThatTheNewDeviceRefusesIsMadeForTheNextFrame) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    expect_inverted(harness, 0);
    lose_device(harness, 1);
    faults_->pipeline_fails_at = faults_->pipelines + 1;
    EXPECT_EQ(push(harness, 2), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_NE(harness.complaint(), "");
    const std::int64_t before = faults_->pipelines;
    ASSERT_EQ(push(harness, 3), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 3);
    EXPECT_GT(faults_->pipelines, before);
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
}

TEST_F(Faulty, WhereOutCapsForbidWhatTheNewDeviceMakesNothingComesOutUntilTheyAreMended) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    lose_device(harness);
    gst_util_set_object_arg(G_OBJECT(harness.element()), "out-caps", "video/x-raw,framerate=25/1");
    for (std::uint32_t i = 1; i < 4; ++i)
        EXPECT_EQ(push(harness, i), GST_FLOW_NOT_NEGOTIATED);
    const std::string text = harness.complaint();
    EXPECT_NE(text.find("framerate is 30/1, not 25/1"), std::string::npos) << text;
    EXPECT_EQ(harness.complaint(), "");
    g_object_set(harness.element(), "out-caps", nullptr, nullptr);
    ASSERT_EQ(push(harness, 4), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 4);
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
}

TEST_F(Faulty, AfterALossACapsEventComesOnlyIfTheCapsAreOthers) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    lose_device(harness);
    while (GstEvent* event = gst_harness_try_pull_event(harness.get()))
        gst_event_unref(event);
    ASSERT_EQ(push(harness, 1), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 1);
    EXPECT_EQ(gst_harness_try_pull_event(harness.get()), nullptr);
}

TEST_F(Faulty, ASizeThatDownstreamWishedForIsMadeOnceThereIsMemory) {
    ComputeHarness harness("shader=scale-bilinear");
    const auto wish = [&](std::uint32_t side) {
        gst_harness_set_sink_caps_str(harness.get(),
                                      video_caps(PixelFormat::rgba, side, side).c_str());
    };
    wish(kWidth);
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK) << harness.complaint();
    gst_buffer_unref(harness.pull());
    wish(kWidth / 2);
    gst_pad_push_event(harness.get()->sinkpad, gst_event_new_reconfigure());
    faults_->allocations_fail = true;
    faults_->pipeline_fails_at = faults_->pipelines + 1;
    EXPECT_NE(push(harness, 1), GST_FLOW_OK);
    clear_faults();
    ASSERT_EQ(push(harness, 2), GST_FLOW_OK) << harness.complaint();
    GstBuffer* out = harness.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(gst_buffer_get_size(out), kFrameBytes / 4);
    gst_buffer_unref(out);
}

TEST_F(Faulty, WhateverTheSubmissionThatIsLostAllFramesAreAccountedFor) {
    for (std::int64_t at = 1; at <= 5; ++at) {
        ComputeHarness harness("shader=invert in-flight=3");
        harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
        faults_->submit_lost_at = faults_->submits + at;
        std::uint64_t before = 0;
        for (std::uint32_t i = 0; i < 8; ++i) {
            ASSERT_EQ(push(harness, i), GST_FLOW_OK) << harness.complaint();
            if (harness.stat("frames-lost") == before)
                continue;
            drain(harness);
            before = harness.stat("frames-lost");
            clear_faults();
        }
        drain(harness);
        EXPECT_EQ(harness.stat("frames-in"), 8U);
        EXPECT_GE(harness.stat("frames-lost"), 1U) << at;
        EXPECT_EQ(accounted(harness), 8U) << at;
        clear_faults();
    }
}

TEST_F(Faulty, AllThatShareALostDeviceGoOnWithANewOne) {
    std::vector<std::unique_ptr<ComputeHarness>> three;
    for (int i = 0; i < 3; ++i) {
        three.push_back(std::make_unique<ComputeHarness>("shader=invert"));
        three.back()->set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
        ASSERT_EQ(push(*three.back(), 0), GST_FLOW_OK);
        expect_inverted(*three.back(), 0);
    }
    faults_->submit_lost_at = faults_->submits + 1;
    ASSERT_EQ(push(*three[0], 1), GST_FLOW_OK);
    drain(*three[0]);
    clear_faults();
    for (const auto& harness : three) {
        ASSERT_EQ(push(*harness, 2), GST_FLOW_OK) << harness->complaint();
        expect_inverted(*harness, 2);
        EXPECT_EQ(harness->stat("device-rebuilds"), 1U);
        EXPECT_EQ(harness->stat("frames-in"), accounted(*harness));
    }
}

// Whichever step finds it lost.
TEST_F(Faulty, AShaderThatIsSetWhileTheDeviceIsLostIsNotThrownAway) {
    ComputeHarness harness("shader=gaussian");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    gst_buffer_unref(harness.pull());
    faults_->allocation_lost = true; // while its program is made
    set_shader(harness, "invert");
    ASSERT_EQ(push(harness, 1), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 1);
    lose_device(harness, 2);
    set_shader(harness, "motion");
    set_shader(harness, "invert");
    ASSERT_EQ(push(harness, 3), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 3);
    EXPECT_EQ(harness.stat("reloads"), 2U);
    EXPECT_EQ(harness.stat("reload-failures"), 0U);
    EXPECT_EQ(harness.stat("device-rebuilds"), 2U);
}

TEST_F(Faulty, AfterAShaderThatWasRefusedTheOldOneOutlivesTheDevice) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    expect_inverted(harness, 0);
    set_shader(harness, "no-such-shader");
    lose_device(harness, 1);
    ASSERT_EQ(push(harness, 2), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 2);
    EXPECT_EQ(harness.stat("reload-failures"), 1U);
}

// The old size goes on, also on another device.
TEST_F(Faulty, ACropThatOutCapsForbidIsOneErrorAndChangesNothing) {
    ComputeHarness harness("shader=invert out-caps=\"video/x-raw,height=[40,100]\"");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    for (std::uint32_t i = 0; i < 3; ++i) {
        GstBuffer* cropped = buffer_of(numbered(i));
        GstVideoCropMeta* const crop = gst_buffer_add_video_crop_meta(cropped);
        crop->width = kWidth;
        crop->height = kHeight / 2;
        EXPECT_EQ(harness.push(cropped), GST_FLOW_NOT_NEGOTIATED);
        ASSERT_EQ(push(harness, i), GST_FLOW_OK) << harness.complaint();
        expect_inverted(harness, i);
    }
    EXPECT_NE(harness.complaint(), "");
    EXPECT_EQ(harness.complaint(), "");
    lose_device(harness, 3);
    ASSERT_EQ(push(harness, 4), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 4);
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
}

TEST_F(Faulty, ADeviceThatIsLostAgainAndAgainIsAnErrorInTheEnd) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    GstFlowReturn flow = GST_FLOW_OK;
    std::uint32_t pushed = 0;
    for (; flow == GST_FLOW_OK && pushed < 20; ++pushed) {
        faults_->submit_lost_at = faults_->submits + (pushed == 0 ? 1 : 4); // three start the ring
        flow = push(harness, pushed);
        drain(harness);
        clear_faults();
    }
    EXPECT_EQ(flow, GST_FLOW_ERROR);
    const std::string text = harness.complaint();
    EXPECT_NE(text.find("lost 6 times within a minute"), std::string::npos) << text;
    EXPECT_EQ(harness.stat("frames-in"), pushed);
    EXPECT_EQ(accounted(harness), pushed);
}

// --- the GPU stands still

TEST_F(Faulty, AGpuThatStandsStillIsGivenUpAndTheStreamGoesOn) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    expect_inverted(harness, 0);
    const std::uint64_t kept = harness.stat("abandoned-bytes");
    g_object_set(harness.element(), "gpu-timeout", guint64{20} * GST_MSECOND, nullptr);
    faults_->stalled = true;
    ASSERT_EQ(push(harness, 1), GST_FLOW_OK);
    const std::string text = harness.awaited_complaint(GST_MESSAGE_WARNING);
    EXPECT_NE(text.find("did not finish a frame within 20 ms"), std::string::npos) << text;
    drain(harness);
    clear_faults();
    g_object_set(harness.element(), "gpu-timeout", guint64{60} * GST_SECOND, nullptr);
    ASSERT_EQ(push(harness, 2), GST_FLOW_OK) << harness.complaint();
    EXPECT_TRUE(expect_inverted(harness, 2));
    EXPECT_EQ(harness.stat("frames-lost"), 1U);
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
    EXPECT_GE(harness.stat("abandoned-bytes"), kept + kFrameBytes);
}

TEST_F(Faulty, WaitsThatTheDriverCutsShortDoNotCountAsTime) {
    ComputeHarness harness("shader=invert gpu-timeout=10000000000");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    faults_->waits_cut_short = 250; // 50 ms each would be more than the 10 s
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    expect_inverted(harness, 0);
    EXPECT_EQ(faults_->waits_cut_short, 0);
    EXPECT_EQ(harness.stat("frames-lost"), 0U);
    EXPECT_EQ(harness.complaint(GST_MESSAGE_WARNING), "");
}

TEST_F(Faulty, AGpuThatStandsStillWhileWorkgroupsAreMeasuredCostsOneFrame) {
    GstElement* element = make_compute("gpu-timeout=20000000 pipeline-cache=\"\"");
    g_object_set(element, "shader",
                 "#include \"tactus/planes.glsl\"\nTACTUS_WORKGROUP;\n"
                 "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(0.25)); }\n",
                 nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::rgba, 320, 240));
    const Picture in(PixelFormat::rgba, 320, 240);
    faults_->stalled = true;
    ASSERT_EQ(harness.push(buffer_of(in)), GST_FLOW_OK) << harness.complaint();
    drain(harness);
    EXPECT_EQ(harness.stat("frames-lost"), 1U);
    clear_faults();
    g_object_set(element, "gpu-timeout", guint64{60} * GST_SECOND, nullptr);
    ASSERT_EQ(harness.push(buffer_of(in)), GST_FLOW_OK) << harness.complaint();
    GstBuffer* out = harness.pull();
    ASSERT_NE(out, nullptr);
    gst_buffer_unref(out);
    EXPECT_EQ(harness.stat_text("workgroup-reason").find("measured: "), 0U)
        << harness.stat_text("workgroup-reason");
}

// --- memory of others

// Whole pages of a user's own.
GstBuffer* page_buffer(const Picture& picture) {
    void* pages = nullptr;
    EXPECT_EQ(posix_memalign(&pages, 4096, kFrameBytes), 0);
    std::memcpy(pages, picture.bytes.data(), picture.bytes.size());
    return gst_buffer_new_wrapped_full(static_cast<GstMemoryFlags>(0), pages, kFrameBytes, 0,
                                       kFrameBytes, pages, std::free);
}

TEST_F(Faulty, PagesThatTheDriverRefusesAreCopiedAndItIsAskedOnce) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    faults_->import_refused = true;
    for (std::uint32_t i = 0; i < 4; ++i) {
        GstBuffer* buffer = page_buffer(numbered(i));
        GST_BUFFER_PTS(buffer) = i * GST_SECOND / 30;
        ASSERT_EQ(harness.push(buffer), GST_FLOW_OK) << harness.complaint();
        expect_inverted(harness, i);
        faults_->import_refused = false; // too late
    }
    EXPECT_EQ(harness.stat("frames-staged"), 4U);
    EXPECT_EQ(harness.stat("frames-import"), 0U);
    const std::string reason = harness.stat_text("memory-reason");
    EXPECT_NE(reason.find("the driver refused the memory"), std::string::npos) << reason;
}

/// A frame in memory that vkcompute offers, and where that is.
GstBuffer* offered_buffer(ComputeHarness& harness, const Picture& picture, void*& page) {
    GstAllocator* allocator = proposed_allocator(harness);
    GstBuffer* buffer = gst_buffer_new_allocate(allocator, kFrameBytes, nullptr);
    gst_object_unref(allocator);
    GstMapInfo map;
    EXPECT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_WRITE));
    std::memcpy(map.data, picture.bytes.data(), picture.bytes.size());
    page = map.data;
    gst_buffer_unmap(buffer, &map);
    return buffer;
}

bool is_mapped(void* page) {
    return msync(page, 4096, MS_ASYNC) == 0;
}

// A GPU that was given up may still read its frames, and may write them.
TEST_F(Faulty, PagesOfOurPoolStayWhereTheyAreAfterAFrameWasGivenUpAndGoOtherwise) {
    for (const bool gives_up : {false, true}) {
        void* page = nullptr;
        {
            ComputeHarness harness("shader=invert");
            harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
            GstBuffer* buffer = offered_buffer(harness, numbered(0), page);
            if (harness.stat_text("pool-memory") != "imported") {
                gst_buffer_unref(buffer);
                GTEST_SKIP() << "this device does not import";
            }
            g_object_set(harness.element(), "gpu-timeout", guint64{20} * GST_MSECOND, nullptr);
            faults_->stalled = gives_up;
            ASSERT_EQ(harness.push(buffer), GST_FLOW_OK) << harness.complaint();
            drain(harness);
            EXPECT_EQ(harness.stat("frames-pool"), 1U);
            EXPECT_EQ(harness.stat("frames-lost"), gives_up ? 1U : 0U);
            clear_faults();
            g_object_set(harness.element(), "gpu-timeout", guint64{60} * GST_SECOND, nullptr);
            ASSERT_EQ(push(harness, 1), GST_FLOW_OK) << harness.complaint();
            drain(harness);
        }
        EXPECT_EQ(is_mapped(page), gives_up);
    }
}

// --- memory is short

TEST_F(Faulty, WithLittleMemoryFewerFramesAreInFlightThenTheyAreCopiedOut) {
    faults_->import_refused = true; // of imported memory there is as much as the machine has
    ComputeHarness harness("shader=invert in-flight=4");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(push(harness, 0), GST_FLOW_OK);
    drain(harness);
    EXPECT_EQ(harness.stat("in-flight"), 4U);
    EXPECT_EQ(harness.stat_text("pool-memory"), "driver");
    // Those that are not pulled hold theirs.
    faults_->memory_limit_bytes = faults_->memory_bytes + 8 * kFrameBytes;
    for (std::uint32_t i = 1; i < 30; ++i)
        ASSERT_EQ(push(harness, i), GST_FLOW_OK) << i << ": " << harness.complaint();
    drain(harness);
    std::string warnings;
    for (std::string text; !(text = harness.complaint(GST_MESSAGE_WARNING)).empty();)
        warnings += text + "\n";
    EXPECT_NE(warnings.find("2 in flight"), std::string::npos) << warnings;
    EXPECT_NE(warnings.find("1 in flight"), std::string::npos) << warnings;
    EXPECT_NE(warnings.find("copied out by the CPU"), std::string::npos) << warnings;
    for (std::uint32_t i = 0; i < 30; ++i)
        EXPECT_FALSE(expect_inverted(harness, i));
    EXPECT_EQ(harness.stat("in-flight"), 1U);
    EXPECT_EQ(harness.stat("frames-out"), 30U);
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
}

TEST_F(Faulty, WithoutAnyMemoryTheErrorSaysWhatThereWasNoneFor) {
    ComputeHarness harness("shader=invert in-flight=4");
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    faults_->allocations_fail = true;
    EXPECT_EQ(push(harness, 0), GST_FLOW_ERROR);
    const std::string text = harness.complaint();
    EXPECT_NE(text.find("no memory for a copy of 16384 bytes"), std::string::npos) << text;
    EXPECT_EQ(push(harness, 1), GST_FLOW_ERROR);
    EXPECT_EQ(harness.complaint(), "") << "the same is told once";
    EXPECT_EQ(harness.stat("frames-refused"), 2U);
    EXPECT_EQ(harness.stat("frames-in"), accounted(harness));
    clear_faults();
    ASSERT_EQ(push(harness, 2), GST_FLOW_OK) << harness.complaint();
    expect_inverted(harness, 2);
}

// Whichever allocation of a first frame it is: it is tried again, and counted once.
TEST_F(Faulty, AFrameThatIsTriedAgainHasTheNumberThatItHad) {
    for (std::int64_t at = 1; at <= 6; ++at) {
        GstElement* element = make_compute("device-memory=yes");
        g_object_set(element, "shader",
                     "#include \"tactus/planes.glsl\"\nTACTUS_WORKGROUP;\n"
                     "void main() { tactus_store(gl_GlobalInvocationID.xy,"
                     " vec4(float(tactus.number) / 255.0)); }\n",
                     nullptr);
        ComputeHarness harness(element);
        harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
        faults_->allocation_fails_at = faults_->allocations + at;
        for (std::uint32_t i = 0; i < 3; ++i) {
            ASSERT_EQ(push(harness, i), GST_FLOW_OK) << harness.complaint();
            GstBuffer* out = harness.pull();
            ASSERT_NE(out, nullptr);
            EXPECT_EQ(picture_of(out, PixelFormat::rgba, kWidth, kHeight).at(0, 5, 5, 0), i) << at;
        }
        EXPECT_EQ(harness.stat("frames-lost"), 0U);
        clear_faults();
    }
}

TEST_F(Faulty, StateOfAudioOutlivesAFrameThatIsTriedAgain) {
    for (std::int64_t at = 1; at <= 6; ++at) {
        GstElement* element = make_compute("device-memory=yes");
        g_object_set(element, "shader", // the sum of all samples so far
                     "#include \"tactus/audio.glsl\"\nlayout(local_size_x = 1) in;\n"
                     "layout(set = 0, binding = 19) readonly buffer B { float sum; } before;\n"
                     "layout(set = 0, binding = 21) writeonly buffer A { float sum; } after;\n"
                     "void main() {\n"
                     "  if (gl_GlobalInvocationID.x != 0u) return;\n"
                     "  float sum = before.sum;\n"
                     "  for (uint i = 0u; i < tactus.in_size.x; ++i) {\n"
                     "    sum += tactus_sample(i, 0u); tactus_set_sample(i, 0u, sum); }\n"
                     "  after.sum = sum; }\n",
                     nullptr);
        ComputeHarness harness(element);
        harness.set_caps("audio/x-raw,format=F32LE,layout=interleaved,rate=8000,channels=1");
        float sum = 0;
        for (std::size_t round = 0; round < 4; ++round) {
            if (round == 2) // larger ones need memory of their own
                faults_->allocation_fails_at = faults_->allocations + at;
            std::vector<float> samples(round < 2 ? 10 : 3000);
            std::iota(samples.begin(), samples.end(), 1.0F);
            GstBuffer* in = gst_buffer_new_memdup(samples.data(), samples.size() * sizeof(float));
            ASSERT_EQ(harness.push(in), GST_FLOW_OK) << harness.complaint();
            GstBuffer* out = harness.pull();
            ASSERT_NE(out, nullptr);
            std::vector<float> made(samples.size());
            gst_buffer_extract(out, 0, made.data(), made.size() * sizeof(float));
            gst_buffer_unref(out);
            for (std::size_t i = 0; i < samples.size(); ++i) {
                sum += samples[i];
                ASSERT_EQ(made[i], sum) << "round " << round << ", allocation " << at;
            }
        }
        clear_faults();
    }
}

} // namespace
