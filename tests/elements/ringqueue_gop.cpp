// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// leak-unit=gop: what comes out can be decoded.
#include "factories.h"
#include "pad_pair.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <random>

using namespace tactus::pads;

namespace {

constexpr std::uint64_t kGop = 5;

bool is_delta(std::uint64_t n) {
    return n % kGop != 0;
}

void push_frames(PadPair& pair, std::uint64_t first, std::uint64_t end) {
    for (std::uint64_t n = first; n < end; ++n)
        ASSERT_EQ(pair.push(numbered(n, 0, is_delta(n))), GST_FLOW_OK);
}

GstBufferList* frames(std::uint64_t first, std::uint64_t end) {
    GstBufferList* list = gst_buffer_list_new();
    for (std::uint64_t n = first; n < end; ++n)
        gst_buffer_list_add(list, numbered(n, 0, is_delta(n)));
    return list;
}

/// Delta frames that came without the frame before them.
int broken_frames(const std::vector<Received>& buffers) {
    int broken = 0;
    for (std::size_t i = 0; i < buffers.size(); ++i)
        broken += buffers[i].delta && (i == 0 || buffers[i - 1].offset + 1 != buffers[i].offset);
    return broken;
}

void configure(PadPair& pair, const char* leaky, guint buffers) {
    pair.set("max-size-buffers", buffers);
    pair.set_text("leaky", leaky);
    pair.set_text("leak-unit", "gop");
}

struct RealStream {
    int dropped = 0;
    int decoded = 0;
    int complaints = 0;
};

std::atomic<int> libav_complaints{0};

/// The task waits before each push until upstream has delivered seven more, or has ended.
struct SlowSide {
    std::mutex mutex;
    std::condition_variable changed;
    int in = 0;
    int out = 0;
    bool eos = false;
};

GstPadProbeReturn count_in(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& side = *static_cast<SlowSide*>(data);
    const std::lock_guard lock(side.mutex);
    if (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER)
        ++side.in;
    else if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS)
        side.eos = true;
    side.changed.notify_all();
    return GST_PAD_PROBE_OK;
}

GstPadProbeReturn wait_for_upstream(GstPad*, GstPadProbeInfo*, gpointer data) {
    auto& side = *static_cast<SlowSide*>(data);
    std::unique_lock lock(side.mutex);
    side.out += 7;
    side.changed.wait(lock, [&] { return side.eos || side.in >= side.out; });
    return GST_PAD_PROBE_OK;
}

void probe(GstElement* pipeline, const char* element, const char* pad, int type,
           GstPadProbeCallback callback, gpointer data) {
    GstElement* e = gst_bin_get_by_name(GST_BIN(pipeline), element);
    GstPad* p = gst_element_get_static_pad(e, pad);
    gst_pad_add_probe(p, static_cast<GstPadProbeType>(type), callback, data, nullptr);
    gst_object_unref(p);
    gst_object_unref(e);
}

void count_libav(GstDebugCategory* category, GstDebugLevel level, const gchar*, const gchar*, gint,
                 GObject*, GstDebugMessage*, gpointer) {
    if (level <= GST_LEVEL_WARNING && g_str_equal(gst_debug_category_get_name(category), "libav"))
        ++libav_complaints;
}

GstPadProbeReturn count_decoded(GstPad*, GstPadProbeInfo* info, gpointer data) {
    auto& result = *static_cast<RealStream*>(data);
    ++result.decoded;
    if (GST_BUFFER_FLAG_IS_SET(GST_PAD_PROBE_INFO_BUFFER(info), GST_BUFFER_FLAG_CORRUPTED))
        ++result.complaints;
    return GST_PAD_PROBE_OK;
}

