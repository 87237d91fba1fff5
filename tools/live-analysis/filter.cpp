// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "filter.h"

#include <algorithm>
#include <cstdlib>

namespace tactus::live {

namespace {

struct ThreeRows {
    const std::uint8_t* above;
    const std::uint8_t* here;
    const std::uint8_t* below;
};

// The two outermost columns are left as they are: a border of one pixel decides nothing here, and
// a loop without special cases is one that the compiler turns into vector code.
void blur_row(const ThreeRows& in, std::size_t width, std::uint8_t* __restrict out) {
    out[0] = in.here[0];
    for (std::size_t x = 1; x + 1 < width; ++x) {
        const unsigned left = in.above[x - 1] + 2U * in.here[x - 1] + in.below[x - 1];
        const unsigned middle = in.above[x] + 2U * in.here[x] + in.below[x];
        const unsigned right = in.above[x + 1] + 2U * in.here[x + 1] + in.below[x + 1];
        out[x] = static_cast<std::uint8_t>((left + 2 * middle + right + 8) / 16);
    }
    out[width - 1] = in.here[width - 1];
}

std::uint32_t sobel_row(const ThreeRows& in, std::size_t width) {
    std::uint32_t sum = 0;
    for (std::size_t x = 1; x + 1 < width; ++x) {
        const int across = (in.above[x + 1] + 2 * in.here[x + 1] + in.below[x + 1]) -
                           (in.above[x - 1] + 2 * in.here[x - 1] + in.below[x - 1]);
        const int down = (in.below[x - 1] + 2 * in.below[x] + in.below[x + 1]) -
                         (in.above[x - 1] + 2 * in.above[x] + in.above[x + 1]);
        sum += static_cast<std::uint32_t>(std::abs(across) + std::abs(down));
    }
    return sum;
}

} // namespace

Finding EdgeMotionFilter::analyse(const LumaView& luma, std::uint64_t scale_rows) {
    if (luma.width < 2 || luma.height == 0)
        return {};
    resize(luma);
    Finding finding;
    const auto pixels = static_cast<double>(width_ * height_);
    finding.motion_energy = static_cast<double>(compare_with_last(luma)) / pixels;

    std::uint64_t edges = 0;
    for (std::uint64_t left = scale_rows; left > 0;) {
        const std::size_t rows = std::min<std::uint64_t>(left, height_);
        edges += blur_pass(rows);
        left -= rows;
    }
    const auto searched = static_cast<double>(scale_rows * width_);
    finding.edge_energy = scale_rows > 0 ? static_cast<double>(edges) / searched : 0;
    return finding;
}

void EdgeMotionFilter::resize(const LumaView& luma) {
    if (luma.width == width_ && luma.height == height_)
        return;
    width_ = luma.width;
    height_ = luma.height;
    for (auto* plane : {&last_, &source_, &blurred_})
        plane->assign(width_ * height_, 0);
}

std::uint64_t EdgeMotionFilter::compare_with_last(const LumaView& luma) {
    std::uint64_t energy = 0;
    for (std::size_t y = 0; y < height_; ++y) {
        const std::uint8_t* now = luma.pixels + y * luma.stride_bytes;
        std::uint8_t* before = last_.data() + y * width_;
        std::uint32_t row_energy = 0;
        for (std::size_t x = 0; x < width_; ++x) {
            const int difference = now[x] - before[x];
            row_energy += static_cast<std::uint32_t>(difference * difference);
        }
        energy += row_energy;
        std::copy_n(now, width_, before);
        std::copy_n(now, width_, source_.data() + y * width_);
    }
    return energy;
}

std::uint64_t EdgeMotionFilter::blur_pass(std::size_t rows) {
    std::uint64_t edges = 0;
    for (std::size_t y = 0; y < rows; ++y) {
        const std::uint8_t* here = source_.data() + y * width_;
        const ThreeRows in{y > 0 ? here - width_ : here, here,
                           y + 1 < height_ ? here + width_ : here};
        blur_row(in, width_, blurred_.data() + y * width_);
        edges += sobel_row(in, width_);
    }
    std::swap(source_, blurred_);
    return edges;
}

} // namespace tactus::live
