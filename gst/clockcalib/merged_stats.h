// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_snapshot.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tactus {

/// Upper bounds of the buckets that Prometheus sees: 1, 2, 5 per decade from 1 µs to 10 s. Fixed,
/// because series of other bounds cannot be added up or compared over time.
constexpr std::array<std::uint64_t, 22> kBucketBoundsNs = {
    1'000,         2'000,         5'000,         10'000,        20'000,      50'000,
    100'000,       200'000,       500'000,       1'000'000,     2'000'000,   5'000'000,
    10'000'000,    20'000'000,    50'000'000,    100'000'000,   200'000'000, 500'000'000,
    1'000'000'000, 2'000'000'000, 5'000'000'000, 10'000'000'000};

/// Adds `more` to `into`, as if one histogram had counted both.
void merge(DurationStats& into, const DurationStats& more);
/// Adds the figures, not the name.
void merge(ElementStats& into, const ElementStats& more);
void merge(PathStats& into, const PathStats& more);

/// How many values lie at or below each of `bounds_ns` (rising). A bucket of the histogram that a
/// bound cuts counts as above it, which moves a bound by 1.6 % at most.
std::vector<std::uint64_t> cumulate(const DurationStats& stats,
                                    std::span<const std::uint64_t> bounds_ns);

} // namespace tactus
