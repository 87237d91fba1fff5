// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The sender's NTP time, in reports at sink_rtcp and in packets: handle-sync and reference
// timestamps.
#include "element_fixture.h"
#include "rtp_harness.h"

#include <array>
#include <utility>
#include <vector>

using namespace tactus;

namespace {

using Bytes = std::vector<guint8>;

constexpr guint64 kNtpSeconds = 3900000000;

GstBuffer* make_report(std::uint32_t ssrc, std::uint32_t rtp_time,
                       guint64 ntp_seconds = kNtpSeconds) {
    std::array<guint8, 48> bytes{};
    bytes[0] = 0x80;
    bytes[1] = 200;
    bytes[3] = 6;
    GST_WRITE_UINT32_BE(bytes.data() + 4, ssrc);
    GST_WRITE_UINT32_BE(bytes.data() + 8, ntp_seconds);
    GST_WRITE_UINT32_BE(bytes.data() + 16, rtp_time);
    guint8* sdes = bytes.data() + 28;
    sdes[0] = 0x81;
    sdes[1] = 202;
    sdes[3] = 4;
    GST_WRITE_UINT32_BE(sdes + 4, ssrc);
    sdes[8] = 1;
    sdes[9] = 8;
    for (int i = 0; i < 8; ++i)
        sdes[10 + i] = static_cast<guint8>('a' + i);
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, bytes.size(), nullptr);
    gst_buffer_fill(buffer, 0, bytes.data(), bytes.size());
    return buffer;
}

constexpr const char* kNtp64 = "urn:ietf:params:rtp-hdrext:ntp-64";

// With the sender's time in a header extension; `scattered`: in several memories.
GstBuffer* make_ntp_packet(const RtpPacket& packet, std::uint16_t profile, const Bytes& item,
                           bool scattered = false) {
    GstBuffer* plain = make_rtp(packet);
    guint8 head[12];
    gst_buffer_extract(plain, 0, head, sizeof head);
    head[0] |= 0x10;
    Bytes bytes(head, head + sizeof head);
    const std::size_t words = (item.size() + 3) / 4;
    bytes.insert(bytes.end(), {static_cast<guint8>(profile >> 8), static_cast<guint8>(profile), 0,
                               static_cast<guint8>(words)});
    bytes.insert(bytes.end(), item.begin(), item.end());
    bytes.resize(16 + words * 4 + 20);
    GstBuffer* buffer = gst_buffer_new_memdup(bytes.data(), bytes.size());
    if (scattered)
        gst_buffer_append(buffer, gst_buffer_new_allocate(nullptr, 10, nullptr));
    GST_BUFFER_PTS(buffer) = GST_BUFFER_DTS(buffer) = packet.arrival;
    gst_buffer_unref(plain);
    return buffer;
}

// `header`, then kNtpSeconds plus 20 ms for each packet.
Bytes ntp_item(Bytes header, int index) {
    guint8 time[8];
    const guint64 since = static_cast<guint64>(index) * RtpHarness::kSpacing;
    GST_WRITE_UINT32_BE(time, kNtpSeconds + since / GST_SECOND);
    GST_WRITE_UINT32_BE(time + 4,
                        gst_util_uint64_scale(since % GST_SECOND, 1ULL << 32, GST_SECOND));
    header.insert(header.end(), time, time + sizeof time);
    return header;
}

class RtcpTest : public ::testing::Test {
  protected:
    void connect(RtpHarness& h) {
        g_signal_connect(h.element(), "handle-sync", G_CALLBACK(on_sync), this);
        pad_ = gst_element_request_pad_simple(h.element(), "sink_rtcp");
        ASSERT_NE(pad_, nullptr);
        ASSERT_TRUE(gst_pad_send_event(pad_, gst_event_new_stream_start("rtcp")));
        ASSERT_TRUE(gst_pad_send_event(pad_, make_segment()));
    }
    void release(RtpHarness& h) {
        gst_element_release_request_pad(h.element(), pad_);
        gst_clear_object(&pad_);
    }
    void TearDown() override {
        if (sync_ != nullptr)
            gst_structure_free(sync_);
    }
    guint64 field(const char* name) const {
        guint64 value = 0;
        EXPECT_TRUE(gst_structure_get_uint64(sync_, name, &value)) << name;
        return value;
    }

