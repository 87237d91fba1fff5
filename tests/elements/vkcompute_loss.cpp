// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A GPU that does not come to an end, and validation.
#include "compute_harness.h"

#include <atomic>
#include <cstdlib>
#include <cstring>

using namespace tactus;

namespace {

class Loss : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_DEVICE(); }
};

// For as long as a uniform says, so that the driver's threads end with the test: a billion steps or
// none. Each step depends on the one before, so that no compiler can leave it out. llvmpipe of Mesa
// 22 leaves a loop after 65535 rounds, hence the many work groups: a frame has one for each pixel.
constexpr std::uint32_t kWidth = 160;
constexpr std::uint32_t kHeight = 64;
constexpr const char* kSlow =
    "#version 450\n"
    "#include \"tactus/planes.glsl\"\n"
    "layout(local_size_x = 1) in;\n"
    "layout(push_constant) uniform U { float steps; };\n"
    "void main() {\n"
    "    uint value = tactus.number + 1u;\n"
    "    for (float i = 0.0; i < steps; i += 1.0) value = value * 1664525u + 1013904223u;\n"
    "    if (gl_GlobalInvocationID.x == 0u && gl_GlobalInvocationID.y == 0u)\n"
    "        tactus_store(uvec2(0), vec4(float(value == 77u ? 1u : 0u)));\n"
    "}\n";

