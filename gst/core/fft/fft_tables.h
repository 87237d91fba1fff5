// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus {

/// exp(-2 pi i k / n), each part correctly rounded but for the last bit or so.
struct RootOfUnity {
    long double re;
    long double im;
};
RootOfUnity root_of_unity(std::uint64_t k, std::uint64_t n);

/// The largest prime for which a butterfly of its own is used; a length with a larger one goes the
/// way of Bluestein.
constexpr std::size_t kLargestRadix = 31;

/// Whether all prime factors are at most kLargestRadix.
bool has_small_factors(std::size_t length);

/// One pass of a decimation in frequency: butterflies of `radix` rows that lie `span / radix`
/// apart, in each group of `span` rows.
struct FftStage {
    std::size_t radix = 0;
    std::size_t span = 0;
    std::size_t twiddles = 0; ///< where they begin: for each j < span / radix, radix - 1 pairs
};

/// What a complex transform of `length` points needs, for vectors of `lanes` numbers.
///
/// The input is looked at as `rows` rows of `lanes` points: each lane is a subsequence of its own,
/// transformed by passes that never mix lanes. Then each point is turned by its lane twiddle, and a
/// transform across the lanes makes the whole one (the four-step method; Bailey 1990).
///
/// Immutable once made; any thread may read it.
template <typename T>
struct FftTables {
    FftTables(std::size_t points, std::size_t lane_count);

    /// The most lanes, at most `most`, that suit a length: a power of two that leaves at least
    /// `rows_per_lane` times as many rows.
    static std::size_t lanes_for(std::size_t length, std::size_t most, std::size_t rows_per_lane);

    std::size_t length;
    std::size_t lanes;
    std::size_t rows;
    std::vector<FftStage> stages;
    AlignedArray<T> twiddles;
    /// For each row k of the result, exp(-2 pi i k l / length) for each lane l: real parts, then
    /// imaginary parts.
    AlignedArray<T> lane_twiddles;
    /// For each group of the last stage, the row of its first result; the others follow
    /// `rows / radix` apart.
    std::vector<std::uint32_t> first_rows;
    /// cos and sin of 2 pi k / radix for the stages that have no butterfly of their own: by radix.
    std::vector<AlignedArray<T>> odd_roots;
};

/// What the last pass of a transform of 2 L real numbers needs beside the tables of that of L
/// complex ones, when it has more than one lane.
template <typename T>
struct RealTables {
    explicit RealTables(const FftTables<T>& half);

    /// exp(-pi i k / L) in the order of use: for each block of rows k = 1 + lanes * block, ... and
    /// each q < lanes, of the points k + rows * q: real parts, then imaginary parts.
    AlignedArray<T> roots;
    /// cos(pi q t / lanes) for q < lanes, then the sines, for each t <= lanes.
    AlignedArray<T> row_roots;
};

extern template struct RealTables<float>;
extern template struct RealTables<double>;
extern template struct FftTables<float>;
extern template struct FftTables<double>;

} // namespace tactus
