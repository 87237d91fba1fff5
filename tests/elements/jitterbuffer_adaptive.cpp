// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What jitterbuffer does beyond its peer.
#include "element_fixture.h"
#include "rtp_harness.h"

using namespace tactus;

namespace {

guint64 latency_of(RtpHarness& h) {
    return h.latency();
}

} // namespace

TEST(JitterBufferAdaptive, LatencyFallsOnACleanNetworkAndIsTold) {
    RtpHarness h("jitterbuffer", "latency=500");
    const guint64 before = latency_of(h);
    EXPECT_LE(before, 500 * GST_MSECOND);
    pass(h, 0, 200);
    EXPECT_LT(latency_of(h), 20 * GST_MSECOND);
    GstMessage* message = h.pop(GST_MESSAGE_LATENCY);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
    EXPECT_EQ(h.stat("num-pushed"), 200U);
    EXPECT_EQ(h.stat("num-lost"), 0U);
}

TEST(JitterBufferAdaptive, LatencyIsTheCeilingAndMinLatencyTheFloor) {
    RtpHarness h("jitterbuffer", "latency=60 min-latency=40");
    pass(h, 0, 200);
    EXPECT_GE(latency_of(h), 40 * GST_MSECOND);
    EXPECT_LE(latency_of(h), 45 * GST_MSECOND);
    for (int i = 200; i < 240; ++i)
        ASSERT_EQ(h.push(i, 900 * GST_MSECOND), GST_FLOW_OK);
    EXPECT_LE(latency_of(h), 60 * GST_MSECOND);
}

TEST(JitterBufferAdaptive, LatePacketRaisesTheLatencyAndKeepsItsTimestamp) {
    RtpHarness h("jitterbuffer", "latency=500");
    pass(h, 0, 200);
    const guint64 before = latency_of(h);
    ASSERT_EQ(h.push(200, 100 * GST_MSECOND), GST_FLOW_OK);
    h.advance_to(200 * RtpHarness::kSpacing + 110 * GST_MSECOND);
    GstClockTime pts = 0;
    ASSERT_EQ(h.pull(pts), h.first_seqnum + 200);
    EXPECT_NEAR(static_cast<double>(pts), 200.0 * RtpHarness::kSpacing, 2.0 * GST_MSECOND);
    EXPECT_GE(latency_of(h), before + 80 * GST_MSECOND);
    EXPECT_EQ(h.stat("underruns"), 1U);
}

TEST(JitterBufferAdaptive, TimestampsMoveInsteadOfTheLatencyWhenAskedTo) {
    RtpHarness h("jitterbuffer", "latency=500 min-latency=10 adapt-by=timestamps");
    EXPECT_EQ(latency_of(h), 10 * GST_MSECOND);
    pass(h, 0, 20);
    while (h.has_message(GST_MESSAGE_LATENCY)) { // the new properties
    }
    pass(h, 20, 200);
    EXPECT_EQ(latency_of(h), 10 * GST_MSECOND);
    EXPECT_FALSE(h.has_message(GST_MESSAGE_LATENCY));
}

TEST(JitterBufferAdaptive, MinLatencyAboveTheLatencyIsReportedAsTheLatency) {
    for (const char* adapt_by : {"latency", "timestamps"}) {
        RtpHarness h("jitterbuffer",
                     (std::string("latency=100 min-latency=500 adapt-by=") + adapt_by).c_str());
        EXPECT_EQ(latency_of(h), 100 * GST_MSECOND) << adapt_by;
        pass(h, 0, 50);
        EXPECT_EQ(latency_of(h), h.stat("current-delay")) << adapt_by;
        EXPECT_EQ(latency_of(h), 100 * GST_MSECOND) << adapt_by;
    }
}

TEST(JitterBufferAdaptive, StallIsOneGapEventAtTheMomentItIsNeeded) {
    RtpHarness h("jitterbuffer", "latency=500");
    pass(h, 0, 200);
    h.advance_to(6 * GST_SECOND);
    GstEvent* gap = h.pull_event(GST_EVENT_GAP);
    ASSERT_NE(gap, nullptr);
    GstClockTime start = 0;
    GstClockTime duration = 0;
    gst_event_parse_gap(gap, &start, &duration);
    EXPECT_NEAR(static_cast<double>(start), 200.0 * RtpHarness::kSpacing, 2.0 * GST_MSECOND);
    EXPECT_EQ(duration, RtpHarness::kSpacing);
    gst_event_unref(gap);
    h.advance_to(8 * GST_SECOND);
    EXPECT_EQ(h.stat("refill-timeouts"), 1U);
}

