// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "latency_feeder.h"

namespace tactus {

namespace {

/// Element 1 is a source, 2 the element in question, 3 and 4 sinks.
class LatencyAnalyzerTest : public LatencyFeeder {
  protected:
    LatencyAnalyzerTest() {
        element(1, "src", true);
        element(2, "middle");
        element(3, "sink", false, true);
        element(4, "othersink", false, true);
    }
};

TEST_F(LatencyAnalyzerTest, tells_how_long_a_buffer_waited_in_a_queue) {
    TestBuffer buffer = feed(1, sink_pad(2), 10);
    EXPECT_EQ(stats(2).inside, 1u);
    push(src_pad(2), sink_pad(3), buffer, 35, 2);
    const auto found = residences_in(2);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].in_ns, 10 * kMs);
    EXPECT_EQ(found[0].out_ns, 35 * kMs);
    EXPECT_TRUE(found[0].queued);
    EXPECT_EQ(found[0].in_thread, 1u);
    EXPECT_EQ(found[0].out_thread, 2u);
    EXPECT_EQ(stats(2).inside, 0u);
    EXPECT_TRUE(stats(2).queues);
    EXPECT_EQ(stats(2).residence.sum_ns, 25 * kMs);
    EXPECT_EQ(stats(2).residence.summary.max, 25 * kMs);
}

TEST_F(LatencyAnalyzerTest, knows_what_leaves_within_the_push_that_brought_it) {
    TestBuffer buffer = fresh(src_pad(1), 10);
    begin(src_pad(1), sink_pad(2), buffer, 10);
    begin(src_pad(2), sink_pad(3), buffer, 14);
    end(20);
    end(21);
    ASSERT_EQ(residences_in(2).size(), 1u);
    EXPECT_FALSE(residences_in(2)[0].queued);
    EXPECT_FALSE(stats(2).queues);
}

TEST_F(LatencyAnalyzerTest, knows_what_waited_though_it_left_on_the_same_thread) {
    TestBuffer first = feed(1, sink_pad(2), 10);
    TestBuffer second = fresh(src_pad(1), 20);
    begin(src_pad(1), sink_pad(2), second, 20);
    push(src_pad(2), sink_pad(3), first, 21);
    end(22);
    ASSERT_EQ(residences_in(2).size(), 1u);
    EXPECT_TRUE(residences_in(2)[0].queued);
}

TEST_F(LatencyAnalyzerTest, takes_nested_pushes_out_of_self_time) {
    TestBuffer buffer = fresh(src_pad(1), 10);
    begin(src_pad(1), sink_pad(2), buffer, 10);
    begin(src_pad(2), sink_pad(3), buffer, 14);
    end(20);
    end(21);
    ASSERT_EQ(recorder.ended.size(), 2u);
    EXPECT_EQ(recorder.ended[0].dst_element, 3u);
    EXPECT_EQ(recorder.ended[0].self_ns, 6 * kMs);
    EXPECT_EQ(recorder.ended[1].dst_element, 2u);
    EXPECT_EQ(recorder.ended[1].self_ns, 5 * kMs);
    EXPECT_EQ(stats(2).self.sum_ns, 5 * kMs);
}

TEST_F(LatencyAnalyzerTest, measures_from_source_to_sink) {
    TestBuffer buffer = feed(1, sink_pad(2), 10);
    push(src_pad(2), sink_pad(3), buffer, 50, 2);
    ASSERT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_EQ(recorder.arrivals[0].source_element, 1u);
    EXPECT_EQ(recorder.arrivals[0].sink_element, 3u);
    EXPECT_FALSE(recorder.arrivals[0].origins.inferred);
    const LatencySnapshot all = analyzer.snapshot(0);
    ASSERT_EQ(all.paths.size(), 1u);
    EXPECT_EQ(all.paths[0].oldest.summary.max, 40 * kMs);
    EXPECT_EQ(all.paths[0].buffers, 1u);
    EXPECT_TRUE(recorder.begun[0].is_first);
    EXPECT_FALSE(recorder.begun[0].is_last);
    EXPECT_FALSE(recorder.begun[1].is_first);
    EXPECT_TRUE(recorder.begun[1].is_last);
}

