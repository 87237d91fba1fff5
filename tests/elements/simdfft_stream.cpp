// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft where downstream takes audio/x-stft: caps, and the numbers of core's Stft.
#include "sanitized.h"
#include "stream_harness.h"

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <limits>
#include <numbers>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

using namespace tactus;

namespace {

/// The samples in another format, by GStreamer's own functions.
std::vector<std::uint8_t> packed(const std::vector<float>& audio, const char* format) {
    const GstAudioFormatInfo* info =
        gst_audio_format_get_info(gst_audio_format_from_string(format));
    std::vector<std::int32_t> whole(audio.size());
    std::vector<double> real(audio.size());
    for (std::size_t n = 0; n < audio.size(); ++n) {
        real[n] = audio[n];
        whole[n] = static_cast<std::int32_t>(std::ldexp(real[n], 31));
    }
    gpointer samples = real.data();
    if (info->unpack_format == GST_AUDIO_FORMAT_S32)
        samples = whole.data();
    std::vector<std::uint8_t> bytes(audio.size() * static_cast<std::size_t>(info->width) / 8);
    info->pack_func(info, GST_AUDIO_PACK_FLAG_NONE, samples, bytes.data(),
                    static_cast<gint>(audio.size()));
    return bytes;
}

template <typename Action>
void push_pieces(StreamHarness& h, const std::vector<float>& interleaved, unsigned channels,
                 const Action& size) {
    const std::size_t frames = interleaved.size() / channels;
    for (std::size_t at = 0; at < frames;) {
        const std::size_t end = std::min(frames, at + size());
        const auto first = interleaved.begin();
        const std::vector<float> piece(first + static_cast<std::ptrdiff_t>(at * channels),
                                       first + static_cast<std::ptrdiff_t>(end * channels));
        ASSERT_EQ(h.feed(buffer_of(piece, time_of(at))), GST_FLOW_OK);
        at = end;
    }
}

} // namespace

TEST(SimdFftStream, FramesAreThoseOfCoreForEveryChannel) {
    StreamHarness h("fft-size=512 hop-size=100");
    h.set_caps(audio_caps("F32LE", 48000, 3));
    const auto audio = float_noise(3 * 5000);
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    expect_frames(h.pull_rest(), frames_of(config_of(3, 512, 100), audio));
}

TEST(SimdFftStream, ASineHasItsPeakWhereItsFrequencyIs) {
    StreamHarness h("fft-size=1000 scaling=magnitude center=false",
                    "audio/x-stft,format=(string)magnitude-f32");
    h.set_caps(audio_caps("S16LE", 48000, 1));
    std::vector<std::int16_t> audio(48000);
    for (std::size_t n = 0; n < audio.size(); ++n)
        audio[n] = static_cast<std::int16_t>(
            std::lrint(16384 * std::sin(2 * std::numbers::pi * 0.05 * static_cast<double>(n))));
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    const auto buffers = h.pull();
    ASSERT_GT(buffers.size(), 100U);
    EXPECT_EQ(buffers[50].values.size(), 501U);
    EXPECT_NEAR(buffers[50].values[50], 0.25, 1e-4);
    EXPECT_NEAR(buffers[50].values[60], 0, 1e-4);
}

TEST(SimdFftStream, ChunkingChangesNothingToTheLastBit) {
    const auto audio = float_noise(2 * 20000);
    const auto expected = frames_of(config_of(2, 300, 70), audio);
    for (const unsigned seed : {1U, 2U, 3U}) {
        StreamHarness h("fft-size=300 hop-size=70");
        h.set_caps(audio_caps("F32LE", 48000, 2));
        std::mt19937 random(seed); // buffers of 0 and of 1 frame among them
        push_pieces(h, audio, 2, [&] { return random() % 3 == 0 ? random() % 2 : random() % 900; });
        expect_frames(h.pull_rest(), expected);
    }
}

