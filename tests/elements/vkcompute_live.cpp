// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What happens to a stream that is playing: frames that would come too late, and shaders that are
// set anew.
#include "compute_harness.h"

#include <algorithm>
#include <string>

using namespace tactus;

namespace {

constexpr GstClockTime kFrame = GST_SECOND / 30;

Picture grey(std::uint8_t value) {
    Picture picture(PixelFormat::gray8, 8, 8);
    std::fill(picture.bytes.begin(), picture.bytes.end(), value);
    return picture;
}

// A shader that fills frames with a value.
std::string filling(unsigned value) {
    return "#include \"tactus/planes.glsl\"\nlayout(local_size_x = 8, local_size_y = 8) in;\n"
           "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(" +
           std::to_string(value) + ".0 / 255.0)); }\n";
}

class Live : public testing::Test {
  protected:
    void SetUp() override {
        TACTUS_NEEDS_DEVICE();
        harness_ = std::make_unique<ComputeHarness>("shader=invert");
        harness_->set_caps(video_caps(PixelFormat::gray8, 8, 8));
    }

    GstFlowReturn push(std::uint64_t number) {
        return harness_->push(buffer_of(grey(100), number));
    }
    // The value that the next frame is filled with; -1: there is none.
    int value_of_next() {
        if (push(next_++) != GST_FLOW_OK)
            return -1;
        GstBuffer* buffer = harness_->pull();
        return buffer != nullptr ? picture_of(buffer, PixelFormat::gray8, 8, 8).bytes[0] : -1;
    }
    // From downstream: what was at this running time came too late by so much.
    void send_qos(GstClockTime timestamp, GstClockTimeDiff late) {
        EXPECT_TRUE(gst_harness_push_upstream_event(
            harness_->get(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 1.5, late, timestamp)));
    }
    void set(const char* property, const std::string& text) {
        g_object_set(harness_->element(), property, text.c_str(), nullptr);
    }
    std::uint64_t stat(const char* field) const { return harness_->stat(field); }
    // Also what upstream was told.
    unsigned qos_events_upstream() const {
        unsigned count = 0;
        while (GstEvent* event = gst_harness_try_pull_upstream_event(harness_->get())) {
            count += GST_EVENT_TYPE(event) == GST_EVENT_QOS ? 1 : 0;
            gst_event_unref(event);
        }
        return count;
    }
    void flush() {
        GstHarness* const h = harness_->get();
        ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_start()));
        ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_stop(TRUE)));
        send_segment();
    }
    void send_segment() {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        ASSERT_TRUE(gst_harness_push_event(harness_->get(), gst_event_new_segment(&segment)));
    }

    std::unique_ptr<ComputeHarness> harness_;
    std::uint64_t next_ = 0;
};

// --- frames that would come too late

TEST_F(Live, FramesThatWouldComeTooLateAreSkippedAndCounted) {
    ASSERT_EQ(push(0), GST_FLOW_OK);
    gst_buffer_unref(harness_->pull());
    send_qos(kFrame, static_cast<GstClockTimeDiff>(2 * kFrame) + 1); // until the third
    for (std::uint64_t i = 1; i < 6; ++i)
        ASSERT_EQ(push(i), GST_FLOW_OK);
    for (std::uint64_t i = 4; i < 6; ++i) {
        GstBuffer* buffer = harness_->pull();
        ASSERT_NE(buffer, nullptr);
        EXPECT_EQ(GST_BUFFER_PTS(buffer), i * GST_SECOND / 30);
        EXPECT_EQ(GST_BUFFER_IS_DISCONT(buffer), i == 4);
        gst_buffer_unref(buffer);
    }
    EXPECT_EQ(stat("frames-late"), 3U);
    EXPECT_EQ(stat("frames-in"), stat("frames-out") + stat("frames-late"));
    EXPECT_EQ(qos_events_upstream(), 1U);
}

