// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What simdfft does as a drop-in for spectrum, beyond what spectrum does alike.
#include "spectrum_harness.h"

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>

using namespace tactus;

namespace {

constexpr const char* kShort = "bands=65 interval=10000000 threshold=-200 ";

std::vector<SpectrumMessage> measure(SpectrumHarness& h, const std::vector<float>& audio) {
    EXPECT_EQ(h.push(buffer_of(audio, 0)), GST_FLOW_OK);
    return h.messages();
}

/// Interleaved stereo to channel after channel, with the meta that says so.
GstBuffer* planar_buffer(const std::vector<float>& interleaved, const std::string& caps) {
    const std::size_t frames = interleaved.size() / 2;
    std::vector<float> planar(interleaved.size());
    for (std::size_t f = 0; f < frames; ++f) {
        planar[f] = interleaved[2 * f];
        planar[frames + f] = interleaved[2 * f + 1];
    }
    GstBuffer* buffer = buffer_of(planar, 0);
    GstCaps* parsed = gst_caps_from_string(caps.c_str());
    GstAudioInfo info;
    gst_audio_info_from_caps(&info, parsed);
    gst_caps_unref(parsed);
    gst_buffer_add_audio_meta(buffer, &info, frames, nullptr);
    return buffer;
}

} // namespace

TEST(SimdFftMessages, AudioPassesUnchanged) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    GstBuffer* buffer = buffer_of(float_noise(1000), 5);
    ASSERT_EQ(gst_harness_push(h.get(), gst_buffer_ref(buffer)), GST_FLOW_OK);
    GstBuffer* out = gst_harness_pull(h.get());
    EXPECT_EQ(out, buffer);
    gst_buffer_unref(out);
    gst_buffer_unref(buffer);
}

TEST(SimdFftMessages, ABufferListStaysAList) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    GstBufferList* list = gst_buffer_list_new();
    for (guint i = 0; i < 3; ++i)
        gst_buffer_list_add(list, buffer_of(float_noise(480), i * 10 * GST_MSECOND));
    GstPad* src = gst_element_get_static_pad(h.element(), "src");
    std::vector<guint> lengths;
    gst_pad_add_probe(
        src, GST_PAD_PROBE_TYPE_BUFFER_LIST,
        [](GstPad*, GstPadProbeInfo* info, gpointer data) {
            static_cast<std::vector<guint>*>(data)->push_back(
                gst_buffer_list_length(GST_PAD_PROBE_INFO_BUFFER_LIST(info)));
            return GST_PAD_PROBE_OK;
        },
        &lengths, nullptr);
    EXPECT_EQ(gst_pad_push_list(h.get()->srcpad, list), GST_FLOW_OK);
    EXPECT_EQ(lengths, std::vector<guint>{3});
    EXPECT_EQ(h.messages().size(), 3U);
    gst_object_unref(src);
}

TEST(SimdFftMessages, BytesHoldTheNumbersOfTheLists) {
    for (const char* channels : {"multi-channel=false ", "multi-channel=true "}) {
        const std::string properties = std::string(kShort) + channels + "message-phase=true ";
        SpectrumHarness lists("simdfft", properties);
        SpectrumHarness bytes("simdfft", properties + "message-format=bytes");
        const auto audio = float_noise(2 * 2000);
        lists.set_caps(audio_caps("F32LE", 48000, 2));
        bytes.set_caps(audio_caps("F32LE", 48000, 2));
        const auto expected = measure(lists, audio);
        const auto got = measure(bytes, audio);
        ASSERT_EQ(expected.size(), 4U);
        ASSERT_EQ(got.size(), 4U);
        for (std::size_t i = 0; i < got.size(); ++i) {
            std::vector<float> magnitude;
            std::vector<float> phase;
            for (const auto& channel : expected[i].magnitude)
                magnitude.insert(magnitude.end(), channel.begin(), channel.end());
            for (const auto& channel : expected[i].phase)
                phase.insert(phase.end(), channel.begin(), channel.end());
            EXPECT_EQ(got[i].magnitude, std::vector<std::vector<float>>{magnitude});
            EXPECT_EQ(got[i].phase, std::vector<std::vector<float>>{phase});
            EXPECT_EQ(got[i].running_time, expected[i].running_time);
        }
    }
}

