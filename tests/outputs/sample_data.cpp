// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sample_data.h"

#include <cmath>
#include <memory>
#include <random>

namespace tactus::test {

namespace {

constexpr std::uint64_t kStart = 5'000 * kSecond;

/// Builds a snapshot by names.
class SnapshotBuilder {
  public:
    std::uint32_t add(const std::string& path, const std::string& factory, std::uint64_t typical_ns,
                      std::uint32_t pipeline = 1) {
        ElementStats& element = snapshot.elements.emplace_back();
        element.info.id = static_cast<std::uint32_t>(snapshot.elements.size());
        element.info.pipeline = pipeline;
        element.info.path = path;
        element.info.name = path.substr(path.rfind('/') + 1);
        element.info.factory = factory;
        const bool source = factory.ends_with("src");
        const bool sink = factory.ends_with("sink");
        element.info.is_source = source;
        element.info.is_sink = sink;
        element.queues = factory == "queue" || factory == "rtpjitterbuffer";
        element.buffers_in = source ? 0 : kBuffers;
        element.buffers_out = sink ? 0 : kBuffers;
        element.bytes_out = element.buffers_out * 1400;
        const unsigned seed = element.info.id;
        if (!source && !sink)
            element.residence = durations(typical_ns, factory == "queue" ? 0.4 : 0.12, 1800, seed);
        if (!source)
            element.self = durations(element.queues ? 4000 : typical_ns, 0.2, 1800, seed + 100);
        if (sink)
            element.sync_wait = durations(12 * kMs, 0.3, 1800, seed + 200);
        return element.info.id;
    }
    void link(const std::vector<std::uint32_t>& chain) {
        for (std::size_t i = 1; i < chain.size(); ++i)
            snapshot.edges.push_back({chain[i - 1], chain[i], kBuffers, kBuffers * 1400});
    }
    void path(std::uint32_t source, std::uint32_t sink, std::uint64_t typical_ns, bool inferred) {
        PathStats path;
        path.source_element = source;
        path.sink_element = sink;
        path.buffers = kBuffers;
        path.inferred = inferred ? kBuffers : 0;
        path.oldest = durations(typical_ns, 0.25, 1800, source * 64 + sink);
        path.newest = durations(typical_ns * 9 / 10, 0.25, 1800, source * 64 + sink);
        snapshot.paths.push_back(path);
    }
    ElementStats& stats(std::uint32_t id) { return snapshot.elements[id - 1]; }

