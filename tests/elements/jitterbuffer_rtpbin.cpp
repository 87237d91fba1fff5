// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Two rtpbins in one pipeline: lip sync and retransmission with real voice.
#include "call_fixture.h"
#include "traced_pipeline.h"

#include <cstdlib>
#include <optional>

using namespace tactus;
using calls::Loss;
using calls::Stage;
using calls::SuppliedJitterBuffers;

namespace {

constexpr unsigned kLost = 12;
constexpr GstClockTimeDiff kVideoIsLate = 150 * GST_MSECOND;

/// Links from the bin "sender" to the bin "receiver" for one session.
std::string session_links(int session) {
    const std::string n = std::to_string(session);
    return " sender.send_rtp_src_" + n + " ! receiver.recv_rtp_sink_" + n +
           " sender.send_rtcp_src_" + n + " ! receiver.recv_rtcp_sink_" + n + " ";
}

/// Hands all that `from` pushes to `to`. A link would make a loop, which pipelines do not allow.
void carry(GstPad* from, GstPad* to) {
    const auto type = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                   GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM);
    const auto hand_over = +[](GstPad*, GstPadProbeInfo* info, gpointer data) {
        auto* target = static_cast<GstPad*>(data);
        if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
            gst_pad_chain(target, gst_buffer_ref(gst_pad_probe_info_get_buffer(info)));
        else
            gst_pad_send_event(target, gst_event_ref(gst_pad_probe_info_get_event(info)));
        return GST_PAD_PROBE_DROP;
    };
    gst_pad_add_probe(from, type, hand_over, gst_object_ref(to), gst_object_unref);
}

/// From the time that a packet was sent to the time that it is to be played, by RTP timestamp.
class PlayoutProbe {
  public:
    explicit PlayoutProbe(Stage& stage) : stage_(stage) {}

    void sent_at(GstPad* pad) { watch(pad, false); }
    void played_at(GstPad* pad) { watch(pad, true); }
    std::optional<GstClockTimeDiff> first() {
        const std::lock_guard lock(mutex_);
        return first_;
    }
    std::optional<GstClockTimeDiff> last() {
        const std::lock_guard lock(mutex_);
        return last_;
    }

  private:
    void watch(GstPad* pad, bool played) {
        const auto type = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                       GST_PAD_PROBE_TYPE_BUFFER_LIST);
        gst_pad_add_probe(pad, type, played ? on_played : on_sent, this, nullptr);
    }

    /// RTP timestamp and running time of the first buffer.
    static std::pair<std::uint32_t, GstClockTime> facts(GstPad* pad, GstPadProbeInfo* info) {
        GstBuffer* buffer = GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER
                                ? gst_pad_probe_info_get_buffer(info)
                                : gst_buffer_list_get(gst_pad_probe_info_get_buffer_list(info), 0);
        alignas(4) guint8 header[8] = {};
        gst_buffer_extract(buffer, 0, header, sizeof header);
        GstEvent* event = gst_pad_get_sticky_event(pad, GST_EVENT_SEGMENT, 0);
        const GstSegment* segment = nullptr;
        gst_event_parse_segment(event, &segment);
        const GstClockTime time =
            gst_segment_to_running_time(segment, GST_FORMAT_TIME, GST_BUFFER_PTS(buffer));
        gst_event_unref(event);
        return {GST_READ_UINT32_BE(header + 4), time};
    }

    static GstPadProbeReturn on_sent(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
        auto& self = *static_cast<PlayoutProbe*>(data);
        const auto [timestamp, time] = facts(pad, info);
        const std::lock_guard lock(self.mutex_);
        self.sent_.emplace(timestamp, time);
        return GST_PAD_PROBE_OK;
    }

    static GstPadProbeReturn on_played(GstPad* pad, GstPadProbeInfo* info, gpointer data) {
        auto& self = *static_cast<PlayoutProbe*>(data);
        const auto [timestamp, time] = facts(pad, info);
        {
            const std::lock_guard lock(self.mutex_);
            const auto found = self.sent_.find(timestamp);
            if (found == self.sent_.end())
                return GST_PAD_PROBE_OK;
            self.last_ = GST_CLOCK_DIFF(found->second, time);
            self.first_ = self.first_.value_or(*self.last_);
        }
        self.stage_.nudge();
        return GST_PAD_PROBE_OK;
    }

    Stage& stage_;
    std::mutex mutex_;
    std::map<std::uint32_t, GstClockTime> sent_;
    std::optional<GstClockTimeDiff> first_;
    std::optional<GstClockTimeDiff> last_;
};

