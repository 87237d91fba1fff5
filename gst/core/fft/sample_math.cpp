// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/sample_math.h"

// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/fft/sample_math.cpp"
#include <hwy/foreach_target.h>
// clang-format on

#include <hwy/highway.h>

#include <cmath>

HWY_BEFORE_NAMESPACE();
namespace tactus {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

void add_product(const float* a, const float* b, float* sum, std::size_t count) {
    const hn::ScalableTag<float> d;
    std::size_t k = 0;
    for (const std::size_t step = hn::Lanes(d); k + step <= count; k += step) {
        const auto before = hn::LoadU(d, sum + k);
        hn::StoreU(hn::MulAdd(hn::LoadU(d, a + k), hn::LoadU(d, b + k), before), d, sum + k);
    }
    for (; k < count; ++k)
        sum[k] += a[k] * b[k];
}

// x * 0 is 0 for all that is finite, and not a number for the rest.

bool finite(const float* values, std::size_t count) {
    const hn::ScalableTag<float> d;
    const auto zero = hn::Zero(d);
    auto sum = zero;
    std::size_t k = 0;
    for (const std::size_t step = hn::Lanes(d); k + step <= count; k += step)
        sum = hn::MulAdd(hn::LoadU(d, values + k), zero, sum);
    bool good = hn::AllTrue(d, hn::Eq(sum, zero));
    for (; k < count; ++k)
        good = good && std::isfinite(values[k]);
    return good;
}

std::size_t clear(float* values, std::size_t count) {
    const hn::ScalableTag<float> d;
    const auto zero = hn::Zero(d);
    std::size_t finite_ones = 0;
    std::size_t k = 0;
    for (const std::size_t step = hn::Lanes(d); k + step <= count; k += step) {
        const auto value = hn::LoadU(d, values + k);
        const auto keep = hn::Eq(hn::Mul(value, zero), zero);
        finite_ones += hn::CountTrue(d, keep);
        hn::StoreU(hn::IfThenElseZero(keep, value), d, values + k);
    }
    for (; k < count; ++k) {
        const bool keep = std::isfinite(values[k]);
        finite_ones += keep ? 1 : 0;
        values[k] = keep ? values[k] : 0;
    }
    return count - finite_ones;
}

} // namespace HWY_NAMESPACE
} // namespace tactus
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tactus {

HWY_EXPORT(add_product);
HWY_EXPORT(finite);
HWY_EXPORT(clear);

void multiply_add(const float* a, const float* b, float* sum, std::size_t count) {
    HWY_DYNAMIC_DISPATCH(add_product)(a, b, sum, count);
}

bool all_finite(const float* values, std::size_t count) {
    return HWY_DYNAMIC_DISPATCH(finite)(values, count);
}

std::size_t clear_non_finite(float* values, std::size_t count) {
    return all_finite(values, count) ? 0 : HWY_DYNAMIC_DISPATCH(clear)(values, count);
}

} // namespace tactus
#endif
