// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// States, clocks, flushes, pads and queries of jitterbuffer.
#include "element_fixture.h"
#include "footprint.h"
#include "rtp_harness.h"
#include "sanitized.h"

#include <atomic>
#include <thread>

using namespace tactus;

namespace {

using test::kSanitized;
constexpr const char* kFixed = "latency=100 adaptive=false";
constexpr const char* kCaps = "application/x-rtp,media=audio,payload=96,clock-rate=8000";

// Waits until the task waits for the clock.
void await_wait(RtpHarness& h) {
    ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
}

void flush(RtpHarness& h) {
    ASSERT_TRUE(h.send(gst_event_new_flush_start()));
    ASSERT_TRUE(h.send(gst_event_new_flush_stop(TRUE)));
    ASSERT_TRUE(h.send(make_segment()));
}

} // namespace

TEST(JitterBufferStates, TenThousandCyclesLeaveNothingBehind) {
    GstHarness* h = gst_harness_new("jitterbuffer");
    gst_harness_use_systemclock(h);
    gst_harness_set_drop_buffers(h, TRUE);
    gst_harness_set_src_caps_str(h, kCaps);
    gst_harness_play(h);
    long resident = 0;
    std::size_t files = 0;
    for (int i = 0; i < 10'000; ++i) {
        if (i == 1000) { // after that all that is kept for later is there
            resident = resident_kib();
            files = open_files();
        }
        gst_element_set_state(h->element, i % 2 != 0 ? GST_STATE_NULL : GST_STATE_READY);
        ASSERT_NE(gst_element_set_state(h->element, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
        if (i % 4 == 3) // nothing has come, not even a stream
            continue;
        ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_stream_start("again")));
        ASSERT_TRUE(gst_harness_push_event(h, make_caps(kCaps)));
        ASSERT_TRUE(gst_harness_push_event(h, make_segment()));
        for (std::uint16_t k = 0; k < 5; ++k)
            ASSERT_EQ(gst_harness_push(h, nth_rtp(k)), GST_FLOW_OK);
        while (GstEvent* event = gst_harness_try_pull_event(h)) // it would keep them all
            gst_event_unref(event);
        while (GstEvent* event = gst_harness_try_pull_upstream_event(h))
            gst_event_unref(event);
    }
    EXPECT_EQ(open_files(), files);
    EXPECT_LE(running_threads(), 16U); // GLib keeps a few for the next tasks
    if (!kSanitized) {                 // they keep what is free, to see who still uses it
        EXPECT_LE(resident_kib(), resident + 1024) << resident;
    }
    gst_harness_teardown(h);
}

TEST(JitterBufferStates, PausedHoldsWhatIsDueAndPlayingLetsItGo) {
    RtpHarness h("jitterbuffer", kFixed);
    pass(h, 0, 10);
    gst_element_set_state(h.element(), GST_STATE_PAUSED);
    ASSERT_EQ(h.push(10), GST_FLOW_OK);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    h.advance_to(5 * GST_SECOND);
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    EXPECT_EQ(h.pull(), h.first_seqnum + 10);
    GstEvent* eos = h.pull_event(GST_EVENT_EOS);
    ASSERT_NE(eos, nullptr);
    gst_event_unref(eos);
}

TEST(JitterBufferStates, PausesWhileTheTaskWaitsForTheClock) {
    RtpHarness h("jitterbuffer", kFixed);
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
        gst_element_set_state(h.element(), i % 2 == 0 ? GST_STATE_PAUSED : GST_STATE_PLAYING);
    }
    h.advance_to(3 * GST_SECOND);
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
}

