// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What all elements of the plugin must stand: state cycles, reverse playback, buffers of one
// sample, loops of a segment, denormal numbers.
#include "filter_feed.h"
#include "footprint.h"
#include "launched_pipeline.h"
#include "sanitized.h"
#include "spectrum_harness.h"

#include <algorithm>
#include <array>
#include <cfenv>
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

using namespace tactus;

namespace {

using test::kSanitized;

constexpr int kCycles = kSanitized ? 1000 : 10'000;
constexpr std::size_t kChunk = 480; ///< 10 ms

struct Subject {
    const char* name;
    const char* line;
    const char* sink_caps; ///< what downstream takes
    bool is_audio_out;     ///< as many samples come out as go in
};

constexpr std::array kSubjects = {
    Subject{"simdfft_messages", "simdfft bands=65 interval=10000000", "audio/x-raw", true},
    Subject{"simdfft_stream", "simdfft fft-size=256", "audio/x-stft", false},
    Subject{"simdifft", "simdfft fft-size=256 ! simdifft", "audio/x-raw", true},
    Subject{"simdfftfilter", "simdfftfilter name=filter latency-frames=64", "audio/x-raw", true},
    Subject{"simdspectrogram", "simdspectrogram fft-size=64 show-scale=false",
            "video/x-raw,format=GRAY8,width=32,height=32,framerate=100/1", false},
};

/// A launch line cannot.
void give_kernel(GstElement* bin) {
    GstElement* const filter = gst_bin_get_by_name(GST_BIN(bin), "filter");
    if (filter == nullptr)
        return;
    set_kernel(filter, {0.5, 0.25, 0.25});
    gst_object_unref(filter);
}

struct Piece {
    GstClockTime pts = 0;
    std::vector<std::uint8_t> bytes;
    bool operator==(const Piece&) const = default;
};

/// Mono float audio at 48 kHz through a subject.
class Feed {
  public:
    explicit Feed(const Subject& subject) {
        harness_ = gst_harness_new_parse(subject.line);
        give_kernel(harness_->element);
        gst_harness_set_sink_caps_str(harness_, subject.sink_caps);
        gst_harness_play(harness_);
    }
    ~Feed() { gst_harness_teardown(harness_); }
    Feed(const Feed&) = delete;
    Feed& operator=(const Feed&) = delete;

    GstHarness* get() const { return harness_; }
    bool send(GstEvent* event) { return gst_harness_push_event(harness_, event) != FALSE; }
    void start(double rate = 1) {
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        segment.rate = rate;
        segment.stop = 10 * GST_SECOND;
        ASSERT_TRUE(send(gst_event_new_stream_start("audio")));
        ASSERT_TRUE(send(make_caps(audio_caps("F32LE", 48000, 1).c_str())));
        ASSERT_TRUE(send(gst_event_new_segment(&segment)));
    }
    GstFlowReturn push(const std::vector<float>& audio, GstClockTime pts, bool discont = false) {
        return gst_harness_push(harness_, buffer_of(audio, pts, discont));
    }
    std::vector<Piece> pull() {
        std::vector<Piece> all;
        while (GstBuffer* buffer = gst_harness_try_pull(harness_)) {
            Piece piece{GST_BUFFER_PTS(buffer),
                        std::vector<std::uint8_t>(gst_buffer_get_size(buffer))};
            if (!piece.bytes.empty())
                gst_buffer_extract(buffer, 0, piece.bytes.data(), piece.bytes.size());
            gst_buffer_unref(buffer);
            all.push_back(std::move(piece));
        }
        return all;
    }
    std::vector<Piece> pull_rest() {
        EXPECT_TRUE(send(gst_event_new_eos()));
        return pull();
    }
    void drop_events() {
        while (GstEvent* event = gst_harness_try_pull_event(harness_))
            gst_event_unref(event);
        while (GstEvent* event = gst_harness_try_pull_upstream_event(harness_))
            gst_event_unref(event);
    }

  private:
    GstHarness* harness_ = nullptr;
};

std::vector<std::uint8_t> bytes_of(const std::vector<Piece>& pieces) {
    std::vector<std::uint8_t> all;
    for (const Piece& piece : pieces)
        all.insert(all.end(), piece.bytes.begin(), piece.bytes.end());
    return all;
}

struct Loop {
    std::vector<GstClockTime> times;
    std::size_t bytes = 0;
};

/// What comes to a sink, cut at each SEGMENT_DONE; a flush forgets it.
class LoopWatch {
  public:
    explicit LoopWatch(GstElement* sink) {
        GstPad* const pad = gst_element_get_static_pad(sink, "sink");
        gst_pad_add_probe(pad,
                          static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                       GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM |
                                                       GST_PAD_PROBE_TYPE_EVENT_FLUSH),
                          &on_data, this, nullptr);
        gst_object_unref(pad);
    }
    std::vector<Loop> loops() {
        const std::lock_guard lock(mutex_);
        return loops_;
    }