TEST_F(LatencyAnalyzerTest, counts_edges) {
    TestBuffer buffer = feed(1, sink_pad(2), 10);
    push(src_pad(2), sink_pad(3), buffer, 50, 2);
    const LatencySnapshot all = analyzer.snapshot(7);
    EXPECT_EQ(all.at_ns, 7u);
    ASSERT_EQ(all.edges.size(), 2u);
    EXPECT_EQ(all.edges[0].src_element, 1u);
    EXPECT_EQ(all.edges[0].dst_element, 2u);
    EXPECT_EQ(all.edges[1].bytes, 100u);
}

TEST_F(LatencyAnalyzerTest, counts_what_a_leaky_queue_dropped_once_64_newer_came_out) {
    for (std::uint64_t i = 0; i < 130; ++i) {
        TestBuffer buffer = feed(1, sink_pad(2), i);
        if (i >= 65 || i % 2 == 1) // every second one of the first 65 leaks
            push(src_pad(2), sink_pad(3), buffer, i, 2);
    }
    // The last that leaked is number 64; 65 newer ones came out.
    EXPECT_EQ(stats(2).dropped, 33u);
    EXPECT_EQ(stats(2).inside, 0u);
    EXPECT_EQ(recorder.drops.size(), 33u);
    EXPECT_EQ(recorder.drops[0].in_ns, 0u);
}

TEST_F(LatencyAnalyzerTest, does_not_yet_count_what_64_have_overtaken) {
    feed(1, sink_pad(2), 0);
    for (std::uint64_t i = 1; i <= 64; ++i) {
        TestBuffer buffer = feed(1, sink_pad(2), i);
        push(src_pad(2), sink_pad(3), buffer, i, 2);
    }
    EXPECT_EQ(stats(2).dropped, 0u);
    TestBuffer buffer = feed(1, sink_pad(2), 65);
    push(src_pad(2), sink_pad(3), buffer, 65, 2);
    EXPECT_EQ(stats(2).dropped, 1u);
}

