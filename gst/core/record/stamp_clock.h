// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// Makes CLOCK_MONOTONIC in ns of the stamps in records.
///
/// Two kinds of stamps: nanoseconds with an unknown zero (GStreamer's tracing time; `set_offset`),
/// and ticks of a counter with an unknown rate (`sample`). The rate is taken over the longest
/// span of samples, up to some ten seconds, and a time is counted from the newest sample; so a
/// counter that the kernel's clock is steered away from is followed.
///
/// Threads: one.
class StampClock {
  public:
    void set_offset(std::uint64_t offset_ns) { offset_ns_ = offset_ns; }

    /// The rate to go by until there are two samples; before that, a tick is taken for a
    /// nanosecond.
    void set_rate(double ns_per_tick) { ns_per_tick_ = ns_per_tick; }
    /// Ticks and CLOCK_MONOTONIC at about the same moment. The first two samples should be 1 ms
    /// apart or more.
    void sample(std::uint64_t ticks, std::uint64_t monotonic_ns);

    std::uint64_t to_ns(std::uint64_t stamp) const {
        if (!counts_ticks_)
            return stamp + offset_ns_;
        const auto ticks = static_cast<std::int64_t>(stamp - newest_.ticks);
        return newest_.ns + static_cast<std::uint64_t>(static_cast<std::int64_t>(
                                static_cast<double>(ticks) * ns_per_tick_));
    }

  private:
    struct Sample {
        std::uint64_t ticks = 0;
        std::uint64_t ns = 0;
    };

    std::uint64_t offset_ns_ = 0;
    bool counts_ticks_ = false;
    double ns_per_tick_ = 1.0;
    Sample base_;   ///< the rate is taken from here
    Sample middle_; ///< takes the base's place when the span has grown long
    Sample newest_;
};

} // namespace tactus
