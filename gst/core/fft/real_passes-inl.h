// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Between the spectrum of 2 L real numbers and that of the L complex ones that two and two of them
// make (Numerical Recipes, 12.3). Included once for each kind of vector unit.

// clang-format off
#if defined(TACTUS_CORE_FFT_REAL_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TACTUS_CORE_FFT_REAL_PASSES_INL_H_
#undef TACTUS_CORE_FFT_REAL_PASSES_INL_H_
#else
#define TACTUS_CORE_FFT_REAL_PASSES_INL_H_
#endif
// clang-format on

#include "core/fft/fft_passes-inl.h"

#include <cstring>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

template <class V>
HWY_INLINE Complex<V> conjugate(const Complex<V>& a) {
    return {a.re, hn::Neg(a.im)};
}

template <class D, class V>
HWY_INLINE Complex<V> reversed(D d, const Complex<V>& a) {
    if constexpr (hn::MaxLanes(D()) == 1)
        return a;
    else
        return {hn::Reverse(d, a.re), hn::Reverse(d, a.im)};
}

template <class D, class V>
HWY_INLINE Complex<V> halved(D d, const Complex<V>& a) {
    const V half = hn::Set(d, static_cast<hn::TFromD<D>>(0.5));
    return {hn::Mul(half, a.re), hn::Mul(half, a.im)};
}

/// Points k and L - k of the spectrum from those of the half as long one.
struct SplitPoints {
    template <class D, class V>
    HWY_INLINE void operator()(D d, const Complex<V>& root, Complex<V>& a, Complex<V>& b) const {
        const Complex<V> mirrored = conjugate(b);
        const Complex<V> even = halved(d, a + mirrored);
        const Complex<V> gap = halved(d, a - mirrored);
        const Complex<V> odd = Complex<V>{gap.im, hn::Neg(gap.re)} * root;
        a = even + odd;
        b = conjugate(even - odd);
    }
};

struct MergePoints {
    template <class D, class V>
    HWY_INLINE void operator()(D, const Complex<V>& root, Complex<V>& a, Complex<V>& b) const {
        const Complex<V> mirrored = conjugate(b);
        const Complex<V> even = a + mirrored;
        const Complex<V> odd = (a - mirrored) * conjugate(root);
        a = plus_i(even, odd);
        b = conjugate(minus_i(even, odd));
    }
};

/// Applies `body` to points k = `first`, ... and L - k, as many as fit into whole vectors, then to
/// what is left with ever smaller ones. Point 0 has its mirrored one at L.
template <class D, class Body, class T = hn::TFromD<D>>
HWY_INLINE void for_pairs(D d, const T* roots, std::size_t points, std::size_t first, const T* from,
                          T* to, const Body& body) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    std::size_t k = first;
    // A single point may be its own mirrored one.
    for (; 2 * k + 2 * kLanes <= points + (kLanes == 1 ? 2 : 1); k += kLanes) {
        const std::size_t mirrored = points - k - (kLanes - 1);
        auto a = load_pairs(d, from + 2 * k, false);
        auto b = reversed(d, load_pairs(d, from + 2 * mirrored, false));
        body(d, load_pairs(d, roots + 2 * k, false), a, b);
        store_pairs(d, a, to + 2 * k, false);
        store_pairs(d, reversed(d, b), to + 2 * mirrored, false);
    }
    if constexpr (kLanes > 1)
        for_pairs(hn::CappedTag<T, kLanes / 2>(), roots, points, k, from, to, body);
}

template <class D, class T = hn::TFromD<D>>
void split(D d, const T* roots, std::size_t points, T* spectrum) {
    spectrum[2 * points] = spectrum[0];
    spectrum[2 * points + 1] = spectrum[1];
    for_pairs(d, roots, points, 0, spectrum, spectrum, SplitPoints());
}

