// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sizes of work groups, earlier frames, images as tables, and what is attached to buffers by
// several elements and by several passes.
#include "compute_harness.h"
#include "element_fixture.h"
#include "scratch_folder.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace tactus;

namespace {

constexpr std::uint32_t kWide = 320; // enough to measure with
constexpr std::uint32_t kHigh = 240;

Picture grey(std::uint8_t value, std::uint32_t width = 8, std::uint32_t height = 8) {
    Picture picture(PixelFormat::gray8, width, height);
    std::fill(picture.bytes.begin(), picture.bytes.end(), value);
    return picture;
}

// One more frame of the caps that are set.
std::optional<Picture> next(ComputeHarness& harness, const Picture& in) {
    const GstFlowReturn flow = harness.push(buffer_of(in));
    GstBuffer* out = flow == GST_FLOW_OK ? harness.pull() : nullptr;
    if (out == nullptr)
        return std::nullopt;
    return picture_of(out, in.layout.format, in.layout.width, in.layout.height);
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << text

class Choices : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_DEVICE(); }

    // A shader that nobody has measured yet, not even an earlier run of this program.
    std::string fresh_shader() {
        return folder_.write("fresh.comp",
                             "#include \"tactus/planes.glsl\"\nTACTUS_WORKGROUP;\n"
                             "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(0.5, "
                             "1.0 / " +
                                 std::to_string(g_random_int()) + ".5, 0.0, 1.0)); }\n");
    }

    ScratchFolder folder_;
};

// --- sizes of work groups

TEST_F(Choices, ASizeIsMeasuredBeforeTheFirstFrameAndRememberedInTheCacheFolder) {
    const std::string path = folder_ / "cache/pipelines";
    const std::string properties = "shader=" + fresh_shader() + " pipeline-cache=" + path;
    std::string chosen;
    {
        ComputeHarness harness(properties);
        const auto out = harness.process(Picture(PixelFormat::rgba, kWide, kHigh));
        ASSERT_TRUE(out);
        EXPECT_GT(out->at(0, 0, 0, 0), 0);
        if (has(harness.stat_text("workgroup-reason"), "no time left"))
            GTEST_SKIP() << "too slow: " << harness.stat_text("workgroup-reason");
        EXPECT_EQ(harness.stat_text("workgroup-reason").find("measured: 64x1 "),
                  harness.stat_text("device").find("llvmpipe") != std::string::npos
                      ? 0U
                      : std::string::npos)
            << harness.stat_text("workgroup-reason");
        chosen = harness.stat_text("workgroup");
        EXPECT_EQ(harness.stat("frames-out"), 1U) << "nothing of the trial leaves the element";
        gst_element_set_state(harness.element(), GST_STATE_NULL);
    }
    EXPECT_TRUE(std::filesystem::exists(path + ".workgroups"));
    ComputeHarness again(properties);
    ASSERT_TRUE(again.process(Picture(PixelFormat::rgba, kWide, kHigh)));
    EXPECT_EQ(again.stat_text("workgroup-reason"), "measured before");
    EXPECT_EQ(again.stat_text("workgroup"), chosen);
}

TEST_F(Choices, ADamagedFileOfSizesIsIgnored) {
    const std::string path = folder_ / "pipelines";
    folder_.write("pipelines.workgroups", "this is no such file");
    ComputeHarness harness("shader=" + fresh_shader() + " pipeline-cache=" + path);
    ASSERT_TRUE(harness.process(Picture(PixelFormat::rgba, kWide, kHigh)));
    EXPECT_EQ(harness.complaint(), "");
}

TEST_F(Choices, ASizeThatIsSetIsNotMeasured) {
    ComputeHarness harness("workgroup=16x16 shader=" + fresh_shader());
    ASSERT_TRUE(harness.process(Picture(PixelFormat::rgba, kWide, kHigh)));
    EXPECT_EQ(harness.stat_text("workgroup"), "16x16");
    EXPECT_EQ(harness.stat_text("workgroup-reason"), "the property says so");
}

