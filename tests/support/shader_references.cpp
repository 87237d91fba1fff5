// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "shader_references.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <random>

namespace tactus {

namespace {

bool is_rgb_with_alpha(PixelFormat format) {
    return format == PixelFormat::rgba || format == PixelFormat::bgra ||
           format == PixelFormat::rgbx || format == PixelFormat::bgrx;
}

// The fourth byte of RGBx is treated as alpha is.
bool is_alpha(PixelFormat format, std::uint32_t c) {
    if (format == PixelFormat::ayuv)
        return c == 0;
    return c == 3 && (is_rgb_with_alpha(format) || format == PixelFormat::rgba64);
}

using Rule = std::function<std::uint32_t(std::uint32_t plane, std::uint32_t x, std::uint32_t y,
                                         std::uint32_t c)>;

template <typename Visit>
void visit_each(const FrameLayout& layout, Visit visit) {
    for (std::uint32_t i = 0; i < layout.plane_count; ++i) {
        const PlaneLayout& plane = layout.planes[i];
        for (std::uint32_t y = 0; y < plane.height; ++y)
            for (std::uint32_t x = 0; x < plane.width; ++x)
                for (std::uint32_t c = 0; c < plane.components; ++c)
                    visit(i, x, y, c);
    }
}

void set_each(Picture& out, const Rule& rule) {
    visit_each(out.layout, [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y,
                               std::uint32_t c) { out.set(plane, x, y, c, rule(plane, x, y, c)); });
}

Picture made(const Picture& in, const Rule& rule) {
    Picture out(in.layout.format, in.layout.width, in.layout.height);
    set_each(out, rule);
    return out;
}

constexpr std::array<std::uint32_t, 5> kBinomial{1, 4, 6, 4, 1};

double lanczos(double x) {
    constexpr double kPi = 3.14159265358979;
    x = std::abs(x);
    if (x < 1e-4)
        return 1;
    return x >= 3 ? 0 : 3 * std::sin(kPi * x) * std::sin(kPi * x / 3) / (kPi * kPi * x * x);
}

struct Source {
    double x;
    double y;
};

Source source_of(const PlaneLayout& from, const PlaneLayout& to, std::uint32_t x, std::uint32_t y) {
    return {(x + 0.5) * from.width / to.width - 0.5, (y + 0.5) * from.height / to.height - 0.5};
}

} // namespace

Picture::Picture(PixelFormat format, std::uint32_t width, std::uint32_t height)
    : layout(FrameLayout::create(format, width, height).value()), bytes(layout.size_bytes) {}

std::uint32_t Picture::at(std::uint32_t plane, std::int64_t x, std::int64_t y,
                          std::uint32_t c) const {
    const PlaneLayout& p = layout.planes[plane];
    const auto column = static_cast<std::uint64_t>(std::clamp<std::int64_t>(x, 0, p.width - 1));
    const auto row = static_cast<std::uint64_t>(std::clamp<std::int64_t>(y, 0, p.height - 1));
    const std::uint64_t at = p.offset_bytes + row * p.stride_bytes + column * p.pixel_stride_bytes +
                             std::uint64_t{c} * p.component_bytes;
    return p.component_bytes == 2 ? bytes[at] | std::uint32_t{bytes[at + 1]} << 8 : bytes[at];
}

void Picture::set(std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c,
                  std::uint32_t value) {
    const PlaneLayout& p = layout.planes[plane];
    const std::uint64_t at = p.offset_bytes + std::uint64_t{y} * p.stride_bytes +
                             std::uint64_t{x} * p.pixel_stride_bytes +
                             std::uint64_t{c} * p.component_bytes;
    bytes[at] = static_cast<std::uint8_t>(value);
    if (p.component_bytes == 2)
        bytes[at + 1] = static_cast<std::uint8_t>(value >> 8);
}

void Picture::fill(std::uint32_t seed) {
    std::minstd_rand random(seed);
    const std::uint32_t mask = layout.format == PixelFormat::p010 ? 0xffc0 : 0xffff;
    set_each(*this, [&](std::uint32_t, std::uint32_t, std::uint32_t, std::uint32_t) {
        return static_cast<std::uint32_t>(random() >> 8) & mask;
    });
}

Difference difference(const Picture& a, const Picture& b) {
    Difference found;
    visit_each(a.layout,
               [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
                   const std::uint32_t left = a.at(plane, x, y, c);
                   const std::uint32_t right = b.at(plane, x, y, c);
                   const std::uint32_t apart = std::max(left, right) - std::min(left, right);
                   if (apart <= found.largest)
                       return;
                   found.largest = apart;
                   found.where = "plane " + std::to_string(plane) + ", " + std::to_string(x) + "," +
                                 std::to_string(y) + ", component " + std::to_string(c) + ": " +
                                 std::to_string(left) + " and " + std::to_string(right);
               });
    return found;
}

Picture reference_invert(const Picture& in) {
    const PixelFormat format = in.layout.format;
    const std::uint32_t most = format == PixelFormat::p010                ? 0xffc0
                               : in.layout.planes[0].component_bytes == 2 ? 0xffff
                                                                          : 0xff;
    return made(in, [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        const std::uint32_t value = in.at(plane, x, y, c);
        return is_alpha(format, c) ? value : most - value;
    });
}

Picture reference_gaussian(const Picture& in) {
    const auto blur = [](const Picture& from, int dx, int dy) {
        return made(
            from, [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
                std::uint32_t sum = 8;
                for (int i = -2; i <= 2; ++i)
                    sum += kBinomial[static_cast<std::size_t>(i + 2)] *
                           from.at(plane, std::int64_t{x} + i * dx, std::int64_t{y} + i * dy, c);
                return sum / 16;
            });
    };
    return blur(blur(in, 1, 0), 0, 1);
}

Picture reference_sobel(const Picture& in) {
    const PixelFormat format = in.layout.format;
    const bool is_rgb = is_rgb_with_alpha(format);
    const bool blue_first = format == PixelFormat::bgra || format == PixelFormat::bgrx;
    const auto light = [&](std::int64_t x, std::int64_t y) {
        if (!is_rgb)
            return static_cast<int>(in.at(0, x, y, format == PixelFormat::ayuv ? 1 : 0));
        const std::uint32_t red = in.at(0, x, y, blue_first ? 2 : 0);
        const std::uint32_t blue = in.at(0, x, y, blue_first ? 0 : 2);
        return static_cast<int>((77 * red + 150 * in.at(0, x, y, 1) + 29 * blue + 128) / 256);
    };
    return made(in, [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        if (plane > 0 || (format == PixelFormat::ayuv && c > 1))
            return 128U;
        if (is_alpha(format, c))
            return in.at(plane, x, y, c);
        const std::int64_t u = x;
        const std::int64_t v = y;
        const int gx = light(u + 1, v - 1) + 2 * light(u + 1, v) + light(u + 1, v + 1) -
                       light(u - 1, v - 1) - 2 * light(u - 1, v) - light(u - 1, v + 1);
        const int gy = light(u - 1, v + 1) + 2 * light(u, v + 1) + light(u + 1, v + 1) -
                       light(u - 1, v - 1) - 2 * light(u, v - 1) - light(u + 1, v - 1);
        return static_cast<std::uint32_t>(std::min(std::abs(gx) + std::abs(gy), 255));
    });
}

Picture reference_unsharp(const Picture& in, double amount) {
    const PixelFormat format = in.layout.format;
    return made(in, [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        const std::uint32_t centre = in.at(plane, x, y, c);
        if (plane > 0 || is_alpha(format, c))
            return centre;
        constexpr std::array<std::uint32_t, 3> kWeights{1, 2, 1};
        std::uint32_t sum = 0;
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx)
                sum += kWeights[static_cast<std::size_t>(dx + 1)] *
                       kWeights[static_cast<std::size_t>(dy + 1)] *
                       in.at(plane, std::int64_t{x} + dx, std::int64_t{y} + dy, c);
        const double sharp = centre + amount * (16.0 * centre - sum) / 16.0;
        return static_cast<std::uint32_t>(std::clamp(sharp + 0.5, 0.0, 255.0));
    });
}

