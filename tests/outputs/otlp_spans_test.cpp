// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/otlp_encoder.h"
#include "clockcalib/otlp_spans.h"

#include <gtest/gtest.h>

#include <set>

namespace tactus {

namespace {

constexpr std::uint32_t kCamera = 1, kTee = 2, kLeft = 3, kRight = 4, kLeftSink = 5, kRightSink = 6;

IdStamp stamp(std::uint64_t sequence, std::uint64_t pad = 9) {
    return {pad << IdStamp::kSequenceBits | sequence, sequence * 1'000};
}

class OtlpSpans : public ::testing::Test {
  protected:
    void start(std::uint32_t sample_every, std::size_t max_traces = 16) {
        SpanBuilder::Settings settings;
        settings.sample_every = sample_every;
        settings.seed = {11, 22};
        settings.max_traces = max_traces;
        builder = std::make_unique<SpanBuilder>(
            settings, [this](std::vector<OtlpSpan> spans) { traces.push_back(std::move(spans)); });
        const char* const names[] = {"camera", "tee", "left", "right", "leftsink", "rightsink"};
        for (std::uint32_t id = kCamera; id <= kRightSink; ++id) {
            ElementInfo info;
            info.id = id;
            info.name = names[id - 1];
            info.path = "pipeline0/" + info.name;
            builder->element_added(info);
        }
    }
    void push(const IdStamp& id, std::uint32_t from, std::uint32_t to) {
        PushBegan began;
        began.src_element = from;
        began.dst_element = to;
        began.buffer_id = id.id;
        began.origins = {id, id, false};
        began.is_first = from == kCamera;
        builder->push_began(began);
    }
    void stay(const IdStamp& id, std::uint32_t element) {
        Residence residence;
        residence.element = element;
        residence.buffer_id = id.id;
        residence.origins = {id, id, false};
        residence.in_ns = id.t0_ns + 10;
        residence.out_ns = id.t0_ns + 20;
        builder->left(residence);
    }
    void arrive(const Origins& origins, std::uint32_t sink) {
        builder->arrived(
            {sink, kCamera, origins.oldest.t0_ns + 500, origins.oldest.id, origins, 0});
    }
    void arrive(const IdStamp& id, std::uint32_t sink) { arrive({id, id, false}, sink); }

    std::unique_ptr<SpanBuilder> builder;
    std::vector<std::vector<OtlpSpan>> traces;
};

TEST_F(OtlpSpans, take_every_nth_buffer) {
    start(100);
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
        push(stamp(i), kCamera, kLeftSink);
        arrive(stamp(i), kLeftSink);
    }
    EXPECT_EQ(traces.size(), 10u);
}

TEST_F(OtlpSpans, begin_at_the_source_and_end_at_the_sink_on_the_clock_of_the_wall) {
    start(1);
    builder->set_realtime_offset_ns(1'000'000);
    push(stamp(3), kCamera, kLeft);
    stay(stamp(3), kLeft);
    push(stamp(3), kLeft, kLeftSink);
    arrive(stamp(3), kLeftSink);
    ASSERT_EQ(traces.size(), 1u);
    ASSERT_EQ(traces[0].size(), 2u);
    const OtlpSpan& root = traces[0][0];
    const OtlpSpan& child = traces[0][1];
    EXPECT_EQ(root.name, "camera -> leftsink");
    EXPECT_EQ(root.start_unix_ns, 1'003'000u);
    EXPECT_EQ(root.end_unix_ns, 1'003'500u);
    EXPECT_FALSE(root.has_parent);
    EXPECT_EQ(child.name, "left");
    EXPECT_EQ(child.parent_id, root.span_id);
    EXPECT_EQ(child.trace_id, root.trace_id);
    EXPECT_EQ(child.start_unix_ns, 1'003'010u);
}

TEST_F(OtlpSpans, keep_nothing_of_an_element_that_has_gone) {
    start(1);
    push(stamp(1), kCamera, kLeft);
    push(stamp(1), kLeft, kLeftSink);
    stay(stamp(1), kLeft);
    builder->element_gone(kLeft);
    builder->element_gone(kLeftSink);
    arrive(stamp(1), kLeftSink);
    ASSERT_EQ(traces.size(), 1u);
    EXPECT_EQ(traces[0][0].name, "camera -> element " + std::to_string(kLeftSink));
    EXPECT_EQ(traces[0].size(), 1u) << "it is not known any more that one was on the way";
}

TEST_F(OtlpSpans, give_each_branch_of_a_tee_its_own_elements) {
    start(1);
    const IdStamp id = stamp(1);
    push(id, kCamera, kTee);
    stay(id, kTee);
    for (const auto& [element, sink] : {std::pair{kLeft, kLeftSink}, {kRight, kRightSink}}) {
        push(id, kTee, element);
        stay(id, element);
        push(id, element, sink);
    }
    arrive(id, kRightSink);
    arrive(id, kLeftSink);
    ASSERT_EQ(traces.size(), 2u);
    ASSERT_EQ(traces[0].size(), 3u);
    EXPECT_EQ(traces[0][1].name, "tee");
    EXPECT_EQ(traces[0][2].name, "right");
    ASSERT_EQ(traces[1].size(), 2u);
    EXPECT_EQ(traces[1][1].name, "left");
    EXPECT_EQ(traces[1][1].parent_id, traces[1][0].span_id);
    EXPECT_EQ(traces[0][0].trace_id, traces[1][0].trace_id);
    EXPECT_NE(traces[0][0].span_id, traces[1][0].span_id);
}

TEST_F(OtlpSpans, have_ids_of_their_own_even_if_a_buffer_arrives_twice) {
    start(1);
    arrive(stamp(1), kLeftSink);
    arrive(stamp(1), kLeftSink);
    arrive(stamp(2), kLeftSink);
    std::set<SpanId> ids;
    for (const auto& spans : traces)
        ids.insert(spans[0].span_id);
    EXPECT_EQ(ids.size(), 3u);
    EXPECT_NE(traces[0][0].trace_id, traces[2][0].trace_id);
}

TEST_F(OtlpSpans, link_the_origins_of_a_mixed_buffer_to_each_other) {
    start(1);
    arrive({stamp(5), stamp(5, 10), true}, kLeftSink);
    ASSERT_EQ(traces.size(), 2u);
    ASSERT_EQ(traces[0][0].links.size(), 1u);
    ASSERT_EQ(traces[1][0].links.size(), 1u);
    EXPECT_EQ(traces[0][0].links[0].span_id, traces[1][0].span_id);
    EXPECT_EQ(traces[0][0].links[0].origin, "newest");
    EXPECT_EQ(traces[1][0].links[0].trace_id, traces[0][0].trace_id);
}

TEST_F(OtlpSpans, find_a_sampled_buffer_in_the_middle_of_a_merged_one) {
    start(10);
    for (std::uint64_t i = 17; i <= 24; ++i)
        push(stamp(i), kCamera, kLeftSink);
    arrive({stamp(17), stamp(24), false}, kLeftSink);
    ASSERT_EQ(traces.size(), 1u);
    EXPECT_EQ(traces[0][0].start_unix_ns, 20'000u);
    ASSERT_EQ(traces[0][0].links.size(), 2u);
    EXPECT_FALSE(traces[0][0].links[0].sampled);
}

TEST_F(OtlpSpans, end_with_an_error_where_a_buffer_is_dropped) {
    start(1);
    push(stamp(1), kCamera, kLeft);
    builder->dropped({kLeft, stamp(1).id, 10, 5'000});
    ASSERT_EQ(traces.size(), 1u);
    EXPECT_EQ(traces[0][0].error, "dropped in left");
}

TEST_F(OtlpSpans, forget_what_never_arrives_and_count_it) {
    start(1, 4);
    for (std::uint64_t i = 1; i <= 10; ++i)
        push(stamp(i), kCamera, kLeft);
    EXPECT_EQ(builder->unfinished(), 6u);
    arrive(stamp(6), kLeftSink); // forgotten: no torn trace
    EXPECT_TRUE(traces.empty());
    arrive(stamp(7), kLeftSink);
    EXPECT_EQ(traces.size(), 1u);
}

TEST(OtlpResponse, tells_what_was_rejected) {
    EXPECT_EQ(decode_response({})->rejected_spans, 0u);
    const std::uint8_t part[] = {0x0a, 0x06, 0x08, 0x02, 0x12, 0x02, 'n', 'o'};
    const auto answer = decode_response(part);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->rejected_spans, 2u);
    EXPECT_EQ(answer->message, "no");
    for (std::size_t size = 1; size < sizeof part; ++size)
        EXPECT_FALSE(decode_response(std::span(part).first(size))) << size;
}

} // namespace

} // namespace tactus
