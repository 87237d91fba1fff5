// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Retransmission requests, and the metrics of a call.
#include "core/jitter/rtx_planner.h"
#include "core/jitter/voip_metrics.h"

#include <gtest/gtest.h>

namespace tactus {

namespace {

constexpr std::int64_t kMs = 1'000'000;

class RtxPlannerTest : public ::testing::Test {
  protected:
    RtxPlannerTest() { configure({}); }

    void configure(RtxConfig config) {
        config.enabled = true;
        planner_.configure(config);
        planner_.set_hold(200 * kMs);
    }
    /// Packet n of 20 ms comes with a hole of `count` before it.
    void hole(std::int64_t n, std::int64_t count) {
        RtxPlanner::Hole hole;
        hole.first = n - count;
        hole.count = count;
        hole.first_wire = static_cast<std::uint16_t>(n - count);
        hole.pts_ns = (n - count) * 20 * kMs;
        hole.spacing_ns = 20 * kMs;
        hole.packet_bytes = 125;
        planner_.note_hole(hole, n * 20 * kMs);
        planner_.note_newest(n, n * 20 * kMs);
    }
    void newest(std::int64_t n) { planner_.note_newest(n, n * 20 * kMs); }
    void allow_expecting() {
        RtxConfig config;
        config.expect_next = true;
        configure(config);
    }
    /// Packet n has come in order; the next one is expected 20 ms later.
    void expect_after(std::int64_t n) {
        newest(n);
        RtxPlanner::Hole next;
        next.first = n + 1;
        next.count = 1;
        next.first_wire = static_cast<std::uint16_t>(n + 1);
        next.pts_ns = (n + 1) * 20 * kMs;
        next.spacing_ns = 20 * kMs;
        next.packet_bytes = 125;
        planner_.expect(next, next.pts_ns);
    }
    /// How often it asks from now until then.
    int requests_until(std::int64_t end_ns) {
        int count = 0;
        for (int guard = 0; planner_.next_ns() <= end_ns && guard < 10'000; ++guard) {
            now_ns_ = std::max(now_ns_, planner_.next_ns());
            if (const auto request = planner_.poll(now_ns_)) {
                ++count;
                last_ = *request;
                asked_at_ns_ = now_ns_;
            }
        }
        return count;
    }
    /// One request and its answer, so that the round trip is known.
    void learn_rtt(std::int64_t rtt_ns) {
        hole(2, 1);
        newest(3);
        newest(4);
        ASSERT_EQ(requests_until(90 * kMs), 1);
        planner_.note_arrival(1, true, true, asked_at_ns_ + rtt_ns);
    }

    /// Packets [first, end) come in order, but each one whose number `every` divides is lost.
    void lose_each(std::int64_t every, std::int64_t first, std::int64_t end) {
        for (std::int64_t n = first; n < end; ++n) {
            if (n % every == 0)
                continue;
            now_ns_ = n * 20 * kMs;
            if ((n - 1) % every == 0)
                hole(n, 1);
            else
                newest(n);
            requests_until(now_ns_);
        }
    }
    std::int64_t floor(std::int64_t otherwise_ns) {
        return planner_.floor_ns(now_ns_, otherwise_ns, 1000 * kMs);
    }

