// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Events: order, end of stream and what may follow it. Flushes are in ringqueue_flush.cpp.
#include "element_fixture.h"

#include <algorithm>

using namespace tactus;

namespace {

using Names = std::vector<std::string>;

template <typename Base>
class EventsCase : public Base {
  protected:
    using Base::queue_;

    void occupy() {
        queue_.play_stream();
        queue_.hold();
        ASSERT_EQ(queue_.push(std::uint64_t{0}), GST_FLOW_OK);
        ASSERT_TRUE(queue_.wait_held());
    }

    // Plays some, then EOS, and waits until that has gone through.
    void play_to_the_end() {
        queue_.play_stream();
        ASSERT_EQ(queue_.push(std::uint64_t{0}), GST_FLOW_OK);
        ASSERT_TRUE(queue_.send(gst_event_new_eos()));
        ASSERT_TRUE(queue_.wait_for("event eos"));
        // queue loses a new stream that comes between its pushing EOS and its task's resting.
        ASSERT_TRUE(queue_.wait_task_rests());
    }

    // The element's own verdict: pads refuse most things after EOS before an element sees them.
    bool element_takes(GstEvent* event) {
        GstPad* pad = queue_.sink_pad();
        return GST_PAD_EVENTFULLFUNC(pad)(pad, GST_OBJECT(queue_.element()), event) == GST_FLOW_OK;
    }
    GstFlowReturn element_chain(GstBuffer* buffer) {
        GstPad* pad = queue_.sink_pad();
        return GST_PAD_CHAINFUNC(pad)(pad, GST_OBJECT(queue_.element()), buffer);
    }
};

using EventsTest = EventsCase<ContractTest>;
using RingQueueEvents = EventsCase<RingQueueTest>;

// From the first buffer on.
Names from_first_buffer(const Names& names) {
    return {std::find(names.begin(), names.end(), "buffer 0"), names.end()};
}

} // namespace

TEST_P(EventsTest, SerializedEventsKeepTheirPlaceBetweenBuffers) {
    occupy();
    ASSERT_TRUE(queue_.send(make_tag("a")));
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_custom()));
    ASSERT_TRUE(queue_.send(gst_event_new_gap(0, GST_MSECOND)));
    ASSERT_EQ(queue_.push(make_list(2, 3)), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_segment_done(GST_FORMAT_TIME, 0)));
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("event eos"));
    EXPECT_EQ(from_first_buffer(queue_.arrivals()),
              (Names{"buffer 0", "event tag", "buffer 1", "event custom-downstream", "event gap",
                     "list 2+3", "event segment-done", "event eos"}));
}

TEST_P(EventsTest, CapsTakeEffectExactlyWhereTheyWereSent) {
    occupy();
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_caps("test/second")));
    ASSERT_EQ(queue_.push(std::uint64_t{2}), GST_FLOW_OK);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("buffer 2"));
    for (const Arrival& arrival : queue_.arrival_records()) {
        if (arrival.what.rfind("buffer", 0) == 0) {
            EXPECT_EQ(arrival.caps, arrival.sequence < 2 ? "test/first" : "test/second")
                << arrival.what;
        }
    }
}

TEST_P(EventsTest, ManyBuffersAndEventsComeOutInOrder) {
    queue_.play_stream();
    for (guint64 i = 0; i < 2000; ++i) {
        ASSERT_EQ(queue_.push(i), GST_FLOW_OK);
        if (i % 7 == 0) {
            ASSERT_TRUE(queue_.send(make_custom()));
        }
    }
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    ASSERT_TRUE(queue_.wait_for("event eos"));
    Names expected;
    for (guint64 i = 0; i < 2000; ++i) {
        expected.push_back("buffer " + std::to_string(i));
        if (i % 7 == 0)
            expected.emplace_back("event custom-downstream");
    }
    expected.emplace_back("event eos");
    EXPECT_EQ(from_first_buffer(queue_.arrivals()), expected);
}

TEST_P(EventsTest, EventsThatAreNotSerializedOvertakeAll) {
    occupy();
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(
        gst_event_new_custom(GST_EVENT_CUSTOM_DOWNSTREAM_OOB, gst_structure_new_empty("test"))));
    EXPECT_EQ(queue_.arrivals().back(), "event custom-downstream-oob")
        << "while buffer 0 is still with downstream";
}

TEST_P(EventsTest, EventsGoUpstreamAtOnce) {
    occupy();
    const auto seek = [] {
        return gst_event_new_seek(1.0, GST_FORMAT_TIME, GST_SEEK_FLAG_NONE, GST_SEEK_TYPE_SET, 0,
                                  GST_SEEK_TYPE_NONE, 0);
    };
    EXPECT_TRUE(gst_pad_push_event(queue_.downstream(), seek()));
    EXPECT_TRUE(gst_pad_push_event(queue_.downstream(),
                                   gst_event_new_qos(GST_QOS_TYPE_OVERFLOW, 0.5, 0, 0)));
    EXPECT_TRUE(gst_pad_push_event(queue_.downstream(), gst_event_new_reconfigure()));
    EXPECT_EQ(queue_.upstream_events(), (Names{"seek", "qos", "reconfigure"}));
}

TEST_P(EventsTest, EosComesOutAfterAllThatIsQueued) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 3), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("event eos"));
    EXPECT_EQ(from_first_buffer(queue_.arrivals()),
              (Names{"buffer 0", "buffer 1", "buffer 2", "buffer 3", "event eos"}));
    EXPECT_FALSE(queue_.has_error());
}

