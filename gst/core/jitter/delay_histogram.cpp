// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/delay_histogram.h"

#include <algorithm>
#include <numeric>

namespace tactus {

namespace {

// Below this a share is rounding noise; dropping it keeps the used part of the table short.
constexpr float kNothing = 1e-6F;
// One rare value early on must not be the 0.97 quantile all by itself.
constexpr std::uint64_t kFirstValues = 8;
constexpr double kLargestWeight = 0.029;

} // namespace

std::size_t DelayHistogram::bucket_of(std::int64_t delay_ns) {
    const std::int64_t bucket = std::max<std::int64_t>(delay_ns, 0) / kBucketNs;
    return static_cast<std::size_t>(std::min<std::int64_t>(bucket, kBuckets - 1));
}

void DelayHistogram::add(std::int64_t delay_ns) {
    ++count_;
    const double settled = 1.0 - 2.0 / static_cast<double>(count_ + 1);
    const double least = count_ > kFirstValues ? 1.0 - kLargestWeight : 0.0;
    const double forget = std::clamp(settled, std::min(least, forget_factor_), forget_factor_);
    for (std::size_t i = 0; i < used_; ++i)
        shares_[i] *= static_cast<float>(forget);
    const std::size_t bucket = bucket_of(delay_ns);
    shares_[bucket] += static_cast<float>(1.0 - forget);
    used_ = std::max(used_, bucket + 1);
    while (used_ > bucket + 1 && shares_[used_ - 1] < kNothing)
        shares_[--used_] = 0;
}

std::int64_t DelayHistogram::quantile_ns(double q) const {
    const float total = std::accumulate(shares_.begin(), shares_.begin() + used_, 0.0F);
    const float wanted = static_cast<float>(q) * total;
    float seen = 0;
    for (std::size_t i = 0; i < used_; ++i) {
        seen += shares_[i];
        if (seen >= wanted)
            return static_cast<std::int64_t>(i + 1) * kBucketNs;
    }
    return static_cast<std::int64_t>(used_) * kBucketNs;
}

double DelayHistogram::share_above(std::int64_t delay_ns) const {
    double above = 0;
    for (std::size_t i = bucket_of(delay_ns) + 1; i < used_; ++i)
        above += shares_[i];
    return above;
}

std::int64_t DelayHistogram::cheapest_ns(double ns_per_share) const {
    double above = 0;
    double best_cost = static_cast<double>(used_) * kBucketNs;
    std::size_t best = used_;
    for (std::size_t end = used_; end-- > 0;) {
        above += shares_[end];
        const double cost = static_cast<double>(end) * kBucketNs + above * ns_per_share;
        if (cost < best_cost) {
            best_cost = cost;
            best = end;
        }
    }
    return static_cast<std::int64_t>(best) * kBucketNs;
}

void DelayHistogram::clear() {
    shares_.fill(0);
    used_ = 0;
    count_ = 0;
}

} // namespace tactus