    static void on_sync(GstElement*, GstStructure* structure, RtcpTest* self) {
        ++self->syncs_;
        if (self->sync_ != nullptr)
            gst_structure_free(self->sync_);
        self->sync_ = gst_structure_copy(structure);
    }

    GstPad* pad_ = nullptr;
    GstStructure* sync_ = nullptr;
    int syncs_ = 0;
};

void pass(RtpHarness& h, int count) {
    for (int i = 0; i < count; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    for (int i = 0; i < count; ++i)
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
}

void set_extmap(RtpHarness& h, int id, bool with_direction = false) {
    GstCaps* caps = gst_caps_from_string("application/x-rtp,media=audio,payload=96,"
                                         "clock-rate=8000,encoding-name=TEST");
    gchar* field = g_strdup_printf("extmap-%d", id);
    GValue value = G_VALUE_INIT;
    if (with_direction) {
        g_value_init(&value, GST_TYPE_ARRAY);
        for (const char* text : {"recvonly", kNtp64, ""}) {
            GValue item = G_VALUE_INIT;
            g_value_init(&item, G_TYPE_STRING);
            g_value_set_string(&item, text);
            gst_value_array_append_and_take_value(&value, &item);
        }
    } else {
        g_value_init(&value, G_TYPE_STRING);
        g_value_set_string(&value, kNtp64);
    }
    gst_structure_take_value(gst_caps_get_structure(caps, 0), field, &value);
    g_free(field);
    gst_harness_set_src_caps(h.get(), caps);
}

guint64 reference_of(GstBuffer* buffer) {
    const GstReferenceTimestampMeta* meta =
        gst_buffer_get_reference_timestamp_meta(buffer, nullptr);
    const guint64 time = meta != nullptr ? meta->timestamp : GST_CLOCK_TIME_NONE;
    gst_buffer_unref(buffer);
    return time;
}

} // namespace

TEST_F(RtcpTest, SenderReportAndTimeLineAreSignalledTogether) {
    RtpHarness h("jitterbuffer", "");
    connect(h);
    pass(h, 50);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp + 40 * RtpHarness::kTicks)),
              GST_FLOW_OK);
    ASSERT_NE(sync_, nullptr);
    EXPECT_STREQ(gst_structure_get_name(sync_), "application/x-rtp-sync");
    EXPECT_EQ(field("base-rtptime"), h.first_timestamp);
    EXPECT_EQ(field("base-time"), 0U);
    EXPECT_EQ(field("sr-ext-rtptime"), h.first_timestamp + 40U * RtpHarness::kTicks);
    EXPECT_EQ(field("sr-ntpnstime"), kNtpSeconds * GST_SECOND);
    EXPECT_STREQ(gst_structure_get_string(sync_, "cname"), "abcdefgh");
    EXPECT_TRUE(gst_structure_has_field_typed(sync_, "sr-buffer", GST_TYPE_BUFFER));
    EXPECT_TRUE(gst_structure_has_field_typed(sync_, "clock-base", G_TYPE_UINT64));
    guint rate = 0;
    EXPECT_TRUE(gst_structure_get_uint(sync_, "clock-rate", &rate));
    EXPECT_EQ(rate, 8000U);
    release(h);
}

TEST_F(RtcpTest, ReportThatIsFarAheadIsToldAsInvalid) {
    RtpHarness h("jitterbuffer", "");
    connect(h);
    pass(h, 50);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp + 8000 * 60)), GST_FLOW_OK);
    ASSERT_NE(sync_, nullptr);
    EXPECT_EQ(field("sr-ext-rtptime"), G_MAXUINT64);
    release(h);
}

TEST_F(RtcpTest, ReportBeforeTheFirstPacketIsKept) {
    RtpHarness h("jitterbuffer", "");
    connect(h);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp)), GST_FLOW_OK);
    EXPECT_EQ(sync_, nullptr);
    pass(h, 50);
    h.push(50);
    EXPECT_EQ(h.pull(), h.first_seqnum + 50);
    EXPECT_NE(sync_, nullptr);
    release(h);
}

