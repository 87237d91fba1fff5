// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Order, flushes, ends, caps that change, state changes, latency, memory, and what is on the
// buffers.
#include "compute_harness.h"
#include "proposed_allocator.h"

#include <gst/audio/audio.h>
#include <gst/video/video.h>

#include <cmath>
#include <cstring>
#include <numeric>
#include <vector>

using namespace tactus;

namespace {

constexpr std::uint32_t kWidth = 48;
constexpr std::uint32_t kHeight = 32;

Picture numbered(std::uint32_t seed) {
    Picture picture(PixelFormat::rgba, kWidth, kHeight);
    picture.fill(seed);
    return picture;
}

class Stream : public testing::Test {
  protected:
    void SetUp() override {
        TACTUS_NEEDS_DEVICE();
        start("shader=invert");
    }
    void TearDown() override { harness_.reset(); }

    void start(const std::string& properties) {
        harness_.reset();
        harness_ = std::make_unique<ComputeHarness>(properties);
        harness_->set_caps(video_caps(PixelFormat::rgba, kWidth, kHeight));
    }
    GstFlowReturn push(std::uint32_t number) {
        return harness_->push(buffer_of(numbered(number), number));
    }
    void expect_inverted(std::uint32_t number) {
        GstBuffer* buffer = harness_->pull();
        ASSERT_NE(buffer, nullptr) << harness_->complaint();
        EXPECT_EQ(GST_BUFFER_PTS(buffer), number * GST_SECOND / 30);
        EXPECT_EQ(GST_BUFFER_DURATION(buffer), GST_SECOND / 30);
        const Picture out = picture_of(buffer, PixelFormat::rgba, kWidth, kHeight);
        EXPECT_EQ(difference(out, reference_invert(numbered(number))).where, "");
    }
    std::string next_event() {
        GstEvent* event = gst_harness_pull_event(harness_->get());
        if (event == nullptr)
            return "";
        std::string name = GST_EVENT_TYPE_NAME(event);
        gst_event_unref(event);
        return name;
    }

    std::unique_ptr<ComputeHarness> harness_;
};

TEST_F(Stream, FramesComeOutInOrderWhateverTheNumberInFlight) {
    for (const char* properties :
         {"shader=invert in-flight=1", "shader=invert in-flight=3", "shader=invert in-flight=16"}) {
        start(properties);
        for (std::uint32_t i = 0; i < 40; ++i)
            ASSERT_EQ(push(i), GST_FLOW_OK);
        for (std::uint32_t i = 0; i < 40; ++i)
            expect_inverted(i);
        EXPECT_EQ(harness_->stat("frames-in"), 40U);
        EXPECT_EQ(harness_->stat("frames-out"), 40U);
        EXPECT_EQ(harness_->stat("frames-lost"), 0U);
    }
}

TEST_F(Stream, EventsKeepTheirPlaceBetweenFrames) {
    for (const char* expected : {"stream-start", "caps", "segment"})
        EXPECT_EQ(next_event(), expected);
    EXPECT_EQ(push(0), GST_FLOW_OK);
    EXPECT_TRUE(gst_harness_push_event(harness_->get(), gst_event_new_gap(GST_SECOND, 1)));
    EXPECT_EQ(push(1), GST_FLOW_OK);
    EXPECT_TRUE(gst_harness_push_event(harness_->get(), gst_event_new_eos()));
    expect_inverted(0);
    expect_inverted(1);
    EXPECT_EQ(next_event(), "gap");
    EXPECT_EQ(next_event(), "eos");
    EXPECT_EQ(harness_->stat("frames-out"), 2U) << "EOS came after both";
}

GstFlowReturn ended_chain(GstPad*, GstObject*, GstBuffer* buffer) {
    gst_buffer_unref(buffer);
    return GST_FLOW_EOS;
}

TEST_F(Stream, EosStillGoesThroughAfterDownstreamWantsNoMore) {
    gst_pad_set_chain_function(harness_->get()->sinkpad, ended_chain);
    GstFlowReturn flow = GST_FLOW_OK;
    for (std::uint32_t i = 0; i < 1000 && flow == GST_FLOW_OK; ++i)
        flow = push(i);
    EXPECT_EQ(flow, GST_FLOW_EOS);
    EXPECT_TRUE(gst_harness_push_event(harness_->get(), gst_event_new_eos()));
    std::string last;
    for (int i = 0; i < 4; ++i)
        last = next_event();
    EXPECT_EQ(last, "eos");
}

TEST_F(Stream, AFlushThrowsAwayWhatIsInFlightAndTheStreamGoesOn) {
    for (std::uint32_t round = 0; round < 20; ++round) {
        for (std::uint32_t i = 0; i < 5; ++i)
            ASSERT_EQ(push(i), GST_FLOW_OK);
        GstHarness* h = harness_->get();
        ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_start()));
        EXPECT_EQ(push(7), GST_FLOW_FLUSHING);
        ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_flush_stop(TRUE)));
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        ASSERT_TRUE(gst_harness_push_event(h, gst_event_new_segment(&segment)));
        while (GstBuffer* early = gst_harness_try_pull(h))
            gst_buffer_unref(early);
        ASSERT_EQ(push(9), GST_FLOW_OK);
        expect_inverted(9);
    }
    EXPECT_EQ(harness_->stat("frames-in"),
              harness_->stat("frames-out") + harness_->stat("frames-flushed"));
}

