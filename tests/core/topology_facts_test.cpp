// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the kernel counts for a thread, and what is concluded from it.
#include "../support/fake_root.h"
#include "core/topology/diagnosis.h"
#include "core/topology/kernel_text.h"
#include "core/topology/thread_readings.h"
#include "core/topology/wake_lateness.h"

#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace tactus {

namespace {

constexpr const char* kStat =
    "42 (evil) name (x) S 1 2 3 4 5 6 700 8 9 10 110 120 13 14 15 16 17 18 19000 20 21 22 23 24 25 "
    "26 27 28 29 30 31 32 33 34 35 5 37 38\n";

TEST(Readings, come_from_four_files_of_a_thread) {
    const FakeRoot root;
    root.write("proc/7/task/42/stat", kStat);
    root.write("proc/7/task/42/status",
               "Name:\tx\nvoluntary_ctxt_switches:\t31\nnonvoluntary_ctxt_switches:\t32\n");
    root.write("proc/7/task/42/schedstat", "41 42 43\n");
    root.write("proc/7/task/42/sched", "x (42)\nse.nr_migrations          :       51\n");
    const auto readings = read_thread(root.path(), "7", 42);
    ASSERT_TRUE(readings);
    EXPECT_EQ(readings->name, "evil) name (x");
    EXPECT_EQ(readings->minor_faults, 700U);
    EXPECT_EQ(readings->major_faults, 9U);
    EXPECT_EQ(readings->cpu_ticks, 230U);
    EXPECT_EQ(readings->cpu, 5U);
    EXPECT_EQ(readings->voluntary_switches, 31U);
    EXPECT_EQ(readings->involuntary_switches, 32U);
    EXPECT_EQ(readings->run_ns, 41U);
    EXPECT_EQ(readings->wait_ns, 42U);
    EXPECT_EQ(readings->time_slices, 43U);
    EXPECT_EQ(readings->migrations, 51U);
    EXPECT_EQ(readings->avx512_elapsed_ms, std::nullopt) << "a CPU without";
    EXPECT_EQ(read_thread_start(root.path(), "7", 42), 19000U);
}

TEST(Readings, are_left_out_where_the_kernel_does_not_tell) {
    const FakeRoot root;
    root.write("proc/7/task/42/stat", "42 (a) S 1\n");
    root.write("proc/7/task/42/schedstat", "nonsense\n");
    const auto readings = read_thread(root.path(), "7", 42);
    ASSERT_TRUE(readings);
    EXPECT_EQ(readings->wait_ns, std::nullopt);
    EXPECT_EQ(readings->migrations, std::nullopt);
    EXPECT_EQ(read_thread_start(root.path(), "7", 42), std::nullopt);
    EXPECT_FALSE(read_thread(root.path(), "7", 43));
}

TEST(Readings, of_avx_512_are_the_threads_own_and_may_say_never) {
    const FakeRoot root;
    root.write("proc/7/task/42/stat", kStat);
    root.write("proc/7/arch_status", "AVX512_elapsed_ms:\t8\n");
    root.write("proc/42/arch_status", "AVX512_elapsed_ms:\t1200\n");
    EXPECT_EQ(read_thread(root.path(), "7", 42)->avx512_elapsed_ms, 1200U);
    root.write("proc/42/arch_status", "AVX512_elapsed_ms:\t-1\n");
    EXPECT_EQ(read_thread(root.path(), "7", 42)->avx512_elapsed_ms, kNoAvx512);
    root.write("proc/42/arch_status", "nonsense\n");
    EXPECT_EQ(read_thread(root.path(), "7", 42)->avx512_elapsed_ms, std::nullopt);
}

TEST(KernelText, is_none_where_a_file_cannot_be_read) {
    const FakeRoot root;
    root.write("count", " 17\n");
    root.make_folder("folder");
    EXPECT_EQ(read_count(root.path() + "count"), 17U);
    EXPECT_EQ(read_text(root.path() + "folder"), std::nullopt);
    EXPECT_EQ(read_text(root.path() + "missing"), std::nullopt);
    EXPECT_EQ(parse_count("-5"), std::nullopt);
}

TEST(Readings, of_this_thread_name_it_and_rise) {
    const auto tid = static_cast<pid_t>(syscall(SYS_gettid));
    const auto before = read_thread("/", "self", tid);
    ASSERT_TRUE(before);
    constexpr std::size_t kBytes = std::size_t{64} << 20;
    const std::unique_ptr<char[]> fresh(new char[kBytes]);
    for (std::size_t i = 0; i < kBytes; i += 4096)
        static_cast<volatile char*>(fresh.get())[i] = 1;
    const auto after = read_thread("/", "self", tid);
    const ThreadReadings counted = difference(*before, *after);
    EXPECT_GT(counted.minor_faults, 0U);
    EXPECT_FALSE(after->name.empty());
}

TEST(Readings, that_fell_count_as_nothing) {
    ThreadReadings a;
    a.minor_faults = 5;
    a.wait_ns = 7;
    ThreadReadings b;
    b.wait_ns = 3;
    EXPECT_EQ(difference(a, b).minor_faults, 0U);
    EXPECT_EQ(difference(a, b).wait_ns, 0U);
    EXPECT_EQ(difference(a, b).run_ns, std::nullopt);
}

TEST(Lateness, is_what_a_buffer_comes_later_than_the_best) {
    WakeLateness lateness;
    constexpr std::uint64_t kFrameNs = 10'000'000;
    for (std::uint64_t i = 0; i < 100; ++i)
        lateness.add(1'000'000'000 + i * kFrameNs + (i == 50 ? 3000 : 0), i * kFrameNs);
    const LogLinearHistogram::Summary summary = lateness.histogram().summary();
    EXPECT_EQ(summary.count, 100U);
    EXPECT_EQ(summary.p50, 0U);
    EXPECT_EQ(summary.max, 3000U);
    lateness.restart();
    lateness.add(5'000'000'000, 0);
    EXPECT_EQ(lateness.histogram().summary().max, 3000U);
}

ThreadFacts healthy() {
    ThreadFacts facts;
    facts.interval_ns = 1'000'000'000;
    facts.buffers = 30;
    facts.samples = 30;
    facts.pinned_threads = 1;
    facts.cpus = *CpuSet::parse("3");
    facts.counted.cpu = 3;
    facts.counted.wait_ns = 1'000'000;
    facts.counted.involuntary_switches = 2;
    facts.counted.minor_faults = 3;
    return facts;
}

std::string only_line(const ThreadFacts& facts) {
    const std::vector<std::string> lines = diagnose(facts);
    return lines.size() == 1 ? lines.front() : std::to_string(lines.size()) + " lines";
}

TEST(Diagnosis, is_empty_where_nothing_hurts) {
    EXPECT_TRUE(diagnose(healthy()).empty());
    EXPECT_TRUE(diagnose({}).empty());
}

TEST(Diagnosis, tells_of_remote_memory) {
    ThreadFacts facts = healthy();
    facts.remote_share = 0.41;
    facts.memory_node = 0;
    facts.thread_node = 1;
    EXPECT_EQ(only_line(facts),
              "remote 41 %: memory of node 0, thread on node 1: set memory-node=1");
    facts.thread_node = 0;
    EXPECT_TRUE(diagnose(facts).empty());
}

TEST(Diagnosis, tells_of_a_quota_that_is_too_small) {
    ThreadFacts facts = healthy();
    facts.limits.quota_cpus = 1.5;
    facts.limits.quota_folder = "/sys/fs/cgroup/a";
    EXPECT_TRUE(diagnose(facts).empty());
    facts.pinned_threads = 4;
    EXPECT_EQ(only_line(facts), "quota 1.5 CPUs for 4 threads: raise the quota of "
                                "/sys/fs/cgroup/a, or pin fewer");
    facts.pinned_threads = 1;
    facts.throttled_ns = 120'000'000;
    EXPECT_EQ(only_line(facts),
              "throttled 12 % of the time by the quota: raise cpu.max of /sys/fs/cgroup/a");
}

TEST(Diagnosis, tells_of_waiting_and_of_being_put_off) {
    ThreadFacts facts = healthy();
    facts.counted.wait_ns = 200'000'000;
    EXPECT_EQ(only_line(facts), "ready but waiting for a CPU 20 % of the time: others use CPUs 3; "
                                "take other cpus, or policy=fifo");
    facts = healthy();
    facts.counted.involuntary_switches = 1000;
    EXPECT_EQ(only_line(facts),
              "put off its CPU 1000 times a second: take other cpus, or policy=fifo");
}

TEST(Diagnosis, judges_no_shares_of_a_moment) {
    ThreadFacts facts = healthy();
    facts.interval_ns = 10'000'000;
    facts.buffers = 1;
    facts.counted.wait_ns = 9'000'000;
    facts.counted.involuntary_switches = 900;
    facts.counted.minor_faults = 900;
    facts.throttled_ns = 9'000'000;
    EXPECT_TRUE(diagnose(facts).empty());
}

TEST(Diagnosis, tells_of_page_faults) {
    ThreadFacts facts = healthy();
    facts.counted.minor_faults = 12151 * facts.buffers;
    EXPECT_EQ(only_line(facts).find("12151 page faults for each buffer"), 0U);
    facts = healthy();
    facts.counted.major_faults = 2;
    EXPECT_EQ(only_line(facts).find("2 major page faults"), 0U);
}

TEST(Diagnosis, tells_of_places) {
    ThreadFacts facts = healthy();
    facts.samples_outside = 4;
    EXPECT_EQ(only_line(facts).find("outside its CPUs at 4 of 30 samples"), 0U);
    facts = healthy();
    facts.core_mates = {"queue1:src"};
    EXPECT_EQ(only_line(facts).find("shares a physical core with queue1:src"), 0U);
    facts = healthy();
    facts.cpus = *CpuSet::parse("2-3");
    facts.limits.isolated = *CpuSet::parse("3");
    EXPECT_TRUE(diagnose(facts).empty());
    facts.limits.isolated = *CpuSet::parse("2-7");
    EXPECT_EQ(only_line(facts).find("CPUs 2-3 are isolated"), 0U);
}

TEST(Diagnosis, tells_of_a_lowered_clock) {
    ThreadFacts facts = healthy();
    facts.frequency_khz = 2'088'000;
    facts.base_frequency_khz = 2'900'000;
    EXPECT_EQ(only_line(facts).find("CPU 3 runs at 2.09 GHz, 28 % below its base clock"), 0U);
    facts.frequency_khz = 2'800'000;
    EXPECT_TRUE(diagnose(facts).empty());
}

TEST(Diagnosis, names_avx_512_only_if_the_thread_used_its_registers_meanwhile) {
    ThreadFacts facts = healthy();
    facts.frequency_khz = 2'088'000;
    facts.base_frequency_khz = 2'900'000;
    const auto names_it = [&] { return only_line(facts).find("AVX-512") != std::string::npos; };
    EXPECT_FALSE(names_it()) << "nobody knows";
    facts.counted.avx512_elapsed_ms = kNoAvx512;
    EXPECT_FALSE(names_it()) << "never";
    facts.counted.avx512_elapsed_ms = 1500;
    EXPECT_FALSE(names_it()) << "before this second";
    facts.counted.avx512_elapsed_ms = 4;
    EXPECT_NE(only_line(facts).find("28 % below its base clock: AVX-512 code, whose registers the "
                                    "thread had in use 4 ms ago, or heat"),
              std::string::npos)
        << only_line(facts);
    facts.frequency_khz = 2'900'000;
    EXPECT_TRUE(diagnose(facts).empty()) << "it costs nothing here";
}

} // namespace

} // namespace tactus
