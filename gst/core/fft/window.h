// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

enum class WindowKind : std::uint8_t {
    rectangular,
    hann,
    hamming,
    blackman,
    blackman_harris,
    kaiser,
    flat_top,
    sqrt_hann,
    custom,
};

inline constexpr std::size_t kWindowKinds = 9;

/// "blackman-harris"; as properties and caps spell it.
const char* window_name(WindowKind kind);
std::optional<WindowKind> window_named(std::string_view name);

/// The shape of a window. The coefficients are those of scipy.signal.windows: Hamming's are 0.54
/// and 0.46.
struct WindowShape {
    /// The limit keeps the Bessel function within a double.
    static constexpr double kLargestBeta = 500;

    WindowKind kind = WindowKind::hann;
    double kaiser_beta = 8.6; ///< of `kaiser` alone: 0 (a rectangle) to kLargestBeta
    /// false: one period of a periodic function, which is what spectra and overlap-add want. true:
    /// the last value is the first one again, as filters want it.
    bool symmetric = false;
    std::vector<double> custom; ///< the values themselves, where kind is `custom`

    bool operator==(const WindowShape&) const = default;
};

/// The values. Throws invalid_argument if there are none, if Kaiser's beta is out of range, or if a
/// custom window has another length or values that are not finite.
std::vector<double> make_window(const WindowShape& shape, std::size_t length);

/// The sum over k of coefficients[k] cos(2 pi k n / period) with signs in turns, for n < length.
std::vector<double> cosine_sum(std::span<const double> coefficients, std::size_t length,
                               std::size_t period);

struct WindowSums {
    double sum = 0;     ///< the gain of a constant
    double squares = 0; ///< the gain of white noise's power
};
WindowSums window_sums(std::span<const double> window);

/// What the squares of windows add up to where they overlap, one every `hop_frames`: the least and
/// the most over one hop. They decide whether a transform can be undone (NOLA: nonzero
/// overlap-add).
struct Overlap {
    /// Relative to the most: scipy.signal.check_NOLA takes the same, absolutely.
    static constexpr double kTolerance = 1e-10;

    double least = 0;
    double most = 0;

    bool never_vanishes() const { return least > kTolerance * most; }
};
Overlap overlap_squares(std::span<const double> window, std::size_t hop_frames);

/// The window for the way back with the least error (Griffin and Lim 1984): the window itself, over
/// what the squares of all windows add up to there. Needs an overlap that never vanishes.
std::vector<double> dual_window(std::span<const double> window, std::size_t hop_frames);

/// For windows that cannot be undone: which hop and which kind of window could be, in words. Empty
/// if these can. Throws what make_window throws.
std::string overlap_complaint(const WindowShape& shape, std::size_t length, std::size_t hop_frames);

} // namespace tactus
