// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slope.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tactus::soak {

namespace {

constexpr double kSecondsPerHour = 3600;

std::vector<double> block_medians(std::span<const double> values, std::size_t block) {
    std::vector<double> medians;
    for (std::size_t start = 0; start + block <= values.size(); start += block) {
        std::vector<double> part(values.begin() + static_cast<std::ptrdiff_t>(start),
                                 values.begin() + static_cast<std::ptrdiff_t>(start + block));
        std::nth_element(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(block / 2),
                         part.end());
        medians.push_back(part[block / 2]);
    }
    return medians;
}

double mean(const std::vector<double>& values) {
    double sum = 0;
    for (const double value : values)
        sum += value;
    return sum / static_cast<double>(values.size());
}

/// Student's t for 95 % on both sides, by its expansion around the normal distribution
/// (M. Abramowitz, I. Stegun, 26.7.5); the first two from the table, where that is poor.
double student_t(double freedom) {
    if (freedom < 1.5)
        return 12.706;
    if (freedom < 2.5)
        return 4.303;
    constexpr double z = 1.959964;
    constexpr double z3 = z * z * z;
    constexpr double z5 = z3 * z * z;
    return z + (z3 + z) / (4 * freedom) + (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom * freedom) +
           (3 * z5 * z * z + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom * freedom * freedom);
}

/// How many independent values are worth as much as these.
double independent_count(const std::vector<double>& residuals, double squares) {
    double product = 0;
    for (std::size_t i = 1; i < residuals.size(); ++i)
        product += residuals[i] * residuals[i - 1];
    const double r = squares > 0 ? std::clamp(product / squares, 0.0, 0.95) : 0;
    return std::max(static_cast<double>(residuals.size()) * (1 - r) / (1 + r), 3.0);
}

} // namespace

std::optional<Slope> fit_slope(std::span<const double> values, std::size_t block) {
    const std::vector<double> y = block_medians(values, block);
    if (y.size() < 4)
        return std::nullopt;
    const double middle = static_cast<double>(y.size() - 1) / 2;
    const double level = mean(y);
    double sxx = 0;
    double sxy = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        const double x = static_cast<double>(i) - middle;
        sxx += x * x;
        sxy += x * (y[i] - level);
    }
    const double slope = sxy / sxx; // per block
    std::vector<double> residuals;
    double squares = 0;
    for (std::size_t i = 0; i < y.size(); ++i) {
        residuals.push_back(y[i] - level - slope * (static_cast<double>(i) - middle));
        squares += residuals.back() * residuals.back();
    }
    const double independent = independent_count(residuals, squares);
    const double freedom = independent - 2;
    const double error = std::sqrt(squares / freedom / sxx) * student_t(freedom);
    const double blocks_per_hour = kSecondsPerHour / static_cast<double>(block);
    return Slope{slope * blocks_per_hour, (slope - error) * blocks_per_hour,
                 (slope + error) * blocks_per_hour, y.size(), independent};
}

} // namespace tactus::soak
