// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Graphs that change, sources whose buffers cannot be written to, ends that are no sinks, and what
// elements publish on buffers.
#include "traced_pipeline.h"

#include <cstring>

using namespace tactus::traced;

namespace {

constexpr const char* kSmall = "video/x-raw,width=32,height=32,framerate=100/1";

class Graphs : public ::testing::Test {
  protected:
    void SetUp() override {
        gst_init(nullptr, nullptr);
        reset_figures();
    }
};

GstBuffer* numbered(std::uint64_t number) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 64, nullptr);
    gst_buffer_fill(buffer, 0, &number, sizeof number);
    GST_BUFFER_PTS(buffer) = number * 10 * GST_MSECOND;
    return buffer;
}

GstElement* named(const Pipeline& p, const char* name) {
    GstElement* element = gst_bin_get_by_name(GST_BIN(p.get()), name);
    gst_object_unref(element); // the bin's reference is enough
    return element;
}

void push_to(GstElement* appsrc, GstBuffer* buffer) {
    GstFlowReturn flow = GST_FLOW_ERROR;
    g_signal_emit_by_name(appsrc, "push-buffer", buffer, &flow);
    EXPECT_EQ(flow, GST_FLOW_OK);
}

void end(GstElement* appsrc) {
    GstFlowReturn flow = GST_FLOW_ERROR;
    g_signal_emit_by_name(appsrc, "end-of-stream", &flow);
}

// --- an element that takes all and is not flagged as a sink

struct TestEater {
    GstElement parent;
};
struct TestEaterClass {
    GstElementClass parent_class;
};
G_DEFINE_TYPE(TestEater, test_eater, GST_TYPE_ELEMENT)

GstStaticPadTemplate eater_sink =
    GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

void test_eater_class_init(TestEaterClass* klass) {
    gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(klass), &eater_sink);
    gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(klass), "Eater", "Test",
                                          "Takes all, is no sink", "The gst-tactus authors");
}

void test_eater_init(TestEater* self) {
    GstPad* pad = gst_pad_new_from_static_template(&eater_sink, "sink");
    gst_pad_set_chain_function(pad, [](GstPad*, GstObject*, GstBuffer* buffer) {
        gst_buffer_unref(buffer);
        return GST_FLOW_OK;
    });
    gst_element_add_pad(GST_ELEMENT(self), pad);
}

} // namespace

TEST_F(Graphs, BuffersThatTheirSourceKeepsAreFollowedToo) {
    TACTUS_NEEDS("appsrc");
    Pipeline p("kept", "appsrc name=src format=time ! queue ! identity name=slow sleep-time=1000 ! "
                       "fakesink name=sink");
    const Watch& out = p.watch("src", "src", Key::payload);
    const Watch& arrivals = p.watch("slow", "src", Key::payload);
    gst_element_set_state(p.get(), GST_STATE_PLAYING);
    std::vector<GstBuffer*> kept;
    for (std::uint64_t i = 0; i < 100; ++i) {
        kept.push_back(numbered(i));
        push_to(named(p, "src"), kept.back());
    }
    end(named(p, "src"));
    ASSERT_EQ(p.ending(), "eos");
    const Figures figures = take_figures();
    for (GstBuffer* buffer : kept)
        gst_buffer_unref(buffer);
    ASSERT_EQ(arrivals.count(), 100U);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p);
}

TEST_F(Graphs, TheSameBufferAgainAndAgainIsADepartureEachTime) {
    TACTUS_NEEDS("appsrc");
    Pipeline p("same", "appsrc name=src format=time ! identity name=last sleep-time=500 ! "
                       "fakesink name=sink");
    const Watch& arrivals = p.watch("last", "src", Key::payload);
    gst_element_set_state(p.get(), GST_STATE_PLAYING);
    GstBuffer* buffer = numbered(1);
    for (int i = 0; i < 50; ++i)
        push_to(named(p, "src"), buffer);
    end(named(p, "src"));
    ASSERT_EQ(p.ending(), "eos");
    const Figures figures = take_figures();
    gst_buffer_unref(buffer);
    ASSERT_EQ(arrivals.count(), 50U);
    EXPECT_EQ(figures.path(p.path("src"), p.path("sink")).buffers, 50U);
    EXPECT_EQ(figures.element(p.path("last")).out, 50U);
    expect_nothing_left(figures, p);
}