TEST(SimdFftMessages, AMessageThatSomebodyHoldsIsNeverWrittenTo) {
    SpectrumHarness h("simdfft", std::string(kShort) + "multi-channel=true");
    h.set_caps(audio_caps("F32LE", 48000, 2));
    std::vector<GstMessage*> held;
    std::vector<SpectrumMessage> then;
    std::mt19937 random(2);
    for (unsigned i = 0; i < 60; ++i) {
        ASSERT_EQ(h.push(buffer_of(float_noise(2 * 480, i), i * 10 * GST_MSECOND)), GST_FLOW_OK);
        GstMessage* message = h.pop();
        ASSERT_NE(message, nullptr);
        held.push_back(message);
        then.push_back(read_message(message));
        if (random() % 3 == 0) { // lets go of one of them
            const std::size_t any = random() % held.size();
            gst_message_unref(held[any]);
            held.erase(held.begin() + static_cast<std::ptrdiff_t>(any));
            then.erase(then.begin() + static_cast<std::ptrdiff_t>(any));
        }
    }
    for (std::size_t i = 0; i < held.size(); ++i) {
        const SpectrumMessage now = read_message(held[i]);
        EXPECT_EQ(now.running_time, then[i].running_time);
        EXPECT_EQ(now.magnitude, then[i].magnitude);
        gst_message_unref(held[i]);
    }
}

TEST(SimdFftMessages, EachMessageHasASequenceNumberOfItsOwn) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    guint32 last = 0;
    for (int i = 0; i < 20; ++i) {
        h.push(buffer_of(float_noise(480), 0));
        GstMessage* message = h.pop();
        ASSERT_NE(message, nullptr);
        EXPECT_NE(gst_message_get_seqnum(message), last);
        last = gst_message_get_seqnum(message);
        gst_message_unref(message);
    }
}

TEST(SimdFftMessages, PlanarAudioAndOtherByteOrdersGiveTheSame) {
    const auto audio = float_noise(2 * 2000);
    SpectrumHarness plain("simdfft", kShort);
    plain.set_caps(audio_caps("F32LE", 48000, 2));
    const auto expected = measure(plain, audio);

    SpectrumHarness planar("simdfft", kShort);
    const std::string caps = audio_caps("F32LE", 48000, 2, "non-interleaved");
    planar.set_caps(caps);
    EXPECT_EQ(planar.push(planar_buffer(audio, caps)), GST_FLOW_OK);
    const auto from_planar = planar.messages();

    SpectrumHarness big("simdfft", kShort);
    big.set_caps(audio_caps("F32BE", 48000, 2));
    std::vector<std::uint32_t> swapped(audio.size());
    for (std::size_t i = 0; i < audio.size(); ++i)
        swapped[i] = GUINT32_TO_BE(std::bit_cast<std::uint32_t>(audio[i]));
    EXPECT_EQ(big.push(buffer_of(swapped, 0)), GST_FLOW_OK);
    const auto from_big = big.messages();

    ASSERT_EQ(expected.size(), 4U);
    ASSERT_EQ(from_planar.size(), 4U);
    ASSERT_EQ(from_big.size(), 4U);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(from_planar[i].magnitude, expected[i].magnitude);
        EXPECT_EQ(from_big[i].magnitude, expected[i].magnitude);
    }
}

TEST(SimdFftMessages, PlanarAudioWithoutItsMetaIsAnError) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 2, "non-interleaved"));
    EXPECT_EQ(h.push(buffer_of(float_noise(100), 0)), GST_FLOW_ERROR);
    EXPECT_NE(h.error(), "");
}

TEST(SimdFftMessages, PlanarAudioWhoseMetaIsOfOtherAudioIsAnError) {
    SpectrumHarness h("simdfft", kShort);
    const std::string caps = audio_caps("F32LE", 48000, 2, "non-interleaved");
    for (const std::string& other :
         {audio_caps("F32LE", 48000, 2), audio_caps("F32LE", 48000, 1, "non-interleaved"),
          audio_caps("S16LE", 48000, 2, "non-interleaved")}) {
        h.set_caps(caps);
        EXPECT_EQ(h.push(planar_buffer(float_noise(200), other)), GST_FLOW_ERROR) << other;
        EXPECT_NE(h.error(), "");
    }
}

