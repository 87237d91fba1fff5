// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What jitterbuffer adaptive=false and rtpjitterbuffer do alike.
#include "element_fixture.h"
#include "factories.h"
#include "rtp_harness.h"

using namespace tactus;

namespace {

class JitterContract : public ::testing::TestWithParam<const char*> {
  protected:
    void SetUp() override {
        if (!has_element(GetParam()))
            GTEST_SKIP() << GetParam() << " is not installed";
    }

    bool is_peer() const { return std::string(GetParam()) == "rtpjitterbuffer"; }
    std::string with(const char* properties) const {
        return std::string(properties) + (is_peer() ? "" : " adaptive=false");
    }

    // Packet 0 is out.
    static void start(RtpHarness& h) {
        ASSERT_EQ(h.push(0), GST_FLOW_OK);
        ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
        h.advance_to(100 * GST_MSECOND);
        ASSERT_EQ(h.pull(), h.first_seqnum);
    }

    static constexpr const char* kLatency = "latency=100 do-lost=true";
};

/// The same, where the peer needs its own timers to go first or answers otherwise.
class FixedDelay : public JitterContract {};

guint field(GstEvent* event, const char* name) {
    guint value = 0;
    EXPECT_TRUE(gst_structure_get_uint(gst_event_get_structure(event), name, &value)) << name;
    return value;
}

guint64 long_field(GstEvent* event, const char* name) {
    guint64 value = 0;
    EXPECT_TRUE(gst_structure_get_uint64(gst_event_get_structure(event), name, &value)) << name;
    return value;
}

} // namespace

TEST_P(JitterContract, FirstPacketWaitsForTheLatencyAndTheNextDoNot) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    start(h);
    for (int i = 1; i < 20; ++i) {
        GstClockTime pts = 0;
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
        ASSERT_EQ(h.pull(pts), h.first_seqnum + i);
        EXPECT_EQ(pts, static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
    }
    EXPECT_EQ(h.stat("num-pushed"), 20U);
}

TEST_P(JitterContract, LatencyIsReportedOnTopOfUpstreamsAsLive) {
    RtpHarness h(GetParam(), with("latency=123").c_str());
    gst_harness_set_upstream_latency(h.get(), 7 * GST_MSECOND);
    EXPECT_EQ(h.latency(), 130 * GST_MSECOND);
    GstQuery* query = gst_query_new_latency();
    ASSERT_TRUE(gst_pad_peer_query(h.get()->sinkpad, query));
    gboolean live = FALSE;
    GstClockTime maximum = 0;
    gst_query_parse_latency(query, &live, nullptr, &maximum);
    EXPECT_TRUE(live);
    EXPECT_EQ(maximum, GST_CLOCK_TIME_NONE);
    gst_query_unref(query);
}

TEST_P(JitterContract, ReorderedPacketsComeOutInOrderAcrossBothWraps) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    h.first_seqnum = 65533;
    h.first_timestamp = 0xffffffffU - 300;
    start(h);
    for (const int i : {2, 1, 4, 5, 3, 6})
        ASSERT_EQ(h.push(at(h, i, static_cast<GstClockTime>(i) * RtpHarness::kSpacing)),
                  GST_FLOW_OK);
    for (int i = 1; i <= 6; ++i) {
        GstClockTime pts = 0;
        ASSERT_EQ(h.pull(pts), (h.first_seqnum + i) & 0xffff);
        EXPECT_EQ(pts, static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
    }
}

TEST_P(JitterContract, DuplicatesComeOutOnce) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    start(h);
    for (const int i : {1, 3, 3, 2})
        ASSERT_EQ(h.push(at(h, i, 120 * GST_MSECOND)), GST_FLOW_OK);
    for (int i = 1; i <= 3; ++i)
        EXPECT_EQ(h.pull(), h.first_seqnum + i);
    EXPECT_EQ(h.stat("num-duplicates"), 1U);
    EXPECT_EQ(h.stat("num-pushed"), 4U);
}

