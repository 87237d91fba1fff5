// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// The value nearest to `reference` whose low 16 (or 32) bits are `wire`: how a counter that wraps
/// becomes one that does not (RFC 3550 section 5.1). Exactly half a cycle away counts as behind.
constexpr std::int64_t unwrap16(std::int64_t reference, std::uint16_t wire) {
    const auto low = static_cast<std::uint16_t>(static_cast<std::uint64_t>(reference));
    return reference + static_cast<std::int16_t>(static_cast<std::uint16_t>(wire - low));
}

constexpr std::int64_t unwrap32(std::int64_t reference, std::uint32_t wire) {
    const auto low = static_cast<std::uint32_t>(static_cast<std::uint64_t>(reference));
    return reference + static_cast<std::int32_t>(wire - low);
}

/// RTP ticks in nanoseconds, rounded down, without the overflow of a plain product. Saturates at
/// about 126 years, so that differences of two results never overflow.
constexpr std::int64_t ticks_to_ns(std::int64_t ticks, std::uint32_t clock_rate) {
    constexpr std::int64_t kNsPerSecond = 1'000'000'000;
    constexpr std::int64_t kMostSeconds = 4'000'000'000;
    std::int64_t seconds = ticks / clock_rate;
    std::int64_t rest = ticks % clock_rate;
    if (rest < 0) {
        rest += clock_rate;
        --seconds;
    }
    if (seconds >= kMostSeconds)
        return kMostSeconds * kNsPerSecond;
    if (seconds < -kMostSeconds)
        return -kMostSeconds * kNsPerSecond;
    return seconds * kNsPerSecond + rest * kNsPerSecond / clock_rate;
}

} // namespace tactus
