// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// clockcalib-probe: the same figures without a tracer.
#include "traced_pipeline.h"

#include <chrono>
#include <future>
#include <utility>

using namespace tactus::traced;

namespace {

constexpr const char* kSmall = "video/x-raw,width=32,height=32,framerate=100/1";

class Probe : public ::testing::Test {
  protected:
    void SetUp() override {
        unsetenv("GST_TRACERS");
        gst_init(nullptr, nullptr);
    }
};

Figures figures_of(GstElement* probe) {
    GstStructure* stats = nullptr;
    g_signal_emit_by_name(probe, "get-stats", &stats);
    if (stats == nullptr)
        g_error("the probe has no figures");
    Figures figures(stats);
    gst_structure_free(stats);
    return figures;
}

/// An element of the pipeline, by its name; the pipeline keeps it.
GstElement* named(const Pipeline& p, const char* name) {
    GstElement* element = gst_bin_get_by_name(GST_BIN(p.get()), name);
    gst_object_unref(element);
    return element;
}

std::string line(const std::string& probe, int buffers = 150) {
    return "videotestsrc name=src num-buffers=" + std::to_string(buffers) + " ! " + kSmall + " ! " +
           probe + "queue name=q max-size-buffers=10 ! identity name=slow sleep-time=1000 ! " +
           "fakesink name=sink";
}

bool attach(GstElement* probe, GstElement* bin) {
    gboolean attached = FALSE;
    g_signal_emit_by_name(probe, "attach", bin, &attached);
    return attached != FALSE;
}

} // namespace

TEST_F(Probe, InThePipelineMeasuresAllOfIt) {
    Pipeline p("inside", line("clockcalib-probe name=probe ! "));
    ASSERT_TRUE(p.reach(GST_STATE_READY)); // so that its probes come before those of the watches
    const Watch& out = p.watch("src");
    const Watch& into_queue = p.watch_into("q");
    const Watch& out_of_queue = p.watch("q");
    const Watch& arrivals = p.watch("slow");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = figures_of(named(p, "probe"));
    ASSERT_EQ(arrivals.count(), 150U);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    const ElementFigures queue = figures.element(p.path("q"));
    EXPECT_EQ(queue.in, 150U);
    EXPECT_EQ(queue.out, 150U);
    EXPECT_TRUE(queue.queues);
    expect_truth(queue.residence, truth_between(into_queue, out_of_queue), "inside: in the queue");
    EXPECT_EQ(figures.element(p.path("slow")).self.max, 0U) << "probes see no end of a push";
    expect_nothing_left(figures, p);
}

TEST_F(Probe, OfAnApplicationIsAttachedAndDetached) {
    GstElement* probe = GST_ELEMENT(gst_object_ref_sink(make("clockcalib-probe")));
    Pipeline p("attached", line(""));
    ASSERT_TRUE(attach(probe, p.get()));
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("slow");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = figures_of(probe);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p);
    g_signal_emit_by_name(probe, "detach");
    p.stop();
    ASSERT_EQ(p.run(), "eos");
    GstStructure* stats = nullptr;
    g_signal_emit_by_name(probe, "get-stats", &stats);
    EXPECT_EQ(gst_structure_n_fields(stats), 0) << "a detached probe knows nothing";
    gst_structure_free(stats);
    // Again: what passed meanwhile was not recorded.
    p.stop();
    ASSERT_TRUE(attach(probe, p.get()));
    ASSERT_EQ(p.run(), "eos");
    EXPECT_EQ(figures_of(probe).path(p.path("src"), p.path("sink")).buffers, 150U);
    g_signal_emit_by_name(probe, "detach");
    gst_object_unref(probe);
}

TEST_F(Probe, TakesNothingButABin) {
    GstElement* probe = GST_ELEMENT(gst_object_ref_sink(make("clockcalib-probe")));
    GstElement* queue = GST_ELEMENT(gst_object_ref_sink(make("queue")));
    EXPECT_FALSE(attach(probe, queue));
    EXPECT_FALSE(attach(probe, nullptr));
    gst_object_unref(queue);
    gst_object_unref(probe);
}

TEST_F(Probe, SaysAtTheStartWhyItsReportCannotBeWritten) {
    Pipeline p("unwritable", "fakesrc ! clockcalib-probe report=/no/such/folder/y.html ! fakesink");
    ASSERT_TRUE(p.reach(GST_STATE_READY));
    GstMessage* message = gst_bus_pop_filtered(p.bus(), GST_MESSAGE_WARNING);
    ASSERT_NE(message, nullptr);
    GError* warning = nullptr;
    gst_message_parse_warning(message, &warning, nullptr);
    const std::string text = warning->message;
    g_error_free(warning);
    gst_message_unref(message);
    EXPECT_NE(text.find("/no/such/folder/y.html"), std::string::npos) << text;
    EXPECT_NE(text.find("make the folder '/no/such/folder'"), std::string::npos) << text;
}

