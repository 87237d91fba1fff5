// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft where downstream takes audio/x-stft: times, runs, and the numbers of core's Stft.
#include "core/fft/stft.h"
#include "spectrum_harness.h"

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

struct StreamBuffer {
    GstClockTime pts = 0;
    GstClockTime duration = 0;
    guint64 offset = 0;
    guint64 offset_end = 0;
    bool discont = false;
    bool pooled = false;
    std::vector<float> values;
};

/// Downstream takes `sink_caps`.
class Stream : public SpectrumHarness {
  public:
    explicit Stream(const std::string& properties, const char* sink_caps = "audio/x-stft")
        : SpectrumHarness("simdfft", properties) {
        gst_harness_set_sink_caps_str(get(), sink_caps);
    }

    GstFlowReturn feed(GstBuffer* buffer) { return gst_harness_push(get(), buffer); }
    bool send_eos() { return gst_harness_push_event(get(), gst_event_new_eos()) != FALSE; }

    std::vector<StreamBuffer> pull() {
        std::vector<StreamBuffer> all;
        while (GstBuffer* buffer = gst_harness_try_pull(get())) {
            StreamBuffer b{GST_BUFFER_PTS(buffer),
                           GST_BUFFER_DURATION(buffer),
                           GST_BUFFER_OFFSET(buffer),
                           GST_BUFFER_OFFSET_END(buffer),
                           GST_BUFFER_IS_DISCONT(buffer) != FALSE,
                           buffer->pool != nullptr,
                           std::vector<float>(gst_buffer_get_size(buffer) / sizeof(float))};
            gst_buffer_extract(buffer, 0, b.values.data(), b.values.size() * sizeof(float));
            gst_buffer_unref(buffer);
            all.push_back(std::move(b));
        }
        return all;
    }
    std::vector<StreamBuffer> pull_rest() {
        EXPECT_TRUE(send_eos());
        return pull();
    }
    std::string src_caps() const {
        GstPad* pad = gst_element_get_static_pad(element(), "src");
        GstCaps* caps = gst_pad_get_current_caps(pad);
        gst_object_unref(pad);
        if (caps == nullptr)
            return {};
        gchar* text = gst_caps_to_string(caps);
        std::string result = text;
        g_free(text);
        gst_caps_unref(caps);
        return result;
    }
};

/// What core makes of interleaved samples: one run, frame by frame.
std::vector<std::vector<float>> frames_of(const StftConfig& config,
                                          const std::vector<float>& interleaved) {
    Stft stft(config);
    const std::size_t channels = config.channels;
    const std::size_t length = interleaved.size() / channels;
    std::vector<std::vector<float>> planar(channels, std::vector<float>(length));
    for (std::size_t i = 0; i < interleaved.size(); ++i)
        planar[i % channels][i / channels] = interleaved[i];
    std::vector<std::vector<float>> frames;
    const auto read = [&] {
        while (stft.ready()) {
            frames.emplace_back(stft.config().frame_floats());
            stft.read(frames.back().data());
        }
    };
    for (std::size_t done = 0; done < length;) {
        std::vector<const float*> rest;
        for (const auto& channel : planar)
            rest.push_back(channel.data() + done);
        done += stft.push(rest.data(), length - done);
        read();
    }
    stft.finish();
    read();
    return frames;
}

StftConfig config_of(unsigned channels, std::size_t fft_size, std::size_t hop_frames,
                     unsigned rate = 48000) {
    StftConfig config;
    config.channels = channels;
    config.rate = rate;
    config.fft_size = fft_size;
    config.hop_frames = hop_frames;
    return config;
}

void expect_frames(const std::vector<StreamBuffer>& buffers,
                   const std::vector<std::vector<float>>& frames) {
    ASSERT_EQ(buffers.size(), frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i)
        ASSERT_EQ(buffers[i].values, frames[i]) << "frame " << i;
}