template <class D, class T = hn::TFromD<D>>
void merge(D d, const T* roots, std::size_t points, const T* spectrum, T* out) {
    for_pairs(d, roots, points, 0, spectrum, out, MergePoints());
    // Without the imaginary parts that these points ought not to have.
    out[0] = spectrum[0] + spectrum[2 * points];
    out[1] = spectrum[0] - spectrum[2 * points];
}

/// Rows `a` and `b`, each the mirrored one of the other: from points of the transform of pairs to
/// points of the spectrum, times 2.
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void split_rows(D d, const T* root, Complex<V>& a, Complex<V>& b) {
    const Complex<V> sum{hn::Add(a.re, b.re), hn::Sub(a.im, b.im)};
    const Complex<V> gap{hn::Sub(a.re, b.re), hn::Add(a.im, b.im)};
    const Complex<V> odd = gap * Complex<V>{hn::Set(d, root[0]), hn::Set(d, root[1])};
    a = minus_i(sum, odd);
    b = plus_i(sum, odd); // conjugated
}

/// What becomes of them: turned for the step across lanes, the half being in `turns`; ...
template <class T>
struct TurnSplitRows {
    template <class D, class V>
    HWY_INLINE void operator()(D d, Complex<V>& a, Complex<V>& b) {
        a = a * load_row(d, turns);
        b = conjugate_times(b, load_row(d, turns + kRowSize<D>));
        turns += 2 * kRowSize<D>;
    }
    const T* turns;
};

/// ... or only halved.
struct HalveSplitRows {
    template <class D, class V>
    HWY_INLINE void operator()(D d, Complex<V>& a, Complex<V>& b) {
        a = halved(d, a);
        b = halved(d, conjugate(b));
    }
};

/// What is stored of the spectrum: its points, ...
struct PutPoints {
    static constexpr std::size_t kNumbers = 2;

    template <class D, class V, class T = hn::TFromD<D>>
    static HWY_INLINE void store(D d, const Complex<V>& x, T* to) {
        store_across(d, x, to, false);
    }
    template <class D, class V, class T = hn::TFromD<D>>
    static HWY_INLINE void store_mirrored(D d, const Complex<V>& x, T* to) {
        store_mirrored_across(d, x, to);
    }
    template <class D, class V, class T = hn::TFromD<D>>
    static HWY_INLINE void store_in_order(D d, const Complex<V>& x, T* to) {
        store_pairs(d, x, to, false);
    }
};

/// ... or their squared magnitudes.
struct PutPowers {
    static constexpr std::size_t kNumbers = 1;

    template <class V>
    static HWY_INLINE V power(const Complex<V>& x) {
        return hn::MulAdd(x.re, x.re, hn::Mul(x.im, x.im));
    }
    template <class D, class V, class T = hn::TFromD<D>>
    static HWY_INLINE void store(D d, const Complex<V>& x, T* to) {
        hn::StoreU(put_in_order<false>(d, power(x)), d, to);
    }
    template <class D, class V, class T = hn::TFromD<D>>
    static HWY_INLINE void store_mirrored(D d, const Complex<V>& x, T* to) {
        hn::StoreU(put_in_order<true>(d, power(x)), d, to);
    }
    template <class D, class V, class T = hn::TFromD<D>>
    static HWY_INLINE void store_in_order(D d, const Complex<V>& x, T* to) {
        hn::Store(power(x), d, to);
    }
};

