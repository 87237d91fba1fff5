// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/media_clock.h"

#include "core/jitter/unwrap.h"

#include <charconv>
#include <cstdlib>

namespace tactus {

namespace {

// Nanoseconds since 1900 times a clock rate times a numerator.
__extension__ using Wide = __int128;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool take_prefix(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix))
        return false;
    text.remove_prefix(prefix.size());
    return true;
}

// All of `text`, as a number of at most `most`.
std::optional<std::uint32_t> number(std::string_view text, std::uint32_t most) {
    std::uint32_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stop != end || value > most)
        return std::nullopt;
    return value;
}

template <typename T>
ParsedClock<T> refuse(ClockWords words, const char* advice) {
    ParsedClock<T> parsed;
    parsed.words = words;
    parsed.advice = advice;
    return parsed;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// EUI-64: eight pairs of hexadecimal digits with dashes between them.
bool is_grandmaster(std::string_view text) {
    constexpr std::size_t kPairs = 8;
    if (text.size() != kPairs * 3 - 1)
        return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i % 3 == 2 ? text[i] != '-' : !is_hex(text[i]))
            return false;
    }
    return true;
}

ParsedClock<ReferenceClock> parse_ntp(std::string_view text) {
    constexpr const char* kAdvice =
        "ntp= needs a host and may have a port from 1 to 65535, such as "
        "ntp=203.0.113.10:123 or ntp=[2001:db8::1]";
    if (text == "/traceable/")
        return refuse<ReferenceClock>(ClockWords::not_followed,
                                      "a traceable clock without a name cannot be asked");
    ParsedClock<ReferenceClock> parsed;
    std::string_view rest;
    std::string_view host;
    if (take_prefix(text, "[")) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos)
            return refuse<ReferenceClock>(ClockWords::malformed, kAdvice);
        host = text.substr(0, end);
        rest = text.substr(end + 1);
    } else {
        host = text.substr(0, text.find(':'));
        rest = text.substr(host.size());
    }
    if (host.empty() || host.find_first_of(" \t/[]") != std::string_view::npos)
        return refuse<ReferenceClock>(ClockWords::malformed, kAdvice);
    if (!rest.empty()) {
        const auto port =
            take_prefix(rest, ":") ? number(rest, 65535) : std::optional<std::uint32_t>{};
        if (!port || *port == 0)
            return refuse<ReferenceClock>(ClockWords::malformed, kAdvice);
        parsed.value.port = static_cast<std::uint16_t>(*port);
    }
    parsed.words = ClockWords::ok;
    parsed.value.host = host;
    return parsed;
}

ParsedClock<ReferenceClock> parse_ptp(std::string_view text) {
    constexpr std::uint32_t kLastDomain = 127;
    constexpr const char* kAdvice =
        "ptp= needs a version, and may have a grandmaster and a domain from 0 to 127, such as "
        "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB-D0:0";
    if (!take_prefix(text, "IEEE1588-2008")) {
        const bool other = text.starts_with("IEEE1588-") || text.starts_with("IEEE802.1AS-");
        return refuse<ReferenceClock>(other ? ClockWords::not_followed : ClockWords::malformed,
                                      other ? "of PTP only IEEE1588-2008 is followed" : kAdvice);
    }
    ParsedClock<ReferenceClock> parsed;
    parsed.words = ClockWords::ok;
    parsed.value.kind = ReferenceClock::Kind::ptp;
    if (text.empty() || text == ":traceable")
        return parsed;
    if (!take_prefix(text, ":"))
        return refuse<ReferenceClock>(ClockWords::malformed, kAdvice);
    const std::string_view master = text.substr(0, text.find(':'));
    text.remove_prefix(master.size());
    if (!is_grandmaster(master))
        return refuse<ReferenceClock>(ClockWords::malformed, kAdvice);
    if (text.empty())
        return parsed;
    const auto domain = number(text.substr(1), kLastDomain);
    if (!domain)
        return refuse<ReferenceClock>(ClockWords::malformed, kAdvice);
    parsed.value.domain = static_cast<std::uint8_t>(*domain);
    return parsed;
}

bool parse_rate(std::string_view text, MediaClockOffset& offset) {
    const std::size_t slash = text.find('/');
    if (slash == std::string_view::npos)
        return false;
    const auto numerator = number(text.substr(0, slash), INT32_MAX);
    const auto denominator = number(text.substr(slash + 1), INT32_MAX);
    if (!numerator || !denominator || *numerator == 0 || *denominator == 0)
        return false;
    offset.rate_numerator = *numerator;
    offset.rate_denominator = *denominator;
    return true;
}

} // namespace

