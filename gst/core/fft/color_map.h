// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// Colours for a value. viridis and magma (van der Walt and Smith 2015) look evenly spaced to the
/// eye, also to one that sees no red or green, and in a print without colours.
enum class ColorMap : std::uint8_t { viridis, magma, grey };

struct Rgb {
    std::uint8_t r = 0;
    std::uint8_t g = 0;
    std::uint8_t b = 0;

    bool operator==(const Rgb&) const = default;
};

inline constexpr std::size_t kColors = 256;

/// From the least value to the largest.
std::array<Rgb, kColors> color_table(ColorMap map);

/// How bright a colour is (ITU-R BT.601).
std::uint8_t luma_of(Rgb color);

} // namespace tactus