/// The last pass across rows, which also splits. Row `rows`, which is real, goes to `last_row`.
template <std::size_t kRadix, From kFrom, class D, class Finish, class T = hn::TFromD<D>>
HWY_NOINLINE void split_pass(D d, const SplitTables<T>& tables, Input<kFrom, T> from, T* to,
                             T* last_row, Finish finish) {
    using V = hn::Vec<D>;
    constexpr std::size_t kRow = kRowSize<D>;
    const std::size_t radix = kRadix == 0 ? tables.stages.back().radix : kRadix;
    const T* const odd_roots = kRadix == 0 ? tables.odd_roots[radix].data() : nullptr;
    const T* root = tables.roots.data();
    const auto load_group = [&](std::size_t group, Complex<V>* x) HWY_ATTR {
        x[0] = load_from(d, from, group * radix);
        for (std::size_t m = 1; m < radix; ++m)
            x[m] = load_from(d, from, group * radix + m);
        butterfly<kRadix>(d, odd_roots, radix, x);
    };
    for (const auto& pair : tables.group_pairs) {
        Complex<V> a[max_radix(kRadix)];
        Complex<V> b[max_radix(kRadix)];
        load_group(pair.place, a);
        load_group(pair.mirrored_place, b);
        for (std::size_t p = 0; p < radix; ++p, root += 2) {
            split_rows(d, root, a[p], b[radix - 1 - p]);
            finish(d, a[p], b[radix - 1 - p]);
            store_row(d, a[p], to + (pair.place * radix + p) * kRow);
            store_row(d, b[radix - 1 - p],
                      to + (pair.mirrored_place * radix + radix - 1 - p) * kRow);
        }
    }
    for (const std::size_t group : tables.own_groups) {
        Complex<V> x[max_radix(kRadix)];
        load_group(group, x);
        for (std::size_t p = 0; p < radix; ++p)
            store_row(d, x[p], to + (group * radix + p) * kRow);
    }
    // Point 0 of each lane and the last one are real.
    const Complex<V> first = load_row(d, to);
    store_row(d, Complex<V>{hn::Add(first.re, first.im), hn::Zero(d)}, to);
    hn::StoreU(hn::Sub(first.re, first.im), d, last_row);
    for (const auto& pair : tables.own_pairs) {
        Complex<V> a = load_row(d, to + pair.place * kRow);
        Complex<V> b = load_row(d, to + pair.mirrored_place * kRow);
        split_rows(d, root, a, b);
        finish(d, a, b);
        store_row(d, a, to + pair.place * kRow);
        store_row(d, b, to + pair.mirrored_place * kRow);
        root += 2;
    }
}

/// Points (2 q + 1) * rows of the spectrum, by the definition, from row `rows`, which is real.
template <class Put, class D, class T = hn::TFromD<D>>
HWY_INLINE void cross_last_row(D d, const RealTables<T>& tables, const T* row, T* out) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    const hn::Half<D> half;
    // Lanes l and kLanes - l have the same sines, and cosines of opposite sign.
    alignas(kVectorAlignment) T sums[kLanes / 2];
    alignas(kVectorAlignment) T gaps[kLanes / 2];
    for (std::size_t l = 1; l < kLanes / 2; ++l) {
        sums[l] = row[l] + row[kLanes - l];
        gaps[l] = row[l] - row[kLanes - l];
    }
    const T* turn = tables.last_row_roots.data();
    Complex<hn::Vec<hn::Half<D>>> points{
        hn::Set(half, row[0]),
        hn::Mul(hn::Set(half, row[kLanes / 2]), hn::Load(half, turn + kLanes / 2))};
    for (std::size_t l = 1; l < kLanes / 2; ++l) {
        turn += kLanes;
        points.re = hn::MulAdd(hn::Set(half, gaps[l]), hn::Load(half, turn), points.re);
        points.im =
            hn::MulAdd(hn::Set(half, sums[l]), hn::Load(half, turn + kLanes / 2), points.im);
    }
    alignas(kVectorAlignment) T numbers[kLanes];
    Put::store_in_order(half, points, numbers);
    constexpr std::size_t kSize = Put::kNumbers;
    for (std::size_t q = 0; q < kLanes / 2; ++q)
        std::memcpy(out + kSize * (2 * q + 1) * tables.rows, numbers + kSize * q,
                    kSize * sizeof(T));
}