TEST_F(Probe, FollowsWhatIsAddedLater) {
    Pipeline p("later", std::string("videotestsrc name=src num-buffers=200 ! ") + kSmall +
                            " ! clockcalib-probe name=probe ! tee name=t ! "
                            "queue max-size-buffers=5 ! identity name=slow sleep-time=2000 ! "
                            "fakesink name=sink");
    ASSERT_TRUE(p.reach(GST_STATE_READY));
    const Watch& arrivals = p.watch("slow");
    gst_element_set_state(p.get(), GST_STATE_PLAYING);
    ASSERT_TRUE(arrivals.wait_count(10));
    GstElement* bin = gst_parse_bin_from_description(
        "queue ! identity name=more ! fakesink name=other async=false", TRUE, nullptr);
    gst_object_set_name(GST_OBJECT(bin), "branch");
    gst_bin_add(GST_BIN(p.get()), bin);
    GstElement* more = gst_bin_get_by_name(GST_BIN(bin), "more");
    GstPad* pad = gst_element_get_static_pad(more, "src");
    const Watch& others = p.watch(pad);
    gst_object_unref(pad);
    gst_object_unref(more);
    gst_element_sync_state_with_parent(bin);
    ASSERT_TRUE(gst_element_link(named(p, "t"), bin));
    ASSERT_EQ(p.ending(), "eos");
    ASSERT_GT(others.count(), 0U);
    const Figures figures = figures_of(named(p, "probe"));
    EXPECT_EQ(figures.path("later/src", "later/branch/other").buffers, others.count());
    EXPECT_EQ(figures.path("later/src", "later/sink").buffers, 200U);
    expect_nothing_left(figures, p);
}

TEST_F(Probe, TwiceInAPipelineCountsOnce) {
    Pipeline p("twice", line("clockcalib-probe name=one ! clockcalib-probe name=two ! "));
    ASSERT_EQ(p.run(), "eos");
    for (const char* probe : {"one", "two"}) {
        const Figures figures = figures_of(named(p, probe));
        EXPECT_EQ(figures.path(p.path("src"), p.path("sink")).buffers, 150U) << probe;
        EXPECT_EQ(figures.element(p.path("q")).in, 150U) << probe;
        expect_nothing_left(figures, p);
    }
}

TEST_F(Probe, OfTwoPipelinesMayEndInAnyOrder) {
    auto first = std::make_unique<Pipeline>("first", line("clockcalib-probe name=probe ! "));
    Pipeline second("second", line("clockcalib-probe name=probe ! "));
    gst_element_set_state(first->get(), GST_STATE_PLAYING);
    ASSERT_EQ(second.run(), "eos");
    ASSERT_EQ(first->ending(), "eos");
    first.reset();
    const Figures figures = figures_of(named(second, "probe"));
    EXPECT_EQ(figures.path("second/src", "second/sink").buffers, 150U);
    EXPECT_EQ(figures.path("first/src", "first/sink").buffers, 150U);
    second.stop();
    ASSERT_EQ(second.run(), "eos") << "and it begins again";
    EXPECT_EQ(figures_of(named(second, "probe")).path("second/src", "second/sink").buffers, 150U);
}

namespace {

void cycle(Pipeline& p, int times) {
    GstElement* probe = named(p, "probe");
    const guint references = GST_OBJECT_REFCOUNT_VALUE(probe);
    for (int i = 0; i < times; ++i) {
        ASSERT_TRUE(p.reach(i % 10 == 0 ? GST_STATE_PLAYING : GST_STATE_READY));
        p.stop();
    }
    EXPECT_EQ(GST_OBJECT_REFCOUNT_VALUE(probe), references);
    ASSERT_TRUE(p.reach(GST_STATE_READY));
    g_signal_emit_by_name(probe, "reset"); // what it counted is there as long as another one is
    ASSERT_EQ(p.run(), "eos");
    EXPECT_EQ(figures_of(probe).element(p.path("q")).in, 3U);
}

std::string short_line() {
    return "fakesrc num-buffers=3 ! clockcalib-probe name=probe ! queue name=q ! fakesink";
}

} // namespace

TEST_F(Probe, StartsAndEndsItsWorkAgainAndAgain) {
    Pipeline p("cycles", short_line());
    cycle(p, 50);
}

TEST_F(Probe, GoesThroughAThousandStateCycles) {
    // Another one keeps what they share, the start and end of which take their time.
    GstElement* other = GST_ELEMENT(gst_object_ref_sink(make("clockcalib-probe")));
    gst_element_set_state(other, GST_STATE_READY);
    Pipeline p("thousand", short_line());
    cycle(p, 999);
    gst_element_set_state(other, GST_STATE_NULL);
    gst_object_unref(other);
}

