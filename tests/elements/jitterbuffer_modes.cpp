// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// jitterbuffer's modes, its messages, video, and senders that change.
#include "element_fixture.h"
#include "rtp_harness.h"

#include <algorithm>
#include <random>

using namespace tactus;

namespace {

// The next BUFFERING message's percentage.
int next_percent(RtpHarness& h) {
    GstMessage* message = h.pop(GST_MESSAGE_BUFFERING);
    if (message == nullptr)
        return -1;
    gint percent = -1;
    gst_message_parse_buffering(message, &percent);
    GstBufferingMode mode = GST_BUFFERING_STREAM;
    gst_message_parse_buffering_stats(message, &mode, nullptr, nullptr, nullptr);
    EXPECT_EQ(mode, GST_BUFFERING_LIVE);
    gst_message_unref(message);
    return percent;
}

int percent_of(RtpHarness& h) {
    gint percent = -1;
    g_object_get(h.element(), "percent", &percent, nullptr);
    return percent;
}

guint field(const GstStructure* s, const char* name) {
    guint value = 0;
    EXPECT_TRUE(gst_structure_get_uint(s, name, &value)) << name;
    return value;
}

std::string warning(RtpHarness& h) {
    GstMessage* message = h.pop(GST_MESSAGE_WARNING);
    if (message == nullptr)
        return "no warning";
    g_autoptr(GError) error = nullptr;
    gst_message_parse_warning(message, &error, nullptr);
    gst_message_unref(message);
    return error->message;
}

// 30 frames per second; every 30th is a key frame of 40 packets, which the link lets through two
// in a millisecond; the others have two packets.
class VideoStream {
  public:
    static constexpr GstClockTime kFrame = 33'333'333;

    explicit VideoStream(RtpHarness& h) : h_(h) {
        gst_harness_set_src_caps_str(
            h.get(),
            "application/x-rtp,media=video,payload=96,clock-rate=90000,encoding-name=TEST");
    }
    // Returns how many packets the frame has.
    int send(int frame) {
        const int packets = frame % 30 == 0 ? 40 : 2;
        for (int i = 0; i < packets; ++i) {
            RtpPacket packet;
            packet.seqnum = next_++;
            packet.timestamp = static_cast<std::uint32_t>(frame) * 3000;
            packet.arrival =
                static_cast<GstClockTime>(frame) * kFrame + static_cast<GstClockTime>(i) * 500'000;
            packet.marker = i + 1 == packets;
            EXPECT_EQ(h_.push(packet), GST_FLOW_OK);
        }
        return packets;
    }

  private:
    RtpHarness& h_;
    std::uint16_t next_ = 0;
};

// A minute of a sender whose clock is 1000 ppm slow.
void push_slow_sender(RtpHarness& h) {
    for (int i = 0; i < 3000; ++i)
        ASSERT_EQ(h.push(i, static_cast<GstClockTime>(i) * RtpHarness::kSpacing / 1000),
                  GST_FLOW_OK);
}

class WithoutSkew : public ::testing::TestWithParam<const char*> {};

} // namespace

TEST(JitterBufferModes, BufferModeTellsEachStepFromEmptyToFull) {
    RtpHarness h("jitterbuffer", "latency=200 mode=buffer");
    EXPECT_EQ(percent_of(h), 0);
    for (int i = 0; i < 9; ++i) {
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
        EXPECT_EQ(percent_of(h), i * 20 * 100 / 180); // 90 % of the latency are full
        if (i > 0) {
            EXPECT_EQ(next_percent(h), i * 20 * 100 / 180);
        }
    }
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    ASSERT_EQ(h.push(9), GST_FLOW_OK);
    EXPECT_EQ(next_percent(h), 100);
    EXPECT_EQ(h.pull(), h.first_seqnum);
}