// While PAUSED the old base time and a new clock give a time that never was.
TEST(JitterBufferStates, NewClockWhilePausedMakesNothingLate) {
    RtpHarness h("jitterbuffer", kFixed);
    pass(h, 0, 10);
    gst_element_set_state(h.element(), GST_STATE_PAUSED);
    GstClock* clock = gst_test_clock_new_with_start_time(1000 * GST_SECOND);
    gst_element_set_clock(h.element(), clock);
    // What has no time of its own gets the present one.
    RtpPacket rubbish = at(h, 0, GST_CLOCK_TIME_NONE);
    rubbish.payload_type = 97;
    ASSERT_EQ(gst_harness_push(h.get(), make_rtp(rubbish)), GST_FLOW_OK);
    gst_element_set_base_time(h.element(), 1000 * GST_SECOND - 200 * GST_MSECOND);
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    // One packet is missing; the next one's time is 320 ms.
    ASSERT_EQ(gst_harness_push(h.get(), make_rtp(at(h, 11, 200 * GST_MSECOND))), GST_FLOW_OK);
    ASSERT_TRUE(
        comes_true([&] { return gst_test_clock_peek_id_count(GST_TEST_CLOCK(clock)) == 1; }));
    EXPECT_EQ(h.stat("num-lost"), 0U);
    gst_test_clock_set_time(GST_TEST_CLOCK(clock), 1000 * GST_SECOND + 200 * GST_MSECOND);
    gst_clock_id_unref(gst_test_clock_process_next_clock_id(GST_TEST_CLOCK(clock)));
    EXPECT_EQ(h.pull(), h.first_seqnum + 11);
    gst_element_set_state(h.element(), GST_STATE_NULL);
    gst_object_unref(clock);
}

// A flushing seek: the pipeline starts time anew, and then sets PLAYING what is PLAYING already.
TEST(JitterBufferStates, NewBaseTimeAfterAFlushIsUsed) {
    RtpHarness h("jitterbuffer", kFixed);
    pass(h, 0, 500);
    flush(h);
    gst_element_set_base_time(h.element(), 10 * GST_SECOND);
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    h.advance_to(10 * GST_SECOND);
    ASSERT_EQ(gst_harness_push(h.get(), make_rtp(at(h, 0, 0))), GST_FLOW_OK);
    await_wait(h);
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    h.advance_to(10 * GST_SECOND + 100 * GST_MSECOND);
    EXPECT_EQ(h.pull(), h.first_seqnum);
}

TEST(JitterBufferStates, PacketsThatAFlushThrowsAwayAndThoseThatAreRefusedAreCounted) {
    RtpHarness h("jitterbuffer", kFixed);
    ASSERT_EQ(h.push(0), GST_FLOW_OK); // waits for its delay
    ASSERT_EQ(h.push(1), GST_FLOW_OK);
    flush(h);
    EXPECT_EQ(h.stat("num-flushed"), 2U);
    EXPECT_EQ(h.stat("num-pushed"), 0U);
    GstPad* src = gst_element_get_static_pad(h.element(), "src");
    gst_pad_set_active(src, FALSE);
    gst_object_unref(src);
    EXPECT_EQ(h.push(2), GST_FLOW_FLUSHING);
    EXPECT_EQ(h.stat("num-flushed"), 3U);
    EXPECT_EQ(h.stat("packets-held"), 0U);
}

