// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The adaptive buffer, the other modes, and what an owner may set.
#include "jitter_fixture.h"

namespace tactus {

namespace {

JitterConfig adaptive(std::int64_t latency_ms = 1000) {
    JitterConfig config;
    config.latency_ns = latency_ms * kMs;
    return config;
}

class JitterBufferModesTest : public JitterFixture {
  protected:
    /// Enough packets without jitter for the delay to become small.
    void settle(const JitterConfig& config) {
        start(config);
        arrive_all(0, 500);
        ASSERT_LE(buffer_->latency_ns(), 10 * kMs);
        events_.clear();
    }
};

TEST_F(JitterBufferModesTest, FindsASmallDelayOnACleanLink) {
    settle(adaptive());
    EXPECT_EQ(buffer_->stats().underruns, 0u);
}

TEST_F(JitterBufferModesTest, TellsEachChangeOfLatencyOnceAndBySteps) {
    start(adaptive());
    arrive_all(0, 500);
    std::int64_t last_ns = 80 * kMs;
    const auto changes = of(Kind::latency);
    ASSERT_FALSE(changes.empty());
    for (const Event& event : changes) {
        EXPECT_GE(std::abs(event.action.latency_ns - last_ns), 5 * kMs);
        last_ns = event.action.latency_ns;
    }
    EXPECT_EQ(last_ns, buffer_->latency_ns());
}

TEST_F(JitterBufferModesTest, GrowsAtOnceOnAnUnderrunAndKeepsTheTrueTime) {
    settle(adaptive());
    arrive(500, 500 * kSpacingNs + 150 * kMs);
    run_to(now_ns_ + 5 * kMs);
    EXPECT_GE(buffer_->latency_ns(), 150 * kMs);
    EXPECT_LE(buffer_->latency_ns(), 156 * kMs);
    const auto pushes = of(Kind::push);
    ASSERT_EQ(pushes.size(), 1u);
    EXPECT_EQ(pushes[0].action.stored.pts_ns, 500 * kSpacingNs);
    // The latency is told before, and the packet is not late by it.
    ASSERT_EQ(of(Kind::latency).size(), 1u);
    EXPECT_LT(of(Kind::latency)[0].at_ns, pushes[0].at_ns);
    EXPECT_LE(pushes[0].at_ns, 500 * kSpacingNs + buffer_->latency_ns());
    EXPECT_EQ(buffer_->stats().underruns, 1u);
}

TEST_F(JitterBufferModesTest, ShrinksByAtMostATenthOfTheTime) {
    settle(adaptive());
    arrive(500, 500 * kSpacingNs + 150 * kMs);
    arrive_all(501, 508, 150 * kMs);
    const std::int64_t high_ns = buffer_->latency_ns();
    const std::int64_t from_ns = now_ns_;
    for (std::int64_t i = 508; i < 1000; ++i) {
        arrive(i, std::max(i * kSpacingNs, now_ns_));
        EXPECT_GE(buffer_->latency_ns(), high_ns - (now_ns_ - from_ns) / 10 - 10 * kMs);
    }
    EXPECT_LE(buffer_->latency_ns(), 20 * kMs);
}

TEST_F(JitterBufferModesTest, NeverExceedsTheCeiling) {
    settle(adaptive(100));
    arrive(500, 500 * kSpacingNs + 115 * kMs);
    EXPECT_EQ(buffer_->latency_ns(), 100 * kMs);
    JitterConfig config = adaptive(60);
    buffer_->configure(config);
    EXPECT_EQ(buffer_->latency_ns(), 60 * kMs);
}

TEST_F(JitterBufferModesTest, NeverFallsBelowTheFloor) {
    JitterConfig config = adaptive();
    config.min_latency_ns = 40 * kMs;
    start(config);
    arrive_all(0, 500);
    EXPECT_EQ(buffer_->latency_ns(), 40 * kMs);
}

TEST_F(JitterBufferModesTest, AFloorAboveTheCeilingIsTheCeiling) {
    JitterConfig config = adaptive(100);
    config.adapt_by = AdaptBy::timestamps;
    config.min_latency_ns = 500 * kMs;
    start(config);
    arrive_all(0, 500);
    EXPECT_EQ(buffer_->latency_ns(), 100 * kMs);
    EXPECT_EQ(buffer_->stats().current_delay_ns, 100 * kMs);
    for (const Event& event : of(Kind::push))
        ASSERT_NEAR(static_cast<double>(event.action.stored.pts_ns % kSpacingNs), 0, 1);
}

TEST_F(JitterBufferModesTest, TellsOneGapPerStallAndSoonEnough) {
    settle(adaptive());
    const std::int64_t needed_ns = 500 * kSpacingNs + buffer_->latency_ns();
    run_to(500 * kSpacingNs + 2000 * kMs);
    const auto gaps = of(Kind::gap);
    ASSERT_EQ(gaps.size(), 1u);
    EXPECT_EQ(gaps[0].at_ns, needed_ns);
    EXPECT_EQ(gaps[0].action.pts_ns, 500 * kSpacingNs);
    EXPECT_EQ(gaps[0].action.duration_ns, kSpacingNs);
}

TEST_F(JitterBufferModesTest, RecoversFromAStallWithoutABurstOfStalePackets) {
    settle(adaptive(100));
    for (std::int64_t i = 500; i < 530; ++i)
        arrive(i, 530 * kSpacingNs);
    arrive_all(530, 560);
    const JitterStats stats = buffer_->stats();
    EXPECT_GE(stats.dropped_stale, 20u);
    std::size_t late = 0;
    for (const Event& event : of(Kind::push))
        late += event.at_ns > event.action.stored.pts_ns + 100 * kMs + kMs ? 1 : 0;
    EXPECT_LE(late, 1u);
    EXPECT_EQ(stats.dropped_stale + of(Kind::push).size(), 60u);
}

TEST_F(JitterBufferModesTest, ReportsTheSmallestLatencyWhenTimestampsCarryTheDelay) {
    JitterConfig config = adaptive();
    config.adapt_by = AdaptBy::timestamps;
    config.min_latency_ns = 10 * kMs;
    start(config);
    arrive_all(0, 500);
    arrive(500, 500 * kSpacingNs + 150 * kMs);
    EXPECT_TRUE(of(Kind::latency).empty());
    EXPECT_EQ(buffer_->latency_ns(), 10 * kMs);
    const auto pushes = of(Kind::push);
    const JitterAction& last = pushes.back().action;
    EXPECT_GE(last.stored.pts_ns + 10 * kMs, pushes.back().at_ns);
    for (std::size_t i = 1; i < 500; ++i) {
        const std::int64_t step_ns =
            pushes[i].action.stored.pts_ns - pushes[i - 1].action.stored.pts_ns;
        EXPECT_NEAR(static_cast<double>(step_ns), 20e6, 2.1e6);
    }
}

TEST_F(JitterBufferModesTest, KeepsWhatItLearnedThroughSilence) {
    start(adaptive());
    for (std::int64_t i = 0; i < 1000; ++i)
        arrive(i, i * kSpacingNs + i % 4 * 15 * kMs);
    const std::int64_t target_ns = buffer_->stats().target_delay_ns;
    EXPECT_GE(target_ns, 45 * kMs);
    run_to(now_ns_ + 60'000 * kMs);
    const std::int64_t resume = now_ns_ / kSpacingNs + 1;
    run_to(resume * kSpacingNs);
    insert(make(1000, resume));
    EXPECT_EQ(buffer_->stats().target_delay_ns, target_ns);
    EXPECT_EQ(buffer_->stats().lost, 0u);
}

TEST_F(JitterBufferModesTest, FollowsARouteThatGetsLonger) {
    settle(adaptive());
    arrive_all(500, 6000, 80 * kMs);
    EXPECT_LE(buffer_->latency_ns(), 20 * kMs);
    EXPECT_NEAR(static_cast<double>(of(Kind::push).back().action.stored.pts_ns),
                static_cast<double>(5999 * kSpacingNs + 80 * kMs), 5e6);
}

TEST_F(JitterBufferModesTest, HasNoDriftInModeNone) {
    JitterConfig config = fixed(200);
    config.mode = JitterMode::none;
    start(config);
    arrive_all(0, 50);
    // A gap of over three seconds, and a clock that runs away.
    for (std::int64_t i = 300; i < 600; ++i)
        arrive(i, i * kSpacingNs + (i - 300) * kMs / 10);
    for (const Event& event : of(Kind::push)) {
        const auto index = reinterpret_cast<std::intptr_t>(event.action.stored.packet.handle) - 1;
        EXPECT_EQ(event.action.stored.pts_ns, index * kSpacingNs);
    }
}

TEST_F(JitterBufferModesTest, KeepsStillWhileInactiveAndMovesTimesAfterwards) {
    start(fixed(100));
    buffer_->set_active(false, 0);
    arrive_all(0, 20);
    EXPECT_TRUE(pushed().empty());
    buffer_->set_active(true, 1000 * kMs);
    run_to(1500 * kMs);
    arrive_all(75, 76);
    ASSERT_FALSE(pushed().empty());
    EXPECT_EQ(of(Kind::push)[0].action.stored.pts_ns, 1000 * kMs);
}

TEST_F(JitterBufferModesTest, StartsEarlyAfterEnoughPacketsInARow) {
    JitterConfig config = fixed(200);
    config.faststart_min_packets = 3;
    start(config);
    arrive_all(0, 3);
    EXPECT_EQ(pushed(), range(0, 3));
    EXPECT_EQ(of(Kind::push)[0].at_ns, 2 * kSpacingNs);
}

TEST_F(JitterBufferModesTest, StartsAtOnceWithThePacketThatWasExpected) {
    start(fixed(200));
    buffer_->expect_seqnum(kFirst);
    arrive(0, 0);
    EXPECT_EQ(pushed(), range(0, 1));
}

TEST_F(JitterBufferModesTest, DrainsInOrderAtTheEnd) {
    start(fixed(200));
    arrive_all(0, 3);
    arrive_all(5, 8);
    buffer_->end_of_stream();
    work();
    EXPECT_EQ(pushed(), (std::vector<std::int64_t>{0, 1, 2, 5, 6, 7}));
    ASSERT_EQ(of(Kind::lost).size(), 1u);
    EXPECT_EQ(of(Kind::lost)[0].action.count, 2);
    EXPECT_EQ(of(Kind::eos).size(), 1u);
    EXPECT_EQ(events_.back().action.kind, Kind::eos);
    EXPECT_EQ(insert(make(9)).reason, JitterDrop::after_eos);
}

TEST_F(JitterBufferModesTest, AsksForNothingAfterTheEnd) {
    JitterConfig config = fixed(200);
    config.rtx.enabled = true;
    start(config);
    arrive_all(0, 20);
    arrive_all(25, 26);
    const std::size_t before = of(Kind::request).size();
    EXPECT_GT(before, 0u);
    buffer_->set_active(false, 0);
    buffer_->end_of_stream();
    work();
    run_to(2000 * kMs);
    EXPECT_EQ(of(Kind::request).size(), before);
}

TEST_F(JitterBufferModesTest, AsksForAnOverdueNextPacketOnlyWithAFixedDelay) {
    for (const bool adaptive : {false, true}) {
        JitterConfig config = fixed(200);
        config.adaptive = adaptive;
        config.rtx.enabled = true;
        config.rtx.expect_next = true;
        start(config);
        events_.clear();
        const std::int64_t begin_ns = now_ns_;
        constexpr std::int64_t kSteady = 100;
        for (std::int64_t i = 0; i < kSteady; ++i)
            arrive(i, begin_ns + i * kSpacingNs);
        run_to(begin_ns + 10'000 * kMs);
        ASSERT_EQ(of(Kind::request).size(), adaptive ? 0u : 1u);
        if (!adaptive) {
            EXPECT_EQ(of(Kind::request)[0].action.request.seqnum,
                      static_cast<std::uint16_t>(kFirst + kSteady));
        }
    }
}

TEST_F(JitterBufferModesTest, TakesNoSilenceForAnOverduePacket) {
    JitterConfig config = fixed(200);
    config.rtx.enabled = true;
    config.rtx.expect_next = true;
    start(config);
    constexpr std::int64_t kSpurts = 5;
    constexpr std::int64_t kPackets = 20;
    for (std::int64_t i = 0; i < kSpurts * kPackets; ++i) {
        const std::int64_t silence_ns = i / kPackets * 1000 * kMs;
        JitterPacket packet = make(i);
        packet.timestamp += static_cast<std::uint32_t>(i / kPackets * 48'000);
        run_to(i * kSpacingNs + silence_ns);
        packet.arrival_ns = now_ns_;
        EXPECT_TRUE(buffer_->insert(packet, now_ns_).accepted);
        work();
    }
    run_to(now_ns_ + 2000 * kMs);
    EXPECT_TRUE(of(Kind::request).empty());
}

// As long as nobody has told us upstream's latency, all comes that much before now.
TEST_F(JitterBufferModesTest, TakesNothingForAStallBecauseUpstreamHoldsPackets) {
    constexpr std::int64_t kHeldNs = 300 * kMs;
    start(JitterConfig{});
    for (std::int64_t i = 0; i < 50; ++i) {
        run_to(i * kSpacingNs + kHeldNs);
        JitterPacket packet = make(i);
        packet.arrival_ns = i * kSpacingNs;
        EXPECT_TRUE(buffer_->insert(packet, now_ns_).accepted);
        work();
    }
    EXPECT_EQ(buffer_->stats().gaps, 0u);
    EXPECT_EQ(buffer_->stats().dropped_stale, 0u);
    EXPECT_EQ(pushed(), range(0, 50));
    // What is one is told as late as all comes.
    run_to(100 * kSpacingNs);
    ASSERT_EQ(of(Kind::gap).size(), 1u);
    EXPECT_EQ(of(Kind::gap)[0].at_ns, 50 * kSpacingNs + buffer_->latency_ns() + kHeldNs);
    EXPECT_EQ(of(Kind::gap)[0].action.pts_ns, 50 * kSpacingNs);
}

TEST_F(JitterBufferModesTest, AsksForAMissingPacketOnceAndTakesTheAnswer) {
    JitterConfig config = fixed(200);
    config.rtx.enabled = true;
    start(config);
    arrive_all(0, 20);
    arrive_all(21, 24);
    ASSERT_EQ(of(Kind::request).size(), 1u);
    const RtxRequest request = of(Kind::request)[0].action.request;
    EXPECT_EQ(request.seqnum, static_cast<std::uint16_t>(kFirst + 20));
    EXPECT_EQ(request.running_time_ns, 20 * kSpacingNs);
    run_to(now_ns_ + 40 * kMs);
    JitterPacket answer = make(20);
    answer.is_rtx = true;
    EXPECT_TRUE(insert(answer).accepted);
    EXPECT_EQ(pushed(), range(0, 24));
    EXPECT_EQ(buffer_->stats().rtx.recovered, 1u);
    EXPECT_EQ(buffer_->stats().rtx.rtt_ns, 40 * kMs);
}

TEST_F(JitterBufferModesTest, GivesAllBackOnAFlushAndBeginsAnew) {
    start(fixed(200));
    arrive_all(0, 5);
    buffer_->flush();
    work();
    ASSERT_EQ(dropped_.size(), 5u);
    EXPECT_EQ(dropped_[4].reason, JitterDrop::flushed);
    events_.clear();
    arrive_all(100, 120);
    EXPECT_EQ(of(Kind::push)[0].at_ns, 2200 * kMs);
}

TEST_F(JitterBufferModesTest, GoesOnLearningWhenAFlushStartsTimeAnew) {
    start(JitterConfig{});
    for (std::int64_t i = 20'000; i < 20'150; ++i)
        arrive(i, i * kSpacingNs + (i % 25 == 0 ? 60 * kMs : 0));
    const std::int64_t learned_ns = buffer_->latency_ns();
    ASSERT_GT(learned_ns, 50 * kMs);
    buffer_->flush();
    work();
    now_ns_ = 0;
    arrive_all(0, 20);
    EXPECT_GT(buffer_->latency_ns(), 50 * kMs); // not forgotten
    arrive_all(20, 6000);
    EXPECT_LT(buffer_->latency_ns(), learned_ns / 2);
}

TEST_F(JitterBufferModesTest, TellsTheEndOfTheRangeOnce) {
    start(fixed(100));
    buffer_->set_npt_stop(1000 * kMs);
    arrive_all(0, 80);
    const auto stops = of(Kind::npt_stop);
    ASSERT_EQ(stops.size(), 1u);
    EXPECT_EQ(stops[0].at_ns, 1100 * kMs);
}

TEST_F(JitterBufferModesTest, MovesTheOffsetByLimitedStepsPerTimestamp) {
    JitterConfig config = fixed(100);
    start(config);
    arrive_all(0, 20);
    config.ts_offset_ns = 10 * kMs;
    config.max_ts_offset_adjustment_ns = 4 * kMs;
    buffer_->configure(config);
    arrive_all(20, 30);
    const auto pushes = of(Kind::push);
    EXPECT_EQ(pushes[20].action.stored.pts_ns, 20 * kSpacingNs + 4 * kMs);
    EXPECT_EQ(pushes[21].action.stored.pts_ns, 21 * kSpacingNs + 8 * kMs);
    EXPECT_EQ(pushes[22].action.stored.pts_ns, 22 * kSpacingNs + 10 * kMs);
    EXPECT_EQ(pushes[29].action.stored.pts_ns, 29 * kSpacingNs + 10 * kMs);
}

TEST_F(JitterBufferModesTest, KeepsToAMediaClockThatIsKnown) {
    start(fixed(100));
    buffer_->pin_timeline(make(0).timestamp, kRate, 5 * kMs);
    arrive_all(0, 100, 60 * kMs);
    for (const Event& event : of(Kind::push)) {
        const auto index = reinterpret_cast<std::intptr_t>(event.action.stored.packet.handle) - 1;
        EXPECT_EQ(event.action.stored.pts_ns, index * kSpacingNs + 5 * kMs);
    }
}

// The delay that timestamps carry is in the answer's, too, or it would lie before its neighbours.
TEST_F(JitterBufferModesTest, AnswerToARequestCarriesTheDelayThatTimestampsCarry) {
    constexpr std::int64_t kLost = 505;
    JitterConfig config = adaptive();
    config.adapt_by = AdaptBy::timestamps;
    config.min_latency_ns = 10 * kMs;
    start(config);
    for (std::int64_t i = 0; i < 520; ++i) { // ten at a time
        if (i != kLost)
            arrive(i, (i / 10 + 1) * 10 * kSpacingNs);
        if (i == kLost + 3) {
            JitterPacket answer = make(kLost);
            answer.is_rtx = true;
            ASSERT_GE(buffer_->stats().current_delay_ns, 45 * kMs);
            EXPECT_TRUE(insert(answer).accepted);
        }
    }
    EXPECT_EQ(pushed(), range(0, 520));
    const auto pushes = of(Kind::push);
    for (std::size_t i = kLost - 1; i <= kLost; ++i) {
        const std::int64_t step_ns =
            pushes[i + 1].action.stored.pts_ns - pushes[i].action.stored.pts_ns;
        EXPECT_NEAR(static_cast<double>(step_ns), 20e6, 5e6) << i;
    }
}

TEST_F(JitterBufferModesTest, LearnsNothingFromRetransmissions) {
    start(fixed(200));
    arrive_all(0, 100);
    arrive_all(101, 105);
    run_to(105 * kSpacingNs + 90 * kMs);
    JitterPacket packet = make(100);
    packet.is_rtx = true;
    const std::int64_t jitter_ns = buffer_->stats().jitter_ns;
    EXPECT_TRUE(insert(packet).accepted);
    EXPECT_EQ(buffer_->stats().jitter_ns, jitter_ns);
    EXPECT_EQ(of(Kind::push)[100].action.stored.pts_ns, 100 * kSpacingNs);
}

} // namespace

} // namespace tactus
