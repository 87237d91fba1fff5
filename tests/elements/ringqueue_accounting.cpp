// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every buffer is accounted for: stats, messages, DISCONT and sequence numbers.
#include "pad_pair.h"

#include <random>
#include <set>

using namespace tactus::pads;

namespace {

void configure(PadPair& pair, const char* leaky, guint buffers) {
    pair.set("max-size-buffers", buffers, "max-size-bytes", 0, "max-size-time", guint64{0});
    pair.set_text("leaky", leaky);
}

/// The sink holds 0, and 1 and 2 wait: whoever pushes more waits, too, after an overrun.
void fill(PadPair& pair, Tally& overruns) {
    configure(pair, "no", 2);
    pair.connect("overrun", [&overruns] { overruns.add(); });
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 3);
}

void expect_balance(PadPair& pair) {
    EXPECT_EQ(pair.stat("buffers-in"), pair.stat("buffers-out") + pair.stat("buffers-dropped") +
                                           pair.stat("buffers-flushed") +
                                           pair.stat("buffers-queued"));
}

std::uint64_t sum(const std::vector<PadPair::Burst>& bursts) {
    std::uint64_t count = 0;
    for (const auto& b : bursts)
        count += b.count;
    return count;
}

/// DISCONT stands where an offset is missing and nowhere else.
void expect_discont_at_gaps(const std::vector<Received>& buffers) {
    for (std::size_t i = 0; i < buffers.size(); ++i) {
        const std::uint64_t expected = i == 0 ? 0 : buffers[i - 1].offset + 1;
        EXPECT_EQ(buffers[i].discont, buffers[i].offset != expected) << buffers[i].offset;
    }
}

/// The bursts name the offsets that did not come, when offsets equal sequence numbers.
void expect_bursts_fill_gaps(const std::vector<Received>& buffers,
                             const std::vector<PadPair::Burst>& bursts, std::uint64_t sent) {
    std::set<std::uint64_t> seen;
    for (const Received& r : buffers)
        EXPECT_TRUE(seen.insert(r.offset).second) << "twice: " << r.offset;
    for (const auto& b : bursts)
        for (std::uint64_t n = b.first_sequence; n < b.first_sequence + b.count; ++n)
            EXPECT_TRUE(seen.insert(n).second) << "came or was reported before: " << n;
    EXPECT_EQ(seen.size(), sent);
    EXPECT_EQ(seen.empty() ? sent : *seen.rbegin() + 1, sent);
}

} // namespace

TEST(Stats, HaveAllFieldsFromTheStart) {
    PadPair pair;
    for (const char* field :
         {"buffers-in",         "buffers-out",        "buffers-dropped",     "buffers-flushed",
          "buffers-queued",     "gaps-dropped",       "events-dropped",      "bursts",
          "burst-buffers-p50",  "burst-buffers-p99",  "burst-buffers-p999",  "burst-buffers-max",
          "residence-time-p50", "residence-time-p99", "residence-time-p999", "residence-time-max",
          "producer-wait-time", "consumer-wait-time", "producer-wakeups",    "consumer-wakeups",
          "next-sequence",      "queries-refused",    "buffers-refused"})
        EXPECT_EQ(pair.stat(field), 0u) << field;
    GstStructure* stats = pair.get<GstStructure*>("stats");
    EXPECT_STREQ(gst_structure_get_name(stats), "ringqueue-stats");
    gst_structure_free(stats);
}

TEST(Stats, CountWhatWaitsForRoomWhenAFlushComes) {
    PadPair pair;
    Tally overruns;
    fill(pair, overruns);
    auto producer = in_thread([&] { return pair.push(numbered(3)); });
    ASSERT_TRUE(overruns.wait_for(1));
    ASSERT_TRUE(pair.push_event(gst_event_new_flush_start()));
    EXPECT_EQ(producer.get(), GST_FLOW_FLUSHING);
    EXPECT_EQ(pair.stat("buffers-refused"), 1U);
    EXPECT_EQ(pair.stat("buffers-in"), 3U);
    expect_balance(pair);
}

TEST(Stats, CountWhatWentThroughAndWhatWaited) {
    PadPair pair;
    Tally overruns;
    fill(pair, overruns);
    auto producer = in_thread([&] { pair.push_numbers(3, 6); });
    ASSERT_TRUE(overruns.wait_for(1));
    EXPECT_EQ(pair.stat("buffers-queued"), 2u);
    EXPECT_EQ(pair.stat("buffers-out"), 1u);
    pair.release();
    producer.get();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.stat("buffers-in"), 6u);
    EXPECT_EQ(pair.stat("next-sequence"), 6u);
    EXPECT_EQ(pair.stat("buffers-out"), 6u);
    EXPECT_EQ(pair.stat("buffers-queued"), 0u);
    EXPECT_GT(pair.stat("residence-time-max"), 0u);
    EXPECT_GE(pair.stat("residence-time-max"), pair.stat("residence-time-p50"));
    EXPECT_EQ(pair.stat("buffers-dropped"), 0u);
    EXPECT_TRUE(pair.take_bursts().empty());
}

