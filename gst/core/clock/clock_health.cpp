// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/clock_health.h"

#include <algorithm>
#include <cmath>

namespace tactus {

namespace {

struct ClockName {
    std::string_view name;
    std::string_view offset;
    std::string_view drift;
    bool slews; ///< against CLOCK_MONOTONIC
};

constexpr std::size_t kPipeline = 5;
constexpr std::array<ClockName, ClockHealth::kClocks> kNames{{
    {"monotonic-raw", "clock monotonic-raw offset", "clock monotonic-raw drift", true},
    {"boottime", "clock boottime offset", "clock boottime drift", false},
    {"realtime", "clock realtime offset", "clock realtime drift", false},
    {"tai", "clock tai offset", "clock tai drift", false},
    {"tsc", "clock tsc offset", "clock tsc drift", true},
    {"pipeline", "clock pipeline offset", "clock pipeline drift", true},
}};

constexpr double kSlewAllowance = 1000e-6;

std::array<std::optional<std::int64_t>, ClockHealth::kClocks> values(const ClockReading& reading) {
    return {reading.monotonic_raw_ns, reading.boottime_ns, reading.realtime_ns,
            reading.tai_ns,           reading.tsc_ns,      reading.pipeline_ns};
}

template <typename Points>
double median_slope(const Points& points) {
    std::vector<double> slopes;
    slopes.reserve(points.size() * (points.size() - 1) / 2);
    for (std::size_t i = 0; i < points.size(); ++i)
        for (std::size_t j = i + 1; j < points.size(); ++j)
            slopes.push_back(static_cast<double>(points[j].offset_ns - points[i].offset_ns) /
                             static_cast<double>(points[j].monotonic_ns - points[i].monotonic_ns));
    if (slopes.empty())
        return 0;
    const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
    std::nth_element(slopes.begin(), middle, slopes.end());
    return *middle;
}

} // namespace

ClockHealth::ClockHealth(const Settings& settings) : settings_(settings) {}

std::vector<Incident> ClockHealth::add(const ClockReading& reading) {
    std::vector<Incident> incidents;
    if (reading.monotonic_ns <= newest_ns_)
        return incidents;
    newest_ns_ = reading.monotonic_ns;
    const auto now = values(reading);
    for (std::size_t i = 0; i < kClocks; ++i) {
        if (!now[i]) {
            clocks_[i].points.clear();
            continue;
        }
        const Point point{reading.monotonic_ns,
                          *now[i] - static_cast<std::int64_t>(reading.monotonic_ns),
                          reading.uncertainty_ns};
        if (const auto jump = add_point(i, point))
            incidents.push_back(
                {IncidentKind::clock_jump, reading.monotonic_ns, *jump, kNames[i].name});
    }
    return incidents;
}

double ClockHealth::tolerance_ns(std::size_t index, const Point& before, const Point& now) const {
    const std::uint64_t threshold =
        index == kPipeline ? settings_.pipeline_jump_threshold_ns : settings_.jump_threshold_ns;
    const auto elapsed_ns = static_cast<double>(now.monotonic_ns - before.monotonic_ns);
    return static_cast<double>(threshold + before.uncertainty_ns + now.uncertainty_ns) +
           (kNames[index].slews ? kSlewAllowance * elapsed_ns : 0.0);
}

std::optional<std::int64_t> ClockHealth::add_point(std::size_t index, const Point& point) {
    Clock& clock = clocks_[index];
    std::optional<std::int64_t> jump;
    if (clock.points.empty()) {
        clock.first_offset_ns = point.offset_ns;
        clock.drift = 0;
    } else {
        const Point& before = clock.points.back();
        const double foretold =
            clock.drift * static_cast<double>(point.monotonic_ns - before.monotonic_ns);
        const std::int64_t off =
            point.offset_ns - before.offset_ns - static_cast<std::int64_t>(std::llround(foretold));
        if (std::abs(static_cast<double>(off)) > tolerance_ns(index, before, point)) {
            jump = off;
            ++clock.jumps;
            clock.last_jump_ns = off;
            for (Point& earlier : clock.points)
                earlier.offset_ns += off;
        }
    }
    if (clock.points.size() == kWindow)
        clock.points.erase(clock.points.begin());
    clock.points.push_back(point);
    clock.drift = median_slope(clock.points);
    return jump;
}

std::vector<ClockStats> ClockHealth::stats() const {
    std::vector<ClockStats> stats;
    for (std::size_t i = 0; i < kClocks; ++i) {
        const Clock& clock = clocks_[i];
        if (clock.points.empty() && clock.jumps == 0)
            continue;
        ClockStats entry;
        entry.name = kNames[i].name;
        if (!clock.points.empty())
            entry.offset_ns = static_cast<double>(clock.points.back().offset_ns);
        entry.drift_ppm = clock.drift * 1e6;
        entry.jumps = clock.jumps;
        entry.last_jump_ns = clock.last_jump_ns;
        stats.push_back(entry);
    }
    return stats;
}

void ClockHealth::append_samples(std::uint64_t at_ns, std::vector<CounterSample>& samples) const {
    for (std::size_t i = 0; i < kClocks; ++i) {
        const Clock& clock = clocks_[i];
        if (clock.points.empty())
            continue;
        const std::int64_t change = clock.points.back().offset_ns - clock.first_offset_ns;
        samples.push_back({at_ns, kNames[i].offset, "ns", static_cast<double>(change)});
        samples.push_back({at_ns, kNames[i].drift, "ppm", clock.drift * 1e6});
    }
}

} // namespace tactus
