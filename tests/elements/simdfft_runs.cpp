// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft where downstream takes audio/x-stft: when its frames are, and where runs begin and end.
#include "stream_harness.h"

#include <algorithm>

using namespace tactus;

TEST(SimdFftRuns, TimesAndOffsetsAreExact) {
    for (const bool center : {true, false}) {
        SCOPED_TRACE(center);
        StreamHarness h(std::string("fft-size=256 hop-size=77 center=") +
                        (center ? "true" : "false"));
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

TEST(SimdFftRuns, SeveralFramesShareABuffer) {
    const auto audio = float_noise(2 * 6000);
    const auto frames = frames_of(config_of(2, 256, 100), audio); // 61
    StreamHarness h("fft-size=256 hop-size=100 frames-per-buffer=8");
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

TEST(SimdFftRuns, ADiscontinuityStartsARunAndTheOldOneIsToldToItsEnd) {
    StreamHarness h("fft-size=256 hop-size=64");
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

TEST(SimdFftRuns, AJumpOfTheTimestampsStartsARunAndAFewMillisecondsDoNot) {
    StreamHarness h("fft-size=256");
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

TEST(SimdFftRuns, AGapEndsTheRunBeforeItPasses) {
    StreamHarness h("fft-size=256");
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

TEST(SimdFftRuns, ANewStreamEndsTheRunBeforeItBegins) {
    StreamHarness h("fft-size=256");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(1000), 0)), GST_FLOW_OK);
    EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_stream_start("another")));
    const auto buffers = h.pull();
    ASSERT_FALSE(buffers.empty());
    EXPECT_EQ(buffers.back().offset_end, 1000U);
}

TEST(SimdFftRuns, AFlushForgetsTheRunAndCountsIt) {
    StreamHarness h("fft-size=256 hop-size=256 center=false");
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

TEST(SimdFftRuns, NewCapsEndTheRunAndGiveNewCaps) {
    StreamHarness h("fft-size=256");
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

TEST(SimdFftRuns, PropertiesChangeWhileItRuns) {
    StreamHarness h("fft-size=256");
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

// Settings that cannot be leave all as it is, the run that is played, too.
TEST(SimdFftRuns, WhatIsRefusedWhileItRunsDoesNotEndTheRun) {
    for (const char* refused :
         {"frames-per-buffer=65536", "window=custom", "window-length=16384"}) {
        SCOPED_TRACE(refused);
        StreamHarness h("fft-size=8192 hop-size=64");
        h.set_caps(audio_caps("F32LE", 48000, 1));
        const auto audio = float_noise(2000);
        const std::vector<float> first(audio.begin(), audio.begin() + 1000);
        const std::vector<float> second(audio.begin() + 1000, audio.end());
        ASSERT_EQ(h.feed(buffer_of(first, 0)), GST_FLOW_OK);
        set_properties(h.element(), refused);
        ASSERT_EQ(h.feed(buffer_of(second, time_of(1000))), GST_FLOW_OK);
        GstMessage* warning = h.pop(GST_MESSAGE_WARNING);
        ASSERT_NE(warning, nullptr);
        gst_message_unref(warning);
        expect_frames(h.pull_rest(), frames_of(config_of(1, 8192, 64), audio));
        EXPECT_EQ(h.stat("runs"), 1U);
    }
}

TEST(SimdFftRuns, LatencyIsThatOfTheWindowAndTheBuffer) {
    struct Case {
        const char* properties;
        std::uint64_t samples;
    };
    for (const Case& c :
         {Case{"fft-size=960 center=true", 480}, Case{"fft-size=960 center=false", 960},
          Case{"fft-size=960 hop-size=240 frames-per-buffer=5", 480 + 4 * 240}}) {
        SCOPED_TRACE(c.properties);
        StreamHarness h(c.properties);
        gst_harness_set_upstream_latency(h.get(), 7 * GST_MSECOND);
        h.set_caps(audio_caps("F32LE", 48000, 1));
        ASSERT_EQ(h.feed(buffer_of(float_noise(1), 0)), GST_FLOW_OK);
        EXPECT_EQ(gst_harness_query_latency(h.get()), 7 * GST_MSECOND + time_of(c.samples));
        GstMessage* message = h.pop(GST_MESSAGE_LATENCY);
        ASSERT_NE(message, nullptr);
        gst_message_unref(message);
    }
}

TEST(SimdFftRuns, WithoutTimestampsThereAreNoTimesUntilABufferHasOne) {
    StreamHarness h("fft-size=480 hop-size=480 center=false");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    ASSERT_EQ(h.feed(buffer_of(float_noise(960, 1), GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    for (const StreamBuffer& buffer : h.pull()) {
        EXPECT_EQ(buffer.pts, GST_CLOCK_TIME_NONE);
        EXPECT_EQ(buffer.duration, 10 * GST_MSECOND);
    }
    // From the second buffer on all follows from its time, and no run is broken off for it.
    ASSERT_EQ(h.feed(buffer_of(float_noise(960, 2), 5 * GST_SECOND)), GST_FLOW_OK);
    ASSERT_EQ(h.feed(buffer_of(float_noise(960, 3), GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    const auto buffers = h.pull_rest();
    ASSERT_EQ(buffers.size(), 4U);
    for (std::size_t i = 0; i < buffers.size(); ++i) {
        EXPECT_EQ(buffers[i].pts, 5 * GST_SECOND + i * 10 * GST_MSECOND);
        EXPECT_EQ(buffers[i].offset, (i + 2) * 480);
    }
    EXPECT_EQ(h.stat("runs"), 1U);
}

TEST(SimdFftRuns, TimesGoAlongWithADriftingClockAndTheRunGoesOn) {
    StreamHarness h("fft-size=480 hop-size=480 center=false");
    h.set_caps(audio_caps("F32LE", 48000, 1));
    // 0.1 ms too late for each 10 ms: 100 ms at the end.
    for (std::size_t i = 0; i < 1000; ++i)
        ASSERT_EQ(h.feed(buffer_of(float_noise(480), i * 10'100 * GST_USECOND)), GST_FLOW_OK);
    const auto buffers = h.pull_rest();
    ASSERT_EQ(buffers.size(), 1000U);
    for (std::size_t i = 0; i < buffers.size(); ++i)
        ASSERT_NEAR(static_cast<double>(buffers[i].pts), static_cast<double>(i) * 10.1e6, 3e6);
    EXPECT_EQ(h.stat("runs"), 1U);
}

TEST(SimdFftRuns, PlayedBackwardsEachBufferIsARun) {
    for (const bool flagged : {true, false}) {
        StreamHarness h("fft-size=256");
        h.set_caps(audio_caps("F32LE", 48000, 1));
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        segment.rate = -1;
        segment.stop = GST_SECOND;
        EXPECT_TRUE(gst_harness_push_event(h.get(), gst_event_new_segment(&segment)));
        std::vector<std::vector<float>> expected;
        for (unsigned i = 10; i > 0; --i) {
            const auto audio = float_noise(480, i);
            ASSERT_EQ(h.feed(buffer_of(audio, i * 10 * GST_MSECOND, flagged)), GST_FLOW_OK);
            const auto frames = frames_of(config_of(1, 256, 64), audio);
            expected.insert(expected.end(), frames.begin(), frames.end());
        }
        const auto buffers = h.pull_rest();
        expect_frames(buffers, expected);
        EXPECT_EQ(buffers[0].pts, 100 * GST_MSECOND);
        EXPECT_EQ(buffers[buffers.size() * 9 / 10].pts, 10 * GST_MSECOND);
        EXPECT_EQ(h.stat("runs"), 10U);
    }
}
