// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee: who gets what, in what order, what is lost and what is said about it.
#include "tee_fixture.h"

#include <fstream>

namespace tactus::tee {
namespace {

using Words = std::vector<std::string>;

class RingTeeBasic : public TeeTest {
  protected:
    /// Pushes one by one, so that `fast` never falls behind.
    void push_keeping_up(Consumer& fast, guint64 first, guint64 last) {
        for (guint64 i = first; i <= last; ++i) {
            ASSERT_EQ(push(i), GST_FLOW_OK);
            ASSERT_TRUE(fast.wait_for("buffer " + std::to_string(i)));
        }
    }
    void expect_lost(guint64 first, guint64 count, Consumer& consumer) {
        GstStructure* s = pop_message("ringtee-lost");
        ASSERT_NE(s, nullptr);
        guint64 value = 0;
        EXPECT_TRUE(gst_structure_get_uint64(s, "count", &value));
        EXPECT_EQ(value, count);
        EXPECT_TRUE(gst_structure_get_uint64(s, "first-sequence", &value));
        EXPECT_EQ(value, first);
        EXPECT_TRUE(gst_structure_get_uint64(s, "first-running-time", &value));
        EXPECT_EQ(value, first * GST_USECOND);
        EXPECT_TRUE(gst_structure_get_uint64(s, "last-running-time", &value));
        EXPECT_EQ(value, (first + count - 1) * GST_USECOND);
        EXPECT_STREQ(gst_structure_get_string(s, "pad"), GST_PAD_NAME(consumer.pad()));
        gst_structure_free(s);
    }
};

TEST_F(RingTeeBasic, EveryPadGetsEveryBufferInOrder) {
    set("max-size-buffers", 7U);
    for (int i = 0; i < 4; ++i)
        add_consumer();
    play_stream();
    ASSERT_EQ(push_range(0, 999), GST_FLOW_OK);
    for (auto& consumer : consumers_) {
        ASSERT_TRUE(consumer->wait_for("buffer 999"));
        EXPECT_EQ(consumer->sequences(), numbers(0, 999));
        const Words words = consumer->words();
        EXPECT_EQ(Words(words.begin(), words.begin() + 3),
                  (Words{"stream-start", "caps", "segment"}));
        EXPECT_EQ(consumer->lost(), 0U);
    }
}

TEST_F(RingTeeBasic, ABufferIsSharedAndNotCopiedAndNothingKeepsIt) {
    for (int i = 0; i < 3; ++i)
        add_consumer();
    play_stream();
    GstBuffer* buffer = make_buffer(5);
    ASSERT_EQ(gst_pad_push(upstream_, gst_buffer_ref(buffer)), GST_FLOW_OK);
    for (auto& consumer : consumers_) {
        ASSERT_TRUE(consumer->wait_for("buffer 5"));
        EXPECT_EQ(consumer->arrival("buffer 5").object, buffer);
    }
    EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(buffer), 1);
    gst_buffer_unref(buffer);
}

TEST_F(RingTeeBasic, ABufferListStaysAListAndCountsAsItsBuffers) {
    Consumer& a = add_consumer();
    Consumer& b = add_consumer();
    b.hold();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(b.wait_held());
    GstBufferList* list = make_list(1, 5);
    ASSERT_EQ(gst_pad_push_list(upstream_, gst_buffer_list_ref(list)), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("list 1+5"));
    EXPECT_EQ(b.get<guint64>("current-level-buffers"), 5U);
    b.release();
    ASSERT_TRUE(b.wait_for("list 1+5"));
    EXPECT_EQ(b.arrival("list 1+5").object, list);
    EXPECT_EQ(b.get<guint64>("current-level-buffers"), 0U);
    EXPECT_EQ(b.stat("buffers-out"), 6U);
    EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(list), 1);
    gst_buffer_list_unref(list);
}

TEST_F(RingTeeBasic, TheProducerWaitsForTheSlowest) {
    set("max-size-buffers", 4U);
    Consumer& fast = add_consumer();
    Consumer& slow = add_consumer();
    slow.hold();
    play_stream();
    std::atomic<guint64> pushed{0};
    auto producer = async([&] {
        for (guint64 i = 0; i < 100; ++i) {
            if (push(i) != GST_FLOW_OK)
                return false;
            ++pushed;
        }
        return true;
    });
    ASSERT_TRUE(slow.wait_held());
    ASSERT_TRUE(fast.wait_for("buffer 4")); // one is held, four are queued
    EXPECT_LE(pushed, 5U);
    EXPECT_LE(slow.get<guint64>("current-level-buffers"), 4U);
    slow.release();
    EXPECT_TRUE(result_of(producer));
    for (Consumer* consumer : {&fast, &slow}) {
        ASSERT_TRUE(consumer->wait_for("buffer 99"));
        EXPECT_EQ(consumer->sequences(), numbers(0, 99));
    }
}

