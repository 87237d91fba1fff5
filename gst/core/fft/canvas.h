// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/color_map.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tactus {

/// How a pixel lies in memory: 4 bytes, of which the last is opaque, or one of brightness.
enum class PixelFormat : std::uint8_t { rgba, bgra, grey };

constexpr std::size_t pixel_bytes(PixelFormat format) {
    return format == PixelFormat::grey ? 1 : 4;
}
/// Writes one.
void put_pixel(PixelFormat format, Rgb color, std::uint8_t* at);

/// Pixels of somebody else's to draw on. What lies outside is left out.
///
/// Threads: one at a time.
class Canvas {
  public:
    Canvas(std::uint8_t* pixels, std::size_t stride_bytes, int width, int height,
           PixelFormat format)
        : pixels_(pixels), stride_bytes_(stride_bytes), width_(width), height_(height),
          format_(format) {}

    int width() const { return width_; }
    int height() const { return height_; }
    std::uint8_t* row(int y) const { return pixels_ + static_cast<std::size_t>(y) * stride_bytes_; }

    void fill(int x, int y, int width, int height, Rgb color) const;
    /// In the built-in font, which has digits, space, ".:-+" and the letters of kHz, dB and ms;
    /// each of its points is `scale` pixels wide. (x, y) is the upper left corner.
    void text(int x, int y, std::string_view text, int scale, Rgb color) const;
    static int text_width(std::string_view text, int scale);
    static int text_height(int scale);

  private:
    std::uint8_t* pixels_;
    std::size_t stride_bytes_;
    int width_;
    int height_;
    PixelFormat format_;
};

} // namespace tactus
