// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Which thread of jitterbuffer pushes, and what may happen meanwhile.
#include "element_fixture.h"
#include "rtp_harness.h"

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

using namespace tactus;

namespace {

constexpr const char* kCaps = "application/x-rtp,media=audio,payload=96,clock-rate=8000";

/// Notes which thread brings the buffers to a pad.
class ThreadProbe {
  public:
    explicit ThreadProbe(GstPad* pad) {
        constexpr auto kBuffers = static_cast<GstPadProbeType>(GST_PAD_PROBE_TYPE_BUFFER |
                                                               GST_PAD_PROBE_TYPE_BUFFER_LIST);
        const auto note = [](GstPad*, GstPadProbeInfo*, gpointer data) {
            auto* self = static_cast<ThreadProbe*>(data);
            self->last_ = std::this_thread::get_id();
            ++self->count_;
            return GST_PAD_PROBE_OK;
        };
        gst_pad_add_probe(pad, kBuffers, note, this, nullptr);
    }
    std::thread::id last() const { return last_; }
    unsigned count() const { return count_; }

  private:
    std::atomic<std::thread::id> last_{};
    std::atomic<unsigned> count_{0};
};

// A jitterbuffer without a clock between pads of the test's own.
class JitterBufferPush : public ::testing::Test {
  public:
    void SetUp() override {
        queue_.set("adaptive", FALSE);
        queue_.set("direct-push", TRUE);
        play();
    }

    void play() {
        queue_.play();
        ASSERT_TRUE(queue_.send(gst_event_new_stream_start("push")));
        ASSERT_TRUE(queue_.send(make_caps(kCaps)));
        ASSERT_TRUE(queue_.send(make_segment()));
    }

    GstBuffer* next_packet() {
        RtpPacket packet;
        packet.seqnum = next_;
        packet.timestamp = next_ * 160U;
        packet.arrival = next_ * 20 * GST_MSECOND;
        GstBuffer* buffer = make_rtp(packet);
        GST_BUFFER_OFFSET(buffer) = next_++;
        return buffer;
    }
    GstFlowReturn push() { return queue_.push(next_packet()); }

    /// Pushes until packets go out in the thread that brings them.
    void warm_up() {
        ASSERT_TRUE(comes_true([this] {
            const unsigned before = probe_.count();
            EXPECT_EQ(push(), GST_FLOW_OK);
            EXPECT_TRUE(comes_true([&] { return probe_.count() > before; }));
            return probe_.last() == std::this_thread::get_id();
        }));
    }

    /// A push of a thread of its own that downstream holds in that very thread.
    std::future<GstFlowReturn> held_push() {
        for (;;) { // a slow moment of the machine gives the push to the task
            warm_up();
            queue_.hold();
            std::atomic<std::thread::id> pusher{};
            auto result = queue_.async([&] {
                pusher = std::this_thread::get_id();
                return push();
            });
            EXPECT_TRUE(queue_.wait_held());
            if (probe_.last() == pusher.load() || HasFailure())
                return result;
            queue_.release();
            EXPECT_EQ(result_of(result), GST_FLOW_OK);
        }
    }

    /// The numbers of the packets that have come out must rise by one.
    void expect_all_in_order(std::size_t at_least) {
        ASSERT_TRUE(comes_true([&] { return queue_.buffers_arrived().size() >= at_least; }));
        guint64 next = 0;
        for (const Arrival& arrival : queue_.arrival_records()) {
            if (arrival.what.rfind("buffer", 0) == 0) {
                ASSERT_EQ(arrival.sequence, next++);
            }
        }
    }

    std::uint16_t next_ = 0;
    std::atomic<int> bring_{0};
    QueueUnderTest queue_{"jitterbuffer"};
    ThreadProbe probe_{queue_.src_pad()};
};

} // namespace

TEST_F(JitterBufferPush, FirstPacketsAreTheTasksAndLaterOnesOfTheThreadThatBringsThem) {
    for (int i = 0; i < 16; ++i) {
        ASSERT_EQ(push(), GST_FLOW_OK);
        EXPECT_NE(probe_.last(), std::this_thread::get_id());
    }
    warm_up();
    expect_all_in_order(next_);
}