    RtxPlanner planner_;
    RtxRequest last_;
    std::int64_t asked_at_ns_ = 0;
    std::int64_t now_ns_ = 0;
};

TEST_F(RtxPlannerTest, AsksForNothingWhenSwitchedOff) {
    planner_.configure({});
    hole(10, 3);
    EXPECT_EQ(planner_.next_ns(), RtxPlanner::kNever);
    EXPECT_EQ(requests_until(1000 * kMs), 0);
}

TEST_F(RtxPlannerTest, WaitsUntilEnoughPacketsHaveOvertaken) {
    hole(10, 1);
    EXPECT_EQ(requests_until(200 * kMs), 0);
    newest(11);
    EXPECT_EQ(requests_until(220 * kMs), 0);
    newest(12);
    EXPECT_EQ(requests_until(240 * kMs), 1);
    EXPECT_EQ(last_.seqnum, 9);
    EXPECT_EQ(last_.running_time_ns, 180 * kMs);
    EXPECT_EQ(last_.deadline_ns, 380 * kMs);
    EXPECT_EQ(last_.retry, 0);
}

TEST_F(RtxPlannerTest, DoesNotAskForWhatComesByItself) {
    hole(10, 1);
    planner_.note_arrival(9, false, true, 205 * kMs);
    newest(11);
    newest(12);
    EXPECT_EQ(requests_until(1000 * kMs), 0);
}

TEST_F(RtxPlannerTest, WaitsAsLongAsOvertakenPacketsUsuallyTake) {
    for (std::int64_t n = 10; n < 2000; n += 10) {
        hole(n, 1);
        planner_.note_arrival(n - 1, false, true, n * 20 * kMs + 50 * kMs);
    }
    hole(3000, 1);
    newest(3001);
    newest(3002);
    now_ns_ = 60'000 * kMs;
    EXPECT_EQ(requests_until(60'049 * kMs), 0);
    EXPECT_EQ(requests_until(60'060 * kMs), 1);
}

TEST_F(RtxPlannerTest, MeasuresTheRoundTripAndRetriesAfterIt) {
    learn_rtt(40 * kMs);
    EXPECT_EQ(planner_.stats().rtt_ns, 40 * kMs);
    EXPECT_EQ(planner_.stats().recovered, 1u);
    hole(100, 1);
    newest(101);
    newest(102);
    now_ns_ = 2000 * kMs;
    EXPECT_EQ(requests_until(2060 * kMs), 1);
    const std::int64_t first_ns = asked_at_ns_;
    EXPECT_EQ(requests_until(first_ns + 40 * kMs), 0);
    EXPECT_EQ(requests_until(3000 * kMs), 2);
    EXPECT_EQ(last_.retry, 2);
    EXPECT_GE(asked_at_ns_ - first_ns, 2 * 40 * kMs);
    EXPECT_LE(asked_at_ns_ + 40 * kMs, last_.deadline_ns);
}

TEST_F(RtxPlannerTest, DoesNotAskWhenTheAnswerWouldBeTooLate) {
    learn_rtt(40 * kMs);
    planner_.set_hold(50 * kMs);
    hole(100, 1);
    newest(110);
    EXPECT_EQ(requests_until(5000 * kMs), 0);
}

TEST_F(RtxPlannerTest, AsksEarlyRatherThanTooLate) {
    learn_rtt(40 * kMs);
    planner_.set_hold(75 * kMs);
    hole(100, 1);
    now_ns_ = 2000 * kMs;
    EXPECT_EQ(requests_until(2020 * kMs), 1);
    EXPECT_LE(asked_at_ns_ + 40 * kMs, 99 * 20 * kMs + 75 * kMs);
}

TEST_F(RtxPlannerTest, KeepsToItsPropertiesOfRetries) {
    RtxConfig config;
    config.max_retries = 1;
    config.retry_timeout_ns = 10 * kMs;
    configure(config);
    planner_.set_hold(5000 * kMs);
    hole(10, 1);
    newest(12);
    EXPECT_EQ(requests_until(5000 * kMs), 2);
    config.max_retries = -1;
    config.retry_period_ns = 45 * kMs;
    config.delay_reorder = 0;
    configure(config);
    hole(1000, 1);
    now_ns_ = 20'000 * kMs;
    EXPECT_EQ(requests_until(30'000 * kMs), 5);
}

TEST_F(RtxPlannerTest, KeepsToItsPropertiesOfDelays) {
    RtxConfig config;
    config.delay_reorder = 0;
    config.delay_ns = 70 * kMs;
    config.retry_timeout_ns = 10 * kMs;
    config.min_retry_timeout_ns = 100 * kMs;
    configure(config);
    hole(10, 1); // at 200 ms
    EXPECT_EQ(requests_until(269 * kMs), 0);
    EXPECT_EQ(requests_until(270 * kMs), 1);
    EXPECT_EQ(requests_until(369 * kMs), 0);
    EXPECT_EQ(requests_until(370 * kMs), 1);
    config.delay_ns = -1;
    config.min_delay_ns = 50 * kMs;
    configure(config);
    hole(100, 1); // at 2000 ms
    EXPECT_EQ(requests_until(2049 * kMs), 0);
    EXPECT_EQ(requests_until(2050 * kMs), 1);
    config.deadline_ns = 30 * kMs;
    configure(config);
    hole(300, 1);
    EXPECT_EQ(requests_until(20'000 * kMs), 0) << "it may be no older than 30 ms";
}

TEST_F(RtxPlannerTest, WithholdsWhatTheBitRateDoesNotAllow) {
    RtxConfig config;
    config.max_bits_per_second = 10'000; // ten packets in a second
    config.max_retries = 0;
    configure(config);
    hole(1100, 100);
    newest(1103);
    now_ns_ = 22'060 * kMs;
    EXPECT_LE(requests_until(22'200 * kMs), 12);
    EXPECT_GE(planner_.stats().withheld, 80u);
}

TEST_F(RtxPlannerTest, StillAsksWhenTimeStartsAnew) {
    RtxConfig config;
    config.max_bits_per_second = 10'000;
    configure(config);
    hole(1000, 1);
    newest(1003);
    now_ns_ = 20'060 * kMs;
    ASSERT_EQ(requests_until(20'060 * kMs), 1);
    planner_.clear();
    now_ns_ = 0;
    hole(10, 1);
    newest(13);
    now_ns_ = 260 * kMs;
    EXPECT_EQ(requests_until(260 * kMs), 1);
}

TEST_F(RtxPlannerTest, HoldsABoundedNumberOfMissingPackets) {
    planner_.set_hold(1'000'000 * kMs);
    hole(30'100, 30'000);
    hole(60'200, 30'000);
    newest(60'300);
    now_ns_ = 60'300LL * 20 * kMs;
    RtxConfig config;
    config.max_retries = 0;
    configure(config);
    planner_.set_hold(1'000'000 * kMs);
    EXPECT_LE(requests_until(now_ns_ + 1000 * kMs), static_cast<int>(RtxPlanner::kCapacity));
}

TEST_F(RtxPlannerTest, AsksOnceForANextPacketThatIsOverdue) {
    allow_expecting();
    expect_after(10);
    EXPECT_EQ(requests_until(11 * 20 * kMs + 59 * kMs), 0);
    EXPECT_EQ(requests_until(11 * 20 * kMs + 60 * kMs), 1);
    EXPECT_EQ(last_.seqnum, 11);
    EXPECT_EQ(last_.delay_ns, 60 * kMs);
    // A talker may pause for as long as he likes.
    EXPECT_EQ(requests_until(100'000 * kMs), 0);
}

TEST_F(RtxPlannerTest, AsksAgainForAnOverduePacketThatIsOvertaken) {
    allow_expecting();
    expect_after(10);
    ASSERT_EQ(requests_until(11 * 20 * kMs + 60 * kMs), 1);
    hole(15, 4);
    EXPECT_EQ(requests_until(430 * kMs), 5);
    EXPECT_EQ(planner_.stats().asked_packets, 4U);
    EXPECT_EQ(planner_.stats().requests, 6U);
}

TEST_F(RtxPlannerTest, DoesNotAskForANextPacketThatComesOrUnlessAllowed) {
    allow_expecting();
    expect_after(10);
    expect_after(11);
    EXPECT_EQ(requests_until(11 * 20 * kMs + 70 * kMs), 0);
    configure({});
    expect_after(12);
    EXPECT_EQ(requests_until(10'000 * kMs), 0);
}

TEST_F(RtxPlannerTest, DoesNotTakeAPauseForReordering) {
    allow_expecting();
    expect_after(10);
    ASSERT_EQ(requests_until(5000 * kMs), 1);
    planner_.note_arrival(11, false, true, 5000 * kMs);
    planner_.note_newest(11, 5000 * kMs);
    hole(253, 1);
    newest(254);
    newest(255);
    EXPECT_EQ(requests_until(255 * 20 * kMs), 1); // as soon as three have overtaken it
}

TEST_F(RtxPlannerTest, LeavesNoRoomForWhatIsSeldomLost) {
    learn_rtt(40 * kMs);
    lose_each(1000, 5, 6000);
    EXPECT_EQ(floor(10 * kMs), 0); // worth 20 ms, and costs 65
    EXPECT_EQ(floor(1000 * kMs), 0);
}

TEST_F(RtxPlannerTest, LeavesRoomWhereLossIsWorthIt) {
    EXPECT_EQ(floor(0), 0);
    learn_rtt(40 * kMs);
    EXPECT_EQ(floor(10 * kMs), 0);
    lose_each(50, 5, 5000);
    const std::int64_t room_ns = floor(10 * kMs);
    EXPECT_GE(room_ns, 60 * kMs);
    EXPECT_LE(room_ns, 100 * kMs);
}

TEST_F(RtxPlannerTest, LeavesNoRoomThatIsOverTheCeiling) {
    learn_rtt(40 * kMs);
    lose_each(50, 5, 5000);
    EXPECT_EQ(planner_.floor_ns(now_ns_, 10 * kMs, 50 * kMs), 0);
}

TEST_F(RtxPlannerTest, DoesNotChangeItsMindForALittle) {
    learn_rtt(40 * kMs);
    lose_each(50, 5, 5000);
    ASSERT_GT(floor(10 * kMs), 0);
    int changes = 0;
    bool leaves = true;
    // Loss that is worth about as much as the room costs, for 40 minutes.
    for (std::int64_t n = 5000; n < 125'000; n += 100) {
        lose_each(n % 1000 < 500 ? 200 : 400, n, n + 100);
        const bool now = floor(10 * kMs) > 0;
        changes += now != leaves ? 1 : 0;
        leaves = now;
    }
    EXPECT_EQ(changes, 0);
    lose_each(100'000, 125'000, 150'000);
    EXPECT_EQ(floor(10 * kMs), 0) << "nothing was lost for eight minutes";
    // And not twice in one moment.
    lose_each(10, 150'000, 150'500);
    EXPECT_EQ(floor(10 * kMs), 0);
    lose_each(10, 150'500, 151'500);
    EXPECT_GT(floor(10 * kMs), 0);
}

TEST_F(RtxPlannerTest, DoesNotAskEarlyWhereMostOfThatComesByItself) {
    learn_rtt(40 * kMs);
    for (std::int64_t n = 10; n < 2000; n += 10) {
        hole(n, 1);
        planner_.note_arrival(n - 1, false, true, n * 20 * kMs + 50 * kMs);
    }
    planner_.set_hold(75 * kMs); // the answer must be asked for at once
    hole(3000, 1);
    newest(3003);
    now_ns_ = 60'000 * kMs;
    EXPECT_EQ(requests_until(60'100 * kMs), 0);
    EXPECT_GT(planner_.overtaken_share(), 0.02);
}

TEST_F(RtxPlannerTest, MeasuresARoundTripAgainThatIsOld) {
    learn_rtt(150 * kMs);
    planner_.set_hold(50 * kMs); // no answer can come in time
    hole(500, 1);
    newest(510);
    now_ns_ = 10'000 * kMs;
    EXPECT_EQ(requests_until(11'000 * kMs), 0);
    hole(5000, 1);
    newest(5003);
    now_ns_ = 100'000 * kMs;
    ASSERT_EQ(requests_until(100'070 * kMs), 1);
    planner_.note_arrival(4999, true, false, asked_at_ns_ + 10 * kMs);
    EXPECT_EQ(planner_.stats().rtt_ns, (7 * 150 + 10) * kMs / 8);
}

void tell(VoipMetrics& metrics, const char* packets) {
    for (; *packets != 0; ++packets) {
        if (*packets == '.')
            metrics.received();
        else
            metrics.lost();
    }
}

TEST(VoipMetrics, CountSingleLossesToTheGap) {
    VoipMetrics metrics;
    tell(metrics, "....................x....................");
    const auto result = metrics.snapshot(20 * kMs);
    EXPECT_EQ(result.bursts, 0u);
    EXPECT_NEAR(result.gap_density, 1.0 / 41, 1e-9);
    EXPECT_NEAR(result.loss_rate, 1.0 / 41, 1e-9);
    EXPECT_EQ(result.gap_duration_ns, 41 * 20 * kMs);
}

TEST(VoipMetrics, JoinLossesLessThanGminApartToABurst) {
    VoipMetrics metrics;
    tell(metrics, "....................xx..x...............x....................");
    const auto result = metrics.snapshot(20 * kMs);
    EXPECT_EQ(result.bursts, 1u);
    EXPECT_NEAR(result.burst_density, 4.0 / 21, 1e-9);
    EXPECT_EQ(result.burst_duration_ns, 21 * 20 * kMs);
    EXPECT_EQ(result.gap_density, 0);
}

TEST(VoipMetrics, SplitBurstsThatLieGminApart) {
    VoipMetrics metrics;
    tell(metrics, "....................xx................xx....................");
    const auto result = metrics.snapshot(20 * kMs);
    EXPECT_EQ(result.bursts, 2u);
    EXPECT_EQ(result.burst_density, 1);
    EXPECT_EQ(result.burst_duration_ns, 2 * 20 * kMs);
}

TEST(VoipMetrics, TellLossFromDiscard) {
    VoipMetrics metrics;
    tell(metrics, "........xx");
    metrics.late_after_loss();
    const auto result = metrics.snapshot(20 * kMs);
    EXPECT_NEAR(result.loss_rate, 0.1, 1e-9);
    EXPECT_NEAR(result.discard_rate, 0.1, 1e-9);
}

TEST(VoipMetrics, AreZeroWithoutPackets) {
    const auto result = VoipMetrics().snapshot(20 * kMs);
    EXPECT_EQ(result.loss_rate, 0);
    EXPECT_EQ(result.burst_density, 0);
    EXPECT_EQ(result.gap_duration_ns, 0);
}

} // namespace

} // namespace tactus