TEST_F(Probe, WatchesEachBinThatItIsAttachedTo) {
    GstElement* probe = GST_ELEMENT(gst_object_ref_sink(make("clockcalib-probe")));
    Pipeline one("one", line("", 20));
    Pipeline two("two", line("", 30));
    for (GstElement* bin : {one.get(), two.get(), one.get()})
        EXPECT_TRUE(attach(probe, bin));
    ASSERT_EQ(one.run(), "eos");
    ASSERT_EQ(two.run(), "eos");
    const Figures figures = figures_of(probe);
    EXPECT_EQ(figures.path("one/src", "one/sink").buffers, 20U);
    EXPECT_EQ(figures.path("two/src", "two/sink").buffers, 30U);
    EXPECT_EQ(figures.element("one/q").in, 20U);
    g_signal_emit_by_name(probe, "detach");
    gst_object_unref(probe);
}

namespace {

std::string many(int elements) {
    std::string line = "fakesrc num-buffers=1";
    for (int i = 0; i < elements; ++i)
        line += " ! identity";
    return line + " ! fakesink";
}

/// Whether a probe can be asked for something while it lets go of an element that nobody else
/// holds.
struct LastReference {
    static void on_toggle(gpointer data, GObject*, gboolean is_last) {
        auto& self = *static_cast<LastReference*>(data);
        if (is_last == FALSE || !std::exchange(self.is_armed, false))
            return;
        self.asked = std::async(std::launch::async, [&self] { attach(self.probe, self.bin); });
        self.was_free =
            self.asked.wait_for(std::chrono::nanoseconds(kPatience)) == std::future_status::ready;
    }

    GstElement* probe;
    GstElement* bin;
    bool is_armed = false;
    bool was_free = false;
    std::future<void> asked{};
};

} // namespace

TEST_F(Probe, HoldsNothingUpWhileItLetsGoOfAnElement) {
    GstElement* probe = GST_ELEMENT(gst_object_ref_sink(make("clockcalib-probe")));
    Pipeline small("small", "fakesrc ! identity name=alone ! fakesink");
    Pipeline large("large", many(400));
    ASSERT_TRUE(attach(probe, small.get()));
    GstElement* alone = named(small, "alone");
    LastReference last{probe, small.get()};
    g_object_add_toggle_ref(G_OBJECT(alone), LastReference::on_toggle, &last);
    gst_bin_remove(GST_BIN(small.get()), alone);
    last.is_armed = true;
    // So many that it looks which of those before are still there.
    ASSERT_TRUE(attach(probe, large.get()));
    EXPECT_FALSE(last.is_armed) << "it did not look at the element";
    EXPECT_TRUE(last.was_free);
    last.is_armed = false;
    gst_object_unref(probe);
    g_object_remove_toggle_ref(G_OBJECT(alone), LastReference::on_toggle, &last);
}

TEST_F(Probe, InAPipelineTakesOthersUntilItGoesToNull) {
    Pipeline own("own", line("clockcalib-probe name=probe ! ", 20));
    Pipeline other("other", line("", 30));
    GstElement* probe = named(own, "probe");
    ASSERT_TRUE(attach(probe, other.get())) << "before READY";
    ASSERT_EQ(own.run(), "eos");
    ASSERT_EQ(other.run(), "eos");
    EXPECT_EQ(figures_of(probe).path("own/src", "own/sink").buffers, 20U);
    EXPECT_EQ(figures_of(probe).path("other/src", "other/sink").buffers, 30U);
    own.stop();
    other.stop();
    ASSERT_EQ(own.run(), "eos");
    ASSERT_EQ(other.run(), "eos");
    EXPECT_EQ(figures_of(probe).path("own/src", "own/sink").buffers, 20U);
    EXPECT_EQ(figures_of(probe).path("other/src", "other/sink").buffers, 0U);
}

TEST_F(Probe, InAPipelineCanBeDetachedAndAttachedWhileItPlays) {
    Pipeline p("again", line("clockcalib-probe name=probe ! ", 20));
    GstElement* probe = named(p, "probe");
    ASSERT_TRUE(p.reach(GST_STATE_READY));
    g_signal_emit_by_name(probe, "detach");
    ASSERT_TRUE(attach(probe, p.get()));
    ASSERT_TRUE(attach(probe, p.get())) << "again changes nothing";
    ASSERT_EQ(p.run(), "eos");
    EXPECT_EQ(figures_of(probe).path("again/src", "again/sink").buffers, 20U);
    EXPECT_EQ(figures_of(probe).element("again/q").in, 20U);
}

TEST_F(Probe, PassesABinAfterItWentAway) {
    GstElement* probe = GST_ELEMENT(gst_object_ref_sink(make("clockcalib-probe")));
    {
        Pipeline p("gone", line("", 10));
        ASSERT_TRUE(attach(probe, p.get()));
        ASSERT_EQ(p.run(), "eos");
    }
    EXPECT_EQ(figures_of(probe).path("gone/src", "gone/sink").buffers, 10U);
    g_signal_emit_by_name(probe, "detach");
    gst_object_unref(probe);
}