TEST_F(Stream, CapsThatChangeTakeEffectBetweenFrames) {
    Picture small(PixelFormat::nv12, 10, 6);
    small.fill(1);
    ASSERT_EQ(push(0), GST_FLOW_OK);
    harness_->set_caps(video_caps(PixelFormat::nv12, 10, 6));
    ASSERT_EQ(harness_->push(buffer_of(small)), GST_FLOW_OK);
    expect_inverted(0);
    GstBuffer* out = harness_->pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(difference(picture_of(out, PixelFormat::nv12, 10, 6), reference_invert(small)).where,
              "");
}

TEST_F(Stream, AHundredStateCyclesWithFramesInFlight) {
    for (std::uint32_t i = 0; i < 100; ++i) {
        ASSERT_EQ(push(i), GST_FLOW_OK);
        const GstState low = i % 3 == 0   ? GST_STATE_NULL
                             : i % 3 == 1 ? GST_STATE_READY
                                          : GST_STATE_PAUSED;
        ASSERT_NE(gst_element_set_state(harness_->element(), low), GST_STATE_CHANGE_FAILURE);
        ASSERT_EQ(gst_element_set_state(harness_->element(), GST_STATE_PLAYING),
                  GST_STATE_CHANGE_SUCCESS);
        GstHarness* h = harness_->get();
        gst_harness_push_event(h, gst_event_new_stream_start("again"));
        GstCaps* caps =
            gst_caps_from_string(video_caps(PixelFormat::rgba, kWidth, kHeight).c_str());
        gst_harness_push_event(h, gst_event_new_caps(caps));
        gst_caps_unref(caps);
        GstSegment segment;
        gst_segment_init(&segment, GST_FORMAT_TIME);
        gst_harness_push_event(h, gst_event_new_segment(&segment));
        while (GstBuffer* early = gst_harness_try_pull(h))
            gst_buffer_unref(early);
    }
    EXPECT_EQ(harness_->complaint(), "");
}

TEST_F(Stream, ADrainQueryIsAnsweredOnceAllFramesAreOut) {
    for (std::uint32_t i = 0; i < 6; ++i)
        ASSERT_EQ(push(i), GST_FLOW_OK);
    GstQuery* query = gst_query_new_drain();
    gst_pad_peer_query(harness_->get()->srcpad, query);
    gst_query_unref(query);
    EXPECT_EQ(harness_->stat("frames-out"), 6U);
}

TEST_F(Stream, LatencyIsWhatFramesSpentInside) {
    gst_harness_set_upstream_latency(harness_->get(), 5 * GST_MSECOND);
    for (std::uint32_t i = 0; i < 5; ++i) { // the first is not counted: drivers compile then
        ASSERT_EQ(push(i), GST_FLOW_OK);
        expect_inverted(i);
    }
    EXPECT_GE(gst_harness_query_latency(harness_->get()),
              5 * GST_MSECOND + harness_->stat("residence-time-p50"));
}

