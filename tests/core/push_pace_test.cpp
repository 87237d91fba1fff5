// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/push_pace.h"

#include <gtest/gtest.h>

using tactus::PushPace;

namespace {

constexpr std::int64_t kFast = 1'000;
constexpr std::int64_t kSlow = PushPace::kQuickNs + 1;
constexpr std::int64_t kApart = 1'000'000;

// A pace, the clock it reads, and a stream of pushes.
class Pushes {
  public:
    void push(std::int64_t took_ns, std::uint32_t packets = 1) {
        const auto now = [this] {
            ++readings_;
            return now_ns_;
        };
        now_ns_ += apart_ns_;
        pace_.begin(now);
        now_ns_ += took_ns;
        pace_.end(packets, now);
    }
    void quick(std::uint32_t count) {
        for (std::uint32_t i = 0; i < count; ++i)
            push(kFast);
    }
    // How many quick pushes it takes until they are believed.
    std::uint32_t proof() {
        std::uint32_t count = 0;
        while (!pace_.quick() && count < 10 * PushPace::kMostProof) {
            push(kFast);
            ++count;
        }
        return count;
    }
    bool is_quick() const { return pace_.quick(); }

    std::int64_t apart_ns_ = kApart;
    unsigned readings_ = 0;

  private:
    PushPace pace_;
    std::int64_t now_ns_ = 0;
};

} // namespace

TEST(PushPace, NothingIsBelievedBeforeItWasSeen) {
    Pushes pushes;
    EXPECT_FALSE(pushes.is_quick());
    EXPECT_EQ(pushes.proof(), PushPace::kLeastProof);
}

TEST(PushPace, ABatchCountsForItsPackets) {
    Pushes pushes;
    pushes.push(kFast, PushPace::kLeastProof - 1);
    EXPECT_FALSE(pushes.is_quick());
    pushes.push(PushPace::kQuickNs);
    EXPECT_TRUE(pushes.is_quick());
}

TEST(PushPace, EventsProveNothing) {
    Pushes pushes;
    for (int i = 0; i < 100; ++i)
        pushes.push(kFast, 0);
    EXPECT_FALSE(pushes.is_quick());
}

TEST(PushPace, OneSlowPushTakesItAway) {
    Pushes pushes;
    pushes.quick(100);
    ASSERT_TRUE(pushes.is_quick());
    pushes.push(kSlow);
    EXPECT_FALSE(pushes.is_quick());
}

TEST(PushPace, SlowPushesBetweenQuickOnesAreSoonLeftAlone) {
    Pushes pushes;
    unsigned surprised = 0;
    for (int frame = 0; frame < 1000; ++frame) {
        pushes.quick(30);
        surprised += pushes.is_quick() ? 1U : 0U;
        pushes.push(kSlow);
    }
    EXPECT_EQ(surprised, 1U);
}

TEST(PushPace, RareSlowPushesCostLittle) {
    Pushes pushes;
    unsigned quick = 0;
    for (int i = 0; i < 1'000'000; ++i) {
        pushes.push(i % 10'000 == 9'999 ? kSlow : kFast);
        quick += pushes.is_quick() ? 1U : 0U;
    }
    EXPECT_GT(quick, 990'000U);
}

TEST(PushPace, ProofGrowsToALimitAndAQuietTimeShortensIt) {
    Pushes pushes;
    std::uint32_t proof = 0;
    for (int i = 0; i < 20; ++i) {
        proof = pushes.proof();
        pushes.push(kSlow);
    }
    EXPECT_EQ(proof, PushPace::kMostProof);
    pushes.quick(100'000);
    pushes.push(kSlow);
    EXPECT_LT(pushes.proof(), 100U);
}

TEST(PushPace, ClosePushesCostOneReadingOfTheClock) {
    Pushes pushes;
    pushes.apart_ns_ = 500;
    pushes.quick(100);
    pushes.readings_ = 0;
    pushes.quick(1000);
    EXPECT_EQ(pushes.readings_, 1000U);
    EXPECT_TRUE(pushes.is_quick());
}

TEST(PushPace, PauseBetweenClosePushesCostsOneProof) {
    Pushes pushes;
    for (int burst = 0; burst < 100; ++burst) {
        pushes.apart_ns_ = kApart;
        pushes.quick(1);
        EXPECT_FALSE(pushes.is_quick());
        pushes.apart_ns_ = 500;
        pushes.quick(30);
        EXPECT_TRUE(pushes.is_quick());
    }
}

TEST(PushPace, SlowPushAmongCloseOnesTakesItAway) {
    Pushes pushes;
    pushes.apart_ns_ = 500;
    pushes.quick(100);
    ASSERT_TRUE(pushes.is_quick());
    pushes.push(kSlow);
    EXPECT_FALSE(pushes.is_quick());
    pushes.push(kSlow);
    EXPECT_GE(pushes.proof(), PushPace::kLeastProof);
}