TEST_F(Choices, ASizeThatTheShaderFixesHolds) {
    const std::string path = folder_.write(
        "fixed.comp", "#include \"tactus/planes.glsl\"\n"
                      "layout(local_size_x = 4, local_size_y = 2) in;\n"
                      "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(1.0)); }\n");
    ComputeHarness harness("workgroup=16x16 shader=" + path);
    const auto out = harness.process(Picture(PixelFormat::rgba, kWide, kHigh));
    ASSERT_TRUE(out);
    EXPECT_EQ(out->at(0, kWide - 1, kHigh - 1, 0), 255);
    EXPECT_EQ(harness.stat_text("workgroup"), "4x2");
    EXPECT_EQ(harness.stat_text("workgroup-reason"), "the shader says so");
}

TEST_F(Choices, SmallFramesAreNotWorthMeasuring) {
    ComputeHarness harness("shader=" + fresh_shader());
    ASSERT_TRUE(harness.process(Picture(PixelFormat::rgba, 16, 16)));
    EXPECT_HAS(harness.stat_text("workgroup-reason"), "too small to measure");
}

TEST_F(Choices, MeasuringLeavesStateHistoryAndNumbersAlone) {
    const std::string path = folder_.write(
        "count.comp", "#include \"tactus/planes.glsl\"\n#include \"tactus/history.glsl\"\n"
                      "TACTUS_WORKGROUP;\n"
                      "layout(set = 0, binding = 19) readonly buffer B { uint frames; } before;\n"
                      "layout(set = 0, binding = 21) writeonly buffer A { uint frames; } after;\n"
                      "void main() {\n"
                      "  after.frames = before.frames + 1u;\n"
                      "  tactus_store(gl_GlobalInvocationID.xy, vec4(float(before.frames),\n"
                      "    float(tactus.number), float(tactus.history),\n"
                      "    float(tactus_before_word(0u))) / 255.0); }\n");
    ComputeHarness harness("shader=" + path);
    harness.set_caps(video_caps(PixelFormat::rgba, kWide, kHigh));
    for (std::uint32_t i = 0; i < 3; ++i) {
        const auto out = next(harness, Picture(PixelFormat::rgba, kWide, kHigh));
        ASSERT_TRUE(out);
        EXPECT_EQ(out->at(0, 7, 7, 0), i);
        EXPECT_EQ(out->at(0, 7, 7, 1), i);
        EXPECT_EQ(out->at(0, 7, 7, 2), std::min(i, 1U));
    }
}

// --- earlier frames

constexpr const char* kAverage =
    "#include \"tactus/planes.glsl\"\n#include \"tactus/earlier.glsl\"\n"
    "TACTUS_WORKGROUP;\nTACTUS_BLOCK_OF_BYTES(4, 1);\n"
    "void main() {\n"
    "  const TactusPlane p = tactus.in_plane[0];\n"
    "  const uvec2 at = gl_GlobalInvocationID.xy;\n"
    "  if (at.y >= p.height || at.x * 4u >= p.width) return;\n"
    "  const uint byte = p.offset + at.y * p.stride + at.x * 4u;\n"
    "  uvec4 sum = tactus_bytes_of(tactus_in_word(0u, byte));\n"
    "  for (uint back = 1u; back <= tactus.history; ++back)\n"
    "    sum += tactus_bytes_of(tactus_earlier_word(back, byte));\n"
    "  tactus_out_word(0u, tactus.out_plane[0].offset +\n"
    "    at.y * tactus.out_plane[0].stride + at.x * 4u,\n"
    "    tactus_word_of(sum / (tactus.history + 1u))); }\n";

class Histories : public Choices, public testing::WithParamInterface<unsigned> {};