    static constexpr std::uint64_t kBuffers = 1800;
    LatencySnapshot snapshot;
};

void add_conference(SnapshotBuilder& b) {
    const auto camera = b.add("call/camera", "v4l2src", 0);
    const auto tee = b.add("call/tee0", "tee", 6'000);
    const auto backlog = b.add("call/backlog", "queue", 41 * kMs);
    const auto convert = b.add("call/videoconvert0", "videoconvert", 2 * kMs);
    const auto encoder = b.add("call/sender/x264enc0", "x264enc", 68 * kMs);
    const auto pay = b.add("call/sender/rtph264pay0", "rtph264pay", 90'000);
    const auto jitter = b.add("call/receiver/jitterbuffer", "rtpjitterbuffer", 200 * kMs);
    const auto depay = b.add("call/receiver/rtph264depay0", "rtph264depay", 40'000);
    const auto decoder = b.add("call/receiver/avdec_h264-0", "avdec_h264", 11 * kMs);
    const auto screen = b.add("call/screen", "xvimagesink", 1 * kMs);
    const auto leaky = b.add("call/preview-queue", "queue", 5 * kMs);
    const auto preview = b.add("call/preview", "xvimagesink", 800'000);
    b.link({camera, tee, backlog, convert, encoder, pay, jitter, depay, decoder, screen});
    b.link({tee, leaky, preview});
    b.path(camera, screen, 331 * kMs, false);
    b.path(camera, preview, 6 * kMs, false);
    b.stats(leaky).dropped = 214;
    b.stats(encoder).self = durations(9 * kMs, 0.2, 1800, 300); // it looks ahead
    b.stats(encoder).reorder_depth_max = 2;
    b.stats(jitter).inside = 6;
}

void add_wall(SnapshotBuilder& b) {
    const auto left = b.add("wall/bars", "videotestsrc", 0, 2);
    const auto right = b.add("wall/film", "filesrc", 0, 2);
    const auto decoder = b.add("wall/decodebin0/avdec_mpeg4-0", "avdec_mpeg4", 7 * kMs, 2);
    const auto rate = b.add("wall/videorate0", "videorate", 15'000, 2);
    const auto gpu = b.add("wall/vkcompute0", "vkcompute", 3 * kMs, 2);
    const auto mixer = b.add("wall/compositor0", "compositor", 19 * kMs, 2);
    const auto sink = b.add("wall/wall-sink", "fakesink", 20'000, 2);
    b.link({left, gpu, mixer, sink});
    b.link({right, decoder, rate, mixer});
    b.path(left, sink, 23 * kMs, true);
    b.path(right, sink, 31 * kMs, true);
    b.stats(mixer).inferred = SnapshotBuilder::kBuffers;
    b.stats(rate).duplicated = 36;
    GpuQueueStats queue;
    queue.device = "llvmpipe (LLVM 15.0.6, 256 bits)";
    queue.queue = "compute 0";
    queue.method = "VK_EXT_calibrated_timestamps";
    queue.slices = SnapshotBuilder::kBuffers;
    queue.busy = durations(2'400'000, 0.2, 1800, 7);
    queue.bound_ns = 870;
    queue.skew_ppm = 0.412;
    b.snapshot.gpu_queues.push_back(queue);
}

} // namespace

DurationStats durations(std::uint64_t typical_ns, double spread, unsigned count, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, spread);
    const auto histogram = std::make_unique<LogLinearHistogram>();
    DurationStats stats;
    std::vector<std::uint64_t> counts(LogLinearHistogram::kBuckets);
    for (unsigned i = 0; i < count; ++i) {
        const double tail = i % 97 == 0 ? 1.8 : 1.0;
        const auto value = static_cast<std::uint64_t>(static_cast<double>(typical_ns) * tail *
                                                      std::exp(normal(random)));
        histogram->record(value);
        ++counts[LogLinearHistogram::bucket_of(value)];
        stats.sum_ns += value;
    }
    stats.summary = histogram->summary();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] > 0)
            stats.buckets.push_back({LogLinearHistogram::bucket_last_value(i), counts[i]});
    }
    return stats;
}

LatencySnapshot sample_latency() {
    SnapshotBuilder b;
    add_conference(b);
    add_wall(b);
    b.snapshot.at_ns = kStart + 60 * kSecond;
    b.snapshot.stalls = 2;
    b.snapshot.clock_jumps = 1;
    b.snapshot.records_lost = 512;
    return b.snapshot;
}

LatencySnapshot large_latency(unsigned pipelines, unsigned length) {
    SnapshotBuilder b;
    for (unsigned p = 1; p <= pipelines; ++p) {
        const std::string bin = "pipeline" + std::to_string(p) + "/";
        const auto source = b.add(bin + "videotestsrc" + std::to_string(p), "videotestsrc", 0, p);
        std::vector<std::uint32_t> chain{source};
        std::uint64_t total_ns = 0;
        for (unsigned i = 0; i + 4 < length; ++i) {
            const std::uint64_t typical_ns = (i + p) * 150'000;
            const char* const factory = i % 5 == 2 ? "queue" : "identity";
            chain.push_back(b.add(bin + "filter" + std::to_string(i), factory, typical_ns, p));
            total_ns += typical_ns;
        }
        const auto tee = b.add(bin + "tee", "tee", 5'000, p);
        chain.push_back(tee);
        b.link(chain);
        for (const char* const name : {"left", "right"}) {
            const auto sink = b.add(bin + name, "fakesink", 30'000, p);
            b.link({tee, sink});
            b.path(source, sink, total_ns, false);
        }
    }
    b.snapshot.at_ns = kStart + 60 * kSecond;
    return b.snapshot;
}

ClockHealthSnapshot sample_clock_health() {
    ClockHealthSnapshot health;
    health.clocks = {{"monotonic-raw", -18'250'331, -12.417, 0, 0},
                     {"realtime", 1.7634e18, 0.003, 1, 48'000'000},
                     {"pipeline", 0, 0, 0, 0}};
    TimerStats& other = health.timers.emplace_back();
    other.scheduling_class = "other";
    other.lateness = {6000, 61'000, 184'000, 2'300'000, 81'000'000};
    other.stalls = 2;
    TimerStats& fifo = health.timers.emplace_back();
    fifo.scheduling_class = "fifo";
    fifo.unavailable = "SCHED_FIFO needs CAP_SYS_NICE";
    health.machine.steal_ns = 310 * kMs;
    health.machine.throttled_ns = 0;
    health.machine.throttled_periods = 0;
    return health;
}

IncidentSnapshot sample_incidents(const LatencySnapshot& latency) {
    IncidentLog log;
    for (const PathStats& path : latency.paths) {
        for (std::uint64_t i = 0; i < 1800; ++i) {
            Arrived arrival;
            arrival.source_element = path.source_element;
            arrival.sink_element = path.sink_element;
            arrival.at_ns = kStart + i * 33 * kMs;
            const bool late = i > 1000 && i < 1030;
            const std::uint64_t wave = 80 + (i * 7919 + path.sink_element * 31) % 41;
            arrival.origins.oldest.t0_ns =
                arrival.at_ns - path.oldest.summary.p50 * wave / 100 - (late ? 81 * kMs : 0);
            log.arrived(arrival);
        }
    }
    log.incident({IncidentKind::stall, kStart + 12 * kSecond, 26 * kMs, "other"});
    log.incident({IncidentKind::stall, kStart + 33 * kSecond, 81 * kMs, "other"});
    log.incident(
        {IncidentKind::clock_jump, kStart + 41 * kSecond, -48 * std::int64_t{kMs}, "realtime"});
    log.incident({IncidentKind::records_lost, kStart + 34 * kSecond, 512, "videotestsrc0:src"});
    return log.snapshot();
}

} // namespace tactus::test
