// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The step across lanes. Included once for each kind of vector unit.

// clang-format off
#if defined(TACTUS_CORE_FFT_ACROSS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef TACTUS_CORE_FFT_ACROSS_INL_H_
#undef TACTUS_CORE_FFT_ACROSS_INL_H_
#else
#define TACTUS_CORE_FFT_ACROSS_INL_H_
#endif
// clang-format on

#include "core/fft/row_passes-inl.h"

#include <array>
#include <cstdint>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
// One lane is never put across; only the names are needed.
template <class D, class T = hn::TFromD<D>, class Store>
void transform_across(D d, const T* rows, const std::uint32_t* offsets, const Store& store);
template <class D, class V, class T = hn::TFromD<D>>
void store_across(D d, const Complex<V>& x, T* to, bool swapped);
template <class D, class V, class T = hn::TFromD<D>>
void store_mirrored_across(D d, const Complex<V>& x, T* to);
template <bool kReverse, class D, class V>
V put_in_order(D d, const V& v);
#else
/// Rows are put across in the order of row_across, whose steps these are.
template <class D>
constexpr std::size_t kBlock = HWY_MIN(16 / sizeof(hn::TFromD<D>), hn::MaxLanes(D()));
template <class D>
constexpr std::size_t kStep = row_across<hn::TFromD<D>>(hn::MaxLanes(D()), kBlock<D>);

/// The blocks at `offsets[0]`, `offsets[kStep]`, ...
template <std::size_t kStep, class D, class T = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> load_blocks(D d, const T* from, const std::uint32_t* offsets) {
    if constexpr (hn::MaxLanes(d) <= kBlock<D>) {
        return hn::Load(d, from + offsets[0]);
    } else {
        const hn::Half<D> half;
        constexpr std::size_t kHalf = hn::MaxLanes(half) / kBlock<D>;
        const auto lower = load_blocks<kStep>(half, from, offsets);
        const auto upper = load_blocks<kStep>(half, from, offsets + kHalf * kStep);
        return hn::Combine(d, upper, lower);
    }
}

