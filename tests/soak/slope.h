// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace tactus::soak {

/// A straight line's slope, and the interval that holds the true one with 95 % confidence.
struct Slope {
    double per_hour = 0;
    double low = 0;
    double high = 0;
    std::size_t points = 0; ///< medians that the line goes through
    double independent = 0; ///< as many points as those are worth
};

/// Fits a line through the medians of blocks of `block` values that were taken once per second.
/// Nothing for fewer than four blocks.
///
/// A process that breathes gives values that hang together, and least squares alone would be far
/// too sure of itself. So the points count as fewer, as many as their first autocorrelation leaves
/// (B. Santer et al., J. Geophys. Res. 105, 2000, equations 4 to 6).
std::optional<Slope> fit_slope(std::span<const double> values, std::size_t block);

} // namespace tactus::soak