  private:
    static GstPadProbeReturn on_data(GstPad*, GstPadProbeInfo* info, gpointer self) {
        static_cast<LoopWatch*>(self)->note(info);
        return GST_PAD_PROBE_OK;
    }
    void note(GstPadProbeInfo* info) {
        const std::lock_guard lock(mutex_);
        if ((GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER) != 0) {
            GstBuffer* const buffer = GST_PAD_PROBE_INFO_BUFFER(info);
            now_.times.push_back(GST_BUFFER_PTS(buffer));
            now_.bytes += gst_buffer_get_size(buffer);
            return;
        }
        const GstEventType type = GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info));
        if (type == GST_EVENT_SEGMENT_DONE)
            loops_.push_back(std::move(now_));
        if (type == GST_EVENT_SEGMENT_DONE || type == GST_EVENT_FLUSH_STOP)
            now_ = {};
    }

    std::mutex mutex_;
    Loop now_;
    std::vector<Loop> loops_;
};

class SimdRobust : public ::testing::TestWithParam<Subject> {};

#if defined(__SSE2__)
constexpr unsigned kDenormalMet = 2;
constexpr unsigned kStatus = 0x3f; // what calculations have met; the rest is how they are done

unsigned modes() {
    return _mm_getcsr() & ~kStatus;
}
#endif

} // namespace

