// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// numapin in pipelines: which memory frames have, how often its pages fault, and what it tells.
#include "footprint.h"
#include "glue/handles.h"
#include "launched_pipeline.h"
#include "sanitized.h"

#include <cstdint>
#include <set>
#include <string>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace tactus {

namespace {

using test::kSanitized;

constexpr const char* kCaps = "video/x-raw,format=NV12,width=640,height=480";

/// A file in memory with numbers in it.
class NumberFile {
  public:
    explicit NumberFile(std::size_t bytes) : file_(memfd_create("numbers", MFD_CLOEXEC)) {
        std::vector<std::uint8_t> data(bytes);
        for (std::size_t i = 0; i < bytes; ++i)
            data[i] = number_at(i);
        EXPECT_EQ(write(file_, data.data(), bytes), static_cast<ssize_t>(bytes));
    }
    ~NumberFile() { close(file_); }
    NumberFile(const NumberFile&) = delete;
    NumberFile& operator=(const NumberFile&) = delete;
    std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }
    static std::uint8_t number_at(std::size_t at) { return static_cast<std::uint8_t>(at % 251); }

  private:
    int file_;
};

/// Looks at each buffer that passes the pad of an element.
struct Watcher {
    std::uint64_t buffers = 0;
    std::uint64_t bytes = 0;
    std::uint64_t wrong_bytes = 0; ///< in a stream of NumberFile
    std::uint64_t ours = 0;
    bool checks_content = false;

    void watch(GstElement* element, const char* pad_name) {
        const PadHandle pad(gst_element_get_static_pad(element, pad_name));
        gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
    }

    void look(GstBuffer* buffer) {
        ++buffers;
        GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
        ours += g_str_has_prefix(G_OBJECT_TYPE_NAME(memory->allocator), "GstNumaPin");
        GstMapInfo map;
        if (checks_content && gst_buffer_map(buffer, &map, GST_MAP_READ)) {
            for (gsize i = 0; i < map.size; ++i)
                wrong_bytes += map.data[i] != NumberFile::number_at(bytes + i);
            gst_buffer_unmap(buffer, &map);
        }
        bytes += gst_buffer_get_size(buffer);
    }

  private:
    static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer user) {
        if (GST_PAD_PROBE_INFO_BUFFER(info) != nullptr)
            static_cast<Watcher*>(user)->look(GST_PAD_PROBE_INFO_BUFFER(info));
        return GST_PAD_PROBE_OK;
    }
};

std::string run(LaunchedPipeline& pipeline) {
    pipeline.play();
    return pipeline.wait();
}

StructureHandle memory_stats(GstElement* numapin) {
    GstStructure* stats = nullptr;
    g_object_get(numapin, "stats", &stats, nullptr);
    const StructureHandle all(stats);
    GstStructure* memory = nullptr;
    EXPECT_TRUE(gst_structure_get(stats, "memory", GST_TYPE_STRUCTURE, &memory, nullptr));
    return StructureHandle(memory);
}

guint64 count(const StructureHandle& stats, const char* field) {
    guint64 value = G_MAXUINT64;
    EXPECT_TRUE(gst_structure_get_uint64(stats.get(), field, &value)) << field;
    return value;
}

TEST(NumapinFrames, are_numapins_before_a_queue_and_behind_a_tee) {
    Watcher before;
    Watcher behind;
    LaunchedPipeline pipeline(std::string("videotestsrc num-buffers=20 ! ") + kCaps +
                              " ! numapin ! queue name=q ! tee ! numapin ! fakesink name=s");
    before.watch(pipeline.child("q"), "sink");
    behind.watch(pipeline.child("s"), "sink");
    EXPECT_EQ(run(pipeline), "");
    EXPECT_EQ(before.ours, 20U);
    EXPECT_EQ(behind.ours, 20U);
}

TEST(NumapinFrames, are_numapins_behind_a_decodebin) {
    const char* const clip = std::getenv("TACTUS_CLIP");
    if (clip == nullptr || access(clip, R_OK) != 0)
        GTEST_SKIP() << "no clip at TACTUS_CLIP";
    Watcher watcher;
    LaunchedPipeline pipeline(std::string("filesrc location=") + clip +
                              " ! decodebin ! identity eos-after=30 ! numapin ! fakesink name=s");
    watcher.watch(pipeline.child("s"), "sink");
    EXPECT_EQ(run(pipeline), "");
    EXPECT_GT(watcher.buffers, 20U);
    EXPECT_EQ(watcher.ours, watcher.buffers);
}

