// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// ringtee: what branches return, what upstream is told, flushes and queries.
#include "element_reports.h"
#include "late_flush.h"
#include "tee_fixture.h"

namespace tactus::tee {
namespace {

using Words = std::vector<std::string>;

class RingTeeFlow : public TeeTest {};

// --- combination

struct Combination {
    GstFlowReturn first;
    GstFlowReturn second;
    GstFlowReturn expected;
};

class RingTeeCombination : public TeeTest, public ::testing::WithParamInterface<Combination> {};

TEST_P(RingTeeCombination, TellsUpstreamWhatAllBranchesTogetherMean) {
    const Combination& c = GetParam();
    add_consumer().answer_with(c.first);
    add_consumer().answer_with(c.second);
    play_stream();
    if (c.expected != GST_FLOW_OK) {
        EXPECT_EQ(push_until_refused(), c.expected);
        return;
    }
    EXPECT_EQ(push_range(0, 999), GST_FLOW_OK);
    for (auto& consumer : consumers_) {
        ASSERT_TRUE(consumer->wait_for("buffer 0"));
        const GstFlowReturn answer = consumer == consumers_.front() ? c.first : c.second;
        if (answer == GST_FLOW_OK) {
            EXPECT_TRUE(consumer->wait_for("buffer 999"));
            EXPECT_EQ(consumer->sequences(), numbers(0, 999));
        } else {
            EXPECT_EQ(consumer->sequences(), numbers(0, 0));
        }
    }
}

constexpr GstFlowReturn kOk = GST_FLOW_OK;
constexpr GstFlowReturn kUnlinked = GST_FLOW_NOT_LINKED;
constexpr GstFlowReturn kEos = GST_FLOW_EOS;
constexpr GstFlowReturn kError = GST_FLOW_ERROR;
constexpr GstFlowReturn kNegotiation = GST_FLOW_NOT_NEGOTIATED;

INSTANTIATE_TEST_SUITE_P(
    Pairs, RingTeeCombination,
    ::testing::Values(Combination{kOk, kUnlinked, kOk}, Combination{kUnlinked, kOk, kOk},
                      Combination{kOk, kEos, kOk}, Combination{kEos, kOk, kOk},
                      Combination{kOk, kError, kOk}, Combination{kError, kOk, kOk},
                      Combination{kUnlinked, kUnlinked, kUnlinked}, Combination{kEos, kEos, kEos},
                      Combination{kError, kError, kError}, Combination{kUnlinked, kEos, kEos},
                      Combination{kEos, kUnlinked, kEos}, Combination{kUnlinked, kError, kError},
                      Combination{kError, kUnlinked, kError}, Combination{kEos, kError, kError},
                      Combination{kError, kEos, kError},
                      Combination{kNegotiation, kUnlinked, kNegotiation}),
    [](const auto& param_info) {
        std::string name = std::string(gst_flow_get_name(param_info.param.first)) + "And" +
                           gst_flow_get_name(param_info.param.second);
        std::erase(name, '-');
        return name;
    });

TEST_F(RingTeeFlow, WithoutPadsNothingIsLinkedUnlessThatIsAllowed) {
    play_stream();
    EXPECT_EQ(push(0), GST_FLOW_NOT_LINKED);
    set("allow-not-linked", TRUE);
    EXPECT_EQ(push_range(1, 1000), GST_FLOW_OK);
    set("allow-not-linked", FALSE);
    EXPECT_EQ(push(1001), GST_FLOW_NOT_LINKED);
}

TEST_F(RingTeeFlow, AllowNotLinkedForgivesUnlinkedPadsButNoErrors) {
    set("allow-not-linked", TRUE);
    add_consumer(false);
    Consumer& b = add_consumer(false);
    play_stream();
    EXPECT_EQ(push_range(0, 999), GST_FLOW_OK);
    b.answer_with(GST_FLOW_ERROR);
    b.link();
    EXPECT_EQ(push_until_refused(), GST_FLOW_ERROR);
}

TEST_F(RingTeeFlow, APadThatIsLinkedLaterGetsDataFromThenOn) {
    Consumer& a = add_consumer();
    Consumer& late = add_consumer(false);
    play_stream();
    ASSERT_EQ(push_range(0, 499), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 499"));
    ASSERT_TRUE(send(make_caps("x/y, n=(int)1")));
    ASSERT_TRUE(late.wait_rested()); // else it joins when it has left, maybe after all is pushed
    late.link();
    ASSERT_EQ(push_range(500, 999), GST_FLOW_OK);
    ASSERT_TRUE(late.wait_for("buffer 999"));
    const Words words = late.words();
    EXPECT_EQ(Words(words.begin(), words.begin() + 3), (Words{"stream-start", "caps", "segment"}));
    const std::vector<guint64> got = late.sequences();
    EXPECT_EQ(got, numbers(got.front(), 999));
    EXPECT_EQ(late.arrival("buffer 999").caps, "x/y, n=(int)1");
}

TEST_F(RingTeeFlow, AfterADownstreamEndOfStreamANewSegmentRenews) {
    Consumer& a = add_consumer();
    a.answer_with(GST_FLOW_EOS);
    play_stream();
    EXPECT_EQ(push_until_refused(), GST_FLOW_EOS);
    a.answer_with(GST_FLOW_OK);
    ASSERT_TRUE(send(make_segment()));
    EXPECT_EQ(push(7777777), GST_FLOW_OK);
    EXPECT_TRUE(a.wait_for("buffer 7777777"));
}

TEST_F(RingTeeFlow, AFailedBranchStillHearsOfTheEnd) {
    Consumer& good = add_consumer();
    Consumer& bad = add_consumer();
    bad.answer_with(GST_FLOW_ERROR);
    play_stream();
    ASSERT_EQ(push_range(0, 99), GST_FLOW_OK);
    ASSERT_TRUE(bad.wait_for("buffer 0"));
    ASSERT_TRUE(send(gst_event_new_eos()));
    EXPECT_TRUE(good.wait_for("eos"));
    EXPECT_TRUE(bad.wait_for("eos"));
    EXPECT_EQ(good.sequences(), numbers(0, 99));
    bad.answer_with(GST_FLOW_OK);
    start_stream();
    ASSERT_EQ(push(100), GST_FLOW_OK);
    EXPECT_TRUE(bad.wait_for("buffer 100")); // a new stream, a new chance
    EXPECT_FALSE(pop_error());
}

TEST_F(RingTeeFlow, ABranchThatFailsAfterUpstreamIsDoneStillHearsOfTheEnd) {
    Consumer& good = add_consumer();
    Consumer& bad = add_consumer();
    bad.hold();
    play_stream();
    ASSERT_EQ(push_range(0, 9), GST_FLOW_OK);
    ASSERT_TRUE(bad.wait_held());
    ASSERT_TRUE(send(gst_event_new_eos()));
    bad.answer_with(GST_FLOW_ERROR);
    bad.release();
    EXPECT_TRUE(good.wait_for("eos"));
    EXPECT_TRUE(bad.wait_for("eos"));
    EXPECT_EQ(bad.sequences(), numbers(0, 0));
    EXPECT_FALSE(pop_error()); // one went through to the end
}

TEST_F(RingTeeFlow, IfAllFailAfterUpstreamIsDoneTheApplicationIsTold) {
    Consumer& bad = add_consumer();
    bad.hold();
    play_stream();
    ASSERT_EQ(push_range(0, 9), GST_FLOW_OK);
    ASSERT_TRUE(bad.wait_held());
    ASSERT_TRUE(send(gst_event_new_eos()));
    bad.answer_with(GST_FLOW_ERROR);
    bad.release();
    ASSERT_TRUE(bad.wait_for("eos"));
    EXPECT_TRUE(pop_error());
}

TEST_F(RingTeeFlow, TheEndIsRefusedWithAnErrorIfNoBranchIsLeft) {
    add_consumer().answer_with(GST_FLOW_ERROR);
    play_stream();
    EXPECT_EQ(push_until_refused(), GST_FLOW_ERROR);
    EXPECT_FALSE(send(gst_event_new_eos()));
    EXPECT_TRUE(pop_error());
}

TEST_F(RingTeeFlow, ADownstreamThatShutsDownHoldsNobodyUpAndComesBackWhenLinkedAnew) {
    set("max-size-buffers", 5U);
    Consumer& a = add_consumer();
    Consumer& gone = add_consumer();
    play_stream();
    gst_pad_set_active(gone.sink(), FALSE);
    EXPECT_EQ(push_range(0, 999), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 999"));
    EXPECT_EQ(a.sequences(), numbers(0, 999));
    ASSERT_TRUE(gone.wait_rested());
    gone.unlink();
    gst_pad_set_active(gone.sink(), TRUE);
    gone.link();
    EXPECT_EQ(push(1000), GST_FLOW_OK);
    EXPECT_TRUE(gone.wait_for("buffer 1000"));
}

// --- flushes

TEST_F(RingTeeFlow, AFlushThrowsOutWhatIsQueuedAndKeepsTheCaps) {
    Consumer& a = add_consumer();
    Consumer& held = add_consumer();
    held.hold();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(held.wait_held());
    ASSERT_TRUE(send(make_caps("x/y, n=(int)1")));
    ASSERT_EQ(push_range(1, 20), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 20"));
    ASSERT_TRUE(send(gst_event_new_flush_start()));
    EXPECT_EQ(push(21), GST_FLOW_FLUSHING);
    ASSERT_TRUE(send(gst_event_new_flush_stop(TRUE)));
    EXPECT_EQ(held.get<guint64>("current-level-buffers"), 0U);
    EXPECT_EQ(held.lost(), 0U);
    held.release();
    ASSERT_TRUE(send(make_segment()));
    ASSERT_EQ(push(22), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 22"));
    ASSERT_TRUE(held.wait_for("buffer 22"));
    EXPECT_EQ(held.sequences(), numbers(22, 22)); // the held one was thrown out, too
    EXPECT_EQ(held.arrival("buffer 22").caps, "x/y, n=(int)1");
}

TEST_F(RingTeeFlow, WhatComesWhileThereIsNoPadIsCounted) {
    set("allow-not-linked", TRUE);
    play_stream();
    ASSERT_EQ(push_range(0, 4), GST_FLOW_OK);
    EXPECT_EQ(stat_of(tee_, "buffers-without-pad"), 5U);
    EXPECT_EQ(stat_of(tee_, "buffers-in"), 0U);
    Consumer& late = add_consumer();
    ASSERT_EQ(push_range(5, 6), GST_FLOW_OK);
    ASSERT_TRUE(late.wait_for("buffer 6"));
    EXPECT_EQ(stat_of(tee_, "buffers-without-pad"), 5U);
    EXPECT_EQ(stat_of(tee_, "buffers-in"), 2U);
}

TEST_F(RingTeeFlow, AFlushFreesAProducerThatIsBlocked) {
    set("max-size-buffers", 3U);
    Consumer& held = add_consumer();
    add_consumer();
    held.hold();
    std::atomic<guint64> entered{0}; // the element's chain function
    gst_pad_add_probe(
        sink_, GST_PAD_PROBE_TYPE_BUFFER,
        [](GstPad*, GstPadProbeInfo*, gpointer count) {
            ++*static_cast<std::atomic<guint64>*>(count);
            return GST_PAD_PROBE_OK;
        },
        &entered, nullptr);
    play_stream();
    for (int round = 0; round < 50; ++round) {
        auto producer = async([&] { return push_until_refused(); });
        ASSERT_TRUE(held.wait_held());
        while (held.get<guint64>("current-level-buffers") < 3 ||
               entered == stat_of(tee_, "buffers-in") + stat_of(tee_, "buffers-refused"))
            std::this_thread::yield();
        ASSERT_TRUE(send(gst_event_new_flush_start()));
        EXPECT_EQ(result_of(producer), GST_FLOW_FLUSHING);
        EXPECT_EQ(stat_of(tee_, "buffers-in") + stat_of(tee_, "buffers-refused"), entered);
        ASSERT_TRUE(send(gst_event_new_flush_stop(TRUE)));
        ASSERT_TRUE(send(make_segment()));
    }
    EXPECT_EQ(stat_of(tee_, "buffers-refused"), 50U);
}

TEST_F(RingTeeFlow, AFlushAfterTheEndStartsAllBranchesAgainTheFailedTooAndNoEndComesTwice) {
    Consumer& a = add_consumer();
    Consumer& bad = add_consumer();
    bad.answer_with(GST_FLOW_ERROR);
    play_stream();
    ASSERT_EQ(push_range(0, 9), GST_FLOW_OK);
    ASSERT_TRUE(bad.wait_for("buffer 0"));
    ASSERT_TRUE(send(gst_event_new_eos()));
    ASSERT_TRUE(a.wait_for("eos"));
    ASSERT_TRUE(bad.wait_for("eos"));
    bad.answer_with(GST_FLOW_OK);
    ASSERT_TRUE(send(gst_event_new_flush_start()));
    ASSERT_TRUE(send(gst_event_new_flush_stop(TRUE)));
    ASSERT_TRUE(send(make_segment()));
    ASSERT_EQ(push(10), GST_FLOW_OK);
    for (Consumer* consumer : {&a, &bad}) {
        consumer->forget();
        ASSERT_TRUE(send(make_segment()));
        ASSERT_EQ(push(11), GST_FLOW_OK);
        EXPECT_TRUE(consumer->wait_for("buffer 11"));
        const Words words = consumer->words();
        EXPECT_EQ(std::count(words.begin(), words.end(), "eos"), 0);
    }
}

TEST_F(RingTeeFlow, AFlushStartFromBeforeARestartLeavesNoBranchClosed) {
    Consumer& a = add_consumer();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(a.wait_for("buffer 0"));
    flush_across_a_restart(upstream_, a.pad(), a.sink());
    start_stream();
    EXPECT_EQ(push_range(1, 9), GST_FLOW_OK);
    EXPECT_TRUE(a.wait_for("buffer 9"));
}

// --- queries

TEST_F(RingTeeFlow, SerializedQueriesAreRefusedSinceBranchesShareTheirBuffers) {
    Consumer& a = add_consumer();
    std::atomic<int> asked{0};
    a.on_query([&](GstQuery*) {
        ++asked;
        return true;
    });
    play();
    for (GstQuery* query : {gst_query_new_allocation(nullptr, TRUE), gst_query_new_drain()}) {
        EXPECT_FALSE(gst_pad_peer_query(upstream_, query));
        gst_query_unref(query);
    }
    EXPECT_EQ(asked, 0);
}

TEST_F(RingTeeFlow, CapsQueriesMeetAllBranches) {
    for (const char* accepted : {"x/y; x/z", "x/z; x/w"}) {
        add_consumer().on_query([accepted](GstQuery* query) {
            GstCaps* own = gst_caps_from_string(accepted);
            if (GST_QUERY_TYPE(query) == GST_QUERY_CAPS) {
                gst_query_set_caps_result(query, own);
            } else if (GST_QUERY_TYPE(query) == GST_QUERY_ACCEPT_CAPS) {
                GstCaps* caps = nullptr;
                gst_query_parse_accept_caps(query, &caps);
                gst_query_set_accept_caps_result(query, gst_caps_can_intersect(caps, own));
            }
            gst_caps_unref(own);
            return true;
        });
    }
    play();
    GstCaps* caps = gst_pad_peer_query_caps(upstream_, nullptr);
    gchar* text = gst_caps_to_string(caps);
    EXPECT_STREQ(text, "x/z");
    g_free(text);
    gst_caps_unref(caps);
    for (const auto& [name, accepted] : {std::pair{"x/y", false}, std::pair{"x/z", true}}) {
        GstCaps* one = gst_caps_new_empty_simple(name);
        EXPECT_EQ(gst_pad_peer_query_accept_caps(upstream_, one) != FALSE, accepted) << name;
        gst_caps_unref(one);
    }
}

gboolean answer_upstream(GstPad* pad, GstObject* parent, GstQuery* query) {
    if (GST_QUERY_TYPE(query) == GST_QUERY_LATENCY)
        gst_query_set_latency(query, TRUE, 5 * GST_MSECOND, 7 * GST_MSECOND);
    else if (GST_QUERY_TYPE(query) == GST_QUERY_POSITION)
        gst_query_set_position(query, GST_FORMAT_TIME, GST_SECOND);
    else
        return gst_pad_query_default(pad, parent, query);
    return TRUE;
}

TEST_F(RingTeeFlow, PositionAndLatencyTellTheTruthPerBranch) {
    gst_pad_set_query_function(upstream_, answer_upstream);
    Consumer& fast = add_consumer();
    Consumer& slow = add_consumer();
    slow.hold();
    play_stream();
    ASSERT_EQ(push(0), GST_FLOW_OK);
    ASSERT_TRUE(slow.wait_held());
    ASSERT_EQ(push_range(1, 100), GST_FLOW_OK); // one microsecond each
    ASSERT_TRUE(fast.wait_for("buffer 100"));
    gint64 position = 0;
    ASSERT_TRUE(gst_pad_query_position(fast.pad(), GST_FORMAT_TIME, &position));
    EXPECT_EQ(position, gint64{GST_SECOND});
    ASSERT_TRUE(gst_pad_query_position(slow.pad(), GST_FORMAT_TIME, &position));
    EXPECT_EQ(position, gint64{GST_SECOND} - 100 * gint64{GST_USECOND});

    GstQuery* query = gst_query_new_latency();
    GstClockTime min = 0;
    GstClockTime max = 0;
    ASSERT_TRUE(gst_pad_query(slow.pad(), query));
    gst_query_parse_latency(query, nullptr, &min, &max);
    EXPECT_EQ(min, 5 * GST_MSECOND);
    EXPECT_EQ(max, 7 * GST_MSECOND + GST_SECOND);
    gst_query_unref(query);

    query = gst_query_new_scheduling();
    ASSERT_TRUE(gst_pad_query(slow.pad(), query));
    EXPECT_TRUE(gst_query_has_scheduling_mode(query, GST_PAD_MODE_PUSH));
    EXPECT_FALSE(gst_query_has_scheduling_mode(query, GST_PAD_MODE_PULL));
    gst_query_unref(query);
}

} // namespace
} // namespace tactus::tee
