// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// numapin on a machine with several nodes: run.py boots one and runs these cases in it. Where pages
// are and how threads are scheduled is asked of the kernel here, not of numapin.
#include "watched_pipeline.h"

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace tactus {

namespace {

using PoolHandle = std::unique_ptr<GstBufferPool, ObjectUnref>;
using QueryHandle = std::unique_ptr<GstQuery, MiniObjectUnref>;

// --- four nodes, two hardware threads to a core, a network card at node 2

TEST(FourNodes, have_the_shape_that_is_tested) {
    EXPECT_EQ(read_file("/sys/devices/system/node/has_memory"), "0-3");
    EXPECT_EQ(read_file("/sys/devices/system/cpu/cpu6/topology/thread_siblings_list"), "6-7");
}

TEST(FourNodes, videotestsrc_writes_to_pages_of_the_node_that_is_asked_for) {
    Pipeline pipeline(frames(20) + "numapin name=pin cpus=node:0 memory-node=3 ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.buffers, 20);
    EXPECT_GT(pipeline.seen.pages[3], 2000);
    EXPECT_EQ(pipeline.seen.pages_elsewhere(3), 0);
    EXPECT_TRUE(contains(pipeline.stats, "remote-share\\=\\(double\\)0")) << pipeline.stats;
}

TEST(FourNodes, a_decoder_writes_to_pages_of_the_node_that_is_asked_for) {
    const char* const stream = std::getenv("TACTUS_NUMA_STREAM");
    if (stream == nullptr)
        GTEST_SKIP() << "there was no x264enc to make a stream with, or no avdec_h264";
    Pipeline pipeline(std::string("filesrc location=") + stream +
                      " ! h264parse ! avdec_h264 ! numapin name=pin cpus=node:0 memory-node=1 ! "
                      "queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_GT(pipeline.seen.buffers, 5);
    EXPECT_GT(pipeline.seen.pages[1], 500);
    EXPECT_EQ(pipeline.seen.pages_elsewhere(1), 0);
}

/// Fills buffers of the pool that is offered, in a thread of its own, as a source with a driver
/// does.
int push_as_a_camera(GstElement* source, int count) {
    const PadHandle pad(gst_element_get_static_pad(source, "src"));
    GstCaps* const caps = gst_caps_from_string(kCaps);
    const QueryHandle query(gst_query_new_allocation(caps, TRUE));
    gst_caps_unref(caps);
    GstBufferPool* offered = nullptr;
    if (!gst_pad_peer_query(pad.get(), query.get()) ||
        gst_query_get_n_allocation_pools(query.get()) == 0)
        return 0;
    gst_query_parse_nth_allocation_pool(query.get(), 0, &offered, nullptr, nullptr, nullptr);
    const PoolHandle pool(offered);
    gst_buffer_pool_set_active(pool.get(), TRUE);
    int pushed = 0;
    GstBuffer* buffer = nullptr;
    while (pushed < count &&
           gst_buffer_pool_acquire_buffer(pool.get(), &buffer, nullptr) == GST_FLOW_OK) {
        gst_buffer_memset(buffer, 0, 1, G_MAXSIZE);
        pushed += gst_app_src_push_buffer(GST_APP_SRC(source), buffer) == GST_FLOW_OK;
    }
    gst_buffer_pool_set_active(pool.get(), FALSE);
    return pushed;
}

TEST(FourNodes, a_source_like_a_camera_writes_to_pages_of_the_node_that_is_asked_for) {
    Pipeline pipeline(std::string("appsrc name=source format=time caps=") + kCaps +
                      " ! numapin name=pin memory-node=2 ! fakesink");
    pipeline.play();
    EXPECT_EQ(push_as_a_camera(pipeline.child("source"), 20), 20);
    gst_app_src_end_of_stream(GST_APP_SRC(pipeline.child("source")));
    EXPECT_EQ(pipeline.wait(), "");
    EXPECT_EQ(pipeline.seen.buffers, 20);
    EXPECT_GT(pipeline.seen.pages[2], 2000);
    EXPECT_EQ(pipeline.seen.pages_elsewhere(2), 0);
}

TEST(FourNodes, memory_follows_the_cpus_unless_told_otherwise) {
    Pipeline pipeline(frames(10) + "numapin name=pin cpus=node:1 ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.pages_elsewhere(1), 0);
    for (const int cpu : pipeline.seen.cpus)
        EXPECT_TRUE(cpu == 2 || cpu == 3) << cpu;
}

TEST(FourNodes, thread_and_memory_go_near_a_pci_device) {
    Pipeline pipeline(frames(10) + "numapin name=pin cpus=near:0000:61:00.0 ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.pages_elsewhere(2), 0);
    for (const int cpu : pipeline.seen.cpus)
        EXPECT_TRUE(cpu == 4 || cpu == 5) << cpu;
}

/// The card's driver is not in the kernel, so its name is put where the driver would put it.
TEST(FourNodes, auto_goes_near_the_device_that_the_source_reads_from) {
    ASSERT_EQ(mount("tmpfs", "/sys/class/misc", "tmpfs", 0, nullptr), 0);
    char* const card = realpath("/sys/bus/pci/devices/0000:61:00.0", nullptr);
    ASSERT_NE(card, nullptr);
    ASSERT_EQ(symlink(card, "/sys/class/misc/card0"), 0);
    std::free(card);
    Pipeline pipeline("udpsrc port=5004 multicast-iface=card0 ! numapin name=pin cpus=auto ! "
                      "fakesink async=false");
    std::atomic<int> begun_on{-1};
    const PadHandle pad(gst_element_get_static_pad(pipeline.child("pin"), "src"));
    gst_pad_add_probe(
        pad.get(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo*, gpointer cpu) {
            *static_cast<std::atomic<int>*>(cpu) = sched_getcpu();
            return GST_PAD_PROBE_OK;
        },
        &begun_on, nullptr);
    pipeline.play();
    EXPECT_TRUE(comes_true([&] { return begun_on >= 0; }));
    EXPECT_TRUE(begun_on == 4 || begun_on == 5) << begun_on;
    EXPECT_TRUE(pipeline.warnings().empty());
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    umount("/sys/class/misc");
}

TEST(FourNodes, remote_memory_is_diagnosed_with_the_remedy) {
    Pipeline pipeline(frames(20) + "numapin name=pin cpus=node:1 memory-node=3 ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_TRUE(contains(pipeline.stats, "remote\\ 100")) << pipeline.stats;
    EXPECT_TRUE(contains(pipeline.stats, "set\\ memory-node\\=1")) << pipeline.stats;
}

TEST(FourNodes, auto_gives_each_thread_a_core_of_its_own) {
    Pipeline pipeline(frames(10) + "numapin name=pin cpus=auto ! queue ! numapin name=second "
                                   "cpus=auto ! fakesink");
    CpuProbe second(pipeline.child("second"));
    EXPECT_EQ(pipeline.run(), "");
    ASSERT_EQ(pipeline.seen.cpus.size(), 1U);
    EXPECT_NE(second.only(), -1);
    EXPECT_NE(*pipeline.seen.cpus.begin() / 2, second.only() / 2);
}

TEST(FourNodes, a_node_that_is_full_costs_a_warning_and_not_the_process) {
    // 14 frames of 50 MB in flight; the node has 512 MiB.
    Pipeline pipeline(frames(16, "video/x-raw,format=NV12,width=7680,height=4320,framerate=30/1") +
                      "numapin name=pin memory-node=1 prefault=true ! queue max-size-buffers=14 "
                      "max-size-bytes=0 max-size-time=0 min-threshold-buffers=13 ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    const std::vector<std::string> warnings = pipeline.warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_TRUE(contains(warnings[0], "memory-node=1: the node has less than")) << warnings[0];
    EXPECT_GT(pipeline.seen.pages[1], 12'150 * 3);
}

// --- two nodes

constexpr const char* kNode = "/sys/devices/system/node/node";
constexpr const char* kPool = "/hugepages/hugepages-2048kB/nr_hugepages";

TEST(TwoNodes, huge_pages_come_from_the_pool_of_the_node) {
    write_file(std::string(kNode) + "1" + kPool, "32");
    Pipeline pipeline(frames(20) +
                      "numapin name=pin huge-pages=2M memory-node=1 ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.pages_elsewhere(1), 0);
    EXPECT_TRUE(pipeline.warnings().empty());
    EXPECT_FALSE(contains(pipeline.stats, "huge-bytes\\=\\(guint64\\)0\\,")) << pipeline.stats;
    write_file(std::string(kNode) + "1" + kPool, "0");
}

TEST(TwoNodes, huge_pages_of_another_node_are_not_taken) {
    write_file(std::string(kNode) + "1" + kPool, "32");
    Pipeline pipeline(frames(20) +
                      "numapin name=pin huge-pages=2M memory-node=0 ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.pages_elsewhere(0), 0);
    const std::vector<std::string> warnings = pipeline.warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_TRUE(contains(warnings[0], "huge-pages=2M")) << warnings[0];
    write_file(std::string(kNode) + "1" + kPool, "0");
}

TEST(TwoNodes, transparent_huge_pages_are_got_where_the_kernel_has_them) {
    write_file("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
    Pipeline pipeline(frames(10, "video/x-raw,format=NV12,width=1920,height=1088,framerate=30/1") +
                      "numapin name=pin huge-pages=thp memory-node=1 ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.pages_elsewhere(1), 0);
    EXPECT_FALSE(contains(pipeline.stats, "huge-bytes\\=\\(guint64\\)0\\,")) << pipeline.stats;
}

TEST(TwoNodes, pages_are_locked) {
    Pipeline pipeline(frames(10) + "numapin name=pin lock-pages=true ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_TRUE(pipeline.warnings().empty());
    EXPECT_FALSE(contains(pipeline.stats, "locked-bytes\\=\\(guint64\\)0\\,")) << pipeline.stats;
}

TEST(TwoNodes, the_thread_runs_with_real_time_policies) {
    Pipeline fifo(frames(10) + "numapin name=pin policy=fifo priority=20 cpus=node:1 ! fakesink");
    EXPECT_EQ(fifo.run(), "");
    EXPECT_EQ(fifo.seen.policies, std::set<int>{SCHED_FIFO});
    gst_element_set_state(fifo.get(), GST_STATE_NULL);
    const std::set<std::pair<int, std::string>> as_before{{SCHED_OTHER, "0123"}};
    EXPECT_EQ(fifo.left(), as_before);
    Pipeline deadline(frames(10) + "numapin name=pin policy=deadline runtime=5000000 "
                                   "deadline=20000000 period=20000000 ! fakesink");
    EXPECT_EQ(deadline.run(), "");
    constexpr int kSchedDeadline = 6;
    EXPECT_EQ(deadline.seen.policies, std::set<int>{kSchedDeadline});
    gst_element_set_state(deadline.get(), GST_STATE_NULL);
    EXPECT_EQ(deadline.left(), as_before);
}

TEST(TwoNodes, auto_stays_in_the_cpuset_and_the_quota_is_known) {
    const std::string root = "/sys/fs/cgroup/";
    write_file(root + "cgroup.subtree_control", "+cpu +cpuset");
    mkdir((root + "media").c_str(), 0755);
    write_file(root + "media/cpuset.cpus", "3");
    write_file(root + "media/cpu.max", "150000 100000");
    write_file(root + "media/cgroup.procs", std::to_string(getpid()));
    Pipeline pipeline(frames(10) + "numapin name=pin cpus=auto ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.cpus, std::set<int>{3});
    EXPECT_TRUE(contains(pipeline.stats, "quota-cpus=(double)1.5")) << pipeline.stats;
    EXPECT_TRUE(contains(pipeline.stats, "cpuset=(string)3")) << pipeline.stats;
    // The end of the stream is told before the thread that brought it has left.
    gst_element_set_state(pipeline.get(), GST_STATE_NULL);
    write_file(root + "media/cpu.max", "90000 100000");
    Pipeline fifo(frames(10) + "numapin name=pin policy=fifo ! fakesink");
    EXPECT_EQ(fifo.run(), "");
    const std::vector<std::string> warnings = fifo.warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_TRUE(contains(warnings[0], "quota 0.9 CPUs for 1 threads")) << warnings[0];
    write_file(root + "cgroup.procs", std::to_string(getpid()));
}

// --- without the rights of root

TEST(Unprivileged, locking_is_refused_with_one_warning_and_the_pipeline_runs_on) {
    Pipeline pipeline(frames(10) + "numapin name=pin lock-pages=true ! queue ! fakesink");
    EXPECT_EQ(pipeline.run(), "");
    EXPECT_EQ(pipeline.seen.buffers, 10);
    const std::vector<std::string> warnings = pipeline.warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_TRUE(contains(warnings[0], "RLIMIT_MEMLOCK is 64 KiB")) << warnings[0];
}

} // namespace

} // namespace tactus
