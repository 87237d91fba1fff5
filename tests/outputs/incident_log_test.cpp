// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/incident_log.h"

#include "../support/sanitized.h"
#include "sample_data.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <malloc.h>
#include <string>

namespace tactus::test {

namespace {

Arrived arrival(std::uint64_t at_ns, std::uint64_t latency_ns, std::uint32_t sink = 2) {
    Arrived arrival;
    arrival.source_element = 1;
    arrival.sink_element = sink;
    arrival.at_ns = at_ns;
    arrival.origins.oldest.t0_ns = at_ns - latency_ns;
    return arrival;
}

std::uint64_t buffers_of(const LatencySeries& series) {
    std::uint64_t total = 0;
    for (const LatencyPoint& point : series.points)
        total += point.buffers;
    return total;
}

} // namespace

TEST(IncidentLog, OwnsItsWords) {
    IncidentLog log;
    {
        std::string subject = "realtime, a word too long to be stored in place";
        log.incident({IncidentKind::clock_jump, 5, -7, subject});
        subject.assign(subject.size(), 'x');
    }
    const IncidentSnapshot snapshot = log.snapshot();
    ASSERT_EQ(snapshot.incidents.size(), 1u);
    EXPECT_EQ(snapshot.incidents[0].subject, "realtime, a word too long to be stored in place");
    EXPECT_EQ(snapshot.incidents[0].amount, -7);
}

TEST(IncidentLog, KeepsTheNewestAndCountsTheOthers) {
    IncidentLog log({.max_incidents = 3});
    for (std::uint64_t i = 0; i < 10; ++i)
        log.incident({IncidentKind::stall, i * kSecond, static_cast<std::int64_t>(i), "other"});
    const IncidentSnapshot snapshot = log.snapshot();
    ASSERT_EQ(snapshot.incidents.size(), 3u);
    EXPECT_EQ(snapshot.incidents[0].amount, 7);
    EXPECT_EQ(snapshot.incidents[2].amount, 9);
    EXPECT_EQ(snapshot.incidents_let_go, 7u);
}

TEST(IncidentLog, JoinsRecordsThatAreLostInOneSecond) {
    IncidentLog log;
    for (std::uint64_t i = 0; i < 20; ++i)
        log.incident({IncidentKind::records_lost, i * 100 * kMs, 5, ""});
    const IncidentSnapshot snapshot = log.snapshot();
    ASSERT_EQ(snapshot.incidents.size(), 2u);
    EXPECT_EQ(snapshot.incidents[0].amount, 50);
    EXPECT_EQ(snapshot.incidents[1].amount, 50);
}

TEST(IncidentLog, DrawsAPointPerInterval) {
    IncidentLog log({.first_interval_ns = kSecond});
    for (std::uint64_t i = 0; i < 100; ++i)
        log.arrived(arrival(kSecond + i * 100 * kMs, i < 50 ? 10 : 20));
    const IncidentSnapshot snapshot = log.snapshot();
    ASSERT_EQ(snapshot.series.size(), 1u);
    const auto& points = snapshot.series[0].points;
    ASSERT_EQ(points.size(), 10u);
    EXPECT_EQ(points[0].at_ns, kSecond);
    EXPECT_EQ(points[0].buffers, 10u);
    EXPECT_EQ(points[4].p50_ns, 10u);
    EXPECT_EQ(points[5].max_ns, 20u);
}

TEST(IncidentLog, LeavesSilentIntervalsOut) {
    IncidentLog log({.first_interval_ns = kSecond});
    log.arrived(arrival(kSecond, 1));
    log.arrived(arrival(9 * kSecond, 1));
    EXPECT_EQ(log.snapshot().series[0].points.size(), 2u);
}

TEST(IncidentLog, HalvesItsResolutionWhenFullAndLosesNothing) {
    IncidentLog log({.slots = 8, .first_interval_ns = kSecond});
    constexpr std::uint64_t kCount = 1000;
    for (std::uint64_t i = 0; i < kCount; ++i)
        log.arrived(arrival(kSecond + i * kSecond, i == 321 ? 5000 : 60));
    const IncidentSnapshot snapshot = log.snapshot();
    const LatencySeries& series = snapshot.series.at(0);
    EXPECT_EQ(snapshot.interval_ns, 128 * kSecond);
    EXPECT_LE(series.points.size(), 8u);
    EXPECT_EQ(buffers_of(series), kCount);
    std::uint64_t max = 0;
    for (std::size_t i = 0; i < series.points.size(); ++i) {
        max = std::max(max, series.points[i].max_ns);
        EXPECT_EQ(series.points[i].at_ns, kSecond + i * snapshot.interval_ns);
    }
    EXPECT_EQ(max, 5000u);
}

TEST(IncidentLog, BearsALeapOfTime) {
    IncidentLog log({.slots = 8, .first_interval_ns = kSecond});
    log.arrived(arrival(kSecond, 1));
    log.arrived(arrival(std::uint64_t{1} << 62, 1));
    EXPECT_EQ(buffers_of(log.snapshot().series.at(0)), 2u);
}

TEST(IncidentLog, CountsWhatComesLateInTheOpenInterval) {
    IncidentLog log({.first_interval_ns = kSecond});
    log.arrived(arrival(10 * kSecond, 1));
    log.arrived(arrival(12 * kSecond, 1));
    log.arrived(arrival(11 * kSecond, 1));
    log.arrived(arrival(9 * kSecond, 1));
    const LatencySeries series = log.snapshot().series.at(0);
    ASSERT_EQ(series.points.size(), 2u);
    EXPECT_EQ(series.points[1].buffers, 3u);
}

TEST(IncidentLog, LetsTheSilentPathGoForANewOne) {
    IncidentLog log({.max_series = 2});
    log.arrived(arrival(kSecond, 1, 11));
    log.arrived(arrival(2 * kSecond, 1, 12));
    log.arrived(arrival(3 * kSecond, 1, 11));
    log.arrived(arrival(4 * kSecond, 1, 13));
    const IncidentSnapshot snapshot = log.snapshot();
    ASSERT_EQ(snapshot.series.size(), 2u);
    EXPECT_EQ(snapshot.series[0].sink_element, 11u);
    EXPECT_EQ(snapshot.series[1].sink_element, 13u);
    EXPECT_EQ(snapshot.series_let_go, 1u);
}

TEST(IncidentLog, KeepsNoBucketsOfSilentPaths) {
    if (kSanitized)
        GTEST_SKIP() << "a sanitizer keeps freed memory for a while";
    IncidentLog log;
    const std::size_t before = mallinfo2().uordblks;
    for (std::uint32_t sink = 10; sink < 70; ++sink)
        log.arrived(arrival(kSecond, 10, sink));
    const std::size_t with_buckets = mallinfo2().uordblks - before;
    log.arrived(arrival(2 * kSecond, 10));
    EXPECT_LT(mallinfo2().uordblks - before, with_buckets / 10);
}

TEST(IncidentLog, CountsWhatComesLateToAPathThatWasSilent) {
    IncidentLog log;
    log.arrived(arrival(kSecond, 10, 3));
    log.arrived(arrival(3 * kSecond, 10, 2));
    log.arrived(arrival(kSecond + 50 * kMs, 10, 3)); // of an interval that is closed
    log.arrived(arrival(4 * kSecond, 10, 2));
    log.arrived(arrival(4 * kSecond, 10, 3));
    const IncidentSnapshot snapshot = log.snapshot();
    ASSERT_EQ(snapshot.series.size(), 2u);
    const auto& points = snapshot.series[0].points;
    ASSERT_EQ(points.size(), 2u);
    EXPECT_EQ(points[0].buffers, 2u);
    EXPECT_LT(points[0].at_ns, points[1].at_ns);
}

TEST(IncidentLog, ForgetsAllOnReset) {
    IncidentLog log({.first_interval_ns = kSecond});
    log.incident({IncidentKind::stall, 1, 1, "other"});
    log.arrived(arrival(kSecond, 1));
    log.reset();
    const IncidentSnapshot snapshot = log.snapshot();
    EXPECT_TRUE(snapshot.incidents.empty());
    EXPECT_TRUE(snapshot.series.empty());
    EXPECT_EQ(snapshot.interval_ns, kSecond);
}

} // namespace tactus::test