TEST_F(Graphs, AFrozenImageIsRecordedEachTimeItIsShown) {
    TACTUS_NEEDS("imagefreeze");
    Pipeline p("freeze", std::string("videotestsrc name=src num-buffers=1 ! ") + kSmall +
                             " ! imagefreeze name=freeze num-buffers=40 ! queue ! identity "
                             "name=slow sleep-time=1000 ! fakesink name=sink");
    const Watch& arrivals = p.watch("slow");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_EQ(arrivals.count(), 40U);
    std::uint64_t recorded = 0;
    for (const PathFigures& path : figures.paths())
        recorded += path.sink == p.path("sink") ? path.buffers : 0;
    // One picture, so all but the first are repetitions of it.
    EXPECT_EQ(recorded + figures.element(p.path("sink")).duplicated, 40U) << figures.text();
    EXPECT_EQ(figures.element(p.path("freeze")).out, 40U);
    expect_nothing_left(figures, p, {"freeze"});
}

TEST_F(Graphs, ABranchMayComeAndGoWhileAllRuns) {
    Pipeline p(
        "dynamic",
        std::string("videotestsrc name=src num-buffers=150 ! ") + kSmall +
            " ! tee name=t ! queue max-size-buffers=5 ! identity name=last sleep-time=3000 ! "
            "fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("last");
    GstElement* tee = named(p, "t");
    gst_element_set_state(p.get(), GST_STATE_PLAYING);
    for (int round = 0; round < 3; ++round) {
        ASSERT_TRUE(arrivals.wait_count(10 + 30 * static_cast<std::size_t>(round)));
        const std::string name = "branch" + std::to_string(round);
        GstElement* branch = make("fakesink", name.c_str());
        g_object_set(branch, "async", FALSE, nullptr);
        gst_object_ref(branch);
        gst_bin_add(GST_BIN(p.get()), branch);
        gst_element_sync_state_with_parent(branch);
        GstPad* request = gst_element_request_pad_simple(tee, "src_%u");
        GstPad* sink = gst_element_get_static_pad(branch, "sink");
        std::size_t into_branch = 0;
        {
            const Watch watch(request, Key::running_time);
            ASSERT_EQ(gst_pad_link(request, sink), GST_PAD_LINK_OK);
            ASSERT_TRUE(watch.wait_count(5));
            // The pad goes while its buffers go through it, as applications do it.
            gst_pad_add_probe(
                request, GST_PAD_PROBE_TYPE_IDLE,
                [](GstPad* pad, GstPadProbeInfo*, gpointer peer) {
                    gst_pad_unlink(pad, GST_PAD(peer));
                    return GST_PAD_PROBE_REMOVE;
                },
                sink, nullptr);
            while (gst_pad_is_linked(sink))
                g_thread_yield();
            into_branch = watch.count();
        }
        gst_object_unref(sink);
        gst_element_release_request_pad(tee, request);
        gst_object_unref(request);
        gst_element_set_state(branch, GST_STATE_NULL);
        gst_bin_remove(GST_BIN(p.get()), branch);
        const PathFigures path = take_figures().path(p.path("src"), p.path(name));
        EXPECT_GE(path.buffers, 5U) << name;
        // One may have been on its way into the pad when it was unlinked.
        EXPECT_LE(path.buffers, into_branch + 1) << name;
        gst_object_unref(branch);
    }
    ASSERT_EQ(p.ending(), "eos");
    const Figures figures = take_figures();
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p);
}

TEST_F(Graphs, AnEndThatIsNoSinkStillCounts) {
    GstElement* pipeline = gst_pipeline_new("no-sink");
    gst_object_ref_sink(pipeline);
    GstElement* src = make("fakesrc", "src");
    g_object_set(src, "num-buffers", 30, nullptr);
    GstElement* queue = make("queue", "q");
    auto* eater = GST_ELEMENT(g_object_new(test_eater_get_type(), "name", "eater", nullptr));
    gst_bin_add_many(GST_BIN(pipeline), src, queue, eater, nullptr);
    ASSERT_TRUE(gst_element_link_many(src, queue, eater, nullptr));
    GstPad* pad = gst_element_get_static_pad(queue, "src");
    {
        const Watch watch(pad, Key::offset);
        gst_element_set_state(pipeline, GST_STATE_PLAYING);
        ASSERT_TRUE(watch.wait_count(30));
        gst_element_set_state(pipeline, GST_STATE_NULL);
    }
    const Figures figures = take_figures();
    gst_object_unref(pad);
    gst_object_unref(pipeline);
    EXPECT_EQ(figures.element("no-sink/eater").in, 30U);
    EXPECT_EQ(figures.element("no-sink/q").out, 30U);
    EXPECT_EQ(figures.element("no-sink/q").inside, 0U);
}

