// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What downstream answers, and what becomes of it.
#include "element_fixture.h"

using namespace tactus;

namespace {

using Names = std::vector<std::string>;

template <typename Base>
class FlowCase : public Base {
  protected:
    using Base::queue_;

    void occupy() {
        queue_.play_stream();
        queue_.hold();
        ASSERT_EQ(queue_.push(std::uint64_t{0}), GST_FLOW_OK);
        ASSERT_TRUE(queue_.wait_held());
    }

    // Downstream answers `flow`, and the task has come to rest with it.
    void fail_with(GstFlowReturn flow) {
        queue_.play_stream();
        queue_.answer_with(flow);
        ASSERT_EQ(queue_.push(std::uint64_t{0}), GST_FLOW_OK);
        ASSERT_TRUE(queue_.wait_task_rests());
        ASSERT_EQ(queue_.push(std::uint64_t{1}), flow);
    }

    // Downstream has said that it wants no more, and the queue knows.
    void end_downstream() {
        queue_.play_stream();
        queue_.answer_with(GST_FLOW_EOS);
        ASSERT_EQ(queue_.push_until_refused(), GST_FLOW_EOS);
        queue_.answer_with(GST_FLOW_OK);
    }
};
using FlowTest = FlowCase<ContractTest>;
using RingQueueFlow = FlowCase<RingQueueTest>;

constexpr GstFlowReturn kFatal[] = {GST_FLOW_ERROR, GST_FLOW_NOT_NEGOTIATED, GST_FLOW_NOT_LINKED,
                                    GST_FLOW_NOT_SUPPORTED, GST_FLOW_CUSTOM_ERROR};

} // namespace

TEST_P(FlowTest, ChainAnswersOkWhileDownstreamDoes) {
    queue_.play_stream();
    EXPECT_EQ(queue_.push_range(0, 999), GST_FLOW_OK);
    EXPECT_EQ(queue_.push(make_list(1000, 3)), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("list 1000+3"));
    EXPECT_EQ(queue_.buffers_arrived().size(), 1001U);
}

TEST_P(FlowTest, ChainAnswersWhatDownstreamAnsweredLast) {
    for (const GstFlowReturn flow : kFatal) {
        SCOPED_TRACE(gst_flow_get_name(flow));
        QueueUnderTest queue(GetParam());
        queue.play_stream();
        queue.answer_with(flow);
        EXPECT_EQ(queue.push_until_refused(), flow);
        EXPECT_EQ(queue.push(std::uint64_t{1}), flow) << "and again";
        EXPECT_EQ(queue.push(make_list(2, 2)), flow);
    }
}

TEST_P(FlowTest, AFatalFlowEndsTheWaitOfABlockedUpstream) {
    queue_.set("max-size-buffers", 1U);
    SignalProbe overrun(queue_, "overrun");
    occupy();
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    auto pushed = queue_.async([this] { return queue_.push(std::uint64_t{2}); });
    ASSERT_TRUE(overrun.wait_count(1));
    queue_.answer_with(GST_FLOW_ERROR);
    queue_.release();
    EXPECT_EQ(result_of(pushed), GST_FLOW_ERROR);
}

TEST_P(FlowTest, AFatalFlowAloneIsLeftForUpstreamToReport) {
    fail_with(GST_FLOW_ERROR);
    EXPECT_FALSE(queue_.has_error());
    EXPECT_NE(queue_.arrivals().back(), "event eos");
}

TEST_P(FlowTest, AFatalFlowAfterEosPostsAnErrorAndSendsEos) {
    for (const GstFlowReturn flow : kFatal) {
        SCOPED_TRACE(gst_flow_get_name(flow));
        QueueUnderTest queue(GetParam());
        queue.play_stream();
        queue.hold();
        ASSERT_EQ(queue.push(std::uint64_t{0}), GST_FLOW_OK);
        ASSERT_TRUE(queue.wait_held());
        ASSERT_TRUE(queue.send(gst_event_new_eos()));
        queue.answer_with(flow);
        queue.release();
        EXPECT_TRUE(queue.wait_for("event eos"));
        EXPECT_TRUE(queue.has_error());
    }
}

TEST_P(FlowTest, FlushingFromDownstreamAfterEosIsNoError) {
    occupy();
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    queue_.answer_with(GST_FLOW_FLUSHING);
    queue_.release();
    ASSERT_TRUE(queue_.wait_task_rests());
    EXPECT_FALSE(queue_.has_error());
    EXPECT_EQ(queue_.arrivals().back(), "buffer 0");
}

TEST_P(FlowTest, WhileTheFlowIsBadOtherEventsAreRefused) {
    fail_with(GST_FLOW_ERROR);
    GstEvent* event = gst_event_ref(make_custom());
    EXPECT_FALSE(queue_.send(event));
    EXPECT_EQ(refcount(event), 1);
    gst_event_unref(event);
    EXPECT_FALSE(queue_.send(gst_event_new_gap(0, 1)));
}

