// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// serialized-queries: an ALLOCATION query behind a sink that does not move.
#include "pad_pair.h"

using namespace tactus::pads;

namespace {

/// The order of what came out: "b" and the offset for buffers, "Q" for queries.
std::string order_of(PadPair& pair) {
    std::string order;
    for (const Received& r : pair.received()) {
        if (r.is_buffer())
            order += "b" + std::to_string(r.offset) + " ";
        else if (r.query != GST_QUERY_UNKNOWN)
            order += "Q ";
    }
    return order;
}

int queries_in(PadPair& pair) {
    int count = 0;
    for (const Received& r : pair.received())
        count += r.query != GST_QUERY_UNKNOWN;
    return count;
}

void expect_usable(PadPair& pair, std::uint64_t next) {
    const int before = queries_in(pair);
    ASSERT_EQ(pair.push(numbered(next)), GST_FLOW_OK);
    pair.set_text("serialized-queries", "block");
    EXPECT_TRUE(pair.allocation_query());
    EXPECT_EQ(queries_in(pair), before + 1);
    EXPECT_TRUE(pair.wait_for_offset(next));
    EXPECT_TRUE(pair.finish());
}

/// Waits until the task has nothing to do, after which the queue counts as idle.
class IdleWatch {
  public:
    explicit IdleWatch(PadPair& pair) {
        pair.connect("underrun", [this] { idle_.add(); });
    }
    int now() { return idle_.count(); }
    bool wait_beyond(int count) { return idle_.wait_for(count + 1); }

  private:
    Tally idle_;
};

} // namespace

TEST(BlockingQuery, IsAnsweredAfterTheBuffersBeforeIt) {
    PadPair pair;
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 4);
    auto answer = in_thread([&] { return pair.allocation_query(); });
    pair.release();
    EXPECT_EQ(result_of(answer), true);
    EXPECT_EQ(order_of(pair), "b0 b1 b2 b3 Q ");
    expect_usable(pair, 4);
}

TEST(BlockingQuery, DoesNotCountAndDoesNotWaitForRoom) {
    PadPair pair;
    pair.set("max-size-buffers", 1);
    int overruns = 0;
    pair.connect("overrun", [&] { ++overruns; });
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 2);
    auto answer = in_thread([&] { return pair.allocation_query(); });
    EXPECT_EQ(pair.get<guint>("current-level-buffers"), 1u);
    pair.release();
    EXPECT_EQ(result_of(answer), true);
    EXPECT_EQ(overruns, 0);
}

TEST(BlockingQuery, IsNotLostWhenALowerLimitLeaksWhatIsBeforeIt) {
    PadPair pair;
    pair.set("max-size-buffers", 10);
    pair.set_text("leaky", "downstream");
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 5);
    auto answer = in_thread([&] { return pair.allocation_query(); });
    pair.set("max-size-buffers", 1);
    EXPECT_EQ(pair.get<guint>("current-level-buffers"), 0u);
    pair.release();
    EXPECT_EQ(result_of(answer), true);
    EXPECT_EQ(order_of(pair), "b0 Q ");
    pair.set("max-size-buffers", 10);
    expect_usable(pair, 5);
}

TEST(BlockingQuery, IsReleasedByAFlush) {
    PadPair pair;
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 4);
    auto answer = in_thread([&] { return pair.allocation_query(); });
    EXPECT_TRUE(pair.push_event(gst_event_new_flush_start()));
    EXPECT_EQ(result_of(answer), false);
    EXPECT_FALSE(pair.allocation_query()) << "while flushing";
    pair.release();
    EXPECT_TRUE(pair.push_event(gst_event_new_flush_stop(TRUE)));
    pair.push_segment(0);
    EXPECT_EQ(queries_in(pair), 0);
    expect_usable(pair, 4);
}

TEST(BlockingQuery, ThatDownstreamIsAnsweringIsWaitedForByAFlush) {
    PadPair pair;
    pair.start();
    pair.hold_queries();
    std::atomic<bool> returned{false};
    auto answer = in_thread([&] {
        const bool result = pair.allocation_query();
        returned = true;
        return result;
    });
    ASSERT_TRUE(pair.wait_held());
    // FLUSH_START goes downstream first, which ends the answer.
    EXPECT_TRUE(pair.push_event(gst_event_new_flush_start()));
    EXPECT_TRUE(result_of(answer).has_value());
    EXPECT_TRUE(returned);
    pair.release_queries();
    EXPECT_TRUE(pair.push_event(gst_event_new_flush_stop(TRUE)));
    pair.push_segment(0);
    expect_usable(pair, 0);
}

TEST(BlockingQuery, IsReleasedWhenTheElementIsStopped) {
    PadPair pair;
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 4);
    auto answer = in_thread([&] { return pair.allocation_query(); });
    pair.stop();
    EXPECT_EQ(result_of(answer), false);
}

TEST(BlockingQuery, IsAnsweredNoOnceDownstreamHasEnded) {
    PadPair pair;
    pair.answer(GST_FLOW_EOS);
    pair.start();
    pair.push(numbered(0));
    ASSERT_TRUE(pair.wait_for_offset(0));
    auto answer = in_thread([&] { return pair.allocation_query(); });
    EXPECT_EQ(result_of(answer), false);
    EXPECT_TRUE(pair.finish());
}

TEST(BlockingQuery, IsAnsweredNoWhenTheTaskHasStoppedOnAnError) {
    PadPair pair;
    pair.answer(GST_FLOW_ERROR);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    auto answer = in_thread([&] { return pair.allocation_query(); });
    pair.release();
    EXPECT_EQ(result_of(answer), false);
    auto again = in_thread([&] { return pair.allocation_query(); });
    EXPECT_EQ(result_of(again), false);
}