TEST(JitterBufferStates, StatisticsGoOnAfterAFlush) {
    RtpHarness h("jitterbuffer", "stats-interval=500");
    pass(h, 0, 1000);
    while (h.has_message(GST_MESSAGE_ELEMENT)) {
    }
    flush(h);
    gst_element_set_base_time(h.element(), 20 * GST_SECOND);
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    h.advance_to(20 * GST_SECOND);
    while (h.has_message(GST_MESSAGE_ELEMENT)) { // of the time between
    }
    for (int first = 0; first < 100; first += 10) {
        for (int i = first; i < first + 10; ++i) {
            h.advance_to(20 * GST_SECOND + static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
            ASSERT_EQ(gst_harness_push(h.get(), make_rtp(h.packet(i))), GST_FLOW_OK);
        }
        for (int i = first; i < first + 10; ++i)
            ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    GstMessage* message = h.pop(GST_MESSAGE_ELEMENT, "jitterbuffer-stats");
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
}

TEST(JitterBufferStates, LatencyThatIsSetCountsForWhatWaitsAndIsTold) {
    RtpHarness h("jitterbuffer", kFixed);
    ASSERT_EQ(h.push(0), GST_FLOW_OK);
    await_wait(h);
    h.advance_to(97 * GST_MSECOND);
    g_object_set(h.element(), "latency", 97U, nullptr);
    EXPECT_EQ(h.pull(), h.first_seqnum);
    for (const guint latency : {97U, 95U}) { // by a little only, but somebody wanted it
        g_object_set(h.element(), "latency", latency, nullptr);
        GstMessage* message = h.pop(GST_MESSAGE_LATENCY);
        ASSERT_NE(message, nullptr);
        gst_message_unref(message);
        EXPECT_EQ(h.latency(), latency * GST_MSECOND);
    }
}

// The message that tells of the new task is posted in the thread that changes the state.
TEST(JitterBufferStates, SyncHandlerMayReadTheStatistics) {
    GstElement* element = gst_element_factory_make("jitterbuffer", nullptr);
    ASSERT_NE(element, nullptr);
    gst_object_ref_sink(element);
    GstBus* bus = gst_bus_new();
    static std::atomic<unsigned> reads;
    reads = 0;
    const auto handler = +[](GstBus*, GstMessage* message, gpointer) {
        if (GstObject* parent = gst_object_get_parent(GST_MESSAGE_SRC(message))) { // of the pad
            GstStructure* stats = nullptr;
            g_object_get(parent, "stats", &stats, nullptr);
            reads += stats != nullptr ? 1U : 0U;
            gst_clear_structure(&stats);
            gst_object_unref(parent);
        }
        gst_message_unref(message);
        return GST_BUS_DROP;
    };
    gst_bus_set_sync_handler(bus, handler, nullptr, nullptr);
    gst_element_set_bus(element, bus);
    std::atomic<bool> done{false};
    std::thread changer([&] {
        gst_element_set_state(element, GST_STATE_PLAYING);
        gst_element_set_state(element, GST_STATE_NULL);
        done = true;
    });
    if (!comes_true([&] { return done.load(); }))
        GTEST_FAIL() << "the state change waits for ever";
    changer.join();
    EXPECT_GE(reads, 1U);
    gst_element_set_bus(element, nullptr);
    gst_object_unref(bus);
    gst_object_unref(element);
}

namespace {

// What an application may do in any handler of its own.
void use(GstElement* element) {
    GstStructure* stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    gst_clear_structure(&stats);
    g_object_set(element, "ts-offset", gint64{0}, nullptr);
    g_signal_emit_by_name(element, "clear-pt-map");
    GstQuery* query = gst_query_new_latency();
    gst_element_query(element, query);
    gst_query_unref(query);
}

} // namespace

TEST(JitterBufferStates, HandlersAndProbesMayUseTheElement) {
    RtpHarness h("jitterbuffer", "latency=100 do-lost=true do-retransmission=true");
    static std::atomic<unsigned> uses;
    uses = 0;
    const auto ask = +[](GstElement* element, guint pt, gpointer) {
        use(element);
        ++uses;
        return gst_caps_new_simple("application/x-rtp", "payload", G_TYPE_INT,
                                   static_cast<gint>(pt), "clock-rate", G_TYPE_INT, 8000,
                                   "npt-start", G_TYPE_UINT64, guint64{0}, "npt-stop",
                                   G_TYPE_UINT64, guint64{GST_SECOND}, nullptr);
    };
    g_signal_connect(h.element(), "request-pt-map", G_CALLBACK(ask), nullptr);
    static std::atomic<unsigned> stops;
    stops = 0;
    g_signal_connect(h.element(), "on-npt-stop", G_CALLBACK(+[](GstElement* element) {
                         use(element);
                         ++stops;
                     }),
                     nullptr);
    const auto probe = +[](GstPad* pad, GstPadProbeInfo*, gpointer) {
        GstElement* element = gst_pad_get_parent_element(pad);
        use(element);
        gst_object_unref(element);
        return GST_PAD_PROBE_OK;
    };
    constexpr auto kAll = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM |
                                                       GST_PAD_PROBE_TYPE_EVENT_UPSTREAM);
    for (const char* name : {"sink", "src"}) {
        GstPad* pad = gst_element_get_static_pad(h.element(), name);
        gst_pad_add_probe(pad, kAll, probe, nullptr, nullptr);
        gst_object_unref(pad);
    }
    for (int i = 0; i < 200; ++i) {
        RtpPacket packet = h.packet(i);
        packet.payload_type = 97;
        if (i % 20 == 19)
            continue;
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    }
    h.advance_to(5 * GST_SECOND);
    for (int i = 0; i < 200; ++i) {
        if (i % 20 == 19)
            continue;
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    EXPECT_TRUE(comes_true([] { return stops == 1; }));
    EXPECT_GT(uses, 1U);
}

TEST(JitterBufferPads, RtcpConcernsNeitherCapsNorEventsOfThePackets) {
    RtpHarness h("jitterbuffer", kFixed);
    GstPad* rtcp = gst_element_request_pad_simple(h.element(), "sink_rtcp");
    ASSERT_NE(rtcp, nullptr);
    GstCaps* rtcp_caps = gst_caps_new_empty_simple("application/x-rtcp");
    GstPadTemplate* templ = gst_pad_template_new("src", GST_PAD_SRC, GST_PAD_ALWAYS, rtcp_caps);
    GstPad* sender = gst_pad_new_from_template(templ, "src");
    gst_caps_unref(rtcp_caps);
    static std::atomic<unsigned> events;
    events = 0;
    gst_pad_set_event_function(
        sender, +[](GstPad*, GstObject*, GstEvent* event) -> gboolean {
            ++events;
            gst_event_unref(event);
            return TRUE;
        });
    gst_pad_set_active(sender, TRUE);
    ASSERT_EQ(gst_pad_link(sender, rtcp), GST_PAD_LINK_OK);
    events = 0; // of the linking

    GstPad* src = gst_element_get_static_pad(h.element(), "src");
    GstCaps* caps = gst_pad_query_caps(src, nullptr);
    EXPECT_FALSE(gst_caps_is_empty(caps));
    gst_caps_unref(caps);
    gst_pad_send_event(src, gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.0, 0, 0));
    EXPECT_EQ(events, 0U);
    gst_object_unref(src);

    gst_pad_unlink(sender, rtcp);
    gst_pad_set_active(sender, FALSE);
    gst_object_unref(sender);
    gst_object_unref(templ);
    gst_element_release_request_pad(h.element(), rtcp);
    gst_object_unref(rtcp);
}

TEST(JitterBufferPads, RtcpPadComesAndGoesBesideAStream) {
    RtpHarness h("jitterbuffer", kFixed);
    std::atomic<bool> stop{false};
    std::thread rtcp([&] {
        while (!stop) {
            GstPad* pad = gst_element_request_pad_simple(h.element(), "sink_rtcp");
            gst_pad_send_event(pad, gst_event_new_stream_start("rtcp"));
            gst_pad_send_event(pad, make_segment());
            gst_pad_chain(pad, gst_buffer_new_allocate(nullptr, 7, nullptr));
            gst_element_release_request_pad(h.element(), pad);
            gst_object_unref(pad);
        }
    });
    pass(h, 0, 200);
    stop = true;
    rtcp.join();
    EXPECT_EQ(h.stat("num-pushed"), 200U);
}

TEST(JitterBufferEvents, NoGapIsToldBeyondTheEndOfTheSegment) {
    RtpHarness h("jitterbuffer", "latency=500");
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.stop = 200 * RtpHarness::kSpacing - GST_MSECOND;
    ASSERT_TRUE(h.send(gst_event_new_segment(&segment)));
    pass(h, 0, 200);
    h.advance_to(6 * GST_SECOND);
    EXPECT_TRUE(comes_true([&] {
        h.advance_to(6 * GST_SECOND);
        return h.stat("refill-timeouts") == 1;
    }));
    GstEvent* event = gst_event_new_eos();
    ASSERT_TRUE(h.send(event));
    event = h.pull_event(GST_EVENT_EOS);
    ASSERT_NE(event, nullptr);
    gst_event_unref(event);
}

TEST(JitterBufferEvents, EventComesBeforeTheLossThatLiesBehindIt) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false do-lost=true");
    pass(h, 0, 10);
    gst_element_set_state(h.element(), GST_STATE_PAUSED);
    ASSERT_EQ(h.push(11), GST_FLOW_OK);
    ASSERT_TRUE(h.send(make_tag("between")));
    ASSERT_EQ(h.push(13), GST_FLOW_OK);
    while (GstEvent* event = gst_harness_try_pull_event(h.get()))
        gst_event_unref(event);
    h.advance_to(2 * GST_SECOND);
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    std::vector<GstEventType> order;
    while (order.size() < 3) {
        GstEvent* event = h.pull_event(GST_EVENT_TAG);
        if (event == nullptr)
            break;
        order.push_back(GST_EVENT_TYPE(event));
        gst_event_unref(event);
        event = h.pull_event(GST_EVENT_CUSTOM_DOWNSTREAM);
        if (event == nullptr)
            break;
        order.push_back(GST_EVENT_TYPE(event));
        guint seqnum = 0;
        gst_structure_get_uint(gst_event_get_structure(event), "seqnum", &seqnum);
        EXPECT_EQ(seqnum, h.first_seqnum + 12U); // 10 was told before the tag
        gst_event_unref(event);
        break;
    }
    EXPECT_EQ(order.size(), 2U);
}