class RtpbinCall : public ::testing::Test {
  protected:
    void SetUp() override {
        TACTUS_NEEDS("rtpbin", "rtprtxsend", "opusenc", "rtpopuspay", "jpegenc", "rtpjpegpay",
                     "wavparse", "concat", "clocksync", "videotestsrc");
        TACTUS_NEEDS_VOICE();
    }

    void TearDown() override {
        stage_.stop();
        buffers_.reset();
        gst_clear_object(&sender_);
        gst_clear_object(&receiver_);
    }

    void build(const std::string& line) {
        GstElement* pipeline = stage_.add(line);
        ASSERT_NE(pipeline, nullptr);
        sender_ = gst_bin_get_by_name(GST_BIN(pipeline), "sender");
        receiver_ = gst_bin_get_by_name(GST_BIN(pipeline), "receiver");
        g_signal_connect(receiver_, "pad-added", G_CALLBACK(on_pad), this);
        buffers_ = std::make_unique<SuppliedJitterBuffers>(
            stage_, receiver_, [this](GstElement* element, guint) { prepare(element); });
    }

    // Reports and requests soon, where a real link would save bits.
    static void talk_much(GstElement* rtpbin, guint session) {
        GObject* internal = nullptr;
        g_signal_emit_by_name(rtpbin, "get-internal-session", session, &internal);
        ASSERT_NE(internal, nullptr);
        g_object_set(internal, "rtcp-min-interval", 50 * GST_MSECOND, "bandwidth", 10e6, nullptr);
        g_object_unref(internal);
    }

    GstPad* pad_of(GstElement* element, const char* name) {
        GstPad* pad = gst_element_get_static_pad(element, name);
        EXPECT_NE(pad, nullptr) << name;
        gst_object_unref(pad); // the element keeps it
        return pad;
    }

    virtual void prepare(GstElement*) {}
    virtual void heard(GstPad*, guint) {}

    static void on_pad(GstElement* rtpbin, GstPad* pad, RtpbinCall* self) {
        guint session = 0;
        if (std::sscanf(GST_PAD_NAME(pad), "recv_rtp_src_%u_", &session) != 1)
            return;
        self->heard(pad, session);
        GstElement* sink = gst_element_factory_make("fakesink", nullptr);
        GstObject* pipeline = gst_object_get_parent(GST_OBJECT(rtpbin));
        gst_bin_add(GST_BIN(pipeline), sink);
        gst_object_unref(pipeline);
        gst_element_sync_state_with_parent(sink);
        GstPad* target = gst_element_get_static_pad(sink, "sink");
        EXPECT_EQ(gst_pad_link(pad, target), GST_PAD_LINK_OK);
        gst_object_unref(target);
    }

    Stage stage_;
    GstElement* sender_ = nullptr;
    GstElement* receiver_ = nullptr;
    std::unique_ptr<SuppliedJitterBuffers> buffers_;
};

// --- lip sync

class LipSync : public RtpbinCall {
  protected:
    void heard(GstPad* pad, guint session) override {
        (session == 0 ? voice_ : video_).played_at(pad);
    }
    PlayoutProbe voice_{stage_};
    PlayoutProbe video_{stage_};
};

TEST_F(LipSync, VoiceWaitsForVideoThatTakesLonger) {
    build("rtpbin name=sender rtcp-sync-send-time=false rtpbin name=receiver latency=500 " +
          calls::voice_source() +
          "opusenc ! rtpopuspay pt=97 ! sender.send_rtp_sink_0 "
          "videotestsrc is-live=true ! video/x-raw,format=I420,width=64,height=48,framerate=30/1 ! "
          "jpegenc ! "
          "rtpjpegpay ! sender.send_rtp_sink_1 " +
          session_links(0) + session_links(1));
    voice_.sent_at(pad_of(sender_, "send_rtp_src_0"));
    video_.sent_at(pad_of(sender_, "send_rtp_src_1"));
    gst_pad_set_offset(pad_of(receiver_, "recv_rtp_sink_1"), kVideoIsLate);
    talk_much(sender_, 0);
    talk_much(sender_, 1);
    stage_.play();
    const auto together = [this] {
        return voice_.last() && video_.last() && buffers_->property(0, "ts-offset") > 0 &&
               std::abs(*voice_.last() - *video_.last()) < 5 * GstClockTimeDiff{GST_MSECOND};
    };
    ASSERT_TRUE(stage_.wait_until(together));
    EXPECT_NEAR(double(*video_.first()), double(kVideoIsLate), 5e6);
    EXPECT_NEAR(double(*voice_.first()), 0.0, 5e6) << "it waited before any report";
    EXPECT_NEAR(double(*voice_.last()), double(kVideoIsLate), 10e6);
    EXPECT_NEAR(double(buffers_->property(0, "ts-offset")), double(kVideoIsLate), 10e6);
    EXPECT_GT(buffers_->out(0), 0U);
    EXPECT_GT(buffers_->out(1), 0U);
}

