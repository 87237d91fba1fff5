// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/clock_reader.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

#if defined(__x86_64__)
#include <cpuid.h>
#include <x86intrin.h>
#endif

namespace tactus {

namespace {

constexpr unsigned kRounds = 5;
constexpr std::int64_t kLeastScaleNs = 500'000'000;

std::optional<std::int64_t> read_clock(clockid_t id) {
    timespec now{};
    if (clock_gettime(id, &now) != 0)
        return std::nullopt;
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

std::int64_t monotonic() {
    return read_clock(CLOCK_MONOTONIC).value_or(0);
}

#if defined(__x86_64__)
bool tsc_is_invariant() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) != 0 && (d & (1U << 8)) != 0;
}

std::uint64_t read_tsc() {
    return __rdtsc();
}
#else
bool tsc_is_invariant() {
    return false;
}

std::uint64_t read_tsc() {
    return 0;
}
#endif

struct Round {
    ClockReading reading;
    std::uint64_t tsc = 0;
    std::int64_t tsc_at_ns = 0; ///< CLOCK_MONOTONIC
};

Round read_round() {
    Round round;
    ClockReading& reading = round.reading;
    const std::int64_t moment = monotonic();
    reading.monotonic_ns = static_cast<std::uint64_t>(moment);
    std::int64_t before = moment;
    std::int64_t widest = 0;
    const auto bracket = [&](auto&& read) {
        auto value = read();
        const std::int64_t after = monotonic();
        const std::int64_t middle = before + (after - before) / 2;
        widest = std::max(widest, after - before);
        before = after;
        return std::pair(value, middle);
    };
    const auto at_moment = [&](clockid_t id) -> std::optional<std::int64_t> {
        const auto [value, middle] = bracket([id] { return read_clock(id); });
        return value ? std::optional(*value - (middle - moment)) : std::nullopt;
    };
    const auto [tsc, tsc_at] = bracket(read_tsc);
    round.tsc = tsc;
    round.tsc_at_ns = tsc_at;
    reading.monotonic_raw_ns = at_moment(CLOCK_MONOTONIC_RAW);
    reading.boottime_ns = at_moment(CLOCK_BOOTTIME);
    reading.realtime_ns = at_moment(CLOCK_REALTIME);
    reading.tai_ns = at_moment(CLOCK_TAI);
    reading.uncertainty_ns = static_cast<std::uint64_t>(widest / 2 + 1);
    return round;
}

} // namespace

// Asked once: the instruction takes microseconds in a virtual machine.
LinuxClockReader::LinuxClockReader() : has_tsc_(tsc_is_invariant()) {}

ClockReading LinuxClockReader::read() {
    Round best = read_round();
    for (unsigned i = 1; i < kRounds; ++i) {
        const Round round = read_round();
        if (round.reading.uncertainty_ns < best.reading.uncertainty_ns)
            best = round;
    }
    if (has_tsc_ && best.reading.monotonic_raw_ns) {
        scale_tsc(best.tsc, best.reading);
        if (best.reading.tsc_ns)
            *best.reading.tsc_ns -=
                best.tsc_at_ns - static_cast<std::int64_t>(best.reading.monotonic_ns);
    }
    return best.reading;
}

void LinuxClockReader::scale_tsc(std::uint64_t tsc, ClockReading& reading) {
    const std::int64_t raw_ns = *reading.monotonic_raw_ns;
    if (!first_tsc_) {
        first_tsc_ = tsc;
        first_raw_ns_ = raw_ns;
        return;
    }
    // Signed: after a migration to another machine it may be less than before.
    const auto since = static_cast<std::int64_t>(tsc - *first_tsc_);
    if (ns_per_tsc_ == 0) {
        if (raw_ns - first_raw_ns_ < kLeastScaleNs || since <= 0)
            return;
        ns_per_tsc_ = static_cast<double>(raw_ns - first_raw_ns_) / static_cast<double>(since);
    }
    reading.tsc_ns =
        first_raw_ns_ +
        static_cast<std::int64_t>(std::llroundl(static_cast<long double>(since) * ns_per_tsc_));
}

} // namespace tactus
