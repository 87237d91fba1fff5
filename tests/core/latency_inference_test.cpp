// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/latency/running_time.h"
#include "latency_feeder.h"

namespace tactus {

namespace {

/// Elements 1 and 2 are sources, 3 makes new buffers of theirs, 4 is a queue, 5 a sink.
class LatencyInference : public LatencyFeeder {
  protected:
    LatencyInference() {
        element(1, "src", true);
        element(2, "othersrc", true);
        element(3, "mixer");
        element(4, "queue");
        element(5, "sink", false, true);
    }

    void expect_arrival(std::size_t n, std::uint64_t oldest_ms, std::uint64_t newest_ms,
                        std::uint32_t source) const {
        ASSERT_GT(recorder.arrivals.size(), n);
        const Arrived& arrived = recorder.arrivals[n];
        EXPECT_TRUE(arrived.origins.inferred);
        EXPECT_EQ(arrived.origins.oldest.t0_ns, oldest_ms * kMs);
        EXPECT_EQ(arrived.origins.newest.t0_ns, newest_ms * kMs);
        EXPECT_EQ(arrived.source_element, source);
    }
};

TEST_F(LatencyInference, finds_both_sources_though_their_segments_differ) {
    time_segment(src_pad(1), 1000);
    time_segment(src_pad(2), 0, 200);
    time_segment(src_pad(3), 0);
    // Running times 200..220, 220..240 on both.
    feed_timed(1, sink_pad(3, 0), 10, 1200, 20);
    feed_timed(2, sink_pad(3, 1), 14, 0, 20);
    feed_timed(1, sink_pad(3, 0), 30, 1220, 20);
    feed_timed(2, sink_pad(3, 1), 34, 20, 20);
    derive(src_pad(3), sink_pad(5), 40, 200, 20);
    expect_arrival(0, 10, 14, 1);
    EXPECT_EQ(residences_in(3).size(), 2u);
    derive(src_pad(3), sink_pad(5), 60, 220, 20);
    expect_arrival(1, 30, 34, 1);
    EXPECT_EQ(residences_in(3).size(), 4u);
    EXPECT_TRUE(residences_in(3)[0].origins.inferred);
    EXPECT_EQ(stats(3).inferred, 2u);
    EXPECT_EQ(stats(3).inside, 0u);
    EXPECT_EQ(stats(3).dropped, 0u);
    EXPECT_EQ(analyzer.snapshot(0).paths.at(0).inferred, 2u);
}

TEST_F(LatencyInference, counts_the_path_of_each_source) {
    for (const std::uint32_t source : {1U, 2U, 3U})
        time_segment(src_pad(source), 0);
    feed_timed(1, sink_pad(3, 0), 10, 0, 10);
    feed_timed(1, sink_pad(3, 0), 20, 10, 10);
    feed_timed(2, sink_pad(3, 1), 14, 0, 20);
    derive(src_pad(3), sink_pad(5), 40, 0, 20);
    const LatencySnapshot all = analyzer.snapshot(0);
    ASSERT_EQ(all.paths.size(), 2u);
    EXPECT_EQ(all.paths[0].source_element, 1u);
    EXPECT_EQ(all.paths[0].buffers, 1u);
    EXPECT_EQ(all.paths[0].oldest.summary.max, 30 * kMs);
    EXPECT_EQ(all.paths[0].newest.summary.max, 20 * kMs);
    EXPECT_EQ(all.paths[1].source_element, 2u);
    EXPECT_EQ(all.paths[1].buffers, 1u);
    EXPECT_EQ(all.paths[1].oldest.summary.max, 26 * kMs);
    EXPECT_EQ(all.paths[1].newest.summary.max, 26 * kMs);
    EXPECT_EQ(recorder.arrivals.size(), 1u);
}

TEST_F(LatencyInference, takes_the_newest_of_the_pictures_in_the_time_of_one) {
    PadInfo pictures{sink_pad(3), 3, "sink", true};
    analyzer.pad(pictures);
    pictures = {src_pad(3), 3, "src", true};
    analyzer.pad(pictures);
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    // Half a picture late, so two overlap each output.
    feed_timed(1, sink_pad(3), 10, 10, 20);
    derive(src_pad(3), sink_pad(5), 15, 0, 20);
    expect_arrival(0, 10, 10, 1);
    feed_timed(1, sink_pad(3), 30, 30, 20);
    derive(src_pad(3), sink_pad(5), 35, 20, 20);
    expect_arrival(1, 30, 30, 1);
    EXPECT_EQ(stats(3).inside, 0u);
    EXPECT_EQ(stats(3).dropped, 0u);
}

TEST_F(LatencyInference, follows_a_muxer_that_counts_time_from_its_first_input) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    for (std::uint64_t i = 0; i < 4; ++i) {
        // Its inputs begin at 5 ms, its outputs, two for each, at 0.
        feed_timed(1, sink_pad(3), 10 + 10 * i, 5 + 10 * i, 10);
        for (std::uint64_t packet = 0; packet < 2; ++packet) {
            derive(src_pad(3), sink_pad(5), 11 + 10 * i, 10 * i, 0);
            expect_arrival(2 * i + packet, 10 + 10 * i, 10 + 10 * i, 1);
        }
    }
    EXPECT_EQ(stats(3).inside, 0u);
    EXPECT_EQ(stats(3).dropped, 0u);
}

TEST_F(LatencyInference, knows_derived_ids_further_down) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 10, 0, 20);
    TestBuffer made = derive(src_pad(3), sink_pad(4), 20, 0, 20);
    push(src_pad(4), sink_pad(5), made, 70, 3);
    expect_arrival(0, 10, 10, 1);
    ASSERT_EQ(residences_in(4).size(), 1u);
    EXPECT_EQ(residences_in(4)[0].out_ns, 70 * kMs);
    EXPECT_EQ(stats(4).inferred, 0u);
}

