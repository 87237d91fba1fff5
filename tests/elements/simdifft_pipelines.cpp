// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Audio through simdfft and simdifft, and what came in beside what comes out.
#include "ifft_harness.h"
#include "launched_pipeline.h"

#include <random>
#include <sstream>

using namespace tactus;

namespace {

/// Interleaved float audio.
struct Heard {
    std::vector<float> samples;
    GstClockTime start = GST_CLOCK_TIME_NONE;
    GstClockTime end = GST_CLOCK_TIME_NONE;
    bool is_contiguous = true;

    void add(GstBuffer* buffer) {
        if (!GST_CLOCK_TIME_IS_VALID(start))
            start = GST_BUFFER_PTS(buffer);
        else if (end != GST_BUFFER_PTS(buffer))
            is_contiguous = false;
        end = GST_BUFFER_PTS(buffer) + GST_BUFFER_DURATION(buffer);
        GstMapInfo map;
        ASSERT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_READ));
        const auto* const values = reinterpret_cast<const float*>(map.data);
        samples.insert(samples.end(), values, values + map.size / sizeof(float));
        gst_buffer_unmap(buffer, &map);
    }
};

void listen(GstElement* identity, Heard& heard) {
    g_object_set(identity, "signal-handoffs", TRUE, nullptr);
    g_signal_connect(identity, "handoff",
                     G_CALLBACK(+[](GstElement*, GstBuffer* buffer, gpointer to) {
                         static_cast<Heard*>(to)->add(buffer);
                     }),
                     &heard);
}

double error_db(const std::vector<float>& found, const std::vector<float>& expected) {
    return tactus::error_db(Planar(1, found), Planar(1, expected));
}

} // namespace

TEST(SimdFftAndBack, GivesTheSameSamplesAtTheSameTimes) {
    for (const char* const settings :
         {"", "fft-size=512 hop-size=128 window=sqrt-hann", "fft-size=960 hop-size=480",
          "fft-size=1000 window-length=882 hop-size=441 window=hamming scaling=psd",
          "fft-size=2048 window=kaiser kaiser-beta=6 hop-size=300 frames-per-buffer=3",
          "fft-size=400 center=false window=hamming scaling=unitary"})
        for (const int buffer_samples : {1024, 441, 7}) {
            std::ostringstream text;
            text << "audiotestsrc wave=pink-noise num-buffers=" << 20'000 / buffer_samples
                 << " samplesperbuffer=" << buffer_samples
                 << " ! audio/x-raw,format=F32LE,channels=3,channel-mask=(bitmask)0x7 ! identity "
                    "name=before ! simdfft "
                 << settings << " ! simdifft ! identity name=after ! fakesink";
            LaunchedPipeline pipeline(text.str());
            Heard before;
            Heard after;
            listen(pipeline.child("before"), before);
            listen(pipeline.child("after"), after);
            pipeline.play();
            ASSERT_EQ(pipeline.wait(), "") << text.str();
            EXPECT_LE(error_db(after.samples, before.samples), -130) << text.str();
            EXPECT_EQ(after.start, before.start);
            EXPECT_EQ(after.end, before.end);
            EXPECT_TRUE(after.is_contiguous);
        }
}

namespace {

constexpr unsigned kRate = 48'000;

StftConfig stereo() {
    StftConfig config;
    config.channels = 2;
    config.rate = kRate;
    return config;
}

/// simdfft and simdifft, one behind the other, between pads of the test's own.
class There {
  public:
    explicit There(const std::string& between = "")
        : harness_(gst_harness_new_parse(
              ("simdfft name=there fft-size=512 " + between + " ! simdifft name=back").c_str())) {
        gst_harness_set_src_caps_str(
            harness_, "audio/x-raw,format=F32LE,layout=interleaved,rate=48000,channels=2");
        gst_harness_play(harness_);
    }
    ~There() { gst_harness_teardown(harness_); }
    There(const There&) = delete;
    There& operator=(const There&) = delete;

