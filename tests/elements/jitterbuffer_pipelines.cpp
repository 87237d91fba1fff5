// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// In launch lines, inside rtpbin, by the thousand, and through many state cycles.
#include "element_fixture.h"
#include "factories.h"
#include "footprint.h"
#include "rtp_harness.h"
#include "sanitized.h"

#include <atomic>
#include <memory>
#include <thread>

using namespace tactus;

namespace {

GstElement* parse(const char* line) {
    GError* error = nullptr;
    GstElement* pipeline = gst_parse_launch(line, &error);
    if (error != nullptr) {
        ADD_FAILURE() << error->message;
        g_clear_error(&error);
    }
    return pipeline;
}

// True if the pipeline reaches EOS without an error.
bool runs_to_end(GstElement* pipeline) {
    GstBus* bus = gst_element_get_bus(pipeline);
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstMessage* message = gst_bus_timed_pop_filtered(
        bus, 60 * GST_SECOND, static_cast<GstMessageType>(GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
    const bool ended = message != nullptr && GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
    if (message != nullptr)
        gst_message_unref(message);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    return ended;
}

// Each stops with a thread to wait for; under a sanitizer, on a busy machine, that takes minutes.
constexpr int kInstances = tactus::test::kSanitized ? 100 : 1000;

void end_in_fakesink(GstElement*, GstPad* pad, GstElement* whole) {
    GstElement* sink = gst_element_factory_make("fakesink", nullptr);
    gst_bin_add(GST_BIN(whole), sink);
    gst_element_sync_state_with_parent(sink);
    GstPad* target = gst_element_get_static_pad(sink, "sink");
    gst_pad_link(pad, target);
    gst_object_unref(target);
}

constexpr const char* kSource = "audiotestsrc is-live=true num-buffers=20 ! audioconvert ! "
                                "audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay ! ";

} // namespace

TEST(JitterBufferPipelines, TakesThePlaceOfThePeerInALaunchLine) {
    TACTUS_NEEDS("rtppcmupay", "mulawenc");
    const std::string line = std::string(kSource) +
                             "jitterbuffer name=jb latency=50 do-lost=true mode=slave ! "
                             "rtppcmudepay ! mulawdec ! fakesink sync=true";
    GstElement* pipeline = parse(line.c_str());
    ASSERT_NE(pipeline, nullptr);
    EXPECT_TRUE(runs_to_end(pipeline));
    gst_object_unref(pipeline);
}

TEST(JitterBufferPipelines, RtpbinUsesIt) {
    TACTUS_NEEDS("rtpbin", "rtppcmupay", "mulawenc");
    const std::string line =
        "rtpbin name=bin latency=50 do-lost=true " + std::string(kSource) + "bin.recv_rtp_sink_0";
    GstElement* pipeline = parse(line.c_str());
    ASSERT_NE(pipeline, nullptr);
    GstElement* bin = gst_bin_get_by_name(GST_BIN(pipeline), "bin");
    static std::atomic<unsigned> asked;
    static std::atomic<guint> latency;
    asked = 0;
    g_signal_connect(bin, "request-jitterbuffer", G_CALLBACK(+[](GstElement*, guint, gpointer) {
                         ++asked;
                         return gst_element_factory_make("jitterbuffer", nullptr);
                     }),
                     nullptr);
    g_signal_connect(bin, "new-jitterbuffer",
                     G_CALLBACK(+[](GstElement*, GstElement* jb, guint, guint, gpointer) {
                         guint value = 0;
                         g_object_get(jb, "latency", &value, nullptr);
                         latency = value;
                     }),
                     nullptr);
    static std::atomic<unsigned> buffers;
    buffers = 0;
    g_signal_connect(bin, "pad-added", G_CALLBACK(+[](GstElement*, GstPad* pad, GstElement* whole) {
                         GstElement* sink = gst_element_factory_make("fakesink", nullptr);
                         g_object_set(sink, "signal-handoffs", TRUE, nullptr);
                         g_signal_connect(sink, "handoff", G_CALLBACK(+[]() { ++buffers; }),
                                          nullptr);
                         gst_bin_add(GST_BIN(whole), sink);
                         gst_element_sync_state_with_parent(sink);
                         GstPad* target = gst_element_get_static_pad(sink, "sink");
                         gst_pad_link(pad, target);
                         gst_object_unref(target);
                     }),
                     pipeline);
    EXPECT_TRUE(runs_to_end(pipeline));
    EXPECT_EQ(asked, 1U);
    EXPECT_EQ(latency, 50U);
    EXPECT_GT(buffers, 0U);
    gst_object_unref(bin);
    gst_object_unref(pipeline);
}

// The peer's payloader writes them, and the peer's rtpbin takes what handle-sync says.
TEST(JitterBufferPipelines, RtpbinTakesTheSendersTimesInPackets) {
    TACTUS_NEEDS("rtpbin", "rtppcmupay", "mulawenc", "rtphdrextntp64");
    const std::string line = "rtpbin name=bin latency=50 " + std::string(kSource) +
                             "application/x-rtp,extmap-3=(string)"
                             "\"urn:ietf:params:rtp-hdrext:ntp-64\" ! sender.send_rtp_sink_0 "
                             "rtpbin name=sender sender.send_rtp_src_0 ! bin.recv_rtp_sink_0";
    GstElement* pipeline = parse(line.c_str());
    ASSERT_NE(pipeline, nullptr);
    GstElement* bin = gst_bin_get_by_name(GST_BIN(pipeline), "bin");
    static std::atomic<unsigned> syncs;
    syncs = 0;
    g_signal_connect(
        bin, "request-jitterbuffer", G_CALLBACK(+[](GstElement*, guint, guint, gpointer) {
            GstElement* jb = gst_element_factory_make("jitterbuffer", nullptr);
            g_signal_connect(jb, "handle-sync", G_CALLBACK(+[](GstElement*, GstStructure* s) {
                                 syncs += gst_structure_has_field(s, "inband-ntpnstime") ? 1U : 0U;
                             }),
                             nullptr);
            return jb;
        }),
        nullptr);
    g_signal_connect(bin, "pad-added", G_CALLBACK(end_in_fakesink), pipeline);
    EXPECT_TRUE(runs_to_end(pipeline));
    // The sender knows no time for its first packets, which come before its latency is known.
    EXPECT_GT(syncs.load(), 10U);
    gst_object_unref(bin);
    gst_object_unref(pipeline);
}

TEST(JitterBufferPipelines, StopsWithPacketsAndEventsInside) {
    for (int i = 0; i < 50; ++i) {
        RtpHarness h("jitterbuffer", "latency=1000");
        for (int k = 0; k < 5; ++k)
            ASSERT_EQ(h.push(2 * k), GST_FLOW_OK);
        ASSERT_TRUE(h.send(make_tag("left inside")));
    }
}

TEST(JitterBufferPipelines, AThousandInstancesWorkInOneProcess) {
    std::vector<GstHarness*> all;
    for (int i = 0; i < kInstances; ++i) {
        GstHarness* harness = gst_harness_new("jitterbuffer");
        gst_harness_use_systemclock(harness);
        // Adaptive ones would rightly drop what this busy machine makes stale.
        g_object_set(harness->element, "latency", 5U, "adaptive", FALSE, nullptr);
        gst_harness_set_src_caps_str(harness, "application/x-rtp,media=audio,payload=96,"
                                              "clock-rate=8000,encoding-name=TEST");
        all.push_back(harness);
    }
    for (std::uint16_t k = 0; k < 3; ++k) {
        for (GstHarness* harness : all) {
            RtpPacket packet;
            packet.seqnum = k;
            packet.timestamp = k * 160U;
            packet.arrival = k * 20 * GST_MSECOND;
            ASSERT_EQ(gst_harness_push(harness, make_rtp(packet)), GST_FLOW_OK);
        }
    }
    for (GstHarness* harness : all) {
        for (int k = 0; k < 3; ++k) {
            GstBuffer* buffer = gst_harness_pull(harness);
            ASSERT_NE(buffer, nullptr);
            gst_buffer_unref(buffer);
        }
        gst_harness_teardown(harness);
    }
}

TEST(JitterBufferPipelines, EachInstanceHasOneThread) {
    constexpr std::size_t kCount = 40;
    const std::size_t before = running_threads();
    std::vector<std::unique_ptr<RtpHarness>> all;
    for (std::size_t i = 0; i < kCount; ++i) {
        all.push_back(std::make_unique<RtpHarness>(
            "jitterbuffer", "latency=500 do-lost=true do-retransmission=true stats-interval=100"));
        for (const int k : {0, 2, 3}) // with a hole to wait for
            ASSERT_EQ(all.back()->push(k), GST_FLOW_OK);
        ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(all.back()->get(), 1, 10));
    }
    EXPECT_LE(running_threads(), before + kCount + 4); // GLib keeps a few for later
}

TEST(JitterBufferPipelines, FlushesAndStateChangesBesideAStreamEndWell) {
    GstHarness* harness = gst_harness_new("jitterbuffer");
    gst_harness_use_systemclock(harness);
    g_object_set(harness->element, "latency", 1U, "adaptive", FALSE, nullptr);
    gst_harness_set_src_caps_str(harness, "application/x-rtp,media=audio,payload=96,"
                                          "clock-rate=8000,encoding-name=TEST");
    gst_harness_set_drop_buffers(harness, TRUE);
    std::atomic<bool> stop{false};
    std::thread stream([&] {
        RtpPacket packet;
        packet.arrival = GST_CLOCK_TIME_NONE;
        while (!stop) {
            if (gst_harness_push(harness, make_rtp(packet)) != GST_FLOW_OK)
                std::this_thread::yield(); // else the flush might not get its turn
            ++packet.seqnum;
            packet.timestamp += 160;
        }
    });
    GstPad* pad = gst_element_get_static_pad(harness->element, "sink");
    for (int i = 0; i < 200; ++i) {
        gst_pad_send_event(pad, gst_event_new_flush_start());
        // Upstream sends no data between the end of a flush and the segment.
        GST_PAD_STREAM_LOCK(pad);
        gst_pad_send_event(pad, gst_event_new_flush_stop(FALSE));
        gst_pad_send_event(pad, make_segment());
        GST_PAD_STREAM_UNLOCK(pad);
        gst_element_set_state(harness->element, i % 2 != 0 ? GST_STATE_PLAYING : GST_STATE_PAUSED);
    }
    stop = true;
    stream.join();
    gst_object_unref(pad);
    gst_harness_teardown(harness);
}