TEST(Stats, TellHowLongTheProducerWaited) {
    PadPair pair;
    configure(pair, "no", 1);
    pair.start();
    // The sink may be let go before the producer gets to its wait; not every time.
    std::uint64_t n = 0;
    while (pair.stat("producer-wait-time") == 0 && n < 10000) {
        ASSERT_TRUE(pair.hold_in(n));
        auto producer = in_thread([&] { pair.push_numbers(n + 1, n + 3); });
        pair.release();
        producer.get();
        n += 3;
    }
    EXPECT_GT(pair.stat("producer-wait-time"), 0u);
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.buffers().size(), n);
}

TEST(Stats, SurviveAFlushAndANewStart) {
    PadPair pair;
    pair.start();
    pair.push_numbers(0, 5);
    ASSERT_TRUE(pair.wait_for_offset(4));
    pair.flush();
    EXPECT_EQ(pair.stat("buffers-in"), 5u);
    pair.stop();
    EXPECT_EQ(pair.stat("buffers-out"), 5u);
    pair.start();
    pair.push_numbers(5, 6);
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.stat("buffers-in"), 6u);
    EXPECT_EQ(pair.stat("buffers-out"), 6u);
    expect_discont_at_gaps(pair.buffers());
}

TEST(Burst, IsOneMessageWithItsCountTimesAndFirstSequence) {
    PadPair pair;
    configure(pair, "downstream", 3);
    pair.start();
    pair.push_segment(GST_SECOND); // running time = PTS + 1 s
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 11); // 1..7 leak
    EXPECT_TRUE(pair.take_bursts().empty()) << "the burst has not ended";
    pair.release();
    ASSERT_TRUE(pair.finish());
    const auto bursts = pair.take_bursts();
    ASSERT_EQ(bursts.size(), 1u);
    EXPECT_EQ(bursts[0].count, 7u);
    EXPECT_EQ(bursts[0].first_sequence, 1u);
    EXPECT_EQ(bursts[0].first_ns, GST_SECOND + 1 * kFrame);
    EXPECT_EQ(bursts[0].last_ns, GST_SECOND + 7 * kFrame);
    EXPECT_EQ(pair.stat("bursts"), 1u);
    EXPECT_EQ(pair.stat("burst-buffers-max"), 7u);
    expect_discont_at_gaps(pair.buffers());
}

TEST(Burst, AtTheTailIsReportedBeforeTheNextBufferThatCameThrough) {
    PadPair pair;
    configure(pair, "upstream", 3);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 8); // 4..7 are refused
    pair.release();
    ASSERT_TRUE(pair.wait_for_offset(3));
    pair.push_numbers(8, 10);
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.offsets(), (std::vector<std::uint64_t>{0, 1, 2, 3, 8, 9}));
    expect_discont_at_gaps(pair.buffers());
    const auto bursts = pair.take_bursts();
    ASSERT_EQ(bursts.size(), 1u);
    EXPECT_EQ(bursts[0].first_sequence, 4u);
    EXPECT_EQ(bursts[0].count, 4u);
}

TEST(Burst, ThatTrailsIsReportedAtEos) {
    PadPair pair;
    configure(pair, "upstream", 2);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 7); // 3..6 are refused
    EXPECT_TRUE(pair.push_event(gst_event_new_eos()));
    pair.release();
    ASSERT_TRUE(pair.wait_for_event(GST_EVENT_EOS));
    const auto bursts = pair.take_bursts();
    ASSERT_EQ(bursts.size(), 1u);
    EXPECT_EQ(bursts[0].first_sequence, 3u);
    EXPECT_EQ(bursts[0].count, 4u);
    EXPECT_EQ(sum(bursts), pair.stat("buffers-dropped"));
}

TEST(Burst, ThatTrailsIsReportedAtAFlushOrAStop) {
    for (const bool by_flush : {true, false}) {
        PadPair pair;
        configure(pair, "upstream", 2);
        pair.start();
        ASSERT_TRUE(pair.hold_in(0));
        pair.push_numbers(1, 7);
        if (by_flush)
            pair.flush();
        else
            pair.stop();
        const auto bursts = pair.take_bursts();
        ASSERT_EQ(bursts.size(), 1u) << by_flush;
        EXPECT_EQ(bursts[0].count, 4u);
        EXPECT_EQ(pair.stat("buffers-flushed"), 2u);
        expect_balance(pair);
    }
}