TEST_F(RtcpTest, RubbishIsAWarning) {
    RtpHarness h("jitterbuffer", "");
    connect(h);
    GstBuffer* rubbish = gst_buffer_new_allocate(nullptr, 7, nullptr);
    gst_buffer_memset(rubbish, 0, 0x5a, 7);
    EXPECT_EQ(gst_pad_chain(pad_, rubbish), GST_FLOW_OK);
    EXPECT_TRUE(h.has_message(GST_MESSAGE_WARNING));
    release(h);
}

TEST_F(RtcpTest, TimesInPacketsAreSignalledAndAttached) {
    struct Case {
        std::uint16_t profile;
        Bytes header;
        int id;
        bool scattered;
    };
    for (const Case& c : {Case{0xbede, {0x57}, 5, false}, Case{0xbede, {0x57}, 5, true},
                          Case{0x1000, {0, 200, 8}, 200, false}}) {
        RtpHarness h("jitterbuffer", "add-reference-timestamp-meta=true");
        connect(h);
        set_extmap(h, c.id, c.scattered);
        for (int i = 0; i < 20; ++i)
            gst_harness_push(h.get(), make_ntp_packet(h.packet(i), c.profile, ntp_item(c.header, i),
                                                      c.scattered));
        h.advance_to(GST_SECOND);
        for (int i = 0; i < 20; ++i) {
            const guint64 time = reference_of(h.pull_buffer());
            EXPECT_NEAR(static_cast<double>(static_cast<gint64>(time - kNtpSeconds * GST_SECOND)),
                        static_cast<double>(static_cast<guint64>(i) * RtpHarness::kSpacing), 1.0);
        }
        h.send(gst_event_new_eos());
        gst_event_unref(h.pull_event(GST_EVENT_EOS));
        ASSERT_NE(sync_, nullptr);
        EXPECT_EQ(syncs_, 20);
        EXPECT_EQ(field("base-rtptime"), h.first_timestamp);
        EXPECT_EQ(field("inband-ext-rtptime"), h.first_timestamp + 19U * RtpHarness::kTicks);
        EXPECT_NEAR(static_cast<double>(
                        static_cast<gint64>(field("inband-ntpnstime") - kNtpSeconds * GST_SECOND)),
                    static_cast<double>(19 * RtpHarness::kSpacing), 1.0);
        EXPECT_FALSE(gst_structure_has_field(sync_, "sr-ntpnstime"));
        gst_structure_free(std::exchange(sync_, nullptr));
        syncs_ = 0;
        release(h);
    }
}

TEST_F(RtcpTest, TimesInPacketsAreSignalledOncePerInterval) {
    RtpHarness h("jitterbuffer", "sync-interval=100");
    connect(h);
    set_extmap(h, 5);
    for (int i = 0; i < 20; ++i)
        gst_harness_push(h.get(), make_ntp_packet(h.packet(i), 0xbede, ntp_item({0x57}, i)));
    h.advance_to(GST_SECOND);
    h.send(gst_event_new_eos());
    gst_event_unref(h.pull_event(GST_EVENT_EOS));
    EXPECT_EQ(syncs_, 4); // 20 packets are 400 ms
    release(h);
}

TEST_F(RtcpTest, AReportThatWaitsIsSignalledAsItCameWhateverIsRefusedMeanwhile) {
    RtpHarness h("jitterbuffer", "sync-interval=100 min-sync-interval=1000");
    connect(h);
    pass(h, 50);
    const auto report = [&](unsigned ticks, guint64 ntp_seconds) {
        return gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp + ticks, ntp_seconds));
    };
    ASSERT_EQ(report(0, kNtpSeconds), GST_FLOW_OK);
    ASSERT_EQ(report(8, kNtpSeconds + 1), GST_FLOW_OK);
    ASSERT_EQ(report(16, kNtpSeconds + 1), GST_FLOW_OK); // too soon by its own time
    EXPECT_EQ(syncs_, 1);
    for (int i = 50; i < 101; ++i) {
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    EXPECT_EQ(syncs_, 2);
    EXPECT_EQ(field("sr-ext-rtptime"), h.first_timestamp + 8U);
    release(h);
}

