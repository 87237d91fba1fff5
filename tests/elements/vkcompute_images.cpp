// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames in GStreamer's Vulkan images, on the device that upstream's elements share.
#include "compute_harness.h"
#include "glue/gst_version.h"
#include "image_line.h"
#include "scratch_folder.h"

#include <gst/video/video.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

using namespace tactus;

namespace {

constexpr std::uint32_t kWidth = 64;
constexpr std::uint32_t kHeight = 36;

/// From GStreamer 1.24 on upstream's pool makes no images of one component.
bool has_images_of_one_component() {
    return !runs_gst(1, 24);
}

std::vector<PixelFormat> image_formats() {
    std::vector<PixelFormat> formats = {PixelFormat::rgba, PixelFormat::bgra, PixelFormat::rgbx,
                                        PixelFormat::bgrx, PixelFormat::nv12, PixelFormat::ayuv};
    if (has_images_of_one_component())
        formats.insert(formats.end(), {PixelFormat::gray8, PixelFormat::i420, PixelFormat::y42b,
                                       PixelFormat::gray16, PixelFormat::y444});
    return formats;
}

constexpr const char* kNegativeByImages =
    "#version 450\n#include \"tactus/images.glsl\"\nTACTUS_WORKGROUP;\nvoid main() {\n"
    "    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);\n"
    "    const vec4 c = tactus_image_load(at);\n"
    "    tactus_image_store(at, vec4(1.0 - c.rgb, c.a));\n}\n";

std::string why_not() {
    const std::string why = no_device();
    if (!why.empty())
        return why;
    for (const char* name : {"vulkanupload", "vulkandownload"}) {
        GstElementFactory* factory = gst_element_factory_find(name);
        if (factory == nullptr)
            return std::string("no ") + name + " here: install gstreamer1.0-plugins-bad";
        gst_object_unref(factory);
    }
    if (!runs_gst_of_build())
        return "this test was built for another GStreamer than the one that runs";
    GstElement* element = make_compute("");
    GstPad* pad = gst_element_get_static_pad(element, "sink");
    GstCaps* caps = gst_pad_get_pad_template_caps(pad);
    GstCaps* images = gst_caps_from_string("video/x-raw(memory:VulkanImage)");
    const bool built = gst_caps_can_intersect(caps, images) != FALSE;
    gst_caps_unref(images);
    gst_caps_unref(caps);
    gst_object_unref(pad);
    gst_object_unref(element);
    return built ? "" : "vkcompute was built without gstreamer-vulkan-1.0";
}

/// The validation layer, with synchronization checks, over all devices of the program: also those
/// of upstream's elements.
class Watched : public testing::Environment {
  public:
    void SetUp() override {
        log_ = folder_ / "messages";
        const std::string settings =
            folder_.write("vk_layer_settings.txt",
                          "khronos_validation.debug_action = VK_DBG_LAYER_ACTION_LOG_MSG\n"
                          "khronos_validation.report_flags = error,warn,info\n"
                          "khronos_validation.enables = "
                          "VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT\n"
                          "khronos_validation.log_filename = " +
                              log_ + "\n");
        setenv("VK_INSTANCE_LAYERS", "VK_LAYER_KHRONOS_validation", 1);
        setenv("VK_LAYER_SETTINGS_PATH", settings.c_str(), 1);
    }
    void TearDown() override {
        std::ifstream log(log_);
        bool watches = false;
        for (std::string line; std::getline(log, line);) {
            watches = watches || line.find("createinstance-status-message") != std::string::npos;
            const bool wrong =
                line.find("(ERROR") != std::string::npos || line.find("(WARN") != std::string::npos;
            EXPECT_FALSE(wrong) << line;
        }
        if (!watches)
            std::cout << "not watched: install vulkan-validationlayers\n";
    }