TEST_P(JitterContract, LostPacketIsToldAtItsTimeAndTheNextOneIsDiscont) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    start(h);
    ASSERT_EQ(h.push(at(h, 2, 100 * GST_MSECOND)), GST_FLOW_OK);
    ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
    h.advance_to(121 * GST_MSECOND);
    GstEvent* lost = h.pull_custom("GstRTPPacketLost");
    ASSERT_NE(lost, nullptr);
    EXPECT_EQ(field(lost, "seqnum"), h.first_seqnum + 1U);
    EXPECT_EQ(long_field(lost, "timestamp"), 20 * GST_MSECOND);
    EXPECT_EQ(long_field(lost, "duration"), 20 * GST_MSECOND);
    EXPECT_EQ(field(lost, "retry"), 0U);
    gst_event_unref(lost);
    GstClockTime pts = 0;
    bool discont = false;
    EXPECT_EQ(h.pull(pts, &discont), h.first_seqnum + 2);
    EXPECT_TRUE(discont);
    EXPECT_EQ(h.stat("num-lost"), 1U);
}

TEST_P(JitterContract, LatePacketIsDroppedAndCounted) {
    RtpHarness h(GetParam(), with("latency=100 post-drop-messages=true").c_str());
    start(h);
    ASSERT_EQ(h.push(at(h, 2, 100 * GST_MSECOND)), GST_FLOW_OK);
    ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
    h.advance_to(150 * GST_MSECOND);
    ASSERT_EQ(h.pull(), h.first_seqnum + 2);
    ASSERT_EQ(h.push(at(h, 1, 150 * GST_MSECOND)), GST_FLOW_OK);
    EXPECT_EQ(h.stat("num-late"), 1U);
    GstMessage* message = h.pop(GST_MESSAGE_ELEMENT, "drop-msg");
    ASSERT_NE(message, nullptr);
    const GstStructure* s = gst_message_get_structure(message);
    EXPECT_STREQ(gst_structure_get_string(s, "reason"), "too-late");
    guint value = 0;
    EXPECT_TRUE(gst_structure_get_uint(s, "seqnum", &value));
    EXPECT_EQ(value, h.first_seqnum + 1U);
    EXPECT_TRUE(gst_structure_get_uint(s, "num-too-late", &value));
    EXPECT_EQ(value, 1U);
    EXPECT_TRUE(gst_structure_has_field_typed(s, "timestamp", G_TYPE_UINT64));
    EXPECT_TRUE(gst_structure_has_field_typed(s, "num-drop-on-latency", G_TYPE_UINT));
    gst_message_unref(message);
}

TEST_P(FixedDelay, EosDrainsInOrderWithoutWaiting) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    for (const int i : {0, 2, 1, 5})
        ASSERT_EQ(h.push(at(h, i, 0)), GST_FLOW_OK);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    for (const int i : {0, 1, 2, 5})
        EXPECT_EQ(h.pull(), h.first_seqnum + i);
    GstEvent* eos = h.pull_event(GST_EVENT_EOS);
    ASSERT_NE(eos, nullptr);
    gst_event_unref(eos);
    EXPECT_EQ(h.push(at(h, 6, 0)), GST_FLOW_EOS);
}

TEST_P(JitterContract, EventsKeepTheirPlaceBehindPackets) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    ASSERT_EQ(h.push(0), GST_FLOW_OK);
    gst_harness_set_src_caps_str(h.get(), "application/x-rtp,media=audio,payload=96,"
                                          "clock-rate=8000,encoding-name=OTHER");
    ASSERT_EQ(h.push(at(h, 1, 0)), GST_FLOW_OK);
    ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
    GstCaps* caps = gst_pad_get_current_caps(h.get()->sinkpad);
    EXPECT_TRUE(caps == nullptr ||
                std::string(gst_structure_get_string(gst_caps_get_structure(caps, 0),
                                                     "encoding-name")) == "TEST");
    gst_clear_caps(&caps);
    h.advance_to(100 * GST_MSECOND);
    ASSERT_EQ(h.pull(), h.first_seqnum);
    ASSERT_EQ(h.pull(), h.first_seqnum + 1);
    caps = gst_pad_get_current_caps(h.get()->sinkpad);
    ASSERT_NE(caps, nullptr);
    EXPECT_STREQ(gst_structure_get_string(gst_caps_get_structure(caps, 0), "encoding-name"),
                 "OTHER");
    gst_caps_unref(caps);
}

