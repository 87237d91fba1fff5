// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/spectrum_math.h"

// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/fft/spectrum_math.cpp"
#include <hwy/foreach_target.h>
// clang-format on

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

/// Calls `body` with a tag and an index for each group of lanes, and one by one for what is left.
template <class Body>
HWY_INLINE void for_each_vector(std::size_t count, const Body& body) {
    const hn::ScalableTag<float> d;
    const hn::CappedTag<float, 1> one;
    std::size_t k = 0;
    for (const std::size_t step = hn::Lanes(d); k + step <= count; k += step)
        body(d, k);
    for (; k < count; ++k)
        body(one, k);
}

void power(const float* points, float* out, std::size_t count) {
    for_each_vector(count, [&](auto d, std::size_t k) HWY_ATTR {
        hn::Vec<decltype(d)> re;
        hn::Vec<decltype(d)> im;
        hn::LoadInterleaved2(d, points + 2 * k, re, im);
        hn::StoreU(hn::MulAdd(re, re, hn::Mul(im, im)), d, out + k);
    });
}

void magnitude(const float* power, float* out, std::size_t count) {
    for_each_vector(count, [&](auto d, std::size_t k) HWY_ATTR {
        hn::StoreU(hn::Sqrt(hn::LoadU(d, power + k)), d, out + k);
    });
}

void decibels(const float* power, float* out, std::size_t count) {
    for_each_vector(count, [&](auto d, std::size_t k) HWY_ATTR {
        const auto least = hn::Set(d, 1e-20F);
        const auto most = hn::Set(d, 3.4028234e38F);
        const auto value = hn::LoadU(d, power + k);
        const auto bounded = hn::Min(hn::Max(value, least), most);
        const auto db = hn::Mul(hn::Set(d, 10.0F), hn::Log10(d, bounded));
        hn::StoreU(hn::IfThenElse(hn::Gt(value, most), value, db), d, out + k);
    });
}

void product(const float* a, const float* b, float* out, std::size_t count) {
    for_each_vector(count, [&](auto d, std::size_t k) HWY_ATTR {
        hn::StoreU(hn::Mul(hn::LoadU(d, a + k), hn::LoadU(d, b + k)), d, out + k);
    });
}

void add_product(const float* a, const float* b, float* sum, std::size_t count) {
    for_each_vector(count, [&](auto d, std::size_t k) HWY_ATTR {
        const auto before = hn::LoadU(d, sum + k);
        hn::StoreU(hn::MulAdd(hn::LoadU(d, a + k), hn::LoadU(d, b + k), before), d, sum + k);
    });
}

bool finite(const float* values, std::size_t count) {
    // x * 0 is 0 for all that is finite, and not a number for the rest.
    const hn::ScalableTag<float> d;
    auto sum = hn::Zero(d);
    std::size_t k = 0;
    for (const std::size_t step = hn::Lanes(d); k + step <= count; k += step)
        sum = hn::MulAdd(hn::LoadU(d, values + k), hn::Zero(d), sum);
    bool good = hn::AllTrue(d, hn::Eq(sum, hn::Zero(d)));
    for (; k < count; ++k)
        good = good && std::isfinite(values[k]);
    return good;
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tactus {

HWY_EXPORT(power);
HWY_EXPORT(magnitude);
HWY_EXPORT(decibels);
HWY_EXPORT(product);
HWY_EXPORT(add_product);
HWY_EXPORT(finite);

void to_power(const std::complex<float>* points, float* out, std::size_t count) {
    HWY_DYNAMIC_DISPATCH(power)(reinterpret_cast<const float*>(points), out, count);
}

void to_magnitude(const float* power, float* out, std::size_t count) {
    HWY_DYNAMIC_DISPATCH(magnitude)(power, out, count);
}

void to_decibels(const float* power, float* out, std::size_t count) {
    HWY_DYNAMIC_DISPATCH(decibels)(power, out, count);
}

void multiply(const float* a, const float* b, float* out, std::size_t count) {
    HWY_DYNAMIC_DISPATCH(product)(a, b, out, count);
}

void multiply_add(const float* a, const float* b, float* sum, std::size_t count) {
    HWY_DYNAMIC_DISPATCH(add_product)(a, b, sum, count);
}

bool all_finite(const float* values, std::size_t count) {
    return HWY_DYNAMIC_DISPATCH(finite)(values, count);
}

std::size_t clear_non_finite(float* values, std::size_t count) {
    if (all_finite(values, count))
        return 0;
    std::size_t cleared = 0;
    for (std::size_t k = 0; k < count; ++k)
        if (!std::isfinite(values[k])) {
            values[k] = 0;
            ++cleared;
        }
    return cleared;
}

void to_phase(const std::complex<float>* points, float* out, std::size_t count) {
    for (std::size_t k = 0; k < count; ++k)
        out[k] = std::arg(points[k]);
}

} // namespace tactus
#endif
