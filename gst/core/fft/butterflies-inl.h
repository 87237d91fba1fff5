// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Small transforms on vectors. Included once for each kind of vector unit.

// clang-format off
#if defined(TACTUS_CORE_FFT_BUTTERFLIES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TACTUS_CORE_FFT_BUTTERFLIES_INL_H_
#undef TACTUS_CORE_FFT_BUTTERFLIES_INL_H_
#else
#define TACTUS_CORE_FFT_BUTTERFLIES_INL_H_
#endif
// clang-format on

#include "core/fft/fft_tables.h"

#include <hwy/highway.h>

#include <cstddef>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class V>
struct Complex {
    V re;
    V im;
};

template <class V>
HWY_INLINE Complex<V> operator+(const Complex<V>& a, const Complex<V>& b) {
    return {hn::Add(a.re, b.re), hn::Add(a.im, b.im)};
}

template <class V>
HWY_INLINE Complex<V> operator-(const Complex<V>& a, const Complex<V>& b) {
    return {hn::Sub(a.re, b.re), hn::Sub(a.im, b.im)};
}

template <class V>
HWY_INLINE Complex<V> operator*(const Complex<V>& a, const Complex<V>& b) {
    return {hn::NegMulAdd(a.im, b.im, hn::Mul(a.re, b.re)),
            hn::MulAdd(a.re, b.im, hn::Mul(a.im, b.re))};
}

/// a* b.
template <class V>
HWY_INLINE Complex<V> conjugate_times(const Complex<V>& a, const Complex<V>& b) {
    return {hn::MulAdd(a.im, b.im, hn::Mul(a.re, b.re)),
            hn::NegMulAdd(a.im, b.re, hn::Mul(a.re, b.im))};
}

/// a - i b and a + i b.
template <class V>
HWY_INLINE Complex<V> minus_i(const Complex<V>& a, const Complex<V>& b) {
    return {hn::Add(a.re, b.im), hn::Sub(a.im, b.re)};
}
template <class V>
HWY_INLINE Complex<V> plus_i(const Complex<V>& a, const Complex<V>& b) {
    return {hn::Sub(a.re, b.im), hn::Add(a.im, b.re)};
}

template <class V>
HWY_INLINE void butterfly_2(Complex<V>* x) {
    const Complex<V> sum = x[0] + x[1];
    x[1] = x[0] - x[1];
    x[0] = sum;
}

template <class D, class V>
HWY_INLINE void butterfly_3(D d, Complex<V>* x) {
    using T = hn::TFromD<D>;
    const V half = hn::Set(d, static_cast<T>(-0.5));
    const V sine = hn::Set(d, static_cast<T>(0.866025403784438646763723170752936183L));
    const Complex<V> sum = x[1] + x[2];
    const Complex<V> gap = x[1] - x[2];
    const Complex<V> middle{hn::MulAdd(half, sum.re, x[0].re), hn::MulAdd(half, sum.im, x[0].im)};
    const Complex<V> turned{hn::Mul(sine, gap.re), hn::Mul(sine, gap.im)};
    x[0] = x[0] + sum;
    x[1] = minus_i(middle, turned);
    x[2] = plus_i(middle, turned);
}

template <class V>
HWY_INLINE void butterfly_4(Complex<V>* x) {
    const Complex<V> even_sum = x[0] + x[2];
    const Complex<V> even_gap = x[0] - x[2];
    const Complex<V> odd_sum = x[1] + x[3];
    const Complex<V> odd_gap = x[1] - x[3];
    x[0] = even_sum + odd_sum;
    x[1] = minus_i(even_gap, odd_gap);
    x[2] = even_sum - odd_sum;
    x[3] = plus_i(even_gap, odd_gap);
}

template <class D, class V>
HWY_INLINE void butterfly_5(D d, Complex<V>* x) {
    using T = hn::TFromD<D>;
    const V c1 = hn::Set(d, static_cast<T>(0.309016994374947424102293417182819059L));
    const V c2 = hn::Set(d, static_cast<T>(-0.809016994374947424102293417182819059L));
    const V s1 = hn::Set(d, static_cast<T>(0.951056516295153572116439333379382143L));
    const V s2 = hn::Set(d, static_cast<T>(0.587785252292473129168705954639072769L));
    const Complex<V> sum1 = x[1] + x[4];
    const Complex<V> gap1 = x[1] - x[4];
    const Complex<V> sum2 = x[2] + x[3];
    const Complex<V> gap2 = x[2] - x[3];
    const Complex<V> middle1{hn::MulAdd(c2, sum2.re, hn::MulAdd(c1, sum1.re, x[0].re)),
                             hn::MulAdd(c2, sum2.im, hn::MulAdd(c1, sum1.im, x[0].im))};
    const Complex<V> middle2{hn::MulAdd(c1, sum2.re, hn::MulAdd(c2, sum1.re, x[0].re)),
                             hn::MulAdd(c1, sum2.im, hn::MulAdd(c2, sum1.im, x[0].im))};
    const Complex<V> turned1{hn::MulAdd(s2, gap2.re, hn::Mul(s1, gap1.re)),
                             hn::MulAdd(s2, gap2.im, hn::Mul(s1, gap1.im))};
    const Complex<V> turned2{hn::NegMulAdd(s1, gap2.re, hn::Mul(s2, gap1.re)),
                             hn::NegMulAdd(s1, gap2.im, hn::Mul(s2, gap1.im))};
    x[0] = x[0] + sum1 + sum2;
    x[1] = minus_i(middle1, turned1);
    x[2] = minus_i(middle2, turned2);
    x[3] = plus_i(middle2, turned2);
    x[4] = plus_i(middle1, turned1);
}