TEST_P(JitterContract, FlushDropsWhatIsHeldAndBeginsAnew) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    for (const int i : {0, 1, 2})
        ASSERT_EQ(h.push(at(h, i, 0)), GST_FLOW_OK);
    GstEvent* segment_event = h.pull_event(GST_EVENT_SEGMENT); // the peer forgets what has not gone
    ASSERT_NE(segment_event, nullptr);
    gst_event_unref(segment_event);
    ASSERT_TRUE(h.send(gst_event_new_flush_start()));
    EXPECT_EQ(h.push(at(h, 3, 0)), GST_FLOW_FLUSHING);
    ASSERT_TRUE(h.send(gst_event_new_flush_stop(TRUE)));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    ASSERT_TRUE(h.send(gst_event_new_segment(&segment)));
    ASSERT_EQ(h.push(at(h, 500, 0)), GST_FLOW_OK);
    ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
    h.advance_to(100 * GST_MSECOND);
    EXPECT_EQ(h.pull(), h.first_seqnum + 500);
}

TEST_P(JitterContract, BufferListsGoThrough) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    start(h);
    GstBufferList* list = gst_buffer_list_new();
    for (const int i : {2, 1, 3})
        gst_buffer_list_add(list, make_rtp(at(h, i, 100 * GST_MSECOND)));
    ASSERT_EQ(gst_pad_push_list(h.get()->srcpad, list), GST_FLOW_OK);
    for (int i = 1; i <= 3; ++i)
        EXPECT_EQ(h.pull(), h.first_seqnum + i);
}

TEST_P(JitterContract, InvalidPacketIsAWarningAndNothingElse) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    start(h);
    GstBuffer* rubbish = gst_buffer_new_allocate(nullptr, 5, nullptr);
    gst_buffer_memset(rubbish, 0, 0xff, 5);
    EXPECT_EQ(gst_harness_push(h.get(), rubbish), GST_FLOW_OK);
    GstMessage* warning = h.pop(GST_MESSAGE_WARNING);
    ASSERT_NE(warning, nullptr);
    gst_message_unref(warning);
    ASSERT_EQ(h.push(at(h, 1, 100 * GST_MSECOND)), GST_FLOW_OK);
    EXPECT_EQ(h.pull(), h.first_seqnum + 1);
}

TEST_P(FixedDelay, DropOnLatencyDropsTheOldestAndCounts) {
    RtpHarness h(GetParam(), with("latency=100 drop-on-latency=true").c_str());
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(h.push(at(h, i, 0)), GST_FLOW_OK);
    EXPECT_TRUE(h.send(gst_event_new_eos()));
    gst_event_unref(h.pull_event(GST_EVENT_EOS));
    EXPECT_GT(h.pull(), h.first_seqnum);
    EXPECT_GE(h.stat("num-drop-on-latency"), 1U);
    EXPECT_EQ(h.stat("num-pushed") + h.stat("num-drop-on-latency"), 20U);
}

TEST_P(JitterContract, TsOffsetMovesTimestampsAndDeadlines) {
    RtpHarness h(GetParam(), with("latency=100 ts-offset=50000000").c_str());
    ASSERT_EQ(h.push(0), GST_FLOW_OK);
    ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
    h.advance_to(150 * GST_MSECOND);
    GstClockTime pts = 0;
    ASSERT_EQ(h.pull(pts), h.first_seqnum);
    EXPECT_EQ(pts, 50 * GST_MSECOND);
}

TEST_P(FixedDelay, FaststartNeedsNoLatency) {
    RtpHarness h(GetParam(), with("latency=100 faststart-min-packets=3").c_str());
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(h.push(at(h, i, 0)), GST_FLOW_OK);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(h.pull(), h.first_seqnum + i);
}

TEST_P(JitterContract, ClockRateIsAskedForWhenTheCapsAreForAnotherPayloadType) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    unsigned asked = 0;
    const auto handler = +[](GstElement*, guint pt, unsigned* count) {
        ++*count;
        EXPECT_EQ(pt, 97U);
        return gst_caps_new_simple("application/x-rtp", "payload", G_TYPE_INT, 97, "clock-rate",
                                   G_TYPE_INT, 16000, nullptr);
    };
    g_signal_connect(h.element(), "request-pt-map", G_CALLBACK(handler), &asked);
    start(h);
    RtpPacket packet = at(h, 1, 100 * GST_MSECOND);
    packet.payload_type = 97;
    ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    EXPECT_EQ(h.pull(), h.first_seqnum + 1);
    EXPECT_EQ(asked, 1U);
}

