// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/qos_watch.h"

#include "glue/handles.h"

#include <gtest/gtest.h>

namespace tactus {

namespace {

class QosWatchTest : public ::testing::Test {
  protected:
    void SetUp() override {
        gst_segment_init(&segment_, GST_FORMAT_TIME);
        element_.reset(GST_ELEMENT(gst_object_ref_sink(gst_bin_new(nullptr))));
        bus_ = gst_bus_new();
        gst_element_set_bus(element_.get(), bus_);
        buffer_.reset(gst_buffer_new());
        GST_BUFFER_PTS(buffer_.get()) = 2 * GST_SECOND;
    }
    void TearDown() override {
        gst_element_set_bus(element_.get(), nullptr);
        gst_object_unref(bus_);
    }
    void tell(double proportion, GstClockTimeDiff late_ns, GstClockTime time) {
        const EventHandle event(
            gst_event_new_qos(GST_QOS_TYPE_UNDERFLOW, proportion, late_ns, time));
        watch_.update(event.get());
    }

    QosWatch watch_;
    GstSegment segment_;
    ElementHandle element_;
    GstBus* bus_ = nullptr;
    BufferHandle buffer_;
};

TEST_F(QosWatchTest, BufferIsLateUpToTheTimeThatDownstreamHasReached) {
    EXPECT_FALSE(watch_.lateness_of(segment_, buffer_.get()));
    tell(1, 0, 2 * GST_SECOND - 1);
    EXPECT_FALSE(watch_.lateness_of(segment_, buffer_.get()));
    tell(1, 1, 2 * GST_SECOND - 1);
    EXPECT_TRUE(watch_.lateness_of(segment_, buffer_.get()));
    watch_.reset();
    EXPECT_FALSE(watch_.lateness_of(segment_, buffer_.get()));
}

// Downstream may say more between the decision and the report.
TEST_F(QosWatchTest, ReportIsWhatTheDecisionWasBasedOn) {
    tell(0.5, GST_SECOND, 2 * GST_SECOND);
    const auto late = watch_.lateness_of(segment_, buffer_.get());
    ASSERT_TRUE(late);
    tell(4, 0, GST_CLOCK_TIME_NONE);
    QosWatch::report(element_.get(), *late, segment_, buffer_.get(), 7, 3);
    const MessageHandle message(gst_bus_pop_filtered(bus_, GST_MESSAGE_QOS));
    ASSERT_NE(message, nullptr);
    guint64 running_time = 0;
    gint64 jitter = 0;
    double proportion = 0;
    guint64 processed = 0;
    guint64 dropped = 0;
    gst_message_parse_qos(message.get(), nullptr, &running_time, nullptr, nullptr, nullptr);
    gst_message_parse_qos_values(message.get(), &jitter, &proportion, nullptr);
    gst_message_parse_qos_stats(message.get(), nullptr, &processed, &dropped);
    EXPECT_EQ(running_time, 2 * GST_SECOND);
    EXPECT_EQ(jitter, gint64{GST_SECOND});
    EXPECT_EQ(proportion, 0.5);
    EXPECT_EQ(processed, 7U);
    EXPECT_EQ(dropped, 3U);
}

} // namespace

} // namespace tactus
