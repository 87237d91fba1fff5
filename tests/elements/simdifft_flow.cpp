// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdifft alone, with frames that core made.
#include "ifft_harness.h"
#include "unreadable_buffer.h"

#include <random>

using namespace tactus;

namespace {

StftConfig small(unsigned channels = 2) {
    StftConfig config;
    config.channels = channels;
    config.rate = 44'100;
    config.fft_size = 256;
    return config.resolved();
}

StftRun run_of(const StftConfig& config, std::size_t samples, unsigned seed = 1) {
    StftRun run;
    run.config = config;
    run.samples = noise_of(config.channels, samples, seed);
    return run;
}

Planar part_of(const Planar& samples, std::size_t from, std::size_t end) {
    Planar part;
    for (const auto& channel : samples)
        part.emplace_back(channel.begin() + static_cast<std::ptrdiff_t>(from),
                          channel.begin() + static_cast<std::ptrdiff_t>(end));
    return part;
}

GstEvent* gap_at(GstClockTime time) {
    return gst_event_new_gap(time, GST_SECOND);
}

std::string next_event(GstHarness* harness) {
    GstEvent* const event = gst_harness_try_pull_event(harness);
    if (event == nullptr)
        return {};
    const std::string name = GST_EVENT_TYPE_NAME(event);
    gst_event_unref(event);
    return name;
}

} // namespace

TEST(SimdIfft, GivesBackTheSamplesTheirNumberAndTheirTimes) {
    std::mt19937 random(1);
    for (int i = 0; i < 60; ++i) {
        StftConfig config = small(1 + random() % 6);
        config.fft_size = 32 + random() % 500;
        config.window_length = config.fft_size - random() % 16;
        config.hop_frames = config.window_length / (2 + random() % 4);
        config.scaling = static_cast<StftScaling>(random() % kStftScalings);
        config = config.resolved();
        StftRun run = run_of(config, 1 + random() % 5000, random());
        run.frames_per_buffer = 1 + random() % 5;
        run.start = random();
        run.offset = random();
        IfftHarness h;
        ASSERT_TRUE(h.start(config));
        h.push(run);
        ASSERT_TRUE(h.send(gst_event_new_eos()));
        const auto out = h.take(config);
        ASSERT_EQ(out.size(), 1U);
        EXPECT_EQ(out[0].start, run.start);
        EXPECT_EQ(out[0].offset, run.offset);
        EXPECT_LE(error_db(out[0].samples, run.samples), -130) << i;
        EXPECT_EQ(h.stat("samples"), run.samples[0].size());
    }
}

TEST(SimdIfft, DoesNotDependOnHowFramesLieInBuffers) {
    StftRun run = run_of(small(), 3000);
    Planar first;
    for (const std::size_t frames : {1U, 2U, 7U, 1000U}) {
        run.frames_per_buffer = frames;
        IfftHarness h;
        ASSERT_TRUE(h.start(run.config));
        h.push(run);
        ASSERT_TRUE(h.send(gst_event_new_eos()));
        const auto out = h.take(run.config);
        ASSERT_EQ(out.size(), 1U);
        if (first.empty())
            first = out[0].samples;
        EXPECT_EQ(out[0].samples, first) << frames;
    }
}

TEST(SimdIfft, WithoutCentreGivesAllSamplesToo) {
    StftConfig config = small();
    config.center = false;
    config.window.kind = WindowKind::hamming;
    StftRun run = run_of(config, 1001);
    IfftHarness h;
    ASSERT_TRUE(h.start(config));
    h.push(run);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    const auto out = h.take(config);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, run.samples), -130);
}

TEST(SimdIfft, PushesTheRestBeforeEosAndGaps) {
    for (const bool is_gap : {false, true}) {
        const StftRun run = run_of(small(), 1000);
        IfftHarness h;
        ASSERT_TRUE(h.start(run.config));
        h.push(run);
        for (const char* name : {"stream-start", "caps", "segment"})
            ASSERT_EQ(next_event(h.get()), name);
        ASSERT_TRUE(h.send(is_gap ? gap_at(5 * GST_SECOND) : gst_event_new_eos()));
        EXPECT_EQ(next_event(h.get()), is_gap ? "gap" : "eos");
        const auto out = h.take(run.config);
        ASSERT_EQ(out.size(), 1U);
        EXPECT_LE(error_db(out[0].samples, run.samples), -130);
    }
}

