// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Queries in both directions, and thresholds.
#include "element_fixture.h"

#include <atomic>

using namespace tactus;

namespace {

using Names = std::vector<std::string>;
constexpr GstClockTime kMs = GST_MSECOND;

using Latency = std::pair<GstClockTime, GstClockTime>;

// Upstream's latency as the element passes it on.
Latency latency_through(QueueUnderTest& queue, GstClockTime min, GstClockTime max) {
    queue.on_upstream_query([=](GstQuery* query) {
        if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
            return false;
        gst_query_set_latency(query, TRUE, min, max);
        return true;
    });
    GstQuery* query = gst_query_new_latency();
    EXPECT_TRUE(gst_pad_query(queue.src_pad(), query));
    gboolean live = FALSE;
    gst_query_parse_latency(query, &live, &min, &max);
    gst_query_unref(query);
    EXPECT_TRUE(live);
    return {min, max};
}

class QueriesTest : public ContractTest {
  protected:
    void occupy(GstBuffer* first) {
        queue_.play_stream();
        queue_.hold();
        ASSERT_EQ(queue_.push(first), GST_FLOW_OK);
        ASSERT_TRUE(queue_.wait_held());
    }

    gint64 position(GstFormat format) {
        gint64 answer = -1;
        EXPECT_TRUE(gst_pad_query_position(queue_.src_pad(), format, &answer));
        return answer;
    }

    Latency latency_of(GstClockTime min, GstClockTime max) {
        return latency_through(queue_, min, max);
    }
};

class RingQueueQueries : public RingQueueTest {};

} // namespace

TEST_P(QueriesTest, ASerializedQueryTravelsInItsPlace) {
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_custom()));
    std::atomic<bool> released{false};
    auto done = queue_.async([&] {
        const bool answered = queue_.ask(gst_query_new_drain());
        return answered && released;
    });
    released = true;
    queue_.release();
    EXPECT_TRUE(result_of(done)) << "it came back before what was queued had gone";
    ASSERT_EQ(queue_.push(std::uint64_t{2}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_for("buffer 2"));
    const Names names = queue_.arrivals();
    EXPECT_EQ(
        Names(names.end() - 5, names.end()),
        (Names{"buffer 0", "buffer 1", "event custom-downstream", "query drain", "buffer 2"}));
}

TEST_P(QueriesTest, ASerializedQueryBlocksItsCallerUntilDownstreamHasAnswered) {
    queue_.play_stream();
    queue_.hold(QueueUnderTest::kQueries);
    std::atomic<bool> released{false};
    auto answered = queue_.async([&] {
        queue_.ask(gst_query_new_drain());
        return released.load();
    });
    ASSERT_TRUE(queue_.wait_held());
    released = true;
    queue_.release();
    EXPECT_TRUE(result_of(answered));
}

TEST_P(QueriesTest, ASerializedQueryGetsDownstreamsAnswer) {
    queue_.play_stream();
    EXPECT_TRUE(queue_.ask(gst_query_new_drain()));
    queue_.answer_queries_with(false);
    EXPECT_FALSE(queue_.ask(gst_query_new_drain()));
}

TEST_P(QueriesTest, AnAllocationQueryComesBackFilledIn) {
    queue_.play_stream();
    gst_pad_set_query_function(
        queue_.downstream(), [](GstPad*, GstObject*, GstQuery* query) -> gboolean {
            gst_query_add_allocation_meta(query, GST_PROTECTION_META_API_TYPE, nullptr);
            return TRUE;
        });
    GstQuery* query = gst_query_new_allocation(nullptr, FALSE);
    EXPECT_TRUE(gst_pad_peer_query(queue_.upstream(), query));
    EXPECT_TRUE(gst_query_find_allocation_meta(query, GST_PROTECTION_META_API_TYPE, nullptr));
    EXPECT_EQ(refcount(query), 1);
    gst_query_unref(query);
}

TEST_P(QueriesTest, ManyQueriesAmongBuffersAreAllAnswered) {
    queue_.play_stream();
    for (guint64 i = 0; i < 300; ++i) {
        ASSERT_EQ(queue_.push(i), GST_FLOW_OK);
        ASSERT_TRUE(queue_.ask(gst_query_new_drain()));
        ASSERT_EQ(queue_.arrivals().back(), "query drain");
    }
    EXPECT_EQ(queue_.buffers_arrived().size(), 300U);
}

TEST_P(QueriesTest, AQueryIsRefusedOnceDownstreamHasFailed) {
    queue_.play_stream();
    queue_.answer_with(GST_FLOW_ERROR);
    ASSERT_EQ(queue_.push_until_refused(), GST_FLOW_ERROR);
    EXPECT_FALSE(queue_.ask(gst_query_new_drain()));
}

TEST_P(QueriesTest, AQueryThatWaitsIsReleasedWhenDownstreamFails) {
    occupy(make_buffer(0));
    auto answered = queue_.async([this] { return queue_.ask(gst_query_new_drain()); });
    queue_.answer_with(GST_FLOW_ERROR);
    queue_.release();
    EXPECT_FALSE(result_of(answered));
}

