// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/incident_log.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;

LatencyPoint merged(const LatencyPoint& a, const LatencyPoint& b) {
    const std::uint64_t buffers = a.buffers + b.buffers;
    const double share = static_cast<double>(b.buffers) / static_cast<double>(buffers);
    const double p50 = static_cast<double>(a.p50_ns) * (1 - share) + //
                       static_cast<double>(b.p50_ns) * share;
    return {a.at_ns, buffers, static_cast<std::uint64_t>(p50), std::max(a.p99_ns, b.p99_ns),
            std::max(a.max_ns, b.max_ns)};
}

} // namespace

IncidentLog::IncidentLog(const Limits& limits)
    : limits_(limits), interval_ns_(limits.first_interval_ns) {}

void IncidentLog::incident(const Incident& incident) {
    if (incident.kind == IncidentKind::records_lost && !incidents_.empty()) {
        LoggedIncident& last = incidents_.back();
        if (last.kind == incident.kind && incident.at_ns - last.at_ns < kSecondNs) {
            last.amount += incident.amount;
            return;
        }
    }
    if (incidents_.size() >= limits_.max_incidents) {
        incidents_.pop_front();
        ++incidents_let_go_;
    }
    incidents_.push_back(
        {incident.kind, incident.at_ns, incident.amount, std::string(incident.subject)});
}

void IncidentLog::arrived(const Arrived& arrival) {
    const std::uint64_t interval = interval_of(arrival.at_ns);
    Series& series = series_of(arrival);
    // What another thread reports a little late counts for the interval that is open.
    if (!series.open || interval > series.open_at_ns) {
        close(series);
        close_silent(interval);
        series.open = std::make_unique<LogLinearHistogram>();
        series.open_at_ns =
            series.points.empty() ? interval : std::max(interval, series.points.back().at_ns);
    }
    series.last_ns = std::max(series.last_ns, arrival.at_ns);
    const std::uint64_t t0_ns = arrival.origins.oldest.t0_ns;
    series.open->record(arrival.at_ns > t0_ns ? arrival.at_ns - t0_ns : 0);
}

/// The begin of the interval that `at_ns` is in. Makes room for it.
std::uint64_t IncidentLog::interval_of(std::uint64_t at_ns) {
    if (start_ns_ == kNoTimeNs)
        start_ns_ = at_ns;
    if (at_ns < start_ns_)
        return start_ns_;
    while ((at_ns - start_ns_) / interval_ns_ >= limits_.slots)
        halve_resolution();
    return at_ns - (at_ns - start_ns_) % interval_ns_;
}

IncidentLog::Series& IncidentLog::series_of(const Arrived& arrival) {
    const auto is_same = [&](const Series& s) {
        return s.source_element == arrival.source_element && s.sink_element == arrival.sink_element;
    };
    const auto found = std::find_if(series_.begin(), series_.end(), is_same);
    if (found != series_.end())
        return *found;
    Series fresh;
    fresh.source_element = arrival.source_element;
    fresh.sink_element = arrival.sink_element;
    if (series_.size() < limits_.max_series)
        return series_.emplace_back(std::move(fresh));
    const auto silent =
        std::min_element(series_.begin(), series_.end(),
                         [](const Series& a, const Series& b) { return a.last_ns < b.last_ns; });
    ++series_let_go_;
    *silent = std::move(fresh);
    return *silent;
}

LatencyPoint IncidentLog::open_point(const Series& series) {
    const LogLinearHistogram::Summary summary = series.open->summary();
    return {series.open_at_ns, summary.count, summary.p50, summary.p99, summary.max};
}

void IncidentLog::close(Series& series) {
    if (!series.open)
        return;
    const LatencyPoint point = open_point(series);
    if (!series.points.empty() && series.points.back().at_ns == point.at_ns)
        series.points.back() = merged(series.points.back(), point);
    else
        series.points.push_back(point);
    series.open.reset();
}

// A path that has ended would keep 30 KiB of buckets.
void IncidentLog::close_silent(std::uint64_t interval) {
    for (Series& series : series_)
        if (series.open && series.open_at_ns + interval_ns_ < interval)
            close(series);
}

void IncidentLog::halve_resolution() {
    interval_ns_ *= 2;
    for (Series& series : series_) {
        close(series);
        merge_points(series);
    }
}

void IncidentLog::merge_points(Series& series) const {
    std::vector<LatencyPoint> points;
    for (LatencyPoint point : series.points) {
        point.at_ns -= (point.at_ns - start_ns_) % interval_ns_;
        if (!points.empty() && points.back().at_ns == point.at_ns)
            points.back() = merged(points.back(), point);
        else
            points.push_back(point);
    }
    series.points = std::move(points);
}

IncidentSnapshot IncidentLog::snapshot() const {
    IncidentSnapshot snapshot;
    snapshot.incidents.assign(incidents_.begin(), incidents_.end());
    snapshot.incidents_let_go = incidents_let_go_;
    snapshot.interval_ns = interval_ns_;
    snapshot.series_let_go = series_let_go_;
    for (const Series& series : series_) {
        LatencySeries& copy = snapshot.series.emplace_back();
        copy.source_element = series.source_element;
        copy.sink_element = series.sink_element;
        copy.points = series.points;
        if (!series.open)
            continue;
        const LatencyPoint point = open_point(series);
        if (!copy.points.empty() && copy.points.back().at_ns == point.at_ns)
            copy.points.back() = merged(copy.points.back(), point);
        else
            copy.points.push_back(point);
    }
    return snapshot;
}

void IncidentLog::reset() {
    *this = IncidentLog(limits_);
}

} // namespace tactus
