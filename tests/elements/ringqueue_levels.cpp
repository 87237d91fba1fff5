// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What counts towards the levels, and when the queue is full.
#include "element_fixture.h"

#include <atomic>

using namespace tactus;

namespace {

constexpr GstClockTime kMs = GST_MSECOND;

// Buffer 0 is with downstream and stays there, so what follows stays in the queue.
void occupy_downstream(QueueUnderTest& queue, GstBuffer* first) {
    queue.play_stream();
    queue.hold();
    ASSERT_EQ(queue.push(first), GST_FLOW_OK);
    ASSERT_TRUE(queue.wait_held());
    ASSERT_EQ(queue.level_buffers(), 0U);
}

GstBuffer* timed(guint64 sequence, GstClockTime pts, GstClockTime duration = 10 * kMs) {
    return make_buffer(sequence, 1, pts, duration);
}

class LevelsTest : public ContractTest {
  protected:
    void occupy(GstBuffer* first) { occupy_downstream(queue_, first); }

    // Pushes `buffer` into the full queue and checks that only room lets it in.
    void expect_blocks(GstBuffer* buffer) {
        std::atomic<bool> may_pass{false};
        SignalProbe overrun(queue_, "overrun");
        auto pushed = queue_.async([&] {
            const GstFlowReturn flow = queue_.push(buffer);
            return flow == GST_FLOW_OK && may_pass;
        });
        EXPECT_TRUE(overrun.wait_count(1));
        may_pass = true;
        queue_.release();
        EXPECT_TRUE(result_of(pushed)) << "it went in although the queue was full";
    }
};

class RingQueueLevels : public RingQueueTest {
  protected:
    void occupy(GstBuffer* first) { occupy_downstream(queue_, first); }
};

} // namespace

TEST_P(LevelsTest, AnEmptyQueueHasNoLevels) {
    queue_.play_stream();
    EXPECT_EQ(queue_.level_buffers(), 0U);
    EXPECT_EQ(queue_.level_bytes(), 0U);
    EXPECT_EQ(queue_.level_time(), 0U);
}

TEST_P(LevelsTest, LevelsCountWhatIsQueuedAndFallAsItLeaves) {
    occupy(make_buffer(0, 100, 0, 10 * kMs));
    ASSERT_EQ(queue_.push(make_buffer(1, 20, 10 * kMs, 10 * kMs)), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(make_buffer(2, 3, 20 * kMs, 10 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_buffers(), 2U);
    EXPECT_EQ(queue_.level_bytes(), 23U);
    EXPECT_EQ(queue_.level_time(), 20 * kMs);
    queue_.step();
    ASSERT_TRUE(queue_.wait_for("buffer 1"));
    EXPECT_EQ(queue_.level_buffers(), 1U);
    EXPECT_EQ(queue_.level_bytes(), 3U);
    EXPECT_EQ(queue_.level_time(), 10 * kMs);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("buffer 2"));
    EXPECT_EQ(queue_.level_buffers(), 0U);
    EXPECT_EQ(queue_.level_bytes(), 0U);
    EXPECT_EQ(queue_.level_time(), 0U);
}

TEST_P(LevelsTest, TheBufferLimitBlocksOnceReached) {
    queue_.set("max-size-buffers", 3U);
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push_range(1, 3), GST_FLOW_OK);
    expect_blocks(make_buffer(4));
}

TEST_P(LevelsTest, FullnessIsTestedBeforeAddingSoBytesOvershootByOneBuffer) {
    queue_.set("max-size-bytes", 10U);
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push(make_buffer(1, 9)), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(make_buffer(2, 500)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_bytes(), 509U);
    expect_blocks(make_buffer(3));
}

