// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/flow_gate.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tactus {

namespace {

using Verdict = FlowGate::Verdict;

constexpr int kFlowNotNegotiated = -4;
constexpr int kFlowError = -5;
constexpr EventClass kAllEvents[] = {EventClass::stream_start, EventClass::segment, EventClass::eos,
                                     EventClass::other_sticky, EventClass::other};

class FlowGateTest : public ::testing::Test {
  protected:
    FlowGateTest() { gate.open(); }

    FlowGate gate;
};

TEST(FlowGateAtFirst, lets_nothing_pass_before_it_is_opened) {
    FlowGate gate;
    EXPECT_EQ(gate.flow(), kFlowFlushing);
    EXPECT_EQ(gate.admit_buffers(), kFlowFlushing);
    EXPECT_FALSE(gate.saw_eos());
}

TEST(FlowResults, are_fatal_below_end_of_stream_and_when_not_linked) {
    EXPECT_FALSE(is_fatal_flow(kFlowOk));
    EXPECT_TRUE(is_fatal_flow(kFlowNotLinked));
    EXPECT_FALSE(is_fatal_flow(kFlowFlushing));
    EXPECT_FALSE(is_fatal_flow(kFlowEos));
    EXPECT_TRUE(is_fatal_flow(kFlowNotNegotiated));
    EXPECT_TRUE(is_fatal_flow(kFlowError));
}

TEST_F(FlowGateTest, lets_buffers_and_all_events_pass_when_open) {
    EXPECT_EQ(gate.admit_buffers(), kFlowOk);
    for (const EventClass e : kAllEvents) {
        FlowGate fresh;
        fresh.open();
        EXPECT_EQ(fresh.admit_event(e, 0), Verdict::enqueue) << static_cast<int>(e);
    }
}

TEST_F(FlowGateTest, returns_what_downstream_returned) {
    for (const int flow : {kFlowNotLinked, kFlowFlushing, kFlowNotNegotiated, kFlowError}) {
        gate.open();
        gate.push_returned(flow, 0);
        EXPECT_EQ(gate.flow(), flow);
        EXPECT_EQ(gate.admit_buffers(), flow);
        EXPECT_FALSE(gate.is_discarding());
    }
}

TEST_F(FlowGateTest, judges_events_by_the_stored_flow) {
    struct Case {
        int flow;
        EventClass event;
        Verdict verdict;
    };
    const Case cases[] = {
        {kFlowFlushing, EventClass::other, Verdict::refuse},
        {kFlowFlushing, EventClass::other_sticky, Verdict::enqueue},
        {kFlowFlushing, EventClass::segment, Verdict::enqueue},
        {kFlowFlushing, EventClass::stream_start, Verdict::enqueue},
        {kFlowFlushing, EventClass::eos, Verdict::refuse},
        {kFlowNotLinked, EventClass::other, Verdict::refuse},
        {kFlowNotLinked, EventClass::other_sticky, Verdict::enqueue},
        {kFlowNotLinked, EventClass::segment, Verdict::enqueue},
        {kFlowNotLinked, EventClass::eos, Verdict::refuse_and_report},
        {kFlowNotNegotiated, EventClass::eos, Verdict::refuse_and_report},
        {kFlowError, EventClass::eos, Verdict::refuse_and_report},
        {kFlowError, EventClass::other, Verdict::refuse},
        {kFlowError, EventClass::other_sticky, Verdict::enqueue},
        {kFlowError, EventClass::stream_start, Verdict::enqueue},
    };
    for (const Case& c : cases) {
        gate.open();
        gate.push_returned(c.flow, 0);
        EXPECT_EQ(gate.admit_event(c.event, 1), c.verdict)
            << "flow " << c.flow << " event " << static_cast<int>(c.event);
        EXPECT_EQ(gate.flow(), c.flow) << "an event mends no error";
        EXPECT_FALSE(gate.saw_eos());
    }
}

TEST_F(FlowGateTest, takes_nothing_but_a_new_start_after_the_end) {
    EXPECT_EQ(gate.admit_event(EventClass::eos, 0), Verdict::enqueue);
    EXPECT_TRUE(gate.saw_eos());
    EXPECT_EQ(gate.admit_buffers(), kFlowEos);
    for (const EventClass e : {EventClass::eos, EventClass::other_sticky, EventClass::other})
        EXPECT_EQ(gate.admit_event(e, 1), Verdict::refuse_after_eos);
    EXPECT_TRUE(gate.saw_eos());
}

TEST_F(FlowGateTest, starts_again_with_a_stream_or_a_segment_after_the_end) {
    for (const EventClass e : {EventClass::stream_start, EventClass::segment}) {
        gate.open();
        gate.admit_event(EventClass::eos, 0);
        EXPECT_EQ(gate.admit_event(e, 1), Verdict::enqueue_and_start);
        EXPECT_FALSE(gate.saw_eos());
        EXPECT_EQ(gate.flow(), kFlowOk);
        EXPECT_EQ(gate.admit_buffers(), kFlowOk);
        EXPECT_EQ(gate.admit_event(EventClass::other, 2), Verdict::enqueue);
    }
}

TEST_F(FlowGateTest, starts_again_after_the_end_was_pushed) {
    gate.admit_event(EventClass::eos, 0);
    EXPECT_TRUE(gate.eos_pushed(0));
    EXPECT_EQ(gate.flow(), kFlowEos);
    EXPECT_EQ(gate.admit_event(EventClass::eos, 1), Verdict::refuse);
    EXPECT_EQ(gate.admit_event(EventClass::other_sticky, 1), Verdict::refuse_after_eos);
    EXPECT_EQ(gate.admit_event(EventClass::segment, 1), Verdict::enqueue_and_start);
    EXPECT_EQ(gate.flow(), kFlowOk);
}

TEST_F(FlowGateTest, starts_again_after_the_end_even_from_an_error) {
    gate.admit_event(EventClass::eos, 0);
    gate.push_returned(kFlowError, 0);
    EXPECT_EQ(gate.admit_event(EventClass::stream_start, 1), Verdict::enqueue_and_start);
    EXPECT_EQ(gate.flow(), kFlowOk);
}

TEST_F(FlowGateTest, runs_on_when_a_new_stream_came_before_the_end_was_pushed) {
    gate.admit_event(EventClass::eos, 0);
    gate.admit_event(EventClass::stream_start, 1);
    EXPECT_FALSE(gate.eos_pushed(0));
    EXPECT_EQ(gate.flow(), kFlowOk);
}

TEST_F(FlowGateTest, runs_on_at_the_end_of_a_stream_that_another_ended_stream_follows) {
    gate.admit_event(EventClass::eos, 0);
    gate.admit_event(EventClass::stream_start, 1);
    gate.admit_event(EventClass::eos, 2);
    EXPECT_FALSE(gate.eos_pushed(0));
    EXPECT_EQ(gate.flow(), kFlowOk);
    EXPECT_TRUE(gate.eos_pushed(2));
    EXPECT_EQ(gate.flow(), kFlowEos);
}

TEST_F(FlowGateTest, keeps_an_error_when_the_end_is_pushed) {
    gate.admit_event(EventClass::eos, 0);
    gate.push_returned(kFlowError, 0);
    EXPECT_TRUE(gate.eos_pushed(0));
    EXPECT_EQ(gate.flow(), kFlowError);
}

TEST_F(FlowGateTest, discards_when_downstream_has_reached_its_end) {
    gate.push_returned(kFlowEos, 5);
    EXPECT_TRUE(gate.is_discarding());
    EXPECT_EQ(gate.flow(), kFlowOk) << "the task runs on";
    EXPECT_EQ(gate.admit_buffers(), kFlowEos);
    EXPECT_FALSE(gate.admit_taken(EventClass::other));
    EXPECT_FALSE(gate.admit_taken(EventClass::other_sticky));
    EXPECT_TRUE(gate.is_discarding());
    EXPECT_TRUE(gate.admit_taken(EventClass::segment));
    EXPECT_FALSE(gate.is_discarding());
}

TEST_F(FlowGateTest, takes_events_and_the_end_while_it_discards) {
    gate.push_returned(kFlowEos, 5);
    EXPECT_EQ(gate.admit_event(EventClass::other_sticky, 6), Verdict::enqueue);
    EXPECT_EQ(gate.admit_buffers(), kFlowEos);
    EXPECT_EQ(gate.admit_event(EventClass::eos, 7), Verdict::enqueue);
}

TEST_F(FlowGateTest, takes_buffers_again_after_a_segment_behind_the_refused_one) {
    gate.push_returned(kFlowEos, 5);
    gate.admit_event(EventClass::segment, 6);
    EXPECT_EQ(gate.admit_buffers(), kFlowOk);
}

TEST_F(FlowGateTest, counts_a_segment_that_was_queued_before_downstream_refused) {
    gate.admit_event(EventClass::segment, 6);
    gate.push_returned(kFlowEos, 5);
    EXPECT_EQ(gate.admit_buffers(), kFlowOk);
}

TEST_F(FlowGateTest, does_not_count_a_segment_before_the_refused_one) {
    gate.admit_event(EventClass::segment, 3);
    gate.push_returned(kFlowEos, 5);
    EXPECT_EQ(gate.admit_buffers(), kFlowEos);
}

TEST_F(FlowGateTest, forgets_all_when_it_is_opened_again) {
    gate.admit_event(EventClass::eos, 4);
    gate.push_returned(kFlowEos, 3);
    gate.push_returned(kFlowError, 3);
    gate.flush();
    EXPECT_EQ(gate.admit_buffers(), kFlowFlushing);
    gate.open();
    EXPECT_EQ(gate.admit_buffers(), kFlowOk);
    EXPECT_FALSE(gate.saw_eos());
    EXPECT_FALSE(gate.is_discarding());
}

TEST_F(FlowGateTest, keeps_flushing_whatever_a_late_push_returns) {
    gate.flush();
    gate.push_returned(kFlowError, 0);
    EXPECT_EQ(gate.flow(), kFlowFlushing);
    gate.push_returned(kFlowOk, 1);
    EXPECT_EQ(gate.flow(), kFlowFlushing);
    gate.admit_event(EventClass::eos, 2);
    gate.eos_pushed(2);
    EXPECT_EQ(gate.flow(), kFlowFlushing);
}

TEST_F(FlowGateTest, keeps_the_first_error) {
    gate.push_returned(kFlowNotLinked, 0);
    gate.push_returned(kFlowError, 1);
    EXPECT_EQ(gate.flow(), kFlowNotLinked);
}

TEST_F(FlowGateTest, starts_again_when_linked_only_after_not_linked) {
    EXPECT_FALSE(gate.relink());
    for (const int flow : {kFlowFlushing, kFlowNotNegotiated, kFlowError}) {
        gate.open();
        gate.push_returned(flow, 0);
        EXPECT_FALSE(gate.relink());
        EXPECT_EQ(gate.flow(), flow);
    }
    gate.open();
    gate.push_returned(kFlowNotLinked, 0);
    EXPECT_TRUE(gate.relink());
    EXPECT_EQ(gate.flow(), kFlowOk);
}

// A flush from a third thread always wins over what a push returns.
TEST_F(FlowGateTest, never_loses_a_flush_to_a_returning_push) {
    int lost = 0;
    for (int i = 0; i < 2'000; ++i) {
        gate.open();
        std::thread task([&] { gate.push_returned(kFlowNotLinked, 0); });
        gate.flush();
        task.join();
        lost += gate.flow() != kFlowFlushing;
    }
    EXPECT_EQ(lost, 0);
}

} // namespace

} // namespace tactus