TEST(SimdFftStream, EverySampleFormatIsTaken) {
    // Exact in every format.
    std::vector<float> audio(1000);
    for (std::size_t n = 0; n < audio.size(); ++n)
        audio[n] = static_cast<float>(static_cast<int>(n * 37 % 256) - 128) / 128;
    const auto expected = frames_of(config_of(1, 64, 16), audio);
    for (const char* format : {"S8", "U8", "S16LE", "S16BE", "S24LE", "S24BE", "S24_32LE",
                               "S24_32BE", "S32LE", "S32BE", "F32LE", "F32BE", "F64LE", "F64BE"}) {
        SCOPED_TRACE(format);
        StreamHarness h("fft-size=64");
        h.set_caps(audio_caps(format, 48000, 1));
        ASSERT_EQ(h.feed(buffer_of(packed(audio, format), 0)), GST_FLOW_OK);
        expect_frames(h.pull_rest(), expected);
    }
}

TEST(SimdFftStream, DownstreamChoosesTheFormat) {
    const auto audio = float_noise(3000);
    for (const StftFormat format : {StftFormat::complex, StftFormat::magnitude, StftFormat::power,
                                    StftFormat::db, StftFormat::phase}) {
        const std::string name = stft_format_name(format);
        SCOPED_TRACE(name);
        StreamHarness h("fft-size=256", ("audio/x-stft,format=(string)" + name).c_str());
        h.set_caps(audio_caps("F32LE", 48000, 1));
        ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
        EXPECT_NE(h.src_caps().find("format=(string)" + name), std::string::npos) << h.src_caps();
        StftConfig config = config_of(1, 256, 64);
        config.format = format;
        expect_frames(h.pull_rest(), frames_of(config, audio));
    }
}

TEST(SimdFftStream, CapsSayWhatTheFramesAre) {
    StreamHarness h(
        "fft-size=400 window-length=300 hop-size=50 window=kaiser kaiser-beta=5 scaling=psd "
        "center=false");
    h.set_caps("audio/x-raw,format=F32LE,rate=16000,channels=2,layout=interleaved,"
               "channel-mask=(bitmask)3");
    ASSERT_EQ(h.feed(buffer_of(float_noise(2), 0)), GST_FLOW_OK);
    const std::string caps = h.src_caps();
    for (const char* field :
         {"format=(string)complex-f32", "rate=(int)16000", "channels=(int)2", "fft-size=(int)400",
          "window-length=(int)300", "hop-size=(int)50", "window=(string)kaiser",
          "kaiser-beta=(double)5", "scaling=(string)psd", "center=(boolean)false",
          "channel-mask=(bitmask)0x0000000000000003"})
        EXPECT_NE(caps.find(field), std::string::npos) << field << " in " << caps;
}

TEST(SimdFftStream, BandsAndSmoothingAreThoseOfCore) {
    const auto audio = float_noise(2 * 8000);
    StreamHarness h("fft-size=512 band-count=20 bands-scale=mel smoothing-attack=1000000 "
                    "smoothing-release=50000000",
                    "audio/x-stft,format=(string){complex-f32,db-f32}");
    h.set_caps(audio_caps("F32LE", 48000, 2));
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    StftConfig config = config_of(2, 512, 128);
    config.format = StftFormat::db; // complex numbers have no bands
    config.band_count = 20;
    config.bands_scale = FrequencyScale::mel;
    config.attack_s = 0.001;
    config.release_s = 0.05;
    expect_frames(h.pull_rest(), frames_of(config, audio));
}

TEST(SimdFftStream, BuffersThatDownstreamDoesNotWantAreCounted) {
    StreamHarness h("fft-size=512");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(1000), 0)), GST_FLOW_OK);
    gst_pad_set_active(h.get()->sinkpad, FALSE);
    for (int i = 1; i <= 5; ++i) {
        GstBuffer* const buffer = buffer_of(float_noise(1000), static_cast<std::size_t>(i) * 1000);
        GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT); // ends the run, with its last frames
        h.feed(buffer);
    }
    EXPECT_GE(stat_of(h.element(), "buffers-refused"), 1U);
    EXPECT_EQ(stat_of(h.element(), "buffers") + stat_of(h.element(), "buffers-refused"), 6U);
    EXPECT_EQ(stat_of(h.element(), "frames") + stat_of(h.element(), "frames-refused"), 6000U);
    gst_pad_set_active(h.get()->sinkpad, TRUE);
}

