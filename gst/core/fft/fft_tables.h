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

/// The passes of `lanes` transforms of `rows` points, which never mix lanes: decimation in
/// frequency, in place, so that the results lie in an order of digits reversed.
///
/// Immutable once made; any thread may read it.
template <typename T>
struct RowTables {
    RowTables(std::size_t row_count, std::size_t lane_count);

    std::size_t groups() const { return rows / stages.back().radix; }
    /// Which row lies at a place.
    std::size_t row_at(std::size_t place) const {
        const std::size_t radix = stages.back().radix;
        return first_rows[place / radix] + place % radix * groups();
    }

    std::size_t rows;
    std::size_t lanes;
    std::vector<FftStage> stages;
    AlignedArray<T> twiddles;
    /// For each group of the last stage, which point its first result is; the others follow
    /// groups() apart.
    std::vector<std::uint32_t> first_rows;
    /// Where each row of the results lies in scratch memory, in numbers of T.
    std::vector<std::uint32_t> offsets;
    /// cos and sin of 2 pi k / radix for the stages that have no butterfly of their own: by radix.
    std::vector<AlignedArray<T>> odd_roots;
};

/// What a complex transform of `length` points needs, for vectors of `lanes` numbers.
///
/// The input is looked at as `rows` rows of `lanes` points: each lane is a subsequence of its own,
/// with a transform of its own. Then each point is turned by its lane twiddle, and a transform
/// across the lanes makes the whole one (the four-step method; Bailey 1990).
///
/// Immutable once made; any thread may read it.
template <typename T>
struct FftTables : RowTables<T> {
    FftTables(std::size_t points, std::size_t lane_count);

    /// The most lanes, at most `most`, that suit a length: a power of two that leaves at least as
    /// many rows.
    static std::size_t lanes_for(std::size_t length, std::size_t most);

    std::size_t length;
    /// For each row k of the result, exp(-2 pi i k l / length) for each lane l: real parts, then
    /// imaginary parts. As the rows lie in scratch memory.
    AlignedArray<T> lane_twiddles;
};

/// The same for `length` real numbers: rows of `lanes` of them, two of which make one of complex
/// numbers; so each lane, a real subsequence, has a transform of half as many complex points, of
/// which its spectrum is made (Numerical Recipes, 12.3) before the lanes are mixed.
///
/// Immutable once made; any thread may read it.
template <typename T>
struct RealTables : RowTables<T> {
    RealTables(std::size_t numbers, std::size_t lane_count);

    /// The most lanes, at most `most`, that suit a length; 1 if none do.
    static std::size_t lanes_for(std::size_t length, std::size_t most);

    /// Rows k and rows - k, as the places where the last stage leaves them.
    struct Pair {
        std::uint32_t place;
        std::uint32_t mirrored_place;
    };

    std::size_t length;
    /// Groups of the last stage whose results are the mirrored ones of each other, ...
    std::vector<Pair> group_pairs;
    /// ... those that are their own mirror, ...
    std::vector<std::uint32_t> own_groups;
    /// ... and what comes from these, but for row 0; row `rows` / 2 is its own mirror.
    std::vector<Pair> own_pairs;
    /// exp(-pi i k / rows) of those of group_pairs, then of own_pairs.
    AlignedArray<T> roots;
    /// exp(-2 pi i k l / length) / 2 for each lane l, of row k and of its mirrored one, in the same
    /// order: real parts, then imaginary parts.
    AlignedArray<T> turns;
    /// For each l < lanes / 2, exp(-pi i (2 q + 1) l / lanes) for q < lanes / 2, real parts, then
    /// imaginary parts; but for l = 0 the imaginary parts that belong to lanes / 2.
    AlignedArray<T> last_row_roots;
};

extern template struct RowTables<float>;
extern template struct RowTables<double>;
extern template struct RealTables<float>;
extern template struct RealTables<double>;
extern template struct FftTables<float>;
extern template struct FftTables<double>;

} // namespace tactus