TEST_F(LatencyInference, knows_ids_derived_from_derived_ones) {
    element(6, "othermixer");
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    time_segment(src_pad(6), 0);
    feed_timed(1, sink_pad(3), 10, 0, 20);
    derive(src_pad(3), sink_pad(6), 20, 0, 20);
    derive(src_pad(6), sink_pad(5), 50, 0, 20);
    expect_arrival(0, 10, 10, 1);
}

TEST_F(LatencyInference, knows_derived_ids_after_their_pad_has_gone) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 10, 0, 20);
    TestBuffer made = derive(src_pad(3), sink_pad(4), 20, 0, 20);
    analyzer.pad_gone(src_pad(3));
    analyzer.pad_gone(src_pad(1));
    push(src_pad(4), sink_pad(5), made, 70, 3);
    expect_arrival(0, 10, 10, 1);
}

TEST_F(LatencyInference, lets_one_input_be_part_of_many_outputs) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 5, 0, 100);
    for (std::uint64_t i = 0; i < 10; ++i) {
        derive(src_pad(3), sink_pad(5), 10 + i, i * 10, 10);
        expect_arrival(i, 5, 5, 1);
    }
    EXPECT_EQ(residences_in(3).size(), 1u);
    EXPECT_EQ(stats(3).duplicated, 0u);
    EXPECT_EQ(stats(3).dropped, 0u);
}

TEST_F(LatencyInference, leaves_out_what_an_output_reaches_into_by_the_rounding_to_samples) {
    constexpr std::uint64_t kSampleNs = 20'833; // at 48 kHz
    const auto mix = [this](std::uint64_t at_ms, std::uint64_t pts_ns) {
        TestBuffer buffer = fresh(src_pad(3), at_ms);
        buffer.pts_ns = pts_ns;
        buffer.duration_ns = 10 * kMs;
        push(src_pad(3), sink_pad(5), buffer, at_ms, 2);
    };
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 50, 40, 10);
    feed_timed(1, sink_pad(3), 60, 50, 10);
    feed_timed(1, sink_pad(3), 70, 60, 10);
    mix(75, 40 * kMs + kSampleNs);
    mix(76, 50 * kMs - kSampleNs);
    mix(77, 55 * kMs);
    expect_arrival(0, 50, 50, 1);
    expect_arrival(1, 60, 60, 1);
    expect_arrival(2, 60, 70, 1); // half of each
    EXPECT_EQ(stats(3).inside, 0u);
}