  private:
    ScratchFolder folder_;
    std::string log_;
};

// Owned by GoogleTest.
testing::Environment* const watched = testing::AddGlobalTestEnvironment(new Watched);

// Of GStreamer 1.22: vulkanupload asks for a memory per plane of frames that are in one.
constexpr const char* kCriticalOfUpstream =
    "gst_buffer_peek_memory: assertion 'idx < GST_BUFFER_MEM_LEN (buffer)' failed";

void note_critical(const gchar*, GLogLevelFlags, const gchar* message, gpointer) {
    EXPECT_STREQ(message, kCriticalOfUpstream);
}

class Images : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        for (const char* domain : {"GStreamer", "GLib", "GLib-GObject", "GStreamer-Vulkan"})
            g_log_set_handler(domain, G_LOG_LEVEL_CRITICAL, note_critical, nullptr);
    }
    void SetUp() override {
        const std::string why = why_not();
        if (!why.empty())
            GTEST_SKIP() << why;
    }
};

Picture filled(PixelFormat format, std::uint32_t seed) {
    Picture picture(format, kWidth, kHeight);
    picture.fill(seed);
    return picture;
}

void expect_inverted(const ImageLine& line, PixelFormat format, std::uint32_t frames) {
    for (std::uint32_t i = 0; i < frames; ++i)
        ASSERT_EQ(line.push(buffer_of(filled(format, i), i)), GST_FLOW_OK);
    for (std::uint32_t i = 0; i < frames; ++i) {
        const auto out = next_picture(line, format, kWidth, kHeight);
        ASSERT_TRUE(out);
        EXPECT_EQ(difference(*out, reference_invert(filled(format, i))).where, "")
            << info_of(format).name << " " << i;
    }
}

TEST_F(Images, GoInAndComeOutBitExactInEachFormat) {
    for (const PixelFormat format : image_formats()) {
        const ImageLine line("vulkanupload ! vkcompute name=v shader=invert ! vulkandownload",
                             video_caps(format, kWidth, kHeight));
        expect_inverted(line, format, 5);
        EXPECT_EQ(line.stat("memory-path"), "image");
        EXPECT_EQ(line.stat("frames-image"), "5");
        EXPECT_EQ(line.stat("frames-staged"), "0") << "nothing is copied by the CPU";
        EXPECT_EQ(line.stat("output-memory"), "image");
        EXPECT_NE(line.stat("output-memory-reason"), "");
    }
}

TEST_F(Images, AreMadeOfFramesOfTheHost) {
    const ImageLine line("vkcompute name=v shader=invert ! vulkandownload",
                         video_caps(PixelFormat::nv12, kWidth, kHeight));
    expect_inverted(line, PixelFormat::nv12, 5);
    EXPECT_EQ(line.stat("frames-image"), "0");
    EXPECT_EQ(line.stat("output-memory"), "image");
    EXPECT_EQ(line.stat("output-memory-reason"), "downstream takes nothing but images");
    EXPECT_EQ(line.instances(), 1U) << "a second one takes the place of vulkandownload's";
}

TEST_F(Images, AreNotOfferedInFormatsThatUpstreamHasNoImagesFor) {
    const ImageLine line("vkcompute name=v shader=invert ! video/x-raw(memory:VulkanImage)",
                         video_caps(PixelFormat::rgba, kWidth, kHeight));
    GstPad* pad = gst_element_get_static_pad(line.child("v"), "sink");
    GstCaps* caps = gst_pad_query_caps(pad, nullptr);
    std::vector<PixelFormat> others = {PixelFormat::p010, PixelFormat::rgb, PixelFormat::rgba64};
    if (!has_images_of_one_component())
        others.insert(others.end(), {PixelFormat::gray8, PixelFormat::i420});
    for (const PixelFormat format : others) {
        GstCaps* other = gst_caps_from_string(video_caps(format, kWidth, kHeight).c_str());
        EXPECT_FALSE(gst_caps_can_intersect(caps, other)) << info_of(format).name;
        gst_caps_unref(other);
    }
    gst_caps_unref(caps);
    gst_object_unref(pad);
}