TEST(JitterBufferModes, BufferModeFillsAgainWhenItHasRunLow) {
    RtpHarness h("jitterbuffer", "latency=200 mode=buffer");
    for (int i = 0; i < 10; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    // What lies there goes out at its pace, until less than 15 % of the latency are left.
    for (int i = 0; i < 8; ++i) {
        EXPECT_EQ(h.pull(), h.first_seqnum + i);
        h.advance_to(static_cast<GstClockTime>(10 + i) * RtpHarness::kSpacing);
    }
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    EXPECT_EQ(percent_of(h), 11);
    while (next_percent(h) != 100) {
    }
    EXPECT_EQ(next_percent(h), 11);
    for (int i = 10; i < 17; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    ASSERT_EQ(h.push(17), GST_FLOW_OK);
    EXPECT_EQ(h.pull(), h.first_seqnum + 8);
}

TEST_P(WithoutSkew, TimestampsAloneCount) {
    RtpHarness h("jitterbuffer",
                 (std::string("latency=200 adaptive=false mode=") + GetParam()).c_str());
    push_slow_sender(h);
    for (int i = 0; i < 3000; ++i) {
        GstClockTime pts = 0;
        ASSERT_EQ(h.pull(pts), h.first_seqnum + i);
        ASSERT_EQ(pts, static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
    }
}

INSTANTIATE_TEST_SUITE_P(Modes, WithoutSkew, ::testing::Values("none", "synced"),
                         [](const auto& param_info) { return std::string(param_info.param); });

TEST(JitterBufferModes, SlaveFollowsTheSkew) {
    RtpHarness h("jitterbuffer", "latency=200 adaptive=false");
    push_slow_sender(h);
    GstClockTime pts = 0;
    for (int i = 0; i < 3000; ++i)
        ASSERT_EQ(h.pull(pts), h.first_seqnum + i);
    EXPECT_GT(pts, 2999 * RtpHarness::kSpacing + 50 * GST_MSECOND);
}

TEST(JitterBufferVideo, FrameHasOneTimeAndAKeyFrameIsNoSpike) {
    RtpHarness h("jitterbuffer", "latency=500");
    VideoStream video(h);
    int packets = 0;
    for (int frame = 0; frame < 600; ++frame)
        packets += video.send(frame);
    GstClockTime before = GST_CLOCK_TIME_NONE;
    std::uint32_t pushed = 0;
    while (packets-- > 0) {
        GstClockTime pts = 0;
        ASSERT_EQ(h.pull(pts), static_cast<int>(pushed++ & 0xffff));
        // A frame stays together; the next one has its own time.
        ASSERT_TRUE(before == GST_CLOCK_TIME_NONE || pts == before ||
                    pts > before + VideoStream::kFrame - 2 * GST_MSECOND);
        before = pts;
    }
    // 20 ms for the key frame itself, and nothing for a jitter that there is not.
    EXPECT_LE(h.latency(), 25 * GST_MSECOND);
    const guint64 underruns = h.stat("underruns");
    for (int frame = 600; frame < 900; ++frame)
        video.send(frame);
    EXPECT_LE(h.latency(), 25 * GST_MSECOND);
    EXPECT_EQ(h.stat("underruns"), underruns);
}

TEST(JitterBufferMessages, DropsAreToldTogetherAtTheirInterval) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false post-drop-messages=true "
                                 "drop-messages-interval=1000");
    pass(h, 0, 150);
    for (int i = 150; i < 170; i += 2)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    h.advance_to(4 * GST_SECOND);
    for (int i = 150; i < 170; i += 2)
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    for (int i = 151; i < 161; i += 2)
        ASSERT_EQ(h.push(at(h, i, 4 * GST_SECOND)), GST_FLOW_OK);
    GstMessage* message = h.pop(GST_MESSAGE_ELEMENT, "drop-msg");
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(field(gst_message_get_structure(message), "num-too-late"), 1U);
    gst_message_unref(message);
    EXPECT_FALSE(h.has_message(GST_MESSAGE_ELEMENT));
    ASSERT_EQ(h.push(at(h, 161, 5 * GST_SECOND)), GST_FLOW_OK);
    message = h.pop(GST_MESSAGE_ELEMENT, "drop-msg");
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(field(gst_message_get_structure(message), "num-too-late"), 5U);
    EXPECT_EQ(field(gst_message_get_structure(message), "seqnum"), h.first_seqnum + 161U);
    gst_message_unref(message);
    EXPECT_EQ(h.stat("num-late"), 6U);
}

TEST(JitterBufferSenders, AnotherClockRateInTheMiddleKeepsTheTime) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false");
    const auto handler = +[](GstElement*, guint pt, gpointer) {
        return gst_caps_new_simple("application/x-rtp", "payload", G_TYPE_INT,
                                   static_cast<gint>(pt), "clock-rate", G_TYPE_INT,
                                   pt == 97 ? 16000 : 8000, nullptr);
    };
    g_signal_connect(h.element(), "request-pt-map", G_CALLBACK(handler), nullptr);
    pass(h, 0, 50);
    for (int i = 50; i < 100; ++i) {
        RtpPacket packet = h.packet(i);
        packet.payload_type = 97;
        packet.timestamp = static_cast<std::uint32_t>(i) * 320;
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    }
    for (int i = 100; i < 150; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    for (int i = 50; i < 150; ++i) {
        GstClockTime pts = 0;
        ASSERT_EQ(h.pull(pts), h.first_seqnum + i);
        ASSERT_EQ(pts, static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
    }
}

TEST(JitterBufferSenders, ClearedMapIsAskedForAgain) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false");
    unsigned asked = 0;
    const auto handler = +[](GstElement*, guint pt, unsigned* count) {
        ++*count;
        return gst_caps_new_simple("application/x-rtp", "payload", G_TYPE_INT,
                                   static_cast<gint>(pt), "clock-rate", G_TYPE_INT, 8000, nullptr);
    };
    g_signal_connect(h.element(), "request-pt-map", G_CALLBACK(handler), &asked);
    for (int i = 0; i < 30; ++i) {
        RtpPacket packet = h.packet(i);
        packet.payload_type = i % 2 == 0 ? 97 : 98;
        if (i == 20)
            g_signal_emit_by_name(h.element(), "clear-pt-map");
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
        EXPECT_EQ(asked, static_cast<unsigned>(std::min(i + 1, 2) + std::clamp(i - 19, 0, 2)));
    }
    for (int i = 0; i < 30; ++i)
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
}

TEST(JitterBufferSenders, AnotherSourceGoesOnAtOnceWithADiscont) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false do-lost=true");
    pass(h, 0, 50);
    for (int i = 50; i < 60; ++i) {
        RtpPacket packet = h.packet(i);
        packet.ssrc = 0x9999;
        packet.seqnum = static_cast<std::uint16_t>(40000 + i);
        packet.timestamp += 123456789;
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
        GstClockTime pts = 0;
        bool discont = false;
        ASSERT_EQ(h.pull(pts, &discont), 40000 + i);
        EXPECT_EQ(pts, static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
        EXPECT_EQ(discont, i == 50);
    }
    EXPECT_EQ(h.stat("num-lost"), 0U);
}

TEST(JitterBufferSenders, RestartOfTheNumbersTakesFivePacketsAndLosesNone) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false");
    pass(h, 0, 50);
    for (int i = 50; i < 70; ++i) {
        RtpPacket packet = h.packet(i);
        packet.seqnum = static_cast<std::uint16_t>(30000 + i);
        packet.timestamp -= 1000000000;
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    }
    for (int i = 50; i < 70; ++i)
        ASSERT_EQ(h.pull(), 30000 + i);
    EXPECT_EQ(h.stat("restarts"), 1U);
    EXPECT_EQ(h.stat("num-lost"), 0U);
}