TEST(SimdFftMessages, PlanarAudioThatIsRefusedCountsTheFramesOfItsMeta) {
    SpectrumHarness h("simdfft", kShort);
    const std::string caps = audio_caps("F32LE", 48000, 2, "non-interleaved");
    h.set_caps(caps);
    const auto shortened = [&] { // in the meta alone; the memory stays
        return gst_audio_buffer_truncate(planar_buffer(float_noise(2 * 100), caps), 8, 0, 60);
    };
    EXPECT_EQ(h.push(shortened()), GST_FLOW_OK);
    EXPECT_EQ(h.stat("frames"), 60U);
    set_properties(h.element(), "bands=1073741824"); // too many
    EXPECT_EQ(h.push(shortened()), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_EQ(h.stat("frames"), 60U);
    EXPECT_EQ(h.stat("frames-refused"), 60U);
}

TEST(SimdFftMessages, ChunkingChangesNothing) {
    const auto audio = float_noise(48000);
    SpectrumHarness whole("simdfft", "bands=100 interval=7123456");
    SpectrumHarness pieces("simdfft", "bands=100 interval=7123456");
    whole.set_caps(audio_caps("F32LE", 48000, 1));
    pieces.set_caps(audio_caps("F32LE", 48000, 1));
    const auto expected = measure(whole, audio);
    std::mt19937 random(11);
    for (std::size_t at = 0; at < audio.size();) { // buffers of 0 and of 1 sample among them
        const std::size_t size = std::min<std::size_t>(
            audio.size() - at, random() % 4 == 0 ? random() % 2 : random() % 700);
        const auto first = audio.begin() + static_cast<std::ptrdiff_t>(at);
        const std::vector<float> piece(first, first + static_cast<std::ptrdiff_t>(size));
        ASSERT_EQ(pieces.push(buffer_of(piece, gst_util_uint64_scale_round(at, GST_SECOND, 48000))),
                  GST_FLOW_OK);
        at += size;
    }
    const auto got = pieces.messages();
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        EXPECT_EQ(got[i].magnitude, expected[i].magnitude);
}

TEST(SimdFftMessages, ManyBandsAreFinite) {
    SpectrumHarness h("simdfft", "bands=32769 interval=1000000000 threshold=-150");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    const auto messages = measure(h, float_noise(48000));
    ASSERT_EQ(messages.size(), 1U);
    ASSERT_EQ(messages[0].magnitude[0].size(), 32769U);
    for (const float value : messages[0].magnitude[0]) {
        ASSERT_TRUE(std::isfinite(value));
        ASSERT_LT(value, 0);
    }
}

TEST(SimdFftMessages, TooManyBandsAreRefusedWithTheNumber) {
    SpectrumHarness h("simdfft", "bands=100000000");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    EXPECT_EQ(h.push(buffer_of(float_noise(100), 0)), GST_FLOW_NOT_NEGOTIATED);
    const std::string error = h.error();
    EXPECT_NE(error.find("100000000"), std::string::npos) << error;
    EXPECT_NE(error.find("8388609"), std::string::npos) << error;
    EXPECT_EQ(h.push(buffer_of(float_noise(100), 0)), GST_FLOW_NOT_NEGOTIATED);
    set_properties(h.element(), "bands=100");
    EXPECT_EQ(h.push(buffer_of(float_noise(100), 0)), GST_FLOW_OK);
}

TEST(SimdFftMessages, ManyBandsOfManyChannelsAreRefusedWithWhatWouldDo) {
    SpectrumHarness h("simdfft", "bands=8388609 multi-channel=true");
    h.set_caps(audio_caps("F32LE", 48000, 64));
    EXPECT_EQ(h.push(buffer_of(float_noise(64), 0)), GST_FLOW_NOT_NEGOTIATED);
    const std::string error = h.error();
    EXPECT_NE(error.find("8388609"), std::string::npos) << error;
    EXPECT_NE(error.find("524289"), std::string::npos) << error;
    set_properties(h.element(), "bands=100");
    EXPECT_EQ(h.push(buffer_of(float_noise(64), 0)), GST_FLOW_OK);
}

TEST(SimdFftMessages, AFlushForgetsTheInterval) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    h.push(buffer_of(float_noise(470), 0));
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_start()));
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_stop(TRUE)));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_segment(&segment)));
    h.push(buffer_of(float_noise(470), 3 * GST_SECOND));
    EXPECT_TRUE(h.messages().empty());
    h.push(buffer_of(float_noise(10), 4 * GST_SECOND));
    const auto messages = h.messages();
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].timestamp, 3 * GST_SECOND);
}

