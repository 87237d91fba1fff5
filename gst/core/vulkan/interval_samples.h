// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/clock_sample.h"

#include <cstdint>
#include <optional>

namespace tactus {

/// Clock samples out of nothing but when work was submitted and seen complete.
///
/// Work began at or after its submission and ended before it was seen complete, so each job says:
/// the moment of its last tick lies in [submitted + duration, completed]. Ranges are carried along
/// to the newest job, wider by what the clocks may drift apart, and intersected: the quickest jobs
/// rule. One job's range says little, as a wake-up may be late; the intersection holds whatever was
/// late.
///
/// Threads: one at a time. Source: interval intersection as in Marzullo's algorithm (and RFC 5905,
/// section 11.2.1), over time instead of over servers.
class IntervalSamples {
  public:
    IntervalSamples(double tick_period_ns, unsigned valid_bits);

    void add(std::uint64_t begin_ticks, std::uint64_t end_ticks, std::uint64_t submitted_ns,
             std::uint64_t completed_ns);
    /// The newest job's last tick; its deviation is half the range. Nothing before the first job.
    std::optional<ClockSample> sample() const;

    /// Two quartz clocks differ by no more.
    static constexpr double kDriftPpm = 200;

  private:
    double nominal_ns(std::uint64_t from_ticks, std::uint64_t to_ticks) const;

    double tick_period_ns_;
    std::uint64_t mask_;
    bool empty_ = true;
    std::uint64_t ticks_ = 0;
    // The range in which `ticks_` occurred: relative to origin_ns_, as doubles hold no nanoseconds
    // since boot for long.
    std::uint64_t origin_ns_ = 0;
    double low_ns_ = 0;
    double high_ns_ = 0;
};

} // namespace tactus
