// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Pinning threads and putting them back: on a kernel that refuses what a test says, and on this
// one.
#include "../support/fake_thread_system.h"
#include "../support/worker.h"
#include "core/topology/thread_ledger.h"

#include <cerrno>
#include <chrono>
#include <gtest/gtest.h>
#include <sched.h>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace tactus {

namespace {

using Field = ThreadLedger::Field;

class Ledger : public testing::Test {
  protected:
    ThreadLedger::Outcome pin(ThreadLedger::Owner owner, const ThreadSettings& settings) {
        return ledger_.pin(owner, kThread, settings);
    }
    ThreadLedger::Outcome unpin(ThreadLedger::Owner owner) { return ledger_.unpin(owner, kThread); }
    const FakeSystem::Thread& thread() { return system_.table.at(1); }
    static std::string only_refusal(const ThreadLedger::Outcome& outcome) {
        EXPECT_EQ(outcome.refusals.size(), 1U);
        return outcome.refusals.empty() ? "" : outcome.refusals.front().text;
    }
    void expect_as_before() {
        EXPECT_EQ(thread().cpus.text(), system_.cpuset.text());
        EXPECT_EQ(thread().scheduling.policy, static_cast<std::uint32_t>(SCHED_OTHER));
        EXPECT_EQ(thread().scheduling.nice, 0);
        EXPECT_EQ(thread().slack_ns, kUsualSlackNs);
        EXPECT_EQ(ledger_.pinned_threads(), 0U);
    }

