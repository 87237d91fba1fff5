// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "slope.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

using namespace tactus::soak;

namespace {

/// Normal noise from a generator whose results no library may choose.
double noise(std::minstd_rand& random) {
    double sum = -6;
    for (int i = 0; i < 12; ++i)
        sum += static_cast<double>(random()) / static_cast<double>(std::minstd_rand::max());
    return sum;
}

/// `per_second` and noise; each value keeps the share `memory` of the one before.
std::vector<double> series(unsigned seed, std::size_t count, double per_second, double memory) {
    std::minstd_rand random(seed);
    std::vector<double> values;
    double state = 0;
    for (std::size_t i = 0; i < count; ++i) {
        state = memory * state + noise(random);
        values.push_back(per_second * static_cast<double>(i) + state);
    }
    return values;
}

/// In how many of 400 series the interval holds the true slope.
int hits(double per_second, double memory) {
    int hit = 0;
    for (unsigned seed = 1; seed <= 400; ++seed) {
        const auto slope = fit_slope(series(seed, 300, per_second, memory), 5);
        hit += slope->low <= per_second * 3600 && slope->high >= per_second * 3600 ? 1 : 0;
    }
    return hit;
}

} // namespace

TEST(Slope, OfALineIsExact) {
    const auto slope = fit_slope(std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 2);
    ASSERT_TRUE(slope);
    EXPECT_NEAR(slope->per_hour, 3600, 1e-9);
    EXPECT_NEAR(slope->low, 3600, 1e-6);
    EXPECT_NEAR(slope->high, 3600, 1e-6);
    EXPECT_EQ(slope->points, 5U);
}

TEST(Slope, NeedsFourBlocks) {
    EXPECT_FALSE(fit_slope(std::vector<double>(19, 1.0), 5));
    EXPECT_TRUE(fit_slope(std::vector<double>(20, 1.0), 5));
}

TEST(Slope, IsNotMovedByASpikeInABlock) {
    std::vector<double> values(100, 7.0);
    values[98] = 1e9;
    EXPECT_EQ(fit_slope(values, 5)->per_hour, 0);
}

TEST(Slope, LiesInTheIntervalAboutNineteenTimesOfTwenty) {
    const int hit = hits(0.02, 0);
    EXPECT_GE(hit, 368);
    EXPECT_LE(hit, 396);
}

TEST(Slope, LiesThereAlsoWhereValuesHangTogether) {
    EXPECT_GE(hits(0.02, 0.95), 352);
}

TEST(Slope, ThatIsNoneIsRarelyTakenForOne) {
    EXPECT_GE(hits(0, 0.8), 360);
}