Picture reference_nv12_in_colors(const Picture& in, const Nv12Colors& colors) {
    const auto whole = [](double value) { return static_cast<int>(std::lround(value)); };
    const double kg = 1 - colors.kr - colors.kb;
    const double color = colors.full_range ? 512.0 : 512.0 * 255 / 224;
    const int gain = whole(colors.full_range ? 256.0 : 256.0 * 255 / 219);
    const int black = colors.full_range ? 0 : 16;
    const int red = whole(color * (1 - colors.kr));
    const int blue = whole(color * (1 - colors.kb));
    const int green_v = whole(color * (1 - colors.kr) * colors.kr / kg);
    const int green_u = whole(color * (1 - colors.kb) * colors.kb / kg);
    Picture out(PixelFormat::rgba, in.layout.width, in.layout.height);
    set_each(out, [&](std::uint32_t, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        const int light = gain * (static_cast<int>(in.at(0, x, y, 0)) - black);
        const int u = static_cast<int>(in.at(1, x / 2, y / 2, 0)) - 128;
        const int v = static_cast<int>(in.at(1, x / 2, y / 2, 1)) - 128;
        const std::array<int, 3> rgb{light + red * v, light - green_u * u - green_v * v,
                                     light + blue * u};
        return c == 3 ? 255U : static_cast<std::uint32_t>(std::clamp((rgb[c] + 128) >> 8, 0, 255));
    });
    return out;
}

