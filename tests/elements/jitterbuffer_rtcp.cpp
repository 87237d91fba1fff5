// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sender reports at sink_rtcp, handle-sync and reference timestamps.
#include "element_fixture.h"
#include "rtp_harness.h"

#include <array>

using namespace tactus;

namespace {

constexpr guint64 kNtpSeconds = 3900000000;

GstBuffer* make_report(std::uint32_t ssrc, std::uint32_t rtp_time) {
    std::array<guint8, 48> bytes{};
    bytes[0] = 0x80;
    bytes[1] = 200;
    bytes[3] = 6;
    GST_WRITE_UINT32_BE(bytes.data() + 4, ssrc);
    GST_WRITE_UINT32_BE(bytes.data() + 8, kNtpSeconds);
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
        if (self->sync_ != nullptr)
            gst_structure_free(self->sync_);
        self->sync_ = gst_structure_copy(structure);
    }

    GstPad* pad_ = nullptr;
    GstStructure* sync_ = nullptr;
};

void pass(RtpHarness& h, int count) {
    for (int i = 0; i < count; ++i)
        ASSERT_EQ(h.push(i), GST_FLOW_OK);
    for (int i = 0; i < count; ++i)
        ASSERT_EQ(h.pull(), h.first_seqnum + i);
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

TEST_F(RtcpTest, ReferenceTimestampIsTheSendersClock) {
    RtpHarness h("jitterbuffer", "add-reference-timestamp-meta=true");
    connect(h);
    pass(h, 50);
    ASSERT_EQ(gst_pad_chain(pad_, make_report(0x1234, h.first_timestamp)), GST_FLOW_OK);
    ASSERT_EQ(h.push(50), GST_FLOW_OK);
    GstBuffer* buffer = gst_harness_pull(h.get());
    ASSERT_NE(buffer, nullptr);
    GstReferenceTimestampMeta* meta = gst_buffer_get_reference_timestamp_meta(buffer, nullptr);
    ASSERT_NE(meta, nullptr);
    EXPECT_EQ(meta->timestamp, kNtpSeconds * GST_SECOND + 50 * RtpHarness::kSpacing);
    gst_buffer_unref(buffer);
    release(h);
    gst_event_unref(make_segment()); // the fixture checks for leaks
}