    GstHarness* get() const { return harness_; }
    bool send(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }
    GstFlowReturn push(const Planar& samples, std::size_t from, std::size_t frames,
                       GstClockTime start, bool discont) {
        GstBuffer* const buffer =
            gst_buffer_new_allocate(nullptr, frames * 2 * sizeof(float), nullptr);
        for (std::size_t n = 0; n < frames; ++n) {
            const float frame[] = {samples[0][from + n], samples[1][from + n]};
            gst_buffer_fill(buffer, n * sizeof(frame), frame, sizeof(frame));
        }
        FrameTimeline timeline(kRate);
        timeline.note(0, start);
        GST_BUFFER_PTS(buffer) = timeline.time_of(from);
        GST_BUFFER_DURATION(buffer) = timeline.duration_ns(from, from + frames);
        if (discont)
            GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
        return gst_harness_push(harness_, buffer);
    }
    /// All of it, in buffers of `chunk()` frames.
    template <typename Chunk>
    void push_all(const Planar& samples, GstClockTime start, Chunk chunk) {
        for (std::size_t from = 0; from < samples[0].size();) {
            const std::size_t frames = std::min<std::size_t>(chunk(), samples[0].size() - from);
            ASSERT_EQ(push(samples, from, frames, start, from == 0), GST_FLOW_OK);
            from += frames;
        }
    }
    std::vector<AudioRun> take() { return take_audio(harness_, stereo()); }

  private:
    GstHarness* harness_;
};

} // namespace

