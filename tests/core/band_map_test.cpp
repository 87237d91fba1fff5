// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/band_map.h"

#include "../support/number_table.h"
#include "core/fft/spectrum_smoother.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace tactus {

namespace {

const NumberTable& vectors() {
    static const NumberTable table(TACTUS_TEST_SUPPORT "/stft_vectors.txt");
    return table;
}

std::vector<FrequencyScale> scales() {
    return {FrequencyScale::linear, FrequencyScale::log, FrequencyScale::mel, FrequencyScale::bark};
}

std::vector<float> bands_of(const BandMap& map, const std::vector<float>& power) {
    std::vector<float> bands(map.bands());
    map.apply(power.data(), bands.data());
    return bands;
}

} // namespace

TEST(FrequencyScale, IsItsOwnWayBack) {
    for (const FrequencyScale scale : scales()) {
        for (const double hz : {20.0, 440.0, 8000.0, 22050.0})
            EXPECT_NEAR(from_scale(scale, to_scale(scale, hz)), hz, 1e-9 * hz);
        EXPECT_EQ(frequency_scale_named(frequency_scale_name(scale)), scale);
    }
    EXPECT_NEAR(to_scale(FrequencyScale::mel, 1000), 1000, 0.1);
    EXPECT_NEAR(to_scale(FrequencyScale::bark, 1000), 8.53, 0.01);
    EXPECT_EQ(frequency_scale_named("octave"), std::nullopt);
}

TEST(BandMap, HasTheValuesOfNumpy) {
    const auto& bins = vectors()["bins"];
    const std::vector<float> power(bins.begin(), bins.end());
    for (const FrequencyScale scale : scales())
        for (const std::size_t count : {8, 100}) {
            const std::string name =
                std::string("bands:") + frequency_scale_name(scale) + ":" + std::to_string(count);
            const auto found = bands_of(BandMap(scale, count, 512, 8000), power);
            const auto& expected = vectors()[name];
            ASSERT_EQ(expected.size(), count);
            for (std::size_t i = 0; i < count; ++i)
                EXPECT_NEAR(found[i], expected[i], 1e-6) << name << ", " << i;
        }
}

TEST(BandMap, KeepsWhatIsFlat) {
    for (const FrequencyScale scale : scales())
        for (const std::size_t fft_size : {2U, 3U, 30U, 2048U})
            for (const std::size_t count : {1U, 7U, 500U}) {
                const std::vector<float> flat(fft_size / 2 + 1, 3.0F);
                for (const float value : bands_of(BandMap(scale, count, fft_size, 48000), flat))
                    ASSERT_NEAR(value, 3.0F, 1e-5) << fft_size << ", " << count;
            }
}

TEST(BandMap, HasEvenlySpacedCentres) {
    const BandMap map(FrequencyScale::mel, 40, 2048, 48000);
    const double step = to_scale(FrequencyScale::mel, 24000) / 41;
    for (std::size_t i = 0; i < 40; ++i)
        EXPECT_NEAR(to_scale(FrequencyScale::mel, map.centre_hz(i)),
                    step * static_cast<double>(i + 1), 1e-9);
    EXPECT_GT(BandMap(FrequencyScale::log, 3, 256, 48000).centre_hz(0), 20);
}

TEST(BandMap, NeedsBandsAndARate) {
    EXPECT_THROW(BandMap(FrequencyScale::mel, 0, 512, 48000), std::invalid_argument);
    EXPECT_THROW(BandMap(FrequencyScale::mel, 8, 1, 48000), std::invalid_argument);
    EXPECT_THROW(BandMap(FrequencyScale::mel, 8, 512, NAN), std::invalid_argument);
}

TEST(SpectrumSmoother, RisesAndFallsByItsTimeConstants) {
    SpectrumSmoother smoother(1, 0.1, 0.5, 0.01);
    float value = 0;
    smoother.apply(&value);
    for (int i = 0; i < 10; ++i) {
        value = 1;
        smoother.apply(&value);
    }
    EXPECT_NEAR(value, 1 - std::exp(-1.0), 1e-5);
    const float top = value;
    for (int i = 0; i < 50; ++i) {
        value = 0;
        smoother.apply(&value);
    }
    EXPECT_NEAR(value, top * std::exp(-1.0), 1e-5);
}

TEST(SpectrumSmoother, StartsWithTheFirstSpectrum) {
    SpectrumSmoother smoother(1, 1, 1, 0.01);
    for (const float first : {5.0F, 2.0F}) {
        float value = first;
        smoother.apply(&value);
        EXPECT_EQ(value, first);
        smoother.reset();
    }
}

TEST(SpectrumSmoother, ForgetsAnInfinity) {
    SpectrumSmoother smoother(1, 0, 0.01, 0.01);
    float value = std::numeric_limits<float>::infinity();
    smoother.apply(&value);
    for (int i = 0; i < 200; ++i) {
        value = 1;
        smoother.apply(&value);
    }
    EXPECT_NEAR(value, 1, 1e-5);
}

} // namespace tactus