template <class D, class V>
HWY_INLINE void transpose_in_blocks(D d, V* x) {
    if constexpr (kBlock<D> == 2) {
        const V a = x[0];
        x[0] = hn::InterleaveLower(d, a, x[1]);
        x[1] = hn::InterleaveUpper(d, a, x[1]);
    } else if constexpr (kBlock<D> == 4) {
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

/// `x[i]` gets lane i of as many rows as there are lanes, which lie at `offsets`, for the lanes of
/// the first block.
template <class D, class T = hn::TFromD<D>, class V = hn::Vec<D>>
HWY_INLINE void load_block_across(D d, const T* rows, const std::uint32_t* offsets, V* x) {
    for (std::size_t i = 0; i < kBlock<D>; ++i)
        x[i] = load_blocks<kStep<D>>(d, rows, offsets + row_across<T>(hn::MaxLanes(d), i));
    transpose_in_blocks(d, x);
}

/// The same of 16 lanes, whose 32 vectors would not fit into registers: first of the four blocks,
/// then of the four lanes in them.
template <class D, class Store>
HWY_INLINE void transform_across_16(D d, const float* rows, const std::uint32_t* offsets,
                                    const Store& store) {
    using V = hn::Vec<D>;
    constexpr float kC1 = 0.923879532511286756128183189396788287F;
    constexpr float kC2 = 0.707106781186547524400844362104849039F;
    constexpr float kC3 = 0.382683432365089771728459984030398867F;
    alignas(16) constexpr float kRoots[3][2][4] = {
        {{1, kC1, kC2, kC3}, {0, -kC3, -kC2, -kC1}},
        {{1, kC2, 0, -kC2}, {0, -kC2, -1, -kC2}},
        {{1, kC3, -kC2, -kC1}, {0, -kC1, -kC2, kC3}},
    };
    Complex<V> blocks[4][4];
    for (std::size_t i = 0; i < 4; ++i) {
        Complex<V> x[4];
        for (std::size_t b = 0; b < 4; ++b)
            x[b] = {load_blocks<2>(d, rows + 4 * b, offsets + row_across<float>(16, i)),
                    load_blocks<2>(d, rows + 16 + 4 * b, offsets + row_across<float>(16, i))};
        butterfly_4(x);
        blocks[0][i] = x[0];
        for (std::size_t q = 1; q < 4; ++q)
            blocks[q][i] = x[q] * Complex<V>{hn::LoadDup128(d, kRoots[q - 1][0]),
                                             hn::LoadDup128(d, kRoots[q - 1][1])};
    }
    for (std::size_t q = 0; q < 4; ++q) {
        V re[4] = {blocks[q][0].re, blocks[q][1].re, blocks[q][2].re, blocks[q][3].re};
        V im[4] = {blocks[q][0].im, blocks[q][1].im, blocks[q][2].im, blocks[q][3].im};
        transpose_in_blocks(d, re);
        transpose_in_blocks(d, im);
        Complex<V> x[4] = {{re[0], im[0]}, {re[1], im[1]}, {re[2], im[2]}, {re[3], im[3]}};
        butterfly_4(x);
        for (std::size_t i = 0; i < 4; ++i)
            store(q + 4 * i, x[i]);
    }
}

/// The transform across the lanes, of as many rows as there are lanes: `store` gets each q and
/// point q of each row. In one butterfly.
template <class D, class T = hn::TFromD<D>, class Store>
HWY_INLINE void transform_across(D d, const T* rows, const std::uint32_t* offsets,
                                 const Store& store) {
    using V = hn::Vec<D>;
    constexpr std::size_t kLanes = hn::MaxLanes(d);
    if constexpr (kLanes == 16)
        return transform_across_16(d, rows, offsets, store);
    V re[kLanes];
    V im[kLanes];
    for (std::size_t b = 0; b < kLanes; b += kBlock<D>) {
        load_block_across(d, rows + b, offsets, re + b);
        load_block_across(d, rows + kLanes + b, offsets, im + b);
    }
    Complex<V> x[kLanes];
    for (std::size_t l = 0; l < kLanes; ++l)
        x[l] = {re[l], im[l]};
    butterfly<kLanes>(d, static_cast<const T*>(nullptr), kLanes, x);
    for (std::size_t q = 0; q < kLanes; ++q)
        store(q, x[q]);
}

/// Real and imaginary parts in turns, of points in the order of row_across.
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void store_across(D d, const Complex<V>& x, T* to, bool swapped) {
    const V first = swapped ? x.im : x.re;
    const V second = swapped ? x.re : x.im;
    hn::StoreU(hn::InterleaveLower(d, first, second), d, to);
    hn::StoreU(hn::InterleaveUpper(d, first, second), d, to + hn::MaxLanes(d));
}

/// Pairs of numbers in reverse order.
template <class D, class V>
HWY_INLINE V pairs_reversed(D d, const V& v) {
    if constexpr (hn::MaxLanes(d) == 2) {
        return v;
    } else if constexpr (sizeof(hn::TFromD<D>) == 4) {
        const hn::Repartition<double, D> pairs;
        return hn::BitCast(d, hn::Reverse(pairs, hn::BitCast(pairs, v)));
    } else {
        return hn::ReverseBlocks(d, v);
    }
}

/// The numbers of points that are in the order of row_across, put in order or in reverse.
template <bool kReverse, class D, class V>
HWY_INLINE V put_in_order(D d, const V& v) {
    using T = hn::TFromD<D>;
    using Index = hn::TFromD<hn::RebindToSigned<D>>;
    constexpr std::size_t kLanes = hn::MaxLanes(D());
    if constexpr (kLanes <= kBlock<D>) // within a block they are in order
        return kReverse ? hn::Reverse(d, v) : v;
    alignas(kVectorAlignment) static constexpr auto kPlaces = [] {
        std::array<Index, kLanes> places{};
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
            const std::size_t place = row_across<T>(kLanes, lane);
            places[kReverse ? kLanes - 1 - place : place] = static_cast<Index>(lane);
        }
        return places;
    }();
    return hn::TableLookupLanes(v, hn::SetTableIndices(d, kPlaces.data()));
}

/// The conjugates, the last point first.
template <class D, class V, class T = hn::TFromD<D>>
HWY_INLINE void store_mirrored_across(D d, const Complex<V>& x, T* to) {
    const V im = hn::Neg(x.im);
    hn::StoreU(pairs_reversed(d, hn::InterleaveUpper(d, x.re, im)), d, to);
    hn::StoreU(pairs_reversed(d, hn::InterleaveLower(d, x.re, im)), d, to + hn::MaxLanes(d));
}
#endif

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#endif