TEST_P(SimdRobust, TenThousandStateCyclesLeaveNothingBehind) {
    Feed feed(GetParam());
    gst_harness_set_drop_buffers(feed.get(), TRUE);
    const auto audio = float_noise(100);
    GstElement* const element = feed.get()->element;
    long resident = 0;
    for (int i = 0; i < kCycles; ++i) {
        if (i == kCycles / 10) // after that all that is kept for later is there
            resident = resident_kib();
        gst_element_set_state(element, i % 2 != 0 ? GST_STATE_NULL : GST_STATE_READY);
        ASSERT_NE(gst_element_set_state(element, GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
        if (i % 4 == 3) // nothing has come, not even a stream
            continue;
        ASSERT_NO_FATAL_FAILURE(feed.start());
        ASSERT_EQ(feed.push(audio, 0), GST_FLOW_OK);
        if (i % 3 == 0) {
            ASSERT_TRUE(feed.send(gst_event_new_eos()));
        }
        feed.drop_events(); // the harness would keep them all
    }
    if (!kSanitized) { // they keep what is free, to see who still uses it
        EXPECT_LE(resident_kib(), resident + 1024) << resident;
    }
}

TEST_P(SimdRobust, PlayedBackwardsEachBufferIsTakenAlone) {
    constexpr unsigned kBuffers = 10;
    for (const bool flagged : {true, false}) {
        SCOPED_TRACE(flagged);
        std::vector<Piece> expected;
        Feed backwards(GetParam());
        ASSERT_NO_FATAL_FAILURE(backwards.start(-1));
        for (unsigned i = kBuffers; i > 0; --i) {
            const auto audio = float_noise(kChunk, i);
            const GstClockTime pts = i * 10 * GST_MSECOND;
            ASSERT_EQ(backwards.push(audio, pts, flagged), GST_FLOW_OK);
            Feed alone(GetParam());
            ASSERT_NO_FATAL_FAILURE(alone.start());
            ASSERT_EQ(alone.push(audio, pts, true), GST_FLOW_OK);
            for (Piece& piece : alone.pull_rest())
                expected.push_back(std::move(piece));
        }
        EXPECT_EQ(backwards.pull_rest(), expected);
        if (GetParam().is_audio_out) {
            EXPECT_EQ(bytes_of(expected).size(), kBuffers * kChunk * sizeof(float));
        }
    }
}

TEST_P(SimdRobust, BuffersOfOneSampleAndOfNoneGiveTheSame) {
    const auto audio = float_noise(3000);
    Feed whole(GetParam());
    ASSERT_NO_FATAL_FAILURE(whole.start());
    ASSERT_EQ(whole.push(audio, 0), GST_FLOW_OK);
    Feed pieces(GetParam());
    ASSERT_NO_FATAL_FAILURE(pieces.start());
    for (std::size_t n = 0; n < audio.size(); ++n) {
        const GstClockTime pts = gst_util_uint64_scale(n, GST_SECOND, 48000);
        if (n % 3 == 0) {
            ASSERT_EQ(pieces.push({}, pts), GST_FLOW_OK);
        }
        ASSERT_EQ(pieces.push({audio[n]}, pts), GST_FLOW_OK);
    }
    const auto expected = bytes_of(whole.pull_rest());
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(bytes_of(pieces.pull_rest()), expected);
}

TEST_P(SimdRobust, AnEmptyStreamEnds) {
    Feed feed(GetParam());
    ASSERT_NO_FATAL_FAILURE(feed.start());
    ASSERT_EQ(feed.push({}, 0), GST_FLOW_OK);
    for (const Piece& piece : feed.pull_rest())
        EXPECT_TRUE(piece.bytes.empty());
}

TEST_P(SimdRobust, DenormalNumbersAreNotMetAndTheThreadsModesStay) {
#if defined(__SSE2__)
    ASSERT_EQ(std::fesetenv(FE_DFL_ENV), 0); // plugins of the system change it as they are loaded
    Feed feed(GetParam());
    ASSERT_NO_FATAL_FAILURE(feed.start());
    ASSERT_EQ(std::fesetround(FE_UPWARD), 0); // something of the thread's own
    const unsigned before = modes();
    std::vector<unsigned> downstream;
    gst_pad_add_probe(
        feed.get()->sinkpad, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer seen) {
            static_cast<std::vector<unsigned>*>(seen)->push_back(modes());
            return GST_PAD_PROBE_OK;
        },
        &downstream, nullptr);
    _mm_setcsr(_mm_getcsr() & ~kStatus);
    for (unsigned i = 0; i < 10; ++i)
        ASSERT_EQ(feed.push(std::vector<float>(kChunk, 1e-41F), i * 10 * GST_MSECOND), GST_FLOW_OK);
    EXPECT_EQ(modes(), before);
    EXPECT_TRUE(feed.send(gst_event_new_eos()));
    EXPECT_EQ(modes(), before);
    EXPECT_EQ(_mm_getcsr() & kDenormalMet, 0U) << "which takes some processors 100 times as long";
    EXPECT_FALSE(downstream.empty());
    EXPECT_EQ(std::count(downstream.begin(), downstream.end(), before),
              static_cast<std::ptrdiff_t>(downstream.size()));
    std::fesetenv(FE_DFL_ENV);
#else
    GTEST_SKIP() << "this processor does not tell whether it has met one";
#endif
}

TEST_P(SimdRobust, ASegmentThatIsPlayedInALoopComesWholeEachTime) {
    LaunchedPipeline pipeline(std::string("audiotestsrc samplesperbuffer=480 ! "
                                          "audio/x-raw,format=F32LE,rate=48000,channels=1 ! ") +
                              GetParam().line + " ! " + GetParam().sink_caps +
                              " ! fakesink name=out sync=false");
    give_kernel(pipeline.get());
    LoopWatch watch(pipeline.child("out"));
    gst_element_set_state(pipeline.get(), GST_STATE_PAUSED);
    GstMessage* message = pipeline.wait_for(GST_MESSAGE_ASYNC_DONE);
    ASSERT_NE(message, nullptr);
    gst_message_unref(message);
    pipeline.play();
    for (const GstSeekFlags first : {GST_SEEK_FLAG_FLUSH, GST_SEEK_FLAG_NONE}) {
        ASSERT_TRUE(gst_element_seek(pipeline.get(), 1, GST_FORMAT_TIME,
                                     static_cast<GstSeekFlags>(GST_SEEK_FLAG_SEGMENT | first),
                                     GST_SEEK_TYPE_SET, GST_SECOND, GST_SEEK_TYPE_SET,
                                     gint64{GST_SECOND + 200 * GST_MSECOND}));
        message = pipeline.wait_for(GST_MESSAGE_SEGMENT_DONE);
        ASSERT_NE(message, nullptr);
        gst_message_unref(message);
    }
    // The source posts the message before it sends the event, which elements drain at.
    ASSERT_TRUE(comes_true([&] { return watch.loops().size() == 2; }));
    const auto loops = watch.loops();
    ASSERT_FALSE(loops[0].times.empty());
    EXPECT_EQ(loops[0].times.front(), GST_SECOND);
    EXPECT_GE(loops[0].times.back(), GST_SECOND + 180 * GST_MSECOND);
    EXPECT_LE(loops[0].times.back(), GST_SECOND + 200 * GST_MSECOND);
    EXPECT_EQ(loops[1].times, loops[0].times);
    EXPECT_EQ(loops[1].bytes, loops[0].bytes);
    if (GetParam().is_audio_out) {
        EXPECT_EQ(loops[0].bytes, 9600 * sizeof(float));
    }
}

INSTANTIATE_TEST_SUITE_P(Elements, SimdRobust, ::testing::ValuesIn(kSubjects),
                         [](const auto& param_info) { return std::string(param_info.param.name); });
