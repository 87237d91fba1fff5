// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Plain pipelines under the tracer: each buffer is recorded, with the latency that it had.
#include "traced_pipeline.h"

using namespace tactus::traced;

namespace {

constexpr const char* kSmall = "video/x-raw,width=32,height=32,framerate=100/1";

class Paths : public ::testing::Test {
  protected:
    void SetUp() override {
        gst_init(nullptr, nullptr);
        reset_figures();
    }
};

std::string video(const std::string& name, int buffers, const std::string& more = "") {
    return "videotestsrc name=" + name + " num-buffers=" + std::to_string(buffers) + " " + more +
           " ! " + kSmall;
}

/// Drops leave the books when newer buffers have come out for a while, so not at once.
Figures figures_once_dropped(const std::string& element, std::uint64_t expected) {
    const std::uint64_t give_up = monotonic_ns() + kPatience;
    Figures figures = take_figures();
    while (figures.element(element).dropped < expected && monotonic_ns() < give_up)
        figures = take_figures();
    return figures;
}

} // namespace

TEST_F(Paths, AQueueBeforeASlowElementIsWhereBuffersWait) {
    Pipeline p("backlog", video("src", 200) +
                              " ! queue name=q max-size-buffers=20 max-size-bytes=0 max-size-time=0"
                              " ! identity name=slow sleep-time=2000 ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& into_queue = p.watch_into("q");
    const Watch& out_of_queue = p.watch("q");
    const Watch& arrivals = p.watch("slow");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_EQ(arrivals.count(), 200U);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    const ElementFigures queue = figures.element(p.path("q"));
    EXPECT_EQ(queue.in, 200U);
    EXPECT_EQ(queue.out, 200U);
    EXPECT_TRUE(queue.queues);
    expect_truth(queue.residence, truth_between(into_queue, out_of_queue), "backlog: in the queue");
    const ElementFigures slow = figures.element(p.path("slow"));
    EXPECT_FALSE(slow.queues);
    expect_truth(slow.residence, truth_between(out_of_queue, arrivals), "backlog: in identity");
    expect_truth(slow.self, truth_between(out_of_queue, arrivals),
                 "backlog: self time of identity");
    expect_nothing_left(figures, p);
}

TEST_F(Paths, ALeakyQueueDropsExactlyWhatDoesNotComeOut) {
    for (const std::string leaky : {"upstream", "downstream"}) {
        reset_figures();
        Pipeline p("leaky-" + leaky,
                   "fakesrc name=src num-buffers=2000 sizetype=fixed sizemax=64 ! queue name=q "
                   "max-size-buffers=5 max-size-bytes=0 max-size-time=0 leaky=" +
                       leaky + " ! identity name=slow sleep-time=500 ! fakesink name=sink");
        const Watch& out = p.watch("src", "src", Key::offset);
        const Watch& arrivals = p.watch("slow", "src", Key::offset);
        ASSERT_EQ(p.run(), "eos");
        const std::uint64_t dropped = out.count() - arrivals.count();
        ASSERT_GT(dropped, 0U);
        const Figures figures = figures_once_dropped(p.path("q"), dropped);
        EXPECT_EQ(figures.element(p.path("q")).dropped, dropped) << leaky;
        expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
        expect_nothing_left(figures, p, {"q"});
    }
}

TEST_F(Paths, BothBranchesOfATeeAreMeasured) {
    Pipeline p("tee", video("src", 100) +
                          " ! tee name=t ! queue ! fakesink name=fast"
                          " t. ! queue ! identity name=slow sleep-time=3000 ! fakesink name=late");
    const Watch& out = p.watch("src");
    const Watch& fast = p.watch_into("fast");
    const Watch& late = p.watch("slow");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_EQ(fast.count(), 100U);
    ASSERT_EQ(late.count(), 100U);
    expect_path(figures, p, "src", "fast", truth_between(out, fast));
    expect_path(figures, p, "src", "late", truth_between(out, late));
    const ElementFigures tee = figures.element(p.path("t"));
    EXPECT_EQ(tee.in, 100U);
    EXPECT_EQ(tee.out, 200U);
    EXPECT_EQ(tee.duplicated, 0U) << "a copy for another pad is no repetition";
    expect_nothing_left(figures, p);
}

TEST_F(Paths, BuffersInListsAreToldApart) {
    TACTUS_NEEDS("rtpvrawpay");
    Pipeline p("lists", "videotestsrc name=src num-buffers=10 ! "
                        "video/x-raw,format=UYVY,width=320,height=240,framerate=100/1 ! "
                        "rtpvrawpay name=pay mtu=1400 ! queue max-size-buffers=0 max-size-bytes=0 "
                        "max-size-time=0 ! identity name=slow sleep-time=200 ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("slow");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_GT(arrivals.count(), 10U * 50U);
    // Each packet of a frame arrives with the frame's identity, at a time of its own.
    std::map<std::uint64_t, Passage> frames;
    for (const Passage& frame : out.passages())
        frames[frame.key] = frame;
    Truth truth;
    for (const Passage& packet : arrivals.passages())
        truth.add(frames.at(packet.key), packet);
    expect_path(figures, p, "src", "sink", truth);
    EXPECT_EQ(figures.element(p.path("pay")).duplicated, 0U) << "parts are no repetitions";
    expect_nothing_left(figures, p);
}

TEST_F(Paths, AChainOfManyElementsInOneThreadIsFollowedToItsEnd) {
    std::string line = "fakesrc name=src num-buffers=5 ! ";
    for (int i = 0; i < 200; ++i)
        line += "identity name=i" + std::to_string(i) + " ! ";
    Pipeline p("deep", line + "fakesink name=sink");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    EXPECT_EQ(figures.path(p.path("src"), p.path("sink")).buffers, 5U);
    EXPECT_EQ(figures.element(p.path("i199")).in, 5U);
    EXPECT_EQ(figures.element(p.path("i199")).out, 5U);
    expect_nothing_left(figures, p);
}

TEST_F(Paths, ASourceInABinInABinIsTheSource) {
    Pipeline p("bins", "bin.( name=outer bin.( name=inner " + video("src", 50) +
                           " ! identity name=last sleep-time=1000 ) ) ! queue ! "
                           "bin.( name=end fakesink name=sink )");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch_into("sink");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    EXPECT_EQ(arrivals.count(), 50U);
    const PathFigures path = figures.path("bins/outer/inner/src", "bins/end/sink");
    EXPECT_EQ(path.buffers, 50U);
    EXPECT_EQ(path.inferred, 0U);
    expect_nothing_left(figures, p);
    (void)out;
}

TEST_F(Paths, SeveralPipelinesAtTheSameTimeAreKeptApart) {
    Pipeline quick("quick", video("src", 150) + " ! queue ! identity name=work sleep-time=500 ! "
                                                "fakesink name=sink");
    Pipeline slow("slow", video("src", 60) + " ! queue ! identity name=work sleep-time=4000 ! "
                                             "fakesink name=sink");
    Pipeline plain("plain", video("src", 500) + " ! identity name=work ! fakesink name=sink");
    std::vector<std::pair<const Watch*, const Watch*>> ends;
    for (Pipeline* p : {&quick, &slow, &plain}) {
        const Watch& out = p->watch("src");
        ends.emplace_back(&out, &p->watch("work"));
        gst_element_set_state(p->get(), GST_STATE_PLAYING);
    }
    std::size_t i = 0;
    for (Pipeline* p : {&quick, &slow, &plain})
        ASSERT_EQ(p->ending(), "eos");
    const Figures figures = take_figures();
    for (Pipeline* p : {&quick, &slow, &plain}) {
        expect_path(figures, *p, "src", "sink", truth_between(*ends[i].first, *ends[i].second));
        expect_nothing_left(figures, *p);
        ++i;
    }
    for (const PathFigures& path : figures.paths())
        EXPECT_EQ(path.source.substr(0, path.source.find('/')),
                  path.sink.substr(0, path.sink.find('/')));
}

TEST_F(Paths, TimeThatASinkWaitsForTheClockIsNoLatency) {
    Pipeline p("sync", video("src", 60) + " ! identity name=last ! fakesink name=sink sync=true");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("last");
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    // A buffer comes as soon as the one before it has been shown, so waits for 10 ms at most.
    const Quantiles wait = figures.element(p.path("sink")).sync_wait;
    EXPECT_GT(wait.p50, 5 * GST_MSECOND);
    EXPECT_LT(wait.p50, 11 * GST_MSECOND);
    expect_nothing_left(figures, p);
}

TEST_F(Paths, AFlushingSeekLeavesNothingBehind) {
    Pipeline p("seek", video("src", -1) + " ! queue name=q max-size-buffers=10 ! "
                                          "identity name=last ! fakesink name=sink sync=true");
    const Watch& arrivals = p.watch("last");
    ASSERT_TRUE(p.reach(GST_STATE_PLAYING));
    ASSERT_TRUE(arrivals.wait_count(10));
    const auto flags = static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE);
    for (int i = 0; i < 3; ++i) {
        const std::size_t before = arrivals.count();
        ASSERT_TRUE(gst_element_seek_simple(p.get(), GST_FORMAT_TIME, flags, 5 * GST_SECOND));
        ASSERT_TRUE(arrivals.wait_count(before + 5));
    }
    ASSERT_TRUE(gst_element_seek(p.get(), 1.0, GST_FORMAT_TIME, flags, GST_SEEK_TYPE_SET,
                                 9 * GST_SECOND, GST_SEEK_TYPE_SET, 9200 * GST_MSECOND));
    ASSERT_EQ(p.ending(), "eos");
    const Figures figures = take_figures();
    EXPECT_EQ(figures.path(p.path("src"), p.path("sink")).buffers, arrivals.count());
    // A flush takes buffers away wherever it meets them; none may be counted as still inside.
    for (const ElementFigures& element : figures.elements())
        if (element.path.rfind(p.name() + "/", 0) == 0) {
            EXPECT_EQ(element.inside, 0U) << element.path;
        }
}

TEST_F(Paths, APauseIsPartOfTheLatencyOfWhatWaits) {
    Pipeline p("pause", video("src", 40) + " ! queue name=q ! identity name=last ! "
                                           "fakesink name=sink sync=true");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("last");
    ASSERT_TRUE(p.reach(GST_STATE_PLAYING));
    ASSERT_TRUE(arrivals.wait_count(10));
    ASSERT_TRUE(p.reach(GST_STATE_PAUSED));
    ASSERT_TRUE(out.wait_count(40)) << "the queue takes all while the sink rests";
    const Figures at_rest = take_figures();
    EXPECT_EQ(at_rest.path(p.path("src"), p.path("sink")).buffers, arrivals.count());
    EXPECT_GT(at_rest.element(p.path("q")).inside, 0U);
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p);
}

