// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_observer.h"
#include "core/stats/log_linear_histogram.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace tactus {

/// An Incident that owns its words.
struct LoggedIncident {
    IncidentKind kind = IncidentKind::stall;
    std::uint64_t at_ns = 0;
    std::int64_t amount = 0; ///< ns of the stall or jump (signed); number of records
    std::string subject;
};

/// The latency of what arrived within one interval.
struct LatencyPoint {
    std::uint64_t at_ns = 0; ///< begin of the interval, CLOCK_MONOTONIC
    std::uint64_t buffers = 0;
    std::uint64_t p50_ns = 0;
    std::uint64_t p99_ns = 0;
    std::uint64_t max_ns = 0;
};

/// One path over time, of the oldest content in each buffer; intervals without an arrival are
/// missing.
struct LatencySeries {
    std::uint32_t source_element = 0;
    std::uint32_t sink_element = 0;
    std::vector<LatencyPoint> points; ///< rising
};

struct IncidentSnapshot {
    std::vector<LoggedIncident> incidents; ///< the newest, in the order in which they were told
    std::uint64_t incidents_let_go = 0;    ///< older ones
    std::uint64_t interval_ns = 0;         ///< of the points
    std::vector<LatencySeries> series;
    std::uint64_t series_let_go = 0; ///< paths that gave way to newer ones
};

/// Remembers stalls, jumps and lost records, and how the latency of each path went over time, for
/// drawing.
///
/// Memory is bounded: the newest `max_incidents`; `max_series` paths, of which the one that has
/// been silent longest gives way; `slots` intervals. When the slots are full the interval doubles
/// and neighbours are merged: count and maximum stay exact, the median becomes the mean of the two
/// medians weighted by count (the true one lies between them as well), P99 the larger of the two.
/// Records that are lost within a second are one entry, so that a burst does not push out what
/// matters.
///
/// Threads: one thread calls everything (clockcalib's drain thread). Times are CLOCK_MONOTONIC
/// in ns.
class IncidentLog : public LatencyObserver {
  public:
    struct Limits {
        std::size_t max_incidents = 1000;
        std::size_t max_series = 64;
        std::size_t slots = 1200;
        std::uint64_t first_interval_ns = 250'000'000;
    };

    IncidentLog() : IncidentLog(Limits{}) {}
    /// Every limit is at least 1, `slots` at least 2.
    explicit IncidentLog(const Limits& limits);

    void arrived(const Arrived& arrival) override;
    void incident(const Incident& incident) override;

    IncidentSnapshot snapshot() const;
    /// As if nothing had been told.
    void reset();

  private:
    struct Series {
        std::uint32_t source_element = 0;
        std::uint32_t sink_element = 0;
        std::uint64_t last_ns = 0;
        std::vector<LatencyPoint> points; // closed
        std::uint64_t open_at_ns = 0;     // begin of the interval that still grows
        std::unique_ptr<LogLinearHistogram> open;
    };

    Series& series_of(const Arrived& arrival);
    std::uint64_t interval_of(std::uint64_t at_ns);
    void halve_resolution();
    void merge_points(Series& series) const;
    static void close(Series& series);
    void close_silent(std::uint64_t interval);
    static LatencyPoint open_point(const Series& series);

    Limits limits_;
    std::deque<LoggedIncident> incidents_;
    std::uint64_t incidents_let_go_ = 0;
    std::uint64_t interval_ns_;
    std::uint64_t start_ns_ = kNoTimeNs; // begin of the first interval
    std::vector<Series> series_;
    std::uint64_t series_let_go_ = 0;
};

} // namespace tactus
