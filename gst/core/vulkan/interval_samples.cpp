// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/interval_samples.h"

#include <algorithm>
#include <cmath>

namespace tactus {

IntervalSamples::IntervalSamples(double tick_period_ns, unsigned valid_bits)
    : tick_period_ns_(tick_period_ns),
      mask_(valid_bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << valid_bits) - 1) {}

double IntervalSamples::nominal_ns(std::uint64_t from_ticks, std::uint64_t to_ticks) const {
    const std::uint64_t forward = (to_ticks - from_ticks) & mask_;
    const std::uint64_t backward = (from_ticks - to_ticks) & mask_;
    return forward <= backward ? static_cast<double>(forward) * tick_period_ns_
                               : -static_cast<double>(backward) * tick_period_ns_;
}

void IntervalSamples::add(std::uint64_t begin_ticks, std::uint64_t end_ticks,
                          std::uint64_t submitted_ns, std::uint64_t completed_ns) {
    const double duration_ns = nominal_ns(begin_ticks, end_ticks);
    if (duration_ns < 0 || completed_ns < submitted_ns)
        return;
    // Everything relative to this job's submission.
    const double own_low = duration_ns;
    const double own_high = static_cast<double>(completed_ns - submitted_ns);
    double low = own_low;
    double high = own_high;
    if (!empty_) {
        const double moved = nominal_ns(ticks_, end_ticks);
        const double drift = std::abs(moved) * kDriftPpm * 1e-6;
        const double shift =
            moved + static_cast<double>(static_cast<std::int64_t>(origin_ns_ - submitted_ns));
        low = std::max(low, low_ns_ + shift - drift);
        high = std::min(high, high_ns_ + shift + drift);
        // A contradiction: the counter jumped. What was known before is of no use.
        if (low > high) {
            low = own_low;
            high = own_high;
        }
    }
    // The device cannot have worked for longer than the CPU waited, unless the job was misreported.
    if (low > high)
        return;
    empty_ = false;
    ticks_ = end_ticks & mask_;
    origin_ns_ = submitted_ns;
    low_ns_ = low;
    high_ns_ = high;
}

std::optional<ClockSample> IntervalSamples::sample() const {
    if (empty_)
        return std::nullopt;
    ClockSample sample;
    const double middle_ns = (low_ns_ + high_ns_) / 2;
    sample.cpu_ns = origin_ns_ + static_cast<std::uint64_t>(std::llround(std::max(middle_ns, 0.0)));
    sample.ticks = ticks_;
    sample.deviation_ns = (high_ns_ - low_ns_) / 2 + 1;
    return sample;
}

} // namespace tactus