TEST_F(JitterBufferPush, WithoutDirectPushNoPacketGoesOutInTheThreadThatBringsIt) {
    warm_up();
    queue_.set("direct-push", FALSE);
    for (int i = 0; i < 500; ++i) {
        const unsigned before = probe_.count();
        ASSERT_EQ(push(), GST_FLOW_OK);
        ASSERT_TRUE(comes_true([&] { return probe_.count() > before; }));
        ASSERT_NE(probe_.last(), std::this_thread::get_id());
    }
    expect_all_in_order(next_);
}

TEST_F(JitterBufferPush, SlowDownstreamGetsTheTaskBack) {
    auto held = held_push();
    const auto begin = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - begin < std::chrono::milliseconds(2)) {
    }
    queue_.release();
    EXPECT_EQ(result_of(held), GST_FLOW_OK);
    queue_.hold();
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(push(), GST_FLOW_OK); // does not wait for downstream
    EXPECT_TRUE(queue_.wait_held());
    EXPECT_NE(probe_.last(), std::this_thread::get_id());
    queue_.release();
    warm_up(); // and once it is quick again
    expect_all_in_order(next_);
}

TEST_F(JitterBufferPush, PacketsKeepTheirOrderWhereTheThreadsTakeTurns) {
    for (int round = 0; round < 20; ++round) {
        auto held = held_push();
        queue_.release();
        for (int i = 0; i < 50; ++i)
            EXPECT_EQ(push(), GST_FLOW_OK);
        EXPECT_EQ(result_of(held), GST_FLOW_OK);
    }
    expect_all_in_order(0);
}

TEST_F(JitterBufferPush, EventsKeepTheirPlaceBetweenPackets) {
    warm_up();
    const std::size_t before = queue_.arrivals().size();
    std::vector<std::string> expected;
    for (int i = 0; i < 200; ++i) {
        ASSERT_TRUE(queue_.send(make_tag("between")));
        expected.emplace_back("event tag");
        expected.push_back("buffer " + std::to_string(next_));
        ASSERT_EQ(push(), GST_FLOW_OK);
    }
    ASSERT_TRUE(queue_.send(gst_event_new_eos()));
    expected.emplace_back("event eos");
    ASSERT_TRUE(queue_.wait_for("event eos"));
    const std::vector<std::string> all = queue_.arrivals();
    EXPECT_EQ(
        std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(before), all.end()),
        expected);
    EXPECT_EQ(push(), GST_FLOW_EOS);
}

TEST_F(JitterBufferPush, SerializedQueryIsAnsweredBehindThePackets) {
    warm_up();
    for (int i = 0; i < 100; ++i) {
        ASSERT_EQ(push(), GST_FLOW_OK);
        ASSERT_TRUE(queue_.ask(gst_query_new_drain()));
        const std::vector<std::string> all = queue_.arrivals();
        ASSERT_EQ(all.back(), "query drain");
        ASSERT_EQ(all[all.size() - 2], "buffer " + std::to_string(next_ - 1));
    }
}

TEST_F(JitterBufferPush, ListGoesOutWhole) {
    warm_up();
    const std::size_t before = queue_.buffers_arrived().size();
    for (const unsigned length : {2U, 5U, 16U, 40U}) {
        GstBufferList* list = gst_buffer_list_new();
        for (unsigned i = 0; i < length; ++i)
            gst_buffer_list_add(list, next_packet()); // each of a time of its own
        ASSERT_EQ(queue_.push(list), GST_FLOW_OK);
    }
    expect_all_in_order(before + 2 + 5 + 16 + 40);
}

TEST_F(JitterBufferPush, FlushEndsAPushOfTheThreadThatBringsPackets) {
    auto held = held_push();
    ASSERT_TRUE(queue_.flush_start());
    EXPECT_EQ(result_of(held), GST_FLOW_FLUSHING);
    queue_.release();
    ASSERT_TRUE(queue_.flush_stop());
    ASSERT_TRUE(queue_.send(make_segment()));
    const std::string first = "buffer " + std::to_string(next_);
    EXPECT_EQ(push(), GST_FLOW_OK);
    EXPECT_TRUE(queue_.wait_for(first));
    warm_up();
}

