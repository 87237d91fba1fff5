// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/frame_layout.h"

#include "core/vulkan/stream_copy.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace tactus {

namespace {

using Plane = PixelFormatInfo::Plane;

constexpr Plane kByte{1, 1, 0, 0};

constexpr std::array<PixelFormatInfo, 17> kFormats{{
    {PixelFormat::rgba, "RGBA", 1, {{{4, 1, 0, 0}}}},
    {PixelFormat::bgra, "BGRA", 1, {{{4, 1, 0, 0}}}},
    {PixelFormat::rgbx, "RGBx", 1, {{{4, 1, 0, 0}}}},
    {PixelFormat::bgrx, "BGRx", 1, {{{4, 1, 0, 0}}}},
    {PixelFormat::rgb, "RGB", 1, {{{3, 1, 0, 0}}}},
    {PixelFormat::gray8, "GRAY8", 1, {{kByte}}},
    {PixelFormat::gray16, "GRAY16_LE", 1, {{{1, 2, 0, 0}}}},
    {PixelFormat::nv12, "NV12", 2, {{kByte, {2, 1, 1, 1}}}},
    {PixelFormat::i420, "I420", 3, {{kByte, {1, 1, 1, 1}, {1, 1, 1, 1}}}},
    {PixelFormat::p010, "P010_10LE", 2, {{{1, 2, 0, 0}, {2, 2, 1, 1}}}},
    {PixelFormat::y42b, "Y42B", 3, {{kByte, {1, 1, 1, 0}, {1, 1, 1, 0}}}},
    {PixelFormat::y444, "Y444", 3, {{kByte, kByte, kByte}}},
    {PixelFormat::ayuv, "AYUV", 1, {{{4, 1, 0, 0}}}},
    {PixelFormat::rgba64, "RGBA64_LE", 1, {{{4, 2, 0, 0}}}},
    {PixelFormat::bytes, "bytes", 1, {{kByte}}},
    {PixelFormat::f32, "F32LE", 1, {{{1, 4, 0, 0}}}},
    {PixelFormat::s16, "S16LE", 1, {{{1, 2, 0, 0}}}},
}};

constexpr std::uint32_t shifted(std::uint32_t length, unsigned shift) {
    return (length + (1U << shift) - 1) >> shift;
}

constexpr std::uint32_t rounded_up(std::uint32_t value, std::uint32_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

PlaneLayout plane_of(const Plane& plane, std::uint32_t width, std::uint32_t height) {
    PlaneLayout result;
    result.width = shifted(width, plane.shift_x);
    result.height = shifted(height, plane.shift_y);
    result.components = plane.components;
    result.component_bytes = plane.component_bytes;
    result.pixel_stride_bytes = std::uint32_t{plane.components} * plane.component_bytes;
    return result;
}

} // namespace

const PixelFormatInfo& info_of(PixelFormat format) {
    return kFormats[static_cast<std::size_t>(format)];
}

bool is_format(unsigned value) {
    return value < kFormats.size();
}

bool is_picture(PixelFormat format) {
    return format < PixelFormat::bytes;
}

std::optional<PixelFormat> pixel_format_named(std::string_view name) {
    for (const PixelFormatInfo& info : kFormats)
        if (info.name == name && is_picture(info.format))
            return info.format;
    return std::nullopt;
}

std::optional<FrameLayout> FrameLayout::create(PixelFormat format, std::uint32_t width,
                                               std::uint32_t height,
                                               std::uint32_t stride_alignment) {
    assert(stride_alignment >= kWordBytes && (stride_alignment & (stride_alignment - 1)) == 0);
    if (width == 0 || height == 0 || width > kLargestSide || height > kLargestSide ||
        !is_picture(format))
        return std::nullopt;
    const PixelFormatInfo& info = info_of(format);
    FrameLayout frame;
    frame.format = format;
    frame.width = width;
    frame.height = height;
    frame.plane_count = info.plane_count;
    for (std::uint32_t i = 0; i < info.plane_count; ++i) {
        const Plane& plane = info.planes[i];
        PlaneLayout& layout = frame.planes[i];
        layout = plane_of(plane, width, height);
        // GStreamer rounds the rows of the whole frame up to what its thinnest plane needs.
        const unsigned shift_y = info.planes[info.plane_count - 1U].shift_y;
        const std::uint32_t rows = shifted(height, shift_y) << (shift_y - plane.shift_y);
        layout.stride_bytes =
            rounded_up(layout.width * layout.pixel_stride_bytes, stride_alignment);
        layout.offset_bytes = frame.size_bytes;
        frame.size_bytes += std::uint64_t{layout.stride_bytes} * rows;
    }
    return frame;
}

FrameLayout FrameLayout::raw(std::uint64_t bytes) {
    FrameLayout frame;
    frame.width = static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, UINT32_MAX));
    frame.height = 1;
    frame.plane_count = 1;
    frame.planes[0] = plane_of(kByte, frame.width, 1);
    frame.planes[0].stride_bytes = frame.width;
    frame.size_bytes = frame.width;
    return frame;
}