TEST_F(Loss, AFrameThatTakesTooLongIsLostAndTheNextOnesComeFromANewDevice) {
    GstElement* element = make_compute("gpu-timeout=20000000 u0=65536");
    g_object_set(element, "shader", kSlow, nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(harness.push(buffer_of(Picture(PixelFormat::rgba, kWidth, kHeight))), GST_FLOW_OK);
    const std::string text = harness.awaited_complaint(GST_MESSAGE_WARNING);
    EXPECT_NE(text.find("did not finish a frame within 20 ms"), std::string::npos) << text;
    g_object_set(element, "u0", 0.0, "gpu-timeout", guint64{60} * GST_SECOND, nullptr);
    GstBuffer* out = nullptr;
    std::uint64_t pushed = 1;
    for (; out == nullptr && pushed < 100; ++pushed) {
        ASSERT_EQ(harness.push(buffer_of(Picture(PixelFormat::rgba, kWidth, kHeight))), GST_FLOW_OK)
            << harness.complaint();
        GstQuery* drain = gst_query_new_drain();
        gst_pad_peer_query(harness.get()->srcpad, drain);
        gst_query_unref(drain);
        out = gst_harness_try_pull(harness.get());
    }
    ASSERT_NE(out, nullptr);
    gst_buffer_unref(out);
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
    EXPECT_EQ(harness.stat("frames-lost"), harness.stat("frames-in") - 1);
    EXPECT_EQ(harness.stat("frames-in"), pushed);
}

// A frame that is lost at once, and is slow enough to run on for a while.
void lose_a_frame(ComputeHarness& harness, GstBuffer* buffer) {
    ASSERT_EQ(harness.push(buffer), GST_FLOW_OK);
    const std::string text = harness.awaited_complaint(GST_MESSAGE_WARNING);
    ASSERT_NE(text.find("did not finish a frame within"), std::string::npos) << text;
    g_object_set(harness.element(), "u0", 0.0, "gpu-timeout", guint64{60} * GST_SECOND, nullptr);
    GstQuery* drain = gst_query_new_drain();
    gst_pad_peer_query(harness.get()->srcpad, drain);
    gst_query_unref(drain);
}

TEST_F(Loss, ImportedMemoryStaysWhereItIsWhileTheGpuMayStillReadIt) {
    GstElement* element = make_compute("gpu-timeout=20000000 u0=65536");
    g_object_set(element, "shader", kSlow, nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    static std::atomic<bool> freed{false};
    void* pages = nullptr;
    constexpr std::size_t kBytes = kWidth * kHeight * 4;
    static_assert(kBytes % 4096 == 0);
    ASSERT_EQ(posix_memalign(&pages, 4096, kBytes), 0);
    std::memset(pages, 0, kBytes);
    const auto note = [](gpointer memory) {
        freed = true;
        std::free(memory);
    };
    lose_a_frame(harness, gst_buffer_new_wrapped_full(static_cast<GstMemoryFlags>(0), pages, kBytes,
                                                      0, kBytes, pages, note));
    if (harness.stat("frames-import") == 0)
        GTEST_SKIP() << "this device does not import: " << harness.stat_text("memory-reason");
    EXPECT_FALSE(freed);
}

TEST_F(Loss, AShaderThatTakesTooLongWhileItsWorkgroupsAreMeasuredCostsOneFrame) {
    GstElement* element = make_compute("gpu-timeout=20000000 u0=65536 pipeline-cache=\"\"");
    std::string text = kSlow;
    const std::string fixed = "layout(local_size_x = 1) in;";
    text.replace(text.find(fixed), fixed.size(), "TACTUS_WORKGROUP;");
    g_object_set(element, "shader", text.c_str(), nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::rgba, 640, 480));
    lose_a_frame(harness, buffer_of(Picture(PixelFormat::rgba, 640, 480)));
    EXPECT_EQ(harness.stat("frames-lost"), 1U);
    EXPECT_TRUE(harness.process(Picture(PixelFormat::rgba, 640, 480)));
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
    EXPECT_EQ(harness.stat_text("workgroup-reason").find("measured: "), 0U);
}

TEST_F(Loss, CapsThatChangeAfterwardsAreTakenAndUpstreamIsToldOfTheNewMemory) {
    GstElement* element = make_compute("gpu-timeout=20000000 u0=65536");
    g_object_set(element, "shader", kSlow, nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    lose_a_frame(harness, buffer_of(Picture(PixelFormat::rgba, kWidth, kHeight)));
    gst_pad_check_reconfigure(harness.get()->srcpad); // forgets that it was asked to
    const auto out = harness.process(Picture(PixelFormat::rgba, 16, 4));
    ASSERT_TRUE(out);
    EXPECT_EQ(out->layout.width, 16U);
    EXPECT_EQ(harness.stat("device-rebuilds"), 1U);
    EXPECT_TRUE(gst_pad_needs_reconfigure(harness.get()->srcpad));
}

bool has_validation_layer() {
    GstElement* element = gst_element_factory_make("vkcompute", nullptr);
    g_object_set(element, "shader", "invert", "validation", TRUE, nullptr);
    const bool opens = gst_element_set_state(element, GST_STATE_READY) != GST_STATE_CHANGE_FAILURE;
    gst_element_set_state(element, GST_STATE_NULL);
    gst_object_unref(element);
    return opens;
}

TEST_F(Loss, TheValidationLayerHasNothingToSay) {
    if (!has_validation_layer())
        GTEST_SKIP() << "no VK_LAYER_KHRONOS_validation here: install vulkan-validationlayers";
    for (const char* properties :
         {"shader=gaussian passes=<sobel,invert> device-memory=no",
          "shader=gaussian passes=<sobel,invert> device-memory=yes", "shader=histogram",
          "shader=motion", "shader=scale-lanczos out-caps=\"video/x-raw,width=20,height=9\""}) {
        ComputeHarness harness(std::string("validation=true ") + properties);
        Picture in(PixelFormat::bgra, 31, 17);
        harness.set_caps(video_caps(PixelFormat::bgra, 31, 17));
        for (std::uint32_t i = 0; i < 5; ++i) {
            in.fill(i + 1);
            ASSERT_EQ(harness.push(buffer_of(in, i)), GST_FLOW_OK) << harness.complaint();
        }
        for (std::uint32_t i = 0; i < 5; ++i) {
            GstBuffer* out = harness.pull();
            ASSERT_NE(out, nullptr);
            gst_buffer_unref(out);
        }
        GstStructure* stats = nullptr;
        g_object_get(harness.element(), "stats", &stats, nullptr);
        guint64 messages = 0;
        EXPECT_TRUE(gst_structure_get_uint64(stats, "validation-messages", &messages));
        gst_structure_free(stats);
        EXPECT_EQ(messages, 0U) << properties;
    }
}

} // namespace
