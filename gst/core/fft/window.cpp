// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/window.h"

#include "core/fft/number_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

namespace tactus {

namespace {

constexpr std::array<const char*, kWindowKinds> kNames = {
    "rectangular", "hann",     "hamming",   "blackman", "blackman-harris",
    "kaiser",      "flat-top", "sqrt-hann", "custom",
};

constexpr std::array kHann = {0.5, 0.5};
constexpr std::array kHamming = {0.54, 0.46};
constexpr std::array kBlackman = {0.42, 0.5, 0.08};
constexpr std::array kBlackmanHarris = {0.35875, 0.48829, 0.14128, 0.01168};
constexpr std::array kFlatTop = {0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368};

/// The modified Bessel function of the first kind of order 0, by its power series.
double bessel_i0(double x) {
    const double quarter = x * x / 4;
    double term = 1;
    double sum = 1;
    for (int k = 1; term > sum * 1e-17; ++k) {
        term *= quarter / (static_cast<double>(k) * k);
        sum += term;
    }
    return sum;
}

std::vector<double> kaiser(double beta, std::size_t length, std::size_t period) {
    if (!(beta >= 0 && beta <= WindowShape::kLargestBeta))
        throw std::invalid_argument("kaiser-beta is " + number_text(beta) +
                                    ": it must be 0 to 500");
    std::vector<double> window(length);
    const double norm = bessel_i0(beta);
    const double half = static_cast<double>(period) / 2;
    for (std::size_t n = 0; n < length; ++n) {
        const double at = (static_cast<double>(n) - half) / half;
        window[n] = bessel_i0(beta * std::sqrt(std::max(0.0, 1 - at * at))) / norm;
    }
    return window;
}

std::vector<double> custom(const std::vector<double>& values, std::size_t length) {
    if (values.size() != length)
        throw std::invalid_argument("the custom window has " + std::to_string(values.size()) +
                                    " values: window-length is " + std::to_string(length));
    const auto is_finite = [](double value) { return std::isfinite(value); };
    if (!std::all_of(values.begin(), values.end(), is_finite))
        throw std::invalid_argument("the custom window has values that are not finite");
    return values;
}

/// The largest hop up to `hop_frames` that is a whole part of the window and can be undone; 0 if
/// there is none.
std::size_t working_hop(std::span<const double> window, std::size_t hop_frames) {
    for (std::size_t parts = 1; parts <= 16; parts = parts < 4 ? parts + 1 : 2 * parts) {
        const std::size_t hop = window.size() / parts;
        if (hop > 0 && hop <= hop_frames && overlap_squares(window, hop).never_vanishes())
            return hop;
    }
    return 0;
}

/// One that works with this hop, if any does.
std::optional<WindowKind> working_kind(std::size_t length, std::size_t hop_frames) {
    for (const WindowKind kind : {WindowKind::hann, WindowKind::hamming, WindowKind::rectangular}) {
        const std::vector<double> window = make_window({.kind = kind}, length);
        if (overlap_squares(window, hop_frames).never_vanishes())
            return kind;
    }
    return std::nullopt;
}

} // namespace

const char* window_name(WindowKind kind) {
    return kNames[static_cast<std::size_t>(kind)];
}

std::optional<WindowKind> window_named(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (name == kNames[i])
            return static_cast<WindowKind>(i);
    return std::nullopt;
}

std::vector<double> cosine_sum(std::span<const double> coefficients, std::size_t length,
                               std::size_t period) {
    std::vector<double> window(length);
    const double turn = 2 * std::numbers::pi / static_cast<double>(period);
    for (std::size_t n = 0; n < length; ++n) {
        double sign = 1;
        for (std::size_t k = 0; k < coefficients.size(); ++k) {
            const auto turns = static_cast<double>(k * n % period);
            window[n] += sign * coefficients[k] * std::cos(turn * turns);
            sign = -sign;
        }
    }
    return window;
}

std::vector<double> make_window(const WindowShape& shape, std::size_t length) {
    if (length == 0)
        throw std::invalid_argument("a window of 0 samples: it must have 1 at least");
    if (shape.kind == WindowKind::custom)
        return custom(shape.custom, length);
    if (length == 1)
        return {1.0};
    const std::size_t period = shape.symmetric ? length - 1 : length;
    switch (shape.kind) {
    case WindowKind::hann:
        return cosine_sum(kHann, length, period);
    case WindowKind::hamming:
        return cosine_sum(kHamming, length, period);
    case WindowKind::blackman:
        return cosine_sum(kBlackman, length, period);
    case WindowKind::blackman_harris:
        return cosine_sum(kBlackmanHarris, length, period);
    case WindowKind::flat_top:
        return cosine_sum(kFlatTop, length, period);
    case WindowKind::kaiser:
        return kaiser(shape.kaiser_beta, length, period);
    case WindowKind::sqrt_hann: {
        std::vector<double> window = cosine_sum(kHann, length, period);
        for (double& value : window)
            value = std::sqrt(value);
        return window;
    }
    default:
        return std::vector<double>(length, 1.0);
    }
}

WindowSums window_sums(std::span<const double> window) {
    WindowSums sums;
    for (const double value : window) {
        sums.sum += value;
        sums.squares += value * value;
    }
    return sums;
}

Overlap overlap_squares(std::span<const double> window, std::size_t hop_frames) {
    Overlap overlap{INFINITY, 0};
    for (std::size_t n = 0; n < hop_frames; ++n) {
        double sum = 0;
        for (std::size_t at = n; at < window.size(); at += hop_frames)
            sum += window[at] * window[at];
        overlap.least = std::min(overlap.least, sum);
        overlap.most = std::max(overlap.most, sum);
    }
    return overlap;
}

std::vector<double> dual_window(std::span<const double> window, std::size_t hop_frames) {
    std::vector<double> squares(hop_frames);
    for (std::size_t n = 0; n < window.size(); ++n)
        squares[n % hop_frames] += window[n] * window[n];
    std::vector<double> dual(window.size());
    for (std::size_t n = 0; n < window.size(); ++n)
        dual[n] = window[n] / squares[n % hop_frames];
    return dual;
}

std::string overlap_complaint(const WindowShape& shape, std::size_t length,
                              std::size_t hop_frames) {
    const std::vector<double> window = make_window(shape, length);
    if (hop_frames > 0 && overlap_squares(window, hop_frames).never_vanishes())
        return {};
    std::string text = std::string("a ") + window_name(shape.kind) + " window of " +
                       std::to_string(length) + " samples every " + std::to_string(hop_frames) +
                       " cannot be undone: some samples are in no window, or weigh nothing";
    if (const std::size_t hop = working_hop(window, std::max<std::size_t>(hop_frames, 1)))
        text += "; hop-size " + std::to_string(hop) + " works";
    if (hop_frames > length)
        text += "; with this hop-size, window-length must be " + std::to_string(hop_frames) +
                " at least";
    else if (const auto kind = working_kind(length, std::max<std::size_t>(hop_frames, 1)))
        text += std::string("; with this hop-size, window ") + window_name(*kind) + " works";
    return text;
}

} // namespace tactus
