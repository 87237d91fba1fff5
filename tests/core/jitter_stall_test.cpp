// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What comes after a silence that nobody announced: a burst that the network held up, a sender that
// has paused, or one whose clock runs otherwise than it says.
#include "jitter_fixture.h"

namespace tactus {

namespace {

class JitterStallTest : public JitterFixture {
  protected:
    static JitterConfig adaptive() { return {}; }

    void begin(const JitterConfig& config) {
        now_ns_ = 0;
        wake_ns_ = JitterBuffer::kNever;
        events_.clear();
        start(config);
    }
    /// Speech without jitter, until the delay is small.
    void settle(const JitterConfig& config) {
        begin(config);
        arrive_all(0, kSettled);
        ASSERT_LE(buffer_->latency_ns(), 10 * kMs);
        events_.clear();
    }
    /// Packets [first, end) in order, one every `apart_ns` from then on.
    void arrive_from(std::int64_t first, std::int64_t end, std::int64_t at_ns,
                     std::int64_t apart_ns) {
        for (std::int64_t i = first; i < end; ++i)
            arrive(i, at_ns + (i - first) * apart_ns);
    }
    /// Nobody polls meanwhile.
    void run_clock_to(std::int64_t time_ns) { now_ns_ = time_ns; }
    /// How long after its playout time the i-th packet came out.
    std::int64_t late_ns(std::size_t i) const {
        const Event event = of(Kind::push)[i];
        return event.at_ns - event.action.stored.pts_ns - buffer_->latency_ns();
    }