TEST_P(Histories, AreAsLongAsThePropertySays) {
    const unsigned length = GetParam();
    ComputeHarness harness("history=" + std::to_string(length) +
                           " shader=" + folder_.write("average.comp", kAverage));
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    const unsigned kept = length == 0 ? 4 : length; // 0: all that the shader looks at
    std::vector<unsigned> values;
    for (unsigned i = 0; i < 8; ++i) {
        values.push_back(20 * i + 3);
        const auto out = next(harness, grey(static_cast<std::uint8_t>(values.back())));
        ASSERT_TRUE(out);
        unsigned sum = 0;
        const unsigned count = std::min(i, kept) + 1;
        for (unsigned back = 0; back < count; ++back)
            sum += values[values.size() - 1 - back];
        EXPECT_EQ(out->at(0, 7, 7, 0), sum / count) << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Lengths, Histories, testing::Values(0U, 1U, 2U, 4U));

TEST_F(Choices, MoreHistoryThanTheShaderLooksAtIsAnErrorAtTheCaps) {
    ComputeHarness harness("shader=motion history=2");
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    const std::string text = harness.complaint();
    EXPECT_HAS(text, "history is 2, but the shaders look at 1 earlier frames at most");
}

// --- images as tables

// 3 x 2 pixels of RGBA: 10 20 30 255, 40 50 60 255, 70 80 90 128 / 100 110 120 255, 130 140 150 0,
// 160 170 180 255.
constexpr unsigned char kPng[] = {
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52,
    0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00, 0x02, 0x08, 0x06, 0x00, 0x00, 0x00, 0x9d, 0x74, 0x66,
    0x1a, 0x00, 0x00, 0x00, 0x23, 0x49, 0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xe0, 0x12, 0x91, 0xfb,
    0xaf, 0x61, 0x64, 0xf3, 0xdf, 0x2d, 0x20, 0xaa, 0x81, 0x21, 0x25, 0xaf, 0xe2, 0x7f, 0x53, 0xcf,
    0x34, 0x86, 0x05, 0xab, 0xb6, 0xfc, 0x07, 0x00, 0x78, 0x6c, 0x0b, 0x2b, 0xba, 0x54, 0x55, 0x5c,
    0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

std::string png_file(const ScratchFolder& folder, std::size_t bytes = sizeof kPng) {
    std::string path = folder / "table.png";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(kPng), static_cast<std::streamsize>(bytes));
    return path;
}

// Why images are not read here; "" if they are.
std::string no_images(const ScratchFolder& folder) {
    GstElement* element = make_compute("shader=invert extra-input=" + png_file(folder));
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    gst_element_set_state(element, GST_STATE_PAUSED);
    const std::string text = text_of(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR));
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
    return has(text, "lacks libpng") ? text : "";
}

TEST_F(Choices, AnImageIsASampledImageAndABufferOfPixels) {
    if (const std::string why = no_images(folder_); !why.empty())
        GTEST_SKIP() << why;
    const std::string path = folder_.write(
        "table.comp",
        "#include \"tactus/planes.glsl\"\nTACTUS_WORKGROUP;\n"
        "layout(set = 0, binding = 16) readonly buffer Extra { uint pixels[]; } extra;\n"
        "layout(set = 0, binding = 17) uniform sampler2D table;\n"
        "void main() {\n"
        "  const uvec2 at = gl_GlobalInvocationID.xy;\n"
        "  const uvec2 size = tactus.extra_size;\n"
        "  if (any(greaterThanEqual(at, size))) return;\n"
        "  const uvec4 pixel = tactus_bytes_of(extra.pixels[at.y * size.x + at.x]);\n"
        "  const vec4 sampled = texelFetch(table, ivec2(at), 0);\n"
        "  tactus_store(at, vec4(vec2(pixel.xw) / 255.0, sampled.yw)); }\n");
    const std::string table = png_file(folder_);
    for (const char* memory : {"no", "yes"}) {
        ComputeHarness harness("shader=" + path + " extra-input=" + table +
                               " device-memory=" + memory);
        for (int frame = 0; frame < 3; ++frame) {
            const auto out = harness.process(Picture(PixelFormat::rgba, 3, 2));
            ASSERT_TRUE(out);
            for (std::uint32_t i = 0; i < 6; ++i) {
                const std::uint32_t alpha = i == 2 ? 128 : i == 4 ? 0 : 255;
                EXPECT_EQ(out->at(0, i % 3, i / 3, 0), 10 + 30 * i);
                EXPECT_EQ(out->at(0, i % 3, i / 3, 1), alpha);
                EXPECT_EQ(out->at(0, i % 3, i / 3, 2), 20 + 30 * i);
                EXPECT_EQ(out->at(0, i % 3, i / 3, 3), alpha);
            }
        }
    }
}