TEST_F(JitterBufferPush, ShutDownWaitsForThePushAndAllStartsAgain) {
    auto held = held_push();
    auto change =
        queue_.async([this] { return gst_element_set_state(queue_.element(), GST_STATE_READY); });
    EXPECT_TRUE(comes_true([this] { return GST_PAD_IS_FLUSHING(queue_.src_pad()); }));
    EXPECT_EQ(change.wait_for(std::chrono::milliseconds(1)), std::future_status::timeout);
    queue_.release();
    EXPECT_EQ(result_of(change), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(result_of(held), GST_FLOW_FLUSHING);
    next_ = 0;
    const std::size_t before = queue_.buffers_arrived().size();
    play();
    warm_up();
    EXPECT_EQ(queue_.buffers_arrived().size(), before + next_);
}

TEST_F(JitterBufferPush, PauseDoesNotWaitForThePushAndHoldsTheNextPacket) {
    auto held = held_push();
    auto change =
        queue_.async([this] { return gst_element_set_state(queue_.element(), GST_STATE_PAUSED); });
    EXPECT_EQ(result_of(change), GST_STATE_CHANGE_NO_PREROLL);
    queue_.release();
    EXPECT_EQ(result_of(held), GST_FLOW_OK);
    const unsigned out = probe_.count();
    EXPECT_EQ(push(), GST_FLOW_OK);
    EXPECT_EQ(probe_.count(), out);
    gst_element_set_state(queue_.element(), GST_STATE_PLAYING);
    EXPECT_TRUE(comes_true([&] { return probe_.count() == out + 1; }));
    expect_all_in_order(next_);
}

TEST_F(JitterBufferPush, DownstreamMayAskAndSetAnythingMeanwhile) {
    warm_up();
    struct Asker {
        GstElement* element;
        std::atomic<unsigned> answers{0};
    } asker{queue_.element(), {}};
    const auto ask = [](GstPad* pad, GstPadProbeInfo*, gpointer data) {
        auto* self = static_cast<Asker*>(data);
        GstQuery* query = gst_query_new_latency();
        self->answers += gst_pad_peer_query(pad, query) != FALSE ? 1U : 0U;
        gst_query_unref(query);
        query = gst_query_new_position(GST_FORMAT_TIME);
        gst_pad_peer_query(pad, query);
        gst_query_unref(query);
        if (self->answers % 10 == 0) // whereupon the task tries the next push
            gst_pad_push_event(pad, gst_event_new_reconfigure());
        gst_pad_push_event(pad, gst_event_new_latency(GST_SECOND));
        GstStructure* stats = nullptr;
        g_object_set(self->element, "latency", self->answers.load(), nullptr);
        g_object_get(self->element, "stats", &stats, nullptr);
        gst_clear_structure(&stats);
        guint64 out = 0;
        g_signal_emit_by_name(self->element, "set-active", TRUE, guint64{0}, &out);
        return GST_PAD_PROBE_OK;
    };
    queue_.on_upstream_query([](GstQuery* query) {
        if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY)
            return false;
        gst_query_set_latency(query, TRUE, 0, GST_CLOCK_TIME_NONE);
        return true;
    });
    gst_pad_add_probe(queue_.downstream(), GST_PAD_PROBE_TYPE_BUFFER, ask, &asker, nullptr);
    auto pushes = queue_.async([this] {
        GstFlowReturn result = GST_FLOW_OK;
        for (int i = 0; i < 100 && result == GST_FLOW_OK; ++i)
            result = push();
        return result;
    });
    EXPECT_EQ(result_of(pushes), GST_FLOW_OK);
    expect_all_in_order(next_);
    EXPECT_EQ(asker.answers, 100U);
}

TEST_F(JitterBufferPush, DownstreamMayBringAPacketMeanwhile) {
    warm_up();
    const auto bring = [](GstPad*, GstPadProbeInfo*, gpointer data) {
        auto* self = static_cast<JitterBufferPush*>(data);
        if (self->bring_ > 0) {
            const int left = self->bring_ - 1;
            EXPECT_EQ(self->push(), GST_FLOW_OK);
            self->bring_ = left;
        }
        return GST_PAD_PROBE_OK;
    };
    gst_pad_add_probe(queue_.src_pad(), GST_PAD_PROBE_TYPE_BUFFER, bring, this, nullptr);
    bring_ = 20;
    ASSERT_EQ(push(), GST_FLOW_OK);
    ASSERT_TRUE(comes_true([this] { return bring_ == 0; }));
    expect_all_in_order(next_);
}

