// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// overrun, underrun, running and pushing.
#include "element_fixture.h"

using namespace tactus;

namespace {

class SignalsTest : public ContractTest {
  protected:
    // One buffer with downstream, and `queued` in the queue: buffers 1 to `queued`.
    void fill(guint queued) {
        queue_.play_stream();
        queue_.hold();
        ASSERT_EQ(queue_.push_range(0, 0), GST_FLOW_OK);
        ASSERT_TRUE(queue_.wait_held());
        ASSERT_EQ(queue_.push_range(1, queued), GST_FLOW_OK);
        ASSERT_EQ(queue_.level_buffers(), queued);
    }
};

} // namespace

TEST_P(SignalsTest, OverrunIsEmittedWhenAnItemMeetsAFullQueue) {
    queue_.set("max-size-buffers", 2U);
    SignalProbe overrun(queue_, "overrun");
    fill(2);
    EXPECT_EQ(overrun.count(), 0U) << "full is not yet overrun";
    auto pushed = queue_.async([this] { return queue_.push(std::uint64_t{3}); });
    EXPECT_TRUE(overrun.wait_count(1));
    queue_.release();
    EXPECT_EQ(result_of(pushed), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 3"));
    EXPECT_EQ(overrun.count(), 1U);
}

TEST_P(SignalsTest, OverrunIsEmittedForEachIncomingBufferThatIsLeaked) {
    queue_.set("max-size-buffers", 2U);
    queue_.set("leaky", 1);
    SignalProbe overrun(queue_, "overrun");
    fill(2);
    ASSERT_EQ(queue_.push_range(3, 5), GST_FLOW_OK);
    EXPECT_EQ(overrun.count(), 3U);
    EXPECT_EQ(queue_.level_buffers(), 2U);
}

TEST_P(SignalsTest, OverrunIsEmittedForEachBufferThatLeaksAnOldOne) {
    queue_.set("max-size-buffers", 2U);
    queue_.set("leaky", 2);
    SignalProbe overrun(queue_, "overrun");
    fill(2);
    ASSERT_EQ(queue_.push_range(3, 5), GST_FLOW_OK);
    EXPECT_EQ(overrun.count(), 3U);
    EXPECT_EQ(queue_.level_buffers(), 2U);
}

TEST_P(SignalsTest, AnOverrunHandlerThatRaisesALimitSpares) {
    for (const gint leaky : {0, 1, 2}) {
        SCOPED_TRACE(leaky);
        QueueUnderTest queue(GetParam());
        queue.set("max-size-buffers", 2U);
        queue.set("leaky", leaky);
        SignalProbe overrun(queue, "overrun", [&queue] { queue.set("max-size-buffers", 100U); });
        queue.play_stream();
        queue.hold();
        ASSERT_EQ(queue.push(std::uint64_t{0}), GST_FLOW_OK);
        ASSERT_TRUE(queue.wait_held());
        ASSERT_EQ(queue.push_range(1, 6), GST_FLOW_OK) << "would block here if not looked at again";
        EXPECT_EQ(overrun.count(), 1U);
        EXPECT_EQ(queue.level_buffers(), 6U) << "nothing leaked";
    }
}

TEST_P(SignalsTest, OverrunIsEmittedWithNoLockHeld) {
    queue_.set("max-size-buffers", 2U);
    guint seen = 0;
    bool passed = false;
    SignalProbe overrun(queue_, "overrun", [&] {
        // From another thread, so that a recursive lock would show too.
        auto other = queue_.async([this, &seen] {
            seen = queue_.level_buffers();
            queue_.set("max-size-buffers", 3U);
            GstQuery* query = gst_query_new_latency();
            const bool answered = gst_pad_query(queue_.src_pad(), query) != FALSE;
            gst_query_unref(query);
            return answered;
        });
        result_of(other);
        passed = true;
    });
    fill(2);
    ASSERT_EQ(queue_.push(std::uint64_t{3}), GST_FLOW_OK);
    EXPECT_TRUE(passed);
    EXPECT_EQ(seen, 2U);
}

TEST_P(SignalsTest, AnOverrunHandlerMayPushItself) {
    queue_.set("max-size-buffers", 2U);
    SignalProbe overrun(queue_, "overrun", [this] {
        queue_.set("max-size-buffers", 5U);
        EXPECT_EQ(queue_.push(std::uint64_t{100}), GST_FLOW_OK);
    });
    fill(2);
    ASSERT_EQ(queue_.push(std::uint64_t{3}), GST_FLOW_OK);
    queue_.release();
    ASSERT_TRUE(queue_.wait_for("buffer 3"));
    EXPECT_EQ(
        queue_.buffers_arrived(),
        (std::vector<std::string>{"buffer 0", "buffer 1", "buffer 2", "buffer 100", "buffer 3"}));
}

TEST_P(SignalsTest, AnOverrunHandlerThatFlushesMakesChainAnswerFlushing) {
    queue_.set("max-size-buffers", 2U);
    SignalProbe overrun(queue_, "overrun", [this] { EXPECT_TRUE(queue_.flush_start()); });
    fill(2);
    EXPECT_EQ(queue_.push(std::uint64_t{3}), GST_FLOW_FLUSHING);
    EXPECT_TRUE(queue_.flush_stop());
    EXPECT_EQ(queue_.level_buffers(), 0U);
}

TEST_P(SignalsTest, UnderrunIsEmittedWhenTheLastItemHasGone) {
    SignalProbe underrun(queue_, "underrun");
    queue_.play();
    EXPECT_TRUE(underrun.wait_count(1)) << "empty from the start";
    queue_.hold(QueueUnderTest::kEvents);
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
    ASSERT_TRUE(queue_.wait_held());
    const unsigned before = underrun.count();
    ASSERT_TRUE(queue_.send(make_segment()));
    ASSERT_EQ(queue_.push_range(0, 2), GST_FLOW_OK);
    queue_.release();
    ASSERT_TRUE(underrun.wait_count(before + 1));
    EXPECT_EQ(queue_.buffers_arrived(),
              (std::vector<std::string>{"buffer 0", "buffer 1", "buffer 2"}));
    EXPECT_EQ(underrun.count(), before + 1) << "once for all of them";
}

TEST_P(SignalsTest, RunningAndPushingFollowAnUnderrunOnceThereIsData) {
    std::mutex mutex;
    std::vector<std::string> order;
    const auto note = [&](const char* name) {
        return [&, name] {
            const std::lock_guard lock(mutex);
            order.emplace_back(name);
        };
    };
    SignalProbe underrun(queue_, "underrun", note("underrun"));
    SignalProbe running(queue_, "running", note("running"));
    SignalProbe pushing(queue_, "pushing", note("pushing"));
    queue_.play();
    ASSERT_TRUE(underrun.wait_count(1));
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
    ASSERT_TRUE(underrun.wait_count(2));
    const std::lock_guard lock(mutex);
    EXPECT_EQ(order, (std::vector<std::string>{"underrun", "running", "pushing", "underrun"}));
}

TEST_P(SignalsTest, PushingIsEmittedBeforeTheItemIsPushed) {
    std::size_t arrived = 99;
    SignalProbe underrun(queue_, "underrun");
    SignalProbe pushing(queue_, "pushing", [&] { arrived = queue_.arrivals().size(); });
    queue_.play();
    ASSERT_TRUE(underrun.wait_count(1));
    ASSERT_TRUE(queue_.send(gst_event_new_stream_start("stream")));
    ASSERT_TRUE(underrun.wait_count(2));
    EXPECT_EQ(pushing.count(), 1U);
    EXPECT_EQ(arrived, 0U);
}

TEST_P(SignalsTest, RunningIsEmittedWhenABlockedUpstreamGoesOn) {
    queue_.set("max-size-buffers", 2U);
    SignalProbe overrun(queue_, "overrun");
    SignalProbe running(queue_, "running");
    fill(2);
    // Upstream looks once more after overrun and may find room then, without having waited. So
    // this is tried until it did wait. The task is held with the next buffer each time: it never
    // runs empty, and running can only come from upstream.
    const unsigned before = running.count();
    for (guint64 i = 3; running.count() == before && i < 10000; ++i) {
        auto pushed = queue_.async([this, i] { return queue_.push(i); });
        ASSERT_TRUE(overrun.wait_count(static_cast<unsigned>(i) - 2));
        std::this_thread::yield();
        queue_.step();
        ASSERT_EQ(result_of(pushed), GST_FLOW_OK);
        ASSERT_TRUE(queue_.wait_for("buffer " + std::to_string(i - 2)));
        ASSERT_TRUE(queue_.wait_held());
    }
    EXPECT_EQ(running.count(), before + 1);
}

TEST_P(SignalsTest, AnUnderrunHandlerMayChangeThresholds) {
    queue_.set("min-threshold-buffers", 3U);
    SignalProbe underrun(queue_, "underrun", [this] { queue_.set("min-threshold-buffers", 0U); });
    queue_.play_stream();
    ASSERT_EQ(queue_.push(std::uint64_t{0}), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 0"));
}

TEST_P(SignalsTest, SilentSuppressesAllFour) {
    queue_.set("max-size-buffers", 2U);
    queue_.set("silent", TRUE);
    SignalProbe overrun(queue_, "overrun");
    SignalProbe underrun(queue_, "underrun");
    SignalProbe running(queue_, "running");
    SignalProbe pushing(queue_, "pushing");
    fill(2);
    auto pushed = queue_.async([this] { return queue_.push_range(3, 30); });
    queue_.release();
    EXPECT_EQ(result_of(pushed), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for("buffer 30"));
    queue_.shut_down();
    for (SignalProbe* probe : {&overrun, &underrun, &running, &pushing})
        EXPECT_EQ(probe->count(), 0U);
}

TEST_P(SignalsTest, SilentCanBeSwitchedWhilePlaying) {
    queue_.set("max-size-buffers", 2U);
    queue_.set("leaky", 1);
    queue_.set("silent", TRUE);
    SignalProbe overrun(queue_, "overrun");
    fill(2);
    ASSERT_EQ(queue_.push_range(3, 5), GST_FLOW_OK);
    EXPECT_EQ(overrun.count(), 0U);
    queue_.set("silent", FALSE);
    ASSERT_EQ(queue_.push_range(6, 7), GST_FLOW_OK);
    EXPECT_EQ(overrun.count(), 2U);
}

TACTUS_INSTANTIATE_CONTRACT(SignalsTest);
