// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where shaders come from, what is wrong with them, how they change, and what they are told.
#include "compute_harness.h"
#include "scratch_folder.h"

#include <gst/controller/gstdirectcontrolbinding.h>
#include <gst/controller/gstinterpolationcontrolsource.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

using namespace tactus;

namespace {

// Each component becomes what is between the braces.
std::string shader_with(const std::string& expression, const std::string& declarations = "") {
    return "#version 450\n"
           "#include \"tactus/planes.glsl\"\n" +
           declarations +
           "TACTUS_WORKGROUP;\n"
           "void main() {\n"
           "    const uvec2 at = gl_GlobalInvocationID.xy;\n"
           "    tactus_store(at, vec4(" +
           expression +
           "));\n"
           "}\n";
}

// A shader that paints everything with one value.
std::string paint(int value) {
    return shader_with(std::to_string(value) + ".0 / 255.0");
}

class Shaders : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_DEVICE(); }

    // The grey value that comes out.
    static int painted(ComputeHarness& harness, std::uint8_t in = 0) {
        Picture picture(PixelFormat::gray8, 8, 8);
        std::fill(picture.bytes.begin(), picture.bytes.end(), in);
        const auto out = harness.process(picture);
        return out ? static_cast<int>(out->at(0, 7, 7, 0)) : -1;
    }

    ScratchFolder folder_;
};

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

#define EXPECT_HAS(text, part) EXPECT_TRUE(has(text, part)) << text

// --- where they come from

TEST_F(Shaders, AFileIsRun) {
    ComputeHarness harness("shader=" + folder_.write("paint.comp", paint(77)));
    EXPECT_EQ(painted(harness), 77);
}

TEST_F(Shaders, TextIsRun) {
    GstElement* element = make_compute("");
    g_object_set(element, "shader", paint(78).c_str(), nullptr);
    ComputeHarness harness(element);
    EXPECT_EQ(painted(harness), 78);
}

TEST_F(Shaders, AFileMayIncludeItsNeighbours) {
    folder_.write("value.glsl", "const float VALUE = 79.0 / 255.0;\n");
    ComputeHarness harness(
        "shader=" + folder_.write("paint.comp", shader_with("VALUE", "#include \"value.glsl\"\n")));
    EXPECT_EQ(painted(harness), 79);
}

// --- what is wrong

