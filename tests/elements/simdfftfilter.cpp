// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// simdfftfilter beside its peer: what comes out, and when.
#include "filter_feed.h"
#include "glue/gst_version.h"
#include "unreadable_buffer.h"

#include <algorithm>

using namespace tactus;

namespace {

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

// The peer's property drain-on-changes is true then, but means the opposite.
TEST(SimdFftFilter, GoesOnWithTheSoundBeforeAtANewKernelAsItsPeerDoes) {
    if (runs_gst(1, 24))
        GTEST_SKIP() << "what the peer makes of drain-on-changes is known of 1.22 alone";
    const auto in = audio<float>(2000, 2);
    const auto run = [&](const char* line) {
        AudioFeed feed(line);
        set_kernel(feed.element(), noise_taps(600, 1));
        feed.set_format(kFloat, 48'000, 1);
        feed.push(std::vector<float>(in.begin(), in.begin() + 1000));
        set_kernel(feed.element(), noise_taps(600, 9));
        feed.push(std::vector<float>(in.begin() + 1000, in.end()));
        feed.end();
        return feed.samples<float>();
    };
    const auto ours = run("simdfftfilter low-latency=true latency-frames=64");
    const auto peer = run("audiofirfilter low-latency=true");
    const auto anew = run("simdfftfilter low-latency=true latency-frames=64 drain-on-changes=true");
    const auto peer_anew = run("audiofirfilter low-latency=true drain-on-changes=false");
    ASSERT_EQ(ours.size(), 2000U);
    ASSERT_EQ(peer.size(), 2000U);
    ASSERT_EQ(anew.size(), 2000U);
    ASSERT_EQ(peer_anew.size(), 2000U);
    for (std::size_t n = 1200; n < 2000; ++n) // when the fade is over
        ASSERT_NEAR(ours[n], peer[n], 1e-5) << n;
    for (std::size_t n = 0; n < 2000; ++n)
        ASSERT_NEAR(anew[n], peer_anew[n], 1e-5) << n;
}

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

TEST(SimdFftFilter, CountsWhatItDoesNotFilter) {
    AudioFeed feed("simdfftfilter");
    set_kernel(feed.element(), noise_taps(300, 1));
    feed.set_format(kFloat, 48'000, 2);
    ASSERT_EQ(feed.push(audio<float>(2 * 1000, 2)), GST_FLOW_OK);
    constexpr std::size_t kBytes = 2 * sizeof(float) * 70;
    EXPECT_EQ(feed.push(unreadable_buffer(kBytes)), GST_FLOW_ERROR);
    EXPECT_EQ(feed.stat("frames-in"), 1000U);
    EXPECT_EQ(feed.stat("frames-refused"), 70U);
    GstPad* const downstream = feed.harness()->sinkpad;
    gst_pad_set_active(downstream, FALSE);
    GstBuffer* const buffer = feed.make(audio<float>(2 * 500, 3));
    GST_BUFFER_FLAG_SET(buffer, GST_BUFFER_FLAG_DISCONT); // what was held is pushed first
    EXPECT_EQ(feed.push(buffer), GST_FLOW_FLUSHING);
    EXPECT_EQ(feed.stat("frames-in"), 1000U);
    EXPECT_EQ(feed.stat("frames-refused"), 570U);
    GstBufferList* const list = gst_buffer_list_new();
    for (int i = 0; i < 3; ++i)
        gst_buffer_list_add(list, unreadable_buffer(kBytes));
    EXPECT_EQ(gst_pad_push_list(feed.harness()->srcpad, list), GST_FLOW_ERROR);
    EXPECT_EQ(feed.stat("frames-refused"), 780U);
    gst_pad_set_active(downstream, TRUE);
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

// Properties are named as those of its peer; what is said of them keeps to the glossary.
TEST(SimdFftFilter, SaysResponseWhereNoPropertyIsMeant) {
    AudioFeed feed("simdfftfilter");
    guint count = 0;
    g_autofree GParamSpec** specs =
        g_object_class_list_properties(G_OBJECT_GET_CLASS(feed.element()), &count);
    for (guint i = 0; i < count; ++i)
        for (const char* const text :
             {g_param_spec_get_nick(specs[i]), g_param_spec_get_blurb(specs[i])})
            EXPECT_FALSE(g_regex_match_simple("kernel(?!-)", text, G_REGEX_CASELESS,
                                              static_cast<GRegexMatchFlags>(0)))
                << specs[i]->name << ": " << text;
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

} // namespace
