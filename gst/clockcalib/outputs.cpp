// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/outputs.h"

#include "config.h"

#include "clockcalib/report.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <ctime>
#include <random>
#include <utility>

namespace tactus {

namespace {

constexpr std::uint64_t kFlushPeriodNs = 200'000'000;
constexpr std::uint64_t kClockPeriodNs = 5'000'000'000;
constexpr std::chrono::milliseconds kOtlpFarewell{2000};

std::uint64_t read_ns(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000U +
           static_cast<std::uint64_t>(t.tv_nsec);
}

TraceClocks read_clocks() {
    return {read_ns(CLOCK_MONOTONIC), read_ns(CLOCK_MONOTONIC_RAW), read_ns(CLOCK_BOOTTIME),
            read_ns(CLOCK_REALTIME)};
}

std::string program_name() {
    std::array<char, 64> name{};
    std::FILE* file = std::fopen("/proc/self/comm", "re");
    if (file == nullptr)
        return "unknown";
    const std::size_t length = std::fread(name.data(), 1, name.size() - 1, file);
    std::fclose(file);
    std::string text(name.data(), length);
    while (!text.empty() && text.back() == '\n')
        text.pop_back();
    return text;
}

std::int64_t realtime_offset_ns(const TraceClocks& clocks) {
    return static_cast<std::int64_t>(clocks.realtime_ns - clocks.monotonic_ns);
}

/// What the trace lacks, in a sentence; empty if it is whole.
std::string missing_text(const TraceFile& file, const TraceTimeline::LeftOut& left_out) {
    std::string text;
    const auto add = [&text](std::uint64_t count, const char* what) {
        if (count > 0)
            text += (text.empty() ? "the trace lacks " : ", ") + std::to_string(count) + what;
    };
    add(file.packets_lost(), " packets that could not be written");
    add(left_out.residences, " residences (no lane was free)");
    add(left_out.gpu_slices, " slices of GPU work (no lane was free, or too many queues)");
    add(left_out.pushes, " pushes (nested too deeply, or too many threads)");
    add(left_out.samples, " samples (too many counters)");
    return text;
}

OtlpExporter::Settings otlp_settings(const Settings& settings,
                                     const std::shared_ptr<ProblemBox>& problems) {
    OtlpExporter::Settings otlp;
    otlp.url = settings.otlp;
    otlp.spans.sample_every = static_cast<std::uint32_t>(settings.otlp_sample);
    std::random_device random;
    for (std::uint64_t& seed : otlp.spans.seed)
        seed = (std::uint64_t{random()} << 32) | random();
    std::array<char, 256> host{};
    if (gethostname(host.data(), host.size() - 1) != 0)
        host[0] = '\0';
    otlp.resource = {program_name(), host.data(), PACKAGE_VERSION, getpid()};
    otlp.realtime_offset_ns = realtime_offset_ns(read_clocks());
    otlp.on_error = [problems](const std::string& problem) { problems->put(problem); };
    return otlp;
}

} // namespace

void ProblemBox::put(const std::string& problem) {
    const std::lock_guard lock(mutex_);
    problems_.push_back(problem);
}

std::vector<std::string> ProblemBox::take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(problems_, {});
}

Outputs::~Outputs() = default;

bool Outputs::add_trace(const Settings& settings, std::uint64_t now_ns,
                        std::vector<std::string>& problems) {
    if (settings.trace.empty())
        return false;
    if (trace_file_) {
        problems.push_back("trace '" + settings.trace +
                           "' is not written: this process already writes '" + trace_file_->path() +
                           "'");
        return false;
    }
    std::string error;
    trace_file_ = TraceFile::open(settings.trace, error);
    if (!trace_file_) {
        problems.push_back(error);
        return false;
    }
    timeline_ = std::make_unique<TraceTimeline>(
        *trace_file_, TraceTimeline::Process{getpid(), program_name()}, read_clocks());
    next_flush_ns_ = now_ns;
    return true;
}

bool Outputs::add_otlp(const Settings& settings, std::vector<std::string>& problems) {
    if (settings.otlp.empty())
        return false;
    if (otlp_) {
        problems.push_back("otlp '" + settings.otlp +
                           "' is not served: this process already sends spans elsewhere");
        return false;
    }
    std::string error;
    otlp_ = OtlpExporter::create(otlp_settings(settings, otlp_problems_), error);
    if (!otlp_)
        problems.push_back(error);
    otlp_url_ = settings.otlp;
    return otlp_ != nullptr;
}

