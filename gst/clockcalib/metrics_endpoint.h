// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/clock_health_snapshot.h"
#include "core/latency/latency_snapshot.h"

#include <functional>
#include <memory>
#include <string>

namespace tactus {

/// What one scrape shows.
struct MetricsInput {
    LatencySnapshot latency;
    ClockHealthSnapshot clocks;
};

/// Serves http://ADDRESS/metrics in the Prometheus text format, with prometheus-cpp. The names are
/// those of metric_families.cpp; docs/clockcalib-dashboard.json draws them.
///
/// Threads: create and destroy on any one thread. `Source` is called on an HTTP thread at each
/// scrape, one scrape at a time; if it throws, that scrape shows tactus_scrape_errors_total alone.
/// The destructor waits for a scrape that is under way, so never call it with a lock held that
/// Source takes.
///
/// Errors: create() returns null and an error text for a malformed address, an address that cannot
/// be bound, and a build without prometheus-cpp.
class MetricsEndpoint {
  public:
    using Source = std::function<MetricsInput()>;

    /// `address` as parse_metrics_address() reads it; port 0 takes a free one.
    static std::unique_ptr<MetricsEndpoint> create(const std::string& address, Source source,
                                                   std::string& error);
    virtual ~MetricsEndpoint() = default;

    /// Where it listens, with the real port: "127.0.0.1:9464".
    virtual std::string address() const = 0;
};

} // namespace tactus