TEST(SimdFftStream, ACustomWindowIsUsed) {
    const auto audio = float_noise(1000);
    StreamHarness h("fft-size=8 window=custom");
    GValue values = G_VALUE_INIT;
    g_value_init(&values, GST_TYPE_ARRAY);
    StftConfig config = config_of(1, 8, 1);
    config.window.kind = WindowKind::custom;
    for (const double number : {0.5, 1.0, 2.0, 0.25}) {
        GValue item = G_VALUE_INIT;
        g_value_init(&item, G_TYPE_DOUBLE);
        g_value_set_double(&item, number);
        gst_value_array_append_and_take_value(&values, &item);
        config.window.custom.push_back(number);
    }
    config.window_length = 4;
    g_object_set_property(G_OBJECT(h.element()), "custom-window", &values);
    GValue back = G_VALUE_INIT;
    g_value_init(&back, GST_TYPE_ARRAY);
    g_object_get_property(G_OBJECT(h.element()), "custom-window", &back);
    EXPECT_EQ(gst_value_compare(&values, &back), GST_VALUE_EQUAL);
    g_value_unset(&values);
    g_value_unset(&back);
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    expect_frames(h.pull_rest(), frames_of(config, audio));
}

TEST(SimdFftStream, WhatCannotBeIsRefusedWithTheNumber) {
    struct Case {
        const char* properties;
        const char* sink_caps;
        unsigned channels;
        std::vector<std::string> words;
    };
    for (const Case& c :
         {Case{"fft-size=16777216", "audio/x-stft", 64, {"16777216", "64"}},
          Case{"", "audio/x-stft", 65, {"channels", "65", "64"}},
          Case{
              "fft-size=100 window-length=101", "audio/x-stft", 1, {"window-length", "101", "100"}},
          Case{"window=custom", "audio/x-stft", 1, {"window"}},
          Case{"fft-size=1048576 frames-per-buffer=65536",
               "audio/x-stft",
               1,
               {"frames-per-buffer", "65536"}},
          Case{"band-count=10",
               "audio/x-stft,format=(string)complex-f32",
               1,
               {"complex-f32", "magnitude-f32"}},
          Case{"fft-size=100",
               "audio/x-stft,fft-size=200",
               1,
               {"fft-size=(int)200", "fft-size=(int)100"}}}) {
        SCOPED_TRACE(c.properties);
        StreamHarness h(c.properties, c.sink_caps);
        h.set_caps(audio_caps("F32LE", 48000, c.channels));
        EXPECT_EQ(h.feed(buffer_of(std::vector<float>(c.channels), 0)), GST_FLOW_NOT_NEGOTIATED);
        const std::string error = h.error();
        for (const std::string& word : c.words)
            EXPECT_NE(error.find(word), std::string::npos) << word << " in: " << error;
    }
}

TEST(SimdFftStream, TheMostPointsWork) {
    constexpr unsigned kPoints =
        1U << (tactus::test::kSanitized ? 20 : 24); // the plan takes minutes there
    StreamHarness h("fft-size=" + std::to_string(kPoints) +
                    " window-length=4000 hop-size=4000 center=false");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(std::vector<float>(4000, 1), 0)), GST_FLOW_OK);
    const auto buffers = h.pull();
    ASSERT_EQ(buffers.size(), 1U);
    EXPECT_EQ(buffers[0].values.size(), kPoints + 2U);
    EXPECT_NEAR(buffers[0].values[0], 2000, 0.01);
}

TEST(SimdFftStream, TheMostChannelsWork) {
    StreamHarness h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 64));
    const auto audio = float_noise(64 * 1000);
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    expect_frames(h.pull_rest(), frames_of(config_of(64, 256, 64), audio));
}