// --- retransmission

/// An element for rtpbin's aux signals, with pads named for the session.
GstElement* make_aux(const char* factory, guint session) {
    GstElement* bin = gst_bin_new(nullptr);
    GstElement* rtx = gst_element_factory_make(factory, nullptr);
    GstStructure* map = gst_structure_from_string("application/x-rtp-pt-map,97=(uint)98", nullptr);
    g_object_set(rtx, "payload-type-map", map, nullptr);
    gst_structure_free(map);
    gst_bin_add(GST_BIN(bin), rtx);
    for (const char* name : {"sink", "src"}) {
        GstPad* inner = gst_element_get_static_pad(rtx, name);
        const std::string outer = name + std::string("_") + std::to_string(session);
        gst_element_add_pad(bin, gst_ghost_pad_new(outer.c_str(), inner));
        gst_object_unref(inner);
    }
    return bin;
}

GstElement* make_rtx_sender(GstElement*, guint session) {
    return make_aux("rtprtxsend", session);
}

GstElement* make_rtx_receiver(GstElement*, guint session) {
    return make_aux("rtprtxreceive", session);
}

GstCaps* caps_of(GstElement*, guint, guint payload_type) {
    return gst_caps_new_simple("application/x-rtp", "media", G_TYPE_STRING, "audio", "clock-rate",
                               G_TYPE_INT, 48000, "encoding-name", G_TYPE_STRING,
                               payload_type == 98 ? "RTX" : "OPUS", "payload", G_TYPE_INT,
                               static_cast<int>(payload_type), nullptr);
}

class Retransmission : public RtpbinCall {
  protected:
    // Long enough for RTCP on a busy machine: each loss can be mended.
    void prepare(GstElement* element) override {
        g_object_set(element, "adaptive", FALSE, nullptr);
    }
    Loss loss_;
};

TEST_F(Retransmission, EachLossIsAskedForAndComesInItsPlace) {
    // The signals must be connected before the pads are requested.
    build("rtpbin name=sender rtp-profile=avpf "
          "rtpbin name=receiver rtp-profile=avpf latency=3000 do-lost=true do-retransmission=true");
    g_signal_connect(sender_, "request-aux-sender", G_CALLBACK(make_rtx_sender), nullptr);
    g_signal_connect(receiver_, "request-aux-receiver", G_CALLBACK(make_rtx_receiver), nullptr);
    g_signal_connect(receiver_, "request-pt-map", G_CALLBACK(caps_of), nullptr);
    GstObject* pipeline = gst_object_get_parent(GST_OBJECT(sender_));
    GstElement* voice = gst_parse_bin_from_description(
        (calls::voice_source() + "opusenc ! rtpopuspay pt=97").c_str(), TRUE, nullptr);
    gst_bin_add(GST_BIN(pipeline), voice);
    gst_object_unref(pipeline);
    ASSERT_TRUE(gst_element_link_pads(voice, "src", sender_, "send_rtp_sink_0"));
    ASSERT_TRUE(gst_element_link_pads(sender_, "send_rtp_src_0", receiver_, "recv_rtp_sink_0"));
    ASSERT_TRUE(gst_element_link_pads(sender_, "send_rtcp_src_0", receiver_, "recv_rtcp_sink_0"));
    GstPad* reports = gst_element_request_pad_simple(receiver_, "send_rtcp_src_0");
    GstPad* back = gst_element_request_pad_simple(sender_, "recv_rtcp_sink_0");
    carry(reports, back);
    gst_object_unref(reports);
    gst_object_unref(back);
    talk_much(sender_, 0);
    talk_much(receiver_, 0);
    loss_.start(pad_of(receiver_, "recv_rtp_sink_0"), kLost, 97);
    stage_.play();
    ASSERT_TRUE(stage_.wait_until([this] { return buffers_->out(0) > 200; }));
    EXPECT_EQ(loss_.lost(), kLost);
    EXPECT_EQ(buffers_->stat(0, "num-lost"), 0U);
    EXPECT_EQ(buffers_->lost_told(0), 0U);
    EXPECT_EQ(buffers_->stat(0, "rtx-success-count"), kLost);
    EXPECT_GE(buffers_->stat(0, "rtx-count"), kLost);
}

} // namespace
