// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A complex transform as a matrix. Included once for each kind of vector unit.

// clang-format off
#if defined(TACTUS_CORE_FFT_MATRIX_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TACTUS_CORE_FFT_MATRIX_PASSES_INL_H_
#undef TACTUS_CORE_FFT_MATRIX_PASSES_INL_H_
#else
#define TACTUS_CORE_FFT_MATRIX_PASSES_INL_H_
#endif
// clang-format on

#include "core/fft/across-inl.h"

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

#if HWY_TARGET != HWY_SCALAR

/// The last pass over rows, with `store` for each row of the result and its points.
template <std::size_t kRadix, class D, class T = hn::TFromD<D>, class Store>
HWY_INLINE void plain_pass(D d, const RowTables<T>& tables, const T* from, const Store& store) {
    constexpr std::size_t kRow = kRowSize<D>;
    const std::size_t radix = kRadix == 0 ? tables.stages.back().radix : kRadix;
    const std::size_t groups = tables.groups();
    const T* const roots = kRadix == 0 ? tables.odd_roots[radix].data() : nullptr;
    for (std::size_t group = 0; group < groups; ++group) {
        Complex<hn::Vec<D>> x[max_radix(kRadix)];
        x[0] = load_row(d, from + group * radix * kRow);
        for (std::size_t m = 1; m < radix; ++m)
            x[m] = load_row(d, from + (group * radix + m) * kRow);
        butterfly<kRadix>(d, roots, radix, x);
        for (std::size_t p = 0; p < radix; ++p)
            store(group * radix + p, tables.first_rows[group] + p * groups, x[p]);
    }
}

/// Points of the columns' transforms, which lie in `from`, turned and put across to the rows of one
/// group.
template <class D, class T = hn::TFromD<D>>
HWY_NOINLINE void turn_over(D d, const T* HWY_RESTRICT from, const std::uint32_t* offsets,
                            const T* HWY_RESTRICT twiddles, T* HWY_RESTRICT to) {
    using V = hn::Vec<D>;
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    for (std::size_t b = 0; b < kLanes; b += kBlock<D>) {
        V re[kBlock<D>];
        V im[kBlock<D>];
        load_block_across(d, from + b, offsets, re);
        load_block_across(d, from + kLanes + b, offsets, im);
        for (std::size_t i = 0; i < kBlock<D>; ++i) {
            const std::size_t row = (b + i) * kRowSize<D>;
            store_row(d, Complex<V>{re[i], im[i]} * load_row(d, twiddles + row), to + row);
        }
    }
}

/// As many columns as lanes, from `column` on: to their places in the rows of all groups.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void transform_columns(D d, const MatrixTables<T>& tables, std::size_t column,
                                  const T* in, T* scratch, bool swapped) {
    constexpr std::size_t kRow = kRowSize<D>;
    const std::size_t stride = tables.rows.rows;
    T* const work = scratch + tables.groups() * stride * kRow;
    for (std::size_t j = 0; j < tables.columns.rows; ++j)
        store_row(d, load_pairs(d, in + 2 * (column + j * stride), swapped), work + j * kRow);
    run_turning_passes(d, tables.columns, Input<From::rows, T>{work}, work);
    with_radix(tables.columns.stages.back().radix, [&](auto radix) HWY_ATTR {
        plain_pass<radix()>(d, tables.columns, work,
                            [&](std::size_t place, std::size_t, const auto& x)
                                HWY_ATTR { store_row(d, x, work + place * kRow); });
    });
    for (std::size_t group = 0; group < tables.groups(); ++group) {
        const std::size_t to = (group * stride + column) * kRow;
        turn_over(d, work, tables.columns.offsets.data() + tables.first_of(group),
                  tables.twiddles.data() + to, scratch + to);
    }
}

template <class D, class T = hn::TFromD<D>>
void transform_matrix(D d, const MatrixTables<T>& tables, const T* in, T* out, T* scratch,
                      bool swapped) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    const std::size_t columns = tables.rows.rows;
    // The last columns and groups may be done twice; they come out the same.
    for (std::size_t begin = 0; begin < columns; begin += kLanes)
        transform_columns(d, tables, HWY_MIN(begin, columns - kLanes), in, scratch, swapped);
    for (std::size_t group = 0; group < tables.groups(); ++group) {
        T* const rows = scratch + group * columns * kRowSize<D>;
        run_turning_passes(d, tables.rows, Input<From::rows, T>{rows}, rows);
        T* const to = out + 2 * tables.first_of(group);
        with_radix(tables.rows.stages.back().radix, [&](auto radix) HWY_ATTR {
            plain_pass<radix()>(d, tables.rows, rows,
                                [&](std::size_t, std::size_t row, const auto& x) HWY_ATTR {
                                    store_across(d, x, to + 2 * row * tables.columns.rows, swapped);
                                });
        });
    }
}

#endif

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