TEST(SimdIfft, EndsARunWhereTheNextStarts) {
    StftRun first = run_of(small(), 1003);
    StftRun second = run_of(small(), 777, 2);
    second.start = 10 * GST_SECOND;
    second.offset = 441'000;
    IfftHarness h;
    ASSERT_TRUE(h.start(first.config));
    h.push(first);
    h.push(second);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    const auto out = h.take(first.config);
    ASSERT_EQ(out.size(), 2U);
    EXPECT_LE(error_db(out[0].samples, first.samples), -130);
    EXPECT_LE(error_db(out[1].samples, second.samples), -130);
    EXPECT_EQ(out[1].start, 10 * GST_SECOND);
    EXPECT_EQ(out[1].offset, 441'000U);
    EXPECT_EQ(h.stat("runs"), 2U);
    EXPECT_EQ(h.stat("missing-frames"), 0U);
}

TEST(SimdIfft, NoticesMissingFrames) {
    for (const bool center : {true, false}) {
        StftConfig config = small();
        config.center = center;
        config.window.kind = WindowKind::hamming;
        const StftRun run = run_of(config, 5000);
        const auto buffers = run.buffers();
        ASSERT_GT(buffers.size(), 40U);
        IfftHarness h;
        ASSERT_TRUE(h.start(config));
        for (std::size_t i = 0; i < buffers.size(); ++i) {
            if (i >= 20 && i < 23)
                gst_buffer_unref(buffers[i]);
            else
                ASSERT_EQ(h.push(buffers[i]), GST_FLOW_OK);
        }
        ASSERT_TRUE(h.send(gst_event_new_eos()));
        const auto out = h.take(config);
        ASSERT_EQ(out.size(), 2U);
        const std::size_t hop = config.hop_frames;
        // The last window before the gap reaches over it.
        const std::size_t end = (center ? 20 : 23) * hop;
        EXPECT_EQ(out[1].offset, 23 * hop);
        EXPECT_EQ(out[1].start, run.time_of(static_cast<std::int64_t>(23 * hop)));
        EXPECT_LE(error_db(out[0].samples, part_of(run.samples, 0, end)), -125);
        EXPECT_LE(error_db(out[1].samples, part_of(run.samples, 23 * hop, 5000)), -125);
        EXPECT_EQ(h.stat("missing-frames"), 3U);
    }
}

TEST(SimdIfft, WithoutOffsetsEndsWhereTheWindowsDo) {
    StftRun run = run_of(small(), 640);
    run.has_offsets = false;
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    for (GstBuffer* buffer : run.buffers())
        ASSERT_EQ(h.push(buffer), GST_FLOW_OK);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    const auto out = h.take(run.config);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, run.samples), -130); // 640 is ten hops
}

TEST(SimdIfft, DropsWhatItHoldsWhenFlushed) {
    const StftRun run = run_of(small(), 1000);
    auto buffers = run.buffers();
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    for (std::size_t i = 0; i < buffers.size(); ++i) {
        if (i < 8)
            ASSERT_EQ(h.push(buffers[i]), GST_FLOW_OK);
        else
            gst_buffer_unref(buffers[i]);
    }
    ASSERT_TRUE(h.send(gst_event_new_flush_start()));
    ASSERT_TRUE(h.send(gst_event_new_flush_stop(TRUE)));
    ASSERT_TRUE(h.send(make_segment()));
    h.take(run.config);
    h.push(run);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    const auto out = h.take(run.config);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, run.samples), -130);
}

TEST(SimdIfft, ChangesItsCapsInTheStream) {
    StftRun first = run_of(small(2), 1000);
    StftConfig other = small(3);
    other.rate = 48'000;
    other.fft_size = 100;
    other.hop_frames = 25;
    other.window_length = 100;
    const StftRun second = run_of(other, 500);
    IfftHarness h;
    ASSERT_TRUE(h.start(first.config));
    h.push(first);
    ASSERT_TRUE(h.send_caps(other));
    auto out = h.take(first.config);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, first.samples), -130);
    h.push(second);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    out = h.take(other);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, second.samples), -130);
    GstCaps* const caps = h.caps_out();
    GstStructure* const structure = gst_caps_get_structure(caps, 0);
    gint channels = 0;
    gint rate = 0;
    EXPECT_TRUE(gst_structure_get_int(structure, "channels", &channels));
    EXPECT_TRUE(gst_structure_get_int(structure, "rate", &rate));
    EXPECT_EQ(channels, 3);
    EXPECT_EQ(rate, 48'000);
    gst_caps_unref(caps);
}

TEST(SimdIfft, IsNotInterruptedByTheSameCapsOrSegment) {
    const StftRun run = run_of(small(), 1000);
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    for (GstBuffer* buffer : run.buffers()) {
        ASSERT_EQ(h.push(buffer), GST_FLOW_OK);
        ASSERT_TRUE(h.send_caps(run.config));
        ASSERT_TRUE(h.send(make_segment()));
    }
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    const auto out = h.take(run.config);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, run.samples), -130);
}

