// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#define GLIB_DISABLE_DEPRECATION_WARNINGS

#include "audio_feed.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>

using namespace tactus;

namespace {

constexpr const char* kFloat = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "F32LE" : "F32BE";
constexpr const char* kDouble = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "F64LE" : "F64BE";
constexpr const char* kShort = G_BYTE_ORDER == G_LITTLE_ENDIAN ? "S16LE" : "S16BE";

void set_kernel(GstElement* element, const std::vector<double>& taps) {
    GValueArray* const array = g_value_array_new(static_cast<guint>(taps.size()));
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_DOUBLE);
    for (const double tap : taps) {
        g_value_set_double(&value, tap);
        g_value_array_append(array, &value);
    }
    g_object_set(element, "kernel", array, nullptr);
    g_value_array_free(array);
}

void set_bytes(GstElement* element, unsigned channels, const std::vector<float>& frames) {
    GBytes* const bytes = g_bytes_new(frames.data(), frames.size() * sizeof(float));
    g_object_set(element, "kernel-channels", channels, "kernel-bytes", bytes, nullptr);
    g_bytes_unref(bytes);
}

std::vector<double> noise_taps(std::size_t count, unsigned seed) {
    const std::vector<float> noise = float_noise_of(count, seed);
    return {noise.begin(), noise.end()};
}

template <typename Sample>
std::vector<Sample> audio(std::size_t samples, unsigned seed) {
    const std::vector<float> noise = float_noise_of(samples, seed);
    return {noise.begin(), noise.end()};
}

template <typename Sample>
double direct(const std::vector<double>& taps, const std::vector<Sample>& in, unsigned channels,
              unsigned channel, std::size_t frame) {
    double sum = 0;
    for (std::size_t n = 0; n < taps.size() && n <= frame; ++n)
        if (const std::size_t at = (frame - n) * channels + channel; at < in.size())
            sum += taps[n] * static_cast<double>(in[at]);
    return sum;
}

template <typename Sample>
void expect_filtered(const std::vector<double>& taps, const std::vector<Sample>& in,
                     const std::vector<Sample>& out, unsigned channels, std::size_t shift = 0,
                     double tolerance = 1e-5) {
    for (std::size_t i = 0; i < out.size(); i += 7)
        ASSERT_NEAR(
            static_cast<double>(out[i]),
            direct(taps, in, channels, static_cast<unsigned>(i % channels), i / channels + shift),
            tolerance)
            << i;
}

/// A WAV file of 32-bit floats; goes with this.
class WavFile {
  public:
    WavFile(const char* name, std::uint32_t rate, std::uint16_t channels,
            const std::vector<float>& frames)
        : path(std::string(g_get_tmp_dir()) + "/" + name + std::to_string(getpid()) + ".wav") {
        std::ofstream file(path, std::ios::binary);
        const auto put = [&](auto value) {
            file.write(reinterpret_cast<const char*>(&value), sizeof value);
        };
        const auto data = static_cast<std::uint32_t>(frames.size() * sizeof(float));
        file << "RIFF";
        put(std::uint32_t{36 + data});
        file << "WAVEfmt ";
        put(std::uint32_t{16});
        put(std::uint16_t{3}); // IEEE float
        put(channels);
        put(rate);
        put(std::uint32_t{rate * channels * 4});
        put(static_cast<std::uint16_t>(channels * 4));
        put(std::uint16_t{32});
        file << "data";
        put(data);
        file.write(reinterpret_cast<const char*>(frames.data()), data);
    }
    ~WavFile() { std::remove(path.c_str()); }
    WavFile(const WavFile&) = delete;
    WavFile& operator=(const WavFile&) = delete;

    const std::string path;
};

// --- beside the peer

struct PeerCase {
    const char* properties;
    unsigned channels;
};