TEST(SimdFftAndBack, DoesNotDependOnChunks) {
    std::mt19937 random(1);
    const Planar samples = noise_of(2, 20'000);
    Planar first;
    for (int i = 0; i < 20; ++i) {
        There both(i % 2 != 0 ? "frames-per-buffer=4" : "");
        const auto chunk = [&]() -> std::size_t {
            return i == 0 ? 100'000 : random() % (2U << (i % 12));
        };
        both.push_all(samples, 3 * GST_SECOND, chunk);
        ASSERT_TRUE(both.send(gst_event_new_eos()));
        const auto runs = both.take();
        ASSERT_EQ(runs.size(), 1U);
        EXPECT_EQ(runs[0].start, 3 * GST_SECOND);
        EXPECT_LE(error_db(runs[0].samples, samples), -130);
        if (i == 0)
            first = runs[0].samples;
        EXPECT_EQ(runs[0].samples, first) << i;
    }
}

TEST(SimdFftAndBack, LosesNothingAroundADiscontinuity) {
    for (const bool by_gap_event : {false, true}) {
        const Planar one = noise_of(2, 5001, 1);
        const Planar two = noise_of(2, 777, 2);
        There both;
        both.push_all(one, 0, [] { return 480U; });
        if (by_gap_event) {
            ASSERT_TRUE(both.send(gst_event_new_gap(GST_SECOND, GST_SECOND)));
        }
        both.push_all(two, 2 * GST_SECOND, [] { return 480U; });
        ASSERT_TRUE(both.send(gst_event_new_eos()));
        const auto runs = both.take();
        ASSERT_EQ(runs.size(), 2U);
        EXPECT_LE(error_db(runs[0].samples, one), -130);
        EXPECT_LE(error_db(runs[1].samples, two), -130);
        EXPECT_EQ(runs[1].start, 2 * GST_SECOND);
    }
}

TEST(SimdFftAndBack, ForgetsWhatWasBeforeAFlush) {
    There both;
    const Planar samples = noise_of(2, 3000);
    both.push_all(noise_of(2, 1000, 9), 0, [] { return 480U; });
    ASSERT_TRUE(both.send(gst_event_new_flush_start()));
    ASSERT_TRUE(both.send(gst_event_new_flush_stop(TRUE)));
    ASSERT_TRUE(both.send(make_segment()));
    both.take();
    both.push_all(samples, GST_SECOND, [] { return 480U; });
    ASSERT_TRUE(both.send(gst_event_new_eos()));
    const auto runs = both.take();
    ASSERT_EQ(runs.size(), 1U);
    EXPECT_EQ(runs[0].start, GST_SECOND);
    EXPECT_LE(error_db(runs[0].samples, samples), -130);
}

TEST(SimdFftAndBack, LetsOtherElementsStandBetween) {
    for (const char* const between : {"! identity", "! queue", "! tee ! queue ! identity"}) {
        There both(between);
        const Planar samples = noise_of(2, 3000);
        both.push_all(samples, 0, [] { return 480U; });
        ASSERT_TRUE(both.send(gst_event_new_eos()));
        GstEvent* event = nullptr;
        do {
            event = gst_harness_pull_event(both.get());
            ASSERT_NE(event, nullptr);
            gst_event_unref(event);
        } while (GST_EVENT_TYPE(event) != GST_EVENT_EOS);
        const auto runs = both.take();
        ASSERT_EQ(runs.size(), 1U);
        EXPECT_LE(error_db(runs[0].samples, samples), -130) << between;
    }
}

TEST(SimdFftAndBack, DelaysByOneWindow) {
    There both;
    gst_harness_set_upstream_latency(both.get(), 10 * GST_MSECOND);
    ASSERT_EQ(both.push(noise_of(2, 480), 0, 480, 0, true), GST_FLOW_OK);
    EXPECT_NEAR(static_cast<double>(gst_harness_query_latency(both.get())),
                10e6 + 512 * 1e9 / kRate, 2);
}

TEST(SimdFftAndBack, SaysWhichHopAndWindowWouldWork) {
    LaunchedPipeline pipeline("audiotestsrc num-buffers=10 ! simdfft fft-size=1024 hop-size=1024 ! "
                              "simdifft ! fakesink");
    pipeline.play();
    EXPECT_EQ(pipeline.wait(),
              "These spectra cannot be undone: a hann window of 1024 samples every 1024 cannot be "
              "undone: some samples are in no window, or weigh nothing; hop-size 512 works; with "
              "this hop-size, window hamming works.");
}

TEST(SimdFftAndBack, LeavesTheFormatToTheSourceAndTheRateToTheSink) {
    LaunchedPipeline pipeline(
        "audiotestsrc num-buffers=10 ! audioconvert ! audioresample ! simdfft ! "
        "simdifft ! audio/x-raw,rate=16000,channels=2 ! fakesink");
    pipeline.play();
    EXPECT_EQ(pipeline.wait(), "");
}

TEST(SimdFftAndBack, SeeksToTheSample) {
    LaunchedPipeline pipeline(
        "audiotestsrc wave=pink-noise ! audio/x-raw,format=F32LE,channels=2 ! "
        "simdfft ! simdifft ! identity name=after ! fakesink name=sink sync=false");
    gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
    ASSERT_EQ(gst_element_get_state(pipeline.get(), nullptr, nullptr, 60 * GST_SECOND),
              GST_STATE_CHANGE_SUCCESS);
    Heard after;
    listen(pipeline.child("after"), after);
    // 100,000 samples of 44.1 kHz and what lies between two of them.
    const GstClockTime from = gst_util_uint64_scale(100'000, GST_SECOND, 44'100);
    ASSERT_TRUE(gst_element_seek(
        pipeline.get(), 1, GST_FORMAT_TIME,
        static_cast<GstSeekFlags>(GST_SEEK_FLAG_FLUSH | GST_SEEK_FLAG_ACCURATE), GST_SEEK_TYPE_SET,
        static_cast<gint64>(from), GST_SEEK_TYPE_SET, static_cast<gint64>(from + GST_SECOND)));
    pipeline.play();
    ASSERT_EQ(pipeline.wait(), "");
    EXPECT_TRUE(after.is_contiguous);
    EXPECT_LE(after.start, from);
    EXPECT_GT(after.start + 2 * 1024 * GST_SECOND / 44'100, from);
    EXPECT_GE(after.end, from + GST_SECOND - GST_SECOND / 44'100);
}
