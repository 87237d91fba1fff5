// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What the drain thread pays for the trace file: per slice of a thread, begin and end, with its
// flow. The file is in $TMPDIR or the current folder; it is cut now and then so that the disk does
// not fill up.
#include "core/trace/trace_timeline.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace tactus {

namespace {

constexpr std::uint64_t kFlushPackets = 40000;
constexpr std::uint64_t kMaxFileBytes = 512ull << 20;
constexpr std::uint64_t kUptime_ns = 864'000'000'000'000; // ten days: timestamps of eight bytes

class Bench {
  public:
    Bench() {
        const char* folder = std::getenv("TMPDIR"); // NOLINT(concurrency-mt-unsafe)
        path_ = std::string(folder != nullptr ? folder : ".") + "/tactus-trace-bench.pftrace";
        start();
    }
    ~Bench() {
        file_.reset();
        unlink(path_.c_str());
    }
    Bench(const Bench&) = delete;
    Bench& operator=(const Bench&) = delete;

    bool failed() const { return !file_ || file_->failed(); }
    TraceTimeline& timeline() { return *timeline_; }
    std::uint64_t bytes() const { return bytes_ + file_->bytes_written(); }
    /// To be called after each batch of slices.
    void flush(std::uint64_t now_ns) {
        timeline_->flush(now_ns);
        if (file_->bytes_written() > kMaxFileBytes) {
            bytes_ += file_->bytes_written();
            start();
        }
    }

  private:
    void start() {
        std::string error;
        timeline_.reset();
        file_.reset();
        file_ = TraceFile::open(path_, error);
        if (!file_)
            return;
        timeline_ = std::make_unique<TraceTimeline>(*file_, TraceTimeline::Process{1, "bench"},
                                                    TraceClocks{});
        for (std::uint32_t id = 1; id <= 12; ++id)
            timeline_->element_added(
                {id, 9, "identity" + std::to_string(id), "", "identity", id == 1, id == 12});
        timeline_->thread_added({1, 1, "bench:src"});
    }

    std::string path_;
    std::unique_ptr<TraceFile> file_;
    std::unique_ptr<TraceTimeline> timeline_;
    std::uint64_t bytes_ = 0;
};

/// A buffer through ten elements, as in the cost table of the tracer.
void trace_nested_slices(benchmark::State& state) {
    constexpr std::uint32_t kDepth = 11;
    Bench bench;
    if (bench.failed()) {
        state.SkipWithError("cannot write the trace file here");
        return;
    }
    std::array<PushBegan, kDepth> pushes;
    for (std::uint32_t i = 0; i < kDepth; ++i) {
        pushes[i].thread = 1;
        pushes[i].src_element = i + 1;
        pushes[i].dst_element = i + 2;
        pushes[i].size_bytes = 1500;
    }
    pushes.back().is_last = true;
    std::uint64_t now_ns = kUptime_ns;
    std::uint64_t id = std::uint64_t{3} << IdStamp::kSequenceBits;
    std::uint64_t slices = 0;
    for (auto _ : state) {
        ++id;
        for (PushBegan& push : pushes) {
            push.at_ns = now_ns += 300;
            push.buffer_id = id;
            push.origins.oldest = push.origins.newest = {id, now_ns};
            bench.timeline().push_began(push);
        }
        for (auto push = pushes.rbegin(); push != pushes.rend(); ++push)
            bench.timeline().push_ended({now_ns += 300, push->at_ns, 0, 1, push->dst_element, 0});
        slices += kDepth;
        if (slices % kFlushPackets < kDepth)
            bench.flush(now_ns);
    }
    bench.flush(now_ns);
    if (bench.failed())
        state.SkipWithError("the trace file failed");
    state.SetItemsProcessed(static_cast<std::int64_t>(slices));
    state.counters["time_per_slice"] = benchmark::Counter(
        static_cast<double>(slices), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["bytes_per_slice"] =
        static_cast<double>(bench.bytes()) / static_cast<double>(slices);
}
BENCHMARK(trace_nested_slices);

/// A buffer that waits in a queue of which `depth` others are in it: residence and level.
void trace_residences(benchmark::State& state) {
    const auto depth = static_cast<std::uint64_t>(state.range(0));
    Bench bench;
    if (bench.failed()) {
        state.SkipWithError("cannot write the trace file here");
        return;
    }
    constexpr std::uint64_t kPeriod_ns = 1000;
    std::uint64_t now_ns = kUptime_ns;
    std::uint64_t residences = 0;
    for (auto _ : state) {
        const IdStamp id{++residences, now_ns};
        now_ns += kPeriod_ns;
        bench.timeline().left(
            {2, id.id, {id, id, false}, now_ns, now_ns + depth * kPeriod_ns, 1, 2, true});
        if (residences % kFlushPackets == 0)
            bench.flush(now_ns);
    }
    bench.flush(now_ns);
    state.counters["bytes_per_residence"] =
        static_cast<double>(bench.bytes()) / static_cast<double>(residences);
}
BENCHMARK(trace_residences)->Arg(1)->Arg(60)->Arg(200);

} // namespace

} // namespace tactus

BENCHMARK_MAIN();
