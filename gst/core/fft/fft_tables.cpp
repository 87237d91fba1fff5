// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/fft_tables.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace tactus {

namespace {

/// In the order in which the passes run. The last pass does most per number, so it has a small
/// radix; fours leave registers free.
std::vector<std::size_t> factors_of(std::size_t rows, std::size_t row_bytes) {
    // Eight rows this far apart, and where they go, would all want the same places in a cache; ...
    constexpr std::size_t kFarBytes = 4096;
    // ... but that is worth it where a pass of radix 8 leaves what fits into the nearest one, and
    // one of radix 4 does hardly.
    const std::size_t parts = rows * row_bytes / kNearBytes;
    const bool is_worth = parts >= 4 && parts <= 8;
    const bool is_far = rows / 8 * row_bytes >= kFarBytes && !is_worth;
    std::vector<std::size_t> factors;
    for (const std::size_t prime : {31, 29, 23, 19, 17, 13, 11, 7, 5, 3})
        for (; rows % prime == 0; rows /= prime)
            factors.push_back(prime);
    // What is left is a power of two.
    const auto twos = static_cast<std::size_t>(std::countr_zero(rows));
    if (twos == 1) {
        factors.push_back(2);
        return factors;
    }
    const std::size_t eights = twos % 2 != 0 ? 1 : is_worth && twos >= 6 ? 2 : 0;
    const std::size_t fours = (twos - 3 * eights) / 2;
    factors.insert(factors.end(), fours, 4);
    const std::size_t first = factors.size() - fours + (is_far && fours > 0 ? 1 : 0);
    factors.insert(factors.begin() + static_cast<std::ptrdiff_t>(first), eights, 8);
    return factors;
}

/// Of a transform of `rows` points, per point, roughly: passes, and in them the work.
double cost_of(std::size_t rows) {
    double cost = 1;
    for (const std::size_t factor : factors_of(rows, 0))
        cost += 1 + static_cast<double>(factor) / 4;
    return cost;
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
    const std::size_t begin = to.size();
    to.resize(begin + 2 * count);
    for (std::size_t i = 0; i < count; ++i) {
        const RootOfUnity root = root_of(i);
        to[begin + i] = static_cast<T>(root.re);
        to[begin + count + i] = static_cast<T>(root.im);
    }
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
    std::vector<std::size_t> factors = factors_of(rows, 2 * lanes * sizeof(T));
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
SplitTables<T>::SplitTables(std::size_t row_count, std::size_t lane_count)
    : RowTables<T>(row_count, lane_count) {
    const std::size_t group_count = this->groups();
    const std::size_t radix = row_count / group_count;
    const auto place_of = [&](std::size_t k) {
        return static_cast<std::uint32_t>(this->offsets[k] / (2 * lane_count));
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
            pair_rows.push_back(static_cast<std::uint32_t>(first + p * group_count));
    }
    const std::size_t step = group_count % 2 == 0 ? group_count / 2 : group_count;
    for (std::size_t k = step; 2 * k <= row_count; k += step) {
        own_pairs.push_back({place_of(k), place_of(row_count - k)});
        pair_rows.push_back(static_cast<std::uint32_t>(k));
    }
    for (const std::size_t k : pair_rows)
        append_root(roots, root_of_unity(k, 2 * row_count));
}

template <typename T>
RealTables<T>::RealTables(std::size_t numbers, std::size_t lane_count)
    : SplitTables<T>(numbers / 2 / lane_count, lane_count), length(numbers) {
    for (const std::size_t k : this->pair_rows)
        for (const std::size_t row : {k, this->rows - k})
            append_roots(turns, lane_count, [&](std::size_t l) {
                const RootOfUnity root = root_of_unity(row * l, length);
                return RootOfUnity{root.re / 2, root.im / 2};
            });
    for (std::size_t l = 0; l < lane_count / 2; ++l)
        append_roots(last_row_roots, lane_count / 2, [&](std::size_t q) {
            RootOfUnity root = root_of_unity((2 * q + 1) * l, 2 * lane_count);
            if (l == 0)
                root.im = q % 2 == 0 ? -1 : 1;
            return root;
        });
}

template <typename T>
auto MatrixTables<T>::shape_for(std::size_t length, std::size_t most) -> Shape {
    Shape best;
    double least = 0;
    const auto padded = [](std::size_t count, std::size_t lanes) {
        const std::size_t vectors = (count + lanes - 1) / lanes;
        return static_cast<double>(vectors) / static_cast<double>(count);
    };
    for (std::size_t lanes = most; lanes > 1; lanes /= 2)
        for (std::size_t a = lanes; a * lanes <= length; ++a) {
            if (length % a != 0)
                continue;
            const std::size_t b = length / a;
            // Vectors of columns for each point of theirs, and the other way round.
            const double cost = padded(b, lanes) * cost_of(a) + padded(a, lanes) * cost_of(b);
            if (best.a == 0 || cost < least) {
                best = {a, b, lanes};
                least = cost;
            }
        }
    return best;
}

template <typename T>
MatrixTables<T>::MatrixTables(const Shape& shape)
    : columns(shape.a, shape.lanes), rows(shape.b, shape.lanes) {
    for (std::size_t group = 0; group < groups(); ++group)
        for (std::size_t j = 0; j < shape.b; ++j)
            append_roots(twiddles, shape.lanes, [&](std::size_t l) {
                const std::size_t k = first_of(group) + row_across<T>(shape.lanes, l);
                return root_of_unity(j * k, length());
            });
}

template struct MatrixTables<float>;
template struct MatrixTables<double>;
template struct RowTables<float>;
template struct RowTables<double>;
template struct SplitTables<float>;
template struct SplitTables<double>;
template struct RealTables<float>;
template struct RealTables<double>;
template struct FftTables<float>;
template struct FftTables<double>;

} // namespace tactus
