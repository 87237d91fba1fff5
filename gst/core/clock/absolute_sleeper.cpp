// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/absolute_sleeper.h"

#include "core/stats/counter.h"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <sched.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace tactus {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

int create_thread(pthread_t* thread, SchedulingClass scheduling, void* (*entry)(void*),
                  void* data) {
    const bool fifo = scheduling == SchedulingClass::fifo;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    // Explicit for SCHED_OTHER too: the creator may be a real-time thread.
    pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    pthread_attr_setschedpolicy(&attributes, fifo ? SCHED_FIFO : SCHED_OTHER);
    sched_param parameters{};
    parameters.sched_priority = fifo ? 1 : 0;
    pthread_attr_setschedparam(&attributes, &parameters);
    // Signals are for the application's threads.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int error = pthread_create(thread, &attributes, entry, data);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    pthread_attr_destroy(&attributes);
    return error;
}

} // namespace

std::uint64_t MonotonicSleepClock::now_ns() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * kSecondNs +
           static_cast<std::uint64_t>(now.tv_nsec);
}

void MonotonicSleepClock::sleep_until(std::uint64_t until_ns) {
    const timespec until{static_cast<time_t>(until_ns / kSecondNs),
                         static_cast<long>(until_ns % kSecondNs)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

std::string describe_start_failure(SchedulingClass scheduling, int error) {
    const std::string name = scheduling == SchedulingClass::fifo ? "SCHED_FIFO" : "SCHED_OTHER";
    if (error == EPERM)
        return name + " is not permitted (EPERM): give the process CAP_SYS_NICE or an "
                      "RLIMIT_RTPRIO of at least 1; with CAP_SYS_NICE, see whether the cgroup's "
                      "cpu.rt_runtime_us is 0";
    return "no thread with " + name + ": " + std::generic_category().message(error);
}

AbsoluteSleeper::AbsoluteSleeper(SchedulingClass scheduling, SleepClock* clock, Callback callback)
    : scheduling_(scheduling), clock_(clock), callback_(std::move(callback)) {}

AbsoluteSleeper::~AbsoluteSleeper() {
    stop();
}

std::string AbsoluteSleeper::start() {
    if (started_by_ != 0)
        return {};
    stopping_.store(false, std::memory_order_relaxed);
    const int error = create_thread(&thread_, scheduling_, &AbsoluteSleeper::run, this);
    if (error != 0)
        return describe_start_failure(scheduling_, error);
    started_by_ = getpid();
    return {};
}

void AbsoluteSleeper::stop() {
    if (started_by_ == 0)
        return;
    // relaxed: the join orders all else.
    stopping_.store(true, std::memory_order_relaxed);
    if (started_by_ == getpid())
        pthread_join(thread_, nullptr);
    started_by_ = 0;
}

void* AbsoluteSleeper::run(void* sleeper) {
    pthread_setname_np(pthread_self(), "tactus-timer");
    static_cast<AbsoluteSleeper*>(sleeper)->loop();
    return nullptr;
}

void AbsoluteSleeper::loop() {
    std::uint64_t next_ns = clock_->now_ns() + kPeriodNs;
    while (!stopping_.load(std::memory_order_relaxed)) {
        clock_->sleep_until(next_ns);
        const std::uint64_t actual_ns = clock_->now_ns();
        if (actual_ns < next_ns)
            continue;
        callback_(next_ns, actual_ns);
        const std::uint64_t missed = (actual_ns - next_ns) / kPeriodNs;
        count(skipped_, missed);
        next_ns += (missed + 1) * kPeriodNs;
    }
}

} // namespace tactus