TEST_F(Stream, WhatDownstreamHoldsBackIsNoLatency) {
    ASSERT_EQ(push(0), GST_FLOW_OK);
    expect_inverted(0);
    GstPad* pad = gst_element_get_static_pad(harness_->element(), "src");
    const gulong block = gst_pad_add_probe(
        pad, GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
        [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; }, nullptr, nullptr);
    for (std::uint32_t i = 1; i <= 3; ++i)
        ASSERT_EQ(push(i), GST_FLOW_OK);
    g_usleep(G_USEC_PER_SEC); // the pause of a user
    gst_pad_remove_probe(pad, block);
    gst_object_unref(pad);
    for (std::uint32_t i = 1; i <= 3; ++i)
        expect_inverted(i);
    EXPECT_GE(harness_->stat("residence-time-max"), GST_SECOND * 9 / 10);
    EXPECT_LT(harness_->stat("latency"), harness_->stat("residence-time-max"));
}

// --- memory

GstBuffer* from_proposed_pool(ComputeHarness& harness, const Picture& picture) {
    GstCaps* caps = gst_pad_get_current_caps(harness.get()->srcpad);
    GstQuery* query = gst_query_new_allocation(caps, TRUE);
    gst_caps_unref(caps);
    EXPECT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query));
    GstBufferPool* pool = nullptr;
    guint size = 0;
    gst_query_parse_nth_allocation_pool(query, 0, &pool, &size, nullptr, nullptr);
    gst_query_unref(query);
    EXPECT_NE(pool, nullptr);
    EXPECT_EQ(size, picture.bytes.size());
    gst_buffer_pool_set_active(pool, TRUE);
    GstBuffer* buffer = nullptr;
    EXPECT_EQ(gst_buffer_pool_acquire_buffer(pool, &buffer, nullptr), GST_FLOW_OK);
    gst_buffer_fill(buffer, 0, picture.bytes.data(), picture.bytes.size());
    gst_buffer_pool_set_active(pool, FALSE);
    gst_object_unref(pool);
    return buffer;
}

TEST_F(Stream, FramesFromTheProposedPoolAreNotCopied) {
    const Picture in = numbered(1);
    ASSERT_EQ(harness_->push(from_proposed_pool(*harness_, in)), GST_FLOW_OK);
    GstBuffer* out = harness_->pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(
        difference(picture_of(out, PixelFormat::rgba, kWidth, kHeight), reference_invert(in)).where,
        "");
    EXPECT_EQ(harness_->stat_text("memory-path"), "pool");
    EXPECT_EQ(harness_->stat("frames-staged"), 0U);
}

TEST_F(Stream, WhatADecoderAllocatesPastThePoolIsUsedAgain) {
    GstAllocator* const allocator = proposed_allocator(*harness_);
    ASSERT_NE(allocator, nullptr);
    std::uint64_t mapped = 0;
    for (std::uint32_t i = 0; i < 40; ++i) {
        const Picture in = numbered(i);
        GstBuffer* buffer = gst_buffer_new_allocate(allocator, in.bytes.size(), nullptr);
        gst_buffer_fill(buffer, 0, in.bytes.data(), in.bytes.size());
        ASSERT_EQ(harness_->push(buffer), GST_FLOW_OK);
        GstBuffer* out = harness_->pull();
        ASSERT_NE(out, nullptr);
        const Picture made = picture_of(out, PixelFormat::rgba, kWidth, kHeight);
        EXPECT_EQ(difference(made, reference_invert(in)).where, "") << i;
        if (i == 7)
            mapped = harness_->stat("pool-mapped");
    }
    gst_object_unref(allocator);
    EXPECT_EQ(harness_->stat("frames-pool"), 40U);
    if (harness_->stat_text("pool-memory") != "imported")
        GTEST_SKIP() << "this device does not import";
    EXPECT_GT(mapped, 0U);
    EXPECT_EQ(harness_->stat("pool-mapped"), mapped) << "the kernel was asked for pages again";
    EXPECT_GE(harness_->stat("pool-mapped-bytes"), harness_->stat("pool-idle-bytes"));
}