/// Times exp(-pi i / 4), and exp(-3 pi i / 4).
template <class D, class V>
HWY_INLINE Complex<V> turn_eighth(D d, const Complex<V>& a) {
    const V root = hn::Set(d, static_cast<hn::TFromD<D>>(0.707106781186547524400844362104849039L));
    return {hn::Mul(root, hn::Add(a.re, a.im)), hn::Mul(root, hn::Sub(a.im, a.re))};
}
template <class D, class V>
HWY_INLINE Complex<V> turn_three_eighths(D d, const Complex<V>& a) {
    const V root = hn::Set(d, static_cast<hn::TFromD<D>>(0.707106781186547524400844362104849039L));
    return {hn::Mul(root, hn::Sub(a.im, a.re)), hn::Neg(hn::Mul(root, hn::Add(a.re, a.im)))};
}

template <class D, class V>
HWY_INLINE void butterfly_8(D d, Complex<V>* x) {
    Complex<V> even[4] = {x[0] + x[4], x[1] + x[5], x[2] + x[6], x[3] + x[7]};
    const Complex<V> gap2 = x[2] - x[6];
    Complex<V> odd[4] = {x[0] - x[4],
                         turn_eighth(d, x[1] - x[5]),
                         {gap2.im, hn::Neg(gap2.re)},
                         turn_three_eighths(d, x[3] - x[7])};
    butterfly_4(even);
    butterfly_4(odd);
    for (std::size_t i = 0; i < 4; ++i) {
        x[2 * i] = even[i];
        x[2 * i + 1] = odd[i];
    }
}

template <class D, class V>
HWY_INLINE void butterfly_16(D d, Complex<V>* x) {
    using T = hn::TFromD<D>;
    const V cosine = hn::Set(d, static_cast<T>(0.923879532511286756128183189396788287L));
    const V sine = hn::Set(d, static_cast<T>(0.382683432365089771728459984030398867L));
    const Complex<V> w1{cosine, hn::Neg(sine)};
    const Complex<V> w3{sine, hn::Neg(cosine)};
    const Complex<V> w9{hn::Neg(cosine), sine};
    Complex<V> columns[4][4];
    for (std::size_t j = 0; j < 4; ++j) {
        for (std::size_t m = 0; m < 4; ++m)
            columns[j][m] = x[j + 4 * m];
        butterfly_4(columns[j]);
    }
    columns[1][1] = columns[1][1] * w1;
    columns[1][2] = turn_eighth(d, columns[1][2]);
    columns[1][3] = columns[1][3] * w3;
    columns[2][1] = turn_eighth(d, columns[2][1]);
    columns[2][2] = {columns[2][2].im, hn::Neg(columns[2][2].re)};
    columns[2][3] = turn_three_eighths(d, columns[2][3]);
    columns[3][1] = columns[3][1] * w3;
    columns[3][2] = turn_three_eighths(d, columns[3][2]);
    columns[3][3] = columns[3][3] * w9;
    for (std::size_t p = 0; p < 4; ++p) {
        Complex<V> row[4] = {columns[0][p], columns[1][p], columns[2][p], columns[3][p]};
        butterfly_4(row);
        for (std::size_t q = 0; q < 4; ++q)
            x[p + 4 * q] = row[q];
    }
}

/// Any odd radix, by its definition: pairs of inputs that lie symmetric share their products.
/// `roots`: cos and sin of 2 pi k / radix.
template <class D, class V>
HWY_INLINE void butterfly_odd(D d, const hn::TFromD<D>* roots, std::size_t radix, Complex<V>* x) {
    constexpr std::size_t kPairs = (kLargestRadix - 1) / 2;
    const std::size_t pairs = (radix - 1) / 2;
    Complex<V> sums[kPairs];
    Complex<V> gaps[kPairs];
    Complex<V> all = x[0];
    for (std::size_t i = 0; i < pairs; ++i) {
        sums[i] = x[i + 1] + x[radix - 1 - i];
        gaps[i] = x[i + 1] - x[radix - 1 - i];
        all = all + sums[i];
    }
    const Complex<V> first = x[0];
    x[0] = all;
    for (std::size_t p = 1; p <= pairs; ++p) {
        Complex<V> middle = first;
        Complex<V> turned{hn::Zero(d), hn::Zero(d)};
        std::size_t k = 0;
        for (std::size_t i = 0; i < pairs; ++i) {
            k += p;
            k -= k >= radix ? radix : 0;
            const V cosine = hn::Set(d, roots[2 * k]);
            const V sine = hn::Set(d, roots[2 * k + 1]);
            middle.re = hn::MulAdd(cosine, sums[i].re, middle.re);
            middle.im = hn::MulAdd(cosine, sums[i].im, middle.im);
            turned.re = hn::MulAdd(sine, gaps[i].re, turned.re);
            turned.im = hn::MulAdd(sine, gaps[i].im, turned.im);
        }
        x[p] = minus_i(middle, turned);
        x[radix - p] = plus_i(middle, turned);
    }
}

/// The transform of kRadix points; 0: an odd number of them that is known when it runs.
template <std::size_t kRadix, class D, class V>
HWY_INLINE void butterfly(D d, const hn::TFromD<D>* roots, std::size_t radix, Complex<V>* x) {
    if constexpr (kRadix == 0)
        butterfly_odd(d, roots, radix, x);
    else if constexpr (kRadix == 2)
        butterfly_2(x);
    else if constexpr (kRadix == 3)
        butterfly_3(d, x);
    else if constexpr (kRadix == 4)
        butterfly_4(x);
    else if constexpr (kRadix == 5)
        butterfly_5(d, x);
    else if constexpr (kRadix == 8)
        butterfly_8(d, x);
    else if constexpr (kRadix == 16)
        butterfly_16(d, x);
    else
        static_assert(kRadix == 1);
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
