// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/spectral_kernels.h"

// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/fft/spectral_kernels.cpp"
// The kernels keep vectors in arrays, which those of unknown size cannot be; NEON does for these.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#include <hwy/foreach_target.h>
// clang-format on

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Part of a group at most: a row is made of whole ones.
template <typename T>
using Tag = hn::CappedTag<T, kSpectralGroup<T>>;

template <typename T>
void to_row(const T* pairs, std::size_t bins, T* row) {
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    for (std::size_t k = 0; k < bins; ++k) {
        T* const group = row + k / kGroup * kGroup * 2;
        group[k % kGroup] = pairs[2 * k];
        group[k % kGroup + kGroup] = pairs[2 * k + 1];
    }
    for (std::size_t k = bins; k % kGroup != 0; ++k) {
        T* const group = row + k / kGroup * kGroup * 2;
        group[k % kGroup] = group[k % kGroup + kGroup] = 0;
    }
}

template <typename T>
void from_row(const T* row, std::size_t bins, T* pairs) {
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    for (std::size_t k = 0; k < bins; ++k) {
        const T* const group = row + k / kGroup * kGroup * 2;
        pairs[2 * k] = group[k % kGroup];
        pairs[2 * k + 1] = group[k % kGroup + kGroup];
    }
}

#if HWY_TARGET != HWY_SCALAR
template <typename T>
void to_row_vectors(const T* pairs, std::size_t bins, T* row) {
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    const Tag<T> d;
    const std::size_t whole = bins / kGroup * kGroup;
    for (std::size_t k = 0; k < whole; k += kGroup)
        for (std::size_t i = 0; i < kGroup; i += hn::Lanes(d)) {
            hn::Vec<Tag<T>> re;
            hn::Vec<Tag<T>> im;
            hn::LoadInterleaved2(d, pairs + 2 * (k + i), re, im);
            hn::Store(re, d, row + 2 * k + i);
            hn::Store(im, d, row + 2 * k + kGroup + i);
        }
    to_row(pairs + 2 * whole, bins - whole, row + 2 * whole);
}

template <typename T>
void from_row_vectors(const T* row, std::size_t bins, T* pairs) {
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    const Tag<T> d;
    const std::size_t whole = bins / kGroup * kGroup;
    for (std::size_t k = 0; k < whole; k += kGroup)
        for (std::size_t i = 0; i < kGroup; i += hn::Lanes(d))
            hn::StoreInterleaved2(hn::Load(d, row + 2 * k + i),
                                  hn::Load(d, row + 2 * k + kGroup + i), d, pairs + 2 * (k + i));
    from_row(row + 2 * whole, bins - whole, pairs + 2 * whole);
}
#endif

/// Where vector `v` of the points of a row lies.
template <typename T>
constexpr std::size_t place(std::size_t v) {
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    constexpr std::size_t kLanes = hn::MaxLanes(Tag<T>());
    return v * kLanes / kGroup * 2 * kGroup + v * kLanes % kGroup;
}

template <typename T>
struct Point {
    hn::Vec<Tag<T>> re;
    hn::Vec<Tag<T>> im;
};

template <typename T>
HWY_INLINE Point<T> load_point(const T* at) {
    const Tag<T> d;
    return {hn::Load(d, at), hn::Load(d, at + kSpectralGroup<T>)};
}

template <typename T>
HWY_INLINE void store_point(const Point<T>& point, T* at) {
    const Tag<T> d;
    hn::Store(point.re, d, at);
    hn::Store(point.im, d, at + kSpectralGroup<T>);
}

template <typename T>
HWY_INLINE void add_product(const Point<T>& a, const Point<T>& b, Point<T>& sum) {
    sum.re = hn::NegMulAdd(a.im, b.im, hn::MulAdd(a.re, b.re, sum.re));
    sum.im = hn::MulAdd(a.im, b.re, hn::MulAdd(a.re, b.im, sum.im));
}

/// kVectors vectors of points at a time, so that no sum waits for the one before; of kInputs x,
/// whose rows lie `step` apart.
template <typename T, std::size_t kVectors, std::size_t kInputs>
HWY_INLINE void multiply_add_some(const T* const* x, const T* HWY_RESTRICT h, std::size_t rows,
                                  std::size_t step, std::size_t at, T* const* sum) {
    Point<T> sums[kInputs][kVectors];
    for (std::size_t i = 0; i < kInputs; ++i)
        for (std::size_t v = 0; v < kVectors; ++v)
            sums[i][v] = load_point(sum[i] + at + place<T>(v));
    for (std::size_t r = 0; r < rows; ++r)
        for (std::size_t v = 0; v < kVectors; ++v) {
            const std::size_t here = r * step + at + place<T>(v);
            const Point<T> factor = load_point(h + here);
            for (std::size_t i = 0; i < kInputs; ++i)
                add_product(load_point(x[i] + here), factor, sums[i][v]);
        }
    for (std::size_t i = 0; i < kInputs; ++i)
        for (std::size_t v = 0; v < kVectors; ++v)
            store_point(sums[i][v], sum[i] + at + place<T>(v));
}

template <typename T, std::size_t kInputs>
HWY_INLINE void multiply_add_all(const T* const* x, const T* h, std::size_t rows,
                                 std::size_t row_size, T* const* sum) {
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    constexpr std::size_t kLanes = hn::MaxLanes(Tag<T>());
    constexpr std::size_t kVectors = HWY_MAX(kGroup / kLanes, 4 / kInputs);
    constexpr std::size_t kStep = kVectors * kLanes * 2; // of numbers
    std::size_t at = 0;
    for (; at + kStep <= row_size; at += kStep)
        multiply_add_some<T, kVectors, kInputs>(x, h, rows, row_size, at, sum);
    for (; at < row_size; at += 2 * kGroup)
        multiply_add_some<T, kGroup / kLanes, kInputs>(x, h, rows, row_size, at, sum);
}

template <typename T>
void multiply_add(const T* x, const T* h, std::size_t rows, std::size_t row_size, T* sum) {
    multiply_add_all<T, 1>(&x, h, rows, row_size, &sum);
}

template <typename T>
void multiply_add_two(const T* x1, const T* x2, const T* h, std::size_t rows, std::size_t row_size,
                      T* sum1, T* sum2) {
    const T* const x[] = {x1, x2};
    T* const sum[] = {sum1, sum2};
    multiply_add_all<T, 2>(x, h, rows, row_size, sum);
}

template <typename T>
SpectralKernels<T> kernels() {
#if HWY_TARGET == HWY_SCALAR
    return {to_row<T>, from_row<T>, multiply_add<T>, multiply_add_two<T>};
#else
    return {to_row_vectors<T>, from_row_vectors<T>, multiply_add<T>, multiply_add_two<T>};
#endif
}

SpectralKernels<float> spectral_kernels_f32() {
    return kernels<float>();
}
SpectralKernels<double> spectral_kernels_f64() {
    return kernels<double>();
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tactus {

HWY_EXPORT(spectral_kernels_f32);
HWY_EXPORT(spectral_kernels_f64);

template <>
SpectralKernels<float> spectral_kernels<float>() {
    return HWY_DYNAMIC_DISPATCH(spectral_kernels_f32)();
}
template <>
SpectralKernels<double> spectral_kernels<double>() {
    return HWY_DYNAMIC_DISPATCH(spectral_kernels_f64)();
}

} // namespace tactus
#endif
