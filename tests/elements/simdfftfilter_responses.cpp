// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfftfilter: where responses come from, how they change, and which are refused.
#include "filter_feed.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fstream>
#include <future>
#include <sys/stat.h>
#include <unistd.h>

using namespace tactus;

namespace {

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

TEST(SimdFftFilter, AFileThatIsReadSlowlyHoldsNobodyUp) {
    const std::string path =
        std::string(g_get_tmp_dir()) + "/slow" + std::to_string(getpid()) + ".wav";
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    AudioFeed feed("simdfftfilter latency-frames=64");
    set_kernel(feed.element(), {2.0});
    feed.set_format(kFloat, 48'000, 1);
    auto set = std::async(std::launch::async, [&] {
        g_object_set(feed.element(), "kernel-file", path.c_str(), nullptr);
        return true;
    });
    int writer = -1; // can be opened once somebody reads, who gets nothing until it is closed
    ASSERT_TRUE(comes_true([&] {
        writer = open(path.c_str(), O_WRONLY | O_NONBLOCK);
        return writer >= 0 || set.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }));
    if (writer < 0) {
        std::remove(path.c_str());
        GTEST_SKIP() << "built without libsndfile";
    }
    EXPECT_EQ(feed.push(std::vector<float>(640, 1.0F)), GST_FLOW_OK);
    EXPECT_EQ(feed.stat("frames-in"), 640U);
    gchar* file = nullptr;
    g_object_get(feed.element(), "kernel-file", &file, nullptr);
    EXPECT_EQ(file, path);
    g_free(file);
    EXPECT_EQ(set.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
    close(writer);
    EXPECT_TRUE(result_of(set));
    std::remove(path.c_str());
    EXPECT_NE(feed.complaint(GST_MESSAGE_WARNING).find(path), std::string::npos);
    EXPECT_NEAR(feed.samples<float>().back(), 2.0F, 1e-5); // the response before
}

TEST(SimdFftFilter, RefusesMoreTapsThanItsMemoryIsFor) {
    AudioFeed feed("simdfftfilter");
    set_bytes(feed.element(), 1, std::vector<float>((std::size_t{1} << 21) + 1, 0.5F));
    feed.try_caps(std::string("audio/x-raw,layout=interleaved,rate=48000,channels=64,"
                              "channel-mask=(bitmask)0,format=") +
                  kFloat);
    EXPECT_EQ(feed.push(std::vector<float>(64)), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_EQ(
        feed.complaint(GST_MESSAGE_ERROR),
        "2097153 taps, with 64 channels in and responses: 1; there must be 2064888 taps at most");
}

// --- wrong input

TEST(SimdFftFilter, SaysWhichFileItCannotRead) {
    AudioFeed feed("simdfftfilter");
    gst_element_set_state(feed.element(), GST_STATE_NULL);
    g_object_set(feed.element(), "kernel-file", "/no/such.wav", nullptr);
    EXPECT_EQ(gst_element_set_state(feed.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    const std::string error = feed.complaint(GST_MESSAGE_ERROR);
    if (error.find("libsndfile") != std::string::npos)
        EXPECT_NE(error.find("kernel-file=/no/such.wav: "), std::string::npos) << error;
    else
        EXPECT_EQ(error, "kernel-file=/no/such.wav: cannot be read: No such file or directory; it "
                         "must be a WAV, FLAC or AIFF file");
    g_object_set(feed.element(), "kernel-file", nullptr, nullptr);
    EXPECT_EQ(gst_element_set_state(feed.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
}

TEST(SimdFftFilter, SaysWhatAFileThatIsNoSoundShouldBe) {
    AudioFeed feed("simdfftfilter");
    gst_element_set_state(feed.element(), GST_STATE_NULL);
    const std::string path = TACTUS_TEST_SUPPORT "/filter_feed.h";
    g_object_set(feed.element(), "kernel-file", path.c_str(), nullptr);
    EXPECT_EQ(gst_element_set_state(feed.element(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
    const std::string error = feed.complaint(GST_MESSAGE_ERROR);
    if (error.find("libsndfile") != std::string::npos)
        GTEST_SKIP() << "built without libsndfile";
    EXPECT_EQ(error.find("kernel-file=" + path + ": cannot be read: "), 0U) << error;
    EXPECT_NE(error.find("; it must be a WAV, FLAC or AIFF file"), std::string::npos) << error;
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

TEST(SimdFftFilter, KeepsItsLatencyWithTheResponseBefore) {
    AudioFeed feed("simdfftfilter latency-frames=480");
    gst_harness_set_live(feed.harness(), TRUE);
    feed.set_format(kFloat, 48'000, 1);
    feed.push(std::vector<float>(1000, 1.0F));
    g_object_set(feed.element(), "latency", guint64{480}, "kernel-file", "/nonexistent", nullptr);
    feed.push(std::vector<float>(1000, 1.0F));
    EXPECT_NE(feed.complaint(GST_MESSAGE_WARNING).find("/nonexistent"), std::string::npos);
    EXPECT_EQ(gst_harness_query_latency(feed.harness()), 10 * GST_MSECOND);
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