TEST_F(Paths, ThePrerollBufferIsCountedOnce) {
    Pipeline p("preroll", video("src", 5) + " ! identity name=last ! fakesink name=sink");
    const Watch& out = p.watch("src");
    const Watch& arrivals = p.watch("last");
    ASSERT_TRUE(p.reach(GST_STATE_PAUSED));
    EXPECT_EQ(take_figures().path(p.path("src"), p.path("sink")).buffers, 1U);
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    EXPECT_EQ(figures.path(p.path("src"), p.path("sink")).buffers, 5U);
    expect_path(figures, p, "src", "sink", truth_between(out, arrivals));
    expect_nothing_left(figures, p);
}

TEST_F(Paths, AFilledRingLosesNothingWithoutSayingSo) {
    Pipeline p("many", "fakesrc name=src num-buffers=20000 sizetype=fixed sizemax=64 ! queue ! "
                       "identity name=last ! fakesink name=sink");
    const Watch& arrivals = p.watch("last", "src", Key::offset);
    ASSERT_EQ(p.run(), "eos");
    const Figures figures = take_figures();
    ASSERT_EQ(arrivals.count(), 20000U);
    const PathFigures path = figures.path(p.path("src"), p.path("sink"));
    if (figures.records_lost() == 0) {
        EXPECT_EQ(path.buffers, 20000U);
    } else {
        EXPECT_GE(path.buffers + figures.records_lost(), 20000U);
    }
}