TEST(JitterBufferSenders, AnythingAsCapsFromTheApplicationIsBorne) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false");
    const auto handler = +[](GstElement*, guint pt, gpointer) {
        return pt % 2 == 0 ? gst_caps_new_empty() : gst_caps_new_any();
    };
    g_signal_connect(h.element(), "request-pt-map", G_CALLBACK(handler), nullptr);
    pass(h, 0, 10);
    for (const std::uint8_t pt : {std::uint8_t{100}, std::uint8_t{101}}) {
        RtpPacket packet = h.packet(10);
        packet.payload_type = pt;
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    }
    EXPECT_EQ(h.stat("num-refused"), 2U);
    pass(h, 10, 15);
}

TEST(JitterBufferSenders, PayloadTypeWithoutAClockRateIsOneWarningInEachRun) {
    RtpHarness h("jitterbuffer", "latency=100");
    for (const auto& [caps, why] :
         {std::pair{"application/x-rtp,payload=96,clock-rate=0", "clock-rate is 0"},
          {"application/x-rtp,payload=96,clock-rate=-8000", "clock-rate is -8000"},
          {"application/x-rtp,payload=96", "the caps have no clock-rate"},
          {"application/x-rtp,payload=97,clock-rate=8000", "are for payload type 97"},
          {"application/x-rtp,clock-rate=(string)fast", "clock-rate is fast"}}) {
        gst_harness_set_src_caps_str(h.get(), caps);
        for (int i = 0; i < 3; ++i)
            ASSERT_EQ(h.push(i), GST_FLOW_OK);
        const std::string text = warning(h);
        EXPECT_NE(text.find(why), std::string::npos) << text;
        EXPECT_NE(text.find("payload type 96 are dropped"), std::string::npos) << text;
        EXPECT_NE(text.find("must be a clock-rate above 0"), std::string::npos) << text;
        EXPECT_FALSE(h.has_message(GST_MESSAGE_WARNING));
        EXPECT_EQ(h.stat("num-refused"), 3U);
        gst_element_set_state(h.element(), GST_STATE_READY);
        gst_element_set_state(h.element(), GST_STATE_PLAYING);
    }
}

