// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Every case runs with each kind of vector unit that this machine has.
#include "../support/noise.h"
#include "core/fft/multi_real_fft.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

namespace tactus {

namespace {

template <typename T>
using Points = std::vector<std::complex<T>>;
using Exact = std::complex<long double>;

/// What is asked of float and of double: relative root mean square errors.
template <typename T>
double forward_limit() {
    // Without a vector unit there is no fused multiply-add either, and more passes.
    if (sizeof(T) == sizeof(float))
        return fft_kernels<T>().lanes > 1 ? 1.5e-7 : 1.6e-7;
    return 4e-16;
}
template <typename T>
constexpr double kReturnError = sizeof(T) == sizeof(float) ? 3e-7 : 8e-16;

template <typename T>
Points<T> complex_noise(std::size_t count, unsigned seed) {
    const auto values = gaussian_noise<T>(2 * count, seed);
    Points<T> points(count);
    for (std::size_t n = 0; n < count; ++n)
        points[n] = {values[2 * n], values[2 * n + 1]};
    return points;
}

template <typename T>
Points<T> forward(const std::vector<T>& x) {
    const RealFft<T> fft(x.size());
    AlignedArray<T> scratch(fft.scratch_size());
    Points<T> spectrum(fft.bins());
    fft.forward(x.data(), spectrum.data(), scratch.data());
    return spectrum;
}

template <typename T>
Points<T> forward(const Points<T>& x) {
    const ComplexFft<T> fft(x.size());
    AlignedArray<T> scratch(fft.scratch_size());
    Points<T> spectrum(x.size());
    fft.forward(x.data(), spectrum.data(), scratch.data());
    return spectrum;
}

std::vector<Exact> roots(std::size_t length) {
    std::vector<Exact> all(length);
    for (std::size_t k = 0; k < length; ++k) {
        const RootOfUnity root = root_of_unity(k, length);
        all[k] = {root.re, root.im};
    }
    return all;
}

template <typename Value>
long double relative_error(const std::vector<Value>& exact, const std::vector<Value>& found) {
    long double error = 0;
    long double power = 0;
    for (std::size_t k = 0; k < exact.size(); ++k) {
        error += std::norm(exact[k] - found[k]);
        power += std::norm(exact[k]);
    }
    return std::sqrt(error / power);
}

/// The relative root mean square error of up to 250 points of a spectrum, against the definition.
template <typename Signal>
double error_of(const Signal& x, const Points<double>& spectrum) {
    const std::vector<Exact> w = roots(x.size());
    const std::size_t step = 1 + spectrum.size() / 250;
    std::vector<Exact> exact;
    std::vector<Exact> found;
    for (std::size_t k = 0; k < spectrum.size(); k += step) {
        exact.emplace_back();
        for (std::size_t n = 0; n < x.size(); ++n)
            exact.back() += Exact(x[n]) * w[n * k % x.size()];
        found.emplace_back(spectrum[k]);
    }
    return static_cast<double>(relative_error(exact, found));
}

/// Of all points of a spectrum in float, against the same in double.
template <typename Signal>
double error_of(const Signal& x, const Points<float>& spectrum) {
    Points<double> found(spectrum.begin(), spectrum.end());
    if constexpr (std::is_same_v<Signal, std::vector<float>>)
        return static_cast<double>(
            relative_error(forward(std::vector<double>(x.begin(), x.end())), found));
    else
        return static_cast<double>(
            relative_error(forward(Points<double>(x.begin(), x.end())), found));
}

template <typename T>
double return_error(std::size_t length) {
    const std::vector<T> x = gaussian_noise<T>(length, 5);
    const RealFft<T> fft(length);
    AlignedArray<T> scratch(fft.scratch_size());
    Points<T> spectrum(fft.bins());
    std::vector<T> back(length);
    fft.forward(x.data(), spectrum.data(), scratch.data());
    fft.inverse(spectrum.data(), back.data(), scratch.data());
    double error = 0;
    double power = 0;
    for (std::size_t n = 0; n < length; ++n) {
        error += std::pow(back[n] / static_cast<double>(length) - x[n], 2);
        power += std::pow(x[n], 2);
    }
    return std::sqrt(error / power);
}

template <typename T>
void expect_exact(std::size_t length) {
    const std::vector<T> x = gaussian_noise<T>(length, 3);
    EXPECT_LE(error_of(x, forward(x)), forward_limit<T>()) << length << " real";
    EXPECT_LE(return_error<T>(length), kReturnError<T>) << length;
    if (length <= 2048) {
        const Points<T> points = complex_noise<T>(length, 4);
        EXPECT_LE(error_of(points, forward(points)), forward_limit<T>()) << length << " complex";
    }
}

class Fft : public ::testing::TestWithParam<std::int64_t> {
  protected:
    void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
    void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

/// Each kind for which there is code, once.
std::vector<std::int64_t> targets_here() {
    std::map<std::string, std::int64_t> by_name;
    for (std::int64_t left = hwy::SupportedTargets(); left != 0; left &= left - 1) {
        hwy::SetSupportedTargetsForTest(left & -left);
        by_name.emplace(fft_kernels<float>().name, left & -left);
    }
    hwy::SetSupportedTargetsForTest(0);
    std::vector<std::int64_t> all;
    for (const auto& [name, target] : by_name)
        all.push_back(target);
    return all;
}

std::string name_of(const ::testing::TestParamInfo<std::int64_t>& target) {
    hwy::SetSupportedTargetsForTest(target.param);
    const std::string name = fft_kernels<float>().name;
    hwy::SetSupportedTargetsForTest(0);
    return name;
}

#ifdef TACTUS_EMULATED
// The definition in long double is done by software there, which is emulated in turn.
constexpr std::size_t kLongest = 1024;
#else
constexpr std::size_t kLongest = 65'536;
#endif

TEST_P(Fft, IsExactForPowersOfTwo) {
    for (std::size_t length = 2; length <= kLongest; length *= 2) {
        expect_exact<float>(length);
        expect_exact<double>(length);
    }
}

TEST_P(Fft, IsExactForWhatAudioUses) {
    for (const std::size_t length :
         {120, 240, 254, 441, 480, 882, 960, 1000, 1152, 1323, 1920, 1922, 2046, 2310, 3072}) {
        expect_exact<float>(length);
        expect_exact<double>(length);
    }
}

// By convolution, of which the error grows with the length and with how much of it is used.
TEST_P(Fft, IsExactForLengthsWithLargePrimes) {
    for (const std::size_t length : {61, 122, 127, 509, 1018, 2029, 2039, 4058, 4088, 4093, 8161,
                                     8188, 12'289, 16'381, 25'867, 32'524, 32'749, 62'425, 65'521})
        if (length <= kLongest)
            expect_exact<double>(length);
    // Which use just less of it than what is given more points.
    for (const std::size_t length : {24'409, 43'637})
        if (length <= kLongest) {
            const Points<double> points = complex_noise<double>(length, 4);
            EXPECT_LE(error_of(points, forward(points)), forward_limit<double>()) << length;
        }
}

TEST_P(Fft, IsExactForAnyShortLength) {
    for (std::size_t length = 2; length < 200; ++length)
        expect_exact<float>(length);
}

TEST_P(Fft, IsExactForRandomLengths) {
    std::mt19937 random(7);
    for (int i = 0; i < 20; ++i)
        expect_exact<float>(2 + random() % 4999);
}

TEST_P(Fft, IsLinear) {
    for (const std::size_t length : {30, 254, 512}) {
        const auto a = gaussian_noise<double>(length, 1);
        const auto b = gaussian_noise<double>(length, 2);
        std::vector<double> both(length);
        for (std::size_t n = 0; n < length; ++n)
            both[n] = 3 * a[n] - b[n];
        const auto of_a = forward(a);
        const auto of_b = forward(b);
        const auto of_both = forward(both);
        for (std::size_t k = 0; k < of_both.size(); ++k)
            ASSERT_LT(std::abs(of_both[k] - (3.0 * of_a[k] - of_b[k])), 1e-11) << length;
    }
}

TEST_P(Fft, KeepsThePower) {
    for (const std::size_t length : {97, 480, 1024}) {
        const auto x = complex_noise<double>(length, 1);
        double before = 0;
        double after = 0;
        for (const auto& point : x)
            before += std::norm(point);
        for (const auto& point : forward(x))
            after += std::norm(point);
        EXPECT_NEAR(after / static_cast<double>(length) / before, 1.0, 1e-13);
    }
}

TEST_P(Fft, TurnsADelayIntoPhase) {
    constexpr std::size_t kLength = 960;
    constexpr std::size_t kDelay = 7;
    const auto x = gaussian_noise<double>(kLength, 1);
    std::vector<double> later(kLength);
    for (std::size_t n = 0; n < kLength; ++n)
        later[(n + kDelay) % kLength] = x[n];
    const auto of_x = forward(x);
    const auto of_later = forward(later);
    for (std::size_t k = 0; k < of_x.size(); ++k) {
        const RootOfUnity root = root_of_unity(k * kDelay, kLength);
        const std::complex<double> turn(static_cast<double>(root.re), static_cast<double>(root.im));
        ASSERT_LT(std::abs(of_later[k] - of_x[k] * turn), 1e-11) << k;
    }
}

TEST_P(Fft, OfAnImpulseIsFlat) {
    for (std::size_t length = 2; length < 130; ++length) {
        std::vector<float> x(length);
        x[0] = 1;
        for (const auto& point : forward(x))
            ASSERT_NEAR(std::abs(point - 1.0F), 0, 2e-7) << length;
    }
}

TEST_P(Fft, OfAConstantIsOnePoint) {
    for (const std::size_t length : {16, 254, 480, 1024, 2046}) {
        const auto spectrum = forward(std::vector<float>(length, 1.0F));
        EXPECT_NEAR(spectrum[0].real(), static_cast<double>(length), 1e-3);
        for (std::size_t k = 1; k < spectrum.size(); ++k)
            ASSERT_NEAR(std::abs(spectrum[k]), 0, 1e-4) << length << ", " << k;
    }
}

template <typename T>
void expect_window_and_powers(std::size_t length) {
    const auto x = gaussian_noise<T>(length, 1);
    const auto window = gaussian_noise<T>(length, 2);
    std::vector<T> product(length);
    for (std::size_t n = 0; n < length; ++n)
        product[n] = x[n] * window[n];
    const auto expected = forward(product);
    const RealFft<T> fft(length);
    AlignedArray<T> scratch(fft.scratch_size());
    Points<T> found(fft.bins());
    fft.forward(x.data(), window.data(), found.data(), scratch.data());
    // Products and sums may be fused.
    const double limit = forward_limit<T>();
    EXPECT_LE(static_cast<double>(relative_error(expected, found)), limit) << length;
    for (const bool is_windowed : {true, false}) {
        std::vector<T> powers(fft.bins() + 1, T{-1});
        fft.powers(is_windowed ? x.data() : product.data(), is_windowed ? window.data() : nullptr,
                   powers.data(), scratch.data());
        EXPECT_EQ(powers.back(), T{-1}) << length << ": beyond the end";
        for (std::size_t k = 0; k < found.size(); ++k) {
            const T power = std::norm(expected[k]);
            ASSERT_NEAR(powers[k], power, 20 * limit * static_cast<double>(power + length))
                << length << ", " << k;
        }
    }
}

TEST_P(Fft, TakesAWindowAndGivesPowers) {
    for (const std::size_t length :
         {2, 7, 30, 62, 64, 100, 128, 254, 256, 480, 512, 1001, 1024, 1152, 2046, 2048, 8192}) {
        expect_window_and_powers<float>(length);
        expect_window_and_powers<double>(length);
    }
}

// Where the scratch memory is moved, results are the same.
TEST_P(Fft, DoesNotDependOnWhereMemoryLies) {
    const auto x = gaussian_noise<float>(2048, 1);
    const RealFft<float> fft(x.size());
    const auto expected = forward(x);
    AlignedArray<float> memory(x.size() + 2048);
    AlignedArray<float> scratch(fft.scratch_size());
    Points<float> spectrum(fft.bins());
    for (std::size_t at = 0; at < 2048; at += 96) {
        std::copy(x.begin(), x.end(), memory.begin() + static_cast<std::ptrdiff_t>(at));
        fft.forward(memory.data() + at, spectrum.data(), scratch.data());
        ASSERT_EQ(spectrum, expected) << at;
    }
}

TEST_P(Fft, MayWriteOverItsInput) {
    const auto x = complex_noise<float>(960, 1);
    const auto apart = forward(x);
    const ComplexFft<float> fft(x.size());
    AlignedArray<float> scratch(fft.scratch_size());
    auto same = x;
    fft.forward(same.data(), same.data(), scratch.data());
    EXPECT_EQ(same, apart);
}

TEST_P(Fft, ReadsAndWritesUnalignedMemory) {
    const auto x = gaussian_noise<float>(512, 1);
    std::vector<float> shifted(x.size() + 1);
    std::copy(x.begin(), x.end(), shifted.begin() + 1);
    const RealFft<float> fft(x.size());
    AlignedArray<float> scratch(fft.scratch_size());
    Points<float> spectrum(fft.bins() + 1);
    fft.forward(shifted.data() + 1, spectrum.data() + 1, scratch.data());
    spectrum.erase(spectrum.begin());
    EXPECT_EQ(spectrum, forward(x));
}

template <typename T>
void expect_channels_as_one_by_one(std::size_t length, std::size_t channels) {
    const MultiRealFft<T> fft(length, channels);
    const auto frames = gaussian_noise<T>(length * channels, 9);
    AlignedArray<T> scratch(fft.scratch_size());
    Points<T> spectra(fft.bins() * channels);
    fft.forward(frames.data(), spectra.data(), scratch.data());
    for (std::size_t channel = 0; channel < channels; ++channel) {
        std::vector<T> x(length);
        for (std::size_t n = 0; n < length; ++n)
            x[n] = frames[n * channels + channel];
        const auto begin = spectra.begin() + static_cast<std::ptrdiff_t>(channel * fft.bins());
        const Points<T> spectrum(begin, begin + static_cast<std::ptrdiff_t>(fft.bins()));
        EXPECT_LE(error_of(x, spectrum), forward_limit<T>())
            << length << ", " << channel << " of " << channels;
    }
}

TEST_P(Fft, TakesSeveralChannelsAtOnce) {
    for (const std::size_t length : {2, 7, 32, 36, 64, 128, 254, 310, 480, 512, 1024})
        for (const std::size_t channels : {1, 2, 5, 8, 16, 19}) {
            expect_channels_as_one_by_one<float>(length, channels);
            if (length <= 256)
                expect_channels_as_one_by_one<double>(length, channels);
        }
}

TEST_P(Fft, IsSharedByThreads) {
    const auto x = gaussian_noise<float>(1024, 1);
    const RealFft<float> fft(x.size());
    const auto expected = forward(x);
    std::vector<int> wrong(4);
    {
        std::vector<std::jthread> threads;
        for (int& count : wrong)
            threads.emplace_back([&] {
                AlignedArray<float> scratch(fft.scratch_size());
                Points<float> spectrum(fft.bins());
                for (int i = 0; i < 200; ++i) {
                    fft.forward(x.data(), spectrum.data(), scratch.data());
                    count += spectrum == expected ? 0 : 1;
                }
            });
    }
    EXPECT_EQ(wrong, std::vector<int>(4));
}

INSTANTIATE_TEST_SUITE_P(Targets, Fft, ::testing::ValuesIn(targets_here()), name_of);

TEST(FftLength, SaysWhatItMayBe) {
    try {
        const RealFft<float> fft(1);
        FAIL() << "a transform of one real point";
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "a transform of 1 points: it must have 2 to 16777216");
    }
    EXPECT_THROW(ComplexFft<double>(0), std::invalid_argument);
    EXPECT_THROW(MultiRealFft<float>(512, 0), std::invalid_argument);
    EXPECT_THROW(RealFft<float>((std::size_t{1} << 24) + 1), std::invalid_argument);
}

} // namespace

} // namespace tactus