TEST_F(RingTeeBasic, ASlowPadJumpsForwardAndTheOthersNeverNotice) {
    gst_util_set_object_arg(G_OBJECT(tee_), "mode", "lossy");
    set("max-size-buffers", 10U);
    Consumer& fast = add_consumer();
    Consumer& slow = add_consumer();
    slow.hold();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(slow.wait_held());
    push_keeping_up(fast, 1, 100);
    EXPECT_EQ(slow.lost(), 90U);
    slow.release();
    ASSERT_TRUE(slow.wait_for("buffer 100"));
    std::vector<guint64> expected = numbers(91, 100);
    expected.insert(expected.begin(), 0);
    EXPECT_EQ(slow.sequences(), expected);
    for (const Arrival& a : slow.arrivals())
        EXPECT_EQ(a.discont, a.sequence == 91) << a.what;
    EXPECT_EQ(fast.sequences(), numbers(0, 100));
    for (const Arrival& a : fast.arrivals())
        EXPECT_FALSE(a.discont) << a.what;
    EXPECT_EQ(fast.lost(), 0U);
    expect_lost(1, 90, slow);
    EXPECT_EQ(pop_message("ringtee-lost"), nullptr);
    EXPECT_EQ(slow.stat("buffers-in"), 101U);
    EXPECT_EQ(slow.stat("buffers-out"), 11U);
    EXPECT_EQ(slow.stat("buffers-dropped"), 90U);
    EXPECT_EQ(slow.stat("bursts"), 1U);
}

TEST_F(RingTeeBasic, ATimeLimitHoldsForAStreamOfDurationsAlone) {
    gst_util_set_object_arg(G_OBJECT(tee_), "mode", "lossy");
    set("max-size-time", guint64{10 * GST_USECOND});
    Consumer& slow = add_consumer();
    slow.hold();
    play_stream();
    for (guint64 i = 0; i <= 100; ++i) {
        GstBuffer* buffer = make_buffer(i);
        GST_BUFFER_PTS(buffer) = GST_CLOCK_TIME_NONE;
        ASSERT_EQ(gst_pad_push(upstream_, buffer), GST_FLOW_OK);
        if (i == 0) {
            ASSERT_TRUE(slow.wait_held());
        }
    }
    EXPECT_EQ(slow.lost(), 90U);
}

TEST_F(RingTeeBasic, EachBurstIsReportedOnceAndTheLastBeforeTheEndOfTheStream) {
    gst_util_set_object_arg(G_OBJECT(tee_), "mode", "lossy");
    set("max-size-buffers", 2U);
    Consumer& fast = add_consumer();
    Consumer& slow = add_consumer();
    play_stream();
    slow.hold();
    push_keeping_up(fast, 0, 0);
    ASSERT_TRUE(slow.wait_held());
    push_keeping_up(fast, 1, 10); // 9 and 10 stay
    slow.release();
    ASSERT_TRUE(slow.wait_for("buffer 10"));
    expect_lost(1, 8, slow);
    slow.hold();
    push_keeping_up(fast, 11, 11);
    ASSERT_TRUE(slow.wait_held());
    push_keeping_up(fast, 12, 20); // 19 and 20 stay
    ASSERT_TRUE(send(gst_event_new_eos()));
    slow.release();
    ASSERT_TRUE(slow.wait_for("eos"));
    expect_lost(12, 7, slow);
    EXPECT_EQ(pop_message("ringtee-lost"), nullptr);
    EXPECT_EQ(slow.lost(), 15U);
}

TEST_F(RingTeeBasic, AfterAJumpEachBufferHasItsOwnCaps) {
    gst_util_set_object_arg(G_OBJECT(tee_), "mode", "lossy");
    set("max-size-buffers", 3U);
    Consumer& fast = add_consumer();
    Consumer& slow = add_consumer();
    slow.hold();
    play_stream();
    push_keeping_up(fast, 0, 0);
    ASSERT_TRUE(slow.wait_held());
    for (guint64 i = 1; i <= 30; ++i) {
        if (i % 4 == 0) {
            ASSERT_TRUE(send(make_caps("x/y, n=(int)" + std::to_string(i / 4))));
        }
        push_keeping_up(fast, i, i);
    }
    slow.release();
    ASSERT_TRUE(slow.wait_for("buffer 30"));
    EXPECT_EQ(slow.sequences(), (std::vector<guint64>{0, 28, 29, 30}));
    for (Consumer* consumer : {&fast, &slow}) {
        for (const Arrival& a : consumer->arrivals()) {
            if (a.is_buffer) {
                EXPECT_EQ(a.caps, "x/y, n=(int)" + std::to_string(a.sequence / 4)) << a.what;
            }
        }
    }
}