TEST(TimedQuery, IsGivenUpWhileTheSinkIsHeldAndItsTicketIsHarmless) {
    PadPair pair;
    pair.set_text("serialized-queries", "timeout");
    pair.set("query-timeout", guint64{5 * GST_MSECOND});
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 3);
    EXPECT_FALSE(pair.allocation_query());
    EXPECT_FALSE(pair.allocation_query());
    EXPECT_EQ(pair.stat("queries-refused"), 2u);
    pair.push_numbers(3, 5);
    pair.release();
    ASSERT_TRUE(pair.wait_for_offset(4));
    EXPECT_EQ(order_of(pair), "b0 b1 b2 b3 b4 ") << "nobody asks for who has left";
    expect_usable(pair, 5);
}

TEST(TimedQuery, BehindAStaleTicketGetsItsOwnAnswer) {
    PadPair pair;
    pair.set_text("serialized-queries", "timeout");
    pair.set("query-timeout", guint64{1});
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    for (int i = 0; i < 100; ++i)
        EXPECT_FALSE(pair.allocation_query());
    pair.set_text("serialized-queries", "block");
    auto answer = in_thread([&] { return pair.allocation_query(); });
    pair.release();
    EXPECT_EQ(result_of(answer), true);
    EXPECT_EQ(order_of(pair), "b0 Q ");
}

TEST(TimedQuery, IsAnsweredWhenItsTurnComesInTime) {
    PadPair pair;
    pair.set_text("serialized-queries", "timeout");
    pair.set("query-timeout", guint64{60 * GST_SECOND});
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    auto answer = in_thread([&] { return pair.allocation_query(); });
    pair.release();
    EXPECT_EQ(result_of(answer), true);
    EXPECT_EQ(pair.stat("queries-refused"), 0u);
    expect_usable(pair, 1);
}

TEST(TimedQuery, ThatHasBegunIsWaitedForBeyondTheTimeout) {
    PadPair pair;
    pair.set_text("serialized-queries", "timeout");
    pair.set("query-timeout", guint64{200 * GST_MSECOND});
    pair.start();
    for (int attempt = 0;; ++attempt) { // a busy machine may not begin it in time
        ASSERT_LT(attempt, 50);
        pair.hold_queries();
        auto answer = in_thread([&] { return pair.allocation_query(); });
        if (!pair.held_before_end_of(answer)) {
            pair.release_queries();
            continue;
        }
        // Not to order anything: the time has to pass, and the query must not return in it.
        EXPECT_EQ(answer.wait_for(std::chrono::milliseconds(400)), std::future_status::timeout);
        pair.release_queries();
        EXPECT_EQ(result_of(answer), true);
        break;
    }
    expect_usable(pair, 0);
}

TEST(RefusedQuery, IsAnsweredNoAtOnceWhileAnythingIsQueuedOrPushed) {
    PadPair pair;
    pair.set_text("serialized-queries", "refuse-if-nonempty");
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    EXPECT_EQ(pair.get<guint>("current-level-buffers"), 0u);
    EXPECT_FALSE(pair.allocation_query()) << "the task is busy with a buffer";
    pair.push_numbers(1, 4);
    EXPECT_FALSE(pair.allocation_query());
    EXPECT_EQ(pair.stat("queries-refused"), 2u);
    pair.release();
    ASSERT_TRUE(pair.wait_for_offset(3));
    EXPECT_EQ(queries_in(pair), 0);
    expect_usable(pair, 4);
}

TEST(RefusedQuery, IsPassedOnByAnIdleQueue) {
    PadPair pair;
    pair.set_text("serialized-queries", "refuse-if-nonempty");
    IdleWatch idle(pair);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    const int before = idle.now();
    pair.release();
    ASSERT_TRUE(idle.wait_beyond(before));
    EXPECT_TRUE(pair.allocation_query());
    EXPECT_EQ(order_of(pair), "b0 Q ");
    EXPECT_EQ(pair.stat("queries-refused"), 0u);
    expect_usable(pair, 1);
}

TEST(AnyQuery, WhileFlushingIsAnsweredNoAtOnce) {
    for (const char* mode : {"block", "timeout", "refuse-if-nonempty"}) {
        PadPair pair;
        pair.set_text("serialized-queries", mode);
        pair.set("query-timeout", guint64{3600 * GST_SECOND});
        pair.start();
        pair.push_event(gst_event_new_flush_start());
        auto answer = in_thread([&] { return pair.allocation_query(); });
        EXPECT_EQ(result_of(answer), false) << mode;
        pair.push_event(gst_event_new_flush_stop(TRUE));
        pair.push_segment(0);
        expect_usable(pair, 0);
    }
}

TEST(AnyQuery, IsReleasedByAFlushInTimeoutModeToo) {
    PadPair pair;
    pair.set_text("serialized-queries", "timeout");
    pair.set("query-timeout", guint64{3600 * GST_SECOND});
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    auto answer = in_thread([&] { return pair.allocation_query(); });
    EXPECT_TRUE(pair.push_event(gst_event_new_flush_start()));
    EXPECT_EQ(result_of(answer), false);
    pair.release();
    EXPECT_TRUE(pair.push_event(gst_event_new_flush_stop(TRUE)));
    pair.push_segment(0);
    expect_usable(pair, 1);
}

TEST(AnyQuery, GoesThroughWhenTheModeChangesWhilePlaying) {
    PadPair pair;
    pair.start();
    for (int i = 0; i < 300; ++i) {
        pair.set("serialized-queries", i % 3);
        pair.push_numbers(static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(i) + 1);
        pair.allocation_query();
    }
    EXPECT_TRUE(pair.finish());
    EXPECT_EQ(pair.buffers().size(), 300u);
}