// So many bytes that are a user's own, from the start of a page.
GstBuffer* page_buffer(const Picture& picture, std::size_t owned_bytes) {
    void* pages = nullptr;
    EXPECT_EQ(posix_memalign(&pages, 4096, owned_bytes), 0);
    std::memcpy(pages, picture.bytes.data(), picture.bytes.size());
    return gst_buffer_new_wrapped_full(static_cast<GstMemoryFlags>(0), pages, owned_bytes, 0,
                                       picture.bytes.size(), pages, std::free);
}

TEST_F(Stream, WholePagesAreImported) {
    const Picture in = numbered(2);
    ASSERT_EQ(harness_->push(page_buffer(in, 8192)), GST_FLOW_OK);
    GstBuffer* out = harness_->pull();
    ASSERT_NE(out, nullptr);
    EXPECT_EQ(
        difference(picture_of(out, PixelFormat::rgba, kWidth, kHeight), reference_invert(in)).where,
        "");
    if (harness_->stat("frames-import") == 0)
        GTEST_SKIP() << "this device does not import: " << harness_->stat_text("memory-reason");
    EXPECT_EQ(harness_->stat_text("memory-path"), "import");
}

TEST_F(Stream, APageThatIsSharedWithANeighbourIsNeverImported) {
    const Picture in = numbered(3);
    ASSERT_EQ(in.bytes.size() % 4096, 2048U) << "not whole pages, as 1080p I420";
    ASSERT_EQ(harness_->push(page_buffer(in, in.bytes.size())), GST_FLOW_OK);
    gst_buffer_unref(harness_->pull());
    EXPECT_EQ(harness_->stat_text("memory-path"), "staged");
    EXPECT_NE(harness_->stat_text("memory-reason").find("6144 bytes is not whole pages"),
              std::string::npos)
        << harness_->stat_text("memory-reason");
}

TEST_F(Stream, MemoryThatIsNewEachTimeIsCopiedInTheEnd) {
    for (std::uint32_t i = 0; i < 40; ++i) {
        ASSERT_EQ(harness_->push(page_buffer(numbered(i), 8192)), GST_FLOW_OK);
        gst_buffer_unref(harness_->pull());
    }
    EXPECT_EQ(harness_->stat_text("memory-path"), "staged");
    EXPECT_LE(harness_->stat("frames-import"), 16U);
}

// --- what is on the buffers

TEST_F(Stream, EachFrameSaysWhatTheGpuDid) {
    ASSERT_EQ(push(0), GST_FLOW_OK);
    GstBuffer* out = harness_->pull();
    ASSERT_NE(out, nullptr);
    GstCustomMeta* meta = gst_buffer_get_custom_meta(out, "tactus-gpu-timing");
    ASSERT_NE(meta, nullptr);
    const GstStructure* s = gst_custom_meta_get_structure(meta);
    EXPECT_STREQ(gst_structure_get_string(s, "label"), "invert");
    EXPECT_EQ(std::string(gst_structure_get_string(s, "device")), harness_->stat_text("device"));
    guint64 begin = 0;
    guint64 end = 0;
    guint64 bound = 0;
    ASSERT_TRUE(gst_structure_get(s, "begin-ns", G_TYPE_UINT64, &begin, "end-ns", G_TYPE_UINT64,
                                  &end, "bound-ns", G_TYPE_UINT64, &bound, nullptr));
    EXPECT_LE(begin, end);
    EXPECT_LT(end, static_cast<guint64>(g_get_monotonic_time()) * 1000 + bound);
    gst_buffer_unref(out);
}

TEST_F(Stream, MetasAndFlagsAreKept) {
    GstBuffer* buffer = buffer_of(numbered(0));
    GstCaps* reference = gst_caps_new_empty_simple("timestamp/x-test");
    gst_buffer_add_reference_timestamp_meta(buffer, reference, 42, GST_CLOCK_TIME_NONE);
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT);
    ASSERT_EQ(harness_->push(buffer), GST_FLOW_OK);
    GstBuffer* out = harness_->pull();
    ASSERT_NE(out, nullptr);
    EXPECT_TRUE(GST_BUFFER_FLAG_IS_SET(out, GST_BUFFER_FLAG_DISCONT));
    EXPECT_NE(gst_buffer_get_reference_timestamp_meta(out, reference), nullptr);
    gst_caps_unref(reference);
    gst_buffer_unref(out);
}