TEST(JitterBufferSenders, AnswerWithoutAClockRateIsAWarningForEachPayloadType) {
    RtpHarness h("jitterbuffer", "latency=100");
    const auto handler = +[](GstElement*, guint pt, gpointer) {
        return gst_caps_new_simple("application/x-rtp", "payload", G_TYPE_INT,
                                   static_cast<gint>(pt), "clock-rate", G_TYPE_INT, -1, nullptr);
    };
    g_signal_connect(h.element(), "request-pt-map", G_CALLBACK(handler), nullptr);
    for (int i = 0; i < 6; ++i) {
        RtpPacket packet = h.packet(i);
        packet.payload_type = i % 2 == 0 ? 100 : 101;
        ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    }
    for (const char* type : {"type 100 ", "type 101 "}) {
        const std::string text = warning(h);
        EXPECT_NE(text.find(type), std::string::npos) << text;
        EXPECT_NE(text.find("clock-rate is -1"), std::string::npos) << text;
    }
    EXPECT_FALSE(h.has_message(GST_MESSAGE_WARNING));
    EXPECT_EQ(h.stat("num-refused"), 6U);
}

TEST(JitterBufferSenders, RubbishOfAnyKindLeavesItWorking) {
    RtpHarness h("jitterbuffer", "latency=100 do-lost=true do-retransmission=true max-packets=100");
    pass(h, 0, 10);
    std::mt19937 random(1);
    const auto below = [&](unsigned end) { return static_cast<unsigned>(random() % end); };
    for (int i = 0; i < 20'000; ++i) {
        GstBuffer* buffer = gst_buffer_new();
        const unsigned memories = below(3);
        for (unsigned m = 0; m < memories; ++m) {
            const unsigned size = below(40);
            GstMemory* memory = gst_allocator_alloc(nullptr, size, nullptr);
            GstMapInfo map;
            ASSERT_TRUE(gst_memory_map(memory, &map, GST_MAP_WRITE));
            for (unsigned k = 0; k < size; ++k)
                map.data[k] = static_cast<guint8>(random());
            if (m == 0 && size > 1 && below(4) != 0) { // so that some are packets
                map.data[0] = static_cast<guint8>(0x80 | below(64));
                map.data[1] = 96;
            }
            gst_memory_unmap(memory, &map);
            gst_buffer_append_memory(buffer, memory);
        }
        if (below(2) != 0)
            GST_BUFFER_PTS(buffer) = static_cast<GstClockTime>(random()) * below(4);
        ASSERT_EQ(gst_harness_push(h.get(), buffer), GST_FLOW_OK);
    }
    EXPECT_GT(h.stat("num-invalid"), 0U);
    // One source that goes on is found again, whatever came before it.
    h.advance_to(10 * GST_SECOND);
    for (int i = 500; i < 600; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    int seqnum = 0;
    int in_a_row = 0;
    while ((seqnum = h.pull()) != -1 && seqnum != h.first_seqnum + 599)
        ++in_a_row;
    EXPECT_EQ(seqnum, h.first_seqnum + 599);
    EXPECT_GT(in_a_row, 90);
}
