// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/clock_health_snapshot.h"
#include "core/clock/clock_reader.h"
#include "core/latency/latency_observer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace tactus {

/// Compares the clocks of a machine with CLOCK_MONOTONIC: offset, drift, jumps.
///
/// A clock jumped if its offset differs from what its drift foretold by more than the threshold,
/// the uncertainty of both readings, and, for clocks that CLOCK_MONOTONIC may be slewed against,
/// 1,000 ppm of the time since (the kernel slews by 500 ppm at most). The drift is the median of
/// the slopes between all pairs of the newest 32 readings without their jumps (Theil and Sen), so
/// that a late reading does not move it. A clock that is missing in a reading is forgotten, but for
/// its jumps; so is the pipeline's when another one is chosen and a reading is given without one.
///
/// Threads: one. Subjects of incidents are literals and live for ever. Meant for one reading a
/// second.
class ClockHealth {
  public:
    struct Settings {
        std::uint64_t jump_threshold_ns = 1'000'000;
        /// Clocks of sound cards count in buffers.
        std::uint64_t pipeline_jump_threshold_ns = 20'000'000;
    };

    ClockHealth() : ClockHealth(Settings{}) {}
    explicit ClockHealth(const Settings& settings);

    /// Returns the jumps since the reading before. A reading that is not after it changes nothing.
    std::vector<Incident> add(const ClockReading& reading);

    /// The clocks that were in the newest reading, and those that have jumped.
    std::vector<ClockStats> stats() const;

    /// Offset since the first reading ("clock realtime offset", ns) and drift ("clock realtime
    /// drift", ppm) of each clock. Names are literals.
    void append_samples(std::uint64_t at_ns, std::vector<CounterSample>& samples) const;

    static constexpr std::size_t kWindow = 32;
    static constexpr std::size_t kClocks = 6;

  private:
    struct Point {
        std::uint64_t monotonic_ns = 0;
        std::int64_t offset_ns = 0; ///< with all later jumps added
        std::uint64_t uncertainty_ns = 0;
    };
    struct Clock {
        std::vector<Point> points; ///< oldest first; empty: the clock is not there
        std::int64_t first_offset_ns = 0;
        double drift = 0; ///< ns per ns
        std::uint64_t jumps = 0;
        std::int64_t last_jump_ns = 0;
    };

    std::optional<std::int64_t> add_point(std::size_t index, const Point& point);
    double tolerance_ns(std::size_t index, const Point& before, const Point& now) const;

    Settings settings_;
    std::array<Clock, kClocks> clocks_;
    std::uint64_t newest_ns_ = 0;
};

} // namespace tactus