TEST_P(LevelsTest, TheTimeLimitBlocksOnceReachedAndOvershootsByOneBuffer) {
    queue_.set("max-size-time", guint64{30 * kMs});
    occupy(timed(0, 0));
    ASSERT_EQ(queue_.push(timed(1, 10 * kMs, 19 * kMs)), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(timed(2, 29 * kMs, 100 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 119 * kMs);
    expect_blocks(timed(3, 129 * kMs));
}

TEST_P(LevelsTest, ALimitOfZeroIsNoLimit) {
    for (const char* limit : {"max-size-buffers", "max-size-bytes"})
        queue_.set(limit, 0U);
    queue_.set("max-size-time", guint64{0});
    occupy(timed(0, 0));
    for (guint64 i = 1; i <= 1000; ++i)
        ASSERT_EQ(queue_.push(make_buffer(i, 20000, i * GST_SECOND, GST_SECOND)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_buffers(), 1000U);
    EXPECT_EQ(queue_.level_bytes(), 20000000U);
    queue_.release();
    EXPECT_TRUE(queue_.wait_for("buffer 1000"));
}

TEST_P(LevelsTest, ABufferListCountsAsItsBuffers) {
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push(make_list(1, 5)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_buffers(), 5U);
    EXPECT_EQ(queue_.level_bytes(), 5U);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("list 1+5")) << "and comes out whole";
    EXPECT_EQ(queue_.level_buffers(), 0U);
}

TEST_P(LevelsTest, ABufferListMayOvershootByAllOfItsBuffers) {
    queue_.set("max-size-buffers", 3U);
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push_range(1, 2), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(make_list(3, 50)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_buffers(), 52U);
    expect_blocks(make_buffer(53));
}

TEST_P(LevelsTest, ABufferListLastsFromItsFirstBufferToTheEndOfItsLast) {
    occupy(timed(0, 0));
    GstBufferList* list = gst_buffer_list_new();
    for (guint64 i = 1; i <= 3; ++i)
        gst_buffer_list_add(list, timed(i, i * 10 * kMs));
    ASSERT_EQ(queue_.push(list), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 30 * kMs);
}

TEST_P(LevelsTest, EventsNeitherCountNorBlockOnAFullQueue) {
    queue_.set("max-size-buffers", 2U);
    SignalProbe overrun(queue_, "overrun");
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push_range(1, 2), GST_FLOW_OK);
    for (int i = 0; i < 300; ++i)
        ASSERT_TRUE(queue_.send(make_custom()));
    EXPECT_EQ(queue_.level_buffers(), 2U);
    EXPECT_EQ(queue_.level_bytes(), 2U);
    EXPECT_EQ(overrun.count(), 0U);
    queue_.release();
    EXPECT_TRUE(queue_.wait_for("event custom-downstream", 300));
}

TEST_P(LevelsTest, EventsAloneNeverFillTheQueue) {
    queue_.set("max-size-buffers", 1U);
    occupy(make_buffer(0));
    for (int i = 0; i < 300; ++i)
        ASSERT_TRUE(queue_.send(make_custom()));
    EXPECT_EQ(queue_.push(std::uint64_t{1}), GST_FLOW_OK);
}

TEST_P(LevelsTest, AQueryNeitherCountsNorBlocksOnAFullQueue) {
    queue_.set("max-size-buffers", 2U);
    SignalProbe overrun(queue_, "overrun");
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push_range(1, 2), GST_FLOW_OK);
    auto answered = queue_.async([this] { return queue_.ask(gst_query_new_drain()); });
    queue_.hold(QueueUnderTest::kQueries); // the buffers pass
    ASSERT_TRUE(queue_.wait_for("query drain"));
    EXPECT_EQ(queue_.arrival_records().back().level, 0U);
    EXPECT_EQ(overrun.count(), 0U);
    queue_.release();
    EXPECT_TRUE(result_of(answered));
}

TEST_P(LevelsTest, DtsGoesBeforePts) {
    occupy(timed(0, 0));
    GstBuffer* buffer = timed(1, 500 * kMs);
    GST_BUFFER_DTS(buffer) = 10 * kMs;
    ASSERT_EQ(queue_.push(buffer), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 10 * kMs);
}