/// The step across lanes, of rows 0 to `rows` - 1: the upper half of the points of each is the
/// mirrored one of another's lower half.
template <class Put, class D, class T = hn::TFromD<D>>
HWY_NOINLINE void cross_real_pass(D d, const RealTables<T>& tables, const T* HWY_RESTRICT from,
                                  T* HWY_RESTRICT out) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    const std::size_t rows = tables.rows;
    for (std::size_t begin = 0; begin < rows; begin += kLanes) {
        // The last rows may be done twice; they come out the same.
        const std::size_t row = HWY_MIN(begin, rows - kLanes);
        transform_across(
            d, from, tables.offsets.data() + row, [&](std::size_t q, const auto& x) HWY_ATTR {
                if (q < kLanes / 2)
                    Put::store(d, x, out + Put::kNumbers * (row + 2 * q * rows));
                else
                    Put::store_mirrored(
                        d, x, out + Put::kNumbers * (2 * (kLanes - q) * rows - row - (kLanes - 1)));
            });
    }
}

/// All passes across rows, the last one with what it does in the end. Returns row `rows`, which
/// lies behind the others.
template <From kFrom, class D, class Finish, class T = hn::TFromD<D>>
HWY_INLINE const T* run_split_passes(D d, const SplitTables<T>& tables, Input<kFrom, T> in,
                                     T* scratch, Finish finish) {
    T* const last_row = scratch + tables.rows * kRowSize<D>;
    run_turning_passes(d, tables, in, scratch);
    with_radix(tables.stages.back().radix, [&](auto radix) HWY_ATTR {
        if (tables.stages.size() > 1)
            split_pass<radix(), From::rows>(d, tables, {scratch}, scratch, last_row, finish);
        else
            split_pass<radix(), kFrom>(d, tables, in, scratch, last_row, finish);
    });
    return last_row;
}

template <class Put, class D, class T = hn::TFromD<D>>
void transform_real(D d, const RealTables<T>& tables, const T* in, const T* window, T* out,
                    T* scratch) {
    const TurnSplitRows<T> finish{tables.turns.data()};
    const T* const last_row =
        window != nullptr
            ? run_split_passes(d, tables, Input<From::windowed, T>{in, window}, scratch, finish)
            : run_split_passes(d, tables, Input<From::rows, T>{in}, scratch, finish);
    cross_last_row<Put>(d, tables, last_row, out);
    cross_real_pass<Put>(d, tables, scratch, out);
}

#if HWY_TARGET != HWY_SCALAR

/// From lanes of channels, in `rows`, to one spectrum behind the other, `bins` points each.
template <class D, class T = hn::TFromD<D>>
HWY_NOINLINE void part_channels(D d, const SplitTables<T>& tables, const T* HWY_RESTRICT rows,
                                const T* last_row, T* HWY_RESTRICT out, std::size_t bins) {
    using V = hn::Vec<D>;
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    for (std::size_t begin = 0; begin < tables.rows; begin += kLanes) {
        // The last rows may be done twice; they come out the same.
        const std::size_t row = HWY_MIN(begin, tables.rows - kLanes);
        const std::uint32_t* const offsets = tables.offsets.data() + row;
        for (std::size_t b = 0; b < kLanes; b += kBlock<D>) {
            V re[kBlock<D>];
            V im[kBlock<D>];
            load_block_across(d, rows + b, offsets, re);
            load_block_across(d, rows + kLanes + b, offsets, im);
            for (std::size_t i = 0; i < kBlock<D>; ++i)
                store_across(d, Complex<V>{re[i], im[i]}, out + 2 * ((b + i) * bins + row), false);
        }
    }
    for (std::size_t l = 0; l < kLanes; ++l) {
        out[2 * (l * bins + tables.rows)] = last_row[l];
        out[2 * (l * bins + tables.rows) + 1] = 0;
    }
}

template <class D, class T = hn::TFromD<D>>
void transform_channels(D d, const SplitTables<T>& tables, const T* in, std::size_t channels,
                        T* out, T* scratch) {
    const T* const last_row = run_split_passes(d, tables, Input<From::frames, T>{in, channels},
                                               scratch, HalveSplitRows());
    part_channels(d, tables, scratch, last_row, out, tables.rows + 1);
}

#endif

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
