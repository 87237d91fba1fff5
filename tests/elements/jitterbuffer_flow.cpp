// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What jitterbuffer does when downstream refuses, is not linked, or gets lists.
#include "element_fixture.h"
#include "rtp_harness.h"

#include <algorithm>

using namespace tactus;

namespace {

constexpr const char* kCaps = "application/x-rtp,media=audio,payload=96,clock-rate=8000";

// A jitterbuffer between pads of the test's own, which answer as they are told. It has no clock,
// so nothing waits.
class JitterBufferFlow : public ::testing::Test {
  protected:
    void start() {
        queue_.play();
        ASSERT_TRUE(queue_.send(gst_event_new_stream_start("flow")));
        ASSERT_TRUE(queue_.send(make_caps(kCaps)));
        ASSERT_TRUE(queue_.send(make_segment()));
        ASSERT_EQ(queue_.push(nth_rtp(next_++)), GST_FLOW_OK);
        ASSERT_TRUE(comes_true([this] { return out() == 1; }));
    }
    GstFlowReturn push() { return queue_.push(nth_rtp(next_++)); }
    static void begin_stream(QueueUnderTest& queue, const char* name) {
        ASSERT_TRUE(queue.send(gst_event_new_stream_start(name)));
        ASSERT_TRUE(queue.send(make_caps(kCaps)));
        ASSERT_TRUE(queue.send(make_segment()));
    }
    // The first one has ended, whoever said so; all of the next goes out, and its end.
    void expect_another_stream(QueueUnderTest& queue) {
        ASSERT_TRUE(queue.wait_for("event eos"));
        queue.answer_with(GST_FLOW_OK);
        const std::size_t before = queue.buffers_arrived().size();
        begin_stream(queue, "another");
        for (std::size_t i = 1; i <= 3; ++i)
            ASSERT_EQ(queue.push(nth_rtp(next_++)), GST_FLOW_OK);
        ASSERT_TRUE(queue.send(gst_event_new_eos()));
        ASSERT_TRUE(queue.wait_for("event eos", 2));
        EXPECT_EQ(queue.buffers_arrived().size(), before + 3);
        const std::vector<std::string> all = queue.arrivals();
        EXPECT_EQ(std::count(all.begin(), all.end(), "event stream-start"), 2);
        EXPECT_EQ(std::count(all.begin(), all.end(), "event segment"), 2);
    }
    std::size_t out() { return queue_.buffers_arrived().size(); }

    std::uint16_t next_ = 0;
    QueueUnderTest queue_{"jitterbuffer"};
};

} // namespace

TEST_F(JitterBufferFlow, WhatDownstreamAnswersGoesUpstream) {
    for (const GstFlowReturn flow : {GST_FLOW_EOS, GST_FLOW_NOT_NEGOTIATED, GST_FLOW_ERROR}) {
        SCOPED_TRACE(gst_flow_get_name(flow));
        QueueUnderTest queue("jitterbuffer");
        queue.play();
        ASSERT_TRUE(queue.send(gst_event_new_stream_start("flow")));
        ASSERT_TRUE(queue.send(make_caps(kCaps)));
        ASSERT_TRUE(queue.send(make_segment()));
        queue.answer_with(flow);
        std::uint16_t seqnum = 0;
        GstFlowReturn answer = GST_FLOW_OK;
        EXPECT_TRUE(comes_true([&] {
            answer = queue.push(nth_rtp(seqnum++));
            return answer != GST_FLOW_OK;
        }));
        EXPECT_EQ(answer, flow);
        EXPECT_FALSE(queue.has_error()); // upstream tells
        EXPECT_TRUE(queue.wait_task_rests());
        ASSERT_TRUE(queue.flush_start());
        queue.answer_with(GST_FLOW_OK);
        ASSERT_TRUE(queue.flush_stop());
        ASSERT_TRUE(queue.send(make_segment()));
        EXPECT_EQ(queue.push(nth_rtp(seqnum)), GST_FLOW_OK);
        EXPECT_TRUE(comes_true([&] { return queue.buffers_arrived().size() >= 2; }));
    }
}