TEST_P(LevelsTest, ABufferWithoutDurationCountsUpToItsTimestamp) {
    occupy(timed(0, 0));
    ASSERT_EQ(queue_.push(timed(1, 30 * kMs, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 20 * kMs) << "from the end of buffer 0";
}

TEST_P(LevelsTest, TheTimeLevelIsNeverNegative) {
    occupy(timed(0, 500 * kMs));
    ASSERT_EQ(queue_.push(timed(1, 10 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 0U);
    ASSERT_EQ(queue_.push(timed(2, 600 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 100 * kMs);
}

TEST_P(LevelsTest, TheTimeLevelIsInRunningTime) {
    queue_.play();
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.rate = 2.0;
    segment.start = segment.time = 100 * kMs;
    segment.base = 3 * GST_SECOND;
    ASSERT_TRUE(queue_.send(gst_event_new_segment(&segment)));
    queue_.hold();
    ASSERT_EQ(queue_.push(timed(0, 100 * kMs)), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_EQ(queue_.push(timed(1, 110 * kMs, 40 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 20 * kMs) << "twice as fast";
}

// Until 1.26 the level was counted from the start of the segment.
TEST_F(RingQueueLevels, TheTimeLevelStartsAtTheFirstTimestamp) {
    queue_.play();
    queue_.hold(QueueUnderTest::kEvents);
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push(timed(0, 10 * GST_SECOND)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 10 * kMs);
    ASSERT_EQ(queue_.push(timed(1, 10 * GST_SECOND + 10 * kMs)), GST_FLOW_OK)
        << "far from the limit of one second";
    EXPECT_EQ(queue_.level_time(), 20 * kMs);
}

// Until 1.26 a segment moved the level before any of its buffers came.
TEST_F(RingQueueLevels, ASegmentDoesNotMoveTheTimeLevel) {
    occupy(timed(0, 0));
    ASSERT_EQ(queue_.push(timed(1, 10 * kMs)), GST_FLOW_OK);
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.base = 500 * kMs;
    segment.start = segment.time = segment.position = 700 * kMs;
    ASSERT_TRUE(queue_.send(gst_event_new_segment(&segment)));
    EXPECT_EQ(queue_.level_time(), 10 * kMs);
    ASSERT_EQ(queue_.push(timed(2, 700 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 500 * kMs) << "from 10 to 510 ms of running time";
}

// Until 1.26 a gap counted as if it were data.
TEST_F(RingQueueLevels, AGapDoesNotMoveTheTimeLevel) {
    occupy(timed(0, 0));
    ASSERT_EQ(queue_.push(timed(1, 10 * kMs)), GST_FLOW_OK);
    ASSERT_TRUE(queue_.send(gst_event_new_gap(20 * kMs, 5 * GST_SECOND)));
    EXPECT_EQ(queue_.level_time(), 10 * kMs);
    EXPECT_EQ(queue_.push(timed(2, 5020 * kMs)), GST_FLOW_OK);
}

// As until 1.26, so that a limit in time holds for them, too.
TEST_F(RingQueueLevels, ABufferWithADurationAloneFollowsTheOneBefore) {
    occupy(timed(0, 0));
    ASSERT_EQ(queue_.push(timed(1, 10 * kMs)), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(timed(2, GST_CLOCK_TIME_NONE, 400 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 410 * kMs);
    ASSERT_EQ(queue_.push(timed(3, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 410 * kMs) << "nothing is known of its time";
    ASSERT_EQ(queue_.push(timed(4, 420 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 420 * kMs) << "a timestamp settles it";
    GstBufferList* list = gst_buffer_list_new();
    for (guint64 i = 5; i <= 7; ++i)
        gst_buffer_list_add(list, timed(i, GST_CLOCK_TIME_NONE));
    ASSERT_EQ(queue_.push(list), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 450 * kMs);
}

TEST_P(LevelsTest, WhatIsNotLetInTakesNoTime) {
    queue_.set("leaky", 1); // upstream
    queue_.set("max-size-buffers", 2U);
    occupy(timed(0, 0));
    for (guint64 i = 1; i <= 9; ++i)
        ASSERT_EQ(queue_.push(timed(i, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_buffers(), 2U);
    EXPECT_EQ(queue_.level_time(), 20 * kMs);
    queue_.step();
    ASSERT_TRUE(queue_.wait_for("buffer 0"));
    ASSERT_TRUE(comes_true([this] { return queue_.level_buffers() == 1; }));
    ASSERT_EQ(queue_.push(timed(10, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 20 * kMs);
}

TEST_F(RingQueueLevels, ATimeLimitHoldsForAStreamOfDurationsAlone) {
    queue_.set("max-size-time", guint64{50 * kMs});
    SignalProbe overrun(queue_, "overrun");
    occupy(timed(0, GST_CLOCK_TIME_NONE));
    for (guint64 i = 1; i <= 5; ++i)
        ASSERT_EQ(queue_.push(timed(i, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 50 * kMs);
    EXPECT_EQ(overrun.count(), 0U);
    auto pushed = queue_.async([&] { return queue_.push(timed(6, GST_CLOCK_TIME_NONE)); });
    EXPECT_TRUE(overrun.wait_count(1));
    queue_.release();
    EXPECT_EQ(result_of(pushed), GST_FLOW_OK);
}

TEST_F(RingQueueLevels, ATimeThresholdIsReachedByDurationsAlone) {
    queue_.set("min-threshold-time", guint64{50 * kMs});
    queue_.play_stream();
    for (guint64 i = 0; i < 5; ++i)
        ASSERT_EQ(queue_.push(timed(i, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 0"));
}

TEST_F(RingQueueLevels, PlayedBackwardsADurationAloneEndsWhereTheOneBeforeBegan) {
    queue_.play();
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    segment.rate = -1.0;
    segment.stop = 100 * kMs;
    ASSERT_TRUE(queue_.send(gst_event_new_segment(&segment)));
    queue_.hold();
    ASSERT_EQ(queue_.push(timed(0, 90 * kMs)), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_EQ(queue_.push(timed(1, 80 * kMs)), GST_FLOW_OK);
    const guint64 with_timestamps = queue_.level_time();
    ASSERT_EQ(queue_.push(timed(2, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(timed(3, GST_CLOCK_TIME_NONE)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), with_timestamps + 20 * kMs);
}

TEST_P(LevelsTest, ASegmentOfAnotherFormatCountsFromZero) {
    queue_.play();
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_BYTES);
    segment.start = segment.position = 4096;
    segment.time = 4096;
    segment.stop = 8192;
    ASSERT_TRUE(queue_.send(gst_event_new_segment(&segment)));
    queue_.hold();
    ASSERT_EQ(queue_.push(timed(0, 0)), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_held());
    ASSERT_EQ(queue_.push(timed(1, 10 * kMs, 30 * kMs)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_time(), 30 * kMs);
}

TEST_P(LevelsTest, ALeakTakesTheOldestUntilAllLimitsHold) {
    queue_.set("leaky", 2);
    queue_.set("max-size-bytes", 10U);
    occupy(make_buffer(0));
    for (guint64 i = 1; i <= 9; ++i)
        ASSERT_EQ(queue_.push(make_buffer(i, 1)), GST_FLOW_OK);
    ASSERT_EQ(queue_.push(make_buffer(10, 8)), GST_FLOW_OK); // 17 bytes now
    ASSERT_EQ(queue_.push(make_buffer(11, 1)), GST_FLOW_OK);
    EXPECT_EQ(queue_.level_bytes(), 10U);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("buffer 11"));
    EXPECT_EQ(queue_.buffers_arrived(),
              (std::vector<std::string>{"buffer 0", "buffer 9", "buffer 10", "buffer 11"}));
}

TEST_P(LevelsTest, ALeakUpstreamKeepsTheOldest) {
    queue_.set("leaky", 1);
    queue_.set("max-size-buffers", 2U);
    occupy(make_buffer(0));
    ASSERT_EQ(queue_.push_range(1, 5), GST_FLOW_OK);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("buffer 2"));
    ASSERT_EQ(queue_.push(std::uint64_t{6}), GST_FLOW_OK);
    ASSERT_TRUE(queue_.wait_for("buffer 6"));
    EXPECT_EQ(queue_.buffers_arrived(),
              (std::vector<std::string>{"buffer 0", "buffer 1", "buffer 2", "buffer 6"}));
}

TACTUS_INSTANTIATE_CONTRACT(LevelsTest);