Picture reference_bilinear(const Picture& in, std::uint32_t width, std::uint32_t height) {
    Picture out(in.layout.format, width, height);
    set_each(out, [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        const Source s = source_of(in.layout.planes[plane], out.layout.planes[plane], x, y);
        const auto left = static_cast<std::int64_t>(std::floor(s.x));
        const auto top = static_cast<std::int64_t>(std::floor(s.y));
        const double dx = s.x - static_cast<double>(left);
        const double dy = s.y - static_cast<double>(top);
        const auto row = [&](std::int64_t v) {
            return in.at(plane, left, v, c) * (1 - dx) + in.at(plane, left + 1, v, c) * dx;
        };
        return static_cast<std::uint32_t>(row(top) * (1 - dy) + row(top + 1) * dy + 0.5);
    });
    return out;
}

Picture reference_lanczos(const Picture& in, std::uint32_t width, std::uint32_t height) {
    Picture out(in.layout.format, width, height);
    set_each(out, [&](std::uint32_t plane, std::uint32_t x, std::uint32_t y, std::uint32_t c) {
        const PlaneLayout& from = in.layout.planes[plane];
        const PlaneLayout& to = out.layout.planes[plane];
        const Source s = source_of(from, to, x, y);
        const double wide = std::clamp(static_cast<double>(from.width) / to.width, 1.0, 8.0);
        const double tall = std::clamp(static_cast<double>(from.height) / to.height, 1.0, 8.0);
        double sum = 0;
        double weights = 0;
        for (double v = std::ceil(s.y - 3 * tall); v <= s.y + 3 * tall; ++v)
            for (double u = std::ceil(s.x - 3 * wide); u <= s.x + 3 * wide; ++u) {
                const double weight = lanczos((v - s.y) / tall) * lanczos((u - s.x) / wide);
                sum += weight *
                       in.at(plane, static_cast<std::int64_t>(u), static_cast<std::int64_t>(v), c);
                weights += weight;
            }
        const double most = to.component_bytes == 2 ? 65535 : 255;
        return static_cast<std::uint32_t>(std::clamp(sum / weights + 0.5, 0.0, most));
    });
    return out;
}

Motion reference_motion(const Picture& before, const Picture& now, std::uint32_t threshold) {
    Motion motion;
    const PlaneLayout& plane = now.layout.planes[0];
    for (std::uint32_t y = 0; y < plane.height; ++y)
        for (std::uint32_t x = 0; x < plane.width; ++x)
            for (std::uint32_t c = 0; c < plane.components; ++c) {
                const std::uint32_t a = before.at(0, x, y, c);
                const std::uint32_t b = now.at(0, x, y, c);
                const std::uint32_t apart = std::max(a, b) - std::min(a, b);
                motion.difference += apart;
                motion.moved += apart > threshold ? 1 : 0;
            }
    return motion;
}

std::vector<std::vector<std::uint64_t>> reference_histogram(const Picture& in) {
    const PlaneLayout& plane = in.layout.planes[0];
    std::vector<std::vector<std::uint64_t>> counts(4, std::vector<std::uint64_t>(256));
    for (std::uint32_t y = 0; y < plane.height; ++y)
        for (std::uint32_t x = 0; x < plane.width; ++x)
            for (std::uint32_t c = 0; c < plane.components; ++c)
                ++counts[c][in.at(0, x, y, c)];
    return counts;
}

} // namespace tactus
