// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/stats/counter.h"
#include "core/topology/cpu_set.h"
#include "core/topology/thread_ledger.h"
#include "core/topology/thread_readings.h"
#include "core/topology/thread_system.h"
#include "core/topology/wake_lateness.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <sched.h>
#include <string>

namespace tactus {

/// A number of the calling thread's own, never 0, that no other thread of the process ever has.
inline std::uint64_t thread_serial() {
    static constinit std::atomic<std::uint64_t> last{0};
    static constinit thread_local std::uint64_t serial = 0;
    if (serial == 0)
        serial = last.fetch_add(1, std::memory_order_relaxed) + 1;
    return serial;
}

/// A streaming thread that numapin has met, and what was seen of it.
///
/// Threads: the streaming thread writes what `sample` and `lateness` write; everything else is
/// written under the state's lock, and `may_run_on` by the streaming thread alone.
struct PinRecord {
    std::uint64_t serial = 0;
    ThreadIdentity thread;
    std::string name;

    bool active = false;   ///< flows through here now
    bool refused = false;  ///< must not be pinned
    CpuSet cpus;           ///< the kernel's mask, once pinned
    bool has_cpus = false; ///< by our choice
    std::string scheduling;
    std::uint64_t timer_slack_ns = 0;
    std::uint64_t plan_ticket = 0;   ///< 0: not planned
    std::uint64_t settings_made = 0; ///< the settings it has, by number

    std::uint64_t since_ns = 0;
    std::uint64_t until_ns = 0; ///< when it left; 0: still here
    ThreadReadings first;       ///< when it came
    ThreadReadings last;        ///< when it left
    ThreadReadings last_report; ///< when it was last reported
    std::uint64_t last_report_ns = 0;
    std::uint64_t last_report_buffers = 0;

    std::atomic<std::uint64_t> buffers{0};
    std::atomic<std::uint64_t> samples{0};
    std::atomic<std::uint64_t> samples_outside{0};
    std::atomic<std::uint64_t> cpu_changes{0};
    std::array<std::atomic<std::uint64_t>, CpuSet::kLimit / 64> cpus_seen{};
    /// nullptr once it is packed; the streaming thread asks `current_` alone, which never is.
    std::unique_ptr<WakeLateness> lateness = std::make_unique<WakeLateness>();

    // The streaming thread's own.
    CpuSet may_run_on;
    unsigned last_cpu = CpuSet::kLimit;
    bool inside = true;

    /// Notes where the calling thread runs.
    void sample() {
        const auto cpu = static_cast<unsigned>(sched_getcpu());
        if (cpu != last_cpu)
            see_cpu(cpu);
        count(samples);
        if (!inside)
            count(samples_outside);
    }
    CpuSet seen() const;
    LogLinearHistogram::Summary wake_ups() const {
        return lateness ? lateness->histogram().summary() : last_wake_ups;
    }
    /// Of a thread that has left: what nothing can be added to any more is kept as its summary. By
    /// the streaming thread that comes after it.
    void pack() {
        last_wake_ups = wake_ups();
        lateness.reset();
    }

  private:
    void see_cpu(unsigned cpu);

    LogLinearHistogram::Summary last_wake_ups;
};

inline void PinRecord::see_cpu(unsigned cpu) {
    if (last_cpu != CpuSet::kLimit)
        count(cpu_changes);
    last_cpu = cpu;
    inside = may_run_on.empty() || may_run_on.contains(cpu);
    if (cpu < CpuSet::kLimit) {
        std::atomic<std::uint64_t>& word = cpus_seen[cpu / 64];
        word.store(word.load(std::memory_order_relaxed) | std::uint64_t{1} << (cpu % 64),
                   std::memory_order_relaxed);
    }
}

inline CpuSet PinRecord::seen() const {
    std::array<std::uint64_t, CpuSet::kLimit / 64> words{};
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = cpus_seen[i].load(std::memory_order_relaxed);
    return CpuSet::from_words(words);
}

} // namespace tactus
