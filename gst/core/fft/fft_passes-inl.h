// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A complex transform. Included once for each kind of vector unit.

// clang-format off
#if defined(TACTUS_CORE_FFT_FFT_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TACTUS_CORE_FFT_FFT_PASSES_INL_H_
#undef TACTUS_CORE_FFT_FFT_PASSES_INL_H_
#else
#define TACTUS_CORE_FFT_FFT_PASSES_INL_H_
#endif
// clang-format on

#include "core/fft/across-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

/// The last pass: the results are turned by their lane twiddles.
template <std::size_t kRadix, From kFrom, class D, class T = hn::TFromD<D>>
HWY_NOINLINE void last_pass(D d, const FftTables<T>& tables, const FftStage& stage,
                            Input<kFrom, T> from, T* to) {
    using V = hn::Vec<D>;
    constexpr std::size_t kRow = kRowSize<D>;
    const std::size_t radix = kRadix == 0 ? stage.radix : kRadix;
    const std::size_t groups = tables.rows / radix;
    const T* const roots = kRadix == 0 ? tables.odd_roots[radix].data() : nullptr;
    const T* turn = tables.lane_twiddles.data();
    for (std::size_t group = 0; group < groups; ++group) {
        Complex<V> x[max_radix(kRadix)];
        x[0] = load_from(d, from, group * radix);
        for (std::size_t m = 1; m < radix; ++m)
            x[m] = load_from(d, from, group * radix + m);
        butterfly<kRadix>(d, roots, radix, x);
        for (std::size_t p = 0; p < radix; ++p, turn += kRow)
            store_row(d, x[p] * load_row(d, turn), to + (group * radix + p) * kRow);
    }
}

/// The transform across the lanes, of all rows.
template <class D, class T = hn::TFromD<D>>
HWY_NOINLINE void cross_pass(D d, const FftTables<T>& tables, const T* HWY_RESTRICT from,
                             T* HWY_RESTRICT out, bool swapped) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    for (std::size_t begin = 0; begin < tables.rows; begin += kLanes) {
        // The last rows may be done twice; they come out the same.
        const std::size_t row = HWY_MIN(begin, tables.rows - kLanes);
        if constexpr (kLanes == 1)
            store_pairs(d, load_row(d, from + tables.offsets[row]), out + 2 * row, swapped);
        else
            transform_across(d, from, tables.offsets.data() + row,
                             [&](std::size_t q, const auto& x) HWY_ATTR {
                                 store_across(d, x, out + 2 * (row + q * tables.rows), swapped);
                             });
    }
}

template <From kFrom, class D, class T = hn::TFromD<D>>
HWY_INLINE void run_row_passes(D d, const FftTables<T>& tables, const T* in, T* scratch) {
    const Input<kFrom, T> input{in};
    run_turning_passes(d, tables, input, scratch);
    const FftStage& stage = tables.stages.back();
    with_radix(stage.radix, [&](auto radix) HWY_ATTR {
        if (tables.stages.size() > 1)
            last_pass<radix(), From::rows>(d, tables, stage, {scratch}, scratch);
        else
            last_pass<radix(), kFrom>(d, tables, stage, input, scratch);
    });
}

template <class D, class T = hn::TFromD<D>>
void transform(D d, const FftTables<T>& tables, const T* in, T* out, T* scratch, bool swapped) {
    if (swapped)
        run_row_passes<From::pairs_swapped>(d, tables, in, scratch);
    else
        run_row_passes<From::pairs>(d, tables, in, scratch);
    cross_pass(d, tables, scratch, out, swapped);
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