GstClockTime time_of(std::uint64_t samples, unsigned rate = 48000) {
    return gst_util_uint64_scale(samples, GST_SECOND, rate);
}

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
void push_pieces(Stream& h, const std::vector<float>& interleaved, unsigned channels,
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
    Stream h("fft-size=512 hop-size=100");
    h.set_caps(audio_caps("F32LE", 48000, 3));
    const auto audio = float_noise(3 * 5000);
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    expect_frames(h.pull_rest(), frames_of(config_of(3, 512, 100), audio));
}

TEST(SimdFftStream, ASineHasItsPeakWhereItsFrequencyIs) {
    Stream h("fft-size=1000 scaling=magnitude center=false",
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

TEST(SimdFftStream, TimesAndOffsetsAreExact) {
    for (const bool center : {true, false}) {
        SCOPED_TRACE(center);
        Stream h(std::string("fft-size=256 hop-size=77 center=") + (center ? "true" : "false"));
        h.set_caps(audio_caps("F32LE", 44100, 1));
        const GstClockTime start = 3 * GST_SECOND + 1;
        ASSERT_EQ(h.feed(buffer_of(float_noise(10000), start)), GST_FLOW_OK);
        const auto buffers = h.pull_rest();
        ASSERT_GT(buffers.size(), 126U);
        for (std::size_t k = 0; k < buffers.size(); ++k) {
            const std::uint64_t sample = k * 77;
            EXPECT_EQ(buffers[k].pts, start + time_of(sample, 44100));
            EXPECT_EQ(buffers[k].offset, sample);
            EXPECT_EQ(buffers[k].discont, k == 0);
            EXPECT_TRUE(buffers[k].pooled);
            if (k + 10 < buffers.size()) {
                EXPECT_EQ(buffers[k].offset_end, sample + (center ? 77 : 256));
                EXPECT_EQ(buffers[k].pts + buffers[k].duration, buffers[k + 1].pts);
            }
        }
        EXPECT_EQ(buffers.back().offset_end, 10000U);
        EXPECT_LE(buffers.back().pts + buffers.back().duration,
                  start + time_of(std::max<std::uint64_t>(10000, buffers.back().offset), 44100));
        const std::size_t expected = center ? 10000 / 77 + 2 : (10000 - 256 + 76) / 77 + 1;
        EXPECT_EQ(buffers.size(), expected);
    }
}

TEST(SimdFftStream, ChunkingChangesNothingToTheLastBit) {
    const auto audio = float_noise(2 * 20000);
    const auto expected = frames_of(config_of(2, 300, 70), audio);
    for (const unsigned seed : {1U, 2U, 3U}) {
        Stream h("fft-size=300 hop-size=70");
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
        Stream h("fft-size=64");
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
        Stream h("fft-size=256", ("audio/x-stft,format=(string)" + name).c_str());
        h.set_caps(audio_caps("F32LE", 48000, 1));
        ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
        EXPECT_NE(h.src_caps().find("format=(string)" + name), std::string::npos) << h.src_caps();
        StftConfig config = config_of(1, 256, 64);
        config.format = format;
        expect_frames(h.pull_rest(), frames_of(config, audio));
    }
}

TEST(SimdFftStream, CapsSayWhatTheFramesAre) {
    Stream h("fft-size=400 window-length=300 hop-size=50 window=kaiser kaiser-beta=5 scaling=psd "
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
    Stream h("fft-size=512 band-count=20 bands-scale=mel smoothing-attack=1000000 "
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

TEST(SimdFftStream, ACustomWindowIsUsed) {
    const auto audio = float_noise(1000);
    Stream h("fft-size=8 window=custom");
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

TEST(SimdFftStream, SeveralFramesShareABuffer) {
    const auto audio = float_noise(2 * 6000);
    const auto frames = frames_of(config_of(2, 256, 100), audio); // 61
    Stream h("fft-size=256 hop-size=100 frames-per-buffer=8");
    h.set_caps(audio_caps("F32LE", 48000, 2));
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    const auto buffers = h.pull_rest();
    ASSERT_EQ(frames.size(), 61U);
    ASSERT_EQ(buffers.size(), 8U);
    std::size_t at = 0;
    for (const StreamBuffer& buffer : buffers) {
        EXPECT_EQ(buffer.offset, at * 100);
        const std::size_t count = buffer.values.size() / frames[0].size();
        EXPECT_EQ(count, at < 56 ? 8U : 5U);
        for (std::size_t i = 0; i < count; ++i, ++at)
            EXPECT_TRUE(std::equal(frames[at].begin(), frames[at].end(),
                                   buffer.values.begin() +
                                       static_cast<std::ptrdiff_t>(i * frames[0].size())));
    }
    EXPECT_EQ(buffers[3].offset_end, 3200U);
    EXPECT_EQ(buffers[3].duration, time_of(3200) - time_of(2400));
    EXPECT_EQ(buffers.back().offset_end, 6000U);
}

TEST(SimdFftStream, ADiscontinuityStartsARunAndTheOldOneIsToldToItsEnd) {
    Stream h("fft-size=256 hop-size=64");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    const auto first = float_noise(1000, 1);
    const auto second = float_noise(700, 2);
    ASSERT_EQ(h.feed(buffer_of(first, 0)), GST_FLOW_OK);
    ASSERT_EQ(h.feed(buffer_of(second, 9 * GST_SECOND, true)), GST_FLOW_OK);
    const auto buffers = h.pull_rest();
    auto expected = frames_of(config_of(1, 256, 64), first);
    const std::size_t boundary = expected.size();
    const auto rest = frames_of(config_of(1, 256, 64), second);
    expected.insert(expected.end(), rest.begin(), rest.end());
    expect_frames(buffers, expected);
    EXPECT_EQ(buffers[boundary - 1].offset_end, 1000U);
    EXPECT_TRUE(buffers[boundary].discont);
    EXPECT_EQ(buffers[boundary].pts, 9 * GST_SECOND);
    EXPECT_EQ(buffers[boundary].offset, 1000U);
    EXPECT_EQ(h.stat("runs"), 2U);
    EXPECT_EQ(h.stat("stream-frames"), buffers.size());
}

TEST(SimdFftStream, AJumpOfTheTimestampsStartsARunAndAFewMillisecondsDoNot) {
    Stream h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(480), 0)), GST_FLOW_OK);
    ASSERT_EQ(h.feed(buffer_of(float_noise(480), 15 * GST_MSECOND)), GST_FLOW_OK);
    EXPECT_EQ(h.stat("runs"), 1U);
    ASSERT_EQ(h.feed(buffer_of(float_noise(480), 100 * GST_MSECOND)), GST_FLOW_OK);
    EXPECT_EQ(h.stat("runs"), 2U);
    const auto buffers = h.pull_rest();
    const auto starts = std::count_if(buffers.begin(), buffers.end(),
                                      [](const StreamBuffer& b) { return b.discont; });
    EXPECT_EQ(starts, 2);
}

TEST(SimdFftStream, AGapEndsTheRunBeforeItPasses) {
    Stream h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(1000), 0)), GST_FLOW_OK);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_gap(time_of(1000), GST_SECOND)));
    EXPECT_EQ(h.pull().back().offset_end, 1000U);
    ASSERT_EQ(h.feed(buffer_of(float_noise(1000), 2 * GST_SECOND)), GST_FLOW_OK);
    const auto buffers = h.pull_rest();
    ASSERT_FALSE(buffers.empty());
    EXPECT_TRUE(buffers[0].discont);
    EXPECT_EQ(buffers[0].pts, 2 * GST_SECOND);
}

