// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfft among other elements: seeks, both faces at once, live.
#include "launched_pipeline.h"

#include <condition_variable>
#include <mutex>

using namespace tactus;

namespace {

struct Seen {
    GstClockTime pts = 0;
    guint64 offset = 0;
    bool discont = false;
};

/// Notes what a fakesink named "out" gets.
class Watch {
  public:
    explicit Watch(const LaunchedPipeline& pipeline) {
        GstElement* sink = pipeline.child("out");
        g_object_set(sink, "signal-handoffs", TRUE, nullptr);
        g_signal_connect(sink, "handoff", G_CALLBACK(on_buffer), this);
        g_signal_connect(sink, "preroll-handoff", G_CALLBACK(on_preroll), this);
    }
    /// What came since the last call. The preroll buffer comes first, and once.
    std::vector<Seen> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(seen_, {});
    }

    /// Waits until as many have come.
    bool wait_count(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, kPatience, [&] { return seen_.size() >= count; });
    }

  private:
    void note(GstBuffer* buffer) {
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
        if (!seen_.empty() && seen_.back().pts == GST_BUFFER_PTS(buffer))
            return; // it was the preroll's
        seen_.push_back({GST_BUFFER_PTS(buffer), GST_BUFFER_OFFSET(buffer),
                         GST_BUFFER_IS_DISCONT(buffer) != FALSE});
    }
    static void on_buffer(GstElement*, GstBuffer* buffer, GstPad*, Watch* self) {
        self->note(buffer);
    }
    static void on_preroll(GstElement*, GstBuffer* buffer, GstPad*, Watch* self) {
        self->note(buffer);
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Seen> seen_;
};

constexpr const char* kSeekable =
    "audiotestsrc num-buffers=300 samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=1 ! "
    "simdfft fft-size=4800 hop-size=480 ! audio/x-stft ! fakesink name=out sync=false";

bool seek(LaunchedPipeline& pipeline, GstSeekFlags flags, GstClockTime from, gint64 to) {
    return gst_element_seek(pipeline.get(), 1, GST_FORMAT_TIME, flags, GST_SEEK_TYPE_SET,
                            static_cast<gint64>(from),
                            to < 0 ? GST_SEEK_TYPE_NONE : GST_SEEK_TYPE_SET, to) != FALSE;
}

void expect_message(LaunchedPipeline& pipeline, GstMessageType type) {
    GstMessage* message = pipeline.wait_for(static_cast<GstMessageType>(type | GST_MESSAGE_ERROR));
    ASSERT_NE(message, nullptr);
    EXPECT_EQ(GST_MESSAGE_TYPE(message), type);
    gst_message_unref(message);
}

} // namespace

TEST(SimdFftPipelines, AfterASeekTheFirstFrameIsWhereItWentTo) {
    LaunchedPipeline pipeline(kSeekable);
    Watch watch(pipeline);
    gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
    expect_message(pipeline, GST_MESSAGE_ASYNC_DONE);
    watch.take();
    ASSERT_TRUE(seek(pipeline, GST_SEEK_FLAG_FLUSH, 5 * GST_SECOND, -1));
    expect_message(pipeline, GST_MESSAGE_ASYNC_DONE);
    pipeline.play();
    EXPECT_EQ(pipeline.wait(), "");
    const auto seen = watch.take();
    ASSERT_GT(seen.size(), 10U);
    EXPECT_EQ(seen[0].pts, 5 * GST_SECOND);
    EXPECT_TRUE(seen[0].discont);
    for (std::size_t i = 1; i < seen.size(); ++i) {
        EXPECT_EQ(seen[i].pts, 5 * GST_SECOND + i * 10 * GST_MSECOND);
        EXPECT_EQ(seen[i].offset, seen[0].offset + i * 480);
        EXPECT_FALSE(seen[i].discont);
    }
}

TEST(SimdFftPipelines, ASegmentIsToldToItsEnd) {
    LaunchedPipeline pipeline(kSeekable);
    Watch watch(pipeline);
    gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
    expect_message(pipeline, GST_MESSAGE_ASYNC_DONE);
    watch.take();
    ASSERT_TRUE(seek(pipeline,
                     static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_SEGMENT),
                     GST_SECOND, gint64{2 * GST_SECOND}));
    pipeline.play();
    expect_message(pipeline, GST_MESSAGE_SEGMENT_DONE);
    // The source posts the message before it sends the event, which the last frames wait for. That
    // at the very end is outside of the segment: the sink throws it away.
    ASSERT_TRUE(watch.wait_count(100));
    const auto seen = watch.take();
    ASSERT_EQ(seen.size(), 100U);
    EXPECT_EQ(seen.front().pts, GST_SECOND);
    EXPECT_EQ(seen.back().pts, 1990 * GST_MSECOND);
}

TEST(SimdFftPipelines, BothFacesStandBesideEachOther) {
    LaunchedPipeline pipeline(
        "audiotestsrc num-buffers=100 samplesperbuffer=480 ! audio/x-raw,rate=48000,channels=2 ! "
        "tee name=t t. ! queue ! simdfft interval=100000000 ! fakesink "
        "t. ! queue ! simdfft fft-size=960 ! audio/x-stft,format=(string)db-f32 ! "
        "fakesink name=out");
    Watch watch(pipeline);
    pipeline.play();
    unsigned messages = 0;
    while (true) {
        GstMessage* message = pipeline.wait_for(
            static_cast<GstMessageType>(GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR));
        ASSERT_NE(message, nullptr);
        const GstMessageType type = GST_MESSAGE_TYPE(message);
        gst_message_unref(message);
        EXPECT_NE(type, GST_MESSAGE_ERROR);
        if (type != GST_MESSAGE_ELEMENT)
            break;
        ++messages;
    }
    EXPECT_EQ(messages, 10U);
    EXPECT_EQ(watch.take().size(), 201U);
}

TEST(SimdFftPipelines, ALiveStreamArrivesInTimeWithTheLatencyItTells) {
    LaunchedPipeline pipeline(
        "audiotestsrc is-live=true num-buffers=30 samplesperbuffer=480 ! "
        "audio/x-raw,rate=48000,channels=1 ! simdfft fft-size=1920 ! audio/x-stft ! "
        "fakesink name=out sync=true");
    pipeline.play();
    EXPECT_EQ(pipeline.wait(), "");
    GstQuery* query = gst_query_new_latency();
    ASSERT_TRUE(gst_element_query(pipeline.get(), query));
    GstClockTime least = 0;
    gst_query_parse_latency(query, nullptr, &least, nullptr);
    gst_query_unref(query);
    EXPECT_GE(least, 20 * GST_MSECOND);
}

TEST(SimdFftPipelines, ARecordingGoesThroughInEveryFormat) {
    const std::string wav = "/usr/share/sounds/alsa/Front_Center.wav";
    if (!g_file_test(wav.c_str(), G_FILE_TEST_EXISTS))
        GTEST_SKIP() << wav << " is not there (alsa-utils)";
    for (const char* format :
         {"complex-f32", "magnitude-f32", "power-f32", "db-f32", "phase-f32"}) {
        LaunchedPipeline pipeline("filesrc location=" + wav +
                                  " ! wavparse ! simdfft ! audio/x-stft,format=(string)" + format +
                                  " ! fakesink name=out");
        Watch watch(pipeline);
        pipeline.play();
        EXPECT_EQ(pipeline.wait(), "");
        const auto seen = watch.take();
        EXPECT_EQ(seen.size(), 135U) << format; // 68545 samples, a frame every 512
    }
}
