// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fma_peak.h"

#include "machine.h"

// clang-format off
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "fma_peak.cpp"
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#include <hwy/foreach_target.h>
// clang-format on

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace tactus::bench::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Two units with a latency of four or five cycles need ten chains; 16 registers hold twelve.
constexpr int kChains = 12;
constexpr int kTimes = 10'000;

template <typename T>
T multiply_and_add(T multiplier) {
    const hn::ScalableTag<T> d;
    const auto factor = hn::Set(d, multiplier);
    const auto summand = hn::Set(d, static_cast<T>(0.001));
    // Each chain begins elsewhere, or a compiler would make them one.
    hn::Vec<decltype(d)> chains[kChains];
    for (int c = 0; c < kChains; ++c)
        chains[c] = hn::Set(d, static_cast<T>(c));
    for (int n = 0; n < kTimes; ++n)
        for (auto& chain : chains)
            chain = hn::MulAdd(chain, factor, summand);
    auto all = chains[0];
    for (int c = 1; c < kChains; ++c)
        all = hn::Add(all, chains[c]);
    return hn::GetLane(all);
}

template <typename T>
double fma_peak() {
    // Volatile, so that the work can neither be left out nor be done elsewhere.
    volatile T factor = static_cast<T>(0.999);
    volatile T result = multiply_and_add<T>(factor);
    const std::uint64_t begin_ns = now_ns();
    result = multiply_and_add<T>(factor);
    const std::uint64_t took_ns = now_ns() - begin_ns;
    static_cast<void>(result);
    constexpr double kOperations = 2.0 * kChains * kTimes * hn::MaxLanes(hn::ScalableTag<T>());
    return kOperations / static_cast<double>(took_ns);
}

double fma_peak_f32() {
    return fma_peak<float>();
}
double fma_peak_f64() {
    return fma_peak<double>();
}

} // namespace tactus::bench::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace tactus::bench {

HWY_EXPORT(fma_peak_f32);
HWY_EXPORT(fma_peak_f64);

double fma_peak_gflops(bool is_double) {
    return is_double ? HWY_DYNAMIC_DISPATCH(fma_peak_f64)() : HWY_DYNAMIC_DISPATCH(fma_peak_f32)();
}

} // namespace tactus::bench
#endif
