// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/frame_layout.h"

#include <gtest/gtest.h>
#include <numeric>
#include <string>
#include <vector>

namespace tactus {

namespace {

constexpr unsigned kPictures = static_cast<unsigned>(PixelFormat::bytes);

FrameLayout layout(PixelFormat format, std::uint32_t width, std::uint32_t height) {
    return FrameLayout::create(format, width, height).value();
}

// What gst_video_info_set_format answers on GStreamer 1.22.
TEST(FrameLayout, HasTheStridesAndOffsetsOfGStreamer) {
    const FrameLayout i420 = layout(PixelFormat::i420, 1921, 1081);
    EXPECT_EQ(i420.planes[0].stride_bytes, 1924U);
    EXPECT_EQ(i420.planes[1].stride_bytes, 964U);
    EXPECT_EQ(i420.planes[1].offset_bytes, 1924U * 1082);
    EXPECT_EQ(i420.planes[2].offset_bytes, 1924U * 1082 + 964U * 541);
    EXPECT_EQ(i420.size_bytes, 1924U * 1082 + 2 * 964U * 541);
    const FrameLayout rgb = layout(PixelFormat::rgb, 5, 3);
    EXPECT_EQ(rgb.planes[0].stride_bytes, 16U);
    EXPECT_EQ(rgb.size_bytes, 48U);
    EXPECT_EQ(layout(PixelFormat::i420, 1920, 1080).size_bytes, 3110400U) << "759.4 pages";
}

TEST(FrameLayout, RoundsOddSidesUpInSmallPlanes) {
    const FrameLayout nv12 = layout(PixelFormat::nv12, 5, 3);
    EXPECT_EQ(nv12.planes[1].width, 3U);
    EXPECT_EQ(nv12.planes[1].height, 2U);
    EXPECT_EQ(nv12.planes[1].pixel_stride_bytes, 2U);
    const FrameLayout y42b = layout(PixelFormat::y42b, 5, 3);
    EXPECT_EQ(y42b.planes[1].width, 3U);
    EXPECT_EQ(y42b.planes[1].height, 3U);
    const FrameLayout p010 = layout(PixelFormat::p010, 5, 3);
    EXPECT_EQ(p010.planes[1].pixel_stride_bytes, 4U);
    EXPECT_EQ(p010.planes[1].component_bytes, 2U);
}

TEST(FrameLayout, KeepsPlanesApartAndWithinTheFrameForEachFormatAndSize) {
    for (unsigned f = 0; f < kPictures; ++f)
        for (std::uint32_t width = 1; width < 20; ++width)
            for (std::uint32_t height = 1; height < 6; ++height) {
                const FrameLayout frame = layout(static_cast<PixelFormat>(f), width, height);
                std::uint64_t end = 0;
                for (std::uint32_t i = 0; i < frame.plane_count; ++i) {
                    EXPECT_GE(frame.planes[i].offset_bytes, end);
                    end = frame.planes[i].end_bytes();
                }
                EXPECT_LE(end, frame.size_bytes);
                EXPECT_TRUE(frame.is_aligned());
            }
}

TEST(FrameLayout, RefusesSidesThatMakeNoSense) {
    EXPECT_FALSE(FrameLayout::create(PixelFormat::rgba, 0, 1));
    EXPECT_FALSE(FrameLayout::create(PixelFormat::rgba, 1, 0));
    EXPECT_FALSE(FrameLayout::create(PixelFormat::rgba, 40000, 1));
    EXPECT_FALSE(FrameLayout::create(PixelFormat::f32, 2, 2));
}

TEST(FrameLayout, FindsFormatsByTheirNames) {
    EXPECT_EQ(pixel_format_named("NV12"), PixelFormat::nv12);
    EXPECT_EQ(pixel_format_named("GRAY16_LE"), PixelFormat::gray16);
    EXPECT_FALSE(pixel_format_named("bytes"));
    EXPECT_FALSE(pixel_format_named("YUY2"));
    for (unsigned f = 0; f < kPictures; ++f)
        EXPECT_EQ(pixel_format_named(info_of(static_cast<PixelFormat>(f)).name),
                  static_cast<PixelFormat>(f));
}

TEST(FrameLayout, TakesOtherPlacesOnlyIfThePlanesFit) {
    const FrameLayout frame = layout(PixelFormat::nv12, 6, 4);
    const std::vector<FrameLayout::Place> places{{64, 32}, {1024, 16}};
    const auto placed = frame.placed(places, 2048);
    ASSERT_TRUE(placed);
    EXPECT_EQ(placed->planes[1].offset_bytes, 1024U);
    EXPECT_EQ(placed->planes[0].stride_bytes, 32U);
    EXPECT_FALSE(frame.placed(places, 1024 + 16 + 5)) << "a byte is missing";
    EXPECT_TRUE(frame.placed(places, 1024 + 16 + 6));
    EXPECT_FALSE(frame.placed(std::vector<FrameLayout::Place>{{0, 5}, {64, 16}}, 2048))
        << "rows overlap";
    EXPECT_FALSE(frame.placed(std::vector<FrameLayout::Place>{{0, 8}}, 2048)) << "one plane";
}

TEST(FrameLayout, CropsEachPlane) {
    const auto part = layout(PixelFormat::i420, 16, 8).cropped(4, 2, 7, 5);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->planes[0].offset_bytes, 2U * 16 + 4);
    EXPECT_EQ(part->planes[1].offset_bytes, 16U * 8 + 1 * 8 + 2);
    EXPECT_EQ(part->planes[1].width, 4U);
    EXPECT_EQ(part->planes[1].height, 3U);
}

TEST(FrameLayout, CropsNothingThatIsNotThere) {
    const FrameLayout frame = layout(PixelFormat::rgba, 16, 8);
    EXPECT_FALSE(frame.cropped(0, 0, 0, 1));
    EXPECT_FALSE(frame.cropped(10, 0, 7, 1));
    EXPECT_FALSE(frame.cropped(UINT32_MAX, 0, 2, 1));
    EXPECT_FALSE(frame.cropped(1, 8, 1, 1));
    EXPECT_TRUE(frame.cropped(15, 7, 1, 1));
}

TEST(FrameLayout, CropsOfOddStartsStayInsideTheirPlanes) {
    const FrameLayout frame = layout(PixelFormat::nv12, 9, 7);
    for (std::uint32_t x = 0; x < 9; ++x)
        for (std::uint32_t y = 0; y < 7; ++y) {
            const FrameLayout part = frame.cropped(x, y, 9 - x, 7 - y).value();
            for (std::uint32_t i = 0; i < part.plane_count; ++i)
                EXPECT_LE(part.planes[i].end_bytes(), frame.planes[i].end_bytes()) << x << "," << y;
        }
}

TEST(FrameLayout, TellsWhetherWordsCanBeRead) {
    const FrameLayout frame = layout(PixelFormat::gray8, 8, 4);
    EXPECT_TRUE(frame.cropped(4, 1, 4, 2)->is_aligned());
    EXPECT_FALSE(frame.cropped(3, 1, 4, 2)->is_aligned());
    EXPECT_FALSE(frame.placed(std::vector<FrameLayout::Place>{{0, 9}}, 100)->is_aligned());
}

TEST(FrameLayout, LaysOutAudio) {
    const FrameLayout interleaved = FrameLayout::audio(PixelFormat::s16, 100, 2, true);
    EXPECT_EQ(interleaved.size_bytes, 400U);
    EXPECT_EQ(interleaved.planes[0].pixel_stride_bytes, 4U);
    EXPECT_EQ(interleaved.planes[0].stride_bytes, 2U);
    EXPECT_EQ(interleaved.planes[0].end_bytes(), 400U);
    const FrameLayout planar = FrameLayout::audio(PixelFormat::f32, 100, 2, false);
    EXPECT_EQ(planar.size_bytes, 800U);
    EXPECT_EQ(planar.planes[0].end_bytes(), 800U);
}

TEST(CopyFrame, CopiesThePixelsOfEachPlane) {
    for (unsigned f = 0; f < kPictures; ++f) {
        const FrameLayout from = layout(static_cast<PixelFormat>(f), 13, 7);
        const FrameLayout to = FrameLayout::create(from.format, 13, 7, 64).value();
        std::vector<std::uint8_t> source(from.size_bytes);
        std::iota(source.begin(), source.end(), std::uint8_t{1});
        std::vector<std::uint8_t> there(to.size_bytes);
        std::vector<std::uint8_t> back(from.size_bytes);
        copy_frame(from, source.data(), to, there.data());
        copy_frame(to, there.data(), from, back.data());
        for (std::uint32_t i = 0; i < from.plane_count; ++i) {
            const PlaneLayout& plane = from.planes[i];
            for (std::uint32_t y = 0; y < plane.height; ++y)
                for (std::uint64_t x = 0; x < plane.row_bytes(); ++x) {
                    const std::uint64_t at = plane.offset_bytes + y * plane.stride_bytes + x;
                    ASSERT_EQ(back[at], source[at]) << info_of(from.format).name;
                }
        }
    }
}

} // namespace

} // namespace tactus
