// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/color_map.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace tactus {

namespace {

// Every eighth colour of the maps as matplotlib publishes them (CC0), 0xRRGGBB. In a straight line
// between two, no part of a colour is more than 2 of 255 off.
constexpr std::uint32_t kViridis[] = {
    0x440154, 0x470d60, 0x48186a, 0x482374, 0x472d7b, 0x453681, 0x424086, 0x3f4989, 0x3b528b,
    0x375a8d, 0x33638d, 0x2f6a8e, 0x2c728e, 0x297a8e, 0x26818e, 0x23898e, 0x21908c, 0x1f988b,
    0x1f9f88, 0x21a685, 0x28ae80, 0x31b57b, 0x3ebc74, 0x4cc26c, 0x5dc963, 0x6ece58, 0x82d34c,
    0x96d83f, 0xabdc32, 0xc0df24, 0xd5e21a, 0xeae51a, 0xfde725,
};
constexpr std::uint32_t kMagma[] = {
    0x000004, 0x030311, 0x0a0822, 0x130d33, 0x1d1146, 0x28115a, 0x36106a, 0x430f76, 0x50127c,
    0x5d177f, 0x691c81, 0x762181, 0x822681, 0x8f2a81, 0x9c2e7f, 0xa9327d, 0xb63779, 0xc33b75,
    0xcf4170, 0xdb486a, 0xe65163, 0xee5c5e, 0xf5695c, 0xf9785d, 0xfb8761, 0xfd9668, 0xfea571,
    0xfeb47b, 0xfec387, 0xfed194, 0xfde0a2, 0xfceeb0, 0xfcfdbf,
};
constexpr std::uint32_t kGrey[] = {0x000000, 0xffffff};

std::span<const std::uint32_t> points_of(ColorMap map) {
    switch (map) {
    case ColorMap::viridis:
        return kViridis;
    case ColorMap::magma:
        return kMagma;
    case ColorMap::grey:
        break;
    }
    return kGrey;
}

std::uint8_t between(std::uint32_t a, std::uint32_t b, unsigned shift, double share) {
    const auto from = static_cast<double>(a >> shift & 0xffU);
    const auto to = static_cast<double>(b >> shift & 0xffU);
    return static_cast<std::uint8_t>(std::lround(from + (to - from) * share));
}

} // namespace

std::array<Rgb, kColors> color_table(ColorMap map) {
    const std::span<const std::uint32_t> points = points_of(map);
    std::array<Rgb, kColors> table{};
    for (std::size_t i = 0; i < kColors; ++i) {
        const double place = static_cast<double>(i * (points.size() - 1)) / (kColors - 1);
        const auto before = std::min(static_cast<std::size_t>(place), points.size() - 2);
        const double share = place - static_cast<double>(before);
        const std::uint32_t a = points[before];
        const std::uint32_t b = points[before + 1];
        table[i] = {between(a, b, 16, share), between(a, b, 8, share), between(a, b, 0, share)};
    }
    return table;
}

std::uint8_t luma_of(Rgb color) {
    return static_cast<std::uint8_t>((299 * color.r + 587 * color.g + 114 * color.b + 500) / 1000);
}

} // namespace tactus