TEST_F(RtcpTest, SignalsAreAsFarApartAsAskedHoweverOftenTimesCome) {
    RtpHarness h("jitterbuffer", "min-sync-interval=100");
    connect(h);
    set_extmap(h, 5);
    const auto push = [&](int i) {
        gst_harness_push(h.get(), make_ntp_packet(h.packet(i), 0xbede, ntp_item({0x57}, i)));
    };
    push(0);
    h.advance_to(10 * RtpHarness::kSpacing); // the first one waits
    ASSERT_EQ(h.pull(), h.first_seqnum);
    for (int i = 1; i <= 60; ++i) {
        h.advance_to(static_cast<GstClockTime>(i) * RtpHarness::kSpacing);
        push(i);
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    h.send(gst_event_new_eos());
    gst_event_unref(h.pull_event(GST_EVENT_EOS));
    EXPECT_GE(syncs_, 10); // 1 s
    EXPECT_LE(syncs_, 12);
    // The newest time is told, not the one that was refused first.
    EXPECT_GE(field("inband-ext-rtptime"), h.first_timestamp + 54U * RtpHarness::kTicks);
    release(h);
}

TEST_F(RtcpTest, ReportThatComesTooSoonIsToldWithTheNextPacketInTime) {
    RtpHarness h("jitterbuffer", "min-sync-interval=1000");
    connect(h);
    pass(h, 50);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp)), GST_FLOW_OK);
    EXPECT_EQ(syncs_, 1);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp + 8)), GST_FLOW_OK);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp + 16)), GST_FLOW_OK);
    EXPECT_EQ(syncs_, 1);
    for (int i = 50; i < 101; ++i) {
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
    }
    h.send(gst_event_new_eos());
    gst_event_unref(h.pull_event(GST_EVENT_EOS));
    EXPECT_EQ(syncs_, 2);
    EXPECT_EQ(field("sr-ext-rtptime"), h.first_timestamp + 16U);
    release(h);
}

TEST_F(RtcpTest, RubbishInsteadOfATimeIsIgnored) {
    RtpHarness h("jitterbuffer", "add-reference-timestamp-meta=true");
    connect(h);
    set_extmap(h, 5);
    const Bytes rubbish[] = {{},
                             {0x57},
                             {0x57, 1, 2, 3},
                             {0x56, 1, 2, 3, 4, 5, 6, 7},
                             {0xf0, 0x57, 1, 2, 3, 4, 5, 6, 7, 8},
                             Bytes(12, 0xff)};
    int i = 0;
    for (const Bytes& item : rubbish) {
        Bytes whole = item;
        whole.resize((item.size() + 3) / 4 * 4);
        gst_harness_push(h.get(), make_ntp_packet(h.packet(i++), 0xbede, whole));
    }
    h.advance_to(GST_SECOND);
    for (int n = 0; n < i; ++n)
        EXPECT_EQ(reference_of(h.pull_buffer()), GST_CLOCK_TIME_NONE) << n;
    EXPECT_EQ(sync_, nullptr);
    release(h);
}

TEST_F(RtcpTest, ReferenceTimestampIsTheSendersClock) {
    RtpHarness h("jitterbuffer", "add-reference-timestamp-meta=true");
    connect(h);
    pass(h, 50);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp)), GST_FLOW_OK);
    ASSERT_EQ(h.push(50), GST_FLOW_OK);
    GstBuffer* buffer = h.pull_buffer();
    ASSERT_NE(buffer, nullptr);
    GstReferenceTimestampMeta* meta = gst_buffer_get_reference_timestamp_meta(buffer, nullptr);
    ASSERT_NE(meta, nullptr);
    EXPECT_EQ(meta->timestamp, kNtpSeconds * GST_SECOND + 50 * RtpHarness::kSpacing);
    gst_buffer_unref(buffer);
    release(h);
    gst_event_unref(make_segment()); // the fixture checks for leaks
}
