// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/trace/lane_set.h"

#include <gtest/gtest.h>
#include <random>

namespace tactus {

namespace {

TEST(LaneSet, UsesOneLaneForIntervalsThatFollowEachOther) {
    LaneSet lanes;
    EXPECT_EQ(lanes.place(0, 10), 0u);
    EXPECT_EQ(lanes.place(10, 20), 0u);
    EXPECT_EQ(lanes.place(20, 20), 0u);
    EXPECT_EQ(lanes.place(25, 30), 0u);
    EXPECT_EQ(lanes.size(), 1u);
}

TEST(LaneSet, OpensALaneForAnOverlapAndGoesBackToTheFirst) {
    LaneSet lanes;
    EXPECT_EQ(lanes.place(0, 10), 0u);
    EXPECT_EQ(lanes.place(5, 15), 1u);
    EXPECT_EQ(lanes.place(9, 11), 2u);
    EXPECT_EQ(lanes.place(11, 12), 0u);
    EXPECT_EQ(lanes.place(11, 12), 2u);
}

TEST(LaneSet, RefusesWhatExceedsTheLimitAndTakesWhatComesLater) {
    LaneSet lanes;
    for (std::size_t i = 0; i < LaneSet::kMaxLanes; ++i)
        EXPECT_EQ(lanes.place(0, 100), i);
    EXPECT_FALSE(lanes.place(50, 60));
    EXPECT_EQ(lanes.place(100, 110), 0u);
    EXPECT_EQ(lanes.size(), LaneSet::kMaxLanes);
}

TEST(LaneSet, NeverLetsIntervalsOfALaneOverlapWhateverTheirOrder) {
    std::mt19937_64 random(1);
    LaneSet lanes;
    std::vector<std::uint64_t> ends(LaneSet::kMaxLanes, 0);
    for (int i = 0; i < 100000; ++i) {
        const std::uint64_t begin = static_cast<std::uint64_t>(i) * 10 + random() % 300;
        const std::uint64_t end = begin + random() % 200;
        if (const auto lane = lanes.place(begin, end)) {
            ASSERT_LE(ends[*lane], begin);
            ends[*lane] = end;
        }
    }
    EXPECT_GT(lanes.size(), 10u);
}

} // namespace

} // namespace tactus