// Between preroll and the first LATENCY query, and behind what does not report its latency.
TEST(JitterBufferAdaptive, SteadyPacketsThatUpstreamHoldsAreNoStalls) {
    RtpHarness h("jitterbuffer", "latency=500");
    for (int i = 0; i < 100; ++i) {
        h.advance_to(static_cast<GstClockTime>(i) * RtpHarness::kSpacing + 150 * GST_MSECOND);
        ASSERT_EQ(gst_harness_push(h.get(), make_rtp(h.packet(i))), GST_FLOW_OK);
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    EXPECT_EQ(h.stat("refill-timeouts"), 0U);
    EXPECT_EQ(h.stat("num-drop-stale"), 0U);
}

TEST(JitterBufferAdaptive, MemoryIsBoundedAndEachBurstIsTold) {
    RtpHarness h("jitterbuffer", "latency=100000 adaptive=false max-packets=10");
    pass(h, 0, 0);
    ASSERT_EQ(h.push(0), GST_FLOW_OK);
    // Every second packet is missing, so all wait.
    for (int i = 2; i < 100; i += 2)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    EXPECT_LE(h.stat("packets-held"), 10U);
    EXPECT_GE(h.stat("num-drop-on-memory"), 30U);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    GstMessage* message = h.pop(GST_MESSAGE_ELEMENT, "jitterbuffer-dropped");
    ASSERT_NE(message, nullptr);
    guint64 count = 0;
    EXPECT_TRUE(gst_structure_get_uint64(gst_message_get_structure(message), "count", &count));
    EXPECT_GE(count, 1U);
    gst_message_unref(message);
}

TEST(JitterBufferAdaptive, StatisticsArePostedAtTheirInterval) {
    RtpHarness h("jitterbuffer", "stats-interval=500");
    for (int first = 0; first < 200; first += 50)
        pass(h, first, first + 50);
    GstMessage* message = h.pop(GST_MESSAGE_ELEMENT, "jitterbuffer-stats");
    ASSERT_NE(message, nullptr);
    EXPECT_TRUE(gst_structure_has_field_typed(gst_message_get_structure(message), "target-delay",
                                              G_TYPE_UINT64));
    gst_message_unref(message);
}

TEST(JitterBufferAdaptive, InvalidPacketsInAFloodAreOneWarning) {
    RtpHarness h("jitterbuffer", "");
    for (int i = 0; i < 1000; ++i) {
        GstBuffer* rubbish = gst_buffer_new_allocate(nullptr, 3, nullptr);
        gst_buffer_memset(rubbish, 0, i & 0xff, 3);
        ASSERT_EQ(gst_harness_push(h.get(), rubbish), GST_FLOW_OK);
    }
    EXPECT_TRUE(h.has_message(GST_MESSAGE_WARNING));
    EXPECT_FALSE(h.has_message(GST_MESSAGE_WARNING));
    EXPECT_EQ(h.stat("num-invalid"), 1000U);
}

TEST(JitterBufferAdaptive, SerializedQueryIsAnsweredBehindThePackets) {
    RtpHarness h("jitterbuffer", "");
    pass(h, 0, 10);
    GstQuery* query = gst_query_new_drain();
    gst_pad_peer_query(h.get()->srcpad, query);
    gst_query_unref(query);
    ASSERT_EQ(h.push(10), GST_FLOW_OK);
    EXPECT_EQ(h.pull(), h.first_seqnum + 10);
}

TEST(JitterBufferAdaptive, RequestBeforeTheFirstPacketIsOutNamesItsSender) {
    RtpHarness h("jitterbuffer", "latency=500 adaptive=false do-retransmission=true rtx-delay=0");
    for (const int i : {0, 2, 3, 4, 5})
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    EXPECT_EQ(h.stat("num-pushed"), 0U);
    GstEvent* request = h.pull_upstream("GstRTPRetransmissionRequest");
    ASSERT_NE(request, nullptr);
    guint ssrc = 0;
    EXPECT_TRUE(gst_structure_get_uint(gst_event_get_structure(request), "ssrc", &ssrc));
    EXPECT_EQ(ssrc, 0x1234U);
    gst_event_unref(request);
}

TEST(JitterBufferAdaptive, MissingPacketIsWaitedForWhenItsNeighboursCameBeforePlaying) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false");
    constexpr GstClockTime kUptime = 7 * 3600 * GST_SECOND;
    gst_element_set_state(h.element(), GST_STATE_PAUSED);
    gst_harness_set_time(h.get(), kUptime);
    for (const int i : {0, 2})
        ASSERT_EQ(gst_harness_push(h.get(), make_rtp(h.packet(i))), GST_FLOW_OK);
    gst_element_set_base_time(h.element(), kUptime);
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    h.advance_to(kUptime + 110 * GST_MSECOND);
    EXPECT_EQ(h.pull(), h.first_seqnum);
    EXPECT_EQ(h.stat("num-lost"), 0U);
    h.advance_to(kUptime + 150 * GST_MSECOND);
    EXPECT_EQ(h.pull(), h.first_seqnum + 2);
    EXPECT_EQ(h.stat("num-lost"), 1U);
}
