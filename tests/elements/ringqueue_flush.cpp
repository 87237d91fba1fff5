// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// FLUSH_START, FLUSH_STOP, and shutting down with data queued.
#include "element_fixture.h"

#include <atomic>

using namespace tactus;

namespace {

using Names = std::vector<std::string>;

class FlushTest : public ContractTest {
  protected:
    void occupy() {
        queue_.play_stream();
        queue_.hold();
        ASSERT_EQ(queue_.push(std::uint64_t{0}), GST_FLOW_OK);
        ASSERT_TRUE(queue_.wait_held());
    }

    // Pushes buffers 1 to `count` and keeps a reference to each.
    std::vector<GstBuffer*> queue_and_keep(guint64 count) {
        std::vector<GstBuffer*> kept;
        for (guint64 i = 1; i <= count; ++i) {
            kept.push_back(gst_buffer_ref(make_buffer(i)));
            EXPECT_EQ(queue_.push(kept.back()), GST_FLOW_OK);
        }
        return kept;
    }

    static void expect_only_ours(std::vector<GstBuffer*>& buffers) {
        for (GstBuffer* buffer : buffers) {
            EXPECT_EQ(refcount(buffer), 1) << GST_BUFFER_OFFSET(buffer);
            gst_buffer_unref(buffer);
        }
        buffers.clear();
    }
};

} // namespace

TEST_P(FlushTest, AFlushIsForwardedBothTimes) {
    queue_.play_stream();
    ASSERT_TRUE(queue_.flush_start());
    EXPECT_EQ(queue_.arrivals().back(), "event flush-start");
    ASSERT_TRUE(queue_.flush_stop());
    EXPECT_EQ(queue_.arrivals().back(), "event flush-stop");
}

TEST_P(FlushTest, FlushStartEndsAPushThatIsHeldDownstream) {
    occupy();
    ASSERT_TRUE(queue_.flush_start());
    // The task has left downstream, and rests: pausing it took the stream lock.
    EXPECT_EQ(gst_pad_get_task_state(queue_.src_pad()), GST_TASK_PAUSED);
}

TEST_P(FlushTest, FlushStartReleasesABlockedUpstreamWithFlushing) {
    queue_.set("max-size-buffers", 2U);
    SignalProbe overrun(queue_, "overrun");
    occupy();
    ASSERT_EQ(queue_.push_range(1, 2), GST_FLOW_OK);
    auto pushed = queue_.async([this] { return queue_.push(std::uint64_t{3}); });
    ASSERT_TRUE(overrun.wait_count(1));
    ASSERT_TRUE(queue_.flush_start());
    EXPECT_EQ(result_of(pushed), GST_FLOW_FLUSHING);
}

TEST_P(FlushTest, WhileFlushingBuffersAreRefused) {
    queue_.play_stream();
    ASSERT_TRUE(queue_.flush_start());
    GstBuffer* buffer = gst_buffer_ref(make_buffer(0));
    EXPECT_EQ(queue_.push(buffer), GST_FLOW_FLUSHING);
    EXPECT_EQ(refcount(buffer), 1);
    gst_buffer_unref(buffer);
}

TEST_P(FlushTest, WhileFlushingAQueryIsRefused) {
    queue_.play_stream();
    ASSERT_TRUE(queue_.flush_start());
    EXPECT_FALSE(queue_.ask(gst_query_new_drain()));
    ASSERT_TRUE(queue_.flush_stop());
    EXPECT_TRUE(queue_.ask(gst_query_new_drain()));
}

TEST_P(FlushTest, FlushStopEmptiesTheQueue) {
    occupy();
    std::vector<GstBuffer*> kept = queue_and_keep(5);
    GstBufferList* list = gst_buffer_list_ref(make_list(6, 4));
    ASSERT_EQ(queue_.push(list), GST_FLOW_OK);
    ASSERT_TRUE(queue_.flush_start());
    ASSERT_TRUE(queue_.flush_stop());
    EXPECT_EQ(queue_.level_buffers(), 0U);
    EXPECT_EQ(queue_.level_bytes(), 0U);
    EXPECT_EQ(queue_.level_time(), 0U);
    EXPECT_EQ(queue_.buffers_arrived(), Names{"buffer 0"});
    expect_only_ours(kept);
    EXPECT_EQ(refcount(list), 1);
    gst_buffer_list_unref(list);
}

