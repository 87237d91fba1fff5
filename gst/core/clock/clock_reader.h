// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace tactus {

/// What all clocks showed at one moment, in ns. A clock that is not there is nothing.
struct ClockReading {
    std::uint64_t monotonic_ns = 0;   ///< the moment, by CLOCK_MONOTONIC
    std::uint64_t uncertainty_ns = 0; ///< each clock was read within ± this of the moment
    std::optional<std::int64_t> monotonic_raw_ns;
    std::optional<std::int64_t> boottime_ns;
    std::optional<std::int64_t> realtime_ns;
    std::optional<std::int64_t> tai_ns;
    std::optional<std::int64_t> tsc_ns;
    std::optional<std::int64_t> pipeline_ns;
};

/// Reads the clocks of the machine. One thread.
class ClockReader {
  public:
    virtual ~ClockReader() = default;
    virtual ClockReading read() = 0;
};

/// Linux: clock_gettime, and the TSC where the CPU says that it is invariant. Each clock is read
/// between two readings of CLOCK_MONOTONIC and moved to the common moment; of five rounds the
/// tightest counts. The TSC's frequency is what CLOCK_MONOTONIC_RAW says over the first half second
/// or more, so the TSC is there from the second reading on.
class LinuxClockReader final : public ClockReader {
  public:
    LinuxClockReader();
    ClockReading read() override;

  private:
    void scale_tsc(std::uint64_t tsc, ClockReading& reading);

    bool has_tsc_;
    std::optional<std::uint64_t> first_tsc_;
    std::int64_t first_raw_ns_ = 0;
    double ns_per_tsc_ = 0; ///< 0: not known yet
};

} // namespace tactus