    static constexpr ThreadIdentity kThread{1, 100};
    FakeSystem system_;
    ThreadLedger ledger_{system_};
    const int first_ = 1;
    const int second_ = 2;
};

ThreadSettings on_cpus(const std::string& cpus) {
    ThreadSettings settings;
    settings.cpus = CpuSet::parse(cpus);
    return settings;
}

ThreadSettings with_policy(ThreadPolicy policy, unsigned priority = 10) {
    ThreadSettings settings;
    settings.policy = policy;
    settings.priority = priority;
    return settings;
}

TEST_F(Ledger, sets_everything_and_puts_everything_back) {
    ThreadSettings settings = on_cpus("2-3");
    settings.policy = ThreadPolicy::batch;
    settings.nice = 5;
    settings.timer_slack_ns = 1;
    const auto outcome = pin(&first_, settings);
    EXPECT_TRUE(outcome.refusals.empty());
    EXPECT_EQ(outcome.now.cpus.text(), "2-3");
    EXPECT_EQ(scheduling_text(outcome.now.scheduling), "batch nice 5");
    EXPECT_EQ(thread().slack_ns, 1U);
    EXPECT_TRUE(unpin(&first_).refusals.empty());
    expect_as_before();
}

TEST_F(Ledger, leaves_what_is_not_set_as_it_is) {
    system_.table.at(1).scheduling.nice = 3;
    system_.table.at(1).slack_ns = 777;
    pin(&first_, on_cpus("1"));
    EXPECT_EQ(thread().scheduling.nice, 3);
    EXPECT_EQ(thread().slack_ns, 777U);
    unpin(&first_);
    EXPECT_EQ(thread().scheduling.nice, 3);
    EXPECT_EQ(thread().slack_ns, 777U);
}

TEST_F(Ledger, sets_nice_alone_and_keeps_the_policy) {
    system_.table.at(1).scheduling.policy = SCHED_BATCH;
    ThreadSettings settings;
    settings.nice = -4;
    pin(&first_, settings);
    EXPECT_EQ(scheduling_text(thread().scheduling), "batch nice -4");
}

TEST_F(Ledger, makes_threads_of_a_real_time_thread_ordinary_ones) {
    pin(&first_, with_policy(ThreadPolicy::fifo, 30));
    EXPECT_EQ(scheduling_text(thread().scheduling), "fifo 30");
    EXPECT_EQ(thread().scheduling.flags, 1U);
    unpin(&first_);
    EXPECT_EQ(thread().scheduling.flags, 0U);
    expect_as_before();
}

TEST_F(Ledger, lets_the_last_of_two_win_and_the_first_hold_again_after_it) {
    ThreadSettings settings = on_cpus("1");
    settings.timer_slack_ns = 9;
    EXPECT_FALSE(pin(&first_, settings).overrides);
    EXPECT_TRUE(pin(&second_, on_cpus("2")).overrides);
    EXPECT_EQ(thread().cpus.text(), "2");
    EXPECT_EQ(thread().slack_ns, 9U);
    unpin(&second_);
    EXPECT_EQ(thread().cpus.text(), "1");
    EXPECT_EQ(thread().slack_ns, 9U);
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, puts_back_in_whatever_order_two_go) {
    pin(&first_, on_cpus("1"));
    pin(&second_, with_policy(ThreadPolicy::rr, 5));
    unpin(&first_);
    EXPECT_EQ(thread().cpus.text(), "0-7");
    EXPECT_EQ(scheduling_text(thread().scheduling), "rr 5");
    unpin(&second_);
    expect_as_before();
}

TEST_F(Ledger, replaces_what_an_owner_had) {
    pin(&first_, on_cpus("1"));
    EXPECT_FALSE(pin(&first_, with_policy(ThreadPolicy::idle)).overrides);
    EXPECT_EQ(thread().cpus.text(), "0-7");
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, leaves_an_owner_in_its_place_that_sets_something_else) {
    pin(&first_, on_cpus("1"));
    pin(&second_, on_cpus("2"));
    EXPECT_FALSE(pin(&first_, on_cpus("3")).overrides);
    EXPECT_EQ(thread().cpus.text(), "2");
    unpin(&second_);
    EXPECT_EQ(thread().cpus.text(), "3");
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, knows_the_cpus_a_thread_had_before_anybody_pinned_it) {
    EXPECT_EQ(ledger_.cpus_before(kThread).text(), system_.cpuset.text());
    pin(&first_, on_cpus("1"));
    EXPECT_EQ(ledger_.cpus_before(kThread).text(), system_.cpuset.text());
    unpin(&first_);
}

TEST_F(Ledger, does_not_touch_another_thread_with_the_same_number) {
    pin(&first_, on_cpus("1"));
    system_.table.at(1) = {};
    system_.table.at(1).start_ticks = 200;
    system_.table.at(1).cpus = CpuSet::range(4, 5);
    EXPECT_FALSE(unpin(&first_).thread_found);
    EXPECT_EQ(thread().cpus.text(), "4-5");
    EXPECT_EQ(ledger_.pinned_threads(), 0U);
}

TEST_F(Ledger, forgets_a_dead_thread_when_its_number_comes_again) {
    pin(&first_, on_cpus("1"));
    system_.table.at(1) = {};
    system_.table.at(1).start_ticks = 200;
    EXPECT_TRUE(ledger_.pin(&second_, {1, 200}, on_cpus("3")).thread_found);
    EXPECT_EQ(ledger_.pinned_threads(), 1U);
    unpin(&first_);
    EXPECT_EQ(thread().cpus.text(), "3");
    ledger_.unpin(&second_, {1, 200});
    expect_as_before();
}

TEST_F(Ledger, pins_no_thread_that_has_gone) {
    EXPECT_FALSE(ledger_.pin(&first_, {3, 1}, on_cpus("1")).thread_found);
    EXPECT_EQ(ledger_.pinned_threads(), 0U);
}

TEST_F(Ledger, names_the_cpus_that_the_cpuset_has) {
    system_.cpuset = CpuSet::range(0, 1);
    system_.table.at(1).cpus = system_.cpuset;
    EXPECT_EQ(only_refusal(pin(&first_, on_cpus("2-3"))),
              "cpus 2-3: the cpuset of this process holds none of them; take some of 0-1, or widen "
              "cpuset.cpus of its cgroup");
    EXPECT_EQ(only_refusal(pin(&first_, on_cpus("1-3"))),
              "cpus 1-3: the cpuset of this process lets the thread run on 1 alone; widen "
              "cpuset.cpus of its cgroup, or name those");
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, raises_the_soft_limit_for_a_priority) {
    system_.privileged = false;
    system_.hard_realtime_limit = 40;
    EXPECT_TRUE(pin(&first_, with_policy(ThreadPolicy::fifo, 40)).refusals.empty());
    EXPECT_EQ(scheduling_text(thread().scheduling), "fifo 40");
    // The flag stays, as an unprivileged thread cannot take it back.
    EXPECT_TRUE(unpin(&first_).refusals.empty());
    EXPECT_EQ(thread().scheduling.flags, 1U);
    expect_as_before();
}

TEST_F(Ledger, says_what_would_help_where_a_priority_is_refused) {
    system_.privileged = false;
    system_.hard_realtime_limit = 20;
    const auto outcome = pin(&first_, with_policy(ThreadPolicy::fifo, 50));
    EXPECT_TRUE(outcome.refused(Field::scheduling));
    const std::string text = only_refusal(outcome);
    for (const char* part : {"fifo 50", "RLIMIT_RTPRIO (20)", "setcap cap_sys_nice+ep",
                             "USER - rtprio 50", "LimitRTPRIO=50", "rtkit"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in: " << text;
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, makes_no_change_that_could_not_be_taken_back) {
    system_.privileged = false;
    ThreadSettings nice;
    nice.nice = 5;
    for (const ThreadSettings& settings : {nice, with_policy(ThreadPolicy::idle)}) {
        const std::string text = only_refusal(pin(&first_, settings));
        EXPECT_NE(text.find("could not be taken back"), std::string::npos) << text;
        EXPECT_NE(text.find("LimitNICE=0"), std::string::npos) << text;
        unpin(&first_);
        expect_as_before();
    }
    system_.nice_limit = 0;
    for (const ThreadSettings& settings : {nice, with_policy(ThreadPolicy::idle)}) {
        EXPECT_TRUE(pin(&first_, settings).refusals.empty());
        unpin(&first_);
        expect_as_before();
    }
}

TEST_F(Ledger, takes_timer_slack_from_the_unprivileged_thread_itself) {
    system_.privileged = false;
    ThreadSettings settings;
    settings.timer_slack_ns = 1;
    EXPECT_TRUE(pin(&first_, settings).refusals.empty());
    EXPECT_EQ(thread().slack_ns, 1U);
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, says_so_where_another_thread_cannot_put_the_slack_back) {
    system_.privileged = false;
    ThreadSettings settings = on_cpus("1");
    settings.timer_slack_ns = 1;
    pin(&first_, settings);
    system_.current_thread = 2;
    const auto outcome = unpin(&first_);
    EXPECT_NE(only_refusal(outcome).find("CAP_SYS_NICE"), std::string::npos);
    EXPECT_EQ(thread().cpus.text(), "0-7");
}

TEST_F(Ledger, does_not_mind_a_slack_that_nobody_changed) {
    system_.privileged = false;
    pin(&first_, on_cpus("1"));
    system_.current_thread = 2;
    EXPECT_TRUE(unpin(&first_).refusals.empty());
    expect_as_before();
}

TEST_F(Ledger, goes_to_a_deadline_after_the_mask_and_leaves_it_before) {
    pin(&first_, on_cpus("1"));
    ThreadSettings deadline = with_policy(ThreadPolicy::deadline);
    deadline.runtime_ns = 2000000;
    deadline.deadline_ns = 10000000;
    EXPECT_TRUE(pin(&first_, deadline).refusals.empty());
    EXPECT_EQ(scheduling_text(thread().scheduling), "deadline 2000000/10000000/10000000");
    EXPECT_TRUE(pin(&first_, on_cpus("1")).refusals.empty());
    EXPECT_EQ(thread().cpus.text(), "1");
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, takes_back_what_a_broker_gave) {
    system_.privileged = false;
    EXPECT_TRUE(pin(&first_, with_policy(ThreadPolicy::fifo, 50)).refused(Field::scheduling));
    system_.table.at(1).scheduling = {SCHED_RR, 1, 0, 20, 0, 0, 0};
    unpin(&first_);
    expect_as_before();
}

TEST_F(Ledger, frees_pool_threads_that_a_pinned_thread_has_made) {
    pin(&first_, on_cpus("1"));
    FakeSystem::Thread heir;
    heir.start_ticks = 160;
    heir.cpus = CpuSet::range(1, 1);
    heir.name = "pool-gst";
    system_.table[10] = heir;
    heir.name = "multiqueue0:src";
    system_.table[11] = heir;
    heir.name = "av:h264:df0";
    system_.table[12] = heir;
    heir.name = "pool-gst";
    heir.start_ticks = 140;
    system_.table[13] = heir;
    heir.start_ticks = 160;
    heir.cpus = CpuSet::range(2, 3);
    system_.table[14] = heir;
    ledger_.free_heirs(kThread);
    EXPECT_EQ(system_.table[10].cpus.text(), "0-7");
    EXPECT_EQ(system_.table[11].cpus.text(), "0-7");
    EXPECT_EQ(system_.table[12].cpus.text(), "1") << "a decoder's worker";
    EXPECT_EQ(system_.table[13].cpus.text(), "1") << "older than the pinning";
    EXPECT_EQ(system_.table[14].cpus.text(), "2-3") << "somebody else's choice";
    system_.table[10].cpus = CpuSet::range(1, 1);
    unpin(&first_);
    EXPECT_EQ(system_.table[10].cpus.text(), "0-7");
    expect_as_before();
}

TEST_F(Ledger, frees_pool_threads_of_nice_values_and_timer_slack) {
    ThreadSettings settings;
    settings.nice = 4;
    settings.timer_slack_ns = 1;
    pin(&first_, settings);
    FakeSystem::Thread heir;
    heir.start_ticks = 160;
    heir.name = "queue0:src";
    heir.scheduling.nice = 4;
    heir.slack_ns = 1;
    system_.table[10] = heir;
    heir.scheduling.nice = 7;
    heir.slack_ns = 99;
    system_.table[11] = heir;
    ledger_.free_heirs(kThread);
    EXPECT_EQ(system_.table[10].scheduling.nice, 0);
    EXPECT_EQ(system_.table[10].slack_ns, kUsualSlackNs);
    EXPECT_EQ(system_.table[11].scheduling.nice, 7);
    EXPECT_EQ(system_.table[11].slack_ns, 99U);
}

TEST_F(Ledger, puts_an_heir_that_is_pinned_itself_back_to_the_mask_before_both) {
    pin(&first_, on_cpus("1"));
    system_.table[10].start_ticks = 160;
    system_.table[10].cpus = CpuSet::range(1, 1);
    ledger_.pin(&second_, {10, 160}, on_cpus("5"));
    unpin(&first_);
    EXPECT_EQ(system_.table[10].cpus.text(), "5");
    ledger_.unpin(&second_, {10, 160});
    EXPECT_EQ(system_.table[10].cpus.text(), "0-7");
}

TEST(PoolNames, are_those_of_glib_and_of_tasks) {
    for (const char* name : {"pool-numapin", "queue0:src", "multiqueue0:src", "videotestsrc0:s",
                             "queue:src_12", "alsasink0:sink"})
        EXPECT_TRUE(ThreadLedger::is_pool_name(name)) << name;
    for (const char* name : {"", "av:h264:df0", "gdbus", "main", "queue0:", "pool", "x265:0"})
        EXPECT_FALSE(ThreadLedger::is_pool_name(name)) << name;
}

TEST(ThreadSettingsTest, that_can_never_work_are_told) {
    ThreadSettings deadline = with_policy(ThreadPolicy::deadline);
    EXPECT_NE(settings_problem(deadline, false), "");
    deadline.runtime_ns = 5000;
    deadline.deadline_ns = 4000;
    EXPECT_NE(settings_problem(deadline, false), "");
    deadline.deadline_ns = 6000;
    EXPECT_EQ(settings_problem(deadline, false), "");
    deadline.period_ns = 5999;
    EXPECT_NE(settings_problem(deadline, false).find("period=5999"), std::string::npos);
    deadline.period_ns = 6000;
    EXPECT_NE(settings_problem(deadline, true).find("exclude each other"), std::string::npos);
    EXPECT_NE(settings_problem(with_policy(ThreadPolicy::fifo, 0), false), "");
    EXPECT_NE(settings_problem(with_policy(ThreadPolicy::rr, 100), false), "");
    ThreadSettings nice = with_policy(ThreadPolicy::fifo);
    nice.nice = 2;
    EXPECT_NE(settings_problem(nice, false).find("nice=2"), std::string::npos);
    EXPECT_EQ(settings_problem({}, true), "");
}

class RealLedger : public testing::Test {
  protected:
    void SetUp() override {
        worker_.do_it([this] {
            thread_ = *system_.identify(system_.current());
            before_ = state();
        });
    }
    ThreadState state() {
        ThreadState now;
        EXPECT_EQ(system_.get_cpus(thread_.tid, now.cpus), 0);
        EXPECT_EQ(system_.get_scheduling(thread_.tid, now.scheduling), 0);
        system_.get_timer_slack(thread_.tid, now.timer_slack_ns);
        return now;
    }
    ThreadState seen_by_itself() {
        ThreadState now;
        worker_.do_it([&] { now = state(); });
        return now;
    }
    void expect_as_before() {
        const ThreadState now = seen_by_itself();
        EXPECT_EQ(now.cpus.text(), before_.cpus.text());
        EXPECT_EQ(scheduling_text(now.scheduling), scheduling_text(before_.scheduling));
        EXPECT_EQ(now.timer_slack_ns, before_.timer_slack_ns);
    }

    LinuxThreadSystem system_;
    ThreadLedger ledger_{system_};
    Worker worker_;
    ThreadIdentity thread_;
    ThreadState before_;
};

TEST_F(RealLedger, pins_a_thread_and_another_thread_puts_it_back) {
    const unsigned cpu = before_.cpus.list().back();
    ThreadLedger::Outcome outcome;
    unsigned ran_on = CpuSet::kLimit;
    worker_.do_it([&] {
        outcome = ledger_.pin(this, thread_, on_cpus(std::to_string(cpu)));
        ran_on = static_cast<unsigned>(sched_getcpu());
    });
    EXPECT_TRUE(outcome.refusals.empty());
    EXPECT_EQ(outcome.now.cpus.text(), std::to_string(cpu));
    EXPECT_EQ(ran_on, cpu);
    EXPECT_TRUE(ledger_.unpin(this, thread_).refusals.empty());
    expect_as_before();
}

TEST_F(RealLedger, sets_timer_slack_and_the_thread_itself_puts_it_back) {
    ThreadSettings settings;
    settings.timer_slack_ns = 1;
    worker_.do_it([&] { ledger_.pin(this, thread_, settings); });
    EXPECT_EQ(seen_by_itself().timer_slack_ns, 1U);
    worker_.do_it([&] { ledger_.unpin(this, thread_); });
    expect_as_before();
}

TEST_F(RealLedger, takes_a_thread_to_each_policy_and_back) {
    for (const ThreadPolicy policy :
         {ThreadPolicy::batch, ThreadPolicy::idle, ThreadPolicy::fifo, ThreadPolicy::rr}) {
        ThreadLedger::Outcome outcome;
        worker_.do_it([&] { outcome = ledger_.pin(this, thread_, with_policy(policy, 7)); });
        if (outcome.refused(Field::scheduling)) {
            EXPECT_EQ(outcome.refusals.front().error, EPERM) << outcome.refusals.front().text;
        } else {
            EXPECT_EQ(scheduling_text(seen_by_itself().scheduling).find(policy_name(policy)), 0U);
        }
        EXPECT_TRUE(ledger_.unpin(this, thread_).refusals.empty());
        expect_as_before();
    }
}

TEST_F(RealLedger, knows_a_thread_that_has_ended) {
    ThreadIdentity gone;
    std::thread([&] { gone = *system_.identify(system_.current()); }).join();
    // The kernel may show it for a moment yet.
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (system_.identify(gone.tid) == gone && std::chrono::steady_clock::now() < give_up)
        std::this_thread::yield();
    EXPECT_FALSE(ledger_.pin(this, gone, on_cpus("0")).thread_found);
    EXPECT_FALSE(system_.identify(gone.tid) == gone);
}

} // namespace

} // namespace tactus