// Of an element that cannot play.
std::string error_of(const std::string& properties) {
    GstElement* element = make_compute(properties);
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(element, bus);
    EXPECT_EQ(gst_element_set_state(element, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    std::string text = text_of(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR));
    EXPECT_EQ(gst_bus_pop_filtered(bus, GST_MESSAGE_ERROR), nullptr) << "one error is enough";
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
    return text;
}

TEST_F(Shaders, WithoutAShaderTheErrorSaysHowToNameOne) {
    EXPECT_HAS(error_of(""), "set the property shader");
}

TEST_F(Shaders, AShaderThatDoesNotExistIsAnErrorThatListsTheLibrary) {
    const std::string text = error_of("shader=embos");
    EXPECT_HAS(text, "there is no shader \"embos\"");
    EXPECT_HAS(text, "gaussian");
}

TEST_F(Shaders, WhatIsNoFileIsCalledWhatItIs) {
    EXPECT_HAS(error_of("shader=/tmp"), "there is no shader \"/tmp\": that is a folder");
    EXPECT_HAS(error_of("shader=/dev/null"), "that is no regular file");
    EXPECT_HAS(error_of("shader=/no/such.comp"), "no such file");
}

TEST_F(Shaders, AnIncludeThatIsNotThereSaysWhereItWasLookedFor) {
    const std::string path = folder_.write("lost.comp", "#version 450\n#include \"far.glsl\"\n"
                                                        "void main() {}\n");
    const std::string text = error_of("shader=" + path);
    EXPECT_HAS(text, "lost.comp:2");
    EXPECT_HAS(text, "far.glsl was looked for in: " +
                         std::filesystem::path(path).parent_path().string() + ", ");
}

TEST_F(Shaders, BadGlslIsAnErrorWithFileAndLine) {
    const std::string path =
        folder_.write("bad.comp", "#version 450\n\nvoid main() {\n    colour = 1;\n}\n");
    const std::string text = error_of("shader=" + path);
    EXPECT_HAS(text, "bad.comp:4");
    EXPECT_HAS(text, "colour");
}

TEST_F(Shaders, SpirvThatIsDamagedIsAnError) {
    const std::uint32_t words[] = {0x07230203, 0x00010500, 0, 7, 0, 0x00020011, 99999};
    const std::string path = folder_ / "bad.spv";
    std::ofstream(path, std::ios::binary).write(reinterpret_cast<const char*>(words), sizeof words);
    EXPECT_HAS(error_of("shader=" + path), "The shader cannot be used");
}

TEST_F(Shaders, ADeviceThatDoesNotExistIsAnErrorThatListsThoseThereAre) {
    const std::string text = error_of("shader=invert device=Voodoo");
    EXPECT_HAS(text, "there is no Vulkan device \"Voodoo\"");
    EXPECT_HAS(text, "0: ");
}

TEST_F(Shaders, AWorkgroupThatIsNoneIsAnError) {
    EXPECT_HAS(error_of("shader=invert workgroup=big"), "workgroup=\"big\" is not a size");
}

TEST_F(Shaders, AnExtraInputThatIsNotThereIsAnError) {
    EXPECT_HAS(error_of("shader=invert extra-input=/no/such/table"), "/no/such/table");
}

TEST_F(Shaders, AnExtraInputWithoutAnEndIsAnError) {
    EXPECT_HAS(error_of("shader=invert extra-input=/dev/zero"), "/dev/zero");
}

TEST_F(Shaders, StatsMayBeReadByWhoeverSeesAnErrorFirst) {
    GstElement* element = make_compute("shader=invert workgroup=big");
    GstBus* bus = gst_bus_new();
    const auto read_stats = [](GstBus*, GstMessage* message, gpointer read) {
        if (GST_MESSAGE_TYPE(message) != GST_MESSAGE_ERROR)
            return GST_BUS_PASS;
        GstStructure* stats = nullptr;
        g_object_get(GST_MESSAGE_SRC(message), "stats", &stats, nullptr);
        *static_cast<bool*>(read) = stats != nullptr;
        gst_structure_free(stats);
        return GST_BUS_PASS;
    };
    bool read = false;
    gst_bus_set_sync_handler(bus, read_stats, &read, nullptr);
    gst_element_set_bus(element, bus);
    EXPECT_EQ(gst_element_set_state(element, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    EXPECT_TRUE(read);
    gst_element_set_state(element, GST_STATE_NULL);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
}

TEST_F(Shaders, ABindingWithoutAMeaningIsAnErrorAtTheCaps) {
    const std::string path = folder_.write(
        "odd.comp", "#version 450\nlayout(set = 0, binding = 99) buffer B { uint b[]; };\n"
                    "void main() { b[0] = 1; }\n");
    ComputeHarness harness("shader=" + path);
    harness.set_caps(video_caps(PixelFormat::rgba, 8, 8));
    EXPECT_HAS(harness.complaint(), "binding 99");
}

TEST_F(Shaders, AnInputThatTheShaderMayWriteToIsAnErrorAtTheCaps) {
    const std::string path = folder_.write(
        "greedy.comp", "#version 450\nlayout(set = 0, binding = 1) buffer B { uint b[]; };\n"
                       "void main() { b[0] = 1; }\n");
    ComputeHarness harness("shader=" + path);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    EXPECT_HAS(harness.awaited_complaint(GST_MESSAGE_ERROR), "declare it readonly");
}

TEST_F(Shaders, AConstantThatDoesNotExistIsAnErrorThatListsThoseThereAre) {
    const std::string path = folder_.write(
        "k.comp", shader_with("K / 255.0", "layout(constant_id = 3) const float K = 9.0;\n"));
    ComputeHarness harness("shader=" + path + " constants=\"c,Q=1\"");
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    const std::string text = harness.complaint();
    EXPECT_HAS(text, "no shader has the constant Q");
    EXPECT_HAS(text, "there are: K");
}

TEST_F(Shaders, AConstantIsSet) {
    const std::string path = folder_.write(
        "k.comp", shader_with("K / 255.0", "layout(constant_id = 3) const float K = 9.0;\n"));
    ComputeHarness plain("shader=" + path);
    EXPECT_EQ(painted(plain), 9);
    ComputeHarness other("shader=" + path + " constants=\"c,K=12\"");
    EXPECT_EQ(painted(other), 12);
}

TEST_F(Shaders, AnyWorkgroupThatTheDeviceTakesGivesTheSame) {
    Picture in(PixelFormat::rgba, 61, 19);
    in.fill(4);
    for (const char* size : {"1", "7x3", "64", "16x16"}) {
        ComputeHarness harness(std::string("shader=gaussian workgroup=") + size);
        const auto out = harness.process(in);
        ASSERT_TRUE(out) << size;
        EXPECT_EQ(difference(*out, reference_gaussian(in)).where, "") << size;
    }
}

// --- uniforms

const char* kUniforms = "layout(push_constant) uniform U { float level; vec2 pair; float second; "
                        "int whole; };\n";

TEST_F(Shaders, UniformsAreSetByNameAndMayChangeWhilePlaying) {
    const std::string path = folder_.write(
        "u.comp",
        shader_with("(level + pair.x + 10.0 * pair.y + second + float(whole)) / 255.0", kUniforms));
    ComputeHarness harness("shader=" + path +
                           " uniforms=\"u,level=1.0,pair=<2,3>,second=40,whole=100\"");
    EXPECT_EQ(painted(harness), 1 + 2 + 30 + 40 + 100);
    GstStructure* values = gst_structure_new("u", "level", G_TYPE_DOUBLE, 7.0, nullptr);
    g_object_set(harness.element(), "uniforms", values, nullptr);
    gst_structure_free(values);
    EXPECT_EQ(painted(harness), 7) << "what is no longer given is 0 again";
    g_object_set(harness.element(), "u1", 5.0, nullptr);
    EXPECT_EQ(painted(harness), 12) << "u1 is the second float, as vectors have no number";
}

TEST_F(Shaders, AUniformThatDoesNotExistIsAWarningAndTheOthersAreSet) {
    const std::string path = folder_.write("u.comp", shader_with("level / 255.0", kUniforms));
    ComputeHarness harness("shader=" + path + " uniforms=\"u,level=3,levle=4,pair=5\"");
    EXPECT_EQ(painted(harness), 3);
    const std::string text = harness.complaint(GST_MESSAGE_WARNING);
    EXPECT_HAS(text, "no shader has the uniform levle; there are: level, pair, second, whole");
    EXPECT_HAS(text, "pair takes 2 number(s), not 1");
}

TEST_F(Shaders, WhatIsWrongWithUniformsIsToldOnceWhileTheyFollowAController) {
    const std::string path = folder_.write("u.comp", shader_with("level / 255.0", kUniforms));
    ComputeHarness harness("shader=" + path + " uniforms=\"u,whole=1.5\"");
    for (const double level : {1.0, 2.0, 3.0}) {
        g_object_set(harness.element(), "u0", level, nullptr);
        EXPECT_EQ(painted(harness), static_cast<int>(level));
    }
    EXPECT_HAS(harness.complaint(GST_MESSAGE_WARNING), "whole");
    EXPECT_EQ(harness.complaint(GST_MESSAGE_WARNING), "");
}

TEST_F(Shaders, ControlledUniformsFollowTheTimeOfTheFrames) {
    const std::string path = folder_.write("u.comp", shader_with("level / 255.0", kUniforms));
    ComputeHarness harness("shader=" + path);
    GstControlSource* source = gst_interpolation_control_source_new();
    g_object_set(source, "mode", GST_INTERPOLATION_MODE_LINEAR, nullptr);
    auto* values = GST_TIMED_VALUE_CONTROL_SOURCE(source);
    gst_timed_value_control_source_set(values, 0, 0);
    gst_timed_value_control_source_set(values, GST_SECOND, 90);
    gst_object_add_control_binding(
        GST_OBJECT(harness.element()),
        gst_direct_control_binding_new_absolute(GST_OBJECT(harness.element()), "u0", source));
    gst_object_unref(source);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    for (const std::uint64_t number : {0U, 10U, 30U}) {
        ASSERT_EQ(harness.push(buffer_of(Picture(PixelFormat::gray8, 8, 8), number)), GST_FLOW_OK);
        GstBuffer* out = harness.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(picture_of(out, PixelFormat::gray8, 8, 8).bytes[0], number * 3);
    }
}

// --- what a shader is told

TEST_F(Shaders, AShaderKnowsSizeNumberAndTime) {
    const std::string path =
        folder_.write("told.comp", shader_with("float(tactus.in_size.x + 10u * tactus.number + "
                                               "tactus.pts.x / 1000000u) / 255.0"));
    ComputeHarness harness("shader=" + path);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    for (const std::uint64_t number : {0U, 1U, 2U}) {
        harness.push(buffer_of(Picture(PixelFormat::gray8, 8, 8), number));
        GstBuffer* out = harness.pull();
        ASSERT_NE(out, nullptr);
        EXPECT_EQ(picture_of(out, PixelFormat::gray8, 8, 8).bytes[9],
                  8 + 10 * number + number * 1000 / 30);
    }
}

TEST_F(Shaders, FilteredAudioIsTheSameHoweverItIsCut) {
    const std::vector<float> taps{0.5F, -0.25F, 0.125F, 1.0F, 0.0625F};
    const std::string path = folder_ / "taps.f32";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(taps.data()),
               static_cast<std::streamsize>(taps.size() * sizeof(float)));
    ComputeHarness harness("shader=audio-fir extra-input=" + path);
    harness.set_caps("audio/x-raw,format=F32LE,layout=interleaved,rate=8000,channels=1");
    std::vector<float> in;
    for (const std::size_t count : {3U, 1U, 40U, 2U, 100U}) {
        std::vector<float> part;
        for (std::size_t i = 0; i < count; ++i)
            part.push_back(static_cast<float>((in.size() + i) * 37 % 101));
        in.insert(in.end(), part.begin(), part.end());
        GstBuffer* buffer = gst_buffer_new_allocate(nullptr, count * sizeof(float), nullptr);
        gst_buffer_fill(buffer, 0, part.data(), count * sizeof(float));
        ASSERT_EQ(harness.push(buffer), GST_FLOW_OK) << harness.complaint();
        GstBuffer* out = harness.pull();
        ASSERT_NE(out, nullptr);
        std::vector<float> made(count);
        gst_buffer_extract(out, 0, made.data(), count * sizeof(float));
        gst_buffer_unref(out);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = in.size() - count + i;
            float expected = 0;
            for (std::size_t tap = 0; tap < taps.size() && tap <= at; ++tap)
                expected += taps[tap] * in[at - tap];
            EXPECT_FLOAT_EQ(made[i], expected) << at;
        }
    }
}

TEST_F(Shaders, SixtyFourChannelsAreFilteredAndMoreTapsThanThereCanBeAreAnError) {
    constexpr std::size_t kChannels = 64;
    constexpr std::size_t kFrames = 10;
    std::vector<float> taps(1024);
    taps[1] = 1; // the sample before
    const auto write_taps = [&](const char* name) {
        const std::string path = folder_ / name;
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(taps.data()),
                   static_cast<std::streamsize>(taps.size() * sizeof(float)));
        return path;
    };
    const std::string caps = "audio/x-raw,format=F32LE,layout=interleaved,rate=8000,channels=64,"
                             "channel-mask=(bitmask)0";
    {
        ComputeHarness harness("shader=audio-fir extra-input=" + write_taps("most.f32"));
        harness.set_caps(caps);
        std::vector<float> samples(kFrames * kChannels);
        std::iota(samples.begin(), samples.end(), 1.0F);
        for (int round = 0; round < 2; ++round) {
            ASSERT_EQ(harness.push(gst_buffer_new_memdup(samples.data(), 4 * samples.size())),
                      GST_FLOW_OK)
                << harness.complaint();
            GstBuffer* out = harness.pull();
            ASSERT_NE(out, nullptr);
            std::vector<float> made(samples.size());
            gst_buffer_extract(out, 0, made.data(), 4 * made.size());
            gst_buffer_unref(out);
            for (std::size_t c = 0; c < kChannels; ++c) {
                const float before = samples[(kFrames - 1) * kChannels + c];
                ASSERT_EQ(made[c], round == 0 ? 0 : before) << c;
                ASSERT_EQ(made[5 * kChannels + c], samples[4 * kChannels + c]) << c;
            }
        }
    }
    taps.resize(1025);
    ComputeHarness harness("shader=audio-fir extra-input=" + write_taps("more.f32"));
    harness.set_caps(caps);
    const std::string text = harness.complaint();
    EXPECT_NE(text.find("audio-fir takes 4096 bytes in extra-input at most; there are 4100"),
              std::string::npos)
        << text;
}