TEST_F(Images, BecomeFramesOfTheHost) {
    const ImageLine line("vulkanupload ! vkcompute name=v shader=invert ! video/x-raw",
                         video_caps(PixelFormat::nv12, kWidth, kHeight));
    expect_inverted(line, PixelFormat::nv12, 5);
    EXPECT_EQ(line.stat("frames-image"), "5");
    EXPECT_EQ(line.stat("output-memory"), "host");
}

TEST_F(Images, AreOnlyUsedWhereSomebodyAsksForThem) {
    const ImageLine line("vkcompute name=v shader=invert ! videoconvert",
                         video_caps(PixelFormat::rgba, kWidth, kHeight));
    expect_inverted(line, PixelFormat::rgba, 2);
    EXPECT_EQ(line.stat("output-memory"), "host");
    EXPECT_EQ(line.stat("frames-image"), "0");
}

TEST_F(Images, GoThroughSeveralPassesAndShadersOfBytes) {
    for (const PixelFormat format : {PixelFormat::bgra, PixelFormat::ayuv, PixelFormat::nv12}) {
        const ImageLine line("vulkanupload ! vkcompute name=v shader=gaussian passes=\"<invert>\" "
                             "in-flight=1 ! vulkandownload",
                             video_caps(format, kWidth, kHeight));
        const Picture in = filled(format, 3);
        ASSERT_EQ(line.push(buffer_of(in)), GST_FLOW_OK);
        const auto out = next_picture(line, format, kWidth, kHeight);
        ASSERT_TRUE(out);
        EXPECT_EQ(difference(*out, reference_invert(reference_gaussian(in))).where, "");
    }
}

TEST_F(Images, ChangeTheirFormatAndSize) {
    const ImageLine line("vulkanupload ! vkcompute name=v shader=nv12-to-rgba ! vulkandownload",
                         video_caps(PixelFormat::nv12, kWidth, kHeight));
    const Picture in = filled(PixelFormat::nv12, 4);
    ASSERT_EQ(line.push(buffer_of(in)), GST_FLOW_OK);
    const auto out = next_picture(line, PixelFormat::rgba, kWidth, kHeight);
    ASSERT_TRUE(out);
    EXPECT_EQ(difference(*out, reference_nv12_to_rgba(in)).where, "");
    const ImageLine scaled("vulkanupload ! vkcompute name=v shader=scale-bilinear "
                           "out-caps=\"video/x-raw(ANY),width=40,height=20\" ! vulkandownload",
                           video_caps(PixelFormat::rgba, kWidth, kHeight));
    const Picture large = filled(PixelFormat::rgba, 5);
    ASSERT_EQ(scaled.push(buffer_of(large)), GST_FLOW_OK);
    const auto small = next_picture(scaled, PixelFormat::rgba, 40, 20);
    ASSERT_TRUE(small);
    EXPECT_LE(difference(*small, reference_bilinear(large, 40, 20)).largest, 2U);
}

TEST_F(Images, AreCopiedToTheImagesOfShaders) {
    for (const char* middle :
         {"vulkanupload ! vkcompute name=v ! vulkandownload", "vkcompute name=v ! vulkandownload",
          "vulkanupload ! vkcompute name=v passes=\"<invert>\" ! video/x-raw"}) {
        const bool twice = std::string(middle).find("passes") != std::string::npos;
        const ImageLine line(middle, video_caps(PixelFormat::bgra, kWidth, kHeight),
                             kNegativeByImages);
        const Picture in = filled(PixelFormat::bgra, 6);
        ASSERT_EQ(line.push(buffer_of(in)), GST_FLOW_OK);
        if (twice) {
            EXPECT_NE(line.complaint().find("reads it as the other"), std::string::npos);
            continue;
        }
        const auto out = next_picture(line, PixelFormat::bgra, kWidth, kHeight);
        ASSERT_TRUE(out) << middle;
        EXPECT_EQ(difference(*out, reference_invert(in)).where, "") << middle;
    }
}