TEST_P(FlushTest, FlushStopRestartsTheTask) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 5), GST_FLOW_OK);
    ASSERT_TRUE(queue_.flush_start());
    queue_.hold(0);
    ASSERT_TRUE(queue_.flush_stop());
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push(std::uint64_t{6}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 6"));
    EXPECT_EQ(queue_.buffers_arrived(), (Names{"buffer 0", "buffer 6"}));
}

TEST_P(FlushTest, StickyEventsThatAreQueuedOutliveAFlush) {
    occupy();
    ASSERT_TRUE(queue_.send(make_caps("test/second")));
    ASSERT_TRUE(queue_.send(make_tag("kept")));
    ASSERT_TRUE(queue_.flush_start());
    ASSERT_TRUE(queue_.flush_stop());
    EXPECT_TRUE(queue_.keeps_sticky(GST_EVENT_STREAM_START));
    EXPECT_TRUE(queue_.keeps_sticky(GST_EVENT_TAG));
    GstCaps* caps = gst_pad_get_current_caps(queue_.src_pad());
    ASSERT_NE(caps, nullptr);
    EXPECT_TRUE(gst_structure_has_name(gst_caps_get_structure(caps, 0), "test/second"));
    gst_caps_unref(caps);
    queue_.release();
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_for("buffer 1"));
    EXPECT_EQ(queue_.arrival_records().back().caps, "test/second") << "downstream gets them too";
}

TEST_P(FlushTest, SegmentAndEosDoNotOutliveAFlush) {
    occupy();
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    ASSERT_TRUE(queue_.flush_start());
    queue_.release();
    ASSERT_TRUE(queue_.flush_stop());
    EXPECT_FALSE(queue_.keeps_sticky(GST_EVENT_SEGMENT));
    EXPECT_FALSE(queue_.keeps_sticky(GST_EVENT_EOS));
    ASSERT_TRUE(queue_.send(make_segment()));
    EXPECT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK) << "the end of stream is forgotten";
    EXPECT_TRUE(queue_.wait_for("buffer 1"));
    for (const std::string& what : queue_.arrivals())
        EXPECT_NE(what, "event eos");
}

TEST_P(FlushTest, AFlushAfterEosStartsAgain) {
    queue_.play_stream();
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    ASSERT_TRUE(queue_.wait_for("event eos"));
    ASSERT_TRUE(queue_.flush_start());
    ASSERT_TRUE(queue_.flush_stop());
    ASSERT_TRUE(queue_.send(make_segment()));
    EXPECT_EQ(queue_.push(std::uint64_t{0}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 0"));
}

TEST_P(FlushTest, AFlushAfterAFatalFlowStartsAgain) {
    queue_.play_stream();
    queue_.answer_with(GST_FLOW_ERROR);
    ASSERT_EQ(queue_.push_until_refused(), GST_FLOW_ERROR);
    queue_.answer_with(GST_FLOW_OK);
    ASSERT_TRUE(queue_.flush_start());
    ASSERT_TRUE(queue_.flush_stop());
    ASSERT_TRUE(queue_.send(make_segment()));
    EXPECT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 1"));
}

TEST_P(FlushTest, FlushStartReleasesAQueryThatWaitsForItsTurn) {
    occupy();
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    std::promise<bool> asking;
    gst_pad_add_probe(
        queue_.sink_pad(),
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PUSH),
        [](GstPad*, GstPadProbeInfo*, gpointer promise) {
            static_cast<std::promise<bool>*>(promise)->set_value(true);
            return GST_PAD_PROBE_REMOVE;
        },
        &asking, nullptr);
    auto answered = queue_.async([this] { return queue_.ask(gst_query_new_drain()); });
    auto started = asking.get_future();
    ASSERT_TRUE(result_of(started));
    ASSERT_TRUE(queue_.flush_start());
    EXPECT_FALSE(result_of(answered));
    for (const std::string& what : queue_.arrivals())
        EXPECT_NE(what, "query drain");
}

TEST_P(FlushTest, AQueryThatIsWithDownstreamIsReleasedOnlyAfterDownstreamHasLeftIt) {
    queue_.play_stream();
    queue_.hold(QueueUnderTest::kQueries);
    std::atomic<bool> downstream_left{false};
    gst_pad_add_probe(
        queue_.src_pad(),
        static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_QUERY_DOWNSTREAM | GST_PAD_PROBE_TYPE_PULL),
        [](GstPad*, GstPadProbeInfo*, gpointer left) {
            *static_cast<std::atomic<bool>*>(left) = true;
            return GST_PAD_PROBE_OK;
        },
        &downstream_left, nullptr);
    auto left_first = queue_.async([&] {
        queue_.ask(gst_query_new_drain());
        return downstream_left.load();
    });
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_TRUE(queue_.flush_start());
    EXPECT_TRUE(result_of(left_first)) << "downstream was still writing into the query";
}