TEST(JitterBufferEvents, FlushInTheMiddleGoesOnWithTheCapsThereWere) {
    RtpHarness h("jitterbuffer", "latency=500 adaptive=false");
    pass(h, 0, 50);
    ASSERT_EQ(h.push(60), GST_FLOW_OK); // waits
    flush(h);
    h.advance_to(2 * GST_SECOND);
    for (int i = 100; i < 150; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    h.advance_to(4 * GST_SECOND);
    GstClockTime pts = 0;
    bool discont = false;
    ASSERT_EQ(h.pull(pts, &discont), h.first_seqnum + 100);
    EXPECT_EQ(pts, 100 * RtpHarness::kSpacing);
    EXPECT_TRUE(discont);
    for (int i = 101; i < 150; ++i)
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    GstCaps* caps = gst_pad_get_current_caps(h.get()->sinkpad);
    EXPECT_NE(caps, nullptr);
    gst_clear_caps(&caps);
}

TEST(JitterBufferEvents, StreamAfterTheEndOfOneFollowsIt) {
    RtpHarness h("jitterbuffer", kFixed);
    pass(h, 0, 10);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    ASSERT_TRUE(h.send(gst_event_new_stream_start("second")));
    ASSERT_TRUE(h.send(make_caps(kCaps)));
    ASSERT_TRUE(h.send(make_segment()));
    ASSERT_EQ(h.push(at(h, 900, 200 * GST_MSECOND)), GST_FLOW_OK);
    h.advance_to(400 * GST_MSECOND);
    EXPECT_EQ(h.pull(), h.first_seqnum + 900);
}

TEST(JitterBufferQueries, QueryBehindPacketsThatStayIsRefused) {
    RtpHarness h("jitterbuffer", kFixed);
    ASSERT_EQ(h.push(0), GST_FLOW_OK);
    await_wait(h);
    std::atomic<int> answer{-1};
    std::thread asker([&] {
        GstQuery* query = gst_query_new_drain();
        answer = gst_pad_peer_query(h.get()->srcpad, query);
        gst_query_unref(query);
    });
    // Whether it waits already or comes later: nobody gets an answer while PAUSED.
    gst_element_set_state(h.element(), GST_STATE_PAUSED);
    EXPECT_TRUE(comes_true([&] { return answer != -1; }));
    EXPECT_EQ(answer, FALSE);
    asker.join();
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    guint64 out = 0;
    g_signal_emit_by_name(h.element(), "set-active", FALSE, guint64{0}, &out);
    GstQuery* query = gst_query_new_drain();
    EXPECT_FALSE(gst_pad_peer_query(h.get()->srcpad, query));
    gst_query_unref(query);
}

TEST(JitterBufferQueries, NoQueryWaitsForABufferThatIsStoppedAtTheSameTime) {
    RtpHarness h("jitterbuffer", kFixed);
    ASSERT_EQ(h.push(0), GST_FLOW_OK);
    await_wait(h);
    guint64 out = 0;
    for (int i = 0; i < 500; ++i) {
        std::atomic<bool> answered{false};
        std::thread asker([&] {
            GstQuery* query = gst_query_new_drain();
            EXPECT_FALSE(gst_pad_peer_query(h.get()->srcpad, query));
            gst_query_unref(query);
            answered = true;
        });
        g_signal_emit_by_name(h.element(), "set-active", FALSE, guint64{0}, &out);
        EXPECT_TRUE(comes_true([&] { return answered.load(); }));
        if (!answered) // a pause ends it
            gst_element_set_state(h.element(), GST_STATE_PAUSED);
        asker.join();
        ASSERT_FALSE(HasFailure()) << i;
        g_signal_emit_by_name(h.element(), "set-active", TRUE, guint64{0}, &out);
    }
}

TEST(JitterBufferQueries, LatencyIsAnsweredDuringAFlush) {
    RtpHarness h("jitterbuffer", kFixed);
    ASSERT_EQ(h.push(0), GST_FLOW_OK);
    ASSERT_TRUE(h.send(gst_event_new_flush_start()));
    EXPECT_EQ(h.latency(), 100 * GST_MSECOND);
    ASSERT_TRUE(h.send(gst_event_new_flush_stop(TRUE)));
    EXPECT_EQ(h.latency(), 100 * GST_MSECOND);
}