TEST(Burst, HasNoTimesIfItsBuffersHaveNone) {
    PadPair pair;
    configure(pair, "downstream", 2);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    for (int i = 0; i < 5; ++i)
        pair.push(gst_buffer_new());
    pair.release();
    ASSERT_TRUE(pair.finish());
    const auto bursts = pair.take_bursts();
    ASSERT_EQ(bursts.size(), 1u);
    EXPECT_EQ(bursts[0].count, 3u);
    EXPECT_EQ(bursts[0].first_ns, GST_CLOCK_TIME_NONE);
    EXPECT_EQ(bursts[0].last_ns, GST_CLOCK_TIME_NONE);
}

TEST(Burst, CountsTheBuffersOfAListAndMarksTheFirstOfTheNextOne) {
    PadPair pair;
    configure(pair, "downstream", 4);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    for (std::uint64_t n = 1; n < 31; n += 3) {
        GstBufferList* list = gst_buffer_list_new();
        for (std::uint64_t k = n; k < n + 3; ++k)
            gst_buffer_list_add(list, numbered(k));
        ASSERT_EQ(gst_pad_push_list(pair.source(), list), GST_FLOW_OK);
    }
    pair.release();
    ASSERT_TRUE(pair.finish());
    const auto bursts = pair.take_bursts();
    ASSERT_EQ(bursts.size(), 1u);
    EXPECT_EQ(bursts[0].count % 3, 0u);
    expect_discont_at_gaps(pair.buffers());
    expect_bursts_fill_gaps(pair.buffers(), bursts, 31);
    EXPECT_EQ(pair.stat("buffers-dropped"), sum(bursts));
    EXPECT_EQ(pair.stat("buffers-out"), 31 - sum(bursts));
}

TEST(Discont, OfTheBuffersOwnIsLeftAndASharedBufferIsNotWrittenTo) {
    PadPair pair;
    configure(pair, "downstream", 1);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    GstBuffer* mine = numbered(2);
    pair.push_numbers(1, 2);
    pair.push(gst_buffer_ref(mine)); // 1 leaks, so this one gets DISCONT
    pair.release();
    ASSERT_TRUE(pair.wait_for_offset(2));
    GstBuffer* own = numbered(3);
    GST_BUFFER_FLAG_SET(own, GST_BUFFER_FLAG_DISCONT);
    pair.push(own);
    ASSERT_TRUE(pair.finish());
    EXPECT_FALSE(GST_BUFFER_IS_DISCONT(mine));
    gst_buffer_unref(mine);
    EXPECT_TRUE(pair.buffers()[1].discont);
    EXPECT_TRUE(pair.buffers()[2].discont);
    EXPECT_EQ(pair.take_bursts().size(), 1u);
}

TEST(Discont, IsNotSetAfterAFlushWithoutALeak) {
    PadPair pair;
    configure(pair, "downstream", 10);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 5);
    pair.flush();
    pair.release();
    pair.push_segment(0);
    pair.push_numbers(5, 8);
    ASSERT_TRUE(pair.finish());
    for (const Received& r : pair.buffers())
        EXPECT_FALSE(r.discont) << r.offset;
    EXPECT_EQ(pair.stat("buffers-flushed"), 4u);
    EXPECT_EQ(pair.stat("buffers-dropped"), 0u);
    EXPECT_TRUE(pair.take_bursts().empty());
    expect_balance(pair);
}

TEST(Accounts, BalanceWhenDownstreamEndsTheStream) {
    PadPair pair;
    configure(pair, "no", 0);
    pair.start();
    ASSERT_TRUE(pair.hold_in(0));
    pair.push_numbers(1, 10);
    pair.answer(GST_FLOW_EOS);
    pair.release();
    ASSERT_TRUE(pair.finish());
    EXPECT_EQ(pair.buffers().size(), 1u);
    EXPECT_EQ(pair.stat("buffers-flushed"), 9u);
    expect_balance(pair);
}

TEST(Accounts, AgreeInEveryRandomRun) {
    for (unsigned seed = 1; seed <= 30; ++seed) {
        PadPair pair;
        std::mt19937 random(seed);
        configure(pair, random() % 2 ? "downstream" : "upstream", 1 + random() % 12);
        pair.start();
        const std::uint64_t sent = 500 + random() % 500;
        for (std::uint64_t n = 0; n < sent; ++n) {
            if (random() % 20 == 0)
                pair.hold();
            if (random() % 20 == 0)
                pair.release();
            if (random() % 50 == 0)
                pair.set("leaky", 1 + random() % 2);
            pair.push_numbers(n, n + 1);
        }
        pair.release();
        ASSERT_TRUE(pair.finish());
        const auto bursts = pair.take_bursts();
        const auto buffers = pair.buffers();
        expect_discont_at_gaps(buffers);
        expect_bursts_fill_gaps(buffers, bursts, sent);
        EXPECT_EQ(sum(bursts), pair.stat("buffers-dropped")) << seed;
        EXPECT_EQ(sum(bursts), sent - buffers.size()) << seed;
        EXPECT_EQ(bursts.size(), pair.stat("bursts")) << seed;
        expect_balance(pair);
    }
}