TEST_P(FixedDelay, NptStopIsSignalled) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    static std::atomic<unsigned> stops;
    stops = 0;
    g_signal_connect(h.element(), "on-npt-stop", G_CALLBACK(+[](GstElement*) { ++stops; }),
                     nullptr);
    gst_harness_set_src_caps_str(h.get(),
                                 "application/x-rtp,media=audio,payload=96,clock-rate=8000,"
                                 "npt-start=(guint64)0,npt-stop=(guint64)200000000,"
                                 "clock-base=(uint)8000,seqnum-base=(uint)100");
    for (int i = 0; i < 30; ++i) {
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    const gint64 give_up = g_get_monotonic_time() + 10 * G_USEC_PER_SEC;
    while (stops == 0 && g_get_monotonic_time() < give_up) {
        h.advance_to(GST_SECOND);
        g_thread_yield();
    }
    EXPECT_EQ(stops, 1U);
}

TEST_P(FixedDelay, SetActiveStopsAndResumes) {
    RtpHarness h(GetParam(), with(kLatency).c_str());
    start(h);
    guint64 out = 0;
    g_signal_emit_by_name(h.element(), "set-active", FALSE, guint64{0}, &out);
    ASSERT_EQ(h.push(at(h, 1, 100 * GST_MSECOND)), GST_FLOW_OK);
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    g_signal_emit_by_name(h.element(), "set-active", TRUE, guint64{30 * GST_MSECOND}, &out);
    EXPECT_EQ(out, 20 * GST_MSECOND); // of the stream: without the offset
    GstClockTime pts = 0;
    ASSERT_EQ(h.pull(pts), h.first_seqnum + 1);
    EXPECT_EQ(pts, 50 * GST_MSECOND);
}

TEST_P(FixedDelay, BufferModeReportsItsFillingAndHoldsUntilFull) {
    RtpHarness h(GetParam(), with("latency=100 mode=buffer").c_str());
    for (int i = 0; i < 4; ++i)
        ASSERT_EQ(h.push(at(h, i, 0)), GST_FLOW_OK);
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    GstMessage* message = h.pop(GST_MESSAGE_BUFFERING);
    ASSERT_NE(message, nullptr);
    gint percent = -1;
    gst_message_parse_buffering(message, &percent);
    EXPECT_GE(percent, 0);
    EXPECT_LT(percent, 100);
    gst_message_unref(message);
    for (int i = 4; i < 8; ++i)
        ASSERT_EQ(h.push(at(h, i, 0)), GST_FLOW_OK);
    EXPECT_EQ(h.pull(), h.first_seqnum);
    while (percent != 100 && (message = h.pop(GST_MESSAGE_BUFFERING)) != nullptr) {
        gst_message_parse_buffering(message, &percent);
        gst_message_unref(message);
    }
    EXPECT_EQ(percent, 100);
}

TEST_P(JitterContract, RetransmissionIsRequestedWithAllFields) {
    RtpHarness h(GetParam(), with("latency=200 do-retransmission=true rtx-delay-reorder=1 "
                                  "rtx-next-seqnum=false")
                                 .c_str());
    for (const int i : {0, 1, 2, 3, 5, 6, 7})
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    h.advance_to(180 * GST_MSECOND);
    GstEvent* request = h.pull_upstream("GstRTPRetransmissionRequest");
    ASSERT_NE(request, nullptr);
    EXPECT_EQ(field(request, "seqnum"), h.first_seqnum + 4U);
    EXPECT_EQ(long_field(request, "running-time"), 80 * GST_MSECOND);
    EXPECT_EQ(field(request, "retry"), 0U);
    EXPECT_EQ(field(request, "deadline"), 200U);
    EXPECT_EQ(long_field(request, "packet-spacing"), 20 * GST_MSECOND);
    for (const char* name : {"delay", "frequency", "period", "avg-rtt"})
        field(request, name);
    gst_event_unref(request);
    RtpPacket answer = at(h, 4, 180 * GST_MSECOND);
    answer.rtx = true;
    ASSERT_EQ(h.push(answer), GST_FLOW_OK);
    h.advance_to(200 * GST_MSECOND);
    for (int i = 0; i <= 7; ++i)
        EXPECT_EQ(h.pull(), h.first_seqnum + i);
    EXPECT_EQ(h.stat("rtx-success-count"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Both, JitterContract, ::testing::Values("rtpjitterbuffer", "jitterbuffer"),
                         [](const auto& param_info) { return std::string(param_info.param); });
INSTANTIATE_TEST_SUITE_P(Ours, FixedDelay, ::testing::Values("jitterbuffer"),
                         [](const auto& param_info) { return std::string(param_info.param); });