TEST(SimdIfft, KeepsThePositionsOfTheChannels) {
    constexpr std::uint64_t kFivePointOne = 0x3f;
    IfftHarness h;
    ASSERT_TRUE(h.start(small(6), kFivePointOne));
    GstCaps* const caps = h.caps_out();
    guint64 mask = 0;
    EXPECT_TRUE(gst_structure_get(gst_caps_get_structure(caps, 0), "channel-mask", GST_TYPE_BITMASK,
                                  &mask, nullptr));
    EXPECT_EQ(mask, kFivePointOne);
    gst_caps_unref(caps);
}

TEST(SimdIfft, SaysWhichHopAndWindowWouldWork) {
    StftConfig config = small();
    config.hop_frames = 256;
    IfftHarness h;
    h.start(config);
    EXPECT_EQ(h.push(gst_buffer_new_allocate(nullptr, 2064, nullptr)), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_EQ(h.message(GST_MESSAGE_ERROR),
              "These spectra cannot be undone: a hann window of 256 samples every 256 cannot be "
              "undone: some samples are in no window, or weigh nothing; hop-size 128 works; with "
              "this hop-size, window hamming works.");
}

TEST(SimdIfft, SaysWhatIsWrongWithItsCaps) {
    for (const auto& [caps, complaint] :
         {std::pair{"format=complex-f32, window=square",
                    "These caps cannot be: field window is square: it must be rectangular, hann, "
                    "hamming, blackman, blackman-harris, kaiser, flat-top, sqrt-hann or custom."},
          {"format=power-f32, window=hann", ""}}) { // that is not in the template
        IfftHarness h;
        ASSERT_TRUE(h.send(gst_event_new_stream_start("test")));
        h.send(make_caps(
            (std::string("audio/x-stft, rate=48000, channels=2, fft-size=1024, hop-size=256, ") +
             caps)
                .c_str()));
        h.send(make_segment());
        EXPECT_EQ(h.push(gst_buffer_new_allocate(nullptr, 100, nullptr)), GST_FLOW_NOT_NEGOTIATED);
        EXPECT_EQ(h.message(GST_MESSAGE_ERROR), complaint);
    }
}

TEST(SimdIfft, RefusesSpectraBeforeTheirCaps) {
    IfftHarness h;
    ASSERT_TRUE(h.send(gst_event_new_stream_start("test")));
    ASSERT_TRUE(h.send(make_segment()));
    EXPECT_EQ(h.push(gst_buffer_new_allocate(nullptr, 100, nullptr)), GST_FLOW_NOT_NEGOTIATED);
    EXPECT_EQ(h.message(GST_MESSAGE_ERROR), "Spectra came before their caps.");
}

TEST(SimdIfft, CountsBytesThatAreNoFrame) {
    const StftRun run = run_of(small(), 1000);
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    ASSERT_EQ(h.push(gst_buffer_new_allocate(nullptr, 100, nullptr)), GST_FLOW_OK);
    ASSERT_EQ(h.push(gst_buffer_new_allocate(nullptr, 7, nullptr)), GST_FLOW_OK);
    ASSERT_EQ(h.push(gst_buffer_new()), GST_FLOW_OK);
    EXPECT_EQ(h.stat("rest-bytes"), 107U);
    EXPECT_EQ(h.message(GST_MESSAGE_WARNING),
              "A buffer of spectra has 100 bytes that are no whole frame: one has 2064.");
    EXPECT_EQ(h.message(GST_MESSAGE_WARNING), "");
    h.push(run);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    const auto out = h.take(run.config);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, run.samples), -130);
}

TEST(SimdIfft, CountsFramesThatItDoesNotUndo) {
    const StftRun run = run_of(small(), 1000);
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    h.push(run);
    const std::uint64_t undone = h.stat("frames");
    EXPECT_EQ(h.stat("frames-refused"), 0U);
    const std::size_t frame_bytes = StftStream{run.config, 0}.frame_bytes();
    EXPECT_EQ(h.push(unreadable_buffer(3 * frame_bytes)), GST_FLOW_ERROR);
    EXPECT_EQ(h.stat("frames"), undone);
    EXPECT_EQ(h.stat("frames-refused"), 3U);
    GstPad* const downstream = h.get()->sinkpad;
    gst_pad_set_active(downstream, FALSE);
    GstBuffer* const buffer = gst_buffer_new_allocate(nullptr, 2 * frame_bytes, nullptr);
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT); // the run before is ended first
    EXPECT_EQ(h.push(buffer), GST_FLOW_FLUSHING);
    EXPECT_EQ(h.stat("frames"), undone);
    EXPECT_EQ(h.stat("frames-refused"), 5U);
    GstBufferList* const list = gst_buffer_list_new();
    for (int i = 0; i < 3; ++i)
        gst_buffer_list_add(list, unreadable_buffer(3 * frame_bytes));
    EXPECT_EQ(gst_pad_push_list(h.get()->srcpad, list), GST_FLOW_ERROR);
    EXPECT_EQ(h.stat("frames-refused"), 14U);
    gst_pad_set_active(downstream, TRUE);
}

