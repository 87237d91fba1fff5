// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The passes that never mix lanes. Included once for each kind of vector unit.

// clang-format off
#if defined(TACTUS_CORE_FFT_ROW_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TACTUS_CORE_FFT_ROW_PASSES_INL_H_
#undef TACTUS_CORE_FFT_ROW_PASSES_INL_H_
#else
#define TACTUS_CORE_FFT_ROW_PASSES_INL_H_
#endif
// clang-format on

#include "core/fft/butterflies-inl.h"
#include "core/fft/fft_tables.h"

#include <type_traits>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

/// Real and imaginary parts in turns in memory, apart in vectors. `swapped`: exchanged.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE Complex<hn::Vec<D>> load_pairs(D d, const T* from, bool swapped) {
    hn::Vec<D> first;
    hn::Vec<D> second;
    if constexpr (hn::MaxLanes(d) == 1) {
        first = hn::Set(d, from[0]);
        second = hn::Set(d, from[1]);
    } else {
        hn::LoadInterleaved2(d, from, first, second);
    }
    return swapped ? Complex<hn::Vec<D>>{second, first} : Complex<hn::Vec<D>>{first, second};
}

template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void store_pairs(D d, const Complex<V>& x, T* to, bool swapped) {
    const V first = swapped ? x.im : x.re;
    const V second = swapped ? x.re : x.im;
    if constexpr (hn::MaxLanes(d) == 1) {
        to[0] = hn::GetLane(first);
        to[1] = hn::GetLane(second);
    } else {
        hn::StoreInterleaved2(first, second, d, to);
    }
}

/// A row: all real parts, then all imaginary parts. Those of real input lie anywhere.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE Complex<hn::Vec<D>> load_row(D d, const T* row) {
    return {hn::LoadU(d, row), hn::LoadU(d, row + hn::MaxLanes(d))};
}
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void store_row(D d, const Complex<V>& x, T* row) {
    hn::Store(x.re, d, row);
    hn::Store(x.im, d, row + hn::MaxLanes(d));
}

/// Where a pass takes its rows from: points, maybe with their parts exchanged; rows as they lie in
/// scratch memory; such times a window; or two frames of audio each, `stride` numbers apart.
enum class From { pairs, pairs_swapped, rows, windowed, frames };

/// By value to passes, and so in registers: else what they store might change it, for all that a
/// compiler knows.
template <From kFrom, class T>
struct Input {
    const T* numbers;
};
template <class T>
struct Input<From::windowed, T> {
    const T* numbers;
    const T* window;
};
template <class T>
struct Input<From::frames, T> {
    const T* numbers;
    std::size_t stride;
};

template <From kFrom, class D, class T = hn::TFromD<D>>
HWY_INLINE Complex<hn::Vec<D>> load_from(D d, Input<kFrom, T> from, std::size_t row) {
    constexpr std::size_t kRow = 2 * hn::MaxLanes(d);
    if constexpr (kFrom == From::frames) {
        return {hn::LoadU(d, from.numbers + 2 * row * from.stride),
                hn::LoadU(d, from.numbers + (2 * row + 1) * from.stride)};
    } else if constexpr (kFrom == From::rows) {
        return load_row(d, from.numbers + row * kRow);
    } else if constexpr (kFrom == From::windowed) {
        const auto x = load_row(d, from.numbers + row * kRow);
        const auto window = load_row(d, from.window + row * kRow);
        return {hn::Mul(x.re, window.re), hn::Mul(x.im, window.im)};
    } else {
        return load_pairs(d, from.numbers + row * kRow, kFrom == From::pairs_swapped);
    }
}

template <class D>
constexpr std::size_t kRowSize = 2 * hn::MaxLanes(D());
constexpr std::size_t max_radix(std::size_t radix) {
    return radix == 0 ? kLargestRadix : radix;
}

/// A pass with another behind it: the results stay where they are, turned by their twiddles.
template <std::size_t kRadix, From kFrom, class D, class T = hn::TFromD<D>>
HWY_NOINLINE void turning_pass(D d, const RowTables<T>& tables, const FftStage& stage,
                               Input<kFrom, T> from, T* to, std::size_t rows) {
    using V = hn::Vec<D>;
    constexpr std::size_t kRow = kRowSize<D>;
    const std::size_t radix = kRadix == 0 ? stage.radix : kRadix;
    const std::size_t part = stage.span / radix;
    const T* const roots = kRadix == 0 ? tables.odd_roots[radix].data() : nullptr;
    const T* twiddle = tables.twiddles.data() + stage.twiddles;
    for (std::size_t j = 0; j < part; ++j, twiddle += 2 * (radix - 1))
        for (std::size_t base = j; base < rows; base += stage.span) {
            Complex<V> x[max_radix(kRadix)];
            x[0] = load_from(d, from, base);
            for (std::size_t m = 1; m < radix; ++m)
                x[m] = load_from(d, from, base + m * part);
            butterfly<kRadix>(d, roots, radix, x);
            store_row(d, x[0], to + base * kRow);
            for (std::size_t p = 1; p < radix; ++p) {
                const Complex<V> root{hn::Set(d, twiddle[2 * p - 2]),
                                      hn::Set(d, twiddle[2 * p - 1])};
                store_row(d, x[p] * root, to + (base + p * part) * kRow);
            }
        }
}

/// Calls `body` with the radix as a type, 0 for one without a butterfly of its own.
template <class Body>
HWY_INLINE void with_radix(std::size_t radix, const Body& body) {
    switch (radix) {
    case 1:
        return body(std::integral_constant<std::size_t, 1>());
    case 2:
        return body(std::integral_constant<std::size_t, 2>());
    case 3:
        return body(std::integral_constant<std::size_t, 3>());
    case 4:
        return body(std::integral_constant<std::size_t, 4>());
    case 5:
        return body(std::integral_constant<std::size_t, 5>());
    case 8:
        return body(std::integral_constant<std::size_t, 8>());
    default:
        return body(std::integral_constant<std::size_t, 0>());
    }
}

template <From kFrom, class D, class T = hn::TFromD<D>>
HWY_INLINE void turn(D d, const RowTables<T>& tables, const FftStage& stage, Input<kFrom, T> from,
                     T* to, std::size_t rows) {
    with_radix(stage.radix, [&](auto radix) HWY_ATTR {
        turning_pass<radix(), kFrom>(d, tables, stage, from, to, rows);
    });
}

/// All passes but the last, which finds its rows in scratch memory then; of a single one, none.
///
/// What the first passes leave are transforms of their own; as soon as one fits into the nearest
/// cache, all passes are done on it before the next.
template <From kFirst, class D, class T = hn::TFromD<D>>
HWY_INLINE void run_turning_passes(D d, const RowTables<T>& tables, Input<kFirst, T> in,
                                   T* scratch) {
    constexpr std::size_t kRow = kRowSize<D>;
    constexpr std::size_t kNearRows = kNearBytes / (kRow * sizeof(T));
    using Rows = Input<From::rows, T>;
    const std::size_t passes = tables.stages.size() - 1;
    if (passes == 0)
        return;
    turn(d, tables, tables.stages[0], in, scratch, tables.rows);
    std::size_t i = 1;
    for (; i < passes && tables.stages[i].span > kNearRows; ++i)
        turn(d, tables, tables.stages[i], Rows{scratch}, scratch, tables.rows);
    const std::size_t part = tables.stages[i].span;
    for (T* rows = scratch; rows < scratch + tables.rows * kRow; rows += part * kRow)
        for (std::size_t k = i; k < passes; ++k)
            turn(d, tables, tables.stages[k], Rows{rows}, rows, part);
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