guint64 number_in(const GstStructure* s, const char* field) {
    gint64 value = -1;
    EXPECT_TRUE(gst_structure_get_int64(s, field, &value)) << field;
    return static_cast<guint64>(value);
}

class Motions : public Stream, public testing::WithParamInterface<const char*> {};

TEST_P(Motions, AreCountedAgainstTheFrameBeforeAndTheFramePasses) {
    start(std::string("shader=motion post-results=true uniforms=\"u,threshold=40\" ") + GetParam());
    for (std::uint32_t i = 0; i < 4; ++i)
        ASSERT_EQ(push(i), GST_FLOW_OK);
    for (std::uint32_t i = 0; i < 4; ++i) {
        GstBuffer* out = harness_->pull();
        ASSERT_NE(out, nullptr);
        GstCustomMeta* meta = gst_buffer_get_custom_meta(out, "tactus-results");
        ASSERT_NE(meta, nullptr);
        const GstStructure* s = gst_custom_meta_get_structure(meta);
        const Motion expected =
            i == 0 ? Motion{} : reference_motion(numbered(i - 1), numbered(i), 40);
        EXPECT_EQ(number_in(s, "difference_low"), expected.difference);
        EXPECT_EQ(number_in(s, "moved"), expected.moved);
        EXPECT_EQ(
            difference(picture_of(out, PixelFormat::rgba, kWidth, kHeight), numbered(i)).where, "");
        GstMessage* message = harness_->awaited_message(GST_MESSAGE_ELEMENT);
        ASSERT_NE(message, nullptr);
        const GstStructure* posted = gst_message_get_structure(message);
        EXPECT_TRUE(gst_structure_has_name(posted, "vkcompute-results"));
        EXPECT_EQ(number_in(posted, "moved"), expected.moved);
        gst_message_unref(message);
    }
}

TEST_P(Motions, GoOnWhereTheSameCapsComeAgain) {
    start(std::string("shader=motion uniforms=\"u,threshold=40\" ") + GetParam());
    for (std::uint32_t i = 0; i < 4; ++i) {
        GstCaps* caps =
            gst_caps_from_string(video_caps(PixelFormat::rgba, kWidth, kHeight).c_str());
        EXPECT_TRUE(gst_harness_push_event(harness_->get(), gst_event_new_caps(caps)));
        gst_caps_unref(caps);
        ASSERT_EQ(push(i), GST_FLOW_OK);
        GstBuffer* out = harness_->pull();
        ASSERT_NE(out, nullptr);
        GstCustomMeta* meta = gst_buffer_get_custom_meta(out, "tactus-results");
        ASSERT_NE(meta, nullptr);
        const Motion expected =
            i == 0 ? Motion{} : reference_motion(numbered(i - 1), numbered(i), 40);
        EXPECT_EQ(number_in(gst_custom_meta_get_structure(meta), "moved"), expected.moved) << i;
        gst_buffer_unref(out);
    }
}

INSTANTIATE_TEST_SUITE_P(Memory, Motions, testing::Values("device-memory=no", "device-memory=yes"));

TEST_F(Stream, TheHistogramCountsEachValueOnce) {
    start("shader=histogram");
    ASSERT_EQ(push(5), GST_FLOW_OK);
    GstBuffer* out = harness_->pull();
    ASSERT_NE(out, nullptr);
    const GstStructure* s =
        gst_custom_meta_get_structure(gst_buffer_get_custom_meta(out, "tactus-results"));
    const auto expected = reference_histogram(numbered(5));
    for (std::size_t c = 0; c < 4; ++c) {
        const GValue* counts =
            gst_structure_get_value(s, ("component" + std::to_string(c)).c_str());
        ASSERT_EQ(gst_value_array_get_size(counts), 256U);
        for (guint i = 0; i < 256; ++i)
            EXPECT_EQ(static_cast<guint64>(g_value_get_int64(gst_value_array_get_value(counts, i))),
                      expected[c][i]);
    }
    gst_buffer_unref(out);
}

