// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace tactus {

/// One reading of a device's counter beside CLOCK_MONOTONIC.
///
/// The device showed `ticks` at some time within `cpu_ns` ± `deviation_ns`. Where in that interval
/// is unknown: the error may be spread over it or always be at one end (a driver that reads the
/// device first, say).
struct ClockSample {
    std::uint64_t cpu_ns = 0; ///< CLOCK_MONOTONIC
    std::uint64_t ticks = 0;  ///< as the device counts; wraps at its number of valid bits
    double deviation_ns = 0;
};

/// Where samples come from: vkGetCalibratedTimestampsKHR, a register, a simulator. Called on the
/// thread of the caller.
class SampleSource {
  public:
    virtual ~SampleSource() = default;
    /// Nothing if the device did not answer.
    virtual std::optional<ClockSample> take() = 0;
};

/// Takes samples until one has a deviation of at most `good_enough_ns`, `max_tries` times at most,
/// and returns the one with the smallest deviation; nothing if no try gave one. A thread that is
/// preempted between the two readings gives a large deviation; trying again is cheaper than
/// averaging.
std::optional<ClockSample> take_best_sample(SampleSource& source, unsigned max_tries,
                                            double good_enough_ns);

} // namespace tactus