TEST_F(Live, EachSkippedFrameIsAQosMessage) {
    ASSERT_EQ(push(0), GST_FLOW_OK);
    gst_buffer_unref(harness_->pull());
    send_qos(kFrame, static_cast<GstClockTimeDiff>(kFrame) / 2);
    ASSERT_EQ(push(1), GST_FLOW_OK);
    GstMessage* message = harness_->awaited_message(GST_MESSAGE_QOS);
    ASSERT_NE(message, nullptr);
    guint64 running_time = 0;
    guint64 processed = 0;
    guint64 dropped = 0;
    gint64 jitter = 0;
    gst_message_parse_qos(message, nullptr, &running_time, nullptr, nullptr, nullptr);
    gst_message_parse_qos_values(message, &jitter, nullptr, nullptr);
    gst_message_parse_qos_stats(message, nullptr, &processed, &dropped);
    gst_message_unref(message);
    EXPECT_EQ(running_time, kFrame);
    EXPECT_EQ(jitter, static_cast<gint64>(kFrame) / 2);
    EXPECT_EQ(processed, 1U);
    EXPECT_EQ(dropped, 1U);
}

TEST_F(Live, WithoutQosNothingIsSkipped) {
    g_object_set(harness_->element(), "qos", FALSE, nullptr);
    send_qos(kFrame, GST_SECOND);
    ASSERT_EQ(push(0), GST_FLOW_OK);
    gst_buffer_unref(harness_->pull());
    EXPECT_EQ(stat("frames-late"), 0U);
}

TEST_F(Live, AFlushAndASegmentForgetWhatWasLate) {
    send_qos(kFrame, GST_SECOND);
    ASSERT_EQ(push(0), GST_FLOW_OK);
    EXPECT_EQ(stat("frames-late"), 1U);
    flush();
    ASSERT_EQ(push(1), GST_FLOW_OK);
    gst_buffer_unref(harness_->pull());
    send_qos(kFrame, GST_SECOND);
    send_segment();
    ASSERT_EQ(push(2), GST_FLOW_OK);
    gst_buffer_unref(harness_->pull());
    EXPECT_EQ(stat("frames-late"), 1U);
}

TEST_F(Live, SoundIsNeverSkipped) {
    ComputeHarness sound("shader=audio-gain");
    sound.set_caps("audio/x-raw,format=S16LE,layout=interleaved,rate=8000,channels=1");
    gst_harness_push_upstream_event(
        sound.get(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 2, GST_SECOND, GST_SECOND));
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, 160, nullptr);
    gst_buffer_memset(buffer, 0, 0, 160);
    GST_BUFFER_PTS(buffer) = 0;
    ASSERT_EQ(sound.push(buffer), GST_FLOW_OK);
    gst_buffer_unref(sound.pull());
    EXPECT_EQ(sound.stat("frames-late"), 0U);
}

// --- shaders that are set anew

TEST_F(Live, AShaderThatIsSetIsRunFromTheNextFrameOn) {
    EXPECT_EQ(value_of_next(), 155);
    set("shader", filling(7));
    EXPECT_EQ(value_of_next(), 7);
    set("shader", "invert");
    EXPECT_EQ(value_of_next(), 155);
    EXPECT_EQ(stat("reloads"), 2U);
    EXPECT_EQ(stat("reload-failures"), 0U);
}

TEST_F(Live, APassThatIsSetIsRunFromTheNextFrameOn) {
    EXPECT_EQ(value_of_next(), 155);
    gst_util_set_object_arg(G_OBJECT(harness_->element()), "passes", "< invert >");
    EXPECT_EQ(value_of_next(), 100);
}

TEST_F(Live, AShaderThatCannotBeUsedIsOneWarningAndTheOldOneGoesOn) {
    EXPECT_EQ(value_of_next(), 155);
    set("shader", "no-such-shader");
    EXPECT_EQ(value_of_next(), 155);
    EXPECT_EQ(value_of_next(), 155);
    const std::string text = harness_->complaint(GST_MESSAGE_WARNING);
    EXPECT_NE(text.find("there is no shader \"no-such-shader\""), std::string::npos) << text;
    EXPECT_EQ(harness_->complaint(GST_MESSAGE_WARNING), "");
    EXPECT_EQ(harness_->complaint(), "");
    EXPECT_EQ(stat("reload-failures"), 1U);
    set("shader", filling(9));
    EXPECT_EQ(value_of_next(), 9);
}