TEST(SimdFftMessages, ASegmentInBytesGivesNoTimes) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    EXPECT_TRUE(gst_harness_push_event(h.get(), make_segment(GST_FORMAT_BYTES)));
    const auto messages = measure(h, float_noise(480));
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].running_time, GST_CLOCK_TIME_NONE);
    EXPECT_EQ(messages[0].endtime, GST_CLOCK_TIME_NONE);
}

TEST(SimdFftMessages, WithQosLateBuffersAreDroppedAndCounted) {
    SpectrumHarness h("simdfft", std::string(kShort) + "qos=true");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    h.push(buffer_of(float_noise(480), 0));
    EXPECT_TRUE(gst_harness_push_upstream_event(
        h.get(), gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, 0.5, GST_SECOND, GST_SECOND)));
    EXPECT_EQ(gst_harness_push(h.get(), buffer_of(float_noise(480), GST_SECOND)), GST_FLOW_OK);
    EXPECT_EQ(gst_harness_try_pull(h.get()), nullptr);
    GstMessage* message = h.pop(GST_MESSAGE_QOS);
    ASSERT_NE(message, nullptr);
    guint64 dropped = 0;
    gst_message_parse_qos_stats(message, nullptr, nullptr, &dropped);
    EXPECT_EQ(dropped, 1U);
    gst_message_unref(message);
    EXPECT_EQ(h.stat("late-buffers-dropped"), 1U);
    EXPECT_EQ(gst_harness_push(h.get(), buffer_of(float_noise(480), 3 * GST_SECOND)), GST_FLOW_OK);
    GstBuffer* out = gst_harness_pull(h.get());
    EXPECT_TRUE(GST_BUFFER_IS_DISCONT(out));
    gst_buffer_unref(out);
}

TEST(SimdFftMessages, NotANumberAndInfinityDoNoHarm) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    auto audio = float_noise(480 * 4);
    audio[10] = std::numeric_limits<float>::quiet_NaN();
    audio[20] = std::numeric_limits<float>::infinity();
    const auto messages = measure(h, audio);
    ASSERT_EQ(messages.size(), 4U);
    for (const float value : messages.back().magnitude[0])
        EXPECT_TRUE(std::isfinite(value));
}

TEST(SimdFftMessages, DenormalNumbersStayThoseOfTheThread) {
    // Some plugins of the system switch them off as they are loaded.
    ASSERT_EQ(std::fesetenv(FE_DFL_ENV), 0);
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    const auto messages = measure(h, std::vector<float>(960, 1e-41F));
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_EQ(messages[1].magnitude[0][3], -200);
    volatile float tiny = 1e-41F;
    EXPECT_GT(tiny * 2, 0) << "the thread still flushes denormal numbers to zero";
}

TEST(SimdFftMessages, StatisticsCountWhatWasDone) {
    SpectrumHarness h("simdfft", std::string(kShort) + "multi-channel=false");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    h.push(buffer_of(float_noise(480), 0));
    h.push(buffer_of(float_noise(490), 0));
    h.push(buffer_of(std::vector<std::uint8_t>(6), 0, true));
    EXPECT_EQ(h.stat("buffers"), 3U);
    EXPECT_EQ(h.stat("frames"), 971U);
    EXPECT_EQ(h.stat("rest-bytes"), 2U);
    EXPECT_EQ(h.stat("messages"), 2U);
    EXPECT_EQ(h.stat("transforms"), 6U);
    EXPECT_EQ(h.stat("discontinuities"), 1U);
    EXPECT_GT(h.stat("process-time-max"), 0U);
}

TEST(SimdFftMessages, CapsThatAreNoAudioAreRefused) {
    SpectrumHarness h("simdfft", kShort);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    gst_harness_push_event(h.get(), make_caps("video/x-raw"));
    EXPECT_EQ(h.push(buffer_of(float_noise(480), 0)), GST_FLOW_NOT_NEGOTIATED);
}

// GStreamer counts the bits of a frame in 32 bits; of these 0 and 32 are left.
TEST(SimdFftMessages, ChannelsWhoseFrameIsTooLargeAreRefused) {
    for (const unsigned channels : {1U << 30, (1U << 30) + 1}) {
        SpectrumHarness h("simdfft", kShort);
        h.set_caps(audio_caps("F32LE", 48000, channels));
        EXPECT_EQ(h.push(buffer_of(float_noise(480), 0)), GST_FLOW_NOT_NEGOTIATED);
        EXPECT_NE(h.error().find(std::to_string(channels)), std::string::npos);
    }
}
