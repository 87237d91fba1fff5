// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/metric_families.h"

#include "clockcalib/merged_stats.h"
#include "core/latency/duration_histogram.h"

#include <limits>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>

namespace tactus {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;

constexpr double kNanosecond = 1e-9;
constexpr double kPpm = 1e-6;

struct Words {
    const char* name;
    const char* help;
};

/// One family while it is filled. It is left out if nothing was added.
class Family {
  public:
    Family(Words words, MetricType type) {
        family_.name = words.name;
        family_.help = words.help;
        family_.type = type;
    }

    void add(const Labels& labels, double value) {
        ClientMetric& metric = next(labels);
        if (family_.type == MetricType::Counter)
            metric.counter.value = value;
        else
            metric.gauge.value = value;
    }

    void add(const Labels& labels, const DurationStats& stats) {
        const std::uint64_t total = total_count(stats);
        if (total == 0)
            return;
        auto& histogram = next(labels).histogram;
        const auto counts = cumulate(stats, kBucketBoundsNs);
        for (std::size_t i = 0; i < counts.size(); ++i)
            histogram.bucket.push_back(
                {counts[i], static_cast<double>(kBucketBoundsNs[i]) * kNanosecond});
        histogram.bucket.push_back({total, std::numeric_limits<double>::infinity()});
        histogram.sample_count = total;
        histogram.sample_sum = static_cast<double>(stats.sum_ns) * kNanosecond;
    }

    /// Gauges, because what they come from has no sum, or because a P99 of 1.6 % is wanted that
    /// histogram_quantile() cannot give. Quantile 1 is the maximum.
    void add_quantiles(const Labels& labels, const LogLinearHistogram::Summary& summary) {
        if (summary.count == 0)
            return;
        const std::pair<const char*, std::uint64_t> quantiles[] = {{"0.5", summary.p50},
                                                                   {"0.99", summary.p99},
                                                                   {"0.999", summary.p999},
                                                                   {"1", summary.max}};
        for (const auto& [quantile, value_ns] : quantiles) {
            Labels with = labels;
            with.push_back({"quantile", quantile});
            add(with, static_cast<double>(value_ns) * kNanosecond);
        }
    }

    void move_to(std::vector<MetricFamily>& families) {
        if (!family_.metric.empty())
            families.push_back(std::move(family_));
    }

  private:
    ClientMetric& next(const Labels& labels) {
        ClientMetric& metric = family_.metric.emplace_back();
        metric.label = labels;
        return metric;
    }

