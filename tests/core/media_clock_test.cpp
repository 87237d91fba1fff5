// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Media clocks of RFC 7273: what SDP says, and where packets belong by it.
#include "core/jitter/media_clock.h"

#include <gtest/gtest.h>

#include <string>

namespace tactus {

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMs = 1'000'000;
// November 2026, since 1900.
constexpr std::int64_t kNtpNow = 4'004'647'765 * kSecond;

// --- words

TEST(MediaClk, ReadsAnOffset) {
    const auto parsed = parse_mediaclk("direct=963214424");
    ASSERT_EQ(parsed.words, ClockWords::ok) << parsed.advice;
    EXPECT_EQ(parsed.value.ticks, 963'214'424U);
    EXPECT_EQ(parsed.value.rate_numerator, 1U);
    EXPECT_EQ(parsed.value.rate_denominator, 1U);
}

TEST(MediaClk, ReadsARate) {
    const auto parsed = parse_mediaclk("direct=0 rate=1000/1001");
    ASSERT_EQ(parsed.words, ClockWords::ok) << parsed.advice;
    EXPECT_EQ(parsed.value.rate_numerator, 1000U);
    EXPECT_EQ(parsed.value.rate_denominator, 1001U);
}

TEST(MediaClk, RefusesWhatIsNoOffset) {
    for (const char* text :
         {"", "direct=", "direct=-1", "direct=4294967296", "direct=1x", "direct=1 ", "direct =1",
          "direct=1 rate=", "direct=1 rate=1000", "direct=1 rate=0/1", "direct=1 rate=1/0",
          "direct=1 rate=1/-1", "direct=1 rate=99999999999/1", "direct=1 speed=1/1"}) {
        const auto parsed = parse_mediaclk(text);
        EXPECT_EQ(parsed.words, ClockWords::malformed) << text;
        EXPECT_NE(std::string(parsed.advice).find("direct=OFFSET"), std::string::npos) << text;
    }
}

TEST(MediaClk, KnowsWhatCannotBeFollowed) {
    for (const char* text : {"direct", "sender", "IEEE1722=38-D6-6D-8E-D2-78-13-2F"})
        EXPECT_EQ(parse_mediaclk(text).words, ClockWords::not_followed) << text;
}

TEST(TsRefClk, ReadsNtpServers) {
    struct Case {
        const char* text;
        const char* host;
        unsigned port;
    };
    for (const Case& c :
         {Case{"ntp=203.0.113.10", "203.0.113.10", 123},
          Case{"ntp=time.example:5000", "time.example", 5000},
          Case{"ntp=[2001:db8::1]", "2001:db8::1", 123}, Case{"ntp=[::1]:999", "::1", 999}}) {
        const auto parsed = parse_ts_refclk(c.text);
        ASSERT_EQ(parsed.words, ClockWords::ok) << c.text;
        EXPECT_EQ(parsed.value.kind, ReferenceClock::Kind::ntp);
        EXPECT_EQ(parsed.value.host, c.host);
        EXPECT_EQ(parsed.value.port, c.port) << c.text;
    }
}

TEST(TsRefClk, ReadsPtpDomains) {
    for (const char* text : {"ptp=IEEE1588-2008", "ptp=IEEE1588-2008:traceable",
                             "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0",
                             "ptp=IEEE1588-2008:39-a7-94-ff-fe-07-cb-d0:0"}) {
        const auto parsed = parse_ts_refclk(text);
        ASSERT_EQ(parsed.words, ClockWords::ok) << text;
        EXPECT_EQ(parsed.value.kind, ReferenceClock::Kind::ptp);
        EXPECT_EQ(parsed.value.domain, 0) << text;
    }
    EXPECT_EQ(parse_ts_refclk("ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:127").value.domain, 127);
}

TEST(TsRefClk, RefusesWhatIsNoClock) {
    for (const char* text :
         {"", "ntp", "ntp=", "ntp=:123", "ntp=host:", "ntp=host:0", "ntp=host:65536", "ntp=a b",
          "ntp=[::1", "ntp=[::1]123", "ptp=", "ptp=IEEE1588", "ptp=IEEE1588-2008:",
          "ptp=IEEE1588-2008:39-A7-94", "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-G0",
          "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:128",
          "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:", "sundial"}) {
        const auto parsed = parse_ts_refclk(text);
        EXPECT_EQ(parsed.words, ClockWords::malformed) << text;
        EXPECT_NE(std::string(parsed.advice), "") << text;
    }
}

TEST(TsRefClk, KnowsWhatCannotBeFollowed) {
    for (const char* text : {"local", "gps", "ntp=/traceable/", "private:traceable",
                             "ptp=IEEE1588-2002:39-A7-94-FF-FE-07-CB-D0", "localmac=aa"})
        EXPECT_EQ(parse_ts_refclk(text).words, ClockWords::not_followed) << text;
}

// --- places

// What a sender stamps at that reference time.
std::uint32_t stamp(std::int64_t reference_ns, std::uint32_t rate, std::uint32_t offset) {
    const auto seconds = static_cast<std::uint64_t>(reference_ns / kSecond);
    const auto rest = static_cast<std::uint64_t>(reference_ns % kSecond);
    return static_cast<std::uint32_t>(seconds * rate + rest * rate / kSecond + offset);
}

MediaClock clock_at(std::int64_t reference_ns, std::int64_t running_ns,
                    const MediaClockOffset& offset = {}) {
    MediaClock clock;
    clock.start(offset);
    clock.note_pair({reference_ns, running_ns, 1.0, 0});
    return clock;
}

TEST(MediaClock, PutsAPacketWhereItWasSampled) {
    const MediaClock clock = clock_at(kNtpNow, 5 * kSecond, {12345, 1, 1});
    // Sampled 40 ms ago.
    const auto place = clock.place(stamp(kNtpNow - 40 * kMs, 48'000, 12345), 48'000, 5 * kSecond);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->reference_ns, kNtpNow - 40 * kMs);
    EXPECT_EQ(place->running_ns, 5 * kSecond - 40 * kMs);
}

TEST(MediaClock, CountsOnThroughTheWrapOfTheTimestamp) {
    // 90 kHz wraps every 13 h 15 min.
    const std::int64_t start_ns = kNtpNow;
    std::uint32_t before = 0;
    unsigned wraps = 0;
    for (std::int64_t minute = 0; minute < 60 * 30; ++minute) {
        const std::int64_t at_ns = minute * 60 * kSecond;
        const MediaClock clock = clock_at(start_ns + at_ns, at_ns, {7, 1, 1});
        const std::uint32_t timestamp = stamp(start_ns + at_ns, 90'000, 7);
        const auto place = clock.place(timestamp, 90'000, at_ns);
        ASSERT_TRUE(place) << minute;
        ASSERT_EQ(place->running_ns, at_ns) << minute;
        wraps += timestamp < before ? 1 : 0;
        before = timestamp;
    }
    EXPECT_GE(wraps, 2U);
}

TEST(MediaClock, UsesTheRate) {
    // 1001 s of the reference clock are 1000 s of the media clock.
    const std::int64_t reference_ns = 1001 * 1'000'000 * kSecond;
    const MediaClock clock = clock_at(reference_ns, 0, {0, 1000, 1001});
    const auto timestamp = static_cast<std::uint32_t>(1000LL * 1'000'000 * 48'000);
    const auto place = clock.place(timestamp, 48'000, 0);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->reference_ns, reference_ns);
    EXPECT_FALSE(clock_at(reference_ns, 0).place(timestamp, 48'000, 0));
}

TEST(MediaClock, FollowsClocksThatRunAtDifferentRates) {
    MediaClock clock;
    clock.start({});
    clock.note_pair({kNtpNow, 0, 1.0001, 0}); // ours is 100 ppm faster
    const auto place = clock.place(stamp(kNtpNow + kSecond, 48'000, 0), 48'000, kSecond);
    ASSERT_TRUE(place);
    EXPECT_NEAR(static_cast<double>(place->running_ns), 1'000'100'000.0, 2.0);
}

TEST(MediaClock, KnowsNothingBeforeTheClockHasATime) {
    MediaClock clock;
    clock.start({});
    EXPECT_TRUE(clock.wants_pair(0));
    EXPECT_FALSE(clock.place(0, 48'000, 0));
    clock.note_pair({kNtpNow, 0, 1.0, 0});
    EXPECT_TRUE(clock.place(stamp(kNtpNow, 48'000, 0), 48'000, 0));
    clock.start({});
    EXPECT_FALSE(clock.place(stamp(kNtpNow, 48'000, 0), 48'000, 0));
}

TEST(MediaClock, RefusesPacketsThatBelongFarFromTheirArrival) {
    const MediaClock clock = clock_at(kNtpNow, 60 * kSecond);
    const auto at = [&](std::int64_t apart_ns) {
        return clock.place(stamp(kNtpNow + apart_ns, 48'000, 0), 48'000, 60 * kSecond);
    };
    EXPECT_TRUE(at(9 * kSecond));
    EXPECT_TRUE(at(-9 * kSecond));
    EXPECT_FALSE(at(11 * kSecond));
    EXPECT_FALSE(at(-11 * kSecond));
    EXPECT_FALSE(at(12 * 3600 * kSecond));
}

TEST(MediaClock, SurvivesExtremeTimesAndRates) {
    for (const std::int64_t reference_ns : {std::int64_t{0}, INT64_MAX / 2, INT64_MAX}) {
        for (const std::int64_t arrival_ns : {-INT64_MAX / 4, std::int64_t{0}, INT64_MAX / 4}) {
            for (const std::uint32_t rate : {1U, 8000U, UINT32_MAX}) {
                const MediaClock clock = clock_at(reference_ns, 0, {UINT32_MAX, INT32_MAX, 1});
                const auto place = clock.place(UINT32_MAX, rate, arrival_ns);
                if (place) {
                    EXPECT_LE(std::abs(place->running_ns - arrival_ns), MediaClock::kFarNs);
                }
            }
        }
    }
}

TEST(MediaClock, PrefersAPairThatWasReadWithoutInterruption) {
    MediaClock clock;
    clock.start({});
    clock.note_pair({kNtpNow, 0, 1.0, 1000});
    EXPECT_FALSE(clock.wants_pair(50 * kMs));
    EXPECT_TRUE(clock.wants_pair(100 * kMs));
    const auto error_ns = [&](std::int64_t at_ns) {
        const auto place = clock.place(stamp(kNtpNow + at_ns, 48'000, 0), 48'000, at_ns);
        return place ? place->running_ns - at_ns : INT64_MAX;
    };
    // Interrupted for 8 ms between both readings.
    clock.note_pair({kNtpNow + 200 * kMs, 204 * kMs, 1.0, 8 * kMs});
    EXPECT_EQ(error_ns(300 * kMs), 0);
    // If there is no better one for long, it counts.
    clock.note_pair({kNtpNow + 1200 * kMs, 1204 * kMs, 1.0, 8 * kMs});
    EXPECT_EQ(error_ns(1300 * kMs), 4 * kMs);
}

} // namespace

} // namespace tactus
