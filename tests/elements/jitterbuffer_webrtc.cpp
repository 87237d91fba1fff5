// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Voice between two webrtcbins over the loopback interface, with packets lost on the way.
#include "call_fixture.h"
#include "traced_pipeline.h"

using namespace tactus;
using calls::Loss;
using calls::Stage;
using calls::SuppliedJitterBuffers;

namespace {

constexpr unsigned kLost = 12;

/// Does what a signalling server and two applications would. Callbacks run in webrtcbin's threads.
class Signalling {
  public:
    Signalling(GstElement* caller, GstElement* callee) : caller_(caller), callee_(callee) {
        for (GstElement* webrtc : {caller, callee})
            stay_on_loopback(webrtc);
        g_signal_connect(caller, "on-negotiation-needed", G_CALLBACK(on_negotiation_needed), this);
        g_signal_connect(caller, "on-ice-candidate", G_CALLBACK(on_candidate), callee);
        g_signal_connect(callee, "on-ice-candidate", G_CALLBACK(on_candidate), caller);
    }

  private:
    static void stay_on_loopback(GstElement* webrtc) {
        GObject* agent = nullptr;
        g_object_get(webrtc, "ice-agent", &agent, nullptr);
        gboolean added = FALSE;
        g_signal_emit_by_name(agent, "add-local-ip-address", "127.0.0.1", &added);
        EXPECT_TRUE(added);
        g_object_unref(agent);
    }

    static void on_candidate(GstElement*, guint line, const gchar* candidate, GstElement* other) {
        g_signal_emit_by_name(other, "add-ice-candidate", line, candidate);
    }

    static void on_negotiation_needed(GstElement*, Signalling* self) {
        GstPromise* promise = gst_promise_new_with_change_func(on_offer, self, nullptr);
        g_signal_emit_by_name(self->caller_, "create-offer", nullptr, promise);
    }

    static void on_offer(GstPromise* promise, gpointer data) {
        auto* self = static_cast<Signalling*>(data);
        agree(promise, "offer", self->caller_, self->callee_);
        GstPromise* answer = gst_promise_new_with_change_func(on_answer, self, nullptr);
        g_signal_emit_by_name(self->callee_, "create-answer", nullptr, answer);
    }

    static void on_answer(GstPromise* promise, gpointer data) {
        auto* self = static_cast<Signalling*>(data);
        agree(promise, "answer", self->callee_, self->caller_);
    }

    // The description is a boxed type of a library whose headers this does not need.
    static void agree(GstPromise* promise, const char* what, GstElement* from, GstElement* to) {
        const GValue* description = gst_structure_get_value(gst_promise_get_reply(promise), what);
        ASSERT_NE(description, nullptr) << "webrtcbin made no " << what;
        gpointer boxed = g_value_get_boxed(description);
        g_signal_emit_by_name(from, "set-local-description", boxed, nullptr);
        g_signal_emit_by_name(to, "set-remote-description", boxed, nullptr);
        gst_promise_unref(promise);
    }

    GstElement* caller_;
    GstElement* callee_;
};

class WebRtcCall : public ::testing::Test {
  protected:
    void SetUp() override {
        TACTUS_NEEDS("webrtcbin", "nicesrc", "dtlssrtpenc", "srtpenc", "opusenc", "rtpopuspay",
                     "wavparse", "concat", "clocksync");
        TACTUS_NEEDS_VOICE();
        // Plays first: one that does not run can make no answer.
        GstElement* receiver = stage_.add("webrtcbin name=webrtc latency=1000");
        GstElement* sender = stage_.add(
            calls::voice_source() +
            "queue ! opusenc ! rtpopuspay pt=97 ! "
            "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000 ! "
            "webrtcbin name=webrtc");
        ASSERT_NE(sender, nullptr);
        ASSERT_NE(receiver, nullptr);
        caller_ = gst_bin_get_by_name(GST_BIN(sender), "webrtc");
        callee_ = gst_bin_get_by_name(GST_BIN(receiver), "webrtc");
        g_signal_connect(callee_, "pad-added", G_CALLBACK(on_pad), this);
        GstElement* rtpbin = gst_bin_get_by_name(GST_BIN(callee_), "rtpbin");
        ASSERT_NE(rtpbin, nullptr);
        buffers_ = std::make_unique<SuppliedJitterBuffers>(
            stage_, rtpbin, [this](GstElement* element, guint) {
                g_object_set(element, "adaptive", adaptive_, nullptr);
                GstPad* pad = gst_element_get_static_pad(element, "sink");
                loss_.start(pad, kLost);
                gst_object_unref(pad);
            });
        gst_object_unref(rtpbin);
        signalling_ = std::make_unique<Signalling>(caller_, callee_);
    }