TEST_F(Choices, ADamagedImageIsAnError) {
    if (const std::string why = no_images(folder_); !why.empty())
        GTEST_SKIP() << why;
    for (const std::size_t bytes : {sizeof kPng / 3, sizeof kPng / 2}) {
        GstElement* element = make_compute("shader=invert extra-input=" + png_file(folder_, bytes));
        GstBus* bus = gst_bus_new();
        gst_element_set_bus(element, bus);
        EXPECT_EQ(gst_element_set_state(element, GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
        EXPECT_HAS(text_of(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR)), "table.png: ");
        gst_element_set_state(element, GST_STATE_NULL);
        gst_element_set_bus(element, nullptr);
        gst_object_unref(bus);
        gst_object_unref(element);
    }
}

TEST_F(Choices, AShaderThatWantsAnImageAndGetsNoneIsAnErrorAtTheCaps) {
    const std::string path =
        folder_.write("table.comp", "#include \"tactus/planes.glsl\"\nTACTUS_WORKGROUP;\n"
                                    "layout(set = 0, binding = 17) uniform sampler2D table;\n"
                                    "void main() { tactus_store(gl_GlobalInvocationID.xy,\n"
                                    "  texelFetch(table, ivec2(0), 0)); }\n");
    const std::string bytes = folder_.write("table.bin", "12345678");
    ComputeHarness harness("shader=" + path + " extra-input=" + bytes);
    harness.set_caps(video_caps(PixelFormat::rgba, 8, 8));
    EXPECT_HAS(harness.complaint(), "needs an image in the property extra-input");
}

// --- what is attached

const GstStructure* meta_of(GstBuffer* buffer, const char* name) {
    GstCustomMeta* meta = gst_buffer_get_custom_meta(buffer, name);
    return meta != nullptr ? gst_custom_meta_get_structure(meta) : nullptr;
}

unsigned metas_of(GstBuffer* buffer, const char* name) {
    unsigned count = 0;
    gpointer state = nullptr;
    while (GstMeta* meta = gst_buffer_iterate_meta(buffer, &state))
        count += meta->info == gst_meta_get_info(name) ? 1 : 0;
    return count;
}

TEST_F(Choices, EachPassHasItsOwnSpanWithinThatOfTheFrame) {
    ComputeHarness harness("shader=gaussian passes=<sobel>");
    harness.set_caps(video_caps(PixelFormat::rgba, 16, 16));
    ASSERT_EQ(harness.push(buffer_of(Picture(PixelFormat::rgba, 16, 16))), GST_FLOW_OK);
    GstBuffer* out = harness.pull();
    ASSERT_NE(out, nullptr);
    const GstStructure* all = meta_of(out, "tactus-gpu-timing");
    ASSERT_NE(all, nullptr);
    EXPECT_STREQ(gst_structure_get_string(all, "label"), "gaussian+sobel");
    const GValue* passes = gst_structure_get_value(all, "passes");
    ASSERT_NE(passes, nullptr);
    const std::vector<std::string> labels{"gaussian pass 0", "gaussian pass 1", "sobel"};
    ASSERT_EQ(gst_value_array_get_size(passes), labels.size());
    guint64 last = 0;
    guint64 end = 0;
    gst_structure_get_uint64(all, "begin-ticks", &last);
    for (guint i = 0; i < labels.size(); ++i) {
        const GstStructure* pass = gst_value_get_structure(gst_value_array_get_value(passes, i));
        EXPECT_EQ(gst_structure_get_string(pass, "label"), labels[i]);
        guint64 begin = 0;
        ASSERT_TRUE(gst_structure_get_uint64(pass, "begin-ticks", &begin));
        ASSERT_TRUE(gst_structure_get_uint64(pass, "end-ticks", &end));
        EXPECT_LE(last, begin);
        EXPECT_LE(begin, end);
        last = end;
    }
    guint64 all_end = 0;
    gst_structure_get_uint64(all, "end-ticks", &all_end);
    EXPECT_EQ(end, all_end);
    gst_buffer_unref(out);
}

TEST_F(Choices, ResultsOfTwoElementsAreInOneMetaAndTheTimingIsTheLastOnes) {
    ComputeHarness first("shader=motion");
    ComputeHarness second("shader=histogram");
    for (ComputeHarness* harness : {&first, &second})
        harness->set_caps(video_caps(PixelFormat::gray8, 8, 8));
    ASSERT_EQ(first.push(buffer_of(grey(9))), GST_FLOW_OK);
    GstBuffer* between = first.pull();
    ASSERT_NE(between, nullptr);
    ASSERT_EQ(second.push(between), GST_FLOW_OK);
    GstBuffer* out = second.pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(metas_of(out, "tactus-results"), 1U);
    EXPECT_EQ(metas_of(out, "tactus-gpu-timing"), 1U);
    EXPECT_TRUE(gst_structure_has_field(meta_of(out, "tactus-results"), "moved"));
    EXPECT_TRUE(gst_structure_has_field(meta_of(out, "tactus-results"), "component0"));
    EXPECT_STREQ(gst_structure_get_string(meta_of(out, "tactus-gpu-timing"), "label"), "histogram");
    gst_buffer_unref(out);
}

// --- what is not taken

TEST_F(Choices, BuffersThatAreRefusedAreCounted) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    ASSERT_TRUE(harness.process(grey(1)));
    gst_harness_push_event(harness.get(), gst_event_new_flush_start());
    EXPECT_EQ(harness.push(buffer_of(grey(2))), GST_FLOW_FLUSHING);
    gst_harness_push_event(harness.get(), gst_event_new_flush_stop(TRUE));
    EXPECT_EQ(harness.push(gst_buffer_new_allocate(nullptr, 3, nullptr)), GST_FLOW_ERROR)
        << "no frame";
    EXPECT_NE(harness.complaint(), "");
    // The pad itself refuses the one that came while it was flushing.
    EXPECT_EQ(harness.stat("frames-in"), harness.stat("frames-out") +
                                             harness.stat("frames-refused") +
                                             harness.stat("frames-flushed"));
    EXPECT_EQ(harness.stat("frames-refused"), 1U);
}