TEST(NumapinFrames, are_complete_to_the_last_byte_in_pull_mode) {
    const NumberFile file(1'234'567);
    Watcher watcher;
    watcher.checks_content = true;
    LaunchedPipeline pipeline("filesrc location=" + file.path() + " ! numapin name=n");
    const PadHandle source(gst_element_get_static_pad(pipeline.child("n"), "src"));
    const PadHandle sink(GST_PAD(gst_object_ref_sink(gst_pad_new("sink", GST_PAD_SINK))));
    ASSERT_EQ(gst_pad_link(source.get(), sink.get()), GST_PAD_LINK_OK);
    gst_element_set_state(pipeline.get(), GST_STATE_READY);
    ASSERT_TRUE(gst_pad_activate_mode(sink.get(), GST_PAD_MODE_PULL, TRUE));
    gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
    GstFlowReturn flow = GST_FLOW_OK;
    while (flow == GST_FLOW_OK && watcher.buffers < 20) {
        GstBuffer* buffer = nullptr;
        flow = gst_pad_pull_range(sink.get(), watcher.bytes, 100'000, &buffer);
        if (flow == GST_FLOW_OK) {
            watcher.look(buffer);
            gst_buffer_unref(buffer);
        }
    }
    EXPECT_EQ(flow, GST_FLOW_EOS);
    EXPECT_EQ(watcher.bytes, 1'234'567U);
    EXPECT_EQ(watcher.wrong_bytes, 0U);
    EXPECT_EQ(watcher.buffers, 13U);
    EXPECT_EQ(watcher.ours, 13U);
    gst_pad_set_active(sink.get(), FALSE);
    gst_pad_unlink(source.get(), sink.get());
}

TEST(NumapinFrames, are_complete_where_downstream_parses_what_it_pulls) {
    constexpr std::size_t kFrame = 640 * 480 * 3 / 2;
    const NumberFile file(5 * kFrame + 1'000);
    Watcher watcher;
    watcher.checks_content = true;
    LaunchedPipeline pipeline(
        "filesrc location=" + file.path() +
        " ! numapin process-default=true ! rawvideoparse format=nv12 width=640 "
        "height=480 ! fakesink name=s");
    watcher.watch(pipeline.child("s"), "sink");
    EXPECT_EQ(run(pipeline), "");
    EXPECT_EQ(watcher.buffers, 5U); // as without numapin
    EXPECT_EQ(watcher.wrong_bytes, 0U);
}

/// Counts the faults of the process once frames are steady.
struct FaultCounter {
    static constexpr unsigned kWarmUp = 12;
    static constexpr unsigned kCounted = 8;
    unsigned frames = 0;
    long begin = 0;
    long end = 0;

    static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo*, gpointer user) {
        auto* const self = static_cast<FaultCounter*>(user);
        rusage usage{};
        getrusage(RUSAGE_SELF, &usage);
        if (++self->frames == kWarmUp)
            self->begin = usage.ru_minflt;
        if (self->frames == kWarmUp + kCounted)
            self->end = usage.ru_minflt;
        return GST_PAD_PROBE_OK;
    }
};

TEST(NumapinFrames, fault_on_no_page_once_they_are_warm) {
    if (kSanitized)
        GTEST_SKIP() << "a sanitizer touches pages of its own";
    const int file = memfd_create("frames", MFD_CLOEXEC);
    ASSERT_EQ(ftruncate(file, off_t{7680} * 4320 * 3 / 2 * 28), 0);
    LaunchedPipeline pipeline(
        "filesrc location=/proc/self/fd/" + std::to_string(file) +
        " ! numapin process-default=true ! rawvideoparse format=nv12 width=7680 height=4320 ! "
        "queue "
        "name=q max-size-buffers=8 max-size-bytes=0 max-size-time=0 min-threshold-buffers=7 ! "
        "fakesink");
    FaultCounter counter;
    const PadHandle pad(gst_element_get_static_pad(pipeline.child("q"), "sink"));
    gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, FaultCounter::on_buffer, &counter,
                      nullptr);
    EXPECT_EQ(run(pipeline), "");
    close(file);
    ASSERT_GE(counter.frames, FaultCounter::kWarmUp + FaultCounter::kCounted);
    // Less than a thousandth of the pages: other threads of the process may grow their stacks.
    EXPECT_LT(counter.end - counter.begin, 12'151L * FaultCounter::kCounted / 1000);
}

TEST(NumapinFrames, leave_nothing_behind_when_pipelines_come_and_go) {
    const auto cycle = [] {
        LaunchedPipeline pipeline(std::string("videotestsrc num-buffers=3 ! ") + kCaps +
                                  " ! numapin shared=true process-default=true ! fakesink");
        EXPECT_EQ(run(pipeline), "");
    };
    cycle();
    const std::size_t files = open_files();
    for (int i = 0; i < 50; ++i)
        cycle();
    EXPECT_LE(open_files(), files);
}

/// Keeps the last buffer, and asks for other caps after the tenth.
struct Keeper {
    GstElement* filter = nullptr;
    BufferHandle last;
    unsigned buffers = 0;
    std::set<gsize> sizes;

    static GstPadProbeReturn on_buffer(GstPad*, GstPadProbeInfo* info, gpointer user) {
        auto* const self = static_cast<Keeper*>(user);
        self->last.reset(gst_buffer_ref(GST_PAD_PROBE_INFO_BUFFER(info)));
        self->sizes.insert(gst_buffer_get_size(self->last.get()));
        if (++self->buffers == 10 && self->filter != nullptr) {
            GstCaps* const caps =
                gst_caps_from_string("video/x-raw,format=NV12,width=320,height=240");
            g_object_set(self->filter, "caps", caps, nullptr);
            gst_caps_unref(caps);
        }
        return GST_PAD_PROBE_OK;
    }
    void watch(const LaunchedPipeline& pipeline) {
        const PadHandle pad(gst_element_get_static_pad(pipeline.child("n"), "src"));
        gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, on_buffer, this, nullptr);
    }
};