class LikeItsPeer : public ::testing::TestWithParam<PeerCase> {
  protected:
    template <typename Sample>
    std::vector<Sample> run(const std::string& factory, const char* format, unsigned channels,
                            GstClockTime& first_time) {
        // Before the kernel: the peer frees that twice in the other order.
        AudioFeed feed(factory);
        set_kernel(feed.element(), noise_taps(100, 1));
        feed.set_format(format, 48'000, channels);
        feed.origin = GST_SECOND;
        feed.push_chunks(audio<Sample>(4000 * channels, 2), 3, 700);
        feed.end();
        const auto out = feed.samples<Sample>();
        first_time = feed.times.front();
        return out;
    }

    template <typename Sample>
    void compare(const char* format, double tolerance) {
        const std::string properties = GetParam().properties;
        GstClockTime times[2] = {};
        const auto peer = run<Sample>("audiofirfilter low-latency=true " + properties, format,
                                      GetParam().channels, times[0]);
        const auto blocks = run<Sample>("simdfftfilter latency-frames=64 " + properties, format,
                                        GetParam().channels, times[1]);
        EXPECT_EQ(times[0], times[1]);
        const auto at_once = run<Sample>("simdfftfilter low-latency=true " + properties, format,
                                         GetParam().channels, times[1]);
        EXPECT_EQ(times[0], times[1]);
        ASSERT_EQ(peer.size(), 4000 * GetParam().channels);
        ASSERT_EQ(blocks.size(), peer.size());
        ASSERT_EQ(at_once.size(), peer.size());
        for (std::size_t i = 0; i < peer.size(); ++i) {
            ASSERT_NEAR(blocks[i], peer[i], tolerance) << i;
            ASSERT_NEAR(at_once[i], peer[i], tolerance) << i;
        }
    }
};

TEST_P(LikeItsPeer, FiltersFloats) {
    compare<float>(kFloat, 1e-5);
}

TEST_P(LikeItsPeer, FiltersDoubles) {
    compare<double>(kDouble, 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Cases, LikeItsPeer,
                         ::testing::Values(PeerCase{"", 1}, PeerCase{"", 2},
                                           PeerCase{"latency=50", 2}, PeerCase{"latency=99", 1}));

// --- what comes out when

TEST(SimdFftFilter, PutsOutAsMuchAsComesInWithExactTimes) {
    for (const char* const mode : {"", "low-latency=true", "latency=333 latency-frames=100"}) {
        AudioFeed feed(std::string("simdfftfilter ") + mode);
        set_kernel(feed.element(), noise_taps(2000, 1));
        feed.set_format(kFloat, 44'100, 2);
        feed.origin = 5 * GST_SECOND;
        feed.push_chunks(audio<float>(2 * 44'100, 2), 3, 900);
        feed.end();
        EXPECT_EQ(feed.samples<float>().size(), 2 * 44'100U);
        EXPECT_EQ(feed.times.front(), 5 * GST_SECOND);
        EXPECT_EQ(feed.gaps, 0U);
        EXPECT_EQ(feed.disconts, 1U); // the first
        EXPECT_EQ(feed.stat("frames-in"), 44'100U);
        EXPECT_EQ(feed.stat("frames-out"), 44'100U);
        EXPECT_EQ(feed.stat("frames-flushed"), 0U);
    }
}

TEST(SimdFftFilter, DoesNotDependOnHowAudioIsCut) {
    const auto run = [](unsigned seed, std::size_t most) {
        AudioFeed feed("simdfftfilter latency-frames=128");
        set_kernel(feed.element(), noise_taps(3000, 1));
        feed.set_format(kFloat, 48'000, 1);
        feed.push_chunks(audio<float>(20'000, 2), seed, most);
        feed.end();
        return feed.samples<float>();
    };
    const auto whole = run(1, 20'000);
    EXPECT_EQ(run(2, 1), whole);
    EXPECT_EQ(run(3, 300), whole);
}

TEST(SimdFftFilter, LetsTheKernelRingOnIfAsked) {
    AudioFeed feed("simdfftfilter drain-tail=true latency=20");
    const auto taps = noise_taps(10'000, 1);
    set_kernel(feed.element(), taps);
    feed.set_format(kFloat, 48'000, 1);
    const auto in = audio<float>(1000, 2);
    feed.push_chunks(in, 3, 300);
    feed.end();
    const auto out = feed.samples<float>();
    EXPECT_EQ(out.size(), 1000U + 9999U);
    EXPECT_EQ(feed.gaps, 0U);
    expect_filtered(taps, in, out, 1, 20);
}

TEST(SimdFftFilter, ReportsItsLatency) {
    const auto latency = [](const char* properties, bool is_live) {
        AudioFeed feed(std::string("simdfftfilter ") + properties);
        gst_harness_set_upstream_latency(feed.harness(), 10 * GST_MSECOND);
        gst_harness_set_live(feed.harness(), is_live);
        feed.set_format(kFloat, 48'000, 1);
        return gst_harness_query_latency(feed.harness());
    };
    EXPECT_EQ(latency("latency-frames=480", true), 20 * GST_MSECOND);
    EXPECT_EQ(latency("latency-frames=480 latency=240", true), 25 * GST_MSECOND);
    EXPECT_EQ(latency("latency-frames=480 latency=240 low-latency=true", true), 15 * GST_MSECOND);
}

TEST(SimdFftFilter, SaysThatItsLatencyHasChanged) {
    AudioFeed feed("simdfftfilter latency-frames=480");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(audio<float>(1000, 1));
    GstMessage* message = feed.pop(GST_MESSAGE_LATENCY);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
    g_object_set(feed.element(), "latency", guint64{10}, nullptr);
    feed.push(audio<float>(1000, 1));
    message = feed.pop(GST_MESSAGE_LATENCY);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
}

// --- breaks

TEST(SimdFftFilter, DrainsAndForgetsAtADiscontinuity) {
    const auto taps = noise_taps(300, 1);
    const auto in = audio<float>(1000, 2);
    for (const bool flagged : {true, false}) {
        AudioFeed feed("simdfftfilter latency=7");
        set_kernel(feed.element(), taps);
        feed.set_format(kFloat, 48'000, 1);
        feed.push(in);
        feed.seek_to(flagged ? 1000 : 48'000); // else the time jumps
        GstBuffer* const buffer = feed.make(in);
        if (flagged)
            GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
        feed.push(buffer);
        feed.end();
        const auto out = feed.samples<float>();
        ASSERT_EQ(out.size(), 2000U);
        const auto middle = out.begin() + 1000;
        expect_filtered(taps, in, std::vector<float>(out.begin(), middle), 1, 7);
        expect_filtered(taps, in, std::vector<float>(middle, out.end()), 1, 7);
        EXPECT_EQ(feed.disconts, 2U);
        EXPECT_EQ(feed.gaps, flagged ? 0U : 1U);
        EXPECT_EQ(feed.stat("discontinuities"), 1U);
    }
}

TEST(SimdFftFilter, DoesNotMindTimesThatJitter) {
    const auto taps = noise_taps(300, 1);
    const auto in = audio<float>(4800, 2);
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), taps);
    feed.set_format(kFloat, 48'000, 1);
    for (std::size_t i = 0; i < 10; ++i) {
        GstBuffer* const buffer =
            feed.make(std::vector<float>(in.begin() + static_cast<std::ptrdiff_t>(480 * i),
                                         in.begin() + static_cast<std::ptrdiff_t>(480 * (i + 1))));
        GST_BUFFER_PTS(buffer) += i % 3 * 4 * GST_MSECOND;
        feed.push(buffer);
    }
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), in.size());
    expect_filtered(taps, in, out, 1);
    EXPECT_EQ(feed.disconts, 1U);
}

TEST(SimdFftFilter, ForgetsAllInAFlush) {
    const auto taps = noise_taps(300, 1);
    const auto in = audio<float>(1000, 2);
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), taps);
    feed.set_format(kFloat, 48'000, 1);
    feed.push(in);
    feed.send(gst_event_new_flush_start());
    feed.send(gst_event_new_flush_stop(TRUE));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    feed.send(gst_event_new_segment(&segment));
    feed.samples<float>();
    feed.seek_to(0);
    feed.push(in);
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), in.size());
    expect_filtered(taps, in, out, 1);
    EXPECT_EQ(feed.stat("frames-flushed"), 1000U - 768U);
}

TEST(SimdFftFilter, DrainsBeforeASegmentItsEndAndANewStream) {
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.start = segment.time = GST_SECOND;
    for (GstEvent* const event :
         {gst_event_new_segment(&segment), gst_event_new_stream_start("another"),
          gst_event_new_segment_done(GST_FORMAT_TIME, GST_SECOND)}) {
        AudioFeed feed("simdfftfilter latency-frames=1000");
        feed.set_format(kFloat, 48'000, 1);
        feed.push(audio<float>(300, 1));
        EXPECT_TRUE(feed.samples<float>().empty());
        const char* const name = GST_EVENT_TYPE_NAME(event);
        feed.send(event);
        EXPECT_EQ(feed.samples<float>().size(), 300U) << name;
    }
}

TEST(SimdFftFilter, TakesGapsForSilence) {
    const auto taps = noise_taps(300, 1);
    auto in = audio<float>(3000, 2);
    std::fill(in.begin() + 1000, in.begin() + 2000, 0.0F);
    for (const bool by_event : {true, false}) {
        AudioFeed feed("simdfftfilter");
        set_kernel(feed.element(), taps);
        feed.set_format(kFloat, 48'000, 1);
        feed.push(std::vector<float>(in.begin(), in.begin() + 1000));
        if (by_event) {
            feed.send(gst_event_new_gap(feed.time_of(1000), feed.time_of(1000)));
            feed.seek_to(2000);
        } else {
            GstBuffer* const gap = feed.make(std::vector<float>(1000, 77.0F));
            GST_BUFFER_FLAG_SET(gap, GST_BUFFER_FLAG_GAP);
            feed.push(gap);
        }
        feed.push(std::vector<float>(in.begin() + 2000, in.end()));
        feed.end();
        const auto out = feed.samples<float>();
        ASSERT_EQ(out.size(), in.size());
        expect_filtered(taps, in, out, 1);
        EXPECT_EQ(feed.gaps, 0U);
        EXPECT_EQ(feed.stat("frames-silent"), 1000U);
    }
}

TEST(SimdFftFilter, PassesLongGapsOn) {
    AudioFeed feed("simdfftfilter");
    feed.set_format(kFloat, 48'000, 1);
    feed.push(audio<float>(100, 1));
    feed.send(gst_event_new_gap(feed.time_of(100), GST_SECOND * 3600));
    EXPECT_EQ(feed.samples<float>().size(), 100U);
    EXPECT_EQ(feed.stat("frames-silent"), 0U);
}

TEST(SimdFftFilter, DrainsWhenTheCapsChange) {
    const auto taps = noise_taps(300, 1);
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), taps);
    feed.set_format(kFloat, 48'000, 1);
    const auto first = audio<float>(1000, 2);
    feed.push(first);
    feed.set_format(kFloat, 44'100, 2);
    const auto before = feed.samples<float>();
    ASSERT_EQ(before.size(), 1000U);
    expect_filtered(taps, first, before, 1);
    const auto second = audio<float>(2000, 3);
    feed.push(second);
    feed.end();
    const auto after = feed.samples<float>();
    ASSERT_EQ(after.size(), 2000U);
    expect_filtered(taps, second, after, 2);
}

TEST(SimdFftFilter, GoesOnWhenDownstreamNegotiatesAnew) {
    const auto taps = noise_taps(300, 1);
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), taps);
    feed.set_format(kFloat, 48'000, 1);
    const auto in = audio<float>(2000, 2);
    feed.push(std::vector<float>(in.begin(), in.begin() + 1000));
    gst_harness_push_upstream_event(feed.harness(), gst_event_new_reconfigure());
    feed.push(std::vector<float>(in.begin() + 1000, in.end()));
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), in.size());
    expect_filtered(taps, in, out, 1);
    EXPECT_EQ(feed.disconts, 1U);
}

// --- responses

TEST(SimdFftFilter, FadesOverToANewKernelWhilePlaying) {
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), {1.0});
    feed.set_format(kFloat, 48'000, 1);
    std::vector<float> tone(48'000);
    for (std::size_t n = 0; n < tone.size(); ++n)
        tone[n] = static_cast<float>(std::sin(static_cast<double>(n) * 0.01));
    const auto middle = tone.begin() + 24'000;
    feed.push_chunks(std::vector<float>(tone.begin(), middle), 1, 700);
    set_kernel(feed.element(), {-0.5});
    feed.push_chunks(std::vector<float>(middle, tone.end()), 1, 700);
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), tone.size());
    EXPECT_NEAR(out[20'000], tone[20'000], 1e-5);
    EXPECT_NEAR(out[40'000], -0.5F * tone[40'000], 1e-5);
    // A step of 1.5 in 256 frames, where the tone itself has at most 0.01.
    for (std::size_t n = 1; n < out.size(); ++n)
        ASSERT_LT(std::abs(out[n] - out[n - 1]), 0.02) << n;
    EXPECT_EQ(feed.stat("exchanges"), 1U);
    EXPECT_EQ(feed.stat("discontinuities"), 0U);
}

TEST(SimdFftFilter, BeginsAnewWithANewKernelIfAsked) {
    const auto taps = noise_taps(300, 9);
    AudioFeed feed("simdfftfilter drain-on-changes=true");
    feed.set_format(kFloat, 48'000, 1);
    const auto in = audio<float>(1000, 2);
    feed.push(in);
    set_kernel(feed.element(), taps);
    feed.push(in);
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), 2000U);
    expect_filtered({1.0}, in, std::vector<float>(out.begin(), out.begin() + 1000), 1);
    expect_filtered(taps, in, std::vector<float>(out.begin() + 1000, out.end()), 1);
    EXPECT_EQ(feed.stat("exchanges"), 1U);
}

TEST(SimdFftFilter, ReadsAKernelFromAFile) {
    const auto left = noise_taps(500, 1);
    const auto right = noise_taps(500, 2);
    std::vector<float> frames;
    for (std::size_t n = 0; n < left.size(); ++n) {
        frames.push_back(static_cast<float>(left[n]));
        frames.push_back(static_cast<float>(right[n]));
    }
    const WavFile file("kernel", 48'000, 2, frames);
    AudioFeed feed("simdfftfilter kernel-file=" + file.path);
    feed.set_format(kFloat, 48'000, 2);
    const auto in = audio<float>(4000, 2);
    feed.push(in);
    feed.end();
    const auto out = feed.samples<float>();
    if (out.empty() && feed.complaint(GST_MESSAGE_ERROR).find("libsndfile") != std::string::npos)
        GTEST_SKIP() << "built without libsndfile";
    ASSERT_EQ(out.size(), in.size());
    for (std::size_t n = 0; n < 2000; n += 11) {
        ASSERT_NEAR(out[2 * n], direct(left, in, 2, 0, n), 1e-5);
        ASSERT_NEAR(out[2 * n + 1], direct(right, in, 2, 1, n), 1e-5);
    }
    EXPECT_EQ(feed.complaint(GST_MESSAGE_WARNING), "");
    AudioFeed other("simdfftfilter kernel-file=" + file.path);
    other.set_format(kFloat, 44'100, 2);
    EXPECT_NE(other.complaint(GST_MESSAGE_WARNING).find("is for 48000 Hz"), std::string::npos);
}

TEST(SimdFftFilter, MixesChannelsByAMatrix) {
    AudioFeed feed("simdfftfilter out-channels=1");
    set_bytes(feed.element(), 2, {1.0F, 0.0F, 0.0F, 0.5F}); // left at once, right a frame later
    feed.set_format(kFloat, 48'000, 2);
    const auto in = audio<float>(2000, 2);
    feed.push(in);
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), 1000U);
    for (std::size_t n = 1; n < out.size(); ++n)
        ASSERT_NEAR(out[n], in[2 * n] + 0.5F * in[2 * n - 1], 1e-5);
}

TEST(SimdFftFilter, MakesMoreChannelsThanComeIn) {
    AudioFeed feed("simdfftfilter out-channels=6");
    set_bytes(feed.element(), 6, {1, 2, 3, 4, 5, 6});
    feed.set_format(kFloat, 48'000, 1);
    feed.push(std::vector<float>(256, 1.0F));
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), 256U * 6);
    for (std::size_t i = 0; i < out.size(); ++i)
        ASSERT_NEAR(out[i], static_cast<float>(i % 6 + 1), 1e-5);
    GstCaps* const caps = gst_pad_get_current_caps(feed.harness()->sinkpad);
    GstAudioInfo info;
    ASSERT_TRUE(gst_audio_info_from_caps(&info, caps));
    EXPECT_EQ(GST_AUDIO_INFO_CHANNELS(&info), 6);
    gst_caps_unref(caps);
}

TEST(SimdFftFilter, RoundsIntegers) {
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), {-2.0});
    feed.set_format(kShort, 48'000, 1);
    feed.push(std::vector<std::int16_t>{1, -1, 300, 20'000, -20'000});
    feed.end();
    const std::vector<std::int16_t> expected{-2, 2, -600, -32'768, 32'767};
    EXPECT_EQ(feed.samples<std::int16_t>(), expected);
}

TEST(SimdFftFilter, AsksForAKernelWhenTheRateChanges) {
    AudioFeed feed("simdfftfilter");
    static std::vector<int> rates;
    rates.clear();
    const auto handler = +[](GstElement* element, int rate, gpointer) {
        rates.push_back(rate);
        set_kernel(element, {static_cast<double>(rate)});
    };
    g_signal_connect(feed.element(), "rate-changed", G_CALLBACK(handler), nullptr);
    for (const int rate : {48'000, 44'100}) {
        feed.set_format(kFloat, static_cast<unsigned>(rate), 1);
        feed.push(std::vector<float>(1000, 1.0F));
        const auto out = feed.samples<float>();
        ASSERT_FALSE(out.empty());
        EXPECT_NEAR(out.back(), static_cast<float>(rate), 0.1);
    }
    EXPECT_EQ(rates, (std::vector<int>{48'000, 44'100}));
}

// --- wrong input

TEST(SimdFftFilter, SaysWhichFileItCannotRead) {
    AudioFeed feed("simdfftfilter");
    gst_element_set_state(feed.element(), GST_STATE_NULL);
    g_object_set(feed.element(), "kernel-file", "/no/such.wav", nullptr);
    EXPECT_EQ(gst_element_set_state(feed.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    EXPECT_NE(feed.complaint(GST_MESSAGE_ERROR).find("/no/such.wav"), std::string::npos);
    g_object_set(feed.element(), "kernel-file", nullptr, nullptr);
    EXPECT_EQ(gst_element_set_state(feed.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
}

TEST(SimdFftFilter, CountsBytesThatAreNoFrameAndWarnsOnce) {
    AudioFeed feed("simdfftfilter low-latency=true");
    feed.set_format(kFloat, 48'000, 1);
    for (int i = 0; i < 3; ++i)
        feed.push(gst_buffer_new_allocate(nullptr, 402, nullptr));
    EXPECT_EQ(feed.samples<float>().size(), 300U);
    EXPECT_EQ(feed.stat("rest-bytes"), 6U);
    EXPECT_NE(feed.complaint(GST_MESSAGE_WARNING).find("402 bytes"), std::string::npos);
    EXPECT_EQ(feed.complaint(GST_MESSAGE_WARNING), "");
}

TEST(SimdFftFilter, KeepsItsResponseIfANewOneIsWrong) {
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), {2.0});
    feed.set_format(kFloat, 48'000, 2);
    feed.push(std::vector<float>(1000, 1.0F));
    set_bytes(feed.element(), 3, {1, 2, 3});
    EXPECT_EQ(feed.complaint(GST_MESSAGE_WARNING),
              "3 responses for 2 channels: there must be 1 (for all), 2 (one for each) or 4 (from "
              "each to each); the response before stays");
    set_bytes(feed.element(), 3, {1, 2});
    EXPECT_NE(feed.complaint(GST_MESSAGE_WARNING).find("12 bytes for each tap"), std::string::npos);
    set_bytes(feed.element(), 1, {1, NAN});
    EXPECT_EQ(feed.complaint(GST_MESSAGE_WARNING),
              "tap 1 of response 0 is not a finite number; the response before stays");
    feed.push(std::vector<float>(1000, 1.0F));
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), 2000U);
    EXPECT_NEAR(out.back(), 2.0F, 1e-5);
}

TEST(SimdFftFilter, RefusesCapsThatItsResponsesDoNotFit) {
    AudioFeed feed("simdfftfilter");
    set_bytes(feed.element(), 3, {1, 2, 3});
    feed.try_caps(std::string("audio/x-raw,layout=interleaved,rate=48000,channels=2,format=") +
                  kFloat);
    EXPECT_NE(feed.push(std::vector<float>(100)), GST_FLOW_OK);
    EXPECT_NE(feed.complaint(GST_MESSAGE_ERROR).find("3 responses for 2 channels"),
              std::string::npos);
}

TEST(SimdFftFilter, SurvivesWhatIsNotANumber) {
    AudioFeed feed("simdfftfilter latency-frames=64");
    set_kernel(feed.element(), noise_taps(100, 1));
    feed.set_format(kFloat, 48'000, 1);
    feed.push(std::vector<float>{NAN, INFINITY, -INFINITY, 1e-40F});
    const auto in = audio<float>(1000, 2);
    feed.push(in);
    feed.end();
    const auto out = feed.samples<float>();
    ASSERT_EQ(out.size(), 1004U);
    EXPECT_TRUE(std::isfinite(out.back())); // it has died away
}

TEST(SimdFftFilter, GoesUpAndDownAThousandTimes) {
    AudioFeed feed("simdfftfilter latency-frames=64");
    set_kernel(feed.element(), noise_taps(100, 1));
    feed.set_format(kFloat, 48'000, 1);
    for (int i = 0; i < 1000; ++i) {
        gst_element_set_state(feed.element(), GST_STATE_NULL);
        ASSERT_EQ(gst_element_set_state(feed.element(), GST_STATE_PLAYING),
                  GST_STATE_CHANGE_SUCCESS);
    }
}

TEST(SimdFftFilter, IsGivenKernelsWhileAudioFlows) {
    AudioFeed feed("simdfftfilter latency-frames=64");
    feed.set_format(kFloat, 48'000, 2);
    std::atomic<bool> over{false};
    std::thread setter([&] {
        for (unsigned i = 0; !over.load(); ++i)
            set_kernel(feed.element(), std::vector<double>(1 + i % 500, 1.0 / (1 + i % 500)));
    });
    float most = 0;
    for (int i = 0; i < 2000 || feed.stat("exchanges") < 5; ++i) {
        feed.push(std::vector<float>(512, 1.0F));
        for (const float sample : feed.samples<float>())
            most = std::max(most, std::abs(sample));
    }
    over = true;
    setter.join();
    EXPECT_LT(most, 1.0001F);
}

} // namespace