TEST_F(RingTeeBasic, TheEndOfTheStreamReachesAllAndANewStreamStartsThemAgain) {
    Consumer& a = add_consumer();
    Consumer& b = add_consumer();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_eos()));
    EXPECT_EQ(push(1), GST_FLOW_EOS);
    EXPECT_TRUE(a.wait_for("eos"));
    EXPECT_TRUE(b.wait_for("eos"));
    for (int round = 2; round < 5; ++round) {
        start_stream();
        ASSERT_EQ(push(round), GST_FLOW_OK);
        ASSERT_TRUE(send(gst_event_new_eos()));
        for (Consumer* consumer : {&a, &b}) {
            EXPECT_TRUE(consumer->wait_for("eos", round));
            EXPECT_EQ(consumer->words().back(), "eos");
        }
    }
    EXPECT_EQ(a.sequences(), (std::vector<guint64>{0, 2, 3, 4}));
    EXPECT_EQ(b.sequences(), (std::vector<guint64>{0, 2, 3, 4}));
}

struct HeldEnd {
    std::promise<void> reached;
    std::promise<void> released;
    bool once = false;
};

GstPadProbeReturn hold_first_end(GstPad*, GstPadProbeInfo* info, gpointer user) {
    auto* held = static_cast<HeldEnd*>(user);
    if (GST_EVENT_TYPE(GST_PAD_PROBE_INFO_EVENT(info)) == GST_EVENT_EOS &&
        !std::exchange(held->once, true)) {
        held->reached.set_value();
        held->released.get_future().wait();
    }
    return GST_PAD_PROBE_OK;
}

TEST_F(RingTeeBasic, AWholeStreamThatComesWhileTheEndOfTheLastIsBeingPushedFollowsIt) {
    HeldEnd held;
    Consumer& a = add_consumer();
    gst_pad_add_probe(a.sink(), GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, hold_first_end, &held,
                      nullptr);
    play_stream();
    ASSERT_TRUE(send(gst_event_new_eos()));
    ASSERT_EQ(held.reached.get_future().wait_for(kPatience), std::future_status::ready);
    start_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_eos()));
    held.released.set_value();
    ASSERT_TRUE(a.wait_for("eos", 2));
    EXPECT_EQ(a.words(), (Words{"stream-start", "caps", "segment", "eos", "stream-start", "caps",
                                "segment", "buffer 0", "eos"}));
}

TEST_F(RingTeeBasic, ASecondRunDoesNotRememberTheEndOfTheFirst) {
    Consumer& a = add_consumer();
    play_stream();
    ASSERT_TRUE(send(gst_event_new_eos()));
    ASSERT_TRUE(a.wait_for("eos"));
    ASSERT_EQ(gst_element_set_state(tee_, GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
    a.forget();
    gst_pad_set_active(upstream_, FALSE); // forgets its EOS
    gst_pad_set_active(upstream_, TRUE);
    gst_pad_set_active(a.sink(), FALSE);
    gst_pad_set_active(a.sink(), TRUE);
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 0"));
    EXPECT_EQ(a.words(), (Words{"stream-start", "caps", "segment", "buffer 0"}));
}

TEST_F(RingTeeBasic, EventsStayBetweenTheirBuffers) {
    Consumer& a = add_consumer();
    Consumer& b = add_consumer();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_gap(0, GST_SECOND)));
    ASSERT_EQ(push(1), GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_tag(gst_tag_list_new(GST_TAG_TITLE, "t", nullptr))));
    ASSERT_TRUE(send(make_segment()));
    ASSERT_EQ(push(2), GST_FLOW_OK);
    const Words expected{"stream-start", "caps", "segment", "buffer 0", "gap",
                         "buffer 1",     "tag",  "segment", "buffer 2"};
    for (Consumer* consumer : {&a, &b}) {
        ASSERT_TRUE(consumer->wait_for("buffer 2"));
        EXPECT_EQ(consumer->words(), expected);
    }
}

// --- the tool that people will type

bool launch(std::string line) {
    std::ifstream maps(
        "/proc/self/maps"); // with AddressSanitizer the system's program needs it too
    std::string word;
    std::string preload;
    while (maps >> word) {
        if (word.find("libasan.so") != std::string::npos)
            preload = "env ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=" + word + " ";
    }
    gint status = -1;
    GError* error = nullptr;
    const bool ran =
        g_spawn_command_line_sync((preload + line).c_str(), nullptr, nullptr, &status, &error);
    g_clear_error(&error);
    return ran && g_spawn_check_wait_status(status, nullptr);
}

TEST_F(RingTeeBasic, ALaunchLineWithThreeBranchesRunsToItsEnd) {
    EXPECT_TRUE(launch("gst-launch-1.0 -q videotestsrc num-buffers=200 ! ringtee name=t t. ! "
                       "fakesink t. ! fakesink t. ! videoconvert ! fakesink"));
}

} // namespace
} // namespace tactus::tee