TEST_F(Images, OfOneComponentAreNotWritten) {
    if (!has_images_of_one_component())
        GTEST_SKIP() << "GStreamer's pool makes no images of one component";
    const ImageLine line("vulkanupload ! vkcompute name=v ! vulkandownload",
                         video_caps(PixelFormat::gray8, kWidth, kHeight),
                         "#version 450\n#include \"tactus/images.glsl\"\nTACTUS_WORKGROUP;\n"
                         "void main() {\n    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);\n"
                         "    tactus_image_store(at, 1.0 - tactus_image_load(at));\n}\n");
    const Picture in = filled(PixelFormat::gray8, 6);
    ASSERT_EQ(line.push(buffer_of(in)), GST_FLOW_OK);
    const std::string text = line.complaint();
    EXPECT_NE(text.find("writes only those of four bytes a pixel, not GRAY8"), std::string::npos)
        << text;
}

TEST_F(Images, PassAsTheyAreWhereAShaderOnlyCounts) {
    const ImageLine line("vulkanupload ! vkcompute name=v shader=histogram ! vulkandownload",
                         video_caps(PixelFormat::rgba, kWidth, kHeight));
    const Picture in = filled(PixelFormat::rgba, 7);
    GstPad* pad = gst_element_get_static_pad(line.child("v"), "src");
    static std::atomic<std::uint64_t> counted{0};
    counted = 0;
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer) {
            GstCustomMeta* meta =
                gst_buffer_get_custom_meta(GST_PAD_PROBE_INFO_BUFFER(info), "tactus-results");
            const GValue* counts =
                meta == nullptr
                    ? nullptr
                    : gst_structure_get_value(gst_custom_meta_get_structure(meta), "component0");
            for (guint i = 0; counts != nullptr && i < gst_value_array_get_size(counts); ++i)
                counted += static_cast<std::uint64_t>(
                    g_value_get_int64(gst_value_array_get_value(counts, i)));
            return GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
    gst_object_unref(pad);
    ASSERT_EQ(line.push(buffer_of(in)), GST_FLOW_OK);
    const auto out = next_picture(line, PixelFormat::rgba, kWidth, kHeight);
    ASSERT_TRUE(out);
    EXPECT_EQ(difference(*out, in).where, "");
    EXPECT_EQ(counted, std::uint64_t{kWidth} * kHeight);
}

TEST_F(Images, MayBeCropped) {
    const ImageLine line("vulkanupload name=up ! vkcompute name=v shader=invert ! video/x-raw",
                         video_caps(PixelFormat::nv12, kWidth, kHeight));
    GstPad* pad = gst_element_get_static_pad(line.child("up"), "src");
    gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo* info, gpointer) {
            GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
            GstVideoCropMeta* crop = gst_buffer_add_video_crop_meta(buffer);
            crop->x = 8;
            crop->y = 4;
            crop->width = 24;
            crop->height = 16;
            info->data = buffer;
            return GST_PAD_PROBE_OK;
        },
        nullptr, nullptr);
    gst_object_unref(pad);
    const Picture in = filled(PixelFormat::nv12, 8);
    ASSERT_EQ(line.push(buffer_of(in)), GST_FLOW_OK);
    const auto out = next_picture(line, PixelFormat::nv12, 24, 16);
    ASSERT_TRUE(out);
    const Picture whole = reference_invert(in);
    Picture part(PixelFormat::nv12, 24, 16);
    for (std::uint32_t plane = 0; plane < 2; ++plane)
        for (std::uint32_t y = 0; y < 16U >> plane; ++y)
            for (std::uint32_t x = 0; x < 24U >> plane; ++x)
                for (std::uint32_t c = 0; c <= plane; ++c)
                    part.set(plane, x, y, c,
                             whole.at(plane, x + (8U >> plane), y + (4U >> plane), c));
    EXPECT_EQ(difference(*out, part).where, "");
}