TEST_P(QueriesTest, AQueryThatIsNotSerializedOvertakesAll) {
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
    GstCaps* caps = gst_pad_peer_query_caps(queue_.upstream(), nullptr);
    EXPECT_TRUE(gst_caps_is_any(caps)) << "downstream's, not the element's";
    gst_caps_unref(caps);
}

TEST_P(QueriesTest, PositionIsUpstreamsLessWhatIsQueued) {
    queue_.on_upstream_query([](GstQuery* query) {
        if (GST_QUERY_TYPE(query) != GST_QUERY_POSITION)
            return false;
        GstFormat format = GST_FORMAT_UNDEFINED;
        gst_query_parse_position(query, &format, nullptr);
        gst_query_set_position(query, format, format == GST_FORMAT_TIME ? GST_SECOND : 5000);
        return true;
    });
    occupy(make_buffer(0, 100, 0, 10 * kMs));
    EXPECT_EQ(position(GST_FORMAT_TIME), gint64{GST_SECOND}) << "nothing queued";
    ASSERT_EQ(queue_.push(make_buffer(1, 70, 10 * kMs, 10 * kMs)), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(make_buffer(2, 7, 20 * kMs, 10 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(position(GST_FORMAT_TIME), gint64{980 * kMs});
    EXPECT_EQ(position(GST_FORMAT_BYTES), 4923);
    EXPECT_EQ(position(GST_FORMAT_DEFAULT), 5000) << "left as it is";
}

TEST_P(QueriesTest, PositionIsUnknownIfUpstreamDoesNotKnow) {
    queue_.play_stream();
    gint64 answer = 0;
    EXPECT_FALSE(gst_pad_query_position(queue_.src_pad(), GST_FORMAT_TIME, &answer));
}

TEST_P(QueriesTest, LatencyAddsTheTimeLimitToTheMaximum) {
    queue_.set("max-size-time", guint64{300 * kMs});
    queue_.play();
    EXPECT_EQ(latency_of(20 * kMs, 100 * kMs), (Latency{20 * kMs, 400 * kMs}));
}

TEST_P(QueriesTest, AnUnlimitedLatencyStaysUnlimited) {
    queue_.play();
    EXPECT_EQ(latency_of(20 * kMs, GST_CLOCK_TIME_NONE), (Latency{20 * kMs, GST_CLOCK_TIME_NONE}));
}

TEST_P(QueriesTest, WithoutATimeLimitTheLatencyIsUnlimited) {
    queue_.set("max-size-time", guint64{0});
    queue_.play();
    for (const gint leaky : {0, 1, 2}) {
        queue_.set("leaky", leaky);
        EXPECT_EQ(latency_of(20 * kMs, 100 * kMs), (Latency{20 * kMs, GST_CLOCK_TIME_NONE}));
    }
}

TEST_P(QueriesTest, ALeakyQueueHasTheLargerOfBothMaxima) {
    queue_.play();
    for (const gint leaky : {1, 2}) {
        queue_.set("leaky", leaky);
        queue_.set("max-size-time", guint64{300 * kMs});
        EXPECT_EQ(latency_of(20 * kMs, 100 * kMs), (Latency{20 * kMs, 300 * kMs}));
        queue_.set("max-size-time", guint64{50 * kMs});
        EXPECT_EQ(latency_of(20 * kMs, 100 * kMs), (Latency{20 * kMs, 100 * kMs}));
    }
}

TEST_P(QueriesTest, TheTimeThresholdAddsToTheMinimumLatency) {
    queue_.set("min-threshold-time", guint64{70 * kMs});
    queue_.play();
    EXPECT_EQ(latency_of(20 * kMs, 100 * kMs), (Latency{90 * kMs, 1100 * kMs}));
}

TEST_F(RingQueueQueries, TheLongestThresholdLeavesALatencyThatIsKnown) {
    queue_.set("min-threshold-time", G_MAXUINT64 - 500);
    queue_.play();
    for (const GstClockTime min : {GstClockTime{0}, GstClockTime{500}, 20 * kMs})
        EXPECT_EQ(latency_through(queue_, min, GST_CLOCK_TIME_NONE),
                  (Latency{G_MAXINT64, GST_CLOCK_TIME_NONE}));
}

TEST_P(QueriesTest, AHarnessSeesTheLatencyOfALiveSource) {
    GstHarness* harness = gst_harness_new(GetParam());
    gst_harness_use_testclock(harness);
    gst_harness_set_src_caps_str(harness, "test/first");
    gst_harness_set_upstream_latency(harness, 40 * kMs);
    g_object_set(harness->element, "min-threshold-time", guint64{2 * kMs}, nullptr);
    EXPECT_EQ(gst_harness_query_latency(harness), 42 * kMs);
    gst_harness_teardown(harness);
}

TEST_P(QueriesTest, SchedulingIsPushOnlyWhateverUpstreamCanDo) {
    queue_.on_upstream_query([](GstQuery* query) {
        if (GST_QUERY_TYPE(query) != GST_QUERY_SCHEDULING)
            return false;
        gst_query_add_scheduling_mode(query, GST_PAD_MODE_PULL);
        return true;
    });
    queue_.play();
    GstQuery* query = gst_query_new_scheduling();
    ASSERT_TRUE(gst_pad_query(queue_.src_pad(), query));
    EXPECT_TRUE(gst_query_has_scheduling_mode(query, GST_PAD_MODE_PUSH));
    EXPECT_FALSE(gst_query_has_scheduling_mode(query, GST_PAD_MODE_PULL));
    gst_query_unref(query);
}

TEST_P(QueriesTest, PullModeIsRefused) {
    EXPECT_FALSE(gst_pad_activate_mode(queue_.src_pad(), GST_PAD_MODE_PULL, TRUE));
}

TEST_P(QueriesTest, NothingLeavesBelowTheThreshold) {
    struct Threshold {
        const char* name;
        guint64 value;
    };
    for (const Threshold& threshold :
         {Threshold{"min-threshold-buffers", 3}, Threshold{"min-threshold-bytes", 30},
          Threshold{"min-threshold-time", 30 * kMs}}) {
        SCOPED_TRACE(threshold.name);
        QueueUnderTest queue(GetParam());
        gst_util_set_object_arg(G_OBJECT(queue.element()), threshold.name,
                                std::to_string(threshold.value).c_str());
        queue.play_stream();
        queue.hold();
        for (guint64 i = 0; i < 3; ++i)
            ASSERT_EQ(queue.push(make_buffer(i, 10, i * 10 * kMs, 10 * kMs)), GST_FLOW_OK);
        ASSERT_TRUE(queue.wait_held());
        EXPECT_EQ(queue.arrival_records().back().what, "buffer 0");
        EXPECT_EQ(queue.arrival_records().back().level, 2U) << "the third had to be there first";
        queue.release();
    }
}

TEST_P(QueriesTest, AnEventAtTheTailGoesOutBelowTheThreshold) {
    queue_.set("min-threshold-buffers", 10U);
    queue_.play_stream();
    ASSERT_EQ(queue_.push_range(0, 1), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(make_custom()));
    EXPECT_TRUE(queue_.wait_for("event custom-downstream"));
    EXPECT_EQ(queue_.buffers_arrived(), (Names{"buffer 0", "buffer 1"}));
}

TEST_P(QueriesTest, AQueryAtTheTailIsAnsweredBelowTheThreshold) {
    queue_.set("min-threshold-buffers", 10U);
    queue_.play_stream();
    ASSERT_EQ(queue_.push_range(0, 1), GST_FLOW_OK);
    EXPECT_TRUE(queue_.ask(gst_query_new_drain())) << "its caller would wait for ever";
}

TEST_P(QueriesTest, AFullQueueGivesOutBelowTheThreshold) {
    queue_.set("min-threshold-buffers", 10U);
    queue_.set("max-size-buffers", 3U);
    queue_.play_stream();
    ASSERT_EQ(queue_.push_range(0, 30), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 28"));
    // Buffers 29 and 30 are fewer than 3, so they stay for now.
    EXPECT_EQ(queue_.level_buffers(), 2U);
}

TEST_P(QueriesTest, LoweringTheThresholdLetsBuffersOut) {
    queue_.set("min-threshold-buffers", 10U);
    queue_.play_stream();
    ASSERT_EQ(queue_.push_range(0, 1), GST_FLOW_OK);
    queue_.set("min-threshold-buffers", 1U);
    ASSERT_EQ(queue_.push(std::uint64_t{2}), GST_FLOW_OK); // queue looks again with the next item
    EXPECT_TRUE(queue_.wait_for("buffer 2"));
}

TEST_P(QueriesTest, EosZeroesTheThresholdsAndAFlushRestoresThem) {
    queue_.set("min-threshold-buffers", 10U);
    queue_.set("min-threshold-bytes", 20U);
    queue_.set("min-threshold-time", guint64{30});
    queue_.play_stream();
    ASSERT_EQ(queue_.push_range(0, 1), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    EXPECT_TRUE(queue_.wait_for("event eos"));
    EXPECT_EQ(queue_.buffers_arrived().size(), 2U);
    EXPECT_EQ(queue_.get<guint>("min-threshold-buffers"), 0U);
    EXPECT_EQ(queue_.get<guint>("min-threshold-bytes"), 0U);
    EXPECT_EQ(queue_.get<guint64>("min-threshold-time"), 0U);
    ASSERT_TRUE(queue_.flush_start());
    ASSERT_TRUE(queue_.flush_stop());
    EXPECT_EQ(queue_.get<guint>("min-threshold-buffers"), 10U);
    EXPECT_EQ(queue_.get<guint>("min-threshold-bytes"), 20U);
    EXPECT_EQ(queue_.get<guint64>("min-threshold-time"), 30U);
}

TACTUS_INSTANTIATE_CONTRACT(QueriesTest);
