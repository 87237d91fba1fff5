// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee: pads that come and go.
#include "tee_fixture.h"

namespace tactus::tee {
namespace {

using Words = std::vector<std::string>;

class RingTeeDynamic : public TeeTest {
  protected:
    void TearDown() override {
        stop_producer();
        TeeTest::TearDown();
    }
    /// Pushes 0, 1, 2 ... until stopped.
    void start_producer() {
        producer_ = async([this] {
            GstFlowReturn flow = GST_FLOW_OK;
            while (!stop_ && flow == GST_FLOW_OK)
                flow = push(next_++);
            return flow;
        });
    }
    GstFlowReturn stop_producer() {
        stop_ = true;
        return producer_.valid() ? result_of(producer_) : GST_FLOW_OK;
    }
    static bool wait_first_buffer(Consumer& consumer) {
        std::vector<guint64> got;
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (consumer.sequences().empty() && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        return !consumer.sequences().empty();
    }
    static void expect_sound(Consumer& consumer) {
        const Words words = consumer.words();
        ASSERT_GT(words.size(), 3U);
        EXPECT_EQ(Words(words.begin(), words.begin() + 3),
                  (Words{"stream-start", "caps", "segment"}));
        const std::vector<guint64> got = consumer.sequences();
        EXPECT_EQ(got, numbers(got.front(), got.back()));
    }

    std::atomic<bool> stop_{false};
    std::atomic<guint64> next_{0};
    std::atomic<guint64> got_{0}; // what a handler writes outlives the test's body
    std::future<GstFlowReturn> producer_;
};

TEST_F(RingTeeDynamic, AThousandPadsComeAndGoWhileDataFlows) {
    set("max-size-buffers", 16U);
    add_consumer().on_buffer([this](GstBuffer* buffer) {
        EXPECT_EQ(GST_BUFFER_OFFSET(buffer), got_);
        ++got_;
    });
    play_stream();
    start_producer();
    for (int i = 0; i < 1000; ++i) {
        Consumer visitor(tee_);
        ASSERT_TRUE(wait_first_buffer(visitor)) << i;
        visitor.release_pad();
        expect_sound(visitor);
    }
    EXPECT_EQ(stop_producer(), GST_FLOW_OK);
    EXPECT_GT(got_, 0U);
}

TEST_F(RingTeeDynamic, PadsThatAreReleasedAtOnceLeaveNoTrace) {
    set("max-size-buffers", 4U);
    add_consumer().on_buffer([](GstBuffer*) {});
    play_stream();
    start_producer();
    for (int i = 0; i < 1000; ++i)
        Consumer visitor(tee_, i % 2 == 0);
    EXPECT_EQ(stop_producer(), GST_FLOW_OK);
    guint pads = 0;
    g_object_get(tee_, "num-src-pads", &pads, nullptr);
    EXPECT_EQ(pads, 1U);
}

TEST_F(RingTeeDynamic, APadThatIsUnlinkedAndLinkedAgainGoesOn) {
    set("max-size-buffers", 4U);
    add_consumer().on_buffer([](GstBuffer*) {});
    Consumer& restless = add_consumer();
    restless.on_buffer([this](GstBuffer*) { ++got_; });
    play_stream();
    start_producer();
    for (int i = 0; i < 1000; ++i) {
        restless.unlink();
        restless.link();
        const guint64 before = got_;
        const auto end = std::chrono::steady_clock::now() + kPatience;
        while (got_ == before && std::chrono::steady_clock::now() < end)
            std::this_thread::yield();
        ASSERT_GT(got_, before) << i;
    }
    EXPECT_EQ(stop_producer(), GST_FLOW_OK);
}

TEST_F(RingTeeDynamic, ReleasingThePadThatBlocksTheProducerLetsItGoOn) {
    set("max-size-buffers", 3U);
    Consumer& free = add_consumer();
    Consumer& blocked = add_consumer();
    gst_pad_add_probe(
        blocked.pad(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
    play_stream();
    auto producer = async([this] { return push_range(0, 99); });
    ASSERT_TRUE(free.wait_for("buffer 2"));
    blocked.release_pad();
    EXPECT_EQ(result_of(producer), GST_FLOW_OK);
    EXPECT_TRUE(free.wait_for("buffer 99"));
}

TEST_F(RingTeeDynamic, AReleaseThatHasToWaitForDownstreamLetsTheProducerGoOnMeanwhile) {
    set("max-size-buffers", 3U);
    Consumer& free = add_consumer();
    Consumer& held = add_consumer();
    held.hold();
    play_stream();
    auto producer = async([this] { return push_range(0, 99); });
    ASSERT_TRUE(held.wait_held());
    auto releaser = async([&held] {
        held.release_pad();
        return true;
    });
    EXPECT_EQ(result_of(producer), GST_FLOW_OK); // the pad is still held
    EXPECT_TRUE(free.wait_for("buffer 99"));
    held.release();
    EXPECT_TRUE(result_of(releaser));
}

TEST_F(RingTeeDynamic, AFlushEndsWhatABlockedPadWaitsFor) {
    Consumer& a = add_consumer();
    Consumer& blocked = add_consumer();
    play_stream();
    const gulong probe = gst_pad_add_probe(
        blocked.pad(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
    ASSERT_EQ(push_range(0, 9), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 9"));
    ASSERT_TRUE(send(gst_event_new_flush_start()));
    ASSERT_TRUE(send(gst_event_new_flush_stop(TRUE)));
    gst_pad_remove_probe(blocked.pad(), probe);
    ASSERT_TRUE(send(make_segment()));
    ASSERT_EQ(push(10), GST_FLOW_OK);
    EXPECT_TRUE(blocked.wait_for("buffer 10"));
    EXPECT_TRUE(a.wait_for("buffer 10"));
}

// --- late

TEST_F(RingTeeDynamic, APadRequestedInAnIdleStreamGetsTheStickyEventsBeforeItsFirstBuffer) {
    add_consumer();
    play_stream();
    ASSERT_EQ(push_range(0, 9), GST_FLOW_OK);
    Consumer& late = add_consumer();
    GstCaps* caps = gst_pad_get_current_caps(late.pad());
    EXPECT_NE(caps, nullptr); // at once: nobody else is in the element
    gst_clear_caps(&caps);
    ASSERT_EQ(push(10), GST_FLOW_OK);
    ASSERT_TRUE(late.wait_for("buffer 10"));
    EXPECT_EQ(late.words(), (Words{"stream-start", "caps", "segment", "buffer 10"}));
}

TEST_F(RingTeeDynamic, APadRequestedWhilePausedWorks) {
    gst_element_set_state(tee_, GST_STATE_PAUSED);
    Consumer& early = add_consumer();
    start_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    Consumer& late = add_consumer();
    ASSERT_EQ(push(1), GST_FLOW_OK);
    ASSERT_TRUE(early.wait_for("buffer 1"));
    ASSERT_TRUE(late.wait_for("buffer 1"));
    EXPECT_EQ(late.words(), (Words{"stream-start", "caps", "segment", "buffer 1"}));
}

TEST_F(RingTeeDynamic, APadRequestedAfterTheEndHearsOfItAndOfTheNextStream) {
    add_consumer();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_eos()));
    Consumer& late = add_consumer();
    ASSERT_TRUE(late.wait_for("eos"));
    EXPECT_EQ(late.words(), (Words{"stream-start", "caps", "segment", "eos"}));
    Consumer& unlinked = add_consumer(false);
    unlinked.link();
    ASSERT_TRUE(unlinked.wait_for("eos"));
    start_stream();
    ASSERT_EQ(push(1), GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_eos()));
    for (Consumer* consumer : {&late, &unlinked}) {
        ASSERT_TRUE(consumer->wait_for("eos", 2));
        EXPECT_EQ(consumer->words(), (Words{"stream-start", "caps", "segment", "eos",
                                            "stream-start", "caps", "segment", "buffer 1", "eos"}));
    }
}

TEST_F(RingTeeDynamic, PadsThatComeAsTheStreamEndsAndStartsAgainMissNeither) {
    add_consumer();
    play();
    for (int i = 0; i < 500; ++i) {
        auto upstream = async([this] {
            start_stream();
            const GstFlowReturn flow = push(0);
            return flow == GST_FLOW_OK && send(gst_event_new_eos());
        });
        Consumer visitor(tee_);
        ASSERT_TRUE(visitor.wait_for("eos")) << i;
        EXPECT_TRUE(result_of(upstream)) << i;
        visitor.release_pad();
    }
}

// --- from the pad's own thread

GstPadProbeReturn release_in_probe(GstPad* pad, GstPadProbeInfo*, gpointer tee) {
    gst_element_release_request_pad(GST_ELEMENT(tee), pad);
    return GST_PAD_PROBE_REMOVE;
}

TEST_F(RingTeeDynamic, APadMayBeReleasedFromAProbeInItsOwnThread) {
    set("max-size-buffers", 4U);
    add_consumer().on_buffer([](GstBuffer*) {});
    gst_bus_set_flushing(bus_, TRUE); // its messages about tasks would keep the pads
    play_stream();
    start_producer();
    for (int i = 0; i < 300; ++i) {
        const auto type =
            i % 2 == 0 ? GST_PAD_PROBE_TYPE_IDLE : GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM;
        GstPad* pad = gst_element_request_pad_simple(tee_, "src_%u");
        GstPad* sink = gst_pad_new("sink", GST_PAD_SINK);
        gst_pad_set_chain_function(sink, [](GstPad*, GstObject*, GstBuffer* buffer) {
            gst_buffer_unref(buffer);
            return GST_FLOW_OK;
        });
        gst_pad_set_active(sink, TRUE);
        gst_pad_link(pad, sink);
        std::promise<void> gone;
        auto is_gone = gone.get_future();
        g_object_weak_ref(
            G_OBJECT(pad),
            [](gpointer p, GObject*) { static_cast<std::promise<void>*>(p)->set_value(); }, &gone);
        gst_pad_add_probe(pad, type, release_in_probe, tee_, nullptr);
        gst_object_unref(pad);
        ASSERT_EQ(is_gone.wait_for(kPatience), std::future_status::ready) << i;
        gst_pad_set_active(sink, FALSE);
        gst_object_unref(sink);
    }
    EXPECT_EQ(stop_producer(), GST_FLOW_OK);
}

// --- names and lifetime

TEST_F(RingTeeDynamic, ANumberThatWasAskedForIsNotGivenTwice) {
    GstPad* second = gst_element_request_pad_simple(tee_, "src_1");
    ASSERT_NE(second, nullptr);
    std::vector<GstPad*> pads{second};
    for (const char* expected : {"src_0", "src_2", "src_3"}) {
        pads.push_back(gst_element_request_pad_simple(tee_, "src_%u"));
        EXPECT_STREQ(GST_PAD_NAME(pads.back()), expected);
    }
    for (GstPad* pad : pads) {
        gst_element_release_request_pad(tee_, pad);
        gst_object_unref(pad);
    }
}

TEST_F(RingTeeDynamic, APadCanBeLookedAtAfterItsReleaseAndAfterTheElement) {
    Consumer& a = add_consumer();
    play_stream();
    ASSERT_EQ(push_range(0, 9), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 9"));
    GstPad* pad = GST_PAD(gst_object_ref(a.pad()));
    const auto look = [pad] {
        guint64 lost = 1;
        guint64 level = 1;
        GstStructure* stats = nullptr;
        g_object_get(pad, "lost", &lost, "current-level-buffers", &level, "stats", &stats, nullptr);
        EXPECT_EQ(lost, 0U);
        EXPECT_EQ(level, 0U);
        EXPECT_TRUE(gst_structure_has_field(stats, "buffers-out"));
        gst_structure_free(stats);
        GstQuery* query = gst_query_new_latency();
        EXPECT_FALSE(gst_pad_query(pad, query));
        gst_query_unref(query);
        EXPECT_FALSE(gst_pad_send_event(pad, gst_event_new_reconfigure()));
    };
    a.release_pad();
    look();
    TearDown();
    look();
    gst_object_unref(pad);
    SetUp();
}

} // namespace
} // namespace tactus::tee
