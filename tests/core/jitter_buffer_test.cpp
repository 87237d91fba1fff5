// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The fixed buffer: order, loss, time.
#include "jitter_fixture.h"

namespace tactus {

namespace {

class JitterBufferTest : public JitterFixture {};

TEST_F(JitterBufferTest, HoldsTheFirstPacketForTheLatencyAndTheRestNotAtAll) {
    start(fixed(200));
    arrive_all(0, 30);
    ASSERT_EQ(pushed(), range(0, 30));
    const auto pushes = of(Kind::push);
    EXPECT_EQ(pushes[0].at_ns, 200 * kMs);
    EXPECT_EQ(pushes[20].at_ns, 400 * kMs);
    for (std::size_t i = 0; i < pushes.size(); ++i)
        EXPECT_EQ(pushes[i].action.stored.pts_ns, static_cast<std::int64_t>(i) * kSpacingNs);
}

TEST_F(JitterBufferTest, PutsOvertakenPacketsInOrderAcrossTheWrapOfTheirNumbers) {
    start(fixed(200));
    arrive_all(0, 5);
    run_to(200 * kMs);
    arrive(6, 210 * kMs);
    arrive(8, 211 * kMs);
    arrive(5, 212 * kMs);
    arrive(7, 213 * kMs);
    EXPECT_EQ(pushed(), range(0, 9));
    EXPECT_TRUE(of(Kind::lost).empty());
}

TEST_F(JitterBufferTest, DeclaresAPacketLostWhenItsOwnTimeIsOver) {
    start(fixed(100));
    arrive_all(0, 10);
    arrive_all(11, 20);
    const auto lost = of(Kind::lost);
    ASSERT_EQ(lost.size(), 1u);
    EXPECT_EQ(lost[0].at_ns, 10 * kSpacingNs + 100 * kMs);
    EXPECT_EQ(lost[0].action.seqnum, static_cast<std::uint16_t>(kFirst + 10));
    EXPECT_EQ(lost[0].action.pts_ns, 10 * kSpacingNs);
    EXPECT_EQ(lost[0].action.duration_ns, kSpacingNs);
    EXPECT_EQ(lost[0].action.count, 1);
    EXPECT_EQ(buffer_->stats().lost, 1u);
}

TEST_F(JitterBufferTest, DeclaresWhatIsLongOverAsOneLoss) {
    start(fixed(100));
    arrive_all(0, 10);
    arrive_all(1000, 1010);
    run_to(30'000 * kMs);
    std::int64_t count = 0;
    for (const Event& event : of(Kind::lost))
        count += event.action.count;
    EXPECT_EQ(count, 990);
    EXPECT_LE(of(Kind::lost).size(), 7u);
    EXPECT_EQ(pushed().size(), 20u);
}

TEST_F(JitterBufferTest, DoesNotWaitForSilenceAgainWhenALossLiesBesideIt) {
    start(fixed(100));
    arrive_all(0, 10);
    // Packet 10 is lost, then two seconds of silence, and 11 comes in its time.
    run_to(2200 * kMs);
    insert(make(11, 110));
    run_to(2221 * kMs);
    insert(make(12, 111));
    run_to(3000 * kMs);
    const auto pushes = of(Kind::push);
    ASSERT_EQ(pushes.size(), 12u);
    const auto& first_of_spurt = pushes[10];
    EXPECT_LE(first_of_spurt.at_ns, first_of_spurt.action.stored.pts_ns + 100 * kMs);
    EXPECT_EQ(of(Kind::lost).size(), 1u);
}

TEST_F(JitterBufferTest, TakesSilenceForNoLoss) {
    start(fixed(100));
    arrive_all(0, 10);
    run_to(5000 * kMs);
    for (std::int64_t i = 10; i < 20; ++i) {
        run_to((240 + i) * kSpacingNs);
        insert(make(i, 240 + i));
    }
    EXPECT_EQ(pushed(), range(0, 20));
    EXPECT_TRUE(of(Kind::lost).empty());
}

TEST_F(JitterBufferTest, NeverMovesTheTimelineForOneLatePacket) {
    start(fixed(100));
    arrive_all(0, 100);
    arrive(100, 100 * kSpacingNs + 700 * kMs);
    for (std::int64_t i = 101; i < 136; ++i)
        arrive(i, 100 * kSpacingNs + 701 * kMs);
    arrive_all(136, 200);
    for (const Event& event : of(Kind::push)) {
        const auto index = reinterpret_cast<std::intptr_t>(event.action.stored.packet.handle) - 1;
        EXPECT_NEAR(static_cast<double>(event.action.stored.pts_ns),
                    static_cast<double>(index * kSpacingNs), 1.0)
            << index;
    }
}

TEST_F(JitterBufferTest, KeepsADayOfPacketsOnTheTick) {
    start(fixed(100));
    constexpr std::int64_t kPackets = 1'000'000;
    std::int64_t last_ns = -1;
    for (std::int64_t i = 0; i < kPackets; ++i) {
        JitterPacket packet = make(i);
        packet.arrival_ns = i * kSpacingNs;
        ASSERT_TRUE(buffer_->insert(packet, packet.arrival_ns).accepted);
        for (;;) {
            const JitterAction action = buffer_->poll(packet.arrival_ns);
            if (action.kind != Kind::push)
                break;
            last_ns = action.stored.pts_ns;
        }
    }
    EXPECT_EQ(last_ns, (kPackets - 1) * kSpacingNs);
    EXPECT_EQ(buffer_->stats().resyncs, 0u);
}

TEST_F(JitterBufferTest, RefusesWhatIsTwiceOrTooLateAndTellsWhich) {
    start(fixed(100));
    arrive_all(0, 10);
    const auto twice = arrive(9, 185 * kMs);
    EXPECT_FALSE(twice.accepted);
    EXPECT_EQ(twice.reason, JitterDrop::duplicate);
    arrive_all(11, 20);
    run_to(380 * kMs);
    const auto late = arrive(10, 390 * kMs);
    EXPECT_FALSE(late.accepted);
    EXPECT_EQ(late.reason, JitterDrop::late);
    EXPECT_EQ(buffer_->stats().duplicates, 1u);
    EXPECT_EQ(buffer_->stats().late, 1u);
}

TEST_F(JitterBufferTest, GoesOnAfterARestartOfTheNumbersWithoutALoss) {
    start(fixed(100));
    arrive_all(0, 50);
    for (std::int64_t i = 0; i < 20; ++i) {
        run_to((50 + i) * kSpacingNs);
        JitterPacket packet = make(50 + i);
        packet.seqnum = static_cast<std::uint16_t>(20'000 + i);
        EXPECT_TRUE(insert(packet).accepted);
    }
    run_to(5000 * kMs);
    EXPECT_EQ(pushed(), range(0, 70));
    EXPECT_TRUE(of(Kind::lost).empty());
    EXPECT_EQ(buffer_->stats().restarts, 1u);
    EXPECT_TRUE(of(Kind::push)[50].action.stored.discont);
}

TEST_F(JitterBufferTest, ThrowsStraysAway) {
    start(fixed(100));
    arrive_all(0, 50);
    JitterPacket stray = make(500);
    stray.seqnum = 30'000;
    EXPECT_TRUE(insert(stray).accepted);
    arrive_all(50, 60);
    EXPECT_EQ(pushed(), range(0, 60));
    ASSERT_EQ(dropped_.size(), 1u);
    EXPECT_EQ(dropped_[0].handle, stray.handle);
    EXPECT_EQ(dropped_[0].reason, JitterDrop::stray);
}

TEST_F(JitterBufferTest, CountsWhatItHoldsAndWhatAFlushThrowsAway) {
    start(fixed(100));
    arrive_all(0, 10);
    arrive_all(11, 13); // behind a hole
    const std::uint64_t held = buffer_->stats().held_packets;
    EXPECT_EQ(buffer_->stats().pushed + held, 12u);
    ASSERT_GT(held, 0u);
    JitterPacket stray = make(500);
    stray.seqnum = 30'000;
    EXPECT_TRUE(insert(stray).accepted);
    EXPECT_EQ(buffer_->stats().held_packets, held + 1);
    buffer_->flush();
    const JitterStats stats = buffer_->stats();
    EXPECT_EQ(stats.held_packets, 0u);
    EXPECT_EQ(stats.flushed, held);
    EXPECT_EQ(stats.strays, 1u);
}

TEST_F(JitterBufferTest, GoesOnAtOnceWithANewSource) {
    start(fixed(100));
    arrive_all(0, 20);
    for (std::int64_t i = 20; i < 30; ++i) {
        run_to(i * kSpacingNs);
        JitterPacket packet = make(i);
        packet.ssrc = 8;
        packet.seqnum = static_cast<std::uint16_t>(100 + i);
        packet.timestamp += 123'456'789;
        insert(packet);
    }
    EXPECT_EQ(pushed(), range(0, 30));
    EXPECT_EQ(of(Kind::push)[25].action.stored.pts_ns, 25 * kSpacingNs);
}

TEST_F(JitterBufferTest, FollowsAJumpOfTheTimestamps) {
    start(fixed(100));
    arrive_all(0, 20);
    for (std::int64_t i = 20; i < 40; ++i) {
        run_to(i * kSpacingNs);
        insert(make(i, i + 100'000));
    }
    EXPECT_EQ(pushed(), range(0, 40));
    EXPECT_EQ(of(Kind::push)[30].action.stored.pts_ns, 30 * kSpacingNs);
    EXPECT_EQ(buffer_->stats().resyncs, 1u);
}

TEST_F(JitterBufferTest, FollowsAJumpBackAfterAFewPacketsThatAgree) {
    start(fixed(100));
    arrive_all(0, 20);
    for (std::int64_t i = 20; i < 40; ++i) {
        run_to(i * kSpacingNs);
        insert(make(i, i - 100'000));
    }
    EXPECT_EQ(of(Kind::push)[30].action.stored.pts_ns, 30 * kSpacingNs);
    EXPECT_EQ(buffer_->stats().resyncs, 1u);
}

TEST_F(JitterBufferTest, GoesOnWithAnotherClockRate) {
    start(fixed(100));
    arrive_all(0, 20);
    for (std::int64_t i = 20; i < 40; ++i) {
        run_to(i * kSpacingNs);
        JitterPacket packet = make(i);
        packet.clock_rate = 8000;
        packet.timestamp = static_cast<std::uint32_t>(i * 160);
        packet.payload_type = 0;
        insert(packet);
    }
    const auto pushes = of(Kind::push);
    ASSERT_EQ(pushes.size(), 40u);
    for (std::size_t i = 0; i < 40; ++i)
        EXPECT_EQ(pushes[i].action.stored.pts_ns, static_cast<std::int64_t>(i) * kSpacingNs);
}

TEST_F(JitterBufferTest, TakesNoPacketForOneOfAFrameOfAnotherClockRate) {
    start(fixed(100));
    arrive_all(0, 10);
    JitterPacket last = make(9);
    for (const int i : {11, 12}) { // behind a hole, so that both are held
        run_to(i * kSpacingNs);
        JitterPacket packet = make(i);
        packet.clock_rate = 8000;
        packet.timestamp = last.timestamp - (i == 11 ? 160 : 0);
        insert(packet);
    }
    run_to(2000 * kMs);
    const auto pushes = of(Kind::push);
    ASSERT_EQ(pushes.size(), 12u);
    EXPECT_EQ(pushes[11].action.stored.pts_ns, 12 * kSpacingNs);
}

TEST_F(JitterBufferTest, GivesAllPacketsOfAFrameOneTime) {
    JitterConfig config = fixed(100);
    config.video = true;
    start(config);
    for (std::int64_t i = 0; i < 300; ++i) {
        const std::int64_t frame = i / 3;
        run_to(frame * 33 * kMs + i % 3 * 5 * kMs + (frame % 7) * kMs);
        JitterPacket packet = make(i);
        packet.clock_rate = 90000;
        packet.timestamp = static_cast<std::uint32_t>(frame * 2970);
        insert(packet);
    }
    const auto pushes = of(Kind::push);
    ASSERT_EQ(pushes.size(), 300u);
    for (std::size_t i = 0; i < 300; ++i)
        EXPECT_EQ(pushes[i].action.stored.pts_ns, pushes[i / 3 * 3].action.stored.pts_ns);
}

TEST_F(JitterBufferTest, StaysWithinItsMemory) {
    JitterConfig config = fixed(100'000);
    config.max_packets = 50;
    start(config);
    arrive_all(0, 80);
    EXPECT_EQ(buffer_->stats().held_packets, 50u);
    EXPECT_EQ(buffer_->stats().dropped_memory, 30u);
    ASSERT_EQ(dropped_.size(), 30u);
    EXPECT_EQ(dropped_[0].seqnum, kFirst);
    EXPECT_EQ(dropped_[0].reason, JitterDrop::memory);
    config.max_packets = 0;
    config.max_bytes = 1000;
    buffer_->configure(config);
    arrive_all(80, 81);
    EXPECT_LE(buffer_->stats().held_bytes, 1000u);
}

TEST_F(JitterBufferTest, DropsTheOldestBeyondTheLatencyWhenAsked) {
    JitterConfig config = fixed(100);
    config.drop_on_latency = true;
    start(config);
    for (std::int64_t i = 0; i < 20; ++i)
        arrive(i, 0);
    EXPECT_EQ(buffer_->stats().dropped_latency, 14u);
    EXPECT_EQ(buffer_->level_ns(), 100 * kMs);
    run_to(2000 * kMs);
    EXPECT_EQ(pushed(), range(14, 20));
}

TEST_F(JitterBufferTest, KnowsAHeldPacketAgainHoweverManyCameSince) {
    JitterConfig config = fixed(100'000);
    config.max_misorder_ns = 60'000 * kMs;
    start(config);
    arrive_all(0, 1000);
    const auto result = insert(make(3));
    EXPECT_FALSE(result.accepted);
    EXPECT_EQ(result.reason, JitterDrop::duplicate);
}

TEST_F(JitterBufferTest, RefusesAPayloadTypeWithoutClockRate) {
    start(fixed(100));
    JitterPacket packet = make(0);
    packet.clock_rate = 0;
    const auto result = insert(packet);
    EXPECT_FALSE(result.accepted);
    EXPECT_EQ(result.reason, JitterDrop::no_clock_rate);
    EXPECT_EQ(buffer_->stats().refused, 1u);
}

} // namespace

} // namespace tactus
