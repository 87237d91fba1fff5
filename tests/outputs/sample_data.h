// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/incident_log.h"
#include "core/clock/clock_health_snapshot.h"
#include "core/latency/latency_snapshot.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tactus::test {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMs;

/// Values around `typical_ns` with a long tail; the same for the same `seed`.
DurationStats durations(std::uint64_t typical_ns, double spread, unsigned count, unsigned seed);

/// What a tracer knows after a minute: a conference with queue, tee, encoder and jitter buffer, a
/// compositor of two sources, and a GPU.
LatencySnapshot sample_latency();
/// `pipelines` pipelines of `length` elements each, with a tee in each.
LatencySnapshot large_latency(unsigned pipelines, unsigned length);
ClockHealthSnapshot sample_clock_health();
IncidentSnapshot sample_incidents(const LatencySnapshot& latency);

} // namespace tactus::test
