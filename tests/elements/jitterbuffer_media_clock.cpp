// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Media clocks of RFC 7273: the caps name a clock that the sender follows, too.
#include "element_fixture.h"
#include "rtp_harness.h"

#include <string>

using namespace tactus;

namespace {

constexpr GstClockTime kAhead = 1'000'000 * GST_SECOND; ///< reference clock minus ours
constexpr std::uint32_t kOffset = 777;
constexpr GstClockTime kTransit = 30 * GST_MSECOND;

/// A jitter buffer whose reference clock is the test's.
class MediaClockTest : public ::testing::Test {
  protected:
    void start(const char* properties, const char* mediaclk = "direct=777",
               const char* refclk = "ntp=time.example:1234") {
        harness_ = std::make_unique<RtpHarness>("jitterbuffer", properties);
        reference_ = GST_CLOCK(g_object_new(GST_TYPE_TEST_CLOCK, "start-time", kAhead, nullptr));
        gst_object_ref_sink(reference_);
        g_object_set_data_full(G_OBJECT(h().element()), "tactus-reference-clock",
                               gst_object_ref(reference_), gst_object_unref);
        set_caps(mediaclk, refclk);
    }
    void set_caps(const char* mediaclk, const char* refclk) {
        GstCaps* caps = gst_caps_new_simple(
            "application/x-rtp", "media", G_TYPE_STRING, "audio", "payload", G_TYPE_INT, 96,
            "clock-rate", G_TYPE_INT, 8000, "encoding-name", G_TYPE_STRING, "TEST", "a-mediaclk",
            G_TYPE_STRING, mediaclk, "a-ts-refclk", G_TYPE_STRING, refclk, nullptr);
        gst_harness_set_src_caps(h().get(), caps);
    }
    void TearDown() override {
        harness_.reset();
        gst_clear_object(&reference_);
    }
    RtpHarness& h() { return *harness_; }

    // Sampled at i * 20 ms of our time, and so much later here; stamped by the reference clock.
    void push(int i, GstClockTime transit = kTransit) {
        RtpPacket packet = h().packet(i, transit);
        const GstClockTime sampled = kAhead + static_cast<GstClockTime>(i) * RtpHarness::kSpacing;
        packet.timestamp = static_cast<std::uint32_t>(sampled / GST_MSECOND * 8 + kOffset);
        h().advance_to(packet.arrival);
        GstClock* ours = gst_element_get_clock(h().element());
        gst_test_clock_set_time(GST_TEST_CLOCK(reference_), kAhead + gst_clock_get_time(ours));
        gst_object_unref(ours);
        ASSERT_EQ(h().push(packet), GST_FLOW_OK);
    }
    GstClockTime pull(int i) {
        GstClockTime pts = GST_CLOCK_TIME_NONE;
        EXPECT_EQ(h().pull(pts), h().first_seqnum + i);
        return pts;
    }
    std::string warning() {
        GstMessage* message = h().pop(GST_MESSAGE_WARNING);
        if (message == nullptr)
            return {};
        gchar* debug = nullptr;
        gst_message_parse_warning(message, nullptr, &debug);
        std::string text = debug;
        g_free(debug);
        gst_message_unref(message);
        return text;
    }
    // The first packet waits for those that may have been sent before it.
    void push_and_let_out(int count) {
        for (int i = 0; i < count; ++i)
            push(i);
        h().advance_to(static_cast<GstClockTime>(count) * RtpHarness::kSpacing + GST_SECOND);
    }
    static GstClockTime sampled(int i) {
        return static_cast<GstClockTime>(i) * RtpHarness::kSpacing;
    }

    std::unique_ptr<RtpHarness> harness_;
    GstClock* reference_ = nullptr;
};

} // namespace

TEST_F(MediaClockTest, TimestampsAreWhenTheSenderSampled) {
    start("rfc7273-sync=true");
    push_and_let_out(20);
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(pull(i), sampled(i)) << i;
}

TEST_F(MediaClockTest, DelaysOfTheNetworkDoNotMoveThem) {
    start("rfc7273-sync=true adaptive=false latency=200");
    for (int i = 0; i < 200; ++i)
        push(i, kTransit + static_cast<GstClockTime>(i / 50) * 10 * GST_MSECOND);
    h().advance_to(10 * GST_SECOND);
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(pull(i), sampled(i)) << i;
}

