// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/fft_tables.h"

#include <cmath>
#include <numbers>

namespace tactus {

namespace {

/// In the order in which the passes run: the first ones have the longest way through memory, so
/// they take the largest radix.
std::vector<std::size_t> factors_of(std::size_t rows) {
    std::vector<std::size_t> factors;
    for (std::size_t prime = kLargestRadix; prime >= 3; --prime)
        for (; rows % prime == 0 && (prime % 2 != 0); rows /= prime)
            factors.push_back(prime);
    // What is left is a power of two: eights, and at the end fours and a two.
    while (rows > 1) {
        std::size_t radix = 8;
        if (rows == 2 || rows == 4)
            radix = rows;
        else if (rows == 16)
            radix = 4;
        factors.push_back(radix);
        rows /= radix;
    }
    return factors;
}

bool has_own_butterfly(std::size_t radix) {
    return radix == 2 || radix == 3 || radix == 4 || radix == 5 || radix == 8;
}

} // namespace

RootOfUnity root_of_unity(std::uint64_t k, std::uint64_t n) {
    // Only angles up to an eighth of the circle: sine and cosine are exact to the last bit there,
    // and symmetric values come out equal.
    k %= n;
    const bool lower = 2 * k > n;
    if (lower)
        k = n - k;
    const bool left = 4 * k > n;
    std::uint64_t numerator = left ? n - 2 * k : 2 * k; // of the angle, over n, in units of pi
    const bool steep = 4 * numerator > n;
    // pi/2 - angle has the numerator (n - 2 numerator) over 2n.
    const long double angle =
        steep ? std::numbers::pi_v<long double> * static_cast<long double>(n - 2 * numerator) /
                    static_cast<long double>(2 * n)
              : std::numbers::pi_v<long double> * static_cast<long double>(numerator) /
                    static_cast<long double>(n);
    long double re = steep ? std::sin(angle) : std::cos(angle);
    const long double im = steep ? std::cos(angle) : std::sin(angle);
    if (left)
        re = -re;
    return {re, lower ? im : -im};
}

bool has_small_factors(std::size_t length) {
    for (std::size_t prime = 2; prime <= kLargestRadix; ++prime)
        while (length % prime == 0)
            length /= prime;
    return length == 1;
}

template <typename T>
std::size_t FftTables<T>::lanes_for(std::size_t length, std::size_t most,
                                    std::size_t rows_per_lane) {
    std::size_t lanes = most;
    while (lanes > 1 && (length % lanes != 0 || length / lanes < rows_per_lane * lanes))
        lanes /= 2;
    return lanes;
}

template <typename T>
FftTables<T>::FftTables(std::size_t points, std::size_t lane_count)
    : length(points), lanes(lane_count), rows(points / lane_count), odd_roots(kLargestRadix + 1) {
    std::size_t span = rows;
    std::vector<std::size_t> factors = factors_of(rows);
    if (factors.empty())
        factors.push_back(1);
    for (const std::size_t radix : factors) {
        stages.push_back({radix, span, twiddles.size()});
        for (std::size_t j = 0; j < span / radix; ++j)
            for (std::size_t p = 1; p < radix; ++p) {
                const RootOfUnity root = root_of_unity(j * p, span);
                twiddles.push_back(static_cast<T>(root.re));
                twiddles.push_back(static_cast<T>(root.im));
            }
        if (radix > 1 && !has_own_butterfly(radix) && odd_roots[radix].empty())
            for (std::size_t k = 0; k < radix; ++k) {
                const RootOfUnity root = root_of_unity(k, radix);
                odd_roots[radix].push_back(static_cast<T>(root.re));
                odd_roots[radix].push_back(static_cast<T>(-root.im));
            }
        span /= radix;
    }

    for (std::size_t k = 0; k < rows; ++k)
        for (const bool imaginary : {false, true})
            for (std::size_t l = 0; l < lanes; ++l) {
                const RootOfUnity root = root_of_unity(k * l, length);
                lane_twiddles.push_back(static_cast<T>(imaginary ? root.im : root.re));
            }

    const std::size_t last = factors.back();
    for (std::size_t group = 0; group < rows / last; ++group) {
        // The digits of the position, most significant first, are those of the row, least first.
        std::size_t position = group * last;
        std::size_t weight = 1;
        std::size_t row = 0;
        for (const FftStage& stage : stages) {
            const std::size_t part = stage.span / stage.radix;
            row += position / part * weight;
            position %= part;
            weight *= stage.radix;
        }
        first_rows.push_back(static_cast<std::uint32_t>(row));
    }
}

template <typename T>
RealTables<T>::RealTables(const FftTables<T>& half) {
    const auto append = [](AlignedArray<T>& to, std::size_t count, const auto& root_of) {
        for (const bool imaginary : {false, true})
            for (std::size_t i = 0; i < count; ++i)
                to.push_back(static_cast<T>(imaginary ? root_of(i).im : root_of(i).re));
    };
    for (std::size_t row = 1; row <= half.rows / 2; row += half.lanes)
        for (std::size_t q = 0; q < half.lanes; ++q)
            append(roots, half.lanes, [&](std::size_t i) {
                return root_of_unity(row + i + half.rows * q, 2 * half.length);
            });
    for (std::size_t t = 0; t <= half.lanes; ++t)
        append(row_roots, half.lanes, [&](std::size_t q) {
            const RootOfUnity root = root_of_unity(q * t, 2 * half.lanes);
            return RootOfUnity{root.re, -root.im};
        });
}

template struct RealTables<float>;
template struct RealTables<double>;
template struct FftTables<float>;
template struct FftTables<double>;

} // namespace tactus
