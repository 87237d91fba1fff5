// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every case runs with each kind of vector unit that this machine has.
#include "core/fft/spectrum_values.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <string>
#include <vector>

namespace tactus {

namespace {

using Points = std::vector<std::complex<float>>;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kFloor = -1e9F;

class Values : public ::testing::TestWithParam<std::int64_t> {
  protected:
    void SetUp() override {
        hwy::SetSupportedTargetsForTest(GetParam());
        values_ = spectrum_values();
    }
    void TearDown() override { hwy::SetSupportedTargetsForTest(0); }

    template <typename Function>
    std::vector<float> of(Function function, const Points& points) {
        std::vector<float> out(points.size());
        function(points.data(), points.size(), out.data());
        return out;
    }

    SpectrumValues values_;
};

/// Points of every angle and of 1e-15 to 1e15.
Points many_points(std::size_t count) {
    std::mt19937 random(3);
    std::uniform_real_distribution<double> angle(-std::numbers::pi, std::numbers::pi);
    std::uniform_real_distribution<double> exponent(-15, 15);
    Points points(count);
    for (auto& point : points) {
        const auto exact = std::polar(std::pow(10.0, exponent(random)), angle(random));
        point = {static_cast<float>(exact.real()), static_cast<float>(exact.imag())};
    }
    return points;
}

std::complex<double> exact(std::complex<float> point) {
    return {point.real(), point.imag()};
}

TEST_P(Values, PowersAndMagnitudesAreThoseOfDoublePrecision) {
    const Points points = many_points(1003);
    const auto powers = of(values_.powers, points);
    const auto magnitudes = of(values_.magnitudes, points);
    for (std::size_t i = 0; i < points.size(); ++i) {
        const double magnitude = std::abs(exact(points[i]));
        ASSERT_NEAR(magnitudes[i] / magnitude, 1, 2.5e-7) << points[i];
        ASSERT_NEAR(powers[i] / (magnitude * magnitude), 1, 2.5e-7) << points[i];
    }
}

TEST_P(Values, MagnitudesNeitherOverflowNorVanish) {
    const auto magnitudes = of(values_.magnitudes, {{3e30F, 4e30F}, {3e-30F, 4e-30F}, {0, 0}});
    EXPECT_FLOAT_EQ(magnitudes[0], 5e30F);
    EXPECT_FLOAT_EQ(magnitudes[1], 5e-30F);
    EXPECT_EQ(magnitudes[2], 0);
}

TEST_P(Values, PhasesAreThoseOfDoublePrecision) {
    const Points points = many_points(1003);
    const auto phases = of(values_.phases, points);
    for (std::size_t i = 0; i < points.size(); ++i)
        ASSERT_NEAR(phases[i], std::arg(exact(points[i])), 4e-7) << points[i];
}

TEST_P(Values, PhasesOnTheAxesAreExact) {
    const auto pi = static_cast<float>(std::numbers::pi);
    const auto phases = of(values_.phases, {{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}});
    const std::vector<float> expected{0, 0, pi, pi / 2, -pi / 2, pi / 4};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_FLOAT_EQ(phases[i], expected[i]) << i;
}

TEST_P(Values, DecibelsAreThoseOfDoublePrecision) {
    const Points points = many_points(1003);
    auto decibels = of(values_.powers, points);
    values_.decibels(decibels.data(), decibels.size(), -3, kFloor, decibels.data());
    std::vector<float> sums(points.size(), 100);
    values_.add_decibels(points.data(), points.size(), -3, kFloor, sums.data());
    for (std::size_t i = 0; i < points.size(); ++i) {
        const double expected = 20 * std::log10(std::abs(exact(points[i]))) - 3;
        ASSERT_NEAR(decibels[i], expected, 4e-5) << points[i];
        ASSERT_NEAR(sums[i], expected + 100, 6e-5) << points[i];
    }
}

TEST_P(Values, DecibelsStopAtTheFloor) {
    const std::vector<float> powers{1, 1e-7F, 1e-5F, 0, 1e-42F, kInf, kNaN};
    std::vector<float> decibels(powers.size());
    values_.decibels(powers.data(), powers.size(), 0, -60, decibels.data());
    EXPECT_NEAR(decibels[0], 0, 1e-6);
    EXPECT_EQ(decibels[1], -60);
    EXPECT_NEAR(decibels[2], -50, 1e-4);
    EXPECT_EQ(decibels[3], -60);
    EXPECT_EQ(decibels[4], -60);
    EXPECT_EQ(decibels[5], kInf);
    EXPECT_TRUE(std::isnan(decibels[6]));
}

TEST_P(Values, ThePhaseOfNaNIsNaN) {
    const auto phases = of(values_.phases, {{kNaN, 1}, {1, kNaN}, {kNaN, kNaN}});
    for (const float phase : phases)
        EXPECT_TRUE(std::isnan(phase));
}

TEST_P(Values, NothingIsWrittenBehindTheEnd) {
    for (std::size_t count = 0; count <= 40; ++count) {
        const Points points = many_points(count);
        std::vector<float> out(count + 1, 7);
        std::vector<float> powers(count + 1, 2);
        values_.powers(points.data(), count, out.data());
        values_.decibels(powers.data(), count, 0, kFloor, out.data());
        values_.add_phases(points.data(), count, out.data());
        values_.multiply(powers.data(), powers.data(), count, out.data());
        EXPECT_EQ(out[count], 7) << count;
        for (std::size_t i = 0; i < count; ++i)
            EXPECT_EQ(out[i], 4);
    }
}

std::vector<std::int64_t> targets() {
    std::vector<std::int64_t> all;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1)
        all.push_back(left & -left);
    return all;
}

INSTANTIATE_TEST_SUITE_P(EveryVectorUnit, Values, ::testing::ValuesIn(targets()),
                         [](const ::testing::TestParamInfo<std::int64_t>& target) {
                             return std::string(hwy::TargetName(target.param));
                         });

} // namespace

} // namespace tactus
