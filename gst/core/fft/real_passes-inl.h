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

/// Points rows * q, q <= lanes, of the spectrum, from row 0: there the lanes hold the sums of all
/// inputs of one phase, so it is the transform of 2 * lanes real numbers, by its definition.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void split_first_row(D d, const FftTables<T>& tables, const RealTables<T>& real,
                                const T* row, T* out) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    // Even phases are the real parts, odd ones the imaginary parts.
    alignas(kVectorAlignment) T phases[2 * kLanes];
    const Complex<hn::Vec<D>> first = load_row(d, row);
    store_pairs(d, first, phases, false);
    const auto* root = real.row_roots.data();
    auto re = hn::Set(d, phases[0]);
    auto im = hn::Zero(d);
    for (std::size_t t = 1; t < kLanes; ++t) {
        const Complex<hn::Vec<D>> turn = load_row(d, root + t * kRowSize<D>);
        re = hn::MulAdd(hn::Set(d, phases[t] + phases[2 * kLanes - t]), turn.re, re);
        im = hn::NegMulAdd(hn::Set(d, phases[t] - phases[2 * kLanes - t]), turn.im, im);
    }
    re = hn::MulAdd(hn::Set(d, phases[kLanes]), hn::Load(d, root + kLanes * kRowSize<D>), re);
    const T last = hn::GetLane(hn::SumOfLanes(d, hn::Sub(first.re, first.im)));
    store_pairs(d, Complex<hn::Vec<D>>{re, im}, phases, false);
    for (std::size_t q = 0; q < kLanes; ++q) {
        out[2 * q * tables.rows] = phases[2 * q];
        out[2 * q * tables.rows + 1] = phases[2 * q + 1];
    }
    out[2 * tables.length] = last;
    out[2 * tables.length + 1] = 0;
}

/// The pass across the lanes and the split in one: rows k and `rows` - k at a time.
template <class D, class T = hn::TFromD<D>>
HWY_NOINLINE void cross_and_split_pass(D d, const FftTables<T>& tables, const RealTables<T>& real,
                                       const T* HWY_RESTRICT from, T* HWY_RESTRICT out) {
    using V = hn::Vec<D>;
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    constexpr std::size_t kRow = kRowSize<D>;
    const T* root = real.roots.data();
    // The last blocks may overlap; what is done twice comes out the same.
    for (std::size_t row = 1; row <= tables.rows / 2; row += kLanes) {
        const std::size_t mirrored_row = tables.rows - row - (kLanes - 1);
        Complex<V> x[kLanes];
        Complex<V> mirrored[kLanes];
        transform_across(d, from + row * kRow, x);
        transform_across(d, from + mirrored_row * kRow, mirrored);
        for (std::size_t q = 0; q < kLanes; ++q, root += kRow) {
            Complex<V> a = x[q];
            Complex<V> b = reversed(d, mirrored[kLanes - 1 - q]);
            SplitPoints()(d, load_row(d, root), a, b);
            store_pairs(d, a, out + 2 * (row + q * tables.rows), false);
            store_pairs(d, reversed(d, b),
                        out + 2 * (mirrored_row + (kLanes - 1 - q) * tables.rows), false);
        }
    }
}

template <class D, class T = hn::TFromD<D>>
void transform_real(D d, const FftTables<T>& tables, const RealTables<T>& real, const T* in, T* out,
                    T* scratch) {
    const T* const rows = run_stages(d, tables, in, scratch, false);
    cross_and_split_pass(d, tables, real, rows, out);
    split_first_row(d, tables, real, rows, out);
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
