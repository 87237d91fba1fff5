// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The passes of a complex transform. Included once for each kind of vector unit.

// clang-format off
#if defined(TACTUS_CORE_FFT_PASSES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TACTUS_CORE_FFT_PASSES_INL_H_
#undef TACTUS_CORE_FFT_PASSES_INL_H_
#else
#define TACTUS_CORE_FFT_PASSES_INL_H_
#endif
// clang-format on

#include "core/fft/butterflies-inl.h"
#include "core/fft/fft_tables.h"

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

/// A row in scratch memory: all real parts, then all imaginary parts.
template <class D, class T = hn::TFromD<D>>
HWY_INLINE Complex<hn::Vec<D>> load_row(D d, const T* row) {
    return {hn::Load(d, row), hn::Load(d, row + hn::MaxLanes(d))};
}
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void store_row(D d, const Complex<V>& x, T* row) {
    hn::Store(x.re, d, row);
    hn::Store(x.im, d, row + hn::MaxLanes(d));
}

/// Where a pass takes its rows from.
enum class From { input, input_swapped, scratch };

template <From kFrom, class D, class T = hn::TFromD<D>>
HWY_INLINE Complex<hn::Vec<D>> load_from(D d, const T* row) {
    if constexpr (kFrom == From::scratch)
        return load_row(d, row);
    else
        return load_pairs(d, row, kFrom == From::input_swapped);
}

template <class D>
constexpr std::size_t kRowSize = 2 * hn::MaxLanes(D());
constexpr std::size_t max_radix(std::size_t radix) {
    return radix == 0 ? kLargestRadix : radix;
}

/// A pass with another behind it: the results stay where they are, turned by their twiddles.
template <std::size_t kRadix, From kFrom, class D, class T = hn::TFromD<D>>
HWY_NOINLINE void turning_pass(D d, const FftTables<T>& tables, const FftStage& stage,
                               const T* from, T* to) {
    using V = hn::Vec<D>;
    constexpr std::size_t kRow = kRowSize<D>;
    const std::size_t radix = kRadix == 0 ? stage.radix : kRadix;
    const std::size_t part = stage.span / radix;
    const T* const roots = kRadix == 0 ? tables.odd_roots[radix].data() : nullptr;
    const T* twiddle = tables.twiddles.data() + stage.twiddles;
    for (std::size_t j = 0; j < part; ++j, twiddle += 2 * (radix - 1))
        for (std::size_t base = j; base < tables.rows; base += stage.span) {
            Complex<V> x[max_radix(kRadix)];
            x[0] = load_from<kFrom>(d, from + base * kRow);
            for (std::size_t m = 1; m < radix; ++m)
                x[m] = load_from<kFrom>(d, from + (base + m * part) * kRow);
            butterfly<kRadix>(d, roots, radix, x);
            store_row(d, x[0], to + base * kRow);
            for (std::size_t p = 1; p < radix; ++p) {
                const Complex<V> root{hn::Set(d, twiddle[2 * p - 2]),
                                      hn::Set(d, twiddle[2 * p - 1])};
                store_row(d, x[p] * root, to + (base + p * part) * kRow);
            }
        }
}

/// The last pass: the results go to their places, turned by their lane twiddles.
template <std::size_t kRadix, From kFrom, class D, class T = hn::TFromD<D>>
HWY_NOINLINE void last_pass(D d, const FftTables<T>& tables, const FftStage& stage,
                            const T* HWY_RESTRICT from, T* HWY_RESTRICT to) {
    using V = hn::Vec<D>;
    constexpr std::size_t kRow = kRowSize<D>;
    const std::size_t radix = kRadix == 0 ? stage.radix : kRadix;
    const std::size_t groups = tables.rows / radix;
    const T* const roots = kRadix == 0 ? tables.odd_roots[radix].data() : nullptr;
    for (std::size_t group = 0; group < groups; ++group) {
        Complex<V> x[max_radix(kRadix)];
        x[0] = load_from<kFrom>(d, from + group * radix * kRow);
        for (std::size_t m = 1; m < radix; ++m)
            x[m] = load_from<kFrom>(d, from + (group * radix + m) * kRow);
        butterfly<kRadix>(d, roots, radix, x);
        std::size_t row = tables.first_rows[group];
        for (std::size_t p = 0; p < radix; ++p, row += groups)
            store_row(d, x[p] * load_row(d, tables.lane_twiddles.data() + row * kRow),
                      to + row * kRow);
    }
}

template <std::size_t kRadix, class D, class T = hn::TFromD<D>>
HWY_INLINE void run_stage(D d, const FftTables<T>& tables, const FftStage& stage, From kind,
                          const T* from, T* to) {
    if (stage.span == stage.radix) {
        if (kind == From::input)
            last_pass<kRadix, From::input>(d, tables, stage, from, to);
        else if (kind == From::input_swapped)
            last_pass<kRadix, From::input_swapped>(d, tables, stage, from, to);
        else
            last_pass<kRadix, From::scratch>(d, tables, stage, from, to);
    } else if (kind == From::input) {
        turning_pass<kRadix, From::input>(d, tables, stage, from, to);
    } else if (kind == From::input_swapped) {
        turning_pass<kRadix, From::input_swapped>(d, tables, stage, from, to);
    } else {
        turning_pass<kRadix, From::scratch>(d, tables, stage, from, to);
    }
}