TEST_F(Live, AShaderOfAnotherFormatNeedsARestartAndTheWarningSaysSo) {
    EXPECT_EQ(value_of_next(), 155);
    set("shader", "#include \"tactus/planes.glsl\"\nlayout(local_size_x = 8) in;\n"
                  "TACTUS_MAKES(TACTUS_RGBA);\n"
                  "void main() { tactus_store(gl_GlobalInvocationID.xy, vec4(0.0)); }\n");
    EXPECT_EQ(value_of_next(), 155);
    const std::string text = harness_->complaint(GST_MESSAGE_WARNING);
    EXPECT_NE(text.find("restart the element"), std::string::npos) << text;
}

TEST_F(Live, AShaderThatIsSetBeforeTheStartIsReadOnce) {
    gst_element_set_state(harness_->element(), GST_STATE_READY);
    set("shader", filling(3));
    gst_element_set_state(harness_->element(), GST_STATE_PLAYING);
    gst_harness_push_event(harness_->get(), gst_event_new_stream_start("again"));
    harness_->set_caps(video_caps(PixelFormat::gray8, 8, 8));
    EXPECT_EQ(value_of_next(), 3);
    EXPECT_EQ(stat("reloads"), 0U);
}

// --- what is told once

TEST_F(Live, AShaderThatIsWrongForTheCapsIsOneErrorHoweverManyBuffersMeetIt) {
    GstElement* element = make_compute("");
    g_object_set(element, "shader",
                 "layout(local_size_x = 1) in;\n"
                 "layout(set = 1, binding = 0) buffer B { uint value; } far;\n"
                 "void main() { far.value = 1u; }\n",
                 nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    for (int i = 0; i < 4; ++i)
        EXPECT_EQ(harness.push(buffer_of(grey(1))), GST_FLOW_NOT_NEGOTIATED);
    const std::string text = harness.complaint();
    EXPECT_NE(text.find("(set 1, binding 0) has no meaning"), std::string::npos) << text;
    EXPECT_EQ(harness.complaint(), "");
}

TEST_F(Live, OutCapsThatCannotBeMetAreOneErrorAndNothingComesOut) {
    ComputeHarness harness("shader=invert out-caps=\"video/x-raw,framerate=25/1\"");
    const std::string caps = video_caps(PixelFormat::gray8, 8, 8);
    for (int round = 0; round < 2; ++round) {
        harness.set_caps(caps);
        for (int i = 0; i < 4; ++i)
            EXPECT_EQ(harness.push(buffer_of(grey(1))), GST_FLOW_NOT_NEGOTIATED);
        const std::string text = harness.complaint();
        EXPECT_NE(text.find("framerate is 30/1, not 25/1"), std::string::npos) << text;
        EXPECT_EQ(harness.complaint(), "");
        EXPECT_EQ(harness.stat("frames-out"), static_cast<std::uint64_t>(round));
        std::string fits = caps;
        fits.replace(fits.find("30/1"), 4, "25/1");
        harness.set_caps(fits);
        EXPECT_EQ(harness.push(buffer_of(grey(1))), GST_FLOW_OK) << harness.complaint();
        gst_buffer_unref(harness.pull());
    }
}

// --- caps that were refused

constexpr const char* kWrongForAll = "layout(local_size_x = 1) in;\n"
                                     "layout(set = 1, binding = 0) buffer B { uint value; } far;\n"
                                     "void main() { far.value = 1u; }\n";

TEST_F(Live, CapsThatWereRefusedAreTakenOnceAnotherShaderIsSet) {
    GstElement* element = make_compute("");
    g_object_set(element, "shader", kWrongForAll, nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    EXPECT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_NE(harness.complaint(), "");
    GstPad* const upstream = harness.get()->srcpad;
    gst_pad_check_reconfigure(upstream); // forgets that it was asked to
    g_object_set(element, "shader", "invert", nullptr);
    EXPECT_TRUE(gst_pad_check_reconfigure(upstream));
    ASSERT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_OK) << harness.complaint();
    EXPECT_EQ(picture_of(harness.pull(), PixelFormat::gray8, 8, 8).bytes[0], 155);
    EXPECT_EQ(harness.complaint(), "");
    g_object_set(element, "shader", filling(9).c_str(), nullptr);
    EXPECT_FALSE(gst_pad_check_reconfigure(upstream)) << "these caps are in force";
}

TEST_F(Live, AShaderSetWhereNoneIsHeldBackMayTakeAndMakeOtherFormats) {
    ComputeHarness harness("shader=nv12-to-rgba");
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    EXPECT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_NOT_NEGOTIATED);
    g_object_set(harness.element(), "shader", "invert", nullptr);
    GstCaps* taken = gst_pad_peer_query_caps(harness.get()->srcpad, nullptr);
    GstCaps* caps = gst_caps_from_string(video_caps(PixelFormat::gray8, 8, 8).c_str());
    EXPECT_TRUE(gst_caps_can_intersect(taken, caps));
    gst_caps_unref(taken);
    gst_caps_unref(caps);
    ASSERT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_OK) << harness.complaint();
    EXPECT_EQ(picture_of(harness.pull(), PixelFormat::gray8, 8, 8).bytes[0], 155);
}