// --- audio and raw data

template <typename Sample>
GstBuffer* sample_buffer(const std::vector<Sample>& samples) {
    GstBuffer* buffer = gst_buffer_new_allocate(nullptr, samples.size() * sizeof(Sample), nullptr);
    gst_buffer_fill(buffer, 0, samples.data(), samples.size() * sizeof(Sample));
    return buffer;
}

template <typename Sample>
std::vector<Sample> samples_of(GstBuffer* buffer) {
    std::vector<Sample> samples(gst_buffer_get_size(buffer) / sizeof(Sample));
    gst_buffer_extract(buffer, 0, samples.data(), samples.size() * sizeof(Sample));
    gst_buffer_unref(buffer);
    return samples;
}

TEST_F(Stream, AudioIsAmplified) {
    harness_.reset();
    ComputeHarness audio("shader=audio-gain uniforms=\"u,gain=0.5\"");
    audio.set_caps("audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=3,channel-mask="
                   "(bitmask)0x7");
    std::vector<std::int16_t> in(3 * 333);
    std::iota(in.begin(), in.end(), std::int16_t{-400});
    ASSERT_EQ(audio.push(sample_buffer(in)), GST_FLOW_OK) << audio.complaint();
    const auto out = samples_of<std::int16_t>(audio.pull());
    ASSERT_EQ(out.size(), in.size());
    for (std::size_t i = 0; i < in.size(); ++i)
        EXPECT_EQ(out[i], std::nearbyint(in[i] * 0.5)) << i;
}

TEST_F(Stream, PlanarAudioIsAmplified) {
    harness_.reset();
    ComputeHarness audio("shader=audio-gain uniforms=\"u,gain=-2\"");
    audio.set_caps("audio/x-raw,format=F32LE,layout=non-interleaved,rate=48000,channels=2,"
                   "channel-mask=(bitmask)0x3");
    std::vector<float> in(2 * 100);
    std::iota(in.begin(), in.end(), 0.25F);
    GstBuffer* buffer = sample_buffer(in);
    GstAudioInfo info;
    GstCaps* caps = gst_pad_get_current_caps(audio.get()->srcpad);
    gst_audio_info_from_caps(&info, caps);
    gst_caps_unref(caps);
    gst_buffer_add_audio_meta(buffer, &info, 100, nullptr);
    ASSERT_EQ(audio.push(buffer), GST_FLOW_OK) << audio.complaint();
    GstBuffer* got = audio.pull();
    ASSERT_NE(got, nullptr);
    EXPECT_EQ(gst_buffer_get_audio_meta(got)->samples, 100U);
    const auto out = samples_of<float>(got);
    for (std::size_t i = 0; i < in.size(); ++i)
        EXPECT_EQ(out[i], in[i] * -2) << i;
}

TEST_F(Stream, RawDataGoesThroughAsBytes) {
    harness_.reset();
    ComputeHarness raw("shader=invert");
    raw.set_caps("application/octet-stream");
    for (const std::size_t size : {std::size_t{1}, std::size_t{7}, std::size_t{10000}}) {
        std::vector<std::uint8_t> in(size);
        std::iota(in.begin(), in.end(), std::uint8_t{3});
        ASSERT_EQ(raw.push(sample_buffer(in)), GST_FLOW_OK) << raw.complaint();
        const auto out = samples_of<std::uint8_t>(raw.pull());
        ASSERT_EQ(out.size(), size);
        for (std::size_t i = 0; i < size; ++i)
            EXPECT_EQ(out[i], 255 - in[i]) << i;
    }
    ASSERT_EQ(raw.push(gst_buffer_new()), GST_FLOW_OK) << "an empty one passes";
    GstBuffer* empty = raw.pull();
    ASSERT_NE(empty, nullptr);
    EXPECT_EQ(gst_buffer_get_size(empty), 0U);
    gst_buffer_unref(empty);
}

} // namespace