TEST_F(LatencyAnalyzerTest, counts_a_drop_two_seconds_after_a_newer_one_came_out) {
    feed(1, sink_pad(2), 1);
    TestBuffer newer = feed(1, sink_pad(2), 2);
    push(src_pad(2), sink_pad(3), newer, 10, 2);
    analyzer.tick(11 * kMs);
    analyzer.tick(2'010 * kMs);
    EXPECT_EQ(stats(2).dropped, 0u);
    analyzer.tick(2'011 * kMs);
    EXPECT_EQ(stats(2).dropped, 1u);
}

TEST_F(LatencyAnalyzerTest, does_not_drop_what_is_merely_late) {
    feed(1, sink_pad(2), 1);
    for (std::uint64_t s = 0; s < 100; ++s)
        analyzer.tick(s * 1000 * kMs);
    EXPECT_EQ(stats(2).dropped, 0u);
    EXPECT_EQ(stats(2).inside, 1u);
}

TEST_F(LatencyAnalyzerTest, takes_a_drop_back_when_the_buffer_turns_up) {
    TestBuffer late = feed(1, sink_pad(2), 0);
    for (std::uint64_t i = 1; i <= 70; ++i) {
        TestBuffer buffer = feed(1, sink_pad(2), i);
        push(src_pad(2), sink_pad(3), buffer, i, 2);
    }
    EXPECT_EQ(stats(2).dropped, 1u);
    push(src_pad(2), sink_pad(3), late, 80, 2);
    EXPECT_EQ(stats(2).dropped, 0u);
    EXPECT_EQ(stats(2).reorder_depth_max, 70u);
    EXPECT_EQ(stats(2).residence.summary.max, 80 * kMs);
}

TEST_F(LatencyAnalyzerTest, counts_what_is_inside_at_eos_as_dropped) {
    TestBuffer buffer = feed(1, sink_pad(2), 0);
    feed(1, sink_pad(2), 1);
    push(src_pad(2), sink_pad(3), buffer, 2, 2);
    analyzer.eos(src_pad(1), 3 * kMs);
    EXPECT_EQ(stats(2).dropped, 0u);
    analyzer.eos(src_pad(2), 4 * kMs);
    EXPECT_EQ(stats(2).dropped, 1u);
    ASSERT_EQ(recorder.drops.size(), 1u);
    EXPECT_EQ(recorder.drops[0].noticed_ns, 4 * kMs);
}

TEST_F(LatencyAnalyzerTest, waits_for_eos_on_all_source_pads) {
    TestBuffer a = feed(1, sink_pad(2), 0);
    TestBuffer b = feed(1, sink_pad(2), 1);
    feed(1, sink_pad(2), 2);
    push(src_pad(2, 0), sink_pad(3), a, 3, 2);
    push(src_pad(2, 1), sink_pad(4), b, 3, 3);
    analyzer.eos(src_pad(2, 0), 4 * kMs);
    EXPECT_EQ(stats(2).dropped, 0u);
    analyzer.eos(src_pad(2, 1), 5 * kMs);
    EXPECT_EQ(stats(2).dropped, 1u);
}

TEST_F(LatencyAnalyzerTest, counts_what_is_flushed) {
    feed(1, sink_pad(2), 0);
    feed(1, sink_pad(2), 1);
    analyzer.flushed(src_pad(1), 5 * kMs);
    EXPECT_EQ(stats(2).dropped, 2u);
    EXPECT_EQ(stats(2).inside, 0u);
}

TEST_F(LatencyAnalyzerTest, sees_no_drops_in_a_sink) {
    for (std::uint64_t i = 0; i < 10'000; ++i)
        feed(1, sink_pad(3), i);
    analyzer.tick(20'000 * kMs);
    analyzer.eos(src_pad(1), 20'001 * kMs);
    analyzer.flushed(src_pad(1), 20'002 * kMs);
    EXPECT_EQ(stats(3).dropped, 0u);
    EXPECT_EQ(stats(3).inside, 0u);
    EXPECT_EQ(stats(3).buffers_in, 10'000u);
}

TEST_F(LatencyAnalyzerTest, sees_no_drops_before_the_first_output) {
    for (std::uint64_t i = 0; i < 10'000; ++i)
        feed(1, sink_pad(2), i);
    analyzer.tick(20'000 * kMs);
    EXPECT_EQ(stats(2).dropped, 0u);
    EXPECT_EQ(stats(2).inside, 4096u);
}

TEST_F(LatencyAnalyzerTest, counts_the_oldest_as_dropped_when_too_many_are_inside) {
    TestBuffer first = feed(1, sink_pad(2), 0);
    push(src_pad(2), sink_pad(3), first, 0, 2);
    for (std::uint64_t i = 0; i < 5000; ++i)
        feed(1, sink_pad(2), i);
    EXPECT_EQ(stats(2).inside, 4096u);
    EXPECT_EQ(stats(2).dropped, 5000u - 4096);
}

TEST_F(LatencyAnalyzerTest, does_not_take_an_encoders_reordering_for_drops) {
    std::vector<TestBuffer> frames;
    for (std::uint64_t i = 0; i < 300; ++i)
        frames.push_back(feed(1, sink_pad(2), i));
    push(src_pad(2), sink_pad(3), frames[0], 1000, 2);
    for (std::uint64_t i = 0; i + 3 < 300; i += 3) { // I P B B: 0 3 1 2 6 4 5 ...
        for (const std::uint64_t n : {i + 3, i + 1, i + 2}) {
            TestBuffer coded = frames[n];
            coded.address = 0x900000 + n * 64;
            push(src_pad(2), sink_pad(3), coded, 1000 + n, 2);
        }
    }
    EXPECT_EQ(stats(2).dropped, 0u);
    EXPECT_EQ(stats(2).reorder_depth_max, 1u);
    EXPECT_EQ(residences_in(2).size(), 298u);
}

TEST_F(LatencyAnalyzerTest, does_not_call_the_branches_of_a_tee_duplicates) {
    TestBuffer buffer = fresh(src_pad(1), 0);
    begin(src_pad(1), sink_pad(2), buffer, 0);
    push(src_pad(2, 0), sink_pad(3), buffer, 2);
    push(src_pad(2, 1), sink_pad(4), buffer, 5);
    end(6);
    EXPECT_EQ(stats(2).duplicated, 0u);
    EXPECT_EQ(stats(2).buffers_out, 2u);
    EXPECT_EQ(residences_in(2).size(), 2u);
    EXPECT_EQ(analyzer.snapshot(0).paths.size(), 2u);
    EXPECT_EQ(stats(2).dropped, 0u);
}

TEST_F(LatencyAnalyzerTest, calls_an_id_that_comes_out_twice_a_duplicate) {
    TestBuffer buffer = feed(1, sink_pad(2), 0);
    push(src_pad(2), sink_pad(3), buffer, 10);
    TestBuffer copy = buffer;
    copy.address += 64;
    push(src_pad(2), sink_pad(3), copy, 30);
    EXPECT_EQ(stats(2).duplicated, 1u);
    EXPECT_EQ(residences_in(2).size(), 1u);
    EXPECT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_EQ(stats(3).duplicated, 1u);
}

TEST_F(LatencyAnalyzerTest, lets_duplicates_pass_elements_further_down) {
    element(5, "queue");
    TestBuffer buffer = feed(1, sink_pad(2), 0);
    TestBuffer copy = buffer;
    copy.address += 64;
    push(src_pad(2), sink_pad(5), buffer, 10);
    push(src_pad(2), sink_pad(5), copy, 30);
    push(src_pad(5), sink_pad(3), buffer, 40, 2);
    push(src_pad(5), sink_pad(3), copy, 70, 2);
    EXPECT_EQ(stats(5).duplicated, 0u);
    const auto found = residences_in(5);
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].in_ns, 10 * kMs);
    EXPECT_EQ(found[1].in_ns, 30 * kMs);
}

TEST_F(LatencyAnalyzerTest, follows_all_that_was_merged_into_one_buffer) {
    element(5, "queue");
    TestBuffer merged;
    for (std::uint64_t i = 0; i < 10; ++i) {
        const TestBuffer part = feed(1, sink_pad(2), i * 10);
        merged.ids.push_back(part.ids[0]);
    }
    merged.address = 0x777000;
    push(src_pad(2), sink_pad(5), merged, 90);
    EXPECT_EQ(residences_in(2).size(), 10u);
    EXPECT_EQ(stats(2).inside, 0u);
    push(src_pad(5), sink_pad(3), merged, 91, 2);
    EXPECT_EQ(residences_in(5).size(), 1u);
    EXPECT_EQ(stats(5).inside, 0u);
    const auto path = analyzer.snapshot(0).paths.at(0);
    EXPECT_EQ(path.oldest.summary.max, 91 * kMs);
    EXPECT_EQ(path.newest.summary.max, kMs);
}

TEST_F(LatencyAnalyzerTest, keeps_merged_buffers_apart_that_share_an_id) {
    TestBuffer first = feed(1, sink_pad(3), 0);
    const TestBuffer second = feed(1, sink_pad(3), 10);
    const TestBuffer third = feed(1, sink_pad(3), 20);
    TestBuffer one = first;
    one.ids = {first.ids[0], second.ids[0]};
    TestBuffer two = second;
    two.ids = {second.ids[0], third.ids[0]};
    element(5, "split");
    push(src_pad(5), sink_pad(2), one, 30);
    push(src_pad(5), sink_pad(2), two, 31);
    push(src_pad(2), sink_pad(3), one, 40, 2);
    EXPECT_EQ(stats(2).inside, 1u);
    push(src_pad(2), sink_pad(3), two, 60, 2);
    ASSERT_EQ(residences_in(2).size(), 2u);
    EXPECT_EQ(residences_in(2)[1].in_ns, 31 * kMs);
    EXPECT_EQ(residences_in(2)[1].out_ns, 60 * kMs);
}

TEST_F(LatencyAnalyzerTest, knows_a_merged_buffer_that_arrives_again) {
    const TestBuffer first = feed(1, sink_pad(2), 0);
    const TestBuffer second = feed(1, sink_pad(2), 10);
    TestBuffer merged = first;
    merged.ids = {first.ids[0], second.ids[0]};
    push(src_pad(2), sink_pad(3), merged, 30);
    push(src_pad(2), sink_pad(3), merged, 31);
    EXPECT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_EQ(stats(3).duplicated, 1u);
}

TEST_F(LatencyAnalyzerTest, follows_a_buffer_that_cannot_carry_its_id) {
    TestBuffer buffer = fresh(src_pad(1), 0);
    buffer.id_unattached = true;
    buffer.pts_ns = 5;
    push(src_pad(1), sink_pad(2), buffer, 0);
    TestBuffer again = fresh(src_pad(2), 20); // a new id, the same buffer, now writable
    again.address = buffer.address;
    again.pts_ns = 5;
    element(5, "queue");
    push(src_pad(2), sink_pad(5), again, 20, 2);
    push(src_pad(5), sink_pad(3), again, 30, 3);
    ASSERT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_EQ(recorder.arrivals[0].source_element, 1u);
    EXPECT_EQ(recorder.arrivals[0].origins.oldest.t0_ns, 0u);
    EXPECT_EQ(recorder.arrivals[0].buffer_id, buffer.ids[0].id);
    EXPECT_FALSE(recorder.arrivals[0].origins.inferred);
    ASSERT_EQ(residences_in(2).size(), 1u);
    EXPECT_EQ(residences_in(2)[0].out_ns, 20 * kMs);
    ASSERT_EQ(residences_in(5).size(), 1u);
    EXPECT_EQ(residences_in(5)[0].buffer_id, buffer.ids[0].id);
}

TEST_F(LatencyAnalyzerTest, keeps_self_time_right_over_a_pad_that_is_not_linked) {
    TestBuffer buffer = fresh(src_pad(1), 0);
    begin(src_pad(1), sink_pad(2), buffer, 0);
    begin(src_pad(2), 0, buffer, 3);
    end(4);
    end(10);
    EXPECT_EQ(residences_in(2).size(), 1u);
    EXPECT_EQ(stats(2).self.sum_ns, 9 * kMs);
    EXPECT_EQ(recorder.begun[1].dst_element, 0u);
}

TEST_F(LatencyAnalyzerTest, shows_the_wait_for_the_clock_apart) {
    SinkSync sync;
    sync.element = 3;
    sync.sync = true;
    sync.base_time_ns = 1000 * kMs;
    sync.latency_ns = 20 * kMs;
    sync.ts_offset_ns = -5 * static_cast<std::int64_t>(kMs);
    analyzer.sink_sync(sync);
    time_segment(src_pad(1), 0);
    TestBuffer buffer = fresh(src_pad(1), 1000);
    buffer.pts_ns = 40 * kMs;
    begin(src_pad(1), sink_pad(3), buffer, 1010);
    end(1057);
    // Due at 1000 + 40 + 20 - 5.
    ASSERT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_EQ(recorder.arrivals[0].sync_wait_ns, 45 * kMs);
    EXPECT_EQ(stats(3).sync_wait.sum_ns, 45 * kMs);
    EXPECT_EQ(stats(3).self.sum_ns, 2 * kMs);
    EXPECT_EQ(analyzer.snapshot(0).paths.at(0).oldest.summary.max, 10 * kMs);
}

TEST_F(LatencyAnalyzerTest, does_not_wait_for_what_is_late) {
    SinkSync sync;
    sync.element = 3;
    sync.sync = true;
    sync.base_time_ns = 1000 * kMs;
    analyzer.sink_sync(sync);
    time_segment(src_pad(1), 0);
    TestBuffer buffer = fresh(src_pad(1), 1000);
    buffer.pts_ns = 40 * kMs;
    begin(src_pad(1), sink_pad(3), buffer, 1050);
    end(1057);
    EXPECT_EQ(stats(3).sync_wait.sum_ns, 0u);
    EXPECT_EQ(stats(3).sync_wait.summary.count, 1u);
    EXPECT_EQ(stats(3).self.sum_ns, 7 * kMs);
}

TEST_F(LatencyAnalyzerTest, works_without_ends) {
    TestBuffer buffer = fresh(src_pad(1), 0);
    begin(src_pad(1), sink_pad(2), buffer, 0, 1, false);
    begin(src_pad(2), sink_pad(3), buffer, 7, 1, false);
    ASSERT_EQ(residences_in(2).size(), 1u);
    EXPECT_FALSE(residences_in(2)[0].queued);
    EXPECT_EQ(recorder.arrivals.size(), 1u);
    EXPECT_TRUE(recorder.ended.empty());
}

TEST_F(LatencyAnalyzerTest, follows_each_buffer_of_a_list) {
    const TestBuffer a = fresh(src_pad(1), 0);
    const TestBuffer b = fresh(src_pad(1), 1);
    std::vector<BufferSeen> seen(2);
    seen[0].ids = a.ids;
    seen[0].id_is_new = true;
    seen[0].size_bytes = 10;
    seen[1].ids = b.ids;
    seen[1].id_is_new = true;
    seen[1].size_bytes = 20;
    analyzer.begin({2 * kMs, 1, src_pad(1), sink_pad(3), seen, true});
    ASSERT_EQ(recorder.begun.size(), 1u);
    EXPECT_EQ(recorder.begun[0].buffers, 2u);
    EXPECT_EQ(recorder.begun[0].size_bytes, 30u);
    EXPECT_EQ(recorder.begun[0].origins.oldest.t0_ns, 0u);
    EXPECT_EQ(recorder.begun[0].origins.newest.t0_ns, kMs);
    EXPECT_EQ(recorder.arrivals.size(), 2u);
    EXPECT_EQ(stats(1).buffers_out, 2u);
    EXPECT_EQ(stats(1).bytes_out, 30u);
}

} // namespace

} // namespace tactus