TEST_F(Shaders, AShaderOfImagesSeesAndMakesPlanes) {
    const std::string path = folder_.write(
        "images.comp",
        "#version 450\n#include \"tactus/images.glsl\"\nTACTUS_WORKGROUP;\nvoid main() {\n"
        "    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);\n"
        "    tactus_image_store(at, 1.0 - tactus_image_load(at));\n}\n");
    for (const PixelFormat format :
         {PixelFormat::rgba, PixelFormat::bgra, PixelFormat::gray8, PixelFormat::rgba64}) {
        ComputeHarness harness("shader=" + path);
        Picture in(format, 33, 9);
        in.fill(6);
        const auto out = harness.process(in);
        ASSERT_TRUE(out) << info_of(format).name;
        for (std::uint32_t x = 0; x < 33; ++x)
            EXPECT_EQ(out->at(0, x, 8, 0),
                      (format == PixelFormat::rgba64 ? 65535 : 255) - in.at(0, x, 8, 0))
                << info_of(format).name;
    }
}

// --- reload

TEST_F(Shaders, AGoodEditTakesEffectAndABrokenOneKeepsTheOldShader) {
    folder_.write("paint.comp", paint(10));
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    EXPECT_EQ(painted(harness), 10);
    folder_.replace("paint.comp", "#version 450\nvoid main() { broken }\n");
    EXPECT_HAS(harness.awaited_complaint(GST_MESSAGE_WARNING), "paint.comp:2");
    EXPECT_EQ(painted(harness), 10);
    EXPECT_EQ(harness.stat("reload-failures"), 1U);
    folder_.replace("paint.comp", paint(20));
    int value = 10;
    for (int i = 0; i < 10000 && value == 10; ++i)
        value = painted(harness);
    EXPECT_EQ(value, 20);
    EXPECT_EQ(harness.stat("reloads"), 1U);
}