FrameLayout FrameLayout::audio(PixelFormat format, std::uint32_t samples, std::uint32_t channels,
                               bool interleaved) {
    assert(format == PixelFormat::f32 || format == PixelFormat::s16);
    FrameLayout frame;
    frame.format = format;
    frame.width = samples;
    frame.height = channels;
    frame.plane_count = 1;
    PlaneLayout& plane = frame.planes[0];
    plane = plane_of(info_of(format).planes[0], samples, channels);
    plane.stride_bytes = interleaved ? plane.component_bytes : samples * plane.component_bytes;
    if (interleaved)
        plane.pixel_stride_bytes = channels * plane.component_bytes;
    frame.size_bytes = interleaved ? std::uint64_t{samples} * plane.pixel_stride_bytes
                                   : std::uint64_t{channels} * plane.stride_bytes;
    return frame;
}

std::optional<FrameLayout> FrameLayout::placed(std::span<const Place> places,
                                               std::uint64_t memory_bytes) const {
    if (places.size() != plane_count)
        return std::nullopt;
    FrameLayout frame = *this;
    frame.size_bytes = memory_bytes;
    for (std::uint32_t i = 0; i < plane_count; ++i) {
        PlaneLayout& plane = frame.planes[i];
        plane.offset_bytes = places[i].offset_bytes;
        plane.stride_bytes = places[i].stride_bytes;
        if (plane.stride_bytes < plane.row_bytes() || plane.offset_bytes > memory_bytes ||
            plane.end_bytes() > memory_bytes)
            return std::nullopt;
    }
    return frame;
}

std::optional<FrameLayout> FrameLayout::cropped(std::uint32_t x, std::uint32_t y,
                                                std::uint32_t part_width,
                                                std::uint32_t part_height) const {
    if (part_width == 0 || part_height == 0 || x > width || y > height || part_width > width - x ||
        part_height > height - y)
        return std::nullopt;
    FrameLayout frame = *this;
    frame.width = part_width;
    frame.height = part_height;
    const PixelFormatInfo& info = info_of(format);
    for (std::uint32_t i = 0; i < plane_count; ++i) {
        const Plane& plane = info.planes[i];
        PlaneLayout& layout = frame.planes[i];
        layout.width = shifted(part_width, plane.shift_x);
        layout.height = shifted(part_height, plane.shift_y);
        layout.offset_bytes += std::uint64_t{y >> plane.shift_y} * layout.stride_bytes +
                               std::uint64_t{x >> plane.shift_x} * layout.pixel_stride_bytes;
    }
    return frame;
}

bool FrameLayout::is_aligned(std::uint32_t alignment) const {
    for (std::uint32_t i = 0; i < plane_count; ++i) {
        const bool has_rows = is_picture(format) && planes[i].height > 1;
        if (planes[i].offset_bytes % alignment != 0 ||
            (has_rows && planes[i].stride_bytes % alignment != 0))
            return false;
    }
    return true;
}

void copy_frame(const FrameLayout& from, const std::uint8_t* source, const FrameLayout& to,
                std::uint8_t* target) {
    assert(from.format == to.format && from.width == to.width && from.height == to.height);
    for (std::uint32_t i = 0; i < from.plane_count; ++i) {
        const PlaneLayout& in = from.planes[i];
        const PlaneLayout& out = to.planes[i];
        if (in.stride_bytes == out.stride_bytes) {
            stream_copy(target + out.offset_bytes, source + in.offset_bytes,
                        in.end_bytes() - in.offset_bytes);
            continue;
        }
        for (std::uint32_t y = 0; y < in.height; ++y)
            std::memcpy(target + out.offset_bytes + std::uint64_t{y} * out.stride_bytes,
                        source + in.offset_bytes + std::uint64_t{y} * in.stride_bytes,
                        in.row_bytes());
    }
}

} // namespace tactus
