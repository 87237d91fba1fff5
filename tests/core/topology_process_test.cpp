// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A whole process as numapin-doctor sees it.
#include "../support/fake_root.h"
#include "../support/fake_thread_system.h"
#include "core/topology/process_look.h"
#include "core/topology/topology_loader.h"

#include <gtest/gtest.h>
#include <string>
#include <unistd.h>

namespace tactus {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

class Process : public testing::Test {
  protected:
    void SetUp() override { system_.table.clear(); }
    void thread(pid_t tid, const std::string& name, std::uint64_t run_ns,
                const std::string& cpus = "0-7") {
        const std::string folder = "proc/7/task/" + std::to_string(tid) + "/";
        root_.write(folder + "stat", std::to_string(tid) + " (" + name +
                                         ") S 1 2 3 4 5 6 0 8 0 10 0 0 13 14 15 16 17 18 100 20 "
                                         "21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 0 37\n");
        root_.write(folder + "schedstat", std::to_string(run_ns) + " 0 1\n");
        system_.table[tid].cpus = *CpuSet::parse(cpus);
    }
    ProcessLook look(std::uint64_t now_ns) {
        return look_at_process(root_.path(), 7, system_, now_ns);
    }

    FakeRoot root_;
    FakeSystem system_;
    Topology topology_ = *load_synthetic_topology("node:2 core:4 pu:1").topology;
};

TEST_F(Process, that_does_not_exist_has_no_threads) {
    EXPECT_TRUE(look(0).threads.empty());
}

TEST_F(Process, is_shown_with_its_memory_on_each_node) {
    thread(7, "main", 0);
    root_.write(
        "proc/7/numa_maps",
        "5500 default file=/x mapped=3 N0=3 kernelpagesize_kB=4\n"
        "7f00 prefer:1 anon=2 dirty=2 N0=1 N1=1 kernelpagesize_kB=2048\nnonsense N=4 Nx=1\n");
    const ProcessLook seen = look(0);
    EXPECT_EQ(seen.node_bytes.at(0), 3U * 4096 + 2048U * 1024);
    EXPECT_EQ(seen.node_bytes.at(1), 2048U * 1024);
    EXPECT_EQ(seen.node_bytes.size(), 2U);
}

TEST_F(Process, gets_advice_for_its_busy_tasks) {
    thread(7, "main", 0);
    thread(8, "queue0:src", 0);
    thread(9, "queue1:src", 0);
    thread(10, "av:h264:df0", 0);
    thread(11, "queue2:src", 0, "3");
    const ProcessLook first = look(0);
    thread(8, "queue0:src", kSecondNs / 4);
    thread(9, "queue1:src", kSecondNs / 2);
    thread(10, "av:h264:df0", kSecondNs / 2);
    thread(11, "queue2:src", kSecondNs / 2, "3");
    const auto advice = advise(topology_, first, look(kSecondNs));
    ASSERT_EQ(advice.size(), 5U);
    EXPECT_EQ(advice[0].set, "");
    EXPECT_EQ(advice[1].set, "numapin cpus=1") << "the less busy comes second";
    EXPECT_EQ(advice[2].set, "numapin cpus=0");
    EXPECT_EQ(advice[3].set, "") << "no task of GStreamer's";
    EXPECT_EQ(advice[4].set, "") << "pinned already";
    EXPECT_DOUBLE_EQ(advice[2].busy, 0.5);
}

TEST_F(Process, is_told_of_a_quota_that_feeds_fewer) {
    root_.write("proc/7/cgroup", "0::/a\n");
    root_.write("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
    root_.write("sys/fs/cgroup/a/cpu.stat", "throttled_usec 0\n");
    thread(8, "queue0:src", 0);
    thread(9, "queue1:src", 0);
    const ProcessLook first = look(0);
    thread(8, "queue0:src", kSecondNs / 2);
    thread(9, "queue1:src", kSecondNs / 2);
    root_.write("sys/fs/cgroup/a/cpu.stat", "throttled_usec 300000\n");
    const auto advice = advise(topology_, first, look(kSecondNs));
    EXPECT_EQ(advice[0].set, "numapin cpus=0");
    EXPECT_EQ(advice[0].lines.at(0).find("throttled 30 % of the time"), 0U);
    EXPECT_EQ(advice[1].set, "");
    EXPECT_EQ(advice[1].lines.at(1).find("the quota of 1.5 CPUs"), 0U);
}

TEST_F(Process, is_told_of_memory_on_another_node) {
    thread(8, "queue0:src", 0);
    root_.write("proc/7/numa_maps", "5500 default anon=9 N1=9 N0=1 kernelpagesize_kB=4\n");
    const ProcessLook first = look(0);
    thread(8, "queue0:src", kSecondNs / 2);
    EXPECT_EQ(advise(topology_, first, look(kSecondNs))[0].lines.at(0),
              "remote 90 %: memory of node 1, thread on node 0: set memory-node=0");
}

TEST(OwnProcess, is_seen) {
    LinuxThreadSystem system;
    const ProcessLook seen = look_at_process("/", getpid(), system, 0);
    ASSERT_FALSE(seen.threads.empty());
    EXPECT_FALSE(seen.threads.front().cpus.empty());
}

} // namespace

} // namespace tactus