TEST(SimdFftStream, ANewStreamEndsTheRunBeforeItBegins) {
    Stream h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(1000), 0)), GST_FLOW_OK);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_stream_start("another")));
    const auto buffers = h.pull();
    ASSERT_FALSE(buffers.empty());
    EXPECT_EQ(buffers.back().offset_end, 1000U);
}

TEST(SimdFftStream, AFlushForgetsTheRunAndCountsIt) {
    Stream h("fft-size=256 hop-size=256 center=false");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(600), 0)), GST_FLOW_OK);
    EXPECT_EQ(h.pull().size(), 2U);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_start()));
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_flush_stop(TRUE)));
    EXPECT_TRUE(gst_harness_push_event(h.get(), make_segment()));
    EXPECT_EQ(h.stat("samples-flushed"), 600U - 512U);
    const auto audio = float_noise(300, 5);
    ASSERT_EQ(h.feed(buffer_of(audio, GST_SECOND)), GST_FLOW_OK);
    StftConfig config = config_of(1, 256, 256);
    config.center = false;
    const auto buffers = h.pull_rest();
    expect_frames(buffers, frames_of(config, audio));
    EXPECT_EQ(buffers[0].pts, GST_SECOND);
}

TEST(SimdFftStream, NewCapsEndTheRunAndGiveNewCaps) {
    Stream h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(1000, 1), 0)), GST_FLOW_OK);
    h.set_caps(audio_caps("S16LE", 16000, 2));
    auto buffers = h.pull();
    expect_frames(buffers, frames_of(config_of(1, 256, 64), float_noise(1000, 1)));
    ASSERT_EQ(h.feed(buffer_of(std::vector<std::int16_t>(2 * 500), GST_SECOND)), GST_FLOW_OK);
    EXPECT_NE(h.src_caps().find("rate=(int)16000, channels=(int)2"), std::string::npos);
    buffers = h.pull_rest();
    ASSERT_EQ(buffers.size(), 9U);
    EXPECT_EQ(buffers[0].values.size(), 2U * 2U * 129U);
    EXPECT_EQ(buffers[0].offset, 1000U);
}

