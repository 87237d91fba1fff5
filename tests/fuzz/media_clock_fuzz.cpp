// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// RFC 7273 media clocks: what SDP says of them, and what follows for packets. The input is a line
// of text, which goes to both parsers, and then records of 16 bytes: a reading of both clocks, or a
// packet.
#include "core/jitter/media_clock.h"
#include "fuzz_support.h"

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace tactus {

namespace {

constexpr std::size_t kRecordBytes = 16;
constexpr std::int64_t kLatestNs = INT64_MAX / 4; // what an element lets through

template <typename T>
void check_words(const ParsedClock<T>& parsed) {
    const bool ok = parsed.words == ClockWords::ok;
    require(ok || std::strlen(parsed.advice) > 0, "what is not followed is explained");
}

MediaClockOffset check_mediaclk(std::string_view text) {
    const auto parsed = parse_mediaclk(text);
    check_words(parsed);
    require(parsed.value.rate_numerator != 0 && parsed.value.rate_denominator != 0,
            "a rate is a number");
    require(parsed.words != ClockWords::ok || text.starts_with("direct="),
            "only an offset is followed");
    return parsed.value;
}

void check_refclk(std::string_view text) {
    const auto parsed = parse_ts_refclk(text);
    check_words(parsed);
    if (parsed.words != ClockWords::ok)
        return;
    if (parsed.value.kind == ReferenceClock::Kind::ptp) {
        require(parsed.value.domain <= 127, "a domain is at most 127");
        return;
    }
    require(!parsed.value.host.empty(), "a host has a name");
    require(parsed.value.host.find_first_of(" \t/[]") == std::string::npos,
            "a host's name is one word");
    require(text.find(parsed.value.host) != std::string_view::npos, "the host is in the text");
    require(parsed.value.port != 0, "there is no port 0");
}

std::uint64_t take(std::span<const std::uint8_t>& bytes, std::size_t count) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value = value << 8 | bytes[i];
    bytes = bytes.subspan(count);
    return value;
}

std::int64_t take_ns(std::span<const std::uint8_t>& bytes) {
    return static_cast<std::int64_t>(take(bytes, 7) << 6) % kLatestNs;
}

void run(MediaClock& clock, std::span<const std::uint8_t> record) {
    const std::uint64_t kind = take(record, 1);
    const std::int64_t running_ns = take_ns(record);
    if (kind % 2 == 0) {
        MediaClock::Pair pair;
        pair.running_ns = running_ns;
        pair.reference_ns = take_ns(record);
        pair.rate = 0.5 + static_cast<double>(kind) / 170;
        pair.spread_ns = static_cast<std::int64_t>(take(record, 1)) * 1000;
        clock.note_pair(pair);
        return;
    }
    const auto timestamp = static_cast<std::uint32_t>(take(record, 4));
    const auto clock_rate = static_cast<std::uint32_t>(take(record, 4) & INT32_MAX);
    const auto place = clock.place(timestamp, clock_rate, running_ns);
    if (!place)
        return;
    require(clock_rate != 0, "a clock that stands still gives no time");
    require(place->reference_ns >= 0, "nothing lies before the epoch");
    require(place->running_ns <= running_ns + MediaClock::kFarNs &&
                place->running_ns >= running_ns - MediaClock::kFarNs,
            "a packet belongs near its arrival");
}

} // namespace

} // namespace tactus

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace tactus;
    std::span<const std::uint8_t> rest(data, size);
    std::string text;
    while (!rest.empty() && rest[0] != '\n') {
        text.push_back(static_cast<char>(rest[0]));
        rest = rest.subspan(1);
    }
    check_refclk(text);
    MediaClock clock;
    clock.start(check_mediaclk(text));
    if (!rest.empty())
        rest = rest.subspan(1);
    for (; rest.size() >= kRecordBytes; rest = rest.subspan(kRecordBytes))
        run(clock, rest.first(kRecordBytes));
    return 0;
}
