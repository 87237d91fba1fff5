// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the shaders of vkcompute's library are to make, worked out on the CPU, one component at a
// time.
#pragma once

#include "core/vulkan/frame_layout.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tactus {

/// A frame with its bytes.
struct Picture {
    FrameLayout layout;
    std::vector<std::uint8_t> bytes;

    Picture(PixelFormat format, std::uint32_t width, std::uint32_t height);

    /// Beyond an edge it is the component at the edge.
    std::uint32_t at(std::uint32_t plane, std::int64_t x, std::int64_t y, std::uint32_t c) const;
    void set(std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c,
             std::uint32_t value);
    /// Different bytes everywhere, the same for the same seed; P010 has its low bits at zero.
    void fill(std::uint32_t seed);
};

/// The largest difference of two components, and where it is; formats and sizes must be the same.
struct Difference {
    std::uint32_t largest = 0;
    std::string where;
};
Difference difference(const Picture& a, const Picture& b);

Picture reference_invert(const Picture& in);
Picture reference_gaussian(const Picture& in);
Picture reference_sobel(const Picture& in);
Picture reference_unsharp(const Picture& in, double amount);
/// What red and blue weigh in the luma, and whether all values of a byte are in use.
struct Nv12Colors {
    double kr = 0.299;
    double kb = 0.114;
    bool full_range = false;
};
Picture reference_nv12_in_colors(const Picture& in, const Nv12Colors& colors);
inline Picture reference_nv12_to_rgba(const Picture& in) {
    return reference_nv12_in_colors(in, {});
}
Picture reference_bilinear(const Picture& in, std::uint32_t width, std::uint32_t height);
Picture reference_lanczos(const Picture& in, std::uint32_t width, std::uint32_t height);

/// The sum of the differences of all components of plane 0, and how many differ by more.
struct Motion {
    std::uint64_t difference = 0;
    std::uint64_t moved = 0;
};
Motion reference_motion(const Picture& before, const Picture& now, std::uint32_t threshold);
/// One count for each component and value.
std::vector<std::vector<std::uint64_t>> reference_histogram(const Picture& in);

} // namespace tactus