TEST_F(MediaClockTest, APipelineOnTheReferenceClockNeedsNoPair) {
    start("rfc7273-sync=true", "direct=0");
    GstClock* clock = gst_element_get_clock(h().element());
    g_object_set_data_full(G_OBJECT(h().element()), "tactus-reference-clock", clock,
                           gst_object_unref);
    set_caps("direct=8000", "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:3");
    h().first_timestamp = 8000;
    for (int i = 0; i < 10; ++i)
        ASSERT_EQ(h().push(i, kTransit), GST_FLOW_OK);
    h().advance_to(2 * GST_SECOND);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(pull(i), sampled(i)) << i;
}

TEST_F(MediaClockTest, UntilTheClockIsInSyncTheArrivalCounts) {
    start("rfc7273-sync=true adaptive=false");
    GST_OBJECT_FLAG_SET(reference_, GST_CLOCK_FLAG_NEEDS_STARTUP_SYNC);
    push_and_let_out(10);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(pull(i), sampled(i) + kTransit) << i;
    gst_clock_set_synced(reference_, TRUE);
    for (int i = 10; i < 20; ++i)
        push(i);
    for (int i = 10; i < 20; ++i)
        EXPECT_EQ(pull(i), sampled(i)) << i;
}

TEST_F(MediaClockTest, WithoutThePropertyTheArrivalCounts) {
    start("adaptive=false");
    push_and_let_out(5);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(pull(i), sampled(i) + kTransit) << i;
    g_object_set(h().element(), "rfc7273-sync", TRUE, nullptr);
    for (int i = 5; i < 10; ++i)
        push(i);
    for (int i = 5; i < 10; ++i)
        EXPECT_EQ(pull(i), sampled(i)) << i;
}

TEST_F(MediaClockTest, WrongWordsAreToldAndIgnored) {
    start("rfc7273-sync=true", "direct=soon", "ntp=time.example:seven");
    push_and_let_out(5);
    const std::string first = warning();
    EXPECT_NE(first.find("ntp=time.example:seven"), std::string::npos) << first;
    EXPECT_NE(first.find("ntp=203.0.113.10:123"), std::string::npos) << first;
    const std::string second = warning();
    EXPECT_NE(second.find("direct=soon"), std::string::npos) << second;
    EXPECT_NE(second.find("direct=963214424"), std::string::npos) << second;
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(pull(i), sampled(i) + kTransit) << i;
}

TEST_F(MediaClockTest, ALocalClockIsNotFollowedWithoutAComplaint) {
    start("rfc7273-sync=true", "direct=777", "local");
    push_and_let_out(5);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(pull(i), sampled(i) + kTransit) << i;
    EXPECT_FALSE(h().has_message(GST_MESSAGE_WARNING));
}

TEST_F(MediaClockTest, AnotherClockThanTheSendersIsToldOnce) {
    start("rfc7273-sync=true adaptive=false", "direct=8000777"); // 1000 s
    push_and_let_out(30);
    for (int i = 0; i < 30; ++i)
        EXPECT_EQ(pull(i), sampled(i) + kTransit) << i;
    const std::string text = warning();
    EXPECT_NE(text.find("ntp=time.example:1234"), std::string::npos) << text;
    EXPECT_FALSE(h().has_message(GST_MESSAGE_WARNING));
}

TEST_F(MediaClockTest, BuffersCarryTheReferenceTime) {
    start("rfc7273-sync=true add-reference-timestamp-meta=true");
    push_and_let_out(3);
    for (int i = 0; i < 3; ++i) {
        GstBuffer* buffer = h().pull_buffer();
        ASSERT_NE(buffer, nullptr);
        GstReferenceTimestampMeta* meta = gst_buffer_get_reference_timestamp_meta(buffer, nullptr);
        ASSERT_NE(meta, nullptr);
        EXPECT_EQ(meta->timestamp, kAhead + sampled(i));
        gchar* name = gst_caps_to_string(meta->reference);
        EXPECT_STREQ(name, "timestamp/x-ntp, host=(string)time.example, port=(int)1234");
        g_free(name);
        gst_buffer_unref(buffer);
    }
}

namespace {

gboolean is_active(GstElement* element) {
    GstStructure* stats = nullptr;
    g_object_get(element, "stats", &stats, nullptr);
    gboolean active = FALSE;
    EXPECT_TRUE(gst_structure_get_boolean(stats, "rfc7273-active", &active));
    gst_structure_free(stats);
    return active;
}

} // namespace