    static constexpr std::int64_t kSettled = 500;
    static constexpr std::int64_t kEnd = kSettled * kSpacingNs;
};

TEST_F(JitterStallTest, PauseOfTheSenderLosesNothingAndMovesTheTimeLineAtOnce) {
    for (const std::int64_t pause_ms : {300, 600, 1000, 2000, 10'000}) {
        SCOPED_TRACE(pause_ms);
        settle(adaptive());
        const std::int64_t resume_ns = kEnd + pause_ms * kMs;
        arrive_from(kSettled, kSettled + 100, resume_ns, kSpacingNs);
        EXPECT_EQ(pushed(), range(kSettled, kSettled + 100));
        const auto out = of(Kind::push);
        EXPECT_LE(out[0].at_ns, resume_ns + JitterBuffer::kBurstNs);
        EXPECT_LE(out[0].at_ns, out[0].action.stored.pts_ns + buffer_->latency_ns());
        EXPECT_TRUE(out[0].action.stored.discont);
        for (std::size_t i = 1; i < out.size(); ++i)
            EXPECT_NEAR(
                static_cast<double>(out[i].action.stored.pts_ns - out[i - 1].action.stored.pts_ns),
                double{kSpacingNs}, 1e6);
        const JitterStats stats = buffer_->stats();
        EXPECT_EQ(stats.dropped_stale, 0u);
        EXPECT_EQ(stats.resyncs, 1u);
        EXPECT_LE(buffer_->latency_ns(), 15 * kMs) << "a pause is no jitter";
        EXPECT_GE(stats.concealed_ns, (pause_ms - 20) * kMs);
    }
}

TEST_F(JitterStallTest, BurstBehindAStallIsStaleAsFarAsTheCeilingGoes) {
    for (const std::int64_t apart_ms : {0, 1, 5}) {
        SCOPED_TRACE(apart_ms);
        settle(adaptive());
        // 600 ms of silence, then all of it at once.
        arrive_from(kSettled, kSettled + 30, kEnd + 600 * kMs, apart_ms * kMs);
        arrive_all(std::max(kSettled + 30, now_ns_ / kSpacingNs), kSettled + 100);
        const JitterStats stats = buffer_->stats();
        EXPECT_GE(stats.dropped_stale, 18u);
        EXPECT_LE(stats.dropped_stale, 28u);
        EXPECT_EQ(stats.resyncs, 0u) << "the time line was right";
        EXPECT_EQ(pushed().back(), kSettled + 99);
        EXPECT_NEAR(static_cast<double>(of(Kind::push).back().action.stored.pts_ns),
                    static_cast<double>((kSettled + 99) * kSpacingNs), 1e6);
    }
}

// The packets of another source come by its own ticks: they say nothing about those before, and
// nothing may be taken for theirs.
TEST_F(JitterStallTest, PacketAfterAPauseIsPlayedAlthoughAnotherSourceFollows) {
    for (const bool same_ssrc : {false, true}) {
        SCOPED_TRACE(same_ssrc);
        settle(adaptive());
        const std::int64_t resume_ns = kEnd + 2000 * kMs;
        run_to(resume_ns);
        std::vector<JitterPacket> packets;
        for (std::int64_t i = 0; i < 4; ++i) {
            JitterPacket packet = make(kSettled + i);
            packet.arrival_ns = resume_ns + i * kSpacingNs;
            if (i >= 2) {
                packet.ssrc = same_ssrc ? packet.ssrc : 99;
                packet.timestamp += 0x70000000;
                packet.seqnum = static_cast<std::uint16_t>(packet.seqnum + (same_ssrc ? 0 : 777));
            }
            packets.push_back(packet);
        }
        for (const JitterPacket& packet : packets) { // nobody polls meanwhile
            run_clock_to(packet.arrival_ns);
            ASSERT_TRUE(buffer_->insert(packet, now_ns_).accepted);
        }
        work();
        run_to(resume_ns + 1000 * kMs);
        EXPECT_EQ(pushed(), range(kSettled, kSettled + 4));
        EXPECT_EQ(buffer_->stats().dropped_stale, 0u);
        const auto out = of(Kind::push);
        ASSERT_EQ(out.size(), 4u);
        EXPECT_TRUE(out[2].action.stored.discont);
        for (std::size_t i = 0; i < out.size(); ++i)
            EXPECT_NEAR(
                static_cast<double>(out[i].action.stored.pts_ns - out[0].action.stored.pts_ns),
                static_cast<double>(i) * double{kSpacingNs}, 1e6);
    }
}

TEST_F(JitterStallTest, OnePacketIsPlayedAlthoughAnotherSourceFollowsAtOnce) {
    settle(adaptive());
    const std::int64_t resume_ns = kEnd + 2000 * kMs;
    arrive(kSettled, resume_ns);
    JitterPacket other = make(kSettled + 1);
    other.ssrc = 99;
    other.timestamp += 0x70000000;
    run_to(resume_ns + 5 * kMs);
    insert(other);
    run_to(resume_ns + 1000 * kMs);
    EXPECT_EQ(pushed(), range(kSettled, kSettled + 2));
    EXPECT_EQ(buffer_->stats().dropped_stale, 0u);
    EXPECT_NEAR(static_cast<double>(of(Kind::push)[1].action.stored.pts_ns),
                static_cast<double>(resume_ns), 20e6);
}

TEST_F(JitterStallTest, SlowSenderIsFollowedForEver) {
    for (const std::int64_t apart_ms : {25, 40, 80}) {
        for (const JitterMode mode : {JitterMode::slave, JitterMode::none, JitterMode::synced}) {
            SCOPED_TRACE(apart_ms);
            JitterConfig config;
            config.mode = mode;
            begin(config);
            arrive_from(0, 500, 0, apart_ms * kMs);
            run_to(now_ns_ + 1000 * kMs);
            EXPECT_EQ(pushed(), range(0, 500));
            EXPECT_EQ(buffer_->stats().dropped_stale, 0u);
            if (mode != JitterMode::slave || apart_ms > 30) {
                EXPECT_GE(buffer_->stats().resyncs, 5u);
            }
        }
    }
}

TEST_F(JitterStallTest, RouteThatGetsLongerThanTheCeilingIsFollowed) {
    JitterConfig config;
    config.latency_ns = 100 * kMs;
    settle(config);
    arrive_all(kSettled, kSettled + 200, 400 * kMs);
    EXPECT_EQ(pushed(), range(kSettled, kSettled + 200));
}

TEST_F(JitterStallTest, OffsetBeyondTheCeilingSilencesNothing) {
    for (const std::int64_t offset_ms : {-300, -1000, -10'000}) {
        SCOPED_TRACE(offset_ms);
        JitterConfig config;
        config.ts_offset_ns = offset_ms * kMs;
        begin(config);
        arrive_all(0, 200);
        EXPECT_EQ(pushed(), range(0, 200));
        EXPECT_EQ(buffer_->stats().gaps, 0u);
        EXPECT_EQ(buffer_->stats().resyncs, 0u);
        for (const Event& event : of(Kind::push)) {
            const auto index =
                reinterpret_cast<std::intptr_t>(event.action.stored.packet.handle) - 1;
            EXPECT_NEAR(static_cast<double>(event.action.stored.pts_ns),
                        static_cast<double>(index * kSpacingNs + offset_ms * kMs), 1e6);
        }
    }
}

TEST_F(JitterStallTest, OffsetThatComesWhilePlayingSilencesNothing) {
    JitterConfig config;
    settle(config);
    config.ts_offset_ns = -500 * kMs;
    buffer_->configure(config);
    arrive_all(kSettled, kSettled + 100);
    EXPECT_EQ(pushed(), range(kSettled, kSettled + 100));
    EXPECT_EQ(buffer_->stats().dropped_stale, 0u);
}

TEST_F(JitterStallTest, MediaClockThatIsKnownIsNotMoved) {
    settle(adaptive());
    buffer_->pin_timeline(make(0).timestamp, kRate, 0);
    arrive_all(kSettled, kSettled + 50, 600 * kMs);
    run_to(now_ns_ + 100 * kMs);
    EXPECT_EQ(pushed(), range(kSettled, kSettled + 50));
    EXPECT_EQ(buffer_->stats().resyncs, 0u);
    for (const Event& event : of(Kind::push)) {
        const auto index = reinterpret_cast<std::intptr_t>(event.action.stored.packet.handle) - 1;
        EXPECT_EQ(event.action.stored.pts_ns, index * kSpacingNs);
    }
}

TEST_F(JitterStallTest, TimestampsThatCarryTheDelayMoveWithTheTimeLine) {
    JitterConfig config;
    config.adapt_by = AdaptBy::timestamps;
    config.min_latency_ns = 10 * kMs;
    begin(config);
    arrive_all(0, kSettled);
    events_.clear();
    arrive_all(kSettled, kSettled + 100, 600 * kMs);
    EXPECT_EQ(pushed(), range(kSettled, kSettled + 100));
    EXPECT_LE(late_ns(0), 0);
    EXPECT_LE(late_ns(1), 0);
}

TEST_F(JitterStallTest, EndOfTheStreamWaitsForNoJudgement) {
    settle(adaptive());
    arrive(kSettled, kEnd + 600 * kMs);
    EXPECT_TRUE(pushed().empty());
    buffer_->end_of_stream();
    work();
    EXPECT_EQ(pushed(), range(kSettled, kSettled + 1));
    EXPECT_EQ(of(Kind::eos).size(), 1u);
}

TEST_F(JitterStallTest, FlushForgetsThatSomethingWaitsForItsJudgement) {
    settle(adaptive());
    arrive(kSettled, kEnd + 600 * kMs);
    buffer_->flush();
    work();
    EXPECT_EQ(dropped_.back().reason, JitterDrop::flushed);
    run_to(now_ns_ + 100 * kMs);
    EXPECT_TRUE(pushed().empty());
}

} // namespace

} // namespace tactus