TEST_F(Shaders, FilesOfAShaderThatIsSetWhilePlayingAreWatchedFromThenOn) {
    folder_.write("first.comp", paint(10));
    folder_.write("second.comp", paint(50));
    ComputeHarness harness("reload=true shader=" + (folder_ / "first.comp"));
    EXPECT_EQ(painted(harness), 10);
    g_object_set(harness.element(), "shader", (folder_ / "second.comp").c_str(), nullptr);
    EXPECT_EQ(painted(harness), 50);
    folder_.replace("second.comp", paint(51));
    int value = 50;
    for (int i = 0; i < 10000 && value == 50; ++i)
        value = painted(harness);
    EXPECT_EQ(value, 51);
    EXPECT_EQ(harness.stat("reloads"), 2U);
    EXPECT_EQ(harness.stat("reload-failures"), 0U);
}

TEST_F(Shaders, AFileThatWasRefusedWhilePlayingTakesEffectOnceItIsMended) {
    folder_.write("first.comp", paint(10));
    folder_.write("second.comp", "#version 450\nvoid main() { broken }\n");
    int before = 10;
    for (const char* refused : {"second.comp", "third.comp"}) { // the third is not there yet
        ComputeHarness harness("reload=true shader=" + (folder_ / "first.comp"));
        EXPECT_EQ(painted(harness), 10);
        g_object_set(harness.element(), "shader", (folder_ / refused).c_str(), nullptr);
        EXPECT_EQ(painted(harness), 10);
        EXPECT_HAS(harness.complaint(GST_MESSAGE_WARNING), refused);
        folder_.replace(refused, paint(++before));
        int value = 10;
        for (int i = 0; i < 10000 && value == 10; ++i)
            value = painted(harness);
        EXPECT_EQ(value, before);
        EXPECT_EQ(harness.stat("reload-failures"), 1U);
    }
}