void run_real_stream(const char* leak_unit, const char* leaky, RealStream& result) {
    const std::string line =
        std::string("videotestsrc num-buffers=300 pattern=ball ! "
                    "video/x-raw,width=160,height=120 ! x264enc key-int-max=10 threads=1 "
                    "tune=zerolatency ! ringqueue name=q max-size-buffers=4 max-size-bytes=0 "
                    "max-size-time=0 leaky=") +
        leaky + " leak-unit=" + leak_unit +
        " ! h264parse ! avdec_h264 name=dec max-threads=1 output-corrupt=true ! fakesink";
    GstElement* pipeline = gst_parse_launch(line.c_str(), nullptr);
    ASSERT_NE(pipeline, nullptr);
    SlowSide side;
    probe(pipeline, "q", "sink", GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM,
          count_in, &side);
    probe(pipeline, "q", "src", GST_PAD_PROBE_TYPE_BUFFER, wait_for_upstream, &side);
    probe(pipeline, "dec", "src", GST_PAD_PROBE_TYPE_BUFFER, count_decoded, &result);
    libav_complaints = 0;
    gst_debug_set_threshold_for_name("libav", GST_LEVEL_WARNING);
    gst_debug_set_active(TRUE);
    (gst_debug_remove_log_function)(nullptr);
    (gst_debug_add_log_function)(count_libav, nullptr, nullptr);

    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    GstBus* bus = gst_element_get_bus(pipeline);
    bool ended = false;
    while (!ended) {
        GstMessage* message = gst_bus_timed_pop(bus, 60 * GST_SECOND);
        ASSERT_NE(message, nullptr) << "neither EOS nor an error";
        ended = GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS;
        EXPECT_NE(GST_MESSAGE_TYPE(message), GST_MESSAGE_ERROR);
        ended |= GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR;
        result.complaints += GST_MESSAGE_TYPE(message) == GST_MESSAGE_WARNING;
        const GstStructure* s = gst_message_get_structure(message);
        guint64 count = 0;
        if (s != nullptr && gst_structure_has_name(s, "ringqueue-dropped") &&
            gst_structure_get_uint64(s, "count", &count))
            result.dropped += static_cast<int>(count);
        gst_message_unref(message);
    }
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    gst_object_unref(pipeline);
    (gst_debug_remove_log_function)(count_libav);
    result.complaints += libav_complaints;
}

} // namespace

TEST(GopLeak, DropsUpToTheNextKeyFrameDownstream) {
    PadPair pair;
    configure(pair, "downstream", 8);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0)); // the key frame of 0..4 is out
    push_frames(pair, 1, 9);      // 1..8: full
    push_frames(pair, 9, 10);     // 1 leaks, and with it 2..4
    EXPECT_EQ(pair.stat("buffers-dropped"), 4u);
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 5, 6, 7, 8, 9}));
}

TEST(GopLeak, RefusesTheRestOfAPictureGroupUpstream) {
    PadPair pair;
    configure(pair, "upstream", 3);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    push_frames(pair, 1, 5); // 4 is refused
    pair.release();
    ASSERT_TRUE(pair.wait_for_offset(3));
    push_frames(pair, 5, 8);
    ASSERT_TRUE(pair.wait_for_offset(7));
    ASSERT_TRUE(pair.hold_in(8, 0, true));
    push_frames(pair, 9, 13); // 9, 10, 11; 12 is refused
    pair.release();
    ASSERT_TRUE(pair.wait_for_offset(11));
    push_frames(pair, 13, 17); // 13 and 14 need 12, though there is room
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.offsets(),
              (std::vector<std::uint64_t>{0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 15, 16}));
    EXPECT_EQ(pair.stat("buffers-dropped"), 4u);
}

TEST(GopLeak, OfAGroupThatReachesToTheTailRefusesWhatFollowsIt) {
    PadPair pair;
    configure(pair, "downstream", 3);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    push_frames(pair, 1, 7); // 1..3 leak at 4, which needs them
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 5, 6}));
    const auto bursts = pair.take_bursts();
    ASSERT_EQ(bursts.size(), 1u);
    EXPECT_EQ(bursts[0].count, 4u);
    EXPECT_EQ(bursts[0].first_sequence, 1u);
}

