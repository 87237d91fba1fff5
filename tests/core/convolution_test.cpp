// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/partitioned_convolution.h"

#include "convolution_fixture.h"

#include <gtest/gtest.h>
#include <hwy/targets.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace tactus {

namespace {

template <typename T>
std::shared_ptr<const ConvolutionResponse<T>> response_for(const ConvolutionFilter& filter,
                                                           const ConvolutionLayout& layout) {
    return std::make_shared<const ConvolutionResponse<T>>(filter, layout);
}

template <typename T>
std::shared_ptr<const ConvolutionResponse<T>> response_for(const ConvolutionFilter& filter,
                                                           std::size_t block) {
    return response_for<T>(filter, ConvolutionLayout(block, filter.longest_taps()));
}

/// Feeds an engine, chunk by chunk, and keeps what comes out.
template <typename T>
class Feed {
  public:
    Feed(PartitionedConvolution<T>& engine, const Channels& in)
        : engine_(engine), out(engine.response().outputs()) {
        for (const auto& channel : in)
            in_.emplace_back(channel.begin(), channel.end());
    }

    bool is_over() const { return at_ == in_.front().size(); }
    std::size_t at() const { return at_; }

    void step(std::size_t frames) {
        frames = std::min(frames, in_.front().size() - at_);
        std::vector<const T*> from;
        for (const auto& channel : in_)
            from.push_back(channel.data() + at_);
        std::vector<std::vector<T>> chunk(out.size(), std::vector<T>(frames));
        std::vector<T*> to;
        for (auto& channel : chunk)
            to.push_back(channel.data());
        engine_.process(from.data(), to.data(), frames);
        for (std::size_t o = 0; o < out.size(); ++o)
            out[o].insert(out[o].end(), chunk[o].begin(), chunk[o].end());
        at_ += frames;
    }

    void blocks() {
        while (!is_over())
            step(engine_.block_frames());
    }

    void chunks(unsigned seed, std::size_t most) {
        std::mt19937 random(seed);
        while (!is_over())
            step(1 + random() % most);
    }

  private:
    PartitionedConvolution<T>& engine_;
    std::vector<std::vector<T>> in_;
    std::size_t at_ = 0;

  public:
    std::vector<std::vector<T>> out;
};

template <typename T>
constexpr double kTolerance = sizeof(T) == 4 ? 1e-6 : 2e-15;

/// Compares with the definition at `count` frames, and at both ends.
template <typename T>
void expect_filtered(const ConvolutionFilter& filter, const Channels& in,
                     const std::vector<std::vector<T>>& out, std::size_t count = 60) {
    std::mt19937 random(1);
    const std::size_t frames = in.front().size();
    const double most = kTolerance<T> * energy(filter) * 6;
    for (std::size_t o = 0; o < filter.outputs; ++o) {
        ASSERT_EQ(out[o].size(), frames);
        for (std::size_t i = 0; i < count + 2; ++i) {
            const std::size_t n = i == 0 ? 0 : i == 1 ? frames - 1 : random() % frames;
            ASSERT_NEAR(static_cast<double>(out[o][n]), direct(filter, in, o, n), most)
                << "output " << o << ", frame " << n;
        }
    }
}

template <typename T>
void expect_exact(std::size_t block, std::size_t taps, bool by_blocks) {
    SCOPED_TRACE(std::to_string(taps) + " taps, blocks of " + std::to_string(block) + ", " +
                 (sizeof(T) == 4 ? "float" : "double"));
    const ConvolutionFilter filter = ConvolutionFilter::same(1, noise(taps, 3));
    const Channels in = noises(1, taps + 5 * block + 100, 4);
    PartitionedConvolution<T> engine(response_for<T>(filter, block));
    Feed<T> run(engine, in);
    if (by_blocks)
        run.blocks();
    else
        run.chunks(5, 3 * block);
    expect_filtered(filter, in, run.out);
}

class Convolution : public ::testing::TestWithParam<std::int64_t> {
  protected:
    Convolution() { hwy::SetSupportedTargetsForTest(GetParam()); }
    ~Convolution() override { hwy::SetSupportedTargetsForTest(0); }
};

std::vector<std::int64_t> targets_here() {
    std::vector<std::int64_t> targets;
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets())
        targets.push_back(target);
    return targets;
}