TEST_F(MediaClockTest, StatisticsTellWhetherTheClockIsFollowed) {
    start("rfc7273-sync=true");
    EXPECT_FALSE(is_active(h().element()));
    push_and_let_out(3);
    EXPECT_TRUE(is_active(h().element()));
    g_object_set(h().element(), "rfc7273-sync", FALSE, nullptr);
    push(3);
    EXPECT_FALSE(is_active(h().element()));
}

TEST_F(MediaClockTest, ForTheMetaOnlyTimestampsFollowTheArrival) {
    for (const char* mode : {"slave", "synced"}) {
        SCOPED_TRACE(mode);
        start((std::string("rfc7273-sync=true add-reference-timestamp-meta=true adaptive=false "
                           "rfc7273-reference-timestamp-meta-only=true mode=") +
               mode)
                  .c_str());
        push_and_let_out(5);
        for (int i = 0; i < 5; ++i) {
            GstBuffer* buffer = h().pull_buffer();
            ASSERT_NE(buffer, nullptr);
            EXPECT_EQ(GST_BUFFER_PTS(buffer), sampled(i) + kTransit);
            GstReferenceTimestampMeta* meta =
                gst_buffer_get_reference_timestamp_meta(buffer, nullptr);
            ASSERT_NE(meta, nullptr);
            EXPECT_EQ(meta->timestamp, kAhead + sampled(i));
            gst_buffer_unref(buffer);
        }
        EXPECT_TRUE(is_active(h().element()));
        TearDown();
    }
}

TEST_F(MediaClockTest, WhatTheClockIsForMayChangeWhilePlaying) {
    start("rfc7273-sync=true adaptive=false");
    push_and_let_out(5);
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(pull(i), sampled(i)) << i;
    g_object_set(h().element(), "rfc7273-reference-timestamp-meta-only", TRUE, nullptr);
    for (int i = 5; i < 400; ++i) {
        push(i);
        const GstClockTime pts = pull(i);
        if (i == 399) {
            EXPECT_GT(pts, sampled(i) + kTransit / 2); // it comes near little by little
        }
    }
    g_object_set(h().element(), "rfc7273-reference-timestamp-meta-only", FALSE, nullptr);
    push(400);
    EXPECT_EQ(pull(400), sampled(400));
}

// The system's time counts from 1970, as PTP's does; NTP's from 1900.
TEST_F(MediaClockTest, TheSystemsClockIsTakenForTheOneThatIsNamed) {
    constexpr std::uint64_t kSince1900 = 2'208'988'800;
    start("rfc7273-sync=true rfc7273-use-system-clock=true add-reference-timestamp-meta=true",
          ("direct=" + std::to_string(std::uint32_t(kOffset - kSince1900 * 8000))).c_str());
    push_and_let_out(5);
    for (int i = 0; i < 5; ++i) {
        GstBuffer* buffer = h().pull_buffer();
        ASSERT_NE(buffer, nullptr);
        EXPECT_EQ(GST_BUFFER_PTS(buffer), sampled(i));
        GstReferenceTimestampMeta* meta = gst_buffer_get_reference_timestamp_meta(buffer, nullptr);
        ASSERT_NE(meta, nullptr);
        EXPECT_EQ(meta->timestamp, kSince1900 * GST_SECOND + kAhead + sampled(i));
        gst_buffer_unref(buffer);
    }
    set_caps("direct=777", "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:3");
    push(5);
    EXPECT_EQ(pull(5), sampled(5));
}

// No clock of the test's: what is stamped by the system's clock now belongs near its arrival.
TEST(MediaClockOfTheSystem, NeedsNoServer) {
    RtpHarness h("jitterbuffer", "rfc7273-sync=true rfc7273-use-system-clock=true");
    GstCaps* caps = gst_caps_from_string(
        "application/x-rtp,media=audio,payload=96,clock-rate=8000,encoding-name=TEST,"
        "a-mediaclk=(string)\"direct=0\",a-ts-refclk=(string)\"ntp=nobody.invalid\"");
    gst_harness_set_src_caps(h.get(), caps);
    RtpPacket packet = h.packet(0);
    const std::uint64_t since_1970_us = static_cast<std::uint64_t>(g_get_real_time());
    packet.timestamp =
        static_cast<std::uint32_t>(since_1970_us * 8 / 1000 + std::uint64_t{2'208'988'800} * 8000);
    ASSERT_EQ(h.push(packet), GST_FLOW_OK);
    EXPECT_TRUE(is_active(h.element()));
    EXPECT_FALSE(h.has_message(GST_MESSAGE_WARNING));
}