TEST_P(FlowTest, WhileTheFlowIsBadStickyEventsAreKeptForLater) {
    fail_with(GST_FLOW_ERROR);
    queue_.answer_with(GST_FLOW_OK);
    EXPECT_TRUE(queue_.send(make_caps("test/second")));
    EXPECT_TRUE(queue_.send(make_tag("kept")));
    EXPECT_FALSE(queue_.has_error());
    ASSERT_TRUE(queue_.flush_start());
    ASSERT_TRUE(queue_.flush_stop());
    EXPECT_TRUE(queue_.keeps_sticky(GST_EVENT_TAG));
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push(std::uint64_t{5}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_for("buffer 5"));
    EXPECT_EQ(queue_.arrival_records().back().caps, "test/second");
}

TEST_P(FlowTest, WhileTheFlowIsFatalEosIsRefusedWithAnError) {
    for (const GstFlowReturn flow : kFatal) {
        SCOPED_TRACE(gst_flow_get_name(flow));
        QueueUnderTest queue(GetParam());
        queue.play_stream();
        queue.answer_with(flow);
        ASSERT_EQ(queue.push_until_refused(), flow);
        EXPECT_FALSE(queue.has_error());
        EXPECT_FALSE(queue.send(gst_event_new_eos()));
        EXPECT_TRUE(queue.has_error()) << "no data will follow that could tell";
    }
}

TEST_P(FlowTest, WhileFlushingEosIsRefusedWithoutAnError) {
    queue_.play_stream();
    queue_.answer_with(GST_FLOW_FLUSHING);
    ASSERT_EQ(queue_.push_until_refused(), GST_FLOW_FLUSHING);
    EXPECT_FALSE(queue_.send(gst_event_new_eos()));
    EXPECT_FALSE(queue_.has_error());
}

TEST_P(FlowTest, FlushingFromDownstreamEmptiesTheQueue) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 5), GST_FLOW_OK);
    queue_.answer_with(GST_FLOW_FLUSHING);
    queue_.release();
    ASSERT_TRUE(queue_.wait_task_rests());
    EXPECT_EQ(queue_.push(std::uint64_t{6}), GST_FLOW_FLUSHING);
    EXPECT_EQ(queue_.level_buffers(), 0U);
}

// queue does so for FLUSHING only, up to 1.22 at least: what it holds stays until the next flush.
TEST_F(RingQueueFlow, AFatalFlowEmptiesTheQueue) {
    occupy();
    GstBuffer* kept = gst_buffer_ref(make_buffer(1));
    ASSERT_EQ(queue_.push(kept), GST_FLOW_OK);
    ASSERT_EQ(queue_.push_range(2, 5), GST_FLOW_OK);
    queue_.answer_with(GST_FLOW_ERROR);
    queue_.release();
    ASSERT_TRUE(queue_.wait_task_rests());
    EXPECT_EQ(queue_.push(std::uint64_t{6}), GST_FLOW_ERROR);
    EXPECT_EQ(queue_.level_buffers(), 0U);
    EXPECT_EQ(refcount(kept), 1);
    gst_buffer_unref(kept);
}

TEST_P(FlowTest, ReconfigureRestartsAfterNotLinked) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 2), GST_FLOW_OK);
    queue_.answer_with(GST_FLOW_NOT_LINKED);
    queue_.release();
    ASSERT_TRUE(queue_.wait_task_rests());
    ASSERT_EQ(queue_.push(std::uint64_t{3}), GST_FLOW_NOT_LINKED);
    EXPECT_EQ(queue_.level_buffers(), 2U) << "what was queued waits for a link";
    queue_.answer_with(GST_FLOW_OK);
    ASSERT_TRUE(gst_pad_push_event(queue_.downstream(), gst_event_new_reconfigure()));
    EXPECT_TRUE(queue_.wait_for("buffer 2"));
    EXPECT_EQ(queue_.push(std::uint64_t{4}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 4"));
    EXPECT_EQ(queue_.upstream_events(), Names{"reconfigure"});
}

TEST_P(FlowTest, RelinkingRestartsAfterUnlinking) {
    queue_.play_stream();
    gst_pad_unlink(queue_.src_pad(), queue_.downstream());
    ASSERT_EQ(queue_.push_until_refused(), GST_FLOW_NOT_LINKED);
    ASSERT_EQ(gst_pad_link(queue_.src_pad(), queue_.downstream()), GST_PAD_LINK_OK);
    ASSERT_TRUE(queue_.wait_for_upstream_event("reconfigure")); // linking sends it
    EXPECT_EQ(queue_.push(std::uint64_t{4}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 4"));
}

TEST_P(FlowTest, ReconfigureDoesNotRestartAfterAnError) {
    fail_with(GST_FLOW_ERROR);
    ASSERT_TRUE(gst_pad_push_event(queue_.downstream(), gst_event_new_reconfigure()));
    EXPECT_EQ(queue_.push(std::uint64_t{2}), GST_FLOW_ERROR);
    EXPECT_EQ(gst_pad_get_task_state(queue_.src_pad()), GST_TASK_PAUSED);
}

TEST_P(FlowTest, WhenDownstreamHasEndedChainAnswersEosAndNoErrorIsPosted) {
    end_downstream();
    EXPECT_FALSE(queue_.has_error());
}

// queue 1.22 pushes what ends the drop, and then rests its task with the rest still queued. (An EOS
// ends the task anyway, so there the two agree.)
TEST_F(RingQueueFlow, DownstreamsEndDropsWhatIsQueuedUpToASegment) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 3), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_custom()));
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push_range(4, 5), GST_FLOW_OK);
    queue_.answer_with(GST_FLOW_EOS);
    queue_.step();
    ASSERT_TRUE(queue_.wait_for("buffer 4"));
    queue_.answer_with(GST_FLOW_OK);
    queue_.release();
    EXPECT_TRUE(queue_.wait_for("buffer 5"));
    EXPECT_EQ(queue_.buffers_arrived(), (Names{"buffer 0", "buffer 4", "buffer 5"}));
    for (const std::string& what : queue_.arrivals())
        EXPECT_NE(what, "event custom-downstream");
}