TEST_F(Live, AShaderThatIsSetMayMakeAnotherFormatWithOtherCaps) {
    for (const bool is_refused_first : {false, true}) {
        ComputeHarness harness("shader=nv12-to-rgba");
        harness.set_caps(video_caps(PixelFormat::nv12, 8, 8));
        ASSERT_EQ(harness.push(buffer_of(Picture(PixelFormat::nv12, 8, 8))), GST_FLOW_OK);
        gst_buffer_unref(harness.pull());
        GstPad* const upstream = harness.get()->srcpad;
        gst_pad_check_reconfigure(upstream); // forgets that it was asked to
        if (is_refused_first) {
            harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
            EXPECT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_NOT_NEGOTIATED);
        }
        g_object_set(harness.element(), "shader", "invert", nullptr);
        EXPECT_EQ(gst_pad_check_reconfigure(upstream), is_refused_first);
        if (!is_refused_first)
            harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
        ASSERT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_OK) << harness.complaint();
        EXPECT_EQ(picture_of(harness.pull(), PixelFormat::gray8, 8, 8).bytes[0], 155);
        EXPECT_EQ(harness.stat("reloads"), 1U);
        EXPECT_EQ(harness.stat("reload-failures"), 0U);
    }
}

TEST_F(Live, CapsThatWereTakenAfterOthersWereRefusedNeedNoOtherShader) {
    ComputeHarness harness("shader=invert out-caps=\"video/x-raw,framerate=25/1\"");
    const std::string caps = video_caps(PixelFormat::gray8, 8, 8);
    harness.set_caps(caps);
    EXPECT_EQ(harness.push(buffer_of(grey(1))), GST_FLOW_NOT_NEGOTIATED);
    std::string fits = caps;
    fits.replace(fits.find("30/1"), 4, "25/1");
    harness.set_caps(fits);
    ASSERT_EQ(harness.push(buffer_of(grey(1))), GST_FLOW_OK) << harness.complaint();
    gst_buffer_unref(harness.pull());
    gst_pad_check_reconfigure(harness.get()->srcpad); // forgets that it was asked to
    g_object_set(harness.element(), "shader", filling(9).c_str(), nullptr);
    EXPECT_FALSE(gst_pad_check_reconfigure(harness.get()->srcpad));
}

