// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the shaders of the library make, for each format, against what the CPU makes: odd sizes,
// strides, offsets and crops.
#include "compute_harness.h"

#include <gst/video/video.h>

#include <cstring>
#include <functional>
#include <vector>

using namespace tactus;

namespace {

struct Size {
    std::uint32_t width;
    std::uint32_t height;
};
constexpr Size kSizes[] = {{1, 1}, {5, 3}, {67, 41}, {128, 32}};

struct Case {
    const char* properties;
    std::function<Picture(const Picture&)> reference;
    std::uint32_t tolerance;
    std::vector<PixelFormat> formats;
};

std::vector<PixelFormat> all_pictures() {
    std::vector<PixelFormat> formats;
    for (unsigned i = 0; i < static_cast<unsigned>(PixelFormat::bytes); ++i)
        formats.push_back(static_cast<PixelFormat>(i));
    return formats;
}

std::vector<PixelFormat> of_bytes(bool with_rgb) {
    std::vector<PixelFormat> formats;
    for (const PixelFormat format : all_pictures())
        if (info_of(format).planes[0].component_bytes == 1 &&
            (with_rgb || format != PixelFormat::rgb))
            formats.push_back(format);
    return formats;
}

void expect_same(const Picture& out, const Picture& expected, std::uint32_t tolerance,
                 const std::string& what) {
    ASSERT_EQ(out.layout.format, expected.layout.format) << what;
    ASSERT_EQ(out.layout.width, expected.layout.width) << what;
    ASSERT_EQ(out.layout.height, expected.layout.height) << what;
    const Difference found = difference(out, expected);
    EXPECT_LE(found.largest, tolerance) << what << ": " << found.where;
}

void check(const Case& c) {
    ComputeHarness harness(c.properties);
    std::uint32_t seed = 1;
    for (const PixelFormat format : c.formats)
        for (const Size& size : kSizes) {
            const std::string what = std::string(c.properties) + " " +
                                     std::string(info_of(format).name) + " " +
                                     std::to_string(size.width) + "x" + std::to_string(size.height);
            Picture in(format, size.width, size.height);
            in.fill(seed++);
            const auto out = harness.process(in);
            ASSERT_TRUE(out) << what;
            expect_same(*out, c.reference(in), c.tolerance, what);
        }
    EXPECT_EQ(harness.stat("frames-lost"), 0U);
}

class Formats : public testing::Test {
  protected:
    void SetUp() override { TACTUS_NEEDS_DEVICE(); }
};

TEST_F(Formats, InvertIsExactInAllFormats) {
    check({"shader=invert", reference_invert, 0, all_pictures()});
}

TEST_F(Formats, GaussianIsExactInAllFormatsOfBytes) {
    check({"shader=gaussian", reference_gaussian, 0, of_bytes(true)});
}

TEST_F(Formats, SobelIsExact) {
    check({"shader=sobel", reference_sobel, 0, of_bytes(false)});
}

TEST_F(Formats, UnsharpIsExact) {
    check({"shader=unsharp", [](const Picture& in) { return reference_unsharp(in, 1); }, 0,
           of_bytes(true)});
}

TEST_F(Formats, TwoShadersInTurnAreOneAfterTheOther) {
    check({"shader=gaussian passes=<sobel,invert>",
           [](const Picture& in) {
               return reference_invert(reference_sobel(reference_gaussian(in)));
           },
           0, of_bytes(false)});
}

TEST_F(Formats, Nv12BecomesRgba) {
    check({"shader=nv12-to-rgba", reference_nv12_to_rgba, 0, {PixelFormat::nv12}});
}

TEST_F(Formats, BilinearScalesUpAndDownWithinOne) {
    for (const Size& to : {Size{33, 57}, Size{1, 2}})
        check({to.width > 1 ? "shader=scale-bilinear out-caps=\"video/x-raw,width=33,height=57\""
                            : "shader=scale-bilinear out-caps=\"video/x-raw,width=1,height=2\"",
               [&](const Picture& in) { return reference_bilinear(in, to.width, to.height); },
               // 16 bits are more than the 24 bits of a float's product leave exact
               2, all_pictures()});
}

TEST_F(Formats, LanczosScalesWithinOneOf8And40Of16Bits) {
    const auto reference = [](const Picture& in) { return reference_lanczos(in, 40, 25); };
    const char* properties = "shader=scale-lanczos out-caps=\"video/x-raw,width=40,height=25\"";
    check({properties, reference, 1, of_bytes(true)});
    check({properties, reference, 40, {PixelFormat::rgba64, PixelFormat::p010}});
}

TEST_F(Formats, CopiesInTheDevicesMemoryMakeTheSame) {
    const std::vector<PixelFormat> some{PixelFormat::bgra, PixelFormat::i420, PixelFormat::rgb};
    check({"shader=gaussian device-memory=yes", reference_gaussian, 0, some});
    check({"shader=invert device-memory=yes in-flight=1", reference_invert, 0, some});
    check({"shader=gaussian passes=<invert,unsharp> device-memory=yes",
           [](const Picture& in) {
               return reference_unsharp(reference_invert(reference_gaussian(in)), 1);
           },
           0, some});
}

TEST_F(Formats, AShaderInTheMiddleMayChangeTheFormat) {
    for (const char* memory : {"no", "yes"}) {
        const std::string properties =
            std::string("shader=gaussian passes=<nv12-to-rgba,gaussian,sobel> device-memory=") +
            memory;
        check({properties.c_str(),
               [](const Picture& in) {
                   return reference_sobel(
                       reference_gaussian(reference_nv12_to_rgba(reference_gaussian(in))));
               },
               0,
               {PixelFormat::nv12}});
    }
}

// --- where the pixels lie

// The picture at other strides and offsets, in one memory, described by a video meta.
GstBuffer* placed_buffer(const Picture& picture, std::uint32_t more_stride, std::uint32_t begin) {
    std::vector<FrameLayout::Place> places;
    std::uint64_t end = begin;
    for (std::uint32_t i = 0; i < picture.layout.plane_count; ++i) {
        const PlaneLayout& plane = picture.layout.planes[i];
        places.push_back({end, plane.stride_bytes + more_stride});
        end += std::uint64_t{places.back().stride_bytes} * plane.height + begin;
    }
    const FrameLayout to = picture.layout.placed(places, end).value();
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, end, nullptr);
    gst_buffer_memset(buffer, 0, 0xee, end);
    GstMapInfo map;
    gst_buffer_map(buffer, &map, GST_MAP_READWRITE);
    copy_frame(picture.layout, picture.bytes.data(), to, map.data);
    gst_buffer_unmap(buffer, &map);
    gsize offsets[GST_VIDEO_MAX_PLANES] = {};
    gint strides[GST_VIDEO_MAX_PLANES] = {};
    for (std::uint32_t i = 0; i < to.plane_count; ++i) {
        offsets[i] = to.planes[i].offset_bytes;
        strides[i] = static_cast<gint>(to.planes[i].stride_bytes);
    }
    gst_buffer_add_video_meta_full(
        buffer, GST_VIDEO_FRAME_FLAG_NONE,
        gst_video_format_from_string(std::string(info_of(picture.layout.format).name).c_str()),
        picture.layout.width, picture.layout.height, picture.layout.plane_count, offsets, strides);
    return buffer;
}