TEST_F(Images, AreOfOneDeviceThatAllElementsShare) {
    const ImageLine line("vulkanupload ! vkcompute name=v shader=invert ! vulkandownload",
                         video_caps(PixelFormat::rgba, kWidth, kHeight));
    expect_inverted(line, PixelFormat::rgba, 1);
    for (const char* type : {"gst.vulkan.instance", "gst.vulkan.device", "gst.vulkan.queue"}) {
        GObject* from_upstream = line.shared("sink", type);
        GObject* from_downstream = line.shared("src", type);
        ASSERT_NE(from_upstream, nullptr) << type;
        EXPECT_EQ(from_upstream, from_downstream) << type;
        g_clear_object(&from_upstream);
        g_clear_object(&from_downstream);
    }
}

TEST_F(Images, OfAnotherDeviceAreAnError) {
    const ImageLine other("vulkanupload ! vkcompute name=v shader=invert ! "
                          "video/x-raw(memory:VulkanImage)",
                          video_caps(PixelFormat::rgba, kWidth, kHeight));
    ASSERT_EQ(other.push(buffer_of(filled(PixelFormat::rgba, 1))), GST_FLOW_OK);
    GstSample* sample = other.pull();
    ASSERT_NE(sample, nullptr);
    GstBuffer* buffer = gst_buffer_ref(gst_sample_get_buffer(sample));
    gst_sample_unref(sample);
    const ImageLine line("vkcompute name=v shader=invert ! vulkandownload",
                         "video/x-raw(memory:VulkanImage),format=RGBA,width=64,height=36,"
                         "framerate=30/1");
    ASSERT_EQ(line.push(buffer), GST_FLOW_OK);
    const std::string text = line.complaint();
    EXPECT_NE(text.find("of another Vulkan device"), std::string::npos) << text;
}

TEST_F(Images, ThatAreNoneAreAnError) {
    const ImageLine line("vkcompute name=v shader=invert ! vulkandownload",
                         "video/x-raw(memory:VulkanImage),format=RGBA,width=64,height=36,"
                         "framerate=30/1");
    ASSERT_EQ(line.push(buffer_of(filled(PixelFormat::rgba, 1))), GST_FLOW_OK);
    const std::string text = line.complaint();
    EXPECT_NE(text.find("is no Vulkan image"), std::string::npos) << text;
}

TEST_F(Images, AreThereAgainAfterEachStart) {
    for (int round = 0; round < 20; ++round) {
        const ImageLine line("vulkanupload ! vkcompute name=v shader=invert ! vulkandownload",
                             video_caps(PixelFormat::rgba, kWidth, kHeight));
        expect_inverted(line, PixelFormat::rgba, 1);
    }
}

// Between two of ours: upstream's elements of GStreamer 1.22 take neither other caps nor odd sizes.
TEST_F(Images, TakeOtherCapsAndOddSizesBetweenFrames) {
    const ImageLine line("vkcompute name=v shader=invert ! video/x-raw(memory:VulkanImage) ! "
                         "vkcompute shader=gaussian ! video/x-raw",
                         video_caps(PixelFormat::rgba, 35, 17));
    std::uint32_t seed = 0;
    for (const PixelFormat format : image_formats()) {
        if (format == PixelFormat::gray16)
            continue; // not a format of gaussian's
        GstCaps* caps = gst_caps_from_string(video_caps(format, 35, 17).c_str());
        g_object_set(line.child("in"), "caps", caps, nullptr);
        gst_caps_unref(caps);
        for (int i = 0; i < 2; ++i) {
            Picture in(format, 35, 17);
            in.fill(++seed);
            ASSERT_EQ(line.push(buffer_of(in)), GST_FLOW_OK);
            const auto out = next_picture(line, format, 35, 17);
            ASSERT_TRUE(out);
            EXPECT_EQ(difference(*out, reference_gaussian(reference_invert(in))).where, "")
                << info_of(format).name;
        }
    }
    EXPECT_EQ(line.stat("output-memory"), "image");
}

