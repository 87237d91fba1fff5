// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/canvas.h"

#include <algorithm>
#include <array>

namespace tactus {

namespace {

constexpr int kGlyphWidth = 5;
constexpr int kGlyphHeight = 7;

struct Glyph {
    char character;
    std::array<std::uint8_t, kGlyphHeight> rows; ///< from above; bit 4 is the leftmost point
};

constexpr Glyph kGlyphs[] = {
    {'0', {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110}},
    {'1', {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110}},
    {'2', {0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111}},
    {'3', {0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110}},
    {'4', {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010}},
    {'5', {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110}},
    {'6', {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110}},
    {'7', {0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000}},
    {'8', {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110}},
    {'9', {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100}},
    {'.', {0b00000, 0b00000, 0b00000, 0b00000, 0b00000, 0b01100, 0b01100}},
    {':', {0b00000, 0b01100, 0b01100, 0b00000, 0b01100, 0b01100, 0b00000}},
    {'-', {0b00000, 0b00000, 0b00000, 0b11111, 0b00000, 0b00000, 0b00000}},
    {'+', {0b00000, 0b00100, 0b00100, 0b11111, 0b00100, 0b00100, 0b00000}},
    {'k', {0b10000, 0b10000, 0b10010, 0b10100, 0b11000, 0b10100, 0b10010}},
    {'H', {0b10001, 0b10001, 0b10001, 0b11111, 0b10001, 0b10001, 0b10001}},
    {'z', {0b00000, 0b00000, 0b11111, 0b00010, 0b00100, 0b01000, 0b11111}},
    {'d', {0b00001, 0b00001, 0b01101, 0b10011, 0b10001, 0b10011, 0b01101}},
    {'B', {0b11110, 0b10001, 0b10001, 0b11110, 0b10001, 0b10001, 0b11110}},
    {'m', {0b00000, 0b00000, 0b11010, 0b10101, 0b10101, 0b10101, 0b10101}},
    {'s', {0b00000, 0b00000, 0b01111, 0b10000, 0b01110, 0b00001, 0b11110}},
};

const Glyph* glyph_of(char character) {
    const auto* const found =
        std::find_if(std::begin(kGlyphs), std::end(kGlyphs),
                     [&](const Glyph& glyph) { return glyph.character == character; });
    return found != std::end(kGlyphs) ? found : nullptr;
}

} // namespace

void put_pixel(PixelFormat format, Rgb color, std::uint8_t* at) {
    if (format == PixelFormat::grey) {
        *at = luma_of(color);
        return;
    }
    at[0] = format == PixelFormat::rgba ? color.r : color.b;
    at[1] = color.g;
    at[2] = format == PixelFormat::rgba ? color.b : color.r;
    at[3] = 255;
}

void Canvas::fill(int x, int y, int width, int height, Rgb color) const {
    const int right = std::min(x + width, width_);
    const int bottom = std::min(y + height, height_);
    const std::size_t bytes = pixel_bytes(format_);
    for (int row_y = std::max(y, 0); row_y < bottom; ++row_y)
        for (int pixel_x = std::max(x, 0); pixel_x < right; ++pixel_x)
            put_pixel(format_, color, row(row_y) + static_cast<std::size_t>(pixel_x) * bytes);
}

void Canvas::text(int x, int y, std::string_view text, int scale, Rgb color) const {
    for (const char character : text) {
        const Glyph* const glyph = glyph_of(character);
        for (int row_y = 0; glyph != nullptr && row_y < kGlyphHeight; ++row_y)
            for (int point_x = 0; point_x < kGlyphWidth; ++point_x)
                if ((glyph->rows[static_cast<std::size_t>(row_y)] >>
                         static_cast<unsigned>(kGlyphWidth - 1 - point_x) &
                     1U) != 0)
                    fill(x + point_x * scale, y + row_y * scale, scale, scale, color);
        x += (kGlyphWidth + 1) * scale;
    }
}

int Canvas::text_width(std::string_view text, int scale) {
    return text.empty() ? 0 : (static_cast<int>(text.size()) * (kGlyphWidth + 1) - 1) * scale;
}

int Canvas::text_height(int scale) {
    return kGlyphHeight * scale;
}

} // namespace tactus
