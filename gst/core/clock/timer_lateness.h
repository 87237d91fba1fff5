// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/clock_health_snapshot.h"
#include "core/stats/log_linear_histogram.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace tactus {

struct Stall {
    std::uint64_t at_ns = 0; ///< CLOCK_MONOTONIC: when the thread ran at last
    std::uint64_t late_ns = 0;
};

/// How late one timer wakes its thread, and by how much when that is a stall. Stalls wait in a
/// queue of 16 for the thread that reports them; one that finds it full is counted all the same.
///
/// Threads: one records, one other calls `take_stall`; any thread may read the figures.
class TimerLateness {
  public:
    static constexpr std::size_t kQueue = 16;
    static constexpr std::uint64_t kDefaultStallThresholdNs = 20'000'000;

    explicit TimerLateness(std::uint64_t stall_threshold_ns = kDefaultStallThresholdNs)
        : stall_threshold_ns_(stall_threshold_ns) {}

    /// A wake-up before its time counts as not late. Over the threshold (not at it) is a stall.
    void record(std::uint64_t requested_ns, std::uint64_t actual_ns);

    /// The oldest stall that was not taken yet.
    std::optional<Stall> take_stall();

    /// The lateness, and the number of stalls; the names are left to the caller.
    TimerStats stats() const;

  private:
    std::uint64_t stall_threshold_ns_;
    LogLinearHistogram lateness_;
    std::atomic<std::uint64_t> stalls_{0};
    std::array<Stall, kQueue> queue_{};
    std::atomic<std::uint64_t> tail_{0};
    std::atomic<std::uint64_t> head_{0};
};

} // namespace tactus
