// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Properties that are wrong together, for a moment or from the start.
#include "audio_feed.h"

using namespace tactus;

namespace {

constexpr std::size_t kChunk = 2400; // 50 ms

struct Case {
    const char* name;
    const char* line;
    const char* sink_caps; ///< what downstream takes
    const char* first;     ///< a property, and a value that is wrong without the second
    const char* first_value;
    const char* second;
    const char* second_value;
    const char* complaint; ///< part of what is said
    GstFlowReturn refusal; ///< what a buffer gets where there is nothing to go on with
};

constexpr Case kCases[] = {
    {"Spectrogram", "simdspectrogram min-db=-90 max-db=0",
     "video/x-raw,format=GRAY8,width=64,height=32,framerate=20/1", "min-db", "10", "max-db", "60",
     "min-db 10, max-db 0: max-db must be larger", GST_FLOW_ERROR},
    {"Stream", "simdfft fft-size=1024 window-length=1024",
     "audio/x-stft,format=(string)complex-f32", "window-length", "4096", "fft-size", "4096",
     "window-length is 4096", GST_FLOW_NOT_NEGOTIATED},
    {"Messages", "simdfft interval=50000000", "audio/x-raw", "bands", "1073741824", "bands", "64",
     "bands=1073741824", GST_FLOW_NOT_NEGOTIATED},
};

class Settings : public testing::TestWithParam<Case> {
  protected:
    static void set(AudioFeed& feed, const char* name, const char* value) {
        gst_util_set_object_arg(G_OBJECT(feed.element()), name, value);
    }
    static GstFlowReturn push(AudioFeed& feed) { return feed.push(float_noise_of(kChunk, 1)); }
    static unsigned pulled(AudioFeed& feed) {
        unsigned count = 0;
        while (GstBuffer* const buffer = feed.pull()) {
            gst_buffer_unref(buffer);
            ++count;
        }
        return count;
    }
    // Of these there was exactly one, and it is the right one.
    static void expect_one(AudioFeed& feed, GstMessageType type) {
        const std::string text = feed.complaint(type);
        EXPECT_NE(text.find(GetParam().complaint), std::string::npos) << text;
        EXPECT_EQ(feed.complaint(type), "");
    }
};

TEST_P(Settings, ThatAreWrongForAMomentAreAWarningAndTheOldOnesStay) {
    const Case& c = GetParam();
    AudioFeed feed(c.line);
    gst_harness_set_sink_caps_str(feed.harness(), c.sink_caps);
    feed.set_format(kFloat, 48'000, 1);
    ASSERT_EQ(push(feed), GST_FLOW_OK);
    set(feed, c.first, c.first_value);
    pulled(feed);
    for (int i = 0; i < 4; ++i)
        ASSERT_EQ(push(feed), GST_FLOW_OK);
    EXPECT_GE(pulled(feed), 3U) << "it has gone on";
    expect_one(feed, GST_MESSAGE_WARNING);
    set(feed, c.second, c.second_value);
    ASSERT_EQ(push(feed), GST_FLOW_OK);
    EXPECT_EQ(feed.complaint(GST_MESSAGE_WARNING), "");
    EXPECT_EQ(feed.complaint(GST_MESSAGE_ERROR), "");
    set(feed, c.first, c.first_value);
    set(feed, c.second, c.second_value);
    ASSERT_EQ(push(feed), GST_FLOW_OK) << "right in any order";
    EXPECT_EQ(feed.complaint(GST_MESSAGE_WARNING), "");
}

TEST_P(Settings, ThatAreWrongFromTheStartAreOneErrorHoweverManyBuffersCome) {
    const Case& c = GetParam();
    AudioFeed feed(c.line);
    gst_harness_set_sink_caps_str(feed.harness(), c.sink_caps);
    set(feed, c.first, c.first_value);
    feed.try_caps("audio/x-raw,layout=interleaved,format=F32LE,rate=48000,channels=1");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(push(feed), c.refusal);
    expect_one(feed, GST_MESSAGE_ERROR);
    EXPECT_EQ(feed.complaint(GST_MESSAGE_WARNING), "");
    set(feed, c.second, c.second_value);
    EXPECT_EQ(push(feed), GST_FLOW_OK);
}

INSTANTIATE_TEST_SUITE_P(All, Settings, testing::ValuesIn(kCases),
                         [](const auto& of) { return std::string(of.param.name); });

// What was refused is tried again where other audio comes.
TEST(SettingsOfOtherAudio, AreTriedAgain) {
    AudioFeed feed("simdfft bands=64 multi-channel=true interval=50000000");
    feed.set_format(kFloat, 48'000, 64);
    ASSERT_EQ(feed.push(float_noise_of(64 * kChunk, 1)), GST_FLOW_OK);
    g_object_set(feed.element(), "bands", 524290U, nullptr); // of 64 channels too many
    ASSERT_EQ(feed.push(float_noise_of(64 * kChunk, 1)), GST_FLOW_OK);
    EXPECT_NE(feed.complaint(GST_MESSAGE_WARNING), "");
    while (GstMessage* message = feed.pop(GST_MESSAGE_ELEMENT))
        gst_message_unref(message);
    feed.set_format(kFloat, 48'000, 1);
    ASSERT_EQ(feed.push(float_noise_of(kChunk, 1)), GST_FLOW_OK);
    GstMessage* message = feed.pop(GST_MESSAGE_ELEMENT);
    ASSERT_NE(message, nullptr);
    const GstStructure* s = gst_message_get_structure(message);
    const GValue* channel = gst_value_array_get_value(gst_structure_get_value(s, "magnitude"), 0);
    EXPECT_EQ(gst_value_array_get_size(channel), 524290U);
    gst_message_unref(message);
}

} // namespace