TEST_F(Live, WithoutAProgramEachShaderThatIsSetIsOneReloadOrOneFailure) {
    GstElement* element = make_compute("");
    g_object_set(element, "shader", kWrongForAll, nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    const auto push_with = [&](const char* shader) {
        g_object_set(element, "shader", shader, nullptr);
        return harness.push(buffer_of(grey(100)));
    };
    EXPECT_EQ(push_with("no-such-shader"), GST_FLOW_NOT_NEGOTIATED);
    const std::string text = harness.complaint(GST_MESSAGE_WARNING);
    EXPECT_NE(text.find("no other runs either"), std::string::npos) << text;
    EXPECT_EQ(harness.stat("reload-failures"), 1U);
    EXPECT_EQ(push_with(kWrongForAll), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_EQ(harness.stat("reload-failures"), 2U);
    EXPECT_EQ(harness.stat("reloads"), 0U);
    EXPECT_EQ(push_with("invert"), GST_FLOW_OK) << harness.complaint();
    EXPECT_EQ(harness.stat("reload-failures"), 2U);
    EXPECT_EQ(harness.stat("reloads"), 1U);
}

// So few frames a second that nothing but a long compilation takes longer than one of them.
TEST_F(Live, TheTimeToReadAShaderThatCannotBeUsedIsNoLatency) {
    std::string slow = "#include \"tactus/planes.glsl\"\n";
    for (int i = 0; i < 20000; ++i)
        slow += "float f" + std::to_string(i) + "(float x) { return sin(x) * cos(x) + 0.5; }\n";
    slow += "void main() { broken }\n";
    std::string caps = video_caps(PixelFormat::gray8, 8, 8);
    caps.replace(caps.find("30/1"), 4, "4/1");
    ComputeHarness harness("shader=invert");
    harness.set_caps(caps);
    for (int i = 0; i < 3; ++i) {
        if (i == 1)
            g_object_set(harness.element(), "shader", slow.c_str(), nullptr);
        ASSERT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_OK) << harness.complaint();
        gst_buffer_unref(harness.pull());
    }
    EXPECT_EQ(harness.stat("reload-failures"), 1U);
    EXPECT_EQ(harness.stat("latency"), GST_SECOND / 4);
}

TEST_F(Live, AfterCapsThatWereRefusedAnElementStartsAnewWithAnotherShader) {
    GstElement* element = make_compute("");
    g_object_set(element, "shader", kWrongForAll, nullptr);
    ComputeHarness harness(element);
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    EXPECT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_NOT_NEGOTIATED);
    gst_element_set_state(element, GST_STATE_READY);
    g_object_set(element, "shader", "invert", nullptr);
    gst_element_set_state(element, GST_STATE_PLAYING);
    gst_harness_push_event(harness.get(), gst_event_new_stream_start("again"));
    harness.set_caps(video_caps(PixelFormat::gray8, 8, 8));
    ASSERT_EQ(harness.push(buffer_of(grey(100))), GST_FLOW_OK) << harness.complaint();
    gst_buffer_unref(harness.pull());
}

TEST_F(Live, FieldsThatAShaderMayMixAreOneWarningThatSaysWhatToDo) {
    const std::string caps = video_caps(PixelFormat::gray8, 8, 8) + ",interlace-mode=interleaved";
    for (const char* const shader : {"gaussian", "invert"}) {
        ComputeHarness harness(std::string("shader=") + shader);
        for (const auto& each : {caps, video_caps(PixelFormat::gray8, 8, 8), caps}) {
            harness.set_caps(each);
            ASSERT_EQ(harness.push(buffer_of(grey(1))), GST_FLOW_OK);
        }
        const std::string text = harness.complaint(GST_MESSAGE_WARNING);
        EXPECT_EQ(text.find("interlace-mode=interleaved: gaussian may mix") != std::string::npos,
                  std::string(shader) == "gaussian")
            << text;
        EXPECT_EQ(harness.complaint(GST_MESSAGE_WARNING), "");
    }
}

} // namespace