TEST(SimdFftStream, SamplesThatAreNoNumbersCountAsSilence) {
    StreamHarness h("fft-size=256", "audio/x-stft,format=(string)db-f32");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    auto audio = float_noise(2000);
    audio[500] = std::numeric_limits<float>::quiet_NaN();
    audio[600] = std::numeric_limits<float>::infinity();
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    for (const StreamBuffer& buffer : h.pull_rest()) {
        for (const float value : buffer.values)
            ASSERT_TRUE(std::isfinite(value));
    }
    EXPECT_EQ(h.stat("non-finite"), 2U);
}

TEST(SimdFftStream, NoCalculationMeetsADenormalNumber) {
#if defined(__SSE2__)
    constexpr unsigned kDenormalMet = 2;
    ASSERT_EQ(std::fesetenv(FE_DFL_ENV), 0);
    StreamHarness h("fft-size=256", "audio/x-stft,format=(string)power-f32");
    h.set_caps(audio_caps("F32LE", 48000, 2));
    const std::vector<float> audio(2000, 1e-41F);
    _mm_setcsr(_mm_getcsr() & ~kDenormalMet);
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    EXPECT_EQ(_mm_getcsr() & kDenormalMet, 0U) << "which takes some processors 100 times as long";
    EXPECT_FALSE(h.pull_rest().empty());
#else
    GTEST_SKIP() << "this processor does not tell whether it has met one";
#endif
}

TEST(SimdFftStream, DownstreamMayChangeItsMind) {
    StreamHarness h("fft-size=256 bands=65 interval=10000000", "audio/x-raw");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(480), 0)), GST_FLOW_OK);
    EXPECT_EQ(h.messages().size(), 1U);
    EXPECT_EQ(h.pull().size(), 1U);
    gst_harness_set_sink_caps_str(h.get(), "audio/x-stft");
    EXPECT_TRUE(gst_harness_push_upstream_event(h.get(), gst_event_new_reconfigure()));
    const auto audio = float_noise(480, 3);
    ASSERT_EQ(h.feed(buffer_of(audio, 10 * GST_MSECOND)), GST_FLOW_OK);
    EXPECT_TRUE(h.messages().empty());
    EXPECT_NE(h.src_caps().find("audio/x-stft"), std::string::npos);
    gst_harness_set_sink_caps_str(h.get(), "audio/x-raw");
    EXPECT_TRUE(gst_harness_push_upstream_event(h.get(), gst_event_new_reconfigure()));
    ASSERT_EQ(h.feed(buffer_of(float_noise(480), 20 * GST_MSECOND)), GST_FLOW_OK);
    EXPECT_EQ(h.messages().size(), 1U);
    auto buffers = h.pull();
    buffers.pop_back(); // the audio
    expect_frames(buffers, frames_of(config_of(1, 256, 64), audio));
    EXPECT_NE(h.src_caps().find("audio/x-raw"), std::string::npos);
}

TEST(SimdFftStream, WhatDownstreamTakesIsAskedOfUpstream) {
    StreamHarness h("", "audio/x-stft,rate=16000,channels=2");
    GstPad* sink = gst_element_get_static_pad(h.element(), "sink");
    GstCaps* caps = gst_pad_query_caps(sink, nullptr);
    GstCaps* right = gst_caps_from_string(audio_caps("F32LE", 16000, 2).c_str());
    GstCaps* wrong = gst_caps_from_string(audio_caps("F32LE", 48000, 2).c_str());
    EXPECT_TRUE(gst_caps_can_intersect(caps, right));
    EXPECT_FALSE(gst_caps_can_intersect(caps, wrong));
    for (GstCaps* each : {caps, right, wrong})
        gst_caps_unref(each);
    gst_object_unref(sink);
}

TEST(SimdFftStream, ADownstreamThatTakesBothGetsAudio) {
    StreamHarness h("", "audio/x-stft;audio/x-raw");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(480), 0)), GST_FLOW_OK);
    EXPECT_NE(h.src_caps().find("audio/x-raw"), std::string::npos);
}