ParsedClock<MediaClockOffset> parse_mediaclk(std::string_view text) {
    constexpr const char* kAdvice = "must be direct=OFFSET or direct=OFFSET rate=NUM/DEN, with an "
                                    "offset from 0 to 4294967295, such as direct=963214424";
    if (text == "direct" || text == "sender" || text.starts_with("IEEE1722="))
        return refuse<MediaClockOffset>(
            ClockWords::not_followed,
            "without direct=OFFSET a timestamp cannot be told from the reference clock");
    if (!take_prefix(text, "direct="))
        return refuse<MediaClockOffset>(ClockWords::malformed, kAdvice);
    ParsedClock<MediaClockOffset> parsed;
    const std::string_view digits = text.substr(0, text.find(' '));
    text.remove_prefix(digits.size());
    const auto ticks = number(digits, UINT32_MAX);
    if (!ticks)
        return refuse<MediaClockOffset>(ClockWords::malformed, kAdvice);
    parsed.value.ticks = *ticks;
    if (!text.empty() && (!take_prefix(text, " rate=") || !parse_rate(text, parsed.value)))
        return refuse<MediaClockOffset>(ClockWords::malformed, kAdvice);
    parsed.words = ClockWords::ok;
    return parsed;
}

ParsedClock<ReferenceClock> parse_ts_refclk(std::string_view text) {
    if (take_prefix(text, "ntp="))
        return parse_ntp(text);
    if (take_prefix(text, "ptp="))
        return parse_ptp(text);
    if (text == "local")
        return refuse<ReferenceClock>(ClockWords::not_followed,
                                      "a sender's local clock is known to nobody else");
    if (text == "gps" || text == "gal" || text == "glonass" || text.starts_with("private") ||
        text.starts_with("localmac="))
        return refuse<ReferenceClock>(ClockWords::not_followed, "only ntp= and ptp= are followed");
    return refuse<ReferenceClock>(
        ClockWords::malformed,
        "must be ntp=HOST[:PORT], ptp=IEEE1588-2008[:GMID[:DOMAIN]] or local");
}

void MediaClock::start(const MediaClockOffset& offset) {
    offset_ = offset;
    pair_.reset();
}

bool MediaClock::wants_pair(std::int64_t running_ns) const {
    return !pair_ || running_ns < pair_->running_ns ||
           running_ns - pair_->running_ns >= kPairEveryNs;
}

void MediaClock::note_pair(const Pair& pair) {
    // An old pair that was read well is better than a new one that was not, for a while.
    if (pair_ && pair.spread_ns > kGoodSpreadNs && pair.spread_ns > pair_->spread_ns &&
        pair.running_ns >= pair_->running_ns && pair.running_ns - pair_->running_ns < kPairLastsNs)
        return;
    pair_ = pair;
}

std::optional<MediaClock::Place> MediaClock::place(std::uint32_t timestamp,
                                                   std::uint32_t clock_rate,
                                                   std::int64_t arrival_ns) const {
    if (!pair_ || clock_rate == 0)
        return std::nullopt;
    const Wide ticks_numerator = Wide{clock_rate} * offset_.rate_numerator;
    const Wide ticks_denominator = Wide{kNsPerSecond} * offset_.rate_denominator;
    // A half cycle of the timestamp is far more than what the rate makes of this.
    const std::int64_t since_ns = arrival_ns - pair_->running_ns;
    // Clock rates and times are whatever the sender and the clock say.
    constexpr Wide kMost = INT64_MAX / 2;
    const Wide arrived_ticks =
        (Wide{pair_->reference_ns} + since_ns) * ticks_numerator / ticks_denominator;
    if (arrived_ticks < 0 || arrived_ticks > kMost)
        return std::nullopt;
    const std::int64_t ticks =
        unwrap32(static_cast<std::int64_t>(arrived_ticks) + offset_.ticks, timestamp) -
        std::int64_t{offset_.ticks};
    const Wide reference_ns = ticks * ticks_denominator / ticks_numerator;
    if (reference_ns < 0 || reference_ns > 2 * kMost)
        return std::nullopt;
    Place place;
    place.reference_ns = static_cast<std::int64_t>(reference_ns);
    // The rate is near 1, so that the product of the difference keeps every nanosecond.
    const std::int64_t apart_ns = place.reference_ns - pair_->reference_ns;
    if (std::abs(apart_ns) > kMost / 2)
        return std::nullopt;
    place.running_ns =
        pair_->running_ns + apart_ns +
        static_cast<std::int64_t>(static_cast<double>(apart_ns) * (pair_->rate - 1.0));
    if (std::abs(place.running_ns - arrival_ns) > kFarNs)
        return std::nullopt;
    return place;
}

} // namespace tactus
