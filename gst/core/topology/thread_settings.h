// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_set.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// Scheduling policies; `keep` leaves the thread's own.
enum class ThreadPolicy : std::uint8_t { keep, other, batch, idle, fifo, rr, deadline };

const char* policy_name(ThreadPolicy policy); ///< "fifo"

/// What somebody wants of a thread. What is left out stays as it is.
struct ThreadSettings {
    static constexpr unsigned kLeastPriority = 1;
    static constexpr unsigned kMostPriority = 99;

    std::optional<CpuSet> cpus;
    ThreadPolicy policy = ThreadPolicy::keep;
    unsigned priority = 10;       ///< of fifo and rr
    int nice = 0;                 ///< of other and batch; with keep, 0 leaves it
    std::uint64_t runtime_ns = 0; ///< of deadline: 0 < runtime <= deadline <= period
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
    std::uint64_t timer_slack_ns = 0; ///< 0: as it is

    bool sets_scheduling() const { return policy != ThreadPolicy::keep || nice != 0; }
    bool sets_anything() const {
        return cpus.has_value() || sets_scheduling() || timer_slack_ns != 0;
    }
};

/// Why settings can never work, with the value and what would do; empty if they can.
/// `has_cpus`: a choice of CPUs was made, also one that a planner decides later.
std::string settings_problem(const ThreadSettings& settings, bool has_cpus);

/// How a thread is scheduled, as the kernel has it (sched_getattr(2)).
struct Scheduling {
    static constexpr std::uint64_t kResetOnFork = 1; ///< in `flags`: children are ordinary

    std::uint32_t policy = 0; ///< SCHED_*
    std::uint64_t flags = 0;
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;

    bool operator==(const Scheduling& other) const = default;
    bool is_realtime() const; ///< fifo, rr or deadline
};

/// "fifo 50", "other nice 5"
std::string scheduling_text(const Scheduling& scheduling);

/// All that is changed of a thread and put back.
struct ThreadState {
    CpuSet cpus;
    Scheduling scheduling;
    std::uint64_t timer_slack_ns = 0;
};

/// `state` with the settings over it.
ThreadState with_settings(ThreadState state, const ThreadSettings& settings);

} // namespace tactus