// What the properties and the file say by now cannot be used, and is not what runs.
TEST_F(Images, AreMadeByTheShaderThatRanBeforeDownstreamAskedForThem) {
    const ScratchFolder folder;
    const std::string path = folder.write("negative.comp", kNegativeByImages);
    const ImageLine line("vkcompute name=v shader=" + path +
                             " ! capsfilter name=f caps=video/x-raw ! identity",
                         video_caps(PixelFormat::rgba, kWidth, kHeight));
    expect_inverted(line, PixelFormat::rgba, 1);
    folder.write("negative.comp", "broken\n");
    g_object_set(line.child("v"), "shader", "no-such-shader", nullptr);
    expect_inverted(line, PixelFormat::rgba, 1);
    const auto set_caps = [&line](const char* element, const std::string& text) {
        GstCaps* caps = gst_caps_from_string(text.c_str());
        g_object_set(line.child(element), "caps", caps, nullptr);
        gst_caps_unref(caps);
    };
    set_caps("f", "video/x-raw(memory:VulkanImage)");
    set_caps("in", video_caps(PixelFormat::rgba, kWidth, kHeight) + ",foo=bar");
    ASSERT_EQ(line.push(buffer_of(filled(PixelFormat::rgba, 1))), GST_FLOW_OK);
    GstSample* sample = line.pull();
    ASSERT_NE(sample, nullptr);
    gst_sample_unref(sample);
    EXPECT_EQ(line.stat("output-memory"), "image");
    EXPECT_EQ(line.stat("reload-failures"), "1");
}

// As long as a uniform says; see vkcompute_loss.cpp.
constexpr const char* kSlow =
    "#version 450\n#include \"tactus/planes.glsl\"\nlayout(local_size_x = 1) in;\n"
    "layout(push_constant) uniform U { float steps; };\nvoid main() {\n"
    "    uint value = tactus.number + 1u;\n"
    "    for (float i = 0.0; i < steps; i += 1.0) value = value * 1664525u + 1013904223u;\n"
    "    if (gl_GlobalInvocationID.x == 0u && gl_GlobalInvocationID.y == 0u)\n"
    "        tactus_store(uvec2(0), vec4(float(value == 77u ? 1u : 0u)));\n}\n";

// Without upstream's elements: they free what the GPU has not come to yet.
TEST_F(Images, OfADeviceThatWasLostAreAnErrorAsItIsNotOurs) {
    const ImageLine line("vkcompute name=v gpu-timeout=20000000 u0=65536 ! "
                         "video/x-raw(memory:VulkanImage)",
                         video_caps(PixelFormat::rgba, 160, kWidth), kSlow);
    line.push(buffer_of(Picture(PixelFormat::rgba, 160, kWidth), 0));
    const std::string first = line.complaint(GST_MESSAGE_WARNING);
    EXPECT_NE(first.find("did not finish a frame"), std::string::npos) << first;
    // The device is given up after the warning was posted: some frames may come too early.
    std::string text;
    for (std::uint32_t i = 1; i < 100 && text.empty(); ++i) {
        line.push(buffer_of(Picture(PixelFormat::rgba, 160, kWidth), i));
        text = line.complaint(GST_MESSAGE_ERROR, 100 * GST_MSECOND);
    }
    EXPECT_NE(text.find("belongs to the neighbours"), std::string::npos) << text;
    EXPECT_EQ(line.stat("device-rebuilds"), "0");
    EXPECT_NE(line.stat("frames-lost"), "0");
}

} // namespace
