// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/fft_kernels.h"

// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/fft/fft_kernels.cpp"
// The kernels keep vectors in arrays, which those of unknown size cannot be; NEON does for these.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#include <hwy/foreach_target.h>
// clang-format on

#include "core/fft/matrix_passes-inl.h"
#include "core/fft/real_passes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

// The most lanes: a transform across more than 16 has no butterfly.
template <typename T>
constexpr std::size_t kLanes = HWY_MIN(hn::MaxLanes(hn::ScalableTag<T>()), 16);

/// Calls `body` with the tag for as many lanes as the tables were made for.
template <typename T, std::size_t kTry = kLanes<T>, class Body>
HWY_INLINE void with_lanes(std::size_t lanes, const Body& body) {
    if constexpr (kTry == 1) {
        body(hn::CappedTag<T, 1>());
    } else {
        if (lanes == kTry)
            body(hn::CappedTag<T, kTry>());
        else
            with_lanes<T, kTry / 2>(lanes, body);
    }
}

template <typename T>
void transform_any(const FftTables<T>& tables, const T* in, T* out, T* scratch, bool swapped) {
    with_lanes<T>(tables.lanes,
                  [&](auto d) HWY_ATTR { transform(d, tables, in, out, scratch, swapped); });
}

template <typename T>
void transform_matrix_any(const MatrixTables<T>& tables, const T* in, T* out, T* scratch,
                          bool swapped) {
    with_lanes<T>(tables.lanes(), [&](auto d) HWY_ATTR {
        if constexpr (hn::MaxLanes(d) > 1)
            transform_matrix(d, tables, in, out, scratch, swapped);
    });
}

template <class Put, typename T>
void transform_real_any(const RealTables<T>& tables, const T* in, const T* window, T* out,
                        T* scratch) {
    with_lanes<T>(tables.lanes, [&](auto d) HWY_ATTR {
        if constexpr (hn::MaxLanes(d) > 1)
            transform_real<Put>(d, tables, in, window, out, scratch);
    });
}

template <typename T>
void transform_channels_any(const SplitTables<T>& tables, const T* in, std::size_t channels, T* out,
                            T* scratch) {
    with_lanes<T>(tables.lanes, [&](auto d) HWY_ATTR {
        if constexpr (hn::MaxLanes(d) >= kFewestChannels)
            transform_channels(d, tables, in, channels, out, scratch);
    });
}

template <typename T>
void split_any(const T* roots, std::size_t points, T* spectrum) {
    split(hn::CappedTag<T, kLanes<T>>(), roots, points, spectrum);
}

template <typename T>
void merge_any(const T* roots, std::size_t points, const T* spectrum, T* out) {
    merge(hn::CappedTag<T, kLanes<T>>(), roots, points, spectrum, out);
}

template <typename T>
FftKernels<T> kernels() {
    return {kLanes<T>,
            transform_any<T>,
            transform_matrix_any<T>,
            transform_real_any<PutPoints, T>,
            transform_real_any<PutPowers, T>,
            transform_channels_any<T>,
            split_any<T>,
            merge_any<T>,
            hwy::TargetName(HWY_TARGET)};
}

FftKernels<float> kernels_f32() {
    return kernels<float>();
}
FftKernels<double> kernels_f64() {
    return kernels<double>();
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tactus {

HWY_EXPORT(kernels_f32);
HWY_EXPORT(kernels_f64);

template <>
FftKernels<float> fft_kernels<float>() {
    return HWY_DYNAMIC_DISPATCH(kernels_f32)();
}
template <>
FftKernels<double> fft_kernels<double>() {
    return HWY_DYNAMIC_DISPATCH(kernels_f64)();
}

} // namespace tactus
#endif