    void TearDown() override {
        stage_.stop();
        buffers_.reset();
        gst_clear_object(&caller_);
        gst_clear_object(&callee_);
    }

    void ask_for_retransmissions() {
        // RTCP may make a request wait for half a second; the delay of a clean link has no such
        // room.
        adaptive_ = FALSE;
        GObject* transceiver = nullptr;
        g_signal_emit_by_name(caller_, "get-transceiver", 0, &transceiver);
        ASSERT_NE(transceiver, nullptr);
        g_object_set(transceiver, "do-nack", TRUE, nullptr);
        g_object_unref(transceiver);
        g_signal_connect(callee_, "on-new-transceiver",
                         G_CALLBACK(+[](GstElement*, GObject* added) {
                             g_object_set(added, "do-nack", TRUE, nullptr);
                         }),
                         nullptr);
    }

    // Until all that was lost has been told and some voice was heard.
    bool talk() {
        stage_.play();
        const bool done = stage_.wait_until([this] {
            return loss_.lost() == kLost && heard_ > 150 &&
                   buffers_->lost_told(0) + recovered() >= kLost;
        });
        EXPECT_TRUE(done) << "heard " << heard_ << ", lost " << loss_.lost() << ", told "
                          << buffers_->lost_told(0) << ", recovered " << recovered()
                          << ", requests " << buffers_->stat(0, "rtx-count") << ", late "
                          << buffers_->stat(0, "num-late");
        return done;
    }
    guint64 recovered() { return buffers_->stat(0, "rtx-success-count"); }

    static void on_pad(GstElement* webrtc, GstPad* pad, WebRtcCall* self) {
        if (gst_pad_get_direction(pad) != GST_PAD_SRC)
            return;
        GstElement* ear = gst_parse_bin_from_description(
            "rtpopusdepay ! opusdec plc=true ! audioconvert ! audio/x-raw,format=S16LE ! "
            "fakesink name=sink sync=true signal-handoffs=true",
            TRUE, nullptr);
        GstElement* sink = gst_bin_get_by_name(GST_BIN(ear), "sink");
        g_signal_connect(sink, "handoff", G_CALLBACK(on_sound), self);
        gst_object_unref(sink);
        GstObject* pipeline = gst_object_get_parent(GST_OBJECT(webrtc));
        gst_bin_add(GST_BIN(pipeline), ear);
        gst_object_unref(pipeline);
        GstPad* target = gst_element_get_static_pad(ear, "sink");
        EXPECT_EQ(gst_pad_link(pad, target), GST_PAD_LINK_OK);
        gst_object_unref(target);
        gst_element_sync_state_with_parent(ear);
    }

    static void on_sound(GstElement*, GstBuffer* buffer, GstPad*, WebRtcCall* self) {
        GstMapInfo map;
        if (gst_buffer_map(buffer, &map, GST_MAP_READ) == FALSE)
            return;
        const auto* samples = reinterpret_cast<const gint16*>(map.data);
        for (gsize i = 0; i < map.size / sizeof(gint16); ++i)
            self->loudest_ = std::max(self->loudest_.load(), std::abs(int{samples[i]}));
        gst_buffer_unmap(buffer, &map);
        ++self->heard_;
        self->stage_.nudge();
    }

    Stage stage_;
    Loss loss_;
    gboolean adaptive_ = TRUE;
    GstElement* caller_ = nullptr;
    GstElement* callee_ = nullptr;
    std::unique_ptr<SuppliedJitterBuffers> buffers_;
    std::unique_ptr<Signalling> signalling_;
    std::atomic<unsigned> heard_{0};
    std::atomic<int> loudest_{0};
};

} // namespace

TEST_F(WebRtcCall, VoiceArrivesThroughOurBufferAndEachLossIsTold) {
    ASSERT_TRUE(talk());
    EXPECT_GT(loudest_, 1000) << "only silence was heard";
    EXPECT_GT(buffers_->stat(0, "num-pushed"), 100U);
    // A busy machine may make more of them late.
    EXPECT_GE(buffers_->stat(0, "num-lost"), guint64{kLost});
    EXPECT_EQ(buffers_->property(0, "latency"), 1000);
    EXPECT_EQ(buffers_->stat(0, "rtx-count"), 0U);
}

TEST_F(WebRtcCall, LostPacketsAreSentAgainWhenNackIsAgreedOn) {
    ask_for_retransmissions();
    ASSERT_TRUE(talk());
    EXPECT_GT(loudest_, 1000) << "only silence was heard";
    EXPECT_EQ(buffers_->property(0, "do-retransmission"), TRUE);
    EXPECT_GT(recovered(), 0U);
    EXPECT_GE(buffers_->stat(0, "rtx-count"), recovered());
}