TEST_P(Convolution, IsExactForAnyLengthByBlocks) {
    for (const std::size_t taps : {1, 2, 63, 64, 65, 128, 1000, 4097, 20'000})
        for (const std::size_t block : {64, 256, 480}) {
            expect_exact<float>(block, taps, true);
            expect_exact<double>(block, taps, true);
        }
}

TEST_P(Convolution, IsExactForAnyLengthByParts) {
    for (const std::size_t taps : {1, 64, 65, 1000, 20'000}) {
        expect_exact<float>(64, taps, false);
        expect_exact<double>(441, taps, false);
    }
}

TEST_P(Convolution, IsExactForLongResponses) {
    expect_exact<float>(64, 200'000, true);
    expect_exact<float>(256, 200'000, true);
    expect_exact<double>(8192, 200'000, true);
}

TEST_P(Convolution, SendsEachInputAlongItsPaths) {
    constexpr std::size_t kInputs = 3;
    constexpr std::size_t kOutputs = 2;
    Channels responses;
    for (std::size_t i = 0; i < kInputs * kOutputs; ++i)
        responses.push_back(noise(1 + 500 * i, static_cast<unsigned>(i)));
    const auto filter = ConvolutionFilter::matrix(kInputs, kOutputs, responses);
    const Channels in = noises(kInputs, 4000, 30);
    PartitionedConvolution<float> engine(response_for<float>(filter, 64));
    Feed<float> run(engine, in);
    run.blocks();
    expect_filtered(filter, in, run.out);
}

INSTANTIATE_TEST_SUITE_P(Targets, Convolution, ::testing::ValuesIn(targets_here()),
                         [](const auto& param_info) {
                             return std::string(hwy::TargetName(param_info.param));
                         });

TEST(PartitionedConvolution, IsExactForRandomLengthsAndBlocks) {
    std::mt19937 random(11);
    for (int i = 0; i < 25; ++i) {
        const auto taps = static_cast<std::size_t>(
            std::exp(static_cast<double>(random() % 1000) / 1000 * std::log(60'000.0)));
        expect_exact<float>(64 + random() % 600, taps, i % 2 == 0);
    }
}

TEST(PartitionedConvolution, FiltersEachChannelWithItsOwn) {
    const auto filter = ConvolutionFilter::each(noises(5, 3000, 1));
    const Channels in = noises(5, 5000, 20);
    PartitionedConvolution<double> engine(response_for<double>(filter, 100));
    Feed<double> run(engine, in);
    run.chunks(1, 500);
    expect_filtered(filter, in, run.out);
}

TEST(PartitionedConvolution, IsSilentWithoutPaths) {
    const ConvolutionFilter filter{1, 2, {{0, 1, 0}}, {{2.0}}};
    const Channels in = noises(1, 500, 20);
    PartitionedConvolution<float> engine(response_for<float>(filter, 64));
    Feed<float> run(engine, in);
    run.blocks();
    EXPECT_EQ(run.out[0], std::vector<float>(500));
    EXPECT_NEAR(run.out[1][77], 2 * in[0][77], 1e-5);
}

TEST(PartitionedConvolution, MayWriteOverItsInput) {
    const auto filter = ConvolutionFilter::same(2, noise(700, 3));
    const Channels in = noises(2, 2000, 4);
    PartitionedConvolution<double> engine(response_for<double>(filter, 128));
    std::vector<std::vector<double>> data = in;
    double* const pointers[] = {data[0].data(), data[1].data()};
    engine.process(pointers, pointers, 2000);
    expect_filtered(filter, in, data);
}

TEST(PartitionedConvolution, ByBlocksDoesNotDependOnHowTheyCome) {
    const auto filter = ConvolutionFilter::same(1, noise(9000, 3));
    const Channels in = noises(1, 64 * 400, 4);
    PartitionedConvolution<float> one(response_for<float>(filter, 64));
    Feed<float> at_once(one, in);
    at_once.step(in[0].size());
    PartitionedConvolution<float> other(response_for<float>(filter, 64));
    Feed<float> in_turns(other, in);
    std::mt19937 random(2);
    while (!in_turns.is_over())
        in_turns.step(64 * (1 + random() % 7));
    EXPECT_EQ(at_once.out, in_turns.out);
}

TEST(PartitionedConvolution, ForgetsAllWhenReset) {
    const auto filter = ConvolutionFilter::same(1, noise(9000, 3));
    const Channels in = noises(1, 20'000, 4);
    PartitionedConvolution<float> engine(response_for<float>(filter, 64));
    Feed<float> first(engine, in);
    first.blocks();
    engine.reset();
    Feed<float> second(engine, in);
    second.blocks();
    EXPECT_EQ(first.out, second.out);
}

// --- exchange

struct Exchange {
    ConvolutionFilter before;
    ConvolutionFilter after;
    std::size_t block;
    std::size_t at; ///< the block at whose beginning
};

struct Exchanged {
    std::vector<double> out;
    std::size_t done; ///< frames until the new response was there
};

Exchanged exchanged(const Exchange& e, const Channels& in, std::size_t chunk) {
    const ConvolutionLayout layout(e.block,
                                   std::max(e.before.longest_taps(), e.after.longest_taps()));
    PartitionedConvolution<double> engine(response_for<double>(e.before, layout));
    const auto next = response_for<double>(e.after, layout);
    EXPECT_TRUE(engine.fits(*next));
    Feed<double> run(engine, in);
    while (run.at() < e.at * e.block)
        run.step(std::min(chunk, e.at * e.block - run.at()));
    EXPECT_TRUE(engine.can_exchange());
    engine.exchange(next);
    while (!run.is_over() && engine.take_retired() == nullptr)
        run.step(std::min(chunk, engine.frames_to_block_end()));
    const std::size_t done = run.at();
    while (!run.is_over())
        run.step(chunk);
    EXPECT_EQ(&engine.response(), next.get());
    return {run.out[0], done};
}

/// A straight fade in the block before `done`, at each `every`th frame.
void expect_faded(const Exchange& e, const Channels& in, const Exchanged& result,
                  std::size_t every) {
    const std::size_t begin = result.done - e.block;
    for (std::size_t n = 0; n < in[0].size(); n += n + 1 < begin || n >= result.done ? every : 1) {
        const double gain = std::clamp((static_cast<double>(n) - static_cast<double>(begin) + 0.5) /
                                           static_cast<double>(e.block),
                                       0.0, 1.0);
        const double expected = (gain < 1 ? (1 - gain) * direct(e.before, in, 0, n) : 0) +
                                (gain > 0 ? gain * direct(e.after, in, 0, n) : 0);
        ASSERT_NEAR(result.out[n], expected, 1e-9) << n;
    }
}

TEST(ResponseExchange, FadesOverInTheNextBlockIfTheResponseIsShort) {
    const Exchange e{ConvolutionFilter::same(1, noise(900, 1)),
                     ConvolutionFilter::same(1, noise(700, 2)), 64, 20};
    const Channels in = noises(1, 4000, 4);
    for (const std::size_t chunk : {64, 50, 1}) {
        const Exchanged result = exchanged(e, in, chunk);
        EXPECT_EQ(result.done, std::size_t{21 * 64});
        expect_faded(e, in, result, 1);
    }
}

TEST(ResponseExchange, FadesOverInOneBlockOnceAllSegmentsAreReady) {
    const Exchange e{ConvolutionFilter::same(1, noise(20'000, 1)),
                     ConvolutionFilter::same(1, noise(15'000, 2)), 64, 333};
    const Channels in = noises(1, 50'000, 4);
    for (const std::size_t chunk : {64, 100}) {
        const Exchanged result = exchanged(e, in, chunk);
        EXPECT_GT(result.done, e.at * 64);
        EXPECT_LE(result.done, e.at * 64 + std::size_t{2 * 4096 + 64});
        expect_faded(e, in, result, 211);
    }
}

/// The largest second difference, which a click would stand out in.
double roughness(const std::vector<double>& x) {
    double most = 0;
    for (std::size_t n = 2; n < x.size(); ++n)
        most = std::max(most, std::abs(x[n] - 2 * x[n - 1] + x[n - 2]));
    return most;
}

TEST(ResponseExchange, MakesNoClick) {
    // A low tone, and responses that turn its sign and delay it.
    Channels in(1);
    for (int n = 0; n < 60'000; ++n)
        in[0].push_back(std::sin(n * 0.01));
    std::vector<double> far(12'000);
    far.back() = -1;
    const Exchange e{ConvolutionFilter::same(1, {1.0}), ConvolutionFilter::same(1, far), 256, 80};
    auto out = exchanged(e, in, 256).out;
    out.erase(out.begin(), out.begin() + 12'500); // the tone sets in
    // The tone's own is 1e-4; that of a jump would be about 1.
    EXPECT_LT(roughness(out), 0.01);
}

TEST(ResponseExchange, WaitsForTheOneBefore) {
    const ConvolutionLayout layout(64, 20'000);
    const auto filter = ConvolutionFilter::same(1, noise(20'000, 1));
    PartitionedConvolution<float> engine(response_for<float>(filter, layout));
    Feed<float> run(engine, noises(1, 64 * 800, 4));
    engine.exchange(response_for<float>(filter, layout));
    EXPECT_FALSE(engine.can_exchange());
    run.step(64);
    EXPECT_FALSE(engine.can_exchange());
    run.blocks();
    EXPECT_TRUE(engine.can_exchange());
}

TEST(ResponseExchange, IsOverWhenReset) {
    const ConvolutionLayout layout(64, 20'000);
    const auto before = ConvolutionFilter::same(1, noise(20'000, 1));
    const auto after = ConvolutionFilter::same(1, noise(20'000, 2));
    const Channels in = noises(1, 25'000, 4);
    PartitionedConvolution<float> engine(response_for<float>(before, layout));
    Feed<float>(engine, in).blocks();
    engine.reset();
    engine.exchange(response_for<float>(after, layout));
    Feed<float>(engine, noises(1, 640, 9)).blocks();
    engine.reset();
    EXPECT_TRUE(engine.can_exchange());
    EXPECT_NE(engine.take_retired(), nullptr);
    Feed<float> run(engine, in);
    run.blocks();
    expect_filtered(after, in, run.out);
}

// --- layout and wrong input

TEST(ConvolutionLayout, CoversEachTapOnce) {
    std::mt19937 random(5);
    for (int i = 0; i < 1000; ++i) {
        const std::size_t taps = 1 + random() % 500'000;
        const ConvolutionLayout layout(64 + random() % 2000, taps);
        std::size_t next = 0;
        for (const ConvolutionSegment& segment : layout.segments) {
            ASSERT_EQ(segment.first_tap, next);
            ASSERT_GE(segment.partitions, 1U);
            ASSERT_EQ(segment.partition_frames % layout.block_frames(), 0U);
            if (next > 0) {
                ASSERT_EQ(segment.first_tap, 2 * segment.partition_frames);
            }
            next += segment.partition_frames * segment.partitions;
        }
        ASSERT_GE(next, taps);
        ASSERT_LT(next - taps, layout.segments.back().partition_frames);
    }
}

TEST(ConvolutionLayout, KeepsShortResponsesUniform) {
    EXPECT_EQ(ConvolutionLayout(256, 4097).segments.size(), 1U);
    EXPECT_EQ(ConvolutionLayout(256, 200'000).segments.size(), 3U);
}

TEST(ConvolutionLayout, SaysWhatItMayBe) {
    try {
        const ConvolutionLayout layout(63, 1);
        FAIL() << "a block of 63 frames";
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "a block length of 63: it must be 64 to 8192");
    }
    EXPECT_THROW(ConvolutionLayout(64, 0), std::invalid_argument);
    EXPECT_THROW(ConvolutionLayout(64, (1 << 24) + 1), std::invalid_argument);
}

TEST(ConvolutionResponse, RefusesWhatDoesNotGoTogether) {
    const ConvolutionLayout layout(64, 100);
    const auto refused = [&](const ConvolutionFilter& filter) {
        EXPECT_THROW(ConvolutionResponse<float>(filter, layout), std::invalid_argument);
    };
    refused(ConvolutionFilter::same(1, {}));
    refused(ConvolutionFilter::same(1, noise(129, 1)));
    refused(ConvolutionFilter::same(65, {1}));
    refused(ConvolutionFilter{});
    refused({1, 1, {{1, 0, 0}}, {{1}}});
    refused({1, 1, {{0, 1, 0}}, {{1}}});
    refused({1, 1, {{0, 0, 1}}, {{1}}});
}

TEST(ConvolutionFilter, TellsFromTheNumberOfResponsesWhatTheyAreFor) {
    const auto paths = [](std::size_t inputs, std::size_t outputs, std::size_t responses) {
        return ConvolutionFilter::with(inputs, outputs, noises(responses, 5, 1)).paths.size();
    };
    EXPECT_EQ(paths(3, 3, 1), 3U);
    EXPECT_EQ(paths(3, 3, 3), 3U);
    EXPECT_EQ(paths(3, 3, 9), 9U);
    EXPECT_EQ(paths(2, 1, 2), 2U);
    EXPECT_EQ(paths(1, 1, 1), 1U);
    EXPECT_THROW(paths(2, 1, 1), std::invalid_argument);
    try {
        paths(2, 2, 3);
        FAIL() << "3 responses for 2 channels";
    } catch (const std::invalid_argument& error) {
        EXPECT_STREQ(error.what(), "3 responses for 2 channels: there must be 1 (for all), 2 (one "
                                   "for each) or 4 (from each to each)");
    }
}

TEST(ConvolutionResponse, SpreadsItsWork) {
    const ConvolutionLayout layout(64, 200'000);
    const ConvolutionResponse<float> response(
        ConvolutionFilter::matrix(2, 2, noises(4, 200'000, 1)), layout);
    for (std::size_t s = 1; s < layout.segments.size(); ++s) {
        const std::size_t blocks = layout.segments[s].partition_frames / 64;
        std::size_t steps = 0;
        std::size_t most = 0;
        for (std::size_t b = 0; b < blocks; ++b) {
            const std::size_t count = response.steps(s, b).size();
            steps += count;
            most = std::max(most, count);
        }
        EXPECT_LE(most, steps / blocks + 2) << s;
    }
}

} // namespace

} // namespace tactus
