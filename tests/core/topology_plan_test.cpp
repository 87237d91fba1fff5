// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What limits a process, and how threads are spread over CPUs within that.
#include "../support/fake_root.h"
#include "core/topology/cpu_limits.h"
#include "core/topology/cpu_planner.h"
#include "core/topology/topology_loader.h"

#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

namespace tactus {

namespace {

class Limits : public testing::Test {
  protected:
    CpuLimits limits() const { return read_cpu_limits(root_.path()); }
    FakeRoot root_;
};

TEST_F(Limits, take_the_least_quota_of_all_ancestors_in_version_2) {
    root_.write("proc/self/cgroup", "0::/a/b/c\n");
    root_.write("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n");
    root_.write("sys/fs/cgroup/a/b/cpu.max", "400000 100000\n");
    root_.write("sys/fs/cgroup/a/cpu.max", "75000 50000\n");
    EXPECT_DOUBLE_EQ(limits().quota_cpus.value(), 1.5);
    EXPECT_EQ(limits().quota_folder, root_.path() + "sys/fs/cgroup/a");
    EXPECT_EQ(limits().threads_fed(), 1U);
}

TEST_F(Limits, take_it_in_version_1_too) {
    root_.write("proc/self/cgroup", "5:cpu,cpuacct:/a/b\n3:memory:/x\n");
    root_.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    root_.write("sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    root_.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "250000\n");
    root_.write("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
    EXPECT_DOUBLE_EQ(limits().quota_cpus.value(), 2.5);
    EXPECT_EQ(limits().threads_fed(), 2U);
}

TEST_F(Limits, are_none_where_nothing_limits) {
    root_.write("proc/self/cgroup", "0::/\n");
    root_.write("sys/fs/cgroup/cpu.max", "max 100000\n");
    EXPECT_EQ(limits().quota_cpus, std::nullopt);
    EXPECT_EQ(limits().threads_fed(), std::nullopt);
    EXPECT_EQ(limits().cpuset, std::nullopt);
    EXPECT_TRUE(limits().isolated.empty());
}

TEST_F(Limits, are_not_made_of_nonsense) {
    root_.write("proc/self/cgroup", "0::/a\n");
    for (const char* text : {"", "100000", "100000 0", "x 100000", "-5 100000"}) {
        root_.write("sys/fs/cgroup/a/cpu.max", text);
        EXPECT_EQ(limits().quota_cpus, std::nullopt) << text;
    }
}

TEST_F(Limits, feed_one_thread_at_least) {
    root_.write("proc/self/cgroup", "0::/a\n");
    root_.write("sys/fs/cgroup/a/cpu.max", "20000 100000");
    EXPECT_EQ(limits().threads_fed(), 1U);
}

TEST_F(Limits, know_the_cpuset_and_the_cpus_kept_apart) {
    root_.write("proc/self/cgroup", "0::/a/b\n");
    root_.write("sys/fs/cgroup/a/cpuset.cpus.effective", "2-5\n");
    root_.write("sys/devices/system/cpu/isolated", "4-5\n");
    root_.write("sys/devices/system/cpu/nohz_full", "5\n");
    EXPECT_EQ(limits().cpuset.value().text(), "2-5");
    EXPECT_EQ(limits().isolated.text(), "4-5");
    EXPECT_EQ(limits().nohz_full.text(), "5");
}

class Plans : public testing::Test {
  protected:
    void machine(const std::string& description) {
        topology_ = load_synthetic_topology(description).topology;
        ASSERT_TRUE(topology_);
        ASSERT_EQ(topology_->source(), Topology::Source::synthetic);
        request_.allowed = topology_->cpus();
    }
    std::string next() {
        last_ = planner_.claim(*topology_, request_);
        return last_.cpu ? std::to_string(*last_.cpu) : last_.problem;
    }

    std::optional<Topology> topology_;
    CpuPlanner planner_;
    CpuPlanner::Request request_;
    CpuPlanner::Plan last_;
};

TEST_F(Plans, fill_the_cores_of_one_node_then_another_node_then_hardware_threads) {
    machine("node:2 core:2 pu:2");
    const std::vector<std::string> expected = {"0", "2", "4", "6", "1", "3", "5", "7"};
    for (const std::string& cpu : expected)
        EXPECT_EQ(next(), cpu);
    EXPECT_EQ(next(), "every CPU that the thread may use (0-7) has a planned thread already");
}

TEST_F(Plans, begin_near_the_device) {
    machine("node:2 core:2 pu:2");
    request_.near = topology_->cpus_of_node(1);
    EXPECT_EQ(next(), "4");
    EXPECT_EQ(next(), "6");
    EXPECT_EQ(next(), "0");
}

TEST_F(Plans, stay_within_the_mask) {
    machine("node:2 core:2 pu:2");
    request_.allowed = *CpuSet::parse("3,6");
    std::set<std::string> got = {next(), next()};
    EXPECT_EQ(got, (std::set<std::string>{"3", "6"}));
    EXPECT_EQ(next(), "every CPU that the thread may use (3,6) has a planned thread already");
}

TEST_F(Plans, are_no_more_than_the_quota_feeds) {
    machine("node:1 core:8 pu:1");
    request_.limits.quota_cpus = 2.5;
    request_.limits.quota_folder = "/sys/fs/cgroup/a";
    EXPECT_EQ(next(), "0");
    const std::uint64_t first = last_.ticket;
    EXPECT_EQ(next(), "1");
    EXPECT_EQ(next(), "the quota of 2.5 CPUs (/sys/fs/cgroup/a) feeds 2 planned thread(s), and "
                      "there are as many already");
    planner_.release(first);
    EXPECT_EQ(next(), "0");
}

TEST_F(Plans, use_isolated_cpus_first_and_those_without_a_tick_before_others) {
    machine("node:1 core:8 pu:1");
    request_.limits.isolated = *CpuSet::parse("4-6");
    request_.limits.nohz_full = *CpuSet::parse("6");
    EXPECT_EQ(next(), "6");
    EXPECT_EQ(next(), "4");
    EXPECT_EQ(next(), "5");
    EXPECT_EQ(next(), "0");
}

TEST_F(Plans, keep_a_pipeline_together_and_another_one_away) {
    machine("node:2 core:3 pu:1");
    const int one = 0;
    const int two = 0;
    request_.group = &one;
    EXPECT_EQ(next(), "0");
    request_.group = &two;
    EXPECT_EQ(next(), "3");
    request_.group = &one;
    EXPECT_EQ(next(), "1");
    request_.group = &two;
    EXPECT_EQ(next(), "4");
}

TEST_F(Plans, come_free_again) {
    machine("node:1 core:2 pu:1");
    EXPECT_EQ(next(), "0");
    planner_.release(last_.ticket);
    EXPECT_EQ(next(), "0");
    planner_.release(0); // nobody's
    EXPECT_EQ(next(), "1");
}

} // namespace

} // namespace tactus