TEST_F(Graphs, ElementsWithoutAPipelineAreFollowed) {
    GstElement* src = GST_ELEMENT(gst_object_ref_sink(make("fakesrc", "lonely-src")));
    GstElement* sink = GST_ELEMENT(gst_object_ref_sink(make("fakesink", "lonely-sink")));
    g_object_set(src, "num-buffers", 20, nullptr);
    ASSERT_TRUE(gst_element_link(src, sink));
    GstBus* bus = gst_bus_new();
    gst_element_set_bus(sink, bus);
    gst_element_set_state(sink, GST_STATE_PLAYING);
    gst_element_set_state(src, GST_STATE_PLAYING);
    GstMessage* message = gst_bus_timed_pop_filtered(bus, kPatience, GST_MESSAGE_EOS);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
    const Figures figures = take_figures();
    EXPECT_EQ(figures.path("lonely-src", "lonely-sink").buffers, 20U);
    gst_element_set_state(src, GST_STATE_NULL);
    gst_element_set_state(sink, GST_STATE_NULL);
    gst_element_set_bus(sink, nullptr);
    gst_object_unref(bus);
    gst_object_unref(src);
    gst_object_unref(sink);
}

namespace {

void publish_gpu_work(GstBuffer* buffer, std::uint64_t number) {
    GstCustomMeta* meta = gst_buffer_add_custom_meta(buffer, "tactus-gpu-timing");
    ASSERT_NE(meta, nullptr);
    const std::uint64_t now = monotonic_ns();
    gst_structure_set(
        gst_custom_meta_get_structure(meta), "device", G_TYPE_STRING, "Test GPU", "queue",
        G_TYPE_STRING, "compute 0", "label", G_TYPE_STRING, "blur", "begin-ticks", G_TYPE_UINT64,
        guint64{1000 * number}, "end-ticks", G_TYPE_UINT64, guint64{1000 * number + 500},
        "begin-ns", G_TYPE_UINT64, guint64{now - 2 * GST_MSECOND}, "end-ns", G_TYPE_UINT64,
        guint64{now - GST_MSECOND}, "bound-ns", G_TYPE_UINT64, guint64{250}, "skew-ppm",
        G_TYPE_DOUBLE, 12.5, "method", G_TYPE_STRING, "calibrated", nullptr);
}

GstPadProbeReturn on_gpu_buffer(GstPad*, GstPadProbeInfo* info, gpointer count) {
    auto* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    publish_gpu_work(buffer, (*static_cast<std::uint64_t*>(count))++);
    GST_PAD_PROBE_INFO_DATA(info) = buffer;
    return GST_PAD_PROBE_OK;
}

} // namespace

TEST_F(Graphs, GpuWorkOnABufferIsToldOnceHoweverManyPadsItPasses) {
    if (gst_meta_get_info("tactus-gpu-timing") == nullptr) {
        static const gchar* no_tags[] = {nullptr};
        gst_meta_register_custom("tactus-gpu-timing", no_tags, nullptr, nullptr, nullptr);
    }
    Pipeline p("gpu", std::string("videotestsrc name=src num-buffers=100 ! ") + kSmall +
                          " ! identity name=gpu ! identity ! queue ! identity ! "
                          "tee name=t ! queue ! fakesink name=sink t. ! queue ! fakesink");
    // Writes after the work, where an element would: before the push out of "gpu".
    std::uint64_t written = 0;
    GstPad* pad = gst_element_get_static_pad(named(p, "gpu"), "sink");
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_gpu_buffer, &written, nullptr);
    gst_object_unref(pad);
    // The registration is looked for now and then, so it is not seen by the very first buffer.
    ASSERT_TRUE(p.reach(GST_STATE_PAUSED));
    ASSERT_EQ(p.run(), "eos");
    ASSERT_EQ(written, 100U);
    GstObject* tracer = find_tracer();
    GstStructure* stats = nullptr;
    g_signal_emit_by_name(tracer, "get-stats", &stats);
    gst_object_unref(tracer);
    const GValue* queues = gst_structure_get_value(stats, "gpu-queues");
    ASSERT_EQ(gst_value_list_get_size(queues), 1U);
    const GstStructure* queue = gst_value_get_structure(gst_value_list_get_value(queues, 0));
    EXPECT_STREQ(gst_structure_get_string(queue, "device"), "Test GPU");
    EXPECT_STREQ(gst_structure_get_string(queue, "queue"), "compute 0");
    EXPECT_STREQ(gst_structure_get_string(queue, "method"), "calibrated");
    guint64 slices = 0;
    guint64 bound = 0;
    guint64 busy = 0;
    gdouble skew = 0;
    EXPECT_TRUE(gst_structure_get(queue, "slices", G_TYPE_UINT64, &slices, "bound-ns",
                                  G_TYPE_UINT64, &bound, "busy-p50", G_TYPE_UINT64, &busy,
                                  "skew-ppm", G_TYPE_DOUBLE, &skew, nullptr));
    EXPECT_EQ(slices, 100U);
    EXPECT_EQ(bound, 250U);
    EXPECT_NEAR(static_cast<double>(busy), 1e6, 0.017e6);
    EXPECT_DOUBLE_EQ(skew, 12.5);
    gst_structure_free(stats);
}
