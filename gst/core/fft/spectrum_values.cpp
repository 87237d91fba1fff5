// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/spectrum_values.h"

// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/fft/spectrum_values.cpp"
#include <hwy/foreach_target.h>
// clang-format on

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

using Tag = hn::ScalableTag<float>;
using Floats = hn::Vec<Tag>;

constexpr std::size_t kMostLanes = HWY_MAX_BYTES / sizeof(float);

struct Power {
    HWY_INLINE Floats operator()(Tag, Floats re, Floats im) const {
        return hn::MulAdd(re, re, hn::Mul(im, im));
    }
};

struct Magnitude {
    // Scaled by a power of two, so that no square overflows or vanishes.
    HWY_INLINE Floats operator()(Tag d, Floats re, Floats im) const {
        const Floats big = hn::Max(hn::Abs(re), hn::Abs(im));
        const auto huge = hn::Gt(big, hn::Set(d, 0x1p+60F));
        const auto tiny = hn::Lt(big, hn::Set(d, 0x1p-60F));
        const Floats one = hn::Set(d, 1.0F);
        const Floats down = hn::IfThenElse(huge, hn::Set(d, 0x1p-64F),
                                           hn::IfThenElse(tiny, hn::Set(d, 0x1p+64F), one));
        const Floats up = hn::IfThenElse(huge, hn::Set(d, 0x1p+64F),
                                         hn::IfThenElse(tiny, hn::Set(d, 0x1p-64F), one));
        const Floats power = Power()(d, hn::Mul(re, down), hn::Mul(im, down));
        return hn::Mul(hn::Sqrt(power), up);
    }
};

struct Phase {
    HWY_INLINE Floats operator()(Tag d, Floats re, Floats im) const {
        const Floats zero = hn::Zero(d);
        const Floats x = hn::Abs(re);
        const Floats y = hn::Abs(im);
        const auto steep = hn::Gt(y, x);
        const Floats least = hn::IfThenElse(steep, x, y);
        const Floats most = hn::IfThenElse(steep, y, x);
        const Floats divisor = hn::IfThenElse(hn::Eq(most, zero), hn::Set(d, 1.0F), most);
        Floats angle = hn::Atan(d, hn::Div(least, divisor));
        angle = hn::IfThenElse(steep, hn::Sub(hn::Set(d, 1.57079632679489662F), angle), angle);
        angle = hn::IfThenElse(hn::Lt(re, zero), hn::Sub(hn::Set(d, 3.14159265358979324F), angle),
                               angle);
        return hn::IfThenElse(hn::Lt(im, zero), hn::Neg(angle), angle);
    }
};

struct Decibels {
    float offset;
    float floor;

    HWY_INLINE Floats operator()(Tag d, Floats power) const {
        const Floats least = hn::Set(d, floor);
        const Floats normal = hn::Set(d, std::numeric_limits<float>::min());
        const Floats finite = hn::Set(d, std::numeric_limits<float>::max());
        // Highway's would make a number of NaN, which the last line lets through.
        const Floats log = hn::impl::Log<Tag, Floats, false>(d, hn::Max(power, normal));
        Floats value = hn::MulAdd(log, hn::Set(d, 4.34294481903251828F), hn::Set(d, offset));
        value = hn::IfThenElse(hn::Lt(power, normal), least, hn::Max(value, least));
        return hn::IfThenElse(hn::Le(power, finite), value, power);
    }
};

struct PowerDecibels {
    Decibels decibels;

    HWY_INLINE Floats operator()(Tag d, Floats re, Floats im) const {
        return decibels(d, Power()(d, re, im));
    }
};

template <bool kAdd>
HWY_INLINE void put(Tag d, Floats value, float* out) {
    if constexpr (kAdd)
        value = hn::Add(value, hn::LoadU(d, out));
    hn::StoreU(value, d, out);
}

/// For each point: out = function(re, im), or out += that.
template <bool kAdd, class Function>
HWY_INLINE void for_points(const Function& function, const std::complex<float>* points,
                           std::size_t count, float* out) {
    const Tag d;
    const std::size_t lanes = hn::Lanes(d);
    const auto* in = reinterpret_cast<const float*>(points);
    Floats re;
    Floats im;
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes) {
        hn::LoadInterleaved2(d, in + 2 * i, re, im);
        put<kAdd>(d, function(d, re, im), out + i);
    }
    if (i == count)
        return;
    HWY_ALIGN float rest[2 * kMostLanes] = {};
    HWY_ALIGN float values[kMostLanes] = {};
    std::copy(in + 2 * i, in + 2 * count, rest);
    if (kAdd)
        std::copy(out + i, out + count, values);
    hn::LoadInterleaved2(d, rest, re, im);
    put<kAdd>(d, function(d, re, im), values);
    std::copy(values, values + (count - i), out + i);
}

void powers(const std::complex<float>* points, std::size_t count, float* out) {
    for_points<false>(Power(), points, count, out);
}
void magnitudes(const std::complex<float>* points, std::size_t count, float* out) {
    for_points<false>(Magnitude(), points, count, out);
}
void phases(const std::complex<float>* points, std::size_t count, float* out) {
    for_points<false>(Phase(), points, count, out);
}
void add_decibels(const std::complex<float>* points, std::size_t count, float offset, float floor,
                  float* sum) {
    for_points<true>(PowerDecibels{{offset, floor}}, points, count, sum);
}
void add_phases(const std::complex<float>* points, std::size_t count, float* sum) {
    for_points<true>(Phase(), points, count, sum);
}

void decibels(const float* powers, std::size_t count, float offset, float floor, float* out) {
    const Tag d;
    const Decibels function{offset, floor};
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(function(d, hn::LoadU(d, powers + i)), d, out + i);
    if (i == count)
        return;
    HWY_ALIGN float rest[kMostLanes] = {};
    std::copy(powers + i, powers + count, rest);
    hn::StoreU(function(d, hn::LoadU(d, rest)), d, rest);
    std::copy(rest, rest + (count - i), out + i);
}

void multiply(const float* a, const float* b, std::size_t count, float* out) {
    const Tag d;
    const std::size_t lanes = hn::Lanes(d);
    std::size_t i = 0;
    for (; i + lanes <= count; i += lanes)
        hn::StoreU(hn::Mul(hn::LoadU(d, a + i), hn::LoadU(d, b + i)), d, out + i);
    for (; i < count; ++i)
        out[i] = a[i] * b[i];
}

SpectrumValues values() {
    return {powers, magnitudes, phases, decibels, add_decibels, add_phases, multiply};
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tactus {

HWY_EXPORT(values);

SpectrumValues spectrum_values() {
    return HWY_DYNAMIC_DISPATCH(values)();
}

} // namespace tactus
#endif