TEST_F(JitterBufferPush, BlockedPadIsLeftToTheTask) {
    warm_up();
    const auto stay = [](GstPad*, GstPadProbeInfo*, gpointer) { return GST_PAD_PROBE_OK; };
    const gulong block = gst_pad_add_probe(queue_.src_pad(), GST_PAD_PROBE_TYPE_BLOCK_DOWNSTREAM,
                                           stay, nullptr, nullptr);
    for (int i = 0; i < 20; ++i)
        ASSERT_EQ(push(), GST_FLOW_OK); // would hang
    gst_pad_remove_probe(queue_.src_pad(), block);
    expect_all_in_order(next_);
}

TEST_F(JitterBufferPush, WhatDownstreamAnswersIsReturnedAtOnce) {
    for (const GstFlowReturn flow : {GST_FLOW_ERROR, GST_FLOW_EOS, GST_FLOW_NOT_NEGOTIATED}) {
        SCOPED_TRACE(gst_flow_get_name(flow));
        auto held = held_push();
        queue_.answer_with(flow);
        queue_.release();
        EXPECT_EQ(result_of(held), flow);
        EXPECT_EQ(push(), flow);
        EXPECT_TRUE(queue_.wait_task_rests());
        ASSERT_TRUE(queue_.flush_start());
        queue_.answer_with(GST_FLOW_OK);
        ASSERT_TRUE(queue_.flush_stop());
        ASSERT_TRUE(queue_.send(make_segment()));
    }
}

TEST_F(JitterBufferPush, GoesOnWhenItIsLinkedAgain) {
    warm_up();
    ASSERT_TRUE(gst_pad_unlink(queue_.src_pad(), queue_.downstream()));
    GstFlowReturn answer = GST_FLOW_OK;
    ASSERT_TRUE(comes_true([&] {
        answer = push();
        return answer != GST_FLOW_OK;
    }));
    EXPECT_EQ(answer, GST_FLOW_NOT_LINKED);
    EXPECT_TRUE(queue_.wait_task_rests());
    ASSERT_EQ(gst_pad_link(queue_.src_pad(), queue_.downstream()), GST_PAD_LINK_OK);
    warm_up();
}

// Under a test clock: what is not due waits, and a filled hole lets all out.
TEST(JitterBufferPushClock, FilledHoleLetsAllOutInTheThreadThatFillsIt) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false direct-push=true");
    ThreadProbe probe(h.get()->sinkpad);
    int next = 0;
    ASSERT_TRUE(comes_true([&] {
        pass(h, next, next + 10);
        next += 10;
        return probe.last() == std::this_thread::get_id();
    }));
    const unsigned before = probe.count();
    ASSERT_EQ(h.push(next + 1), GST_FLOW_OK);
    ASSERT_EQ(h.push(next + 2), GST_FLOW_OK);
    EXPECT_EQ(probe.count(), before);
    ASSERT_EQ(gst_harness_push(h.get(), make_rtp(h.packet(next, 50 * GST_MSECOND))), GST_FLOW_OK);
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(h.pull(), (h.first_seqnum + next + i) & 0xffff);
}

TEST(JitterBufferPushClock, HoleEndsInTimeThoughTheTaskWaitedForNothing) {
    RtpHarness h("jitterbuffer", "latency=100 adaptive=false direct-push=true");
    ThreadProbe probe(h.get()->sinkpad);
    int next = 0;
    ASSERT_TRUE(comes_true([&] {
        pass(h, next, next + 10);
        next += 10;
        return probe.last() == std::this_thread::get_id();
    }));
    ASSERT_EQ(h.push(next + 1), GST_FLOW_OK);
    const unsigned before = probe.count();
    const GstClockTime due = static_cast<GstClockTime>(next) * RtpHarness::kSpacing;
    ASSERT_TRUE(gst_harness_wait_for_clock_id_waits(h.get(), 1, 10));
    h.advance_to(due + 99 * GST_MSECOND);
    EXPECT_EQ(probe.count(), before);
    h.advance_to(due + 100 * GST_MSECOND);
    EXPECT_EQ(h.pull(), (h.first_seqnum + next + 1) & 0xffff);
    EXPECT_NE(probe.last(), std::this_thread::get_id());
    EXPECT_EQ(h.stat("num-lost"), 1U);
}

