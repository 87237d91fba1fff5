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

/// kVectors vectors of points at a time, so that no sum waits for the one before.
template <typename T, std::size_t kVectors>
HWY_INLINE void multiply_add_some(const T* HWY_RESTRICT x, const T* HWY_RESTRICT h,
                                  std::size_t rows, std::size_t row_size, T* HWY_RESTRICT sum) {
    using V = hn::Vec<Tag<T>>;
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    constexpr std::size_t kLanes = hn::MaxLanes(Tag<T>());
    const Tag<T> d;
    V re[kVectors];
    V im[kVectors];
    const auto place = [](std::size_t v) {
        return v * kLanes / kGroup * 2 * kGroup + v * kLanes % kGroup;
    };
    for (std::size_t v = 0; v < kVectors; ++v) {
        re[v] = hn::Load(d, sum + place(v));
        im[v] = hn::Load(d, sum + place(v) + kGroup);
    }
    for (std::size_t r = 0; r < rows; ++r, x += row_size, h += row_size)
        for (std::size_t v = 0; v < kVectors; ++v) {
            const V x_re = hn::Load(d, x + place(v));
            const V x_im = hn::Load(d, x + place(v) + kGroup);
            const V h_re = hn::Load(d, h + place(v));
            const V h_im = hn::Load(d, h + place(v) + kGroup);
            re[v] = hn::NegMulAdd(x_im, h_im, hn::MulAdd(x_re, h_re, re[v]));
            im[v] = hn::MulAdd(x_im, h_re, hn::MulAdd(x_re, h_im, im[v]));
        }
    for (std::size_t v = 0; v < kVectors; ++v) {
        hn::Store(re[v], d, sum + place(v));
        hn::Store(im[v], d, sum + place(v) + kGroup);
    }
}

template <typename T>
void multiply_add(const T* x, const T* h, std::size_t rows, std::size_t row_size, T* sum) {
    constexpr std::size_t kGroup = kSpectralGroup<T>;
    constexpr std::size_t kLanes = hn::MaxLanes(Tag<T>());
    constexpr std::size_t kVectors = HWY_MAX(kGroup / kLanes, 4);
    constexpr std::size_t kStep = kVectors * kLanes * 2; // of numbers
    std::size_t at = 0;
    for (; at + kStep <= row_size; at += kStep)
        multiply_add_some<T, kVectors>(x + at, h + at, rows, row_size, sum + at);
    for (; at < row_size; at += 2 * kGroup)
        multiply_add_some<T, kGroup / kLanes>(x + at, h + at, rows, row_size, sum + at);
}

template <typename T>
SpectralKernels<T> kernels() {
#if HWY_TARGET == HWY_SCALAR
    return {to_row<T>, from_row<T>, multiply_add<T>};
#else
    return {to_row_vectors<T>, from_row_vectors<T>, multiply_add<T>};
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
