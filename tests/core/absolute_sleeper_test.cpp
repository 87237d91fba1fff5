// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/absolute_sleeper.h"

#include <cerrno>
#include <condition_variable>
#include <gtest/gtest.h>
#include <mutex>
#include <sched.h>
#include <utility>
#include <vector>

namespace tactus {

namespace {

/// Wakes as late as told, without taking any real time.
class LateClock : public SleepClock {
  public:
    explicit LateClock(std::vector<std::uint64_t> late_ns) : late_ns_(std::move(late_ns)) {}
    std::uint64_t now_ns() override { return now_ns_; }
    void sleep_until(std::uint64_t until_ns) override {
        now_ns_ = until_ns + (next_ < late_ns_.size() ? late_ns_[next_] : 0);
        ++next_;
    }

  private:
    std::vector<std::uint64_t> late_ns_;
    std::size_t next_ = 0;
    std::uint64_t now_ns_ = 5'000'000'000;
};

/// Collects the first wake-ups and lets the test wait for them.
class Collector {
  public:
    explicit Collector(std::size_t wanted) : wanted_(wanted) {}
    void operator()(std::uint64_t requested_ns, std::uint64_t actual_ns) {
        const std::lock_guard lock(mutex_);
        if (pairs_.size() < wanted_)
            pairs_.emplace_back(requested_ns, actual_ns);
        policy_ = sched_getscheduler(0);
        condition_.notify_all();
    }
    std::vector<std::pair<std::uint64_t, std::uint64_t>> wait() {
        std::unique_lock lock(mutex_);
        condition_.wait(lock, [this] { return pairs_.size() >= wanted_; });
        return pairs_;
    }
    int policy() {
        const std::lock_guard lock(mutex_);
        return policy_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable condition_;
    std::size_t wanted_;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> pairs_;
    int policy_ = -1;
};

TEST(AbsoluteSleeper, keeps_to_its_grid_and_skips_what_it_missed) {
    LateClock clock({0, 3'000'000, 35'000'000, 10'000'000, 0});
    Collector collector(5);
    AbsoluteSleeper sleeper(SchedulingClass::other, &clock, std::ref(collector));
    ASSERT_EQ(sleeper.start(), "");
    const auto pairs = collector.wait();
    sleeper.stop();
    const std::uint64_t begin_ns = 5'000'000'000;
    std::vector<std::uint64_t> slots;
    for (const auto& pair : pairs)
        slots.push_back((pair.first - begin_ns) / AbsoluteSleeper::kPeriodNs);
    EXPECT_EQ(slots, (std::vector<std::uint64_t>{1, 2, 3, 7, 9}));
    EXPECT_EQ(pairs[2].second - pairs[2].first, 35'000'000u);
    EXPECT_EQ(sleeper.skipped(), 4u);
}

TEST(AbsoluteSleeper, sleeps_by_the_real_clock_and_stops) {
    MonotonicSleepClock clock;
    Collector collector(3);
    AbsoluteSleeper sleeper(SchedulingClass::other, &clock, std::ref(collector));
    ASSERT_EQ(sleeper.start(), "");
    for (const auto& pair : collector.wait())
        EXPECT_GE(pair.second, pair.first);
    EXPECT_EQ(collector.policy(), SCHED_OTHER);
    sleeper.stop();
    sleeper.stop();
    EXPECT_EQ(sleeper.start(), "");
}

TEST(AbsoluteSleeper, runs_in_real_time_or_names_the_remedy) {
    MonotonicSleepClock clock;
    Collector collector(1);
    AbsoluteSleeper sleeper(SchedulingClass::fifo, &clock, std::ref(collector));
    const std::string why = sleeper.start();
    if (!why.empty()) {
        EXPECT_NE(why.find("SCHED_FIFO"), std::string::npos);
        GTEST_SKIP() << why;
    }
    collector.wait();
    EXPECT_EQ(collector.policy(), SCHED_FIFO);
}

TEST(AbsoluteSleeper, says_what_to_do_about_a_class_that_is_not_permitted) {
    const std::string why = describe_start_failure(SchedulingClass::fifo, EPERM);
    EXPECT_NE(why.find("CAP_SYS_NICE"), std::string::npos);
    EXPECT_NE(why.find("RLIMIT_RTPRIO"), std::string::npos);
    EXPECT_NE(describe_start_failure(SchedulingClass::other, EAGAIN).find("SCHED_OTHER"),
              std::string::npos);
}

} // namespace

} // namespace tactus