TEST_F(JitterBufferFlow, EventsBeforeThePacketsDoNotWaitForTheirTime) {
    queue_.play();
    queue_.hold(QueueUnderTest::kEvents);
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("flow")));
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_TRUE(queue_.send(make_caps(kCaps)));
    ASSERT_TRUE(queue_.send(make_segment()));
    gst_element_set_state(queue_.element(), GST_STATE_PAUSED); // no packet is due
    ASSERT_EQ(push(), GST_FLOW_OK);
    queue_.release();
    EXPECT_TRUE(queue_.wait_for("event segment"));
    EXPECT_EQ(out(), 0U);
}

// What appsrc and filesrc send, if nobody tells them otherwise.
TEST_F(JitterBufferFlow, SegmentThatIsNotInTimeIsOneInTimeFromZero) {
    queue_.play();
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("flow")));
    ASSERT_TRUE(queue_.send(make_caps(kCaps)));
    GstEvent* given = make_segment(GST_FORMAT_BYTES);
    const guint32 number = gst_event_get_seqnum(given);
    gst_event_set_running_time_offset(given, 17);
    ASSERT_TRUE(queue_.send(given));
    ASSERT_EQ(push(), GST_FLOW_OK);
    ASSERT_TRUE(comes_true([this] { return out() == 1; }));
    GstEvent* came = gst_pad_get_sticky_event(queue_.src_pad(), GST_EVENT_SEGMENT, 0);
    ASSERT_NE(came, nullptr);
    const GstSegment* segment = nullptr;
    gst_event_parse_segment(came, &segment);
    EXPECT_EQ(segment->format, GST_FORMAT_TIME);
    EXPECT_EQ(segment->start, 0U);
    EXPECT_EQ(segment->rate, 1.0);
    EXPECT_EQ(gst_event_get_seqnum(came), number);
    EXPECT_EQ(gst_event_get_running_time_offset(came), 17);
    gst_event_unref(came);
    EXPECT_EQ(queue_.pop(GST_MESSAGE_WARNING), nullptr);
}

TEST_F(JitterBufferFlow, PacketsOfAFrameThatCameInAListStayOne) {
    start();
    GstBufferList* list = gst_buffer_list_new();
    for (const std::uint32_t frame : {1U, 1U, 1U, 2U, 3U, 3U}) {
        RtpPacket packet;
        packet.seqnum = next_++;
        packet.timestamp = frame * 160;
        packet.arrival = 20 * GST_MSECOND;
        GstBuffer* buffer = make_rtp(packet);
        GST_BUFFER_OFFSET(buffer) = packet.seqnum;
        gst_buffer_list_add(list, buffer);
    }
    ASSERT_EQ(queue_.push(list), GST_FLOW_OK);
    ASSERT_TRUE(comes_true([this] { return out() == 4; }));
    const std::vector<std::string> expected = {"list 1+3", "buffer 4", "list 5+2"};
    const std::vector<std::string> arrived = queue_.buffers_arrived();
    EXPECT_EQ(std::vector<std::string>(arrived.begin() + 1, arrived.end()), expected);
}

