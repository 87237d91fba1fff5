// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/audio_filter.h"
#include "core/fft/live_convolution.h"

#include "convolution_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

namespace tactus {

namespace {

/// One channel through it, from frame `begin` on, in chunks of `chunk`.
std::vector<double> filtered(LiveConvolution<double>& convolution, const std::vector<double>& in,
                             std::size_t chunk) {
    std::vector<double> out(in.size());
    for (std::size_t at = 0; at < in.size(); at += chunk) {
        const double* const from[] = {in.data() + at};
        double* const to[] = {out.data() + at};
        convolution.process(from, to, std::min(chunk, in.size() - at));
    }
    return out;
}

void expect_direct(const ConvolutionFilter& filter, const std::vector<double>& in,
                   const std::vector<double>& out, std::size_t begin, std::size_t end) {
    for (std::size_t n = begin; n < end; n += 37)
        ASSERT_NEAR(out[n], direct(filter, {in}, 0, n), 1e-9) << n;
}

std::vector<double> part(const std::vector<double>& x, std::size_t begin, std::size_t end) {
    return {x.begin() + static_cast<std::ptrdiff_t>(begin),
            x.begin() + static_cast<std::ptrdiff_t>(end)};
}

TEST(LiveConvolution, TakesAShorterFilterOverInABlock) {
    const auto before = ConvolutionFilter::same(1, noise(900, 1));
    const auto after = ConvolutionFilter::same(1, noise(300, 2));
    const auto in = noise(6400, 3);
    LiveConvolution<double> convolution(before, 64);
    auto out = filtered(convolution, part(in, 0, 3200), 50);
    convolution.publish(after);
    const auto later = filtered(convolution, part(in, 3200, 6400), 50);
    out.insert(out.end(), later.begin(), later.end());
    expect_direct(before, in, out, 0, 3200);
    expect_direct(after, in, out, 3264, 6400);
    EXPECT_EQ(convolution.exchanges(), 1U);
    EXPECT_EQ(convolution.taps(), 300U);
}

TEST(LiveConvolution, TakesALongerFilterOverOnceItHasHeardEnough) {
    const auto before = ConvolutionFilter::same(1, noise(100, 1));
    const auto after = ConvolutionFilter::same(1, noise(5000, 2));
    const auto in = noise(64 * 200, 3);
    constexpr std::size_t kAt = 64 * 50;
    constexpr std::size_t kHeard = 5120; // whole partitions
    for (const std::size_t chunk : {64, 21}) {
        LiveConvolution<double> convolution(before, 64);
        auto out = filtered(convolution, part(in, 0, kAt), chunk);
        convolution.publish(after);
        const auto later = filtered(convolution, part(in, kAt, in.size()), chunk);
        out.insert(out.end(), later.begin(), later.end());
        expect_direct(before, in, out, 0, kAt + kHeard);
        expect_direct(after, in, out, kAt + kHeard + 64, in.size());
        EXPECT_EQ(convolution.exchanges(), 1U);
        EXPECT_EQ(convolution.taps(), 5000U);
    }
}

TEST(LiveConvolution, OfSeveralFiltersTheLatestCounts) {
    LiveConvolution<double> convolution(ConvolutionFilter::same(1, {1}), 64);
    convolution.publish(ConvolutionFilter::same(1, noise(5000, 1)));
    convolution.publish(ConvolutionFilter::same(1, noise(9000, 1)));
    const auto last = ConvolutionFilter::same(1, noise(100, 2));
    convolution.publish(last); // built for the long one, which the running one is not
    const auto in = noise(64 * 250, 3);
    const auto out = filtered(convolution, in, 64);
    expect_direct(last, in, out, 64 * 200, in.size()); // as late as the longest would be
    EXPECT_EQ(convolution.exchanges(), 1U);
}

TEST(LiveConvolution, ReturnsWhatItIsDoneWith) {
    LiveConvolution<double> convolution(ConvolutionFilter::same(1, noise(70, 0)), 64);
    const auto in = noise(64 * 20, 3);
    for (unsigned i = 1; i <= 20; ++i) {
        convolution.publish(ConvolutionFilter::same(1, noise(i * 17, i)));
        filtered(convolution, in, 64);
        EXPECT_EQ(convolution.exchanges(), i);
        EXPECT_EQ(convolution.taps(), i * 17);
    }
}

TEST(LiveConvolution, HasALongerFilterAtOnceWhenReset) {
    LiveConvolution<double> convolution(ConvolutionFilter::same(1, {1}), 64);
    const auto in = noise(64 * 100, 3);
    const auto after = ConvolutionFilter::same(1, noise(20'000, 2));
    convolution.publish(after);
    filtered(convolution, part(in, 0, 64), 64);
    convolution.reset();
    expect_direct(after, in, filtered(convolution, in, 64), 0, in.size());
    EXPECT_EQ(convolution.exchanges(), 1U);
}

TEST(LiveConvolution, HasWhatWaitsAtOnceWhenReset) {
    LiveConvolution<double> convolution(ConvolutionFilter::same(1, noise(60, 1)), 64);
    const auto in = noise(640, 3);
    filtered(convolution, in, 50);
    const auto after = ConvolutionFilter::same(1, noise(50, 2));
    convolution.publish(after);
    convolution.reset();
    expect_direct(after, in, filtered(convolution, in, 64), 0, in.size());
    EXPECT_EQ(convolution.exchanges(), 1U);
}

TEST(LiveConvolution, RefusesOtherChannels) {
    LiveConvolution<double> convolution(ConvolutionFilter::same(1, {1}), 64);
    EXPECT_THROW(convolution.publish(ConvolutionFilter::same(2, {1})), std::invalid_argument);
    EXPECT_THROW(convolution.publish(ConvolutionFilter::same(1, {})), std::invalid_argument);
    EXPECT_THROW(LiveConvolution<double>(ConvolutionFilter::same(1, {1}), 8193),
                 std::invalid_argument);
}

TEST(LiveConvolution, IsGivenFiltersWhileItRuns) {
    // All filters have the same sum, which is what a constant comes out as at any time.
    const auto flat = [](std::size_t taps) {
        return ConvolutionFilter::same(1,
                                       std::vector<double>(taps, 1.0 / static_cast<double>(taps)));
    };
    LiveConvolution<double> convolution(flat(10), 64);
    std::atomic<bool> over{false};
    std::thread publisher([&] {
        std::mt19937 random(1);
        while (!over.load())
            convolution.publish(flat(1 + random() % 3000));
    });
    const std::vector<double> in(64 * 50, 1.0);
    double worst = 0;
    for (int i = 0; i < 400 || convolution.exchanges() < 10; ++i) {
        const auto out = filtered(convolution, in, 64);
        for (std::size_t n = i == 0 ? 1000 : 0; n < out.size(); ++n)
            worst = std::max(worst, std::abs(out[n] - 1));
    }
    over = true;
    publisher.join();
    EXPECT_LT(worst, 1e-12);
}

// --- interleaved

template <typename Sample>
std::vector<Sample> run(AudioFilter& filter, const std::vector<Sample>& in, std::size_t inputs,
                        std::size_t outputs, unsigned seed, std::size_t tail) {
    std::mt19937 random(seed);
    std::vector<Sample> out;
    const std::size_t frames = in.size() / inputs;
    for (std::size_t at = 0; at < frames;) {
        const std::size_t chunk = std::min<std::size_t>(random() % 200, frames - at);
        const std::size_t before = out.size();
        const std::size_t made = filter.output_frames(chunk);
        out.resize(before + made * outputs);
        filter.process(in.data() + at * inputs, chunk, out.data() + before);
        at += chunk;
    }
    const std::size_t end = out.size() + (filter.pending_frames() + tail) * outputs;
    while (out.size() < end) {
        const std::size_t before = out.size();
        out.resize(before + filter.block_frames() * outputs);
        out.resize(before + filter.drain(out.data() + before) * outputs);
    }
    out.resize(end);
    return out;
}

struct Format {
    std::size_t inputs;
    std::size_t outputs;
    bool whole_blocks;
    std::uint64_t skipped;
};

class InterleavedFilter : public ::testing::TestWithParam<Format> {};

TEST_P(InterleavedFilter, IsExactAndAsLongAsItsInput) {
    const auto [inputs, outputs, whole_blocks, skipped] = GetParam();
    constexpr std::size_t kFrames = 3000;
    constexpr std::size_t kTail = 150;
    Channels responses = noises(inputs * outputs, 200, 1);
    const auto filter = ConvolutionFilter::matrix(inputs, outputs, responses);
    Channels channels = noises(inputs, kFrames, 9);
    std::vector<double> in;
    for (std::size_t n = 0; n < kFrames; ++n)
        for (const auto& channel : channels)
            in.push_back(channel[n]);
    for (auto& channel : channels)
        channel.resize(kFrames + kTail + skipped);
    const auto audio = AudioFilter::create({FilterSample::f64, 64, whole_blocks, skipped}, filter);
    for (unsigned round = 0; round < 2; ++round) {
        const auto out = run(*audio, in, inputs, outputs, round, kTail);
        ASSERT_EQ(out.size(), (kFrames + kTail) * outputs);
        for (std::size_t n = 0; n < out.size() / outputs; n += 13)
            for (std::size_t o = 0; o < outputs; ++o)
                ASSERT_NEAR(out[n * outputs + o], direct(filter, channels, o, n + skipped), 1e-10)
                    << n;
        audio->reset();
    }
}

INSTANTIATE_TEST_SUITE_P(Formats, InterleavedFilter,
                         ::testing::Values(Format{1, 1, true, 0}, Format{2, 2, true, 100},
                                           Format{3, 2, true, 1}, Format{2, 2, false, 0},
                                           Format{1, 5, false, 100}, Format{2, 1, true, 10'000}));

TEST(AudioFilter, ReadsSamplesAtOddAddresses) {
    const auto filter = ConvolutionFilter::same(2, {1.0, -0.5});
    const std::vector<double> numbers = noise(2 * 300, 4);
    const std::vector<float> in(numbers.begin(), numbers.end());
    std::vector<char> moved(in.size() * sizeof(float) + 1);
    std::memcpy(moved.data() + 1, in.data(), in.size() * sizeof(float));
    std::vector<std::vector<float>> out;
    for (const void* place :
         {static_cast<const void*>(in.data()), static_cast<const void*>(moved.data() + 1)}) {
        const auto audio = AudioFilter::create({FilterSample::f32, 64, false, 0}, filter);
        audio->process(place, 300, out.emplace_back(in.size()).data());
    }
    EXPECT_EQ(out[1], out[0]);
}

TEST(AudioFilter, RoundsAndLimitsIntegers) {
    const auto filter = ConvolutionFilter::same(2, {2.0});
    const auto audio = AudioFilter::create({FilterSample::s16, 64, true, 0}, filter);
    const std::vector<std::int16_t> in{100, -3, 20'000, -20'000, 16'383, -16'384};
    const std::vector<std::int16_t> expected{200, -6, 32'767, -32'768, 32'766, -32'768};
    EXPECT_EQ(run(*audio, in, 2, 2, 1, 0), expected);
}

TEST(AudioFilter, FiltersFloats) {
    const auto filter = ConvolutionFilter::same(1, {0.5, 0.25});
    const auto audio = AudioFilter::create({FilterSample::f32, 64, false, 0}, filter);
    const auto out = run<float>(*audio, {1, 2, 0}, 1, 1, 1, 1);
    const std::vector<float> expected{0.5F, 1.25F, 0.5F, 0};
    for (std::size_t n = 0; n < expected.size(); ++n)
        EXPECT_NEAR(out[n], expected[n], 1e-6);
}

} // namespace

} // namespace tactus