TEST_F(Formats, StridesAndOffsetsOfTheVideoMetaCount) {
    ComputeHarness harness("shader=gaussian");
    for (const PixelFormat format : of_bytes(true))
        for (const std::uint32_t more : {0U, 4U, 60U, 1U, 7U}) {
            Picture in(format, 37, 11);
            in.fill(more + 1);
            harness.set_caps(video_caps(format, 37, 11));
            ASSERT_EQ(harness.push(placed_buffer(in, more, more * 3)), GST_FLOW_OK);
            GstBuffer* buffer = harness.pull();
            ASSERT_NE(buffer, nullptr);
            expect_same(picture_of(buffer, format, 37, 11), reference_gaussian(in), 0,
                        std::string(info_of(format).name) + " +" + std::to_string(more));
        }
}

// What a crop leaves, as a picture of its own.
Picture part_of(const Picture& whole, std::uint32_t x, std::uint32_t y, Size size) {
    const FrameLayout part = whole.layout.cropped(x, y, size.width, size.height).value();
    Picture result(whole.layout.format, size.width, size.height);
    copy_frame(part, whole.bytes.data(), result.layout, result.bytes.data());
    return result;
}

TEST_F(Formats, ACropIsTheFrameThatTheShaderSees) {
    ComputeHarness harness("shader=gaussian");
    for (const PixelFormat format : of_bytes(true))
        for (const std::uint32_t x : {0U, 4U, 3U}) {
            Picture in(format, 40, 20);
            in.fill(x + 5);
            harness.set_caps(video_caps(format, 40, 20));
            GstBuffer* buffer = buffer_of(in);
            GstVideoCropMeta* crop = gst_buffer_add_video_crop_meta(buffer);
            crop->x = x;
            crop->y = 2;
            crop->width = 21;
            crop->height = 9;
            ASSERT_EQ(harness.push(buffer), GST_FLOW_OK) << harness.complaint();
            GstBuffer* out = harness.pull();
            ASSERT_NE(out, nullptr);
            EXPECT_EQ(gst_buffer_get_video_crop_meta(out), nullptr);
            expect_same(picture_of(out, format, 21, 9),
                        reference_gaussian(part_of(in, x, 2, {21, 9})), 0,
                        std::string(info_of(format).name) + " from " + std::to_string(x));
        }
}

