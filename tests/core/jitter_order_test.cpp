// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Sequence numbers, timestamps, and the store.
#include "core/jitter/packet_spacing.h"
#include "core/jitter/packet_store.h"
#include "core/jitter/sequence_gate.h"
#include "core/jitter/unwrap.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace tactus {

namespace {

using Verdict = SequenceGate::Verdict;

TEST(Unwrap, TakesTheNearestValue) {
    EXPECT_EQ(unwrap16(65'535, 0), 65'536);
    EXPECT_EQ(unwrap16(65'536, 65'535), 65'535);
    EXPECT_EQ(unwrap16(0, 65'535), -1);
    EXPECT_EQ(unwrap16(-1, 0), 0);
    EXPECT_EQ(unwrap32(0xffffffffLL, 5), 0x100000005LL);
    EXPECT_EQ(unwrap32(0x100000005LL, 0xffffffff), 0xffffffffLL);
}

TEST(Unwrap, TurnsTicksIntoTimeWithoutDrift) {
    EXPECT_EQ(ticks_to_ns(44'100LL * 86'400 * 365, 44'100), 86'400LL * 365 * 1'000'000'000);
    EXPECT_EQ(ticks_to_ns(1, 90'000), 11'111);
    EXPECT_EQ(ticks_to_ns(-1, 90'000), -11'112);
    EXPECT_EQ(ticks_to_ns(-48'000, 48'000), -1'000'000'000);
}

TEST(Unwrap, SaturatesInsteadOfOverflowing) {
    EXPECT_EQ(ticks_to_ns(INT64_MAX, 1), 4'000'000'000'000'000'000);
    EXPECT_EQ(ticks_to_ns(INT64_MIN, 1), -4'000'000'000'000'000'000);
}

TEST(SequenceGate, CountsOnThroughTheWrap) {
    SequenceGate gate;
    std::int64_t last = gate.judge(65'000).extended;
    for (int i = 1; i < 200'000; ++i) {
        const auto result = gate.judge(static_cast<std::uint16_t>(65'000 + i));
        ASSERT_EQ(result.verdict, Verdict::accept);
        ASSERT_EQ(result.extended, last + 1);
        last = result.extended;
    }
}

TEST(SequenceGate, NumbersOvertakenPacketsBehindTheNewest) {
    SequenceGate gate;
    const std::int64_t first = gate.judge(3).extended;
    EXPECT_EQ(gate.judge(65'534).extended, first - 5);
    EXPECT_EQ(gate.newest(), first);
}

TEST(SequenceGate, SuspectsWhatLiesOutsideItsLimits) {
    SequenceGate gate;
    gate.set_limits(100, 10);
    gate.judge(1000);
    EXPECT_EQ(gate.judge(1100).verdict, Verdict::accept);
    EXPECT_EQ(gate.judge(1201).verdict, Verdict::suspect);
    EXPECT_EQ(gate.judge(1091).verdict, Verdict::accept);
    EXPECT_EQ(gate.judge(1090).verdict, Verdict::suspect);
}

TEST(SequenceGate, RestartsAfterProbationAsIfNothingWasMissing) {
    SequenceGate gate;
    const std::int64_t newest = gate.judge(1000).extended;
    for (std::uint16_t i = 0; i < SequenceGate::kProbation - 1; ++i)
        EXPECT_EQ(gate.judge(static_cast<std::uint16_t>(40'000 + i)).verdict, Verdict::suspect);
    EXPECT_EQ(gate.judge(40'004).verdict, Verdict::restart);
    EXPECT_EQ(gate.judge(40'000).extended, newest + 1);
    EXPECT_EQ(gate.judge(40'001).extended, newest + 2);
}

TEST(SequenceGate, DoesNotRestartForSuspectsThatDoNotFollowEachOther) {
    SequenceGate gate;
    gate.judge(1000);
    for (int i = 0; i < 50; ++i)
        EXPECT_EQ(gate.judge(static_cast<std::uint16_t>(20'000 + 2 * i)).verdict, Verdict::suspect);
}

TEST(SequenceGate, ForgetsSuspectsWhenTheStreamGoesOn) {
    SequenceGate gate;
    gate.judge(1000);
    for (std::uint16_t i = 0; i < 4; ++i)
        gate.judge(static_cast<std::uint16_t>(20'000 + i));
    EXPECT_TRUE(gate.judge(1001).strays);
    EXPECT_EQ(gate.judge(20'004).verdict, Verdict::suspect);
}

StoredPacket stored(std::int64_t sequence) {
    StoredPacket packet;
    packet.sequence = sequence;
    packet.packet.bytes = static_cast<std::uint32_t>(sequence % 97);
    return packet;
}

TEST(PacketStore, GivesPacketsInOrderHoweverTheyCome) {
    std::mt19937 random(1);
    PacketStore store;
    std::set<std::int64_t> model;
    std::uint64_t bytes = 0;
    for (int i = 0; i < 20'000; ++i) {
        const auto sequence = static_cast<std::int64_t>(random() % 3000);
        if (random() % 3 != 0) {
            ASSERT_EQ(store.contains(sequence), model.contains(sequence));
            const bool fresh = model.insert(sequence).second;
            ASSERT_EQ(store.insert(stored(sequence)), fresh);
            bytes += fresh ? static_cast<std::uint64_t>(sequence % 97) : 0;
        } else if (!model.empty()) {
            ASSERT_EQ(store.back().sequence, *model.rbegin());
            ASSERT_EQ(store.take_front().sequence, *model.begin());
            bytes -= static_cast<std::uint64_t>(*model.begin() % 97);
            model.erase(model.begin());
        }
        ASSERT_EQ(store.size(), model.size());
        ASSERT_EQ(store.bytes(), bytes);
    }
    for (std::size_t i = 0; const std::int64_t sequence : model)
        ASSERT_EQ(store.at(i++).sequence, sequence);
}

TEST(PacketStore, KnowsARankWithoutThePacket) {
    PacketStore store;
    for (std::int64_t i = 0; i < 100; ++i)
        store.insert(stored(10 * i));
    EXPECT_EQ(store.rank_of(-5), 0u);
    EXPECT_EQ(store.rank_of(0), 0u);
    EXPECT_EQ(store.rank_of(1), 1u);
    EXPECT_EQ(store.rank_of(985), 99u);
    EXPECT_EQ(store.rank_of(5000), 100u);
}

constexpr std::int64_t kMs = 1'000'000;

TEST(PacketSpacing, SeesSilenceAndDoesNotAverageIt) {
    PacketSpacing spacing;
    for (std::int64_t i = 0; i < 10; ++i)
        EXPECT_FALSE(spacing.observe(i, i * 20 * kMs, false));
    EXPECT_TRUE(spacing.observe(10, 2000 * kMs, false));
    EXPECT_FALSE(spacing.observe(11, 2020 * kMs, false));
    EXPECT_NEAR(static_cast<double>(spacing.frame_ns()), 20e6, 2e6);
}

TEST(PacketSpacing, TakesMissingPacketsForNoSilence) {
    PacketSpacing spacing;
    for (std::int64_t i = 0; i < 10; ++i)
        spacing.observe(i, i * 20 * kMs, false);
    EXPECT_FALSE(spacing.observe(60, 1200 * kMs, false));
}

TEST(PacketSpacing, BelievesTheMarkerOfATalkSpurt) {
    PacketSpacing spacing;
    for (std::int64_t i = 0; i < 10; ++i)
        spacing.observe(i, i * 20 * kMs, false);
    EXPECT_TRUE(spacing.observe(10, 240 * kMs, true));
}

TEST(PacketSpacing, TellsFramesFromPackets) {
    PacketSpacing spacing;
    for (std::int64_t i = 0; i < 400; ++i)
        spacing.observe(i, i / 4 * 40 * kMs, false);
    EXPECT_NEAR(static_cast<double>(spacing.frame_ns()), 40e6, 1e6);
    EXPECT_NEAR(static_cast<double>(spacing.packet_ns()), 10e6, 4e6);
}

TEST(PacketSpacing, CorrectsAFirstStepThatWasSilence) {
    PacketSpacing spacing;
    spacing.observe(0, 0, false);
    for (std::int64_t i = 1; i < 10; ++i)
        spacing.observe(i, (5000 + 20 * i) * kMs, false);
    EXPECT_EQ(spacing.frame_ns(), 20 * kMs);
}

} // namespace

} // namespace tactus