// --- under the system clock: one timer for all that wait for packets

namespace {

/// A jitterbuffer in real time whose packets come as fast as they are made.
class LiveStream {
  public:
    LiveStream() : h_(gst_harness_new("jitterbuffer")) {
        gst_harness_use_systemclock(h_);
        gst_harness_set_drop_buffers(h_, TRUE);
        gst_harness_set_src_caps_str(h_, kCaps);
        gst_harness_play(h_);
    }
    ~LiveStream() { gst_harness_teardown(h_); }
    LiveStream(const LiveStream&) = delete;
    LiveStream& operator=(const LiveStream&) = delete;

    /// Packets of 20 ms that all come now: the last one's time is far away then.
    void push(int count) {
        for (int i = 0; i < count; ++i) {
            RtpPacket packet;
            packet.seqnum = next_;
            packet.timestamp = next_++ * 160U;
            packet.arrival = GST_CLOCK_TIME_NONE;
            ASSERT_EQ(gst_harness_push(h_, make_rtp(packet)), GST_FLOW_OK);
        }
    }
    guint64 stat(const char* field) {
        GstStructure* stats = nullptr;
        g_object_get(h_->element, "stats", &stats, nullptr);
        guint64 value = 0;
        gst_structure_get_uint64(stats, field, &value);
        gst_structure_free(stats);
        return value;
    }
    GstElement* element() { return h_->element; }

  private:
    GstHarness* h_;
    std::uint16_t next_ = 0;
};

} // namespace

TEST(JitterBufferWatch, EachOfManyTellsOfItsStallOnce) {
    std::vector<std::unique_ptr<LiveStream>> streams;
    for (int i = 0; i < 50; ++i)
        streams.push_back(std::make_unique<LiveStream>());
    for (auto& stream : streams)
        stream->push(5);
    for (auto& stream : streams)
        EXPECT_TRUE(comes_true([&] { return stream->stat("refill-timeouts") == 1; }));
    for (auto& stream : streams)
        EXPECT_EQ(stream->stat("refill-timeouts"), 1U);
}

TEST(JitterBufferWatch, StreamsMayGoWhileTheyAreWatched) {
    LiveStream stays;
    for (int i = 0; i < 20; ++i) {
        LiveStream goes;
        goes.push(3);
        stays.push(1);
        if (i % 4 == 0) {
            EXPECT_TRUE(comes_true([&] { return goes.stat("num-pushed") == 3; }));
        }
    }
    EXPECT_TRUE(comes_true([&] { return stays.stat("refill-timeouts") >= 1; }));
}

TEST(JitterBufferWatch, AnotherClockWatchesAfterAChange) {
    LiveStream stream;
    auto* other = GST_CLOCK_CAST(g_object_new(GST_TYPE_SYSTEM_CLOCK, "name", "other", nullptr));
    gst_object_ref_sink(other);
    stream.push(5);
    GstClock* first = gst_element_get_clock(stream.element());
    for (int i = 0; i < 40; ++i) {
        gst_element_set_clock(stream.element(), i % 2 == 0 ? other : first);
        stream.push(1);
    }
    EXPECT_TRUE(comes_true([&] { return stream.stat("refill-timeouts") >= 1; }));
    gst_element_set_clock(stream.element(), other);
    gst_object_unref(first);
    gst_object_unref(other); // the stream's reference is the last one
}

TEST(JitterBufferWatch, NoClockRemembersAStreamThatHasGone) {
    auto* other = GST_CLOCK_CAST(g_object_new(GST_TYPE_SYSTEM_CLOCK, "name", "other", nullptr));
    gst_object_ref_sink(other);
    for (int i = 0; i < 20; ++i) {
        LiveStream goes;
        GstClock* first = gst_element_get_clock(goes.element());
        goes.push(2);
        EXPECT_TRUE(comes_true([&] { return goes.stat("num-pushed") == 2; }));
        gst_element_set_clock(goes.element(), other);
        gst_element_set_clock(goes.element(), first);
        gst_object_unref(first);
    }
    LiveStream stays; // until the time of those that are gone
    stays.push(5);
    EXPECT_TRUE(comes_true([&] { return stays.stat("refill-timeouts") == 1; }));
    gst_object_unref(other);
}
