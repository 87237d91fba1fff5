// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What limits numapin on a real kernel: CPUs that it keeps apart, and cgroups of version 1. run.py
// boots one with four nodes.
#include "watched_pipeline.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <set>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace tactus {

namespace {

// --- node 3's CPUs, 6 and 7, are isolated and without a tick (isolcpus=, nohz_full=)

constexpr const char* kCpus = "/sys/devices/system/cpu/";

#define TACTUS_NEEDS_ISOLATED_CPUS()                                                               \
    do {                                                                                           \
        if (read_file(std::string(kCpus) + "isolated") != "6-7")                                   \
            GTEST_SKIP() << "the kernel has not isolated CPUs 6 and 7 (CONFIG_CPU_ISOLATION)";     \
    } while (false)

/// Lets all threads of the process run on these CPUs, those too that GLib keeps for later tasks.
void let_run_on(const std::set<int>& cpus) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    for (const int cpu : cpus)
        CPU_SET(cpu, &mask);
    for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task"))
        sched_setaffinity(std::stoi(thread.path().filename()), sizeof mask, &mask);
}

class Isolated : public testing::Test {
  protected:
    void TearDown() override { let_run_on({0, 1, 2, 3, 4, 5}); }
};

TEST_F(Isolated, cpus_are_known) {
    TACTUS_NEEDS_ISOLATED_CPUS();
    Pipeline pipeline(frames(10) + "numapin name=pin ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_TRUE(contains(pipeline.stats, "isolated=(string)6-7")) << pipeline.stats;
    if (read_file(std::string(kCpus) + "nohz_full") != "6-7")
        GTEST_SKIP() << "the kernel cannot do without a tick (CONFIG_NO_HZ_FULL)";
    EXPECT_TRUE(contains(pipeline.stats, "nohz-full=(string)6-7")) << pipeline.stats;
}

TEST_F(Isolated, cpus_are_left_alone_by_auto_where_the_thread_may_not_use_them) {
    TACTUS_NEEDS_ISOLATED_CPUS();
    Pipeline pipeline(frames(10) + "numapin name=pin cpus=auto ! queue ! numapin name=b cpus=auto "
                                   "! queue ! numapin name=c cpus=auto ! queue ! numapin name=d "
                                   "cpus=auto ! fakesink");
    CpuProbe b(pipeline.child("b"));
    CpuProbe c(pipeline.child("c"));
    CpuProbe d(pipeline.child("d"));
    EXPECT_EQ(pipeline.run(), "");
    std::set<int> cpus = pipeline.seen.cpus;
    cpus.insert({b.only(), c.only(), d.only()});
    EXPECT_EQ(cpus.size(), 4U) << "each has one of its own";
    EXPECT_GE(*cpus.begin(), 0);
    EXPECT_LT(*cpus.rbegin(), 6);
    EXPECT_TRUE(pipeline.warnings().empty());
}

TEST_F(Isolated, cpus_come_first_with_auto_where_the_thread_may_use_them) {
    TACTUS_NEEDS_ISOLATED_CPUS();
    let_run_on({0, 1, 2, 3, 4, 5, 6, 7});
    Pipeline pipeline(frames(10) + "numapin name=pin cpus=auto ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.cpus, std::set<int>{6});
    EXPECT_EQ(pipeline.seen.pages_elsewhere(3), 0) << "memory follows";
}

TEST_F(Isolated, cpus_are_taken_by_name_and_two_of_them_are_diagnosed) {
    TACTUS_NEEDS_ISOLATED_CPUS();
    Pipeline one(frames(10) + "numapin name=pin cpus=7 ! fakesink");
    EXPECT_EQ(one.run(), "");
    EXPECT_EQ(one.seen.cpus, std::set<int>{7});
    EXPECT_FALSE(contains(one.stats, "are\\ isolated")) << one.stats;
    Pipeline two(frames(10) + "numapin name=pin cpus=6-7 ! fakesink");
    EXPECT_EQ(two.run(), "");
    EXPECT_TRUE(contains(two.stats, "CPUs\\ 6-7\\ are\\ isolated")) << two.stats;
}

// --- cgroups of version 1, each controller in a hierarchy of its own

/// Instead of version 2, for as long as it lives.
class Cgroups1 {
  public:
    Cgroups1() {
        mount("tmpfs", kRoot, "tmpfs", 0, nullptr);
        for (const char* controller : {"cpu", "cpuset"}) {
            const std::string folder = folder_of(controller);
            mkdir(folder.c_str(), 0755);
            if (mount("cgroup", folder.c_str(), "cgroup", 0, controller) != 0)
                problem_ = std::string(controller) + ": " + std::strerror(errno);
        }
    }
    ~Cgroups1() {
        for (const char* controller : {"cpu", "cpuset"}) {
            const std::string folder = folder_of(controller);
            write_file(folder + "/cgroup.procs", std::to_string(getpid()));
            umount(folder.c_str());
        }
        umount(kRoot);
    }
    Cgroups1(const Cgroups1&) = delete;
    Cgroups1& operator=(const Cgroups1&) = delete;

    const std::string& problem() const { return problem_; }
    static std::string folder_of(const std::string& group) {
        return std::string(kRoot) + "/" + group;
    }
    static void set(const std::string& file, const std::string& value) {
        write_file(folder_of(file), value);
    }

  private:
    static constexpr const char* kRoot = "/sys/fs/cgroup";
    std::string problem_;
};

TEST(CgroupsOfVersion1, limit_auto_to_the_cpuset_and_their_quota_is_told) {
    const Cgroups1 groups;
    if (!groups.problem().empty())
        GTEST_SKIP() << "the kernel has no cgroups of version 1: " << groups.problem();
    for (const char* group : {"cpu/media", "cpu/media/inner", "cpuset/media"})
        ASSERT_EQ(mkdir(Cgroups1::folder_of(group).c_str(), 0755), 0) << group;
    Cgroups1::set("cpu/media/cpu.cfs_period_us", "100000");
    Cgroups1::set("cpu/media/cpu.cfs_quota_us", "150000");
    EXPECT_EQ(read_file(Cgroups1::folder_of("cpu/media/inner/cpu.cfs_quota_us")), "-1");
    Cgroups1::set("cpuset/media/cpuset.mems", "0-3");
    Cgroups1::set("cpuset/media/cpuset.cpus", "2-3");
    Cgroups1::set("cpu/media/inner/cgroup.procs", std::to_string(getpid()));
    Cgroups1::set("cpuset/media/cgroup.procs", std::to_string(getpid()));
    Pipeline pipeline(frames(10) + "numapin name=pin cpus=auto ! queue ! numapin cpus=auto ! "
                                   "fakesink");
    EXPECT_EQ(pipeline.run(), "");
    ASSERT_EQ(pipeline.seen.cpus.size(), 1U);
    EXPECT_EQ(*pipeline.seen.cpus.begin() / 2, 1) << *pipeline.seen.cpus.begin();
    EXPECT_TRUE(contains(pipeline.stats, "quota-cpus=(double)1.5")) << pipeline.stats;
    EXPECT_TRUE(contains(pipeline.stats, "quota-cgroup=(string)/sys/fs/cgroup/cpu/media,"))
        << pipeline.stats;
    EXPECT_TRUE(contains(pipeline.stats, "cpuset=(string)2-3")) << pipeline.stats;
    const std::vector<std::string> warnings = pipeline.warnings();
    ASSERT_EQ(warnings.size(), 1U) << "one and a half CPUs feed one thread";
    EXPECT_TRUE(contains(warnings[0], "the quota of 1.5 CPUs (/sys/fs/cgroup/cpu/media)"))
        << warnings[0];
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    // A fifth of a CPU: writing frames takes more.
    Cgroups1::set("cpu/media/cpu.cfs_quota_us", "20000");
    Pipeline starved(frames(10) + "numapin name=pin ! fakesink");
    EXPECT_EQ(starved.run(), "");
    EXPECT_FALSE(contains(starved.stats, "throttled-time=(guint64)0,")) << starved.stats;
}

} // namespace

} // namespace tactus