TEST(SimdFftStream, PropertiesChangeWhileItRuns) {
    Stream h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(1000, 1), 0)), GST_FLOW_OK);
    set_properties(h.element(), "fft-size=128 window=blackman");
    ASSERT_EQ(h.feed(buffer_of(float_noise(500, 2), time_of(1000))), GST_FLOW_OK);
    const auto buffers = h.pull_rest();
    auto expected = frames_of(config_of(1, 256, 64), float_noise(1000, 1));
    StftConfig config = config_of(1, 128, 32);
    config.window.kind = WindowKind::blackman;
    const auto rest = frames_of(config, float_noise(500, 2));
    expected.insert(expected.end(), rest.begin(), rest.end());
    expect_frames(buffers, expected);
    EXPECT_NE(h.src_caps().find("window=(string)blackman"), std::string::npos);
}

TEST(SimdFftStream, LatencyIsThatOfTheWindowAndTheBuffer) {
    struct Case {
        const char* properties;
        std::uint64_t samples;
    };
    for (const Case& c :
         {Case{"fft-size=960 center=true", 480}, Case{"fft-size=960 center=false", 960},
          Case{"fft-size=960 hop-size=240 frames-per-buffer=5", 480 + 4 * 240}}) {
        SCOPED_TRACE(c.properties);
        Stream h(c.properties);
        gst_harness_set_upstream_latency(h.get(), 7 * GST_MSECOND);
        h.set_caps(audio_caps("F32LE", 48000, 1));
        ASSERT_EQ(h.feed(buffer_of(float_noise(1), 0)), GST_FLOW_OK);
        EXPECT_EQ(gst_harness_query_latency(h.get()), 7 * GST_MSECOND + time_of(c.samples));
        GstMessage* message = h.pop(GST_MESSAGE_LATENCY);
        ASSERT_NE(message, nullptr);
        gst_message_unref(message);
    }
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
        Stream h(c.properties, c.sink_caps);
        h.set_caps(audio_caps("F32LE", 48000, c.channels));
        EXPECT_NE(h.feed(buffer_of(std::vector<float>(c.channels), 0)), GST_FLOW_OK);
        const std::string error = h.error();
        for (const std::string& word : c.words)
            EXPECT_NE(error.find(word), std::string::npos) << word << " in: " << error;
    }
}