TEST(GopLeak, LeavesAStreamOfKeyFramesToLeakOneByOne) {
    PadPair pair;
    configure(pair, "downstream", 3);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 6);
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 3, 4, 5}));
}

TEST(GopLeak, HappensWithTheSinkHeldWhenALimitIsLowered) {
    PadPair pair;
    configure(pair, "downstream", 0);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    push_frames(pair, 1, 13);
    pair.set("max-size-buffers", 11); // 1 and 2 would do; 1..4 go
    EXPECT_EQ(pair.get<guint>("current-level-buffers"), 8u);
    pair.set("max-size-buffers", 2); // nothing but the last group's 11 and 12 could stay: all go
    EXPECT_EQ(pair.get<guint>("current-level-buffers"), 0u);
    push_frames(pair, 13, 17);
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(broken_frames(pair.buffers()), 0);
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 15, 16}));
}

TEST(GopLeak, TreatsAListByItsFirstFrame) {
    for (const char* leaky : {"downstream", "upstream"}) {
        PadPair pair;
        configure(pair, leaky, 4);
        pair.start();
        ASSERT_TRUE(pair.hold_in(0));
        for (std::uint64_t n = 1; n < 61; n += 2)
            ASSERT_EQ(gst_pad_push_list(pair.source(), frames(n, n + 2)), GST_FLOW_OK);
        pair.release();
        ASSERT_TRUE(pair.finish());
        EXPECT_EQ(broken_frames(pair.buffers()), 0) << leaky;
        EXPECT_EQ(pair.buffers().size() + pair.stat("buffers-dropped"), 61u) << leaky;
        EXPECT_GT(pair.stat("buffers-dropped"), 0u) << leaky;
    }
}

TEST(GopLeak, NeverDeliversABrokenFrameWhateverTheTiming) {
    for (const char* leaky : {"downstream", "upstream"}) {
        PadPair pair;
        configure(pair, leaky, 6);
        std::mt19937 limits(3);
        pair.start();
        constexpr std::uint64_t kFrames = 100000;
        for (std::uint64_t n = 0; n < kFrames; ++n) {
            if (n % 50 == 0)
                pair.hold();
            if (n % 50 == 20)
                pair.release();
            if (n % 100 == 30)
                pair.set("max-size-buffers", 1 + limits() % 12);
            ASSERT_EQ(pair.push(numbered(n, 0, is_delta(n))), GST_FLOW_OK);
        }
        ASSERT_TRUE(pair.finish());
        EXPECT_EQ(broken_frames(pair.buffers()), 0) << leaky;
        EXPECT_EQ(pair.buffers().size() + pair.stat("buffers-dropped"), kFrames) << leaky;
    }
}

TEST(GopLeak, OfARealStreamLeavesTheDecoderNothingToComplainAbout) {
    TACTUS_NEEDS("videotestsrc", "x264enc", "h264parse", "avdec_h264");
    for (const char* leaky : {"downstream", "upstream"}) {
        RealStream gop;
        ASSERT_NO_FATAL_FAILURE(run_real_stream("gop", leaky, gop));
        std::printf("%s: dropped %d of 300, decoded %d, complaints %d\n", leaky, gop.dropped,
                    gop.decoded, gop.complaints);
        EXPECT_EQ(gop.complaints, 0) << leaky;
        EXPECT_GT(gop.dropped, 0) << leaky;
        EXPECT_EQ(gop.decoded + gop.dropped, 300) << leaky;
    }
    RealStream single; // the same detector must see the damage of single drops
    ASSERT_NO_FATAL_FAILURE(run_real_stream("buffer", "downstream", single));
    std::printf("leak-unit=buffer: dropped %d, complaints %d\n", single.dropped, single.complaints);
    EXPECT_GT(single.complaints, 0);
}
