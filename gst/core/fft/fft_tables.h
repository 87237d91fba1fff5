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

/// With fewer of them in a vector, channels are rather done one by one.
constexpr std::size_t kFewestChannels = 4;

/// Of the nearest cache, what a transform may fill.
constexpr std::size_t kNearBytes = 32'768;

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

/// The same for real numbers: rows of `lanes` of them, two of which make one of complex numbers; so
/// each lane has a transform of half as many complex points, of which its spectrum is made
/// (Numerical Recipes, 12.3). `rows` counts those of complex numbers.
///
/// Immutable once made; any thread may read it.
template <typename T>
struct SplitTables : RowTables<T> {
    SplitTables(std::size_t row_count, std::size_t lane_count);

    /// Rows k and rows - k, as the places where the last stage leaves them.
    struct Pair {
        std::uint32_t place;
        std::uint32_t mirrored_place;
    };

    /// Groups of the last stage whose results are the mirrored ones of each other, ...
    std::vector<Pair> group_pairs;
    /// ... those that are their own mirror, ...
    std::vector<std::uint32_t> own_groups;
    /// ... and what comes from these, but for row 0; row `rows` / 2 is its own mirror.
    std::vector<Pair> own_pairs;
    /// Which rows come from group_pairs, then from own_pairs: the first of each two.
    std::vector<std::uint32_t> pair_rows;
    /// exp(-pi i k / rows) of pair_rows.
    AlignedArray<T> roots;
};

/// That for `length` real numbers in all: each lane is a subsequence, and then the lanes are mixed.
///
/// Immutable once made; any thread may read it.
template <typename T>
struct RealTables : SplitTables<T> {
    RealTables(std::size_t numbers, std::size_t lane_count);

    /// The most lanes, at most `most`, that suit a length; 1 if none do.
    static std::size_t lanes_for(std::size_t length, std::size_t most);

    std::size_t length;
    /// exp(-2 pi i k l / length) / 2 for each lane l, of each of pair_rows and of its mirrored one:
    /// real parts, then imaginary parts.
    AlignedArray<T> turns;
    /// For each l < lanes / 2, exp(-pi i (2 q + 1) l / lanes) for q < lanes / 2, real parts, then
    /// imaginary parts; but for l = 0 the imaginary parts that belong to lanes / 2.
    AlignedArray<T> last_row_roots;
};

/// Which of `lanes` rows lane `lane` holds once they are put across, so that points whose real and
/// imaginary parts are in two vectors of T come into order by what shuffles within 128 bits.
template <typename T>
constexpr std::size_t row_across(std::size_t lanes, std::size_t lane) {
    const std::size_t block = lanes < 16 / sizeof(T) ? lanes : 16 / sizeof(T);
    const std::size_t step = block < 2 ? 1 : block / 2;
    const std::size_t i = lane % block;
    return i % step + i / step * (lanes / 2) + lane / block * step;
}

/// A complex transform of a * b points as a matrix of `a` rows and `b` columns: transforms of the
/// columns, as many as lanes at a time, twiddles, and transforms of what were rows (Bailey 1990).
/// For lengths without a power of two for the lanes, and for those beyond the nearest cache: only
/// as many columns as lanes are at work at a time.
///
/// Immutable once made; any thread may read it.
template <typename T>
struct MatrixTables {
    struct Shape {
        std::size_t a = 0; ///< 0: there is none
        std::size_t b = 0;
        std::size_t lanes = 0;
    };
    /// The one that seems quickest, with at most `most` lanes.
    static Shape shape_for(std::size_t length, std::size_t most);

    explicit MatrixTables(const Shape& shape);

    std::size_t length() const { return columns.rows * rows.rows; }
    std::size_t lanes() const { return columns.lanes; }
    /// Groups of as many points of the columns' transforms as lanes; the last may overlap.
    std::size_t groups() const { return (columns.rows + lanes() - 1) / lanes(); }
    std::size_t first_of(std::size_t group) const {
        return group * lanes() + lanes() <= columns.rows ? group * lanes() : columns.rows - lanes();
    }
    std::size_t scratch_size() const { return 2 * lanes() * (groups() * rows.rows + columns.rows); }

    RowTables<T> columns;
    RowTables<T> rows;
    /// For each group, for each column j, exp(-2 pi i j k / length) of the points k in the group,
    /// put across: real parts, then imaginary parts.
    AlignedArray<T> twiddles;
};

extern template struct MatrixTables<float>;
extern template struct MatrixTables<double>;
extern template struct RowTables<float>;
extern template struct RowTables<double>;
extern template struct SplitTables<float>;
extern template struct SplitTables<double>;
extern template struct RealTables<float>;
extern template struct RealTables<double>;
extern template struct FftTables<float>;
extern template struct FftTables<double>;

} // namespace tactus
