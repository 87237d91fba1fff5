// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <pthread.h>
#include <string>
#include <sys/types.h>

namespace tactus {

/// The clock that a sleeper sleeps by. Called on the sleeper's thread.
class SleepClock {
  public:
    virtual ~SleepClock() = default;
    virtual std::uint64_t now_ns() = 0;
    /// Returns at `until_ns` or later; may return earlier (the sleeper then sleeps again).
    virtual void sleep_until(std::uint64_t until_ns) = 0;
};

/// CLOCK_MONOTONIC and clock_nanosleep(TIMER_ABSTIME).
class MonotonicSleepClock final : public SleepClock {
  public:
    std::uint64_t now_ns() override;
    void sleep_until(std::uint64_t until_ns) override;
};

enum class SchedulingClass : std::uint8_t { other, fifo };

/// A thread that asks to be woken at each point of a fixed grid of CLOCK_MONOTONIC and tells when
/// it ran. The grid never drifts: a wake-up that comes after later points skips and counts them.
///
/// Threads: one owner starts and stops it; the callback runs on the sleeper's own thread, with all
/// signals blocked. `clock` is not owned.
class AbsoluteSleeper {
  public:
    static constexpr std::uint64_t kPeriodNs = 10'000'000;
    using Callback = std::function<void(std::uint64_t requested_ns, std::uint64_t actual_ns)>;

    AbsoluteSleeper(SchedulingClass scheduling, SleepClock* clock, Callback callback);
    ~AbsoluteSleeper();
    AbsoluteSleeper(const AbsoluteSleeper&) = delete;
    AbsoluteSleeper& operator=(const AbsoluteSleeper&) = delete;

    /// Empty if it runs; else why it does not and what would help. SCHED_FIFO gets priority 1.
    std::string start();

    /// Returns within one period. In a forked child, where the thread does not exist, at once.
    void stop();

    std::uint64_t skipped() const { return skipped_.load(std::memory_order_relaxed); }

  private:
    static void* run(void* sleeper);
    void loop();

    SchedulingClass scheduling_;
    SleepClock* clock_;
    Callback callback_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::uint64_t> skipped_{0};
    pthread_t thread_{};
    pid_t started_by_ = 0; ///< 0: not running
};

/// What a failure of pthread_create with this class means and what to do about it.
std::string describe_start_failure(SchedulingClass scheduling, int error);

} // namespace tactus
