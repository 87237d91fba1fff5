// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/push_pace.h"

#include <gtest/gtest.h>

using tactus::PushPace;

namespace {

constexpr std::int64_t kFast = 1'000;
constexpr std::int64_t kSlow = PushPace::kQuickNs + 1;

void quick_pushes(PushPace& pace, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i)
        pace.note(1, kFast);
}

// How many quick pushes it takes until they are believed.
std::uint32_t proof_of(PushPace& pace) {
    std::uint32_t count = 0;
    while (!pace.quick() && count < 10 * PushPace::kMostProof) {
        pace.note(1, kFast);
        ++count;
    }
    return count;
}

} // namespace

TEST(PushPace, NothingIsBelievedBeforeItWasSeen) {
    PushPace pace;
    EXPECT_FALSE(pace.quick());
    EXPECT_EQ(proof_of(pace), PushPace::kLeastProof);
}

TEST(PushPace, ABatchCountsForItsPushes) {
    PushPace pace;
    pace.note(PushPace::kLeastProof - 1, kFast);
    EXPECT_FALSE(pace.quick());
    pace.note(1, PushPace::kQuickNs);
    EXPECT_TRUE(pace.quick());
}

TEST(PushPace, OneSlowPushTakesItAway) {
    PushPace pace;
    quick_pushes(pace, 100);
    ASSERT_TRUE(pace.quick());
    pace.note(1, kSlow);
    EXPECT_FALSE(pace.quick());
}

TEST(PushPace, SlowPushesBetweenQuickOnesAreSoonLeftAlone) {
    PushPace pace;
    unsigned surprised = 0;
    for (int frame = 0; frame < 1000; ++frame) {
        quick_pushes(pace, 30);
        surprised += pace.quick() ? 1U : 0U;
        pace.note(1, kSlow);
    }
    EXPECT_EQ(surprised, 1U);
}

TEST(PushPace, RareSlowPushesCostLittle) {
    PushPace pace;
    unsigned quick = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        pace.note(1, i % 10'000 == 9'999 ? kSlow : kFast);
        quick += pace.quick() ? 1U : 0U;
    }
    EXPECT_GT(quick, 990'000U);
}

TEST(PushPace, ProofGrowsToALimitAndAQuietTimeShortensIt) {
    PushPace pace;
    std::uint32_t proof = 0;
    for (int i = 0; i < 20; ++i) {
        proof = proof_of(pace);
        pace.note(1, kSlow);
    }
    EXPECT_EQ(proof, PushPace::kMostProof);
    quick_pushes(pace, 100'000);
    pace.note(1, kSlow);
    EXPECT_LT(proof_of(pace), 100U);
}