TEST_F(LatencyInference, takes_an_input_without_a_duration_to_last_until_the_next) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 5, 0, 0);
    feed_timed(1, sink_pad(3), 105, 100, 0);
    derive(src_pad(3), sink_pad(5), 110, 60, 20);
    expect_arrival(0, 5, 5, 1);
    derive(src_pad(3), sink_pad(5), 300, 280, 20);
    expect_arrival(1, 105, 105, 1);
}

TEST_F(LatencyInference, passes_by_what_lies_before_an_output_and_counts_no_drop) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 0, 0, 10);
    feed_timed(1, sink_pad(3), 10, 10, 10);
    feed_timed(1, sink_pad(3), 20, 20, 10);
    derive(src_pad(3), sink_pad(5), 30, 20, 10);
    expect_arrival(0, 20, 20, 1);
    EXPECT_EQ(stats(3).inside, 0u);
    EXPECT_EQ(stats(3).dropped, 0u);
    EXPECT_EQ(residences_in(3).size(), 1u);
}

TEST_F(LatencyInference, does_not_drop_what_came_early) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(2), 0);
    time_segment(src_pad(3), 0);
    for (std::uint64_t i = 0; i < 300; ++i) // far ahead of the other input
        feed_timed(1, sink_pad(3, 0), i, i * 20, 20);
    for (std::uint64_t i = 0; i < 200; ++i) {
        feed_timed(2, sink_pad(3, 1), 1000 + i * 20, i * 20, 20);
        derive(src_pad(3), sink_pad(5), 1001 + i * 20, i * 20, 20);
        analyzer.tick((1001 + i * 20) * kMs);
    }
    EXPECT_EQ(stats(3).dropped, 0u);
    EXPECT_EQ(stats(3).inside, 100u);
    analyzer.eos(src_pad(3), 9000 * kMs);
    EXPECT_EQ(stats(3).dropped, 100u);
}

TEST_F(LatencyInference, begins_anew_with_a_new_segment) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 0, 100'000, 20);
    derive(src_pad(3), sink_pad(5), 10, 100'000, 20);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 20, 0, 20);
    analyzer.eos(src_pad(3), 30 * kMs);
    EXPECT_EQ(stats(3).dropped, 1u);
}

TEST_F(LatencyInference, gives_a_muxer_without_durations_what_has_not_come_out_yet) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 0, 0, 20);
    feed_timed(1, sink_pad(3), 20, 20, 20);
    feed_timed(1, sink_pad(3), 40, 40, 20);
    derive(src_pad(3), sink_pad(5), 50, 20, 0);
    expect_arrival(0, 0, 20, 1);
    EXPECT_EQ(stats(3).inside, 1u);
    derive(src_pad(3), sink_pad(5), 60, 40, 0);
    expect_arrival(1, 40, 40, 1);
    EXPECT_EQ(residences_in(3).size(), 3u);
}

TEST_F(LatencyInference, gives_an_output_without_time_all_that_has_not_come_out_yet) {
    SegmentSeen bytes;
    bytes.src_pad = src_pad(3);
    bytes.in_time = false;
    analyzer.segment(bytes);
    time_segment(src_pad(1), 0);
    feed_timed(1, sink_pad(3, 0), 0, 0, 20);
    feed_timed(2, sink_pad(3, 1), 9, 0, 20);
    derive(src_pad(3), sink_pad(5), 10, kNoTimeNs, 0);
    expect_arrival(0, 0, 9, 1);
    derive(src_pad(3), sink_pad(5), 11, kNoTimeNs, 0); // nothing is left: the newest of each pad
    expect_arrival(1, 0, 9, 1);
    EXPECT_EQ(residences_in(3).size(), 2u);
}

