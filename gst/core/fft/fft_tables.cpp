// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/fft_tables.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace tactus {

namespace {

/// In the order in which the passes run. The last pass does most per number, so it has a small
/// radix; fours leave registers free and powers of two of memory apart.
std::vector<std::size_t> factors_of(std::size_t rows) {
    std::vector<std::size_t> factors;
    for (const std::size_t prime : {31, 29, 23, 19, 17, 13, 11, 7, 5, 3})
        for (; rows % prime == 0; rows /= prime)
            factors.push_back(prime);
    // What is left is a power of two.
    if (const int twos = std::countr_zero(rows); twos % 2 != 0) {
        factors.push_back(twos == 1 ? 2 : 8);
        rows /= factors.back();
    }
    for (; rows > 1; rows /= 4)
        factors.push_back(4);
    return factors;
}

RootOfUnity conjugate(const RootOfUnity& root) {
    return {root.re, -root.im};
}

template <typename T>
void append_root(AlignedArray<T>& to, const RootOfUnity& root) {
    to.push_back(static_cast<T>(root.re));
    to.push_back(static_cast<T>(root.im));
}

/// All real parts, then all imaginary parts.
template <typename T, class RootOf>
void append_roots(AlignedArray<T>& to, std::size_t count, const RootOf& root_of) {
    for (const bool imaginary : {false, true})
        for (std::size_t i = 0; i < count; ++i)
            to.push_back(static_cast<T>(imaginary ? root_of(i).im : root_of(i).re));
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
RowTables<T>::RowTables(std::size_t row_count, std::size_t lane_count)
    : rows(row_count), lanes(lane_count), offsets(row_count), odd_roots(kLargestRadix + 1) {
    std::size_t span = rows;
    std::vector<std::size_t> factors = factors_of(rows);
    if (factors.empty())
        factors.push_back(1);
    for (const std::size_t radix : factors) {
        stages.push_back({radix, span, twiddles.size()});
        for (std::size_t j = 0; j < span / radix; ++j)
            for (std::size_t p = 1; p < radix; ++p)
                append_root(twiddles, root_of_unity(j * p, span));
        if (radix > 1 && !has_own_butterfly(radix) && odd_roots[radix].empty())
            for (std::size_t k = 0; k < radix; ++k)
                append_root(odd_roots[radix], conjugate(root_of_unity(k, radix)));
        span /= radix;
    }
    const std::size_t last = factors.back();
    for (std::size_t group = 0; group < groups(); ++group) {
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
    for (std::size_t place = 0; place < rows; ++place)
        offsets[row_at(place)] = static_cast<std::uint32_t>(place * 2 * lanes);
}

template <typename T>
std::size_t FftTables<T>::lanes_for(std::size_t length, std::size_t most) {
    std::size_t lanes = most;
    while (lanes > 1 && (length % lanes != 0 || length / lanes < lanes))
        lanes /= 2;
    return lanes;
}

template <typename T>
FftTables<T>::FftTables(std::size_t points, std::size_t lane_count)
    : RowTables<T>(points / lane_count, lane_count), length(points) {
    for (std::size_t place = 0; place < this->rows; ++place)
        append_roots(lane_twiddles, lane_count,
                     [&](std::size_t l) { return root_of_unity(this->row_at(place) * l, length); });
}

template <typename T>
std::size_t RealTables<T>::lanes_for(std::size_t length, std::size_t most) {
    std::size_t lanes = most;
    while (lanes > 1 && (length % (2 * lanes) != 0 || length / (2 * lanes) < lanes))
        lanes /= 2;
    return lanes;
}

template <typename T>
RealTables<T>::RealTables(std::size_t numbers, std::size_t lane_count)
    : RowTables<T>(numbers / 2 / lane_count, lane_count), length(numbers) {
    const std::size_t row_count = this->rows;
    const std::size_t group_count = this->groups();
    const std::size_t radix = row_count / group_count;
    const auto place_of = [&](std::size_t k) {
        return static_cast<std::uint32_t>(this->offsets[k] / (2 * lane_count));
    };
    const auto append_pair = [&](std::size_t k) {
        append_root(roots, root_of_unity(k, 2 * row_count));
        for (const std::size_t row : {k, row_count - k})
            append_roots(turns, lane_count, [&](std::size_t l) {
                const RootOfUnity root = root_of_unity(row * l, length);
                return RootOfUnity{root.re / 2, root.im / 2};
            });
    };
    for (std::uint32_t group = 0; group < group_count; ++group) {
        const std::size_t first = this->first_rows[group];
        if (first == 0 || 2 * first == group_count)
            own_groups.push_back(group);
        if (first == 0 || 2 * first >= group_count)
            continue;
        group_pairs.push_back(
            {group, place_of(group_count - first) / static_cast<std::uint32_t>(radix)});
        for (std::size_t p = 0; p < radix; ++p)
            append_pair(first + p * group_count);
    }
    const std::size_t step = group_count % 2 == 0 ? group_count / 2 : group_count;
    for (std::size_t k = step; 2 * k <= row_count; k += step) {
        own_pairs.push_back({place_of(k), place_of(row_count - k)});
        append_pair(k);
    }
    for (std::size_t l = 0; l < lane_count / 2; ++l)
        append_roots(last_row_roots, lane_count / 2, [&](std::size_t q) {
            RootOfUnity root = root_of_unity((2 * q + 1) * l, 2 * lane_count);
            if (l == 0)
                root.im = q % 2 == 0 ? -1 : 1;
            return root;
        });
}

template struct RowTables<float>;
template struct RowTables<double>;
template struct RealTables<float>;
template struct RealTables<double>;
template struct FftTables<float>;
template struct FftTables<double>;

} // namespace tactus