template <class D, class T = hn::TFromD<D>>
HWY_INLINE void run_any_stage(D d, const FftTables<T>& tables, const FftStage& stage, From kind,
                              const T* from, T* to) {
    switch (stage.radix) {
    case 1:
        return run_stage<1>(d, tables, stage, kind, from, to);
    case 2:
        return run_stage<2>(d, tables, stage, kind, from, to);
    case 3:
        return run_stage<3>(d, tables, stage, kind, from, to);
    case 4:
        return run_stage<4>(d, tables, stage, kind, from, to);
    case 5:
        return run_stage<5>(d, tables, stage, kind, from, to);
    case 8:
        return run_stage<8>(d, tables, stage, kind, from, to);
    default:
        return run_stage<0>(d, tables, stage, kind, from, to);
    }
}

/// Lanes and rows exchanged: `x[l]` gets lane l of as many rows as there are lanes. Blocks of 128
/// bits are put in place by the loads, so only lanes within them are left to move.
#if HWY_TARGET == HWY_SCALAR
template <class D, class T = hn::TFromD<D>>
HWY_INLINE void load_transposed(D d, const T* rows, hn::Vec<D>* x) {
    x[0] = hn::Load(d, rows);
}
#else
template <class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* from, std::size_t stride) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    constexpr std::size_t kBlock = 16 / sizeof(T);
    if constexpr (kLanes <= kBlock) {
        return hn::Load(d, from);
    } else {
        const hn::Half<D> half;
        const auto lower = load_blocks(half, from, stride);
        const auto upper = load_blocks(half, from + kLanes / 2 / kBlock * stride, stride);
        return hn::Combine(d, upper, lower);
    }
}

template <class D, class V>
HWY_INLINE void transpose_in_blocks(D d, V* x) {
    constexpr std::size_t kBlock = HWY_MIN(16 / sizeof(hn::TFromD<D>), hn::MaxLanes(D()));
    if constexpr (kBlock == 2) {
        const V a = x[0];
        x[0] = hn::InterleaveLower(d, a, x[1]);
        x[1] = hn::InterleaveUpper(d, a, x[1]);
    } else if constexpr (kBlock == 4) {
        const V a = hn::InterleaveLower(d, x[0], x[2]);
        const V b = hn::InterleaveLower(d, x[1], x[3]);
        const V c = hn::InterleaveUpper(d, x[0], x[2]);
        const V e = hn::InterleaveUpper(d, x[1], x[3]);
        x[0] = hn::InterleaveLower(d, a, b);
        x[1] = hn::InterleaveUpper(d, a, b);
        x[2] = hn::InterleaveLower(d, c, e);
        x[3] = hn::InterleaveUpper(d, c, e);
    }
}

template <class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE void load_transposed(D d, const T* rows, V* x) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    constexpr std::size_t kBlock = HWY_MIN(16 / sizeof(T), kLanes);
    constexpr std::size_t kRow = kRowSize<D>;
    for (std::size_t b = 0; b < kLanes; b += kBlock) {
        for (std::size_t i = 0; i < kBlock; ++i)
            x[b + i] = load_blocks(d, rows + i * kRow + b, kBlock * kRow);
        transpose_in_blocks(d, x + b);
    }
}
#endif

/// The transform across the lanes, of as many rows as there are lanes: `x[q]` gets point q of each.
template <class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE void transform_across(D d, const T* rows, Complex<V>* x) {
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    V re[kLanes];
    V im[kLanes];
    load_transposed(d, rows, re);
    load_transposed(d, rows + kLanes, im);
    for (std::size_t l = 0; l < kLanes; ++l)
        x[l] = {re[l], im[l]};
    butterfly<kLanes>(d, static_cast<const T*>(nullptr), kLanes, x);
}

/// That for all rows.
template <class D, class T = hn::TFromD<D>>
HWY_NOINLINE void cross_pass(D d, const FftTables<T>& tables, const T* HWY_RESTRICT from,
                             T* HWY_RESTRICT out, bool swapped) {
    using V = hn::Vec<D>;
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    constexpr std::size_t kRow = kRowSize<D>;
    for (std::size_t begin = 0; begin < tables.rows; begin += kLanes) {
        // The last rows may be done twice; they come out the same.
        const std::size_t row = HWY_MIN(begin, tables.rows - kLanes);
        Complex<V> x[kLanes];
        transform_across(d, from + row * kRow, x);
        for (std::size_t q = 0; q < kLanes; ++q)
            store_pairs(d, x[q], out + 2 * (row + q * tables.rows), swapped);
    }
}

/// All passes but the one across the lanes. Returns the rows, which lie in `scratch`: in two halves
/// of it in turns, as the last pass moves rows.
template <class D, class T = hn::TFromD<D>>
T* run_stages(D d, const FftTables<T>& tables, const T* in, T* scratch, bool swapped) {
    T* const other = scratch + 2 * tables.length;
    From kind = swapped ? From::input_swapped : From::input;
    const T* from = in;
    for (const FftStage& stage : tables.stages) {
        const bool is_last = stage.span == stage.radix;
        T* const to = is_last ? other : scratch;
        run_any_stage(d, tables, stage, kind, from, to);
        kind = From::scratch;
        from = to;
    }
    return other;
}

template <class D, class T = hn::TFromD<D>>
void transform(D d, const FftTables<T>& tables, const T* in, T* out, T* scratch, bool swapped) {
    cross_pass(d, tables, run_stages(d, tables, in, scratch, swapped), out, swapped);
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