GstPadProbeReturn hold(GstPad*, GstPadProbeInfo*, gpointer) {
    return GST_PAD_PROBE_OK; // stays blocked
}

struct Gaps {
    GstHarness* harness;
    std::atomic<int> pushed{0};
};

gpointer push_gaps(gpointer data) {
    auto& gaps = *static_cast<Gaps*>(data);
    for (int i = 0; i < 500; ++i, ++gaps.pushed)
        gst_harness_push_event(gaps.harness, gst_event_new_gap(GST_SECOND, 1));
    return nullptr;
}

TEST_F(Choices, EventsWaitWhenNobodyTakesThem) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    ASSERT_TRUE(harness.process(grey(1)));
    GstPad* src = gst_element_get_static_pad(harness.element(), "src");
    const gulong probe =
        gst_pad_add_probe(src,
                          static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BLOCK |
                                                       GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM),
                          hold, nullptr, nullptr);
    Gaps gaps{harness.get()};
    GThread* thread = g_thread_new("gaps", push_gaps, &gaps);
    // As many as there is room for, and one in the task's hands.
    EXPECT_TRUE(comes_true([&] { return gaps.pushed >= 64; }));
    for (int i = 0; i < 1000; ++i)
        g_thread_yield();
    EXPECT_LE(gaps.pushed, 66);
    gst_pad_remove_probe(src, probe);
    g_thread_join(thread);
    EXPECT_EQ(gaps.pushed, 500);
    gst_object_unref(src);
}

TEST_F(Choices, AFrameThatShadersCannotReachIsAnErrorAtTheCaps) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::rgba, 16384, 16383));
    const std::string text = harness.complaint();
    if (text.empty())
        GTEST_SKIP() << "this device's shaders reach a gigabyte";
    EXPECT_HAS(text, "a frame of RGBA of 16384x16383 ends at byte 1073676288");
}

// --- reload

TEST_F(Choices, AFileThatAnEditBeganToIncludeIsWatchedFromThenOn) {
    const auto paint = [](const std::string& value, const std::string& include) {
        return "#include \"tactus/planes.glsl\"\n" + include +
               "TACTUS_WORKGROUP;\nvoid main() { tactus_store(gl_GlobalInvocationID.xy, vec4(" +
               value + " / 255.0)); }\n";
    };
    folder_.write("paint.comp", paint("10.0", ""));
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    const auto painted = [&](int old) {
        int value = old;
        for (int i = 0; i < 10000 && value == old; ++i) {
            const auto out = harness.process(grey(0));
            value = out ? static_cast<int>(out->at(0, 0, 0, 0)) : -1;
        }
        return value;
    };
    EXPECT_EQ(painted(-2), 10);
    folder_.write("value.glsl", "const float VALUE = 20.0;\n");
    folder_.replace("paint.comp", paint("VALUE", "#include \"value.glsl\"\n"));
    EXPECT_EQ(painted(10), 20);
    folder_.replace("value.glsl", "const float VALUE = 30.0;\n");
    EXPECT_EQ(painted(20), 30);
}

} // namespace
