// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tactus {

/// The pixel formats that shaders see. Components of more than a byte are little endian. The values
/// are those of the TACTUS_… constants in shaders/tactus/frame.glsl.
enum class PixelFormat : std::uint8_t {
    rgba,
    bgra,
    rgbx,
    bgrx,
    rgb,
    gray8,
    gray16,
    nv12,
    i420,
    p010,
    y42b,
    y444,
    ayuv,
    rgba64,
    bytes, ///< no picture: one plane of one row
    f32,   ///< samples of audio: columns are samples, rows are channels
    s16,
};

/// What is fixed about a format.
struct PixelFormatInfo {
    struct Plane {
        std::uint8_t components;      ///< per pixel of the plane
        std::uint8_t component_bytes; ///< of each component
        std::uint8_t shift_x;         ///< the plane has ceil(width / 2^shift_x) columns
        std::uint8_t shift_y;
    };
    PixelFormat format;
    std::string_view name; ///< as in GStreamer's caps
    std::uint8_t plane_count;
    std::array<Plane, 3> planes;
};

const PixelFormatInfo& info_of(PixelFormat format);
bool is_format(unsigned value);
bool is_picture(PixelFormat format);
/// By the name in GStreamer's caps ("NV12", "GRAY16_LE"); nothing for one that is not known.
std::optional<PixelFormat> pixel_format_named(std::string_view name);

/// Where one plane of a frame lies in its memory.
struct PlaneLayout {
    std::uint32_t width = 0; ///< in pixels of this plane
    std::uint32_t height = 0;
    std::uint32_t pixel_stride_bytes = 0;
    std::uint32_t components = 0;
    std::uint32_t component_bytes = 0;
    std::uint32_t stride_bytes = 0; ///< from row to row
    std::uint64_t offset_bytes = 0; ///< of the first pixel

    std::uint64_t row_bytes() const { return std::uint64_t{width} * pixel_stride_bytes; }
    /// Behind the last byte of the last row.
    std::uint64_t end_bytes() const {
        return width == 0 || height == 0 ? offset_bytes
                                         : offset_bytes + std::uint64_t{height - 1} * stride_bytes +
                                               std::uint64_t{width - 1} * pixel_stride_bytes +
                                               std::uint64_t{components} * component_bytes;
    }
};

/// Where the planes of a frame lie in one block of memory. A value; any thread.
struct FrameLayout {
    static constexpr std::uint32_t kLargestSide = 32768;
    /// What shaders rely on: rows may be read as words of 32 bits.
    static constexpr std::uint32_t kWordBytes = 4;

    struct Place {
        std::uint64_t offset_bytes = 0;
        std::uint32_t stride_bytes = 0;
    };

    PixelFormat format = PixelFormat::bytes;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint32_t plane_count = 0;
    std::array<PlaneLayout, 3> planes{};
    std::uint64_t size_bytes = 0;

    /// Rows padded to a multiple of `stride_alignment` bytes (a power of two, at least 4) and
    /// planes behind each other; with 4 it is GStreamer's own layout. Nothing if a side is 0 or
    /// larger than kLargestSide.
    static std::optional<FrameLayout> create(PixelFormat format, std::uint32_t width,
                                             std::uint32_t height,
                                             std::uint32_t stride_alignment = kWordBytes);
    /// `bytes` bytes that are no picture.
    static FrameLayout raw(std::uint64_t bytes);
    /// Samples of f32 or s16. Interleaved: rows are apart by a sample, columns by a frame of all
    /// channels; planar: the channels lie behind each other.
    static FrameLayout audio(PixelFormat format, std::uint32_t samples, std::uint32_t channels,
                             bool interleaved);

    /// The same frame at other places. Nothing if a plane would not lie within `size_bytes`, or a
    /// stride is shorter than its row.
    std::optional<FrameLayout> placed(std::span<const Place> places,
                                      std::uint64_t memory_bytes) const;
    /// A part of the frame. In planes with fewer columns or rows, odd starts are rounded down.
    /// Nothing if the part is empty or not inside the frame.
    std::optional<FrameLayout> cropped(std::uint32_t x, std::uint32_t y, std::uint32_t part_width,
                                       std::uint32_t part_height) const;

    /// Whether all offsets, and the strides of pictures, are multiples of `alignment` bytes.
    bool is_aligned(std::uint32_t alignment = kWordBytes) const;
};

/// Copies the pixels of a frame into another layout of the same format and size. Bytes between the
/// rows of the target may be written too.
void copy_frame(const FrameLayout& from, const std::uint8_t* source, const FrameLayout& to,
                std::uint8_t* target);

} // namespace tactus