TEST_P(FlushTest, FlushesWhileUpstreamPushesLoseNothingButWhatTheyFlush) {
    queue_.set("max-size-buffers", 4U);
    queue_.play_stream();
    for (int round = 0; round < 200; ++round) {
        auto pushed = queue_.async([this] { return queue_.push_range(1, 40); });
        ASSERT_TRUE(queue_.flush_start());
        const GstFlowReturn flow = result_of(pushed);
        EXPECT_TRUE(flow == GST_FLOW_FLUSHING || flow == GST_FLOW_OK) << gst_flow_get_name(flow);
        ASSERT_TRUE(queue_.flush_stop());
        ASSERT_TRUE(queue_.send(make_segment()));
    }
    ASSERT_EQ(queue_.push(std::uint64_t{1000}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 1000"));
}

TEST_P(FlushTest, ShuttingDownGivesUpAllThatIsQueued) {
    occupy();
    std::vector<GstBuffer*> kept = queue_and_keep(5);
    GstEvent* event = gst_event_ref(make_custom());
    ASSERT_TRUE(queue_.send(event));
    queue_.release();
    queue_.shut_down();
    expect_only_ours(kept);
    EXPECT_EQ(refcount(event), 1);
    gst_event_unref(event);
    EXPECT_EQ(queue_.level_buffers(), 0U);
}

TEST_P(FlushTest, ShuttingDownReleasesABlockedUpstream) {
    queue_.set("max-size-buffers", 1U);
    SignalProbe overrun(queue_, "overrun");
    occupy();
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    auto pushed = queue_.async([this] { return queue_.push(std::uint64_t{2}); });
    ASSERT_TRUE(overrun.wait_count(1));
    auto down =
        queue_.async([this] { return gst_element_set_state(queue_.element(), GST_STATE_READY); });
    queue_.answer_with(GST_FLOW_FLUSHING);
    queue_.release();
    EXPECT_EQ(result_of(pushed), GST_FLOW_FLUSHING);
    EXPECT_EQ(result_of(down), GST_STATE_CHANGE_SUCCESS);
}

TEST_P(FlushTest, ItStartsAgainAfterEveryShutdownWithDataQueued) {
    for (int round = 0; round < 50; ++round) {
        queue_.answer_with(GST_FLOW_OK);
        queue_.play();
        ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
        ASSERT_TRUE(queue_.send(make_segment()));
        queue_.hold();
        ASSERT_EQ(queue_.push_range(0, 20), GST_FLOW_OK);
        queue_.shut_down();
        EXPECT_EQ(queue_.level_buffers(), 0U);
        gst_pad_set_active(queue_.upstream(), FALSE);
        gst_pad_set_active(queue_.downstream(), FALSE);
    }
}

TEST_P(FlushTest, PausedToPlayingAndBackLosesNothing) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 5), GST_FLOW_OK);
    EXPECT_EQ(gst_element_set_state(queue_.element(), GST_STATE_PAUSED), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(gst_element_set_state(queue_.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(queue_.level_buffers(), 5U);
    queue_.release();
    EXPECT_TRUE(queue_.wait_for("buffer 5"));
}

TACTUS_INSTANTIATE_CONTRACT(FlushTest);