TEST_F(Shaders, AnEditThatDoesNotFitTheCapsIsMendedByTheNextOne) {
    const std::string wrong = "layout(local_size_x = 1) in;\n"
                              "layout(set = 1, binding = 0) buffer B { uint v; } far;\n"
                              "void main() { far.v = 1u; }\n";
    folder_.write("paint.comp", wrong);
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    const auto push = [&] { return harness.push(buffer_of(Picture(PixelFormat::gray8, 8, 8))); };
    EXPECT_EQ(push(), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_HAS(harness.complaint(), "has no meaning");
    folder_.replace("paint.comp", paint(70));
    GstFlowReturn flow = GST_FLOW_NOT_NEGOTIATED;
    for (int i = 0; i < 100000 && flow != GST_FLOW_OK; ++i)
        flow = push();
    ASSERT_EQ(flow, GST_FLOW_OK) << harness.complaint();
    EXPECT_EQ(picture_of(harness.pull(), PixelFormat::gray8, 8, 8).bytes[0], 70);
}

TEST_F(Shaders, AMendedFileMayTakeTheCapsThatWereRefused) {
    std::ifstream nv12(std::filesystem::path(std::getenv("TACTUS_SHADERS")) / "nv12-to-rgba.comp");
    folder_.write("paint.comp", {std::istreambuf_iterator<char>(nv12), {}});
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    const auto push = [&] { return harness.push(buffer_of(Picture(PixelFormat::gray8, 8, 8))); };
    EXPECT_EQ(push(), GST_FLOW_NOT_NEGOTIATED);
    GstPad* const upstream = harness.get()->srcpad;
    gst_pad_check_reconfigure(upstream); // forgets that it was asked to
    folder_.replace("paint.comp", paint(33));
    GstFlowReturn flow = GST_FLOW_NOT_NEGOTIATED;
    for (int i = 0; i < 100000 && flow != GST_FLOW_OK; ++i)
        flow = push();
    ASSERT_EQ(flow, GST_FLOW_OK) << harness.complaint();
    EXPECT_EQ(picture_of(harness.pull(), PixelFormat::gray8, 8, 8).bytes[0], 33);
    EXPECT_EQ(harness.stat("reloads"), 1U);
}

TEST_F(Shaders, AfterCapsThatWereRefusedAMendedFileAsksUpstreamForOthers) {
    folder_.write("paint.comp", "layout(local_size_x = 1) in;\n"
                                "layout(set = 1, binding = 0) buffer B { uint v; } far;\n"
                                "void main() { far.v = 1u; }\n");
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    EXPECT_EQ(harness.push(buffer_of(Picture(PixelFormat::gray8, 8, 8))), GST_FLOW_NOT_NEGOTIATED);
    while (GstEvent* event = gst_harness_try_pull_upstream_event(harness.get()))
        gst_event_unref(event);
    folder_.replace("paint.comp", paint(33));
    GstEvent* event = gst_harness_pull_upstream_event(harness.get());
    ASSERT_NE(event, nullptr);
    EXPECT_EQ(GST_EVENT_TYPE(event), GST_EVENT_RECONFIGURE);
    gst_event_unref(event);
}

TEST_F(Shaders, AnEditInReadyTakesEffectWithTheNextStart) {
    folder_.write("paint.comp", paint(10));
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    EXPECT_EQ(painted(harness), 10);
    gst_element_set_state(harness.element(), GST_STATE_READY);
    folder_.replace("paint.comp", paint(20));
    gst_element_set_state(harness.element(), GST_STATE_PLAYING);
    gst_harness_push_event(harness.get(), gst_event_new_stream_start("again"));
    EXPECT_EQ(painted(harness), 20);
}

TEST_F(Shaders, AnIncludeThatWasMissingTakesEffectOnceItIsThere) {
    folder_.write("paint.comp", shader_with("VALUE", "#include \"value.glsl\"\n"));
    ComputeHarness harness("reload=true shader=invert");
    EXPECT_EQ(painted(harness), 255);
    g_object_set(harness.element(), "shader", (folder_ / "paint.comp").c_str(), nullptr);
    EXPECT_EQ(painted(harness), 255);
    EXPECT_HAS(harness.complaint(GST_MESSAGE_WARNING), "value.glsl was looked for");
    folder_.write("value.glsl", "const float VALUE = 30.0 / 255.0;\n");
    int value = 255;
    for (int i = 0; i < 10000 && value == 255; ++i)
        value = painted(harness);
    EXPECT_EQ(value, 30);
}

TEST_F(Shaders, AnIncludedFileIsWatchedToo) {
    folder_.write("value.glsl", "const float VALUE = 30.0 / 255.0;\n");
    folder_.write("paint.comp", shader_with("VALUE", "#include \"value.glsl\"\n"));
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp"));
    EXPECT_EQ(painted(harness), 30);
    folder_.write("value.glsl", "const float VALUE = 31.0 / 255.0;\n");
    int value = 30;
    for (int i = 0; i < 10000 && value == 30; ++i)
        value = painted(harness);
    EXPECT_EQ(value, 31);
}

TEST_F(Shaders, WithPassesTheFirstShaderIsWatchedToo) {
    folder_.write("paint.comp", paint(40));
    ComputeHarness harness("reload=true shader=" + (folder_ / "paint.comp") + " passes=<invert>");
    EXPECT_EQ(painted(harness), 215);
    folder_.replace("paint.comp", paint(41));
    int value = 215;
    for (int i = 0; i < 10000 && value == 215; ++i)
        value = painted(harness);
    EXPECT_EQ(value, 214);
}

// --- pipeline cache

TEST_F(Shaders, ThePipelineCacheIsWarmTheSecondTimeAndADamagedOneIsIgnored) {
    const std::string path = folder_ / "cache/pipelines";
    for (const char* expected : {"cold", "warm"}) {
        ComputeHarness harness("shader=invert pipeline-cache=" + path);
        EXPECT_EQ(harness.stat_text("pipeline-cache"), expected);
        painted(harness);
        gst_element_set_state(harness.element(), GST_STATE_NULL);
    }
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
    ComputeHarness harness("shader=invert pipeline-cache=" + path);
    EXPECT_EQ(harness.stat_text("pipeline-cache"), "cold");
    EXPECT_EQ(painted(harness, 5), 250);
}

TEST_F(Shaders, CompiledGlslIsKeptButNotForAnotherText) {
    const std::string path = folder_ / "pipelines";
    folder_.write("value.glsl", "const float VALUE = 50.0 / 255.0;\n");
    folder_.write("paint.comp", shader_with("VALUE", "#include \"value.glsl\"\n"));
    const auto run = [&](const char* expected_note, int expected_value) {
        ComputeHarness harness("shader=" + (folder_ / "paint.comp") + " pipeline-cache=" + path);
        EXPECT_EQ(harness.stat_text("shader-cache"), expected_note);
        EXPECT_EQ(painted(harness), expected_value);
        gst_element_set_state(harness.element(), GST_STATE_NULL);
    };
    run("cold", 50);
    const auto written = std::filesystem::last_write_time(path + ".spirv");
    run("warm", 50);
    EXPECT_EQ(std::filesystem::last_write_time(path + ".spirv"), written) << "nothing was compiled";
    folder_.write("value.glsl", "const float VALUE = 51.0 / 255.0;\n");
    run("warm", 51);
    EXPECT_NE(std::filesystem::last_write_time(path + ".spirv"), written);
    std::filesystem::resize_file(path + ".spirv", 100);
    run("cold", 51);
}

} // namespace