// videocrop tells its part so where the next element takes crops.
TEST_F(Formats, ACropOfAFrameThatIsLargerThanItsCapsIsTheFrameThatTheShaderSees) {
    ComputeHarness harness("shader=invert");
    Picture in(PixelFormat::nv12, 40, 20);
    in.fill(8);
    harness.set_caps(video_caps(PixelFormat::nv12, 21, 9));
    GstBuffer* buffer = placed_buffer(in, 4, 0);
    GstVideoCropMeta* crop = gst_buffer_add_video_crop_meta(buffer);
    crop->x = 18;
    crop->y = 10;
    crop->width = 21;
    crop->height = 9;
    ASSERT_EQ(harness.push(buffer), GST_FLOW_OK) << harness.complaint();
    GstBuffer* out = harness.pull();
    ASSERT_NE(out, nullptr);
    expect_same(picture_of(out, PixelFormat::nv12, 21, 9),
                reference_invert(part_of(in, 18, 10, {21, 9})), 0, "part");
}

TEST_F(Formats, ACropOutsideOfTheFrameIsAnErrorThatNamesIt) {
    ComputeHarness harness("shader=invert");
    Picture in(PixelFormat::rgba, 40, 20);
    harness.set_caps(video_caps(PixelFormat::rgba, 40, 20));
    GstBuffer* buffer = buffer_of(in);
    GstVideoCropMeta* crop = gst_buffer_add_video_crop_meta(buffer);
    crop->x = 30;
    crop->y = 0;
    crop->width = 11;
    crop->height = 20;
    EXPECT_EQ(harness.push(buffer), GST_FLOW_ERROR);
    EXPECT_NE(harness.complaint().find("11x20 at 30,0"), std::string::npos);
}

TEST_F(Formats, ABufferThatIsTooSmallIsAnErrorThatSaysWhatItShouldHold) {
    ComputeHarness harness("shader=invert");
    harness.set_caps(video_caps(PixelFormat::i420, 40, 20));
    EXPECT_EQ(harness.push(gst_buffer_new_allocate(nullptr, 1199, nullptr)), GST_FLOW_ERROR);
    const std::string text = harness.complaint();
    EXPECT_NE(text.find("1199 bytes does not hold a frame of 40x20 I420"), std::string::npos)
        << text;
}

TEST_F(Formats, FramesInSeveralMemoriesAreReadWhole) {
    constexpr auto kDeep =
        static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_MEMORY | GST_BUFFER_COPY_DEEP);
    ComputeHarness harness("shader=invert");
    Picture in(PixelFormat::nv12, 32, 16);
    in.fill(3);
    harness.set_caps(video_caps(PixelFormat::nv12, 32, 16));
    GstBuffer* whole = buffer_of(in);
    GstBuffer* split =
        gst_buffer_append(gst_buffer_copy_region(whole, GST_BUFFER_COPY_ALL, 0, 512),
                          gst_buffer_copy_region(whole, kDeep, 512, static_cast<gsize>(-1)));
    gst_buffer_unref(whole);
    ASSERT_EQ(gst_buffer_n_memory(split), 2U);
    ASSERT_EQ(harness.push(split), GST_FLOW_OK);
    GstBuffer* out = harness.pull();
    ASSERT_NE(out, nullptr);
    expect_same(picture_of(out, PixelFormat::nv12, 32, 16), reference_invert(in), 0,
                "two memories");
    EXPECT_EQ(harness.stat_text("memory-path"), "staged");
    EXPECT_EQ(harness.stat_text("memory-reason"), "the frame is in 2 memories");
}

} // namespace