TEST_F(JitterBufferFlow, ErrorBehindTheEndOfTheStreamIsToldByItself) {
    start();
    queue_.hold();
    ASSERT_EQ(push(), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    queue_.answer_with(GST_FLOW_ERROR);
    queue_.release();
    EXPECT_TRUE(comes_true([this] { return queue_.has_error(); }));
}

TEST_F(JitterBufferFlow, EndThatDownstreamSaysGoesOnDownstreamOnce) {
    for (const bool direct : {false, true}) {
        QueueUnderTest queue("jitterbuffer");
        queue.set("direct-push", gboolean{direct});
        queue.play();
        ASSERT_TRUE(queue.send(gst_event_new_stream_start("flow")));
        ASSERT_TRUE(queue.send(make_caps(kCaps)));
        GstEvent* segment = make_segment();
        const guint32 number = gst_event_get_seqnum(segment);
        ASSERT_TRUE(queue.send(segment));
        std::uint16_t seqnum = 0;
        // Pushes that prove to be quick, so that upstream's thread may do it.
        for (int i = 0; i < 100; ++i)
            ASSERT_EQ(queue.push(nth_rtp(seqnum++)), GST_FLOW_OK);
        queue.answer_with(GST_FLOW_EOS);
        ASSERT_TRUE(comes_true([&] { return queue.push(nth_rtp(seqnum++)) == GST_FLOW_EOS; }));
        ASSERT_TRUE(queue.wait_for("event eos"));
        GstEvent* end = gst_pad_get_sticky_event(queue.src_pad(), GST_EVENT_EOS, 0);
        ASSERT_NE(end, nullptr);
        EXPECT_EQ(gst_event_get_seqnum(end), number);
        gst_event_unref(end);
        EXPECT_FALSE(queue.send(gst_event_new_eos())) << "it has ended";
        EXPECT_FALSE(queue.has_error());
        const std::vector<std::string> all = queue.arrivals();
        EXPECT_EQ(std::count(all.begin(), all.end(), "event eos"), 1);
    }
}

TEST_F(JitterBufferFlow, EndThatDownstreamSaysIsOneWithThatFromUpstream) {
    start();
    queue_.hold();
    ASSERT_EQ(push(), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    queue_.answer_with(GST_FLOW_EOS);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("event eos"));
    ASSERT_TRUE(queue_.wait_task_rests());
    EXPECT_FALSE(queue_.has_error());
    const std::vector<std::string> all = queue_.arrivals();
    EXPECT_EQ(std::count(all.begin(), all.end(), "event eos"), 1);
}

// Downstream's end or failure is that of one stream; upstream may begin another one.
TEST_F(JitterBufferFlow, StreamAfterAnEndThatDownstreamSaidGoesOut) {
    for (const bool direct : {false, true}) {
        next_ = 0;
        QueueUnderTest queue("jitterbuffer");
        queue.set("direct-push", gboolean{direct});
        queue.play();
        begin_stream(queue, "flow");
        for (int i = 0; i < 100; ++i) // so that upstream's thread may push
            ASSERT_EQ(queue.push(nth_rtp(next_++)), GST_FLOW_OK);
        queue.answer_with(GST_FLOW_EOS);
        ASSERT_TRUE(comes_true([&] { return queue.push(nth_rtp(next_++)) == GST_FLOW_EOS; }));
        expect_another_stream(queue);
    }
}

TEST_F(JitterBufferFlow, StreamAfterOneThatEndedOnBothSidesGoesOut) {
    for (const GstFlowReturn flow : {GST_FLOW_EOS, GST_FLOW_ERROR}) {
        SCOPED_TRACE(gst_flow_get_name(flow));
        next_ = 0;
        QueueUnderTest queue("jitterbuffer");
        queue.play();
        begin_stream(queue, "flow");
        queue.hold();
        ASSERT_EQ(queue.push(nth_rtp(next_++)), GST_FLOW_OK);
        ASSERT_TRUE(queue.wait_held());
        ASSERT_EQ(queue.push(nth_rtp(next_++)), GST_FLOW_OK);
        ASSERT_TRUE(queue.send(gst_event_new_eos()));
        queue.answer_with(flow);
        queue.release();
        expect_another_stream(queue);
        EXPECT_EQ(queue.has_error(), flow == GST_FLOW_ERROR);
    }
}

TEST_F(JitterBufferFlow, GoesOnWhenItIsLinkedAgain) {
    start();
    ASSERT_TRUE(gst_pad_unlink(queue_.src_pad(), queue_.downstream()));
    GstFlowReturn answer = GST_FLOW_OK;
    ASSERT_TRUE(comes_true([&] {
        answer = push();
        return answer != GST_FLOW_OK;
    }));
    EXPECT_EQ(answer, GST_FLOW_NOT_LINKED);
    ASSERT_EQ(gst_pad_link(queue_.src_pad(), queue_.downstream()), GST_PAD_LINK_OK);
    ASSERT_EQ(push(), GST_FLOW_OK);
    EXPECT_TRUE(comes_true([this] { return out() >= 2; }));
}

TEST_F(JitterBufferFlow, EndThatCameWhileItWasNotLinkedGoesOutWithTheLink) {
    start();
    ASSERT_TRUE(gst_pad_unlink(queue_.src_pad(), queue_.downstream()));
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    ASSERT_TRUE(queue_.wait_task_rests());
    EXPECT_FALSE(queue_.has_error());
    ASSERT_EQ(gst_pad_link(queue_.src_pad(), queue_.downstream()), GST_PAD_LINK_OK);
    EXPECT_TRUE(queue_.wait_for("event eos"));
}

TEST_F(JitterBufferFlow, EndBehindPacketsThatNobodyTookGoesOutWithTheLink) {
    start();
    ASSERT_TRUE(gst_pad_unlink(queue_.src_pad(), queue_.downstream()));
    ASSERT_TRUE(comes_true([&] { return push() == GST_FLOW_NOT_LINKED; }));
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_FALSE(queue_.send(gst_event_new_eos())) << "one is enough";
    EXPECT_EQ(push(), GST_FLOW_EOS);
    ASSERT_EQ(gst_pad_link(queue_.src_pad(), queue_.downstream()), GST_PAD_LINK_OK);
    EXPECT_TRUE(queue_.wait_for("event eos"));
}

TEST_F(JitterBufferFlow, EndThatWaitsForALinkIsVoidWhenAnotherStreamBegins) {
    start();
    ASSERT_TRUE(gst_pad_unlink(queue_.src_pad(), queue_.downstream()));
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    ASSERT_TRUE(queue_.wait_task_rests());
    queue_.send(gst_event_new_stream_start("another"));
    queue_.send(make_caps(kCaps));
    queue_.send(make_segment());
    ASSERT_EQ(gst_pad_link(queue_.src_pad(), queue_.downstream()), GST_PAD_LINK_OK);
    ASSERT_EQ(push(), GST_FLOW_OK);
    EXPECT_TRUE(comes_true([this] { return out() == 2; }));
    for (const std::string& what : queue_.arrivals())
        EXPECT_NE(what, "event eos");
}

TEST_F(JitterBufferFlow, EndThatWaitsForALinkIsVoidAfterAFlush) {
    start();
    ASSERT_TRUE(gst_pad_unlink(queue_.src_pad(), queue_.downstream()));
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    ASSERT_TRUE(queue_.wait_task_rests());
    ASSERT_EQ(gst_pad_link(queue_.src_pad(), queue_.downstream()), GST_PAD_LINK_OK);
    ASSERT_TRUE(queue_.wait_for("event eos"));
    ASSERT_TRUE(queue_.flush_start());
    ASSERT_TRUE(queue_.flush_stop());
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(push(), GST_FLOW_OK);
    EXPECT_TRUE(comes_true([this] { return out() == 2; }));
}

TEST_F(JitterBufferFlow, EndIsNeverMissedByALinkAtTheSameTime) {
    for (int i = 0; i < 200; ++i) {
        QueueUnderTest queue("jitterbuffer");
        queue.play();
        ASSERT_TRUE(queue.send(gst_event_new_stream_start("flow")));
        ASSERT_TRUE(queue.send(make_caps(kCaps)));
        ASSERT_TRUE(queue.send(make_segment()));
        ASSERT_TRUE(gst_pad_unlink(queue.src_pad(), queue.downstream()));
        std::thread linker(
            [&] { EXPECT_EQ(gst_pad_link(queue.src_pad(), queue.downstream()), GST_PAD_LINK_OK); });
        EXPECT_TRUE(queue.send(gst_event_new_eos()));
        linker.join();
        ASSERT_TRUE(queue.wait_for("event eos")) << i;
    }
}