TEST_F(RingQueueFlow, DownstreamsEndDropsWhatIsQueuedUpToAStreamStart) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 3), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("next")));
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push(std::uint64_t{4}), GST_FLOW_OK);
    queue_.answer_with(GST_FLOW_EOS);
    queue_.step();
    ASSERT_TRUE(queue_.wait_for("buffer 4"));
    EXPECT_EQ(queue_.buffers_arrived(), (Names{"buffer 0", "buffer 4"}));
    EXPECT_TRUE(queue_.wait_for("event stream-start", 2));
}

TEST_P(FlowTest, DownstreamsEndDropsWhatIsQueuedUpToEos) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 3), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    queue_.answer_with(GST_FLOW_EOS);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("event eos"));
    EXPECT_EQ(queue_.buffers_arrived(), Names{"buffer 0"});
    EXPECT_EQ(queue_.level_buffers(), 0U);
    EXPECT_FALSE(queue_.has_error());
}

TEST_F(RingQueueFlow, DownstreamsEndKeepsStickyEventsOfWhatItDrops) {
    occupy();
    ASSERT_TRUE(queue_.send(make_caps("test/second")));
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push(std::uint64_t{2}), GST_FLOW_OK);
    queue_.answer_with(GST_FLOW_EOS);
    queue_.step();
    ASSERT_TRUE(queue_.wait_for("buffer 2"));
    EXPECT_EQ(queue_.arrival_records().back().caps, "test/second");
    EXPECT_EQ(queue_.buffers_arrived(), (Names{"buffer 0", "buffer 2"}));
}

TEST_P(FlowTest, ASegmentReopensAfterDownstreamsEnd) {
    end_downstream();
    ASSERT_TRUE(queue_.send(make_segment()));
    EXPECT_EQ(queue_.push(std::uint64_t{7}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 7"));
}

TEST_P(FlowTest, EosStillPassesAfterDownstreamsEnd) {
    end_downstream();
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_TRUE(queue_.wait_for("event eos"));
    EXPECT_FALSE(queue_.has_error());
}

// queue 1.22 throws the query away and tells nobody: the caller waits for ever.
TEST_F(RingQueueFlow, AQueryBehindDownstreamsEndIsAnsweredNo) {
    occupy();
    auto answered = queue_.async([this] { return queue_.ask(gst_query_new_drain()); });
    queue_.answer_with(GST_FLOW_EOS);
    queue_.release();
    const bool answer = result_of(answered);
    EXPECT_EQ(answer, queue_.arrivals().back() == "query drain");
}

TEST_P(FlowTest, AClockedConsumerDrainsTheQueueOneBufferPerTick) {
    const std::string line = std::string(GetParam()) + " name=q ! identity sync=true";
    GstHarness* harness = gst_harness_new_parse(line.c_str());
    gst_harness_use_testclock(harness);
    GstTestClock* clock = gst_harness_get_testclock(harness);
    gst_harness_set_src_caps_str(harness, "test/first");
    GstElement* queue = gst_bin_get_by_name(GST_BIN(harness->element), "q");
    constexpr GstClockTime tick = 100 * GST_MSECOND;
    for (guint64 i = 0; i < 5; ++i)
        ASSERT_EQ(gst_harness_push(harness, make_buffer(i, 1, i * tick, tick)), GST_FLOW_OK);
    for (guint i = 0; i < 5; ++i) {
        // Buffer i has left the queue and waits for its time.
        gst_test_clock_wait_for_next_pending_id(clock, nullptr);
        guint level = 99;
        g_object_get(queue, "current-level-buffers", &level, nullptr);
        EXPECT_EQ(level, 4 - i);
        ASSERT_TRUE(gst_test_clock_crank(clock));
        GstBuffer* buffer = gst_harness_pull(harness);
        EXPECT_EQ(GST_BUFFER_OFFSET(buffer), i);
        gst_buffer_unref(buffer);
    }
    gst_object_unref(clock);
    gst_object_unref(queue);
    gst_harness_teardown(harness);
}

TACTUS_INSTANTIATE_CONTRACT(FlowTest);
