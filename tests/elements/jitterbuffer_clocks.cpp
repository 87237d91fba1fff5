// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What jitterbuffer does when it gets another clock.
#include "element_fixture.h"
#include "rtp_harness.h"

using namespace tactus;

// Pipelines that share a network clock often have a base time of 0, whatever the clock.
TEST(JitterBufferClocks, ClockThatIsBehindTheLastOneWithTheSameBaseTimeIsFollowed) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false");
    pass(h, 0, 10);
    ASSERT_EQ(h.push(at(h, 9, 100 * GST_SECOND)), GST_FLOW_OK); // a duplicate
    GstClock* clock = gst_test_clock_new_with_start_time(200 * GST_MSECOND);
    gst_element_set_state(h.element(), GST_STATE_PAUSED);
    gst_element_set_clock(h.element(), clock);
    gst_element_set_state(h.element(), GST_STATE_PLAYING);
    // One packet is missing; the next one is due at 320 ms.
    ASSERT_EQ(gst_harness_push(h.get(), make_rtp(at(h, 11, 200 * GST_MSECOND))), GST_FLOW_OK);
    ASSERT_TRUE(comes_true([&] {
        return gst_test_clock_peek_id_count(GST_TEST_CLOCK(clock)) == 1 || h.stat("num-lost") > 0;
    }));
    EXPECT_EQ(h.stat("num-lost"), 0U);
    ASSERT_EQ(gst_harness_push(h.get(), make_rtp(at(h, 10, 200 * GST_MSECOND))), GST_FLOW_OK);
    EXPECT_EQ(h.pull(), h.first_seqnum + 10);
    EXPECT_EQ(h.pull(), h.first_seqnum + 11);
    gst_element_set_state(h.element(), GST_STATE_NULL);
    gst_object_unref(clock);
}