TEST(NumapinFrames, outlive_the_pipeline) {
    Keeper keeper;
    {
        LaunchedPipeline pipeline(std::string("videotestsrc pattern=white num-buffers=5 ! ") +
                                  kCaps + " ! numapin name=n ! fakesink");
        keeper.watch(pipeline);
        EXPECT_EQ(run(pipeline), "");
    }
    GstMapInfo map;
    ASSERT_TRUE(gst_buffer_map(keeper.last.get(), &map, GST_MAP_READ));
    EXPECT_EQ(map.data[0], 235); // white
    gst_buffer_unmap(keeper.last.get(), &map);
}

TEST(NumapinFrames, are_of_the_new_size_after_a_change_of_caps_and_of_the_same_arena) {
    Keeper keeper;
    LaunchedPipeline pipeline(std::string("videotestsrc num-buffers=30 ! capsfilter name=c caps=") +
                              kCaps + " ! numapin name=n ! fakesink");
    keeper.filter = pipeline.child("c");
    keeper.watch(pipeline);
    EXPECT_EQ(run(pipeline), "");
    EXPECT_EQ(keeper.buffers, 30U);
    EXPECT_EQ(keeper.sizes, (std::set<gsize>{320 * 240 * 3 / 2, 640 * 480 * 3 / 2}));
    const StructureHandle stats = memory_stats(pipeline.child("n"));
    EXPECT_EQ(count(stats, "answers"), 2U);
    EXPECT_LE(count(stats, "mapped"), 6U);
}

TEST(NumapinFrames, tell_where_they_are) {
    LaunchedPipeline pipeline(std::string("videotestsrc num-buffers=20 ! ") + kCaps +
                              " ! numapin name=n memory-node=0 prefault=true ! fakesink");
    pipeline.play();
    GstMessage* const message = pipeline.wait_for(GST_MESSAGE_EOS);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
    const StructureHandle stats = memory_stats(pipeline.child("n"));
    EXPECT_GE(count(stats, "acquired"), 1U);
    EXPECT_GT(count(stats, "sampled-pages"), 0U);
    EXPECT_EQ(count(stats, "absent-pages"), 0U);
    double remote = 1;
    EXPECT_TRUE(gst_structure_get_double(stats.get(), "remote-share", &remote));
    EXPECT_EQ(remote, 0.0);
}

TEST(NumapinFrames, are_refused_with_an_alignment_that_is_no_power_of_two) {
    LaunchedPipeline pipeline("videotestsrc num-buffers=1 ! numapin alignment=5000 ! fakesink");
    EXPECT_EQ(run(pipeline), "alignment=5000 is not a power of two; the next one is 8192");
}

TEST(NumapinFrames, of_a_node_that_is_not_there_cost_one_warning) {
    LaunchedPipeline pipeline(std::string("videotestsrc num-buffers=20 ! ") + kCaps +
                              " ! numapin memory-node=900 ! queue ! fakesink");
    pipeline.play();
    const std::string warning = pipeline.next_warning();
    EXPECT_NE(warning.find("memory-node=900"), std::string::npos) << warning;
    EXPECT_EQ(pipeline.wait(), "");
}

} // namespace

} // namespace tactus