TEST_P(EventsTest, AfterEosBuffersAreRefusedWithEos) {
    play_to_the_end();
    EXPECT_EQ(element_chain(make_buffer(1)), GST_FLOW_EOS);
    EXPECT_EQ(queue_.push(std::uint64_t{2}), GST_FLOW_EOS);
}

TEST_P(EventsTest, BehindAQueuedEosBuffersAreRefusedWithEos) {
    occupy();
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_EQ(element_chain(make_buffer(1)), GST_FLOW_EOS);
    EXPECT_EQ(queue_.level_buffers(), 0U);
}

TEST_P(EventsTest, AfterEosOnlyAStreamStartOrASegmentIsTaken) {
    play_to_the_end();
    const std::size_t before = queue_.arrivals().size();
    EXPECT_FALSE(element_takes(make_custom()));
    EXPECT_FALSE(element_takes(make_tag("late")));
    EXPECT_FALSE(element_takes(make_caps("test/late")));
    EXPECT_FALSE(element_takes(gst_event_new_gap(0, 1)));
    EXPECT_FALSE(element_takes(gst_event_new_eos()));
    EXPECT_EQ(queue_.arrivals().size(), before);
    EXPECT_TRUE(element_takes(gst_event_new_stream_start("next")));
    EXPECT_TRUE(element_takes(make_tag("in time")));
}

TEST_P(EventsTest, AStreamStartAfterEosRestartsTheTask) {
    play_to_the_end();
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("next")));
    EXPECT_TRUE(queue_.wait_for("event stream-start", 2));
    ASSERT_TRUE(queue_.send(make_segment()));
    EXPECT_EQ(queue_.push_range(1, 20), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_TRUE(queue_.wait_for("event eos", 2));
    EXPECT_EQ(queue_.buffers_arrived().size(), 21U);
}

TEST_P(EventsTest, ASegmentAfterEosRestartsTheTask) {
    play_to_the_end();
    SignalProbe underrun(queue_, "underrun");
    EXPECT_TRUE(element_takes(make_segment()));
    // Pads themselves let a segment after EOS through only behind a new stream, so what the
    // restarted task does is seen by what it takes.
    EXPECT_EQ(element_chain(make_buffer(1)), GST_FLOW_OK);
    EXPECT_TRUE(underrun.wait_count(1)) << "the task runs";
    while (queue_.level_buffers() != 0) // it may have run empty before the buffer came
        std::this_thread::yield();
}

// queue ends its task at an EOS although a new stream is queued behind it, and nothing wakes it.
TEST_F(RingQueueEvents, AStreamStartBehindAQueuedEosContinuesTheStream) {
    occupy();
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("next")));
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    queue_.release();
    EXPECT_TRUE(queue_.wait_for("buffer 1"));
    EXPECT_EQ(from_first_buffer(queue_.arrivals()),
              (Names{"buffer 0", "event eos", "event stream-start", "event segment", "buffer 1"}));
}

TEST_F(RingQueueEvents, EosAndNewStreamsMayFollowEachOtherManyTimes) {
    queue_.play_stream();
    for (std::size_t i = 1; i <= 200; ++i) {
        ASSERT_EQ(queue_.push(std::uint64_t{i}), GST_FLOW_OK);
        ASSERT_TRUE(queue_.send(gst_event_new_eos()));
        if (i % 2 == 0) { // else the task may or may not have come to its end
            ASSERT_TRUE(queue_.wait_for("event eos", i)) << i;
        }
        ASSERT_TRUE(queue_.send(gst_event_new_stream_start(std::to_string(i).c_str())));
        ASSERT_TRUE(queue_.send(make_segment()));
    }
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_TRUE(queue_.wait_for("event eos", 201));
    EXPECT_EQ(queue_.buffers_arrived().size(), 200U);
}

TEST_P(EventsTest, FlushOnEosDropsWhatIsQueuedButKeepsStickyEventsInOrder) {
    queue_.set("flush-on-eos", TRUE);
    occupy();
    ASSERT_EQ(queue_.push_range(1, 3), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_custom()));
    ASSERT_TRUE(queue_.send(make_caps("test/second")));
    ASSERT_EQ(queue_.push(std::uint64_t{4}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_tag("kept")));
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_EQ(queue_.level_buffers(), 0U);
    EXPECT_EQ(queue_.level_bytes(), 0U);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("event eos"));
    EXPECT_EQ(queue_.buffers_arrived(), Names{"buffer 0"});
    EXPECT_TRUE(queue_.keeps_sticky(GST_EVENT_TAG));
    EXPECT_EQ(queue_.arrival_records().back().caps, "test/second");
}

TEST_P(EventsTest, WithoutFlushOnEosNothingIsDropped) {
    occupy();
    ASSERT_EQ(queue_.push_range(1, 30), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_EQ(queue_.level_buffers(), 30U);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("event eos"));
    EXPECT_EQ(queue_.buffers_arrived().size(), 31U);
}

TEST_P(EventsTest, AGapPassesThroughAnEmptyQueue) {
    queue_.play_stream();
    ASSERT_TRUE(queue_.send(gst_event_new_gap(GST_SECOND, GST_SECOND)));
    EXPECT_TRUE(queue_.wait_for("event gap"));
    EXPECT_EQ(queue_.level_buffers(), 0U);
}

TACTUS_INSTANTIATE_CONTRACT(EventsTest);