TEST(SimdIfft, ReadsFramesAtOddAddresses) {
    const StftRun run = run_of(small(), 1000);
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    for (GstBuffer* buffer : run.buffers()) {
        const gsize size = gst_buffer_get_size(buffer);
        GstBuffer* const odd = gst_buffer_new_allocate(nullptr, size + 1, nullptr);
        GstMapInfo map;
        ASSERT_TRUE(gst_buffer_map(buffer, &map, GST_MAP_READ));
        gst_buffer_fill(odd, 1, map.data, size);
        gst_buffer_unmap(buffer, &map);
        gst_buffer_resize(odd, 1, static_cast<gssize>(size));
        gst_buffer_copy_into(odd, buffer, GST_BUFFER_COPY_METADATA, 0, G_MAXSIZE);
        gst_buffer_unref(buffer);
        ASSERT_EQ(h.push(odd), GST_FLOW_OK);
    }
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    const auto out = h.take(run.config);
    ASSERT_EQ(out.size(), 1U);
    EXPECT_LE(error_db(out[0].samples, run.samples), -130);
}

TEST(SimdIfft, CountsNumbersThatAreNone) {
    const StftRun run = run_of(small(), 1000);
    auto buffers = run.buffers();
    const float not_a_number = NAN;
    gst_buffer_fill(buffers[5], 40, &not_a_number, sizeof(float));
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    for (GstBuffer* buffer : buffers)
        ASSERT_EQ(h.push(buffer), GST_FLOW_OK);
    ASSERT_TRUE(h.send(gst_event_new_eos()));
    EXPECT_EQ(h.stat("non-finite"), 1U);
    const auto out = h.take(run.config);
    ASSERT_EQ(out.size(), 1U);
    for (const float sample : out[0].samples[0])
        ASSERT_TRUE(std::isfinite(sample));
}

TEST(SimdIfft, HandsOnWhatDownstreamAnswers) {
    const StftRun run = run_of(small(), 1000);
    IfftHarness h;
    ASSERT_TRUE(h.start(run.config));
    GstPad* const sink = gst_element_get_static_pad(h.element(), "sink");
    gst_pad_set_active(h.get()->sinkpad, FALSE);
    GstFlowReturn flow = GST_FLOW_OK;
    for (GstBuffer* buffer : run.buffers())
        flow = std::min(flow, gst_pad_chain(sink, buffer));
    EXPECT_EQ(flow, GST_FLOW_FLUSHING);
    gst_object_unref(sink);
}

TEST(SimdIfft, AddsHalfAWindowOfLatency) {
    StftConfig config = small();
    IfftHarness h;
    ASSERT_TRUE(h.start(config));
    gst_harness_set_upstream_latency(h.get(), 20 * GST_MSECOND);
    EXPECT_EQ(gst_harness_query_latency(h.get()),
              20 * GST_MSECOND + gst_util_uint64_scale_ceil(128, GST_SECOND, 44'100));
    config.center = false;
    ASSERT_TRUE(h.send_caps(config));
    EXPECT_EQ(gst_harness_query_latency(h.get()), 20 * GST_MSECOND);
}

TEST(SimdIfft, AsksForTheRateAndTheChannelsBeyondIt) {
    IfftHarness h;
    gst_harness_set_sink_caps_str(h.get(), "audio/x-raw, rate=16000, channels={ 1, 3 }");
    GstPad* const sink = gst_element_get_static_pad(h.element(), "sink");
    GstCaps* const caps = gst_pad_query_caps(sink, nullptr);
    GstCaps* const expected =
        gst_caps_from_string("audio/x-stft, format=complex-f32, rate=16000, channels={ 1, 3 }, "
                             "fft-size=(int)[ 2, 16777216 ], hop-size=(int)[ 1, 16777216 ]");
    EXPECT_TRUE(gst_caps_is_equal(caps, expected)) << gst_caps_to_string(caps);
    gst_caps_unref(expected);
    gst_caps_unref(caps);
    gst_object_unref(sink);
}
