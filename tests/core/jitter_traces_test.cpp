// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The judgement of the jitter buffer as a table: networks that this test makes itself, and the
// traces of a folder that TACTUS_JITTER_TRACES names.
#include "../support/jitter_networks.h"
#include "../support/jitter_replay.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace tactus {

namespace {

using testing::JitterTrace;
using testing::Network;
using testing::ReplayResult;

/// What a trace may cost at most: mean added delay, and late packets plus gaps.
struct Limit {
    Network network;
    const char* file; ///< the name of such a trace in the folder
    double added_ms;
    double disruption_percent;
};

constexpr Limit kLimits[] = {
    {Network::wired, "clean", 17, 0.10},
    {Network::wifi, "wifi_ge", 95, 0.19},
    {Network::handover, "lte_handover", 57, 0.87},
    {Network::bufferbloat, "bufferbloat", 199, 0.43},
    {Network::route_change, "route_step", 74, 0.16},
    {Network::talk_spurts, "dtx_talk", 90, 0.30},
    {Network::multipath, "reorder_mp", 94, 0.18},
    {Network::video, "video_30fps", 75, 0.34},
    {Network::fast_sender, "skew_p200ppm", 39, 0.12},
    {Network::slow_sender, "skew_m200ppm", 39, 0.12},
};

/// The same for the networks made here. How often a handover comes depends much on the seed.
Limit made_here(const Limit& limit) {
    if (limit.network != Network::handover)
        return limit;
    return {limit.network, limit.file, 75, 1.0};
}

constexpr std::uint64_t kSeeds[] = {11, 12, 13};

void expect_within(const Limit& limit, const JitterTrace& trace, const std::string& what) {
    const ReplayResult result = testing::replay(trace, testing::judged_config(trace));
    std::printf("%-24s %6.1f ms (<= %3.0f)  %.3f %% (<= %.2f)\n", what.c_str(),
                result.added_mean_ms, limit.added_ms, result.disruption_percent(),
                limit.disruption_percent);
    EXPECT_LE(result.added_mean_ms, limit.added_ms) << what;
    EXPECT_LE(result.disruption_percent(), limit.disruption_percent) << what;
    EXPECT_EQ(result.out_of_order, 0u) << what;
}

class JitterTraces : public ::testing::TestWithParam<Limit> {};

TEST_P(JitterTraces, StayWithinTheirLimitsOfDelayAndDisruption) {
    for (const std::uint64_t seed : kSeeds)
        expect_within(made_here(GetParam()), testing::make_network_trace(GetParam().network, seed),
                      std::string(testing::name_of(GetParam().network)) + " " +
                          std::to_string(seed));
}

TEST_P(JitterTraces, StayWithinTheirLimitsInTheFolderGiven) {
    const char* folder = std::getenv("TACTUS_JITTER_TRACES");
    if (folder == nullptr)
        GTEST_SKIP() << "TACTUS_JITTER_TRACES names no folder with traces (*.csv)";
    const std::string path = std::string(folder) + "/" + GetParam().file + ".csv";
    const auto trace = testing::load_jitter_trace(path);
    if (!trace)
        GTEST_SKIP() << path << " is not a trace";
    expect_within(GetParam(), *trace, GetParam().file);
}

TEST_P(JitterTraces, AreRecoveredWithFewRequests) {
    const JitterTrace trace = testing::make_network_trace(GetParam().network, kSeeds[0]);
    JitterConfig config = testing::judged_config(trace);
    config.adaptive = false;
    config.latency_ns = 200'000'000;
    config.rtx.enabled = true;
    const ReplayResult result = testing::replay(trace, config, 40);
    EXPECT_LE(static_cast<double>(result.requests), 2.2 * static_cast<double>(result.sent_lost));
    EXPECT_GE(static_cast<double>(result.recovered), 0.75 * static_cast<double>(result.sent_lost));
    EXPECT_EQ(result.stats.rtx.requests, result.requests);
}

constexpr std::uint64_t kManySeeds[] = {21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

TEST_P(JitterTraces, AreAskedForLittleWhileTheDelayAdapts) {
    for (const std::uint64_t seed : kManySeeds) {
        const JitterTrace trace = testing::make_network_trace(GetParam().network, seed);
        JitterConfig config = testing::judged_config(trace);
        config.rtx.enabled = true;
        for (const double reply_ms : {40.0, 80.0}) {
            const ReplayResult result = testing::replay(trace, config, reply_ms);
            EXPECT_LE(static_cast<double>(result.requests),
                      1.35 * static_cast<double>(result.sent_lost))
                << "seed " << seed << ", round trip " << reply_ms;
        }
    }
}

TEST(JitterTraces, LeaveRoomForAnswersOnlyWhereLossIsWorthIt) {
    for (const std::uint64_t seed : kManySeeds) {
        const auto run = [seed](Network network, bool asks) {
            const JitterTrace trace = testing::make_network_trace(network, seed);
            JitterConfig config = testing::judged_config(trace);
            config.rtx.enabled = asks;
            return testing::replay(trace, config, 40);
        };
        EXPECT_LE(run(Network::wired, true).added_mean_ms, 17) << seed;
        const ReplayResult lossy = run(Network::wifi, true);
        EXPECT_GE(static_cast<double>(lossy.recovered), 0.75 * static_cast<double>(lossy.sent_lost))
            << seed;
        EXPECT_LE(lossy.added_mean_ms, run(Network::wifi, false).added_mean_ms + 60) << seed;
    }
}

TEST(JitterTraces, AreRecoveredWithFewRequestsWhateverTheRoundTrip) {
    const JitterTrace trace = testing::make_network_trace(Network::wifi, kSeeds[0]);
    JitterConfig config = testing::judged_config(trace);
    config.adaptive = false;
    config.rtx.enabled = true;
    for (const double reply_ms : {20.0, 100.0, 150.0, 200.0, 300.0, 400.0}) {
        const ReplayResult result = testing::replay(trace, config, reply_ms);
        EXPECT_EQ(result.recovered, result.sent_lost) << reply_ms;
        EXPECT_LE(static_cast<double>(result.requests), 1.2 * static_cast<double>(result.sent_lost))
            << reply_ms;
        EXPECT_NEAR(static_cast<double>(result.stats.rtx.rtt_ns), reply_ms * 1e6, 1e6);
    }
}

TEST_P(JitterTraces, HaveAFixedDelayWhenNothingAdapts) {
    const Network network = GetParam().network;
    if (network == Network::bufferbloat || network == Network::route_change)
        GTEST_SKIP() << "the delay of this network itself changes for long";
    const JitterTrace trace = testing::make_network_trace(network, kSeeds[0]);
    JitterConfig config = testing::judged_config(trace);
    config.adaptive = false;
    config.latency_ns = 200'000'000;
    const ReplayResult result = testing::replay(trace, config);
    EXPECT_NEAR(result.added_mean_ms, 200, 1.5);
    EXPECT_LE(result.disruption_percent(), 0.3);
    EXPECT_EQ(result.latency_changes, 0u);
    EXPECT_EQ(result.lost_told, result.sent_lost + result.dropped);
}

INSTANTIATE_TEST_SUITE_P(Networks, JitterTraces, ::testing::ValuesIn(kLimits),
                         [](const ::testing::TestParamInfo<Limit>& tested) {
                             return std::string(testing::name_of(tested.param.network));
                         });

TEST(JitterTraces, FindTheSkewOfTheSendersClock) {
    const JitterTrace trace = testing::make_network_trace(Network::fast_sender, kSeeds[0]);
    const ReplayResult result = testing::replay(trace, testing::judged_config(trace));
    EXPECT_NEAR(result.stats.skew_ppm, 200, 3);
}

TEST(JitterTraces, AreSmoothWhenTheDelayGoesIntoTimestamps) {
    const JitterTrace trace = testing::make_network_trace(Network::bufferbloat, kSeeds[0]);
    JitterConfig config = testing::judged_config(trace);
    config.adapt_by = AdaptBy::timestamps;
    config.min_latency_ns = 20'000'000;
    const ReplayResult result = testing::replay(trace, config);
    EXPECT_EQ(result.latency_changes, 0u);
    EXPECT_LE(result.added_mean_ms, 199);
    EXPECT_LE(result.disruption_percent(), 0.43);
}

} // namespace

} // namespace tactus