TEST(SimdFftStream, AMillionPointsAndTheMostChannelsWork) {
    {
        Stream h("fft-size=1048576 window-length=4000 hop-size=4000 center=false");
        h.set_caps(audio_caps("F32LE", 48000, 1));
        ASSERT_EQ(h.feed(buffer_of(std::vector<float>(4000, 1), 0)), GST_FLOW_OK);
        const auto buffers = h.pull();
        ASSERT_EQ(buffers.size(), 1U);
        EXPECT_EQ(buffers[0].values.size(), 2U * 524289U);
        EXPECT_NEAR(buffers[0].values[0], 2000, 0.01);
    }
    Stream h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 64));
    const auto audio = float_noise(64 * 1000);
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    expect_frames(h.pull_rest(), frames_of(config_of(64, 256, 64), audio));
}

TEST(SimdFftStream, SamplesThatAreNoNumbersCountAsSilence) {
    Stream h("fft-size=256", "audio/x-stft,format=(string)db-f32");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    auto audio = float_noise(2000);
    audio[500] = std::numeric_limits<float>::quiet_NaN();
    audio[600] = std::numeric_limits<float>::infinity();
    ASSERT_EQ(h.feed(buffer_of(audio, 0)), GST_FLOW_OK);
    for (const StreamBuffer& buffer : h.pull_rest()) {
        for (const float value : buffer.values)
            ASSERT_TRUE(std::isfinite(value));
    }
    EXPECT_EQ(h.stat("non-finite-samples"), 2U);
}

TEST(SimdFftStream, NoCalculationMeetsADenormalNumber) {
#if defined(__SSE2__)
    constexpr unsigned kDenormalMet = 2;
    ASSERT_EQ(std::fesetenv(FE_DFL_ENV), 0);
    Stream h("fft-size=256", "audio/x-stft,format=(string)power-f32");
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

TEST(SimdFftStream, PlayedBackwardsEachBufferIsARun) {
    Stream h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.rate = -1;
    segment.stop = GST_SECOND;
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_segment(&segment)));
    std::vector<std::vector<float>> expected;
    for (unsigned i = 10; i > 0; --i) {
        const auto audio = float_noise(480, i);
        ASSERT_EQ(h.feed(buffer_of(audio, i * 10 * GST_MSECOND, true)), GST_FLOW_OK);
        const auto frames = frames_of(config_of(1, 256, 64), audio);
        expected.insert(expected.end(), frames.begin(), frames.end());
    }
    const auto buffers = h.pull_rest();
    expect_frames(buffers, expected);
    EXPECT_EQ(buffers[0].pts, 100 * GST_MSECOND);
    EXPECT_EQ(h.stat("runs"), 10U);
}

TEST(SimdFftStream, DownstreamMayChangeItsMind) {
    Stream h("fft-size=256 bands=65 interval=10000000", "audio/x-raw");
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
    Stream h("", "audio/x-stft,rate=16000,channels=2");
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
    Stream h("", "audio/x-stft;audio/x-raw");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(480), 0)), GST_FLOW_OK);
    EXPECT_NE(h.src_caps().find("audio/x-raw"), std::string::npos);
}

TEST(SimdFftStream, StateCyclesWithDataLeakNothing) {
    Stream h("fft-size=256");
    for (int i = 0; i < 300; ++i) {
        gst_element_set_state(h.element(), GST_STATE_PLAYING);
        EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_stream_start("s")));
        h.set_caps(audio_caps("F32LE", 48000, 1));
        EXPECT_TRUE(gst_harness_push_event(h.get(), make_segment()));
        ASSERT_EQ(h.feed(buffer_of(float_noise(480), 0)), GST_FLOW_OK);
        EXPECT_EQ(h.pull().size(), 6U); // 128 more samples wait for the rest of their windows
        gst_element_set_state(h.element(), GST_STATE_NULL);
    }
}
