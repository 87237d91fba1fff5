// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/incident_log.h"
#include "clockcalib/metrics_endpoint.h"
#include "clockcalib/otlp_exporter.h"
#include "clockcalib/settings.h"
#include "clockcalib/stats.h"
#include "core/trace/trace_file.h"
#include "core/trace/trace_timeline.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// Problems from another thread, until somebody tells them.
class ProblemBox {
  public:
    void put(const std::string& problem);
    std::vector<std::string> take();

  private:
    std::mutex mutex_;
    std::vector<std::string> problems_;
};

/// Where the figures go: trace file, metrics endpoint, OpenTelemetry, report.
///
/// Threads: under the engine's mutex, but for what says otherwise. Errors are sentences for people.
class Outputs {
  public:
    ~Outputs();

    /// Adds what `settings` ask for and is not there yet; a second file of a kind is a problem.
    /// Returns what is to observe the analyzer.
    std::vector<LatencyObserver*> add(const Settings& settings, std::uint64_t now_ns,
                                      std::vector<std::string>& problems);

    /// Any thread, without the engine's mutex: `source` takes it for each scrape.
    static std::unique_ptr<MetricsEndpoint> open_metrics(const Settings& settings,
                                                         MetricsEndpoint::Source source,
                                                         std::vector<std::string>& problems);
    bool has_metrics() const { return metrics_ != nullptr; }
    void keep_metrics(std::unique_ptr<MetricsEndpoint> metrics) { metrics_ = std::move(metrics); }
    std::string metrics_address() const;
    /// To be destroyed without the engine's mutex: a scrape may be waiting for it.
    std::unique_ptr<MetricsEndpoint> take_metrics() { return std::move(metrics_); }

    /// What is due at this time; call it several times a second. Returns new problems.
    std::vector<std::string> serve(std::uint64_t now_ns);
    /// Writes out what is held back.
    void flush(std::uint64_t now_ns);
    /// The end: closes the files, hands the last spans over, writes the report.
    std::vector<std::string> finish(const Stats& stats, std::uint64_t now_ns);
    /// In a forked child: the files are the parent's.
    void abandon();

    /// Any thread.
    static std::string write_report(const std::string& path, const Stats& stats);

  private:
    bool add_trace(const Settings& settings, std::uint64_t now_ns,
                   std::vector<std::string>& problems);
    bool add_otlp(const Settings& settings, std::vector<std::string>& problems);
    void add_report(const std::string& path, std::vector<std::string>& problems);

    std::unique_ptr<TraceFile> trace_file_;
    std::unique_ptr<TraceTimeline> timeline_;
    std::unique_ptr<OtlpExporter> otlp_;
    std::unique_ptr<MetricsEndpoint> metrics_;
    std::string report_;
    std::uint64_t next_flush_ns_ = 0;
    std::uint64_t next_clocks_ns_ = 0;
    bool trace_problem_told_ = false;
    std::string otlp_url_;
    std::shared_ptr<ProblemBox> otlp_problems_ = std::make_shared<ProblemBox>();
};

} // namespace tactus