std::vector<LatencyObserver*> Outputs::add(const Settings& settings, std::uint64_t now_ns,
                                           std::vector<std::string>& problems) {
    std::vector<LatencyObserver*> observers;
    if (add_trace(settings, now_ns, problems))
        observers.push_back(timeline_.get());
    if (add_otlp(settings, problems))
        observers.push_back(otlp_.get());
    if (!settings.report.empty() && !report_.empty() && report_ != settings.report)
        problems.push_back("report '" + settings.report +
                           "' is not written: this process already writes '" + report_ + "'");
    else if (!settings.report.empty())
        add_report(settings.report, problems);
    return observers;
}

void Outputs::add_report(const std::string& path, std::vector<std::string>& problems) {
    // At the end, when it is written, the measurement would be lost. It is tried then all the same.
    if (std::string problem = why_no_report(path); !problem.empty())
        problems.push_back(std::move(problem));
    report_ = path;
}

std::unique_ptr<MetricsEndpoint> Outputs::open_metrics(const Settings& settings,
                                                       MetricsEndpoint::Source source,
                                                       std::vector<std::string>& problems) {
    if (settings.metrics.empty())
        return nullptr;
    std::string error;
    auto metrics = MetricsEndpoint::create(settings.metrics, std::move(source), error);
    if (metrics)
        std::fprintf(stderr, "clockcalib: metrics at http://%s/metrics\n",
                     metrics->address().c_str());
    else
        problems.push_back(error);
    return metrics;
}

std::string Outputs::metrics_address() const {
    return metrics_ ? metrics_->address() : "";
}

std::vector<std::string> Outputs::serve(std::uint64_t now_ns) {
    std::vector<std::string> problems;
    if (now_ns >= next_flush_ns_) {
        flush(now_ns);
        next_flush_ns_ = now_ns + kFlushPeriodNs;
    }
    if (now_ns >= next_clocks_ns_) {
        next_clocks_ns_ = now_ns + kClockPeriodNs;
        const TraceClocks clocks = read_clocks();
        if (timeline_)
            timeline_->clocks(clocks);
        if (otlp_)
            otlp_->set_realtime_offset_ns(realtime_offset_ns(clocks));
    }
    if (trace_file_ && trace_file_->failed() && !std::exchange(trace_problem_told_, true))
        problems.push_back(trace_file_->error());
    if (otlp_)
        for (std::string& problem : otlp_problems_->take())
            problems.push_back(std::move(problem));
    return problems;
}

void Outputs::flush(std::uint64_t now_ns) {
    if (timeline_)
        timeline_->flush(now_ns);
}

std::vector<std::string> Outputs::finish(const Stats& stats, std::uint64_t now_ns) {
    if (timeline_)
        timeline_->close(now_ns);
    std::vector<std::string> problems = serve(now_ns);
    if (timeline_)
        if (std::string missing = missing_text(*trace_file_, timeline_->left_out());
            !missing.empty())
            problems.push_back(std::move(missing));
    if (otlp_) {
        otlp_->stop(kOtlpFarewell);
        const OtlpExporter::Stats sent = otlp_->stats();
        if (const auto lost = sent.dropped + sent.refused + sent.unsent; lost > 0)
            problems.push_back(std::to_string(lost) + " of " + std::to_string(lost + sent.sent) +
                               " spans did not reach '" + otlp_url_ + "' (" +
                               (sent.trouble.empty() ? "the queue was full" : sent.trouble) + ")");
    }
    if (!report_.empty()) {
        std::string problem = write_report(report_, stats);
        if (!problem.empty())
            problems.push_back(std::move(problem));
        else
            std::fprintf(stderr, "clockcalib: report in %s\n", report_.c_str());
    }
    return problems;
}

void Outputs::abandon() {
    if (trace_file_)
        trace_file_->abandon();
}

std::string Outputs::write_report(const std::string& path, const Stats& stats) {
    return tactus::write_report(
        path, {stats.latency, stats.clocks, stats.incidents, program_name(), std::time(nullptr)});
}

} // namespace tactus