    MetricFamily family_;
};

/// How an element is named in labels.
struct ElementLabels {
    std::string pipeline;
    std::string element;
    std::string factory;
    auto operator<=>(const ElementLabels&) const = default;
};

ElementLabels labels_of(const ElementInfo& info) {
    const std::size_t slash = info.path.find('/');
    if (slash == std::string::npos)
        return {"", info.path.empty() ? info.name : info.path, info.factory};
    return {info.path.substr(0, slash), info.path.substr(slash + 1), info.factory};
}

using Elements = std::map<ElementLabels, ElementStats>;

struct PathLabels {
    std::string pipeline;
    std::string source;
    std::string sink;
    auto operator<=>(const PathLabels&) const = default;
};

using Paths = std::map<PathLabels, PathStats>;

Elements elements_of(const LatencySnapshot& snapshot) {
    Elements elements;
    for (const ElementStats& stats : snapshot.elements)
        merge(elements[labels_of(stats.info)], stats);
    return elements;
}

Paths paths_of(const LatencySnapshot& snapshot) {
    std::unordered_map<std::uint32_t, ElementLabels> names;
    for (const ElementStats& stats : snapshot.elements)
        names.emplace(stats.info.id, labels_of(stats.info));
    const auto name_of = [&](std::uint32_t id) {
        const auto found = names.find(id);
        return found != names.end() ? found->second
                                    : ElementLabels{"", "element " + std::to_string(id), ""};
    };
    Paths paths;
    for (const PathStats& stats : snapshot.paths) {
        const ElementLabels sink = name_of(stats.sink_element);
        merge(paths[{sink.pipeline, name_of(stats.source_element).element, sink.element}], stats);
    }
    return paths;
}

struct ElementNumber {
    Words words;
    std::uint64_t ElementStats::*value;
};

constexpr ElementNumber kElementCounters[] = {
    {{"tactus_element_in_buffers_total", "Buffers that went into the element."},
     &ElementStats::buffers_in},
    {{"tactus_element_out_buffers_total", "Buffers that came out of the element."},
     &ElementStats::buffers_out},
    {{"tactus_element_out_bytes_total", "Bytes that came out of the element."},
     &ElementStats::bytes_out},
    {{"tactus_element_dropped_buffers_total", "Buffers that went in and never came out."},
     &ElementStats::dropped},
    {{"tactus_element_duplicated_buffers_total", "Buffers that came out more than once."},
     &ElementStats::duplicated},
    {{"tactus_element_inferred_buffers_total",
      "Buffers that came out whose origin was found by running time."},
     &ElementStats::inferred},
};

constexpr ElementNumber kElementGauges[] = {
    {{"tactus_element_inside_buffers", "Buffers inside the element now: a queue's level."},
     &ElementStats::inside},
    {{"tactus_element_reorder_depth_buffers", "How many newer buffers overtook one, at most."},
     &ElementStats::reorder_depth_max},
};

struct ElementDuration {
    Words words;
    DurationStats ElementStats::*value;
};

constexpr ElementDuration kElementHistograms[] = {
    {{"tactus_element_residence_seconds", "From going into the element to coming out."},
     &ElementStats::residence},
    {{"tactus_element_self_seconds", "Time of pushes into the element, without nested pushes."},
     &ElementStats::self},
    {{"tactus_sink_sync_wait_seconds", "Time that a sink waited for its clock."},
     &ElementStats::sync_wait},
};

constexpr ElementDuration kElementQuantiles[] = {
    {{"tactus_element_residence_quantile_seconds",
      "Residence since the start: P50, P99, P99.9, maximum (quantile 1); within 1.6 %."},
     &ElementStats::residence},
    {{"tactus_element_self_quantile_seconds",
      "Self time since the start: P50, P99, P99.9, maximum (quantile 1); within 1.6 %."},
     &ElementStats::self},
};

void add_elements(const Elements& elements, std::vector<MetricFamily>& families) {
    std::vector<std::pair<Labels, const ElementStats*>> labelled;
    for (const auto& [name, stats] : elements)
        labelled.push_back(
            {{{"pipeline", name.pipeline}, {"element", name.element}, {"factory", name.factory}},
             &stats});
    const auto numbers = [&](const auto& table, MetricType type) {
        for (const auto& [words, value] : table) {
            Family family(words, type);
            for (const auto& [labels, stats] : labelled)
                family.add(labels, static_cast<double>(stats->*value));
            family.move_to(families);
        }
    };
    numbers(kElementCounters, MetricType::Counter);
    numbers(kElementGauges, MetricType::Gauge);
    for (const auto& [words, value] : kElementHistograms) {
        Family family(words, MetricType::Histogram);
        for (const auto& [labels, stats] : labelled)
            family.add(labels, stats->*value);
        family.move_to(families);
    }
    for (const auto& [words, value] : kElementQuantiles) {
        Family family(words, MetricType::Gauge);
        for (const auto& [labels, stats] : labelled)
            family.add_quantiles(labels, (stats->*value).summary);
        family.move_to(families);
    }
}

void add_paths(const Paths& paths, std::vector<MetricFamily>& families) {
    Family oldest({"tactus_path_latency_seconds",
                   "Latency from source to sink of the oldest content of each buffer."},
                  MetricType::Histogram);
    Family newest({"tactus_path_newest_latency_seconds",
                   "Latency from source to sink of the newest content of each buffer."},
                  MetricType::Histogram);
    Family quantiles({"tactus_path_latency_quantile_seconds",
                      "Latency of the oldest content since the start: P50, P99, P99.9, maximum "
                      "(quantile 1); within 1.6 %."},
                     MetricType::Gauge);
    Family buffers({"tactus_path_buffers_total", "Buffers that arrived at the sink."},
                   MetricType::Counter);
    Family inferred({"tactus_path_inferred_buffers_total",
                     "Buffers that arrived whose origin was found by running time."},
                    MetricType::Counter);
    for (const auto& [name, stats] : paths) {
        const Labels labels{
            {"pipeline", name.pipeline}, {"source", name.source}, {"sink", name.sink}};
        oldest.add(labels, stats.oldest);
        newest.add(labels, stats.newest);
        quantiles.add_quantiles(labels, stats.oldest.summary);
        buffers.add(labels, static_cast<double>(stats.buffers));
        inferred.add(labels, static_cast<double>(stats.inferred));
    }
    for (Family* family : {&oldest, &newest, &quantiles, &buffers, &inferred})
        family->move_to(families);
}

void add_totals(const LatencySnapshot& snapshot, std::vector<MetricFamily>& families) {
    Family lost({"tactus_records_lost_total", "Records that did not fit into a thread's ring."},
                MetricType::Counter);
    lost.add({}, static_cast<double>(snapshot.records_lost));
    Family incidents({"tactus_incidents_total", "Stalls and clock jumps, all clocks together."},
                     MetricType::Counter);
    incidents.add({{"kind", "stall"}}, static_cast<double>(snapshot.stalls));
    incidents.add({{"kind", "clock-jump"}}, static_cast<double>(snapshot.clock_jumps));
    lost.move_to(families);
    incidents.move_to(families);
}

void add_gpu(const LatencySnapshot& snapshot, std::vector<MetricFamily>& families) {
    struct Queue {
        DurationStats busy;
        const GpuQueueStats* last = nullptr;
    };
    std::map<std::pair<std::string, std::string>, Queue> queues;
    for (const GpuQueueStats& stats : snapshot.gpu_queues) {
        Queue& queue = queues[{stats.device, stats.queue}];
        merge(queue.busy, stats.busy);
        queue.last = &stats;
    }
    Family busy({"tactus_gpu_busy_seconds", "Work on a GPU queue, by slice."},
                MetricType::Histogram);
    Family bound({"tactus_gpu_time_error_bound_seconds",
                  "Error bound of GPU times on the CPU's time line, as of the last slice."},
                 MetricType::Gauge);
    Family skew({"tactus_gpu_clock_skew_ratio",
                 "How much faster than CLOCK_MONOTONIC the GPU's clock runs."},
                MetricType::Gauge);
    for (const auto& [name, queue] : queues) {
        const Labels labels{{"device", name.first}, {"queue", name.second}};
        busy.add(labels, queue.busy);
        bound.add(labels, static_cast<double>(queue.last->bound_ns) * kNanosecond);
        skew.add(labels, queue.last->skew_ppm * kPpm);
    }
    for (Family* family : {&busy, &bound, &skew})
        family->move_to(families);
}

void add_clocks(const ClockHealthSnapshot& health, std::vector<MetricFamily>& families) {
    Family offset({"tactus_clock_offset_seconds", "The clock minus CLOCK_MONOTONIC."},
                  MetricType::Gauge);
    Family drift({"tactus_clock_drift_ratio", "How much faster than CLOCK_MONOTONIC it runs."},
                 MetricType::Gauge);
    Family jumps({"tactus_clock_jumps_total", "Steps of the clock against CLOCK_MONOTONIC."},
                 MetricType::Counter);
    Family last({"tactus_clock_last_jump_seconds", "The last step of the clock; 0: none."},
                MetricType::Gauge);
    for (const ClockStats& clock : health.clocks) {
        const Labels labels{{"clock", clock.name}};
        offset.add(labels, clock.offset_ns * kNanosecond);
        drift.add(labels, clock.drift_ppm * kPpm);
        jumps.add(labels, static_cast<double>(clock.jumps));
        last.add(labels, static_cast<double>(clock.last_jump_ns) * kNanosecond);
    }
    for (Family* family : {&offset, &drift, &jumps, &last})
        family->move_to(families);
}

void add_timers(const ClockHealthSnapshot& health, std::vector<MetricFamily>& families) {
    Family lateness({"tactus_timer_lateness_seconds",
                     "How late an absolute timer woke a thread: P50, P99, P99.9, maximum "
                     "(quantile 1) since the start."},
                    MetricType::Gauge);
    Family wakeups({"tactus_timer_wakeups_total", "Wake-ups that were measured."},
                   MetricType::Counter);
    Family stalls({"tactus_timer_stalls_total", "Wake-ups later than the stall threshold."},
                  MetricType::Counter);
    for (const TimerStats& timer : health.timers) {
        if (!timer.unavailable.empty())
            continue;
        const Labels labels{{"scheduling_class", timer.scheduling_class}};
        lateness.add_quantiles(labels, timer.lateness);
        wakeups.add(labels, static_cast<double>(timer.lateness.count));
        stalls.add(labels, static_cast<double>(timer.stalls));
    }
    for (Family* family : {&lateness, &wakeups, &stalls})
        family->move_to(families);
}

struct MachineNumber {
    Words words;
    MetricType type;
    std::optional<std::uint64_t> MachineStats::*value;
    double unit;
};

constexpr MachineNumber kMachineNumbers[] = {
    {{"tactus_cpu_steal_seconds_total", "Time that the hypervisor took from this machine."},
     MetricType::Counter,
     &MachineStats::steal_ns,
     kNanosecond},
    {{"tactus_cpu_throttled_seconds_total", "Time in which the cgroup's quota was used up."},
     MetricType::Counter,
     &MachineStats::throttled_ns,
     kNanosecond},
    {{"tactus_cpu_throttled_periods_total", "Periods in which the cgroup's quota was used up."},
     MetricType::Counter,
     &MachineStats::throttled_periods,
     1},
    {{"tactus_cpu_frequency_min_hertz", "Lowest frequency of any CPU since the start."},
     MetricType::Gauge,
     &MachineStats::cpu_frequency_min_khz,
     1e3},
    {{"tactus_cpu_frequency_max_hertz", "Highest frequency of any CPU since the start."},
     MetricType::Gauge,
     &MachineStats::cpu_frequency_max_khz,
     1e3},
    {{"tactus_cpu_frequency_changes_total", "Changes of a CPU's frequency by more than 5 %."},
     MetricType::Counter,
     &MachineStats::cpu_frequency_changes,
     1},
};

void add_machine(const MachineStats& machine, std::vector<MetricFamily>& families) {
    for (const auto& [words, type, value, unit] : kMachineNumbers) {
        const auto& number = machine.*value;
        if (!number)
            continue; // the kernel does not tell
        Family family(words, type);
        family.add({}, static_cast<double>(*number) * unit);
        family.move_to(families);
    }
}

} // namespace

std::vector<MetricFamily> metric_families(const MetricsInput& input) {
    std::vector<MetricFamily> families;
    add_elements(elements_of(input.latency), families);
    add_paths(paths_of(input.latency), families);
    add_totals(input.latency, families);
    add_gpu(input.latency, families);
    add_clocks(input.clocks, families);
    add_timers(input.clocks, families);
    add_machine(input.clocks.machine, families);
    return families;
}

MetricFamily scrape_errors_family(std::uint64_t errors) {
    MetricFamily family;
    family.name = "tactus_scrape_errors_total";
    family.help = "Scrapes for which the figures could not be collected.";
    family.type = MetricType::Counter;
    family.metric.emplace_back().counter.value = static_cast<double>(errors);
    return family;
}

} // namespace tactus