TEST_F(LatencyInference, does_not_count_samples_twice_that_follow_their_header) {
    TestBuffer a = feed(1, sink_pad(3), 0);
    TestBuffer b = feed(1, sink_pad(3), 20);
    derive(src_pad(3), sink_pad(5), 40, kNoTimeNs, 0);
    push(src_pad(3), sink_pad(5), a, 40, 2);
    push(src_pad(3), sink_pad(5), b, 40, 2);
    EXPECT_EQ(stats(3).duplicated, 0u);
    EXPECT_EQ(residences_in(3).size(), 2u);
    TestBuffer c = feed(1, sink_pad(3), 60);
    derive(src_pad(3), sink_pad(5), 80, kNoTimeNs, 0); // by now it is known that samples follow
    EXPECT_EQ(stats(3).inside, 1u);
    push(src_pad(3), sink_pad(5), c, 81, 2);
    EXPECT_EQ(residences_in(3).size(), 3u);
    EXPECT_EQ(residences_in(3)[2].out_ns, 81 * kMs);
    EXPECT_FALSE(residences_in(3)[2].origins.inferred);
}

TEST_F(LatencyInference, plays_backwards) {
    time_segment(src_pad(1), 0, 0, -1.0, 1000);
    time_segment(src_pad(3), 0, 0, -1.0, 1000);
    feed_timed(1, sink_pad(3), 5, 980, 20); // running time 0..20
    feed_timed(1, sink_pad(3), 25, 960, 20);
    derive(src_pad(3), sink_pad(5), 30, 960, 20);
    expect_arrival(0, 25, 25, 1);
}

TEST_F(LatencyInference, takes_the_nearest_input_within_half_a_second) {
    time_segment(src_pad(1), 0);
    time_segment(src_pad(3), 0);
    feed_timed(1, sink_pad(3), 5, 0, 20);
    derive(src_pad(3), sink_pad(5), 30, 400, 20);
    expect_arrival(0, 5, 5, 1);
    derive(src_pad(3), sink_pad(5), 31, 520, 20);
    ASSERT_EQ(recorder.arrivals.size(), 2u);
    EXPECT_FALSE(recorder.arrivals[1].origins.inferred);
    EXPECT_EQ(recorder.arrivals[1].source_element, 3u);
}

TEST_F(LatencyInference, lets_content_begin_where_there_were_no_inputs) {
    time_segment(src_pad(3), 0);
    derive(src_pad(3), sink_pad(5), 30, 0, 20);
    ASSERT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_FALSE(recorder.arrivals[0].origins.inferred);
    EXPECT_EQ(recorder.arrivals[0].source_element, 3u);
}

TEST(RunningTime, makes_no_sense_of_nonsense) {
    SegmentSeen segment;
    EXPECT_TRUE(running_interval(segment, 5, 5).is_timed());
    EXPECT_FALSE(running_interval(segment, kNoTimeNs, 5).is_timed());
    EXPECT_FALSE(running_interval(segment, kNoTimeNs - 1, 5).is_timed());
    EXPECT_FALSE(running_interval(segment, 5, kNoTimeNs).has_end());
    segment.rate = 0;
    EXPECT_FALSE(running_interval(segment, 5, 5).is_timed());
    segment.rate = -1;
    EXPECT_FALSE(running_interval(segment, 5, 5).is_timed());
    segment.rate = 1;
    segment.start_ns = kNoTimeNs;
    EXPECT_FALSE(running_interval(segment, 5, 5).is_timed());
}

TEST(RunningTime, is_shorter_at_a_higher_rate_and_negative_before_the_start) {
    SegmentSeen segment;
    segment.rate = 2.0;
    segment.start_ns = 100;
    segment.base_ns = 1000;
    EXPECT_EQ(running_interval(segment, 200, 100).start_ns, 1050);
    EXPECT_EQ(running_interval(segment, 200, 100).end_ns, 1100);
    segment.base_ns = 0;
    EXPECT_EQ(running_interval(segment, 0, 100).start_ns, -50);
}

} // namespace

} // namespace tactus
