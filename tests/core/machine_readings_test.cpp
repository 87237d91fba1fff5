// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/machine_readings.h"

#include "../support/fake_root.h"

#include <gtest/gtest.h>
#include <string>

namespace tactus {

namespace {

class FakeMachine : public testing::Test {
  protected:
    void write(const std::string& path, const std::string& text) { root_.write(path, text); }
    void write_khz(int cpu, const std::string& khz) {
        write("sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cpufreq/scaling_cur_freq",
              khz + "\n");
    }
    MachineReadings readings() { return MachineReadings(root_.path(), 100); }

    FakeRoot root_;
};

TEST_F(FakeMachine, counts_steal_time_from_the_first_reading) {
    write("proc/stat", "cpu  1 2 3 4 5 6 7 50 9 10\ncpu0 1 2 3 4 5 6 7 999 9 10\n");
    MachineReadings machine = readings();
    machine.read();
    EXPECT_EQ(machine.stats().steal_ns, 0u);
    write("proc/stat", "cpu  1 2 3 4 5 6 7 53 9 10\n");
    machine.read();
    EXPECT_EQ(machine.stats().steal_ns, 30'000'000u);
    write("proc/stat", "cpu  1 2 3 4 5 6 7 3 9 10\n");
    machine.read();
    EXPECT_EQ(machine.stats().steal_ns, 0u);
}

TEST_F(FakeMachine, sums_throttling_of_the_own_cgroup_and_those_above) {
    write("proc/self/cgroup", "0::/a/b\n");
    write("sys/fs/cgroup/a/b/cpu.stat", "usage_usec 5\nnr_throttled 1\nthrottled_usec 100\n");
    write("sys/fs/cgroup/a/cpu.stat", "nr_throttled 10\nthrottled_usec 1000\n");
    MachineReadings machine = readings();
    machine.read();
    EXPECT_EQ(machine.stats().throttled_ns, 0u);
    write("sys/fs/cgroup/a/b/cpu.stat", "usage_usec 5\nnr_throttled 3\nthrottled_usec 150\n");
    write("sys/fs/cgroup/a/cpu.stat", "nr_throttled 11\nthrottled_usec 1007\n");
    machine.read();
    EXPECT_EQ(machine.stats().throttled_ns, 57'000u);
    EXPECT_EQ(machine.stats().throttled_periods, 3u);
}

TEST_F(FakeMachine, reads_cgroups_of_version_1) {
    write("proc/self/cgroup", "4:cpuset:/x\n3:cpu,cpuacct:/a\n1:name=systemd:/z\n");
    write("sys/fs/cgroup/cpu,cpuacct/a/cpu.stat", "nr_throttled 1\nthrottled_time 5\n");
    write("sys/fs/cgroup/cpuset/x/cpu.stat", "nr_throttled 1\nthrottled_time 5\n");
    MachineReadings machine = readings();
    machine.read();
    write("sys/fs/cgroup/cpu,cpuacct/a/cpu.stat", "nr_throttled 2\nthrottled_time 9\n");
    write("sys/fs/cgroup/cpuset/x/cpu.stat", "nr_throttled 9\nthrottled_time 99\n");
    machine.read();
    EXPECT_EQ(machine.stats().throttled_ns, 4u);
    EXPECT_EQ(machine.stats().throttled_periods, 1u);
}

TEST_F(FakeMachine, reads_the_root_when_the_path_leads_out_of_its_namespace) {
    write("proc/self/cgroup", "0::/../../other\n");
    write("sys/fs/cgroup/cpu.stat", "nr_throttled 4\nthrottled_usec 5\n");
    MachineReadings machine = readings();
    machine.read();
    EXPECT_EQ(machine.stats().throttled_ns, 0u);
}

TEST_F(FakeMachine, counts_changes_of_frequency_above_5_percent) {
    write_khz(0, "2000000");
    write_khz(1, "3000000");
    MachineReadings machine = readings();
    machine.read();
    EXPECT_EQ(machine.stats().cpu_frequency_min_khz, 2'000'000u);
    EXPECT_EQ(machine.stats().cpu_frequency_max_khz, 3'000'000u);
    write_khz(0, "2090000");
    write_khz(1, "1000000");
    machine.read();
    EXPECT_EQ(machine.stats().cpu_frequency_changes, 1u);
    EXPECT_EQ(machine.stats().cpu_frequency_min_khz, 1'000'000u);
    write_khz(0, "2110000");
    machine.read();
    EXPECT_EQ(machine.stats().cpu_frequency_changes, 2u);
}

TEST_F(FakeMachine, reads_many_cpus_in_turn) {
    for (int cpu = 0; cpu < 40; ++cpu)
        write_khz(cpu, std::to_string(1'000'000 + cpu));
    MachineReadings machine = readings();
    machine.read();
    EXPECT_EQ(machine.stats().cpu_frequency_max_khz, 1'000'015u);
    machine.read();
    machine.read();
    EXPECT_EQ(machine.stats().cpu_frequency_max_khz, 1'000'039u);
    write_khz(0, "5000000");
    machine.read();
    EXPECT_EQ(machine.stats().cpu_frequency_max_khz, 5'000'000u);
}

TEST_F(FakeMachine, says_nothing_where_files_are_missing_or_make_no_sense) {
    MachineReadings empty = readings();
    empty.read();
    write("proc/stat", "cpu  1 2 x\n");
    write("proc/self/cgroup", "nonsense\n::\n0:\n0::\n5:cpu\n0::relative\n");
    write("sys/fs/cgroup/cpu.stat", "throttled_usec -5\nnr_throttled\n");
    write_khz(0, "fast");
    write_khz(1, "99999999999999999999999");
    MachineReadings garbage = readings();
    garbage.read();
    for (const MachineStats& stats : {empty.stats(), garbage.stats()}) {
        EXPECT_FALSE(stats.steal_ns);
        EXPECT_FALSE(stats.throttled_ns);
        EXPECT_FALSE(stats.throttled_periods);
        EXPECT_FALSE(stats.cpu_frequency_min_khz);
        EXPECT_FALSE(stats.cpu_frequency_changes);
    }
}

} // namespace

} // namespace tactus
