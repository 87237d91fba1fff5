// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/latency/latency_observer.h"
#include "core/trace/lane_set.h"
#include "core/trace/perfetto_encoder.h"
#include "core/trace/trace_file.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace tactus {

/// Draws what the latency analyzer finds out as a Perfetto trace:
/// - a track per streaming thread; a push is a slice named by the element pushed into, nested in
///   the push it was made from, or an instant where the end of a push is not seen;
/// - a track per element in which buffers waited: their residences, in lanes because they overlap,
///   and how many are inside;
/// - a track per GPU queue, with lanes;
/// - counters: bitrate from element to element, drops, whatever else is sampled;
/// - instants for drops, stalls, clock jumps and lost records.
/// The flow of a buffer is its identity. It ends at the sink. A buffer that was made from others is
/// in the flow of the oldest too, which has no end: others may come from the same.
///
/// Slices of a thread that are open when records are lost, or when the trace is closed, end there.
///
/// Threads: one thread calls everything. The file is the caller's and must outlive this object.
/// Times are CLOCK_MONOTONIC in nanoseconds. Memory grows with elements, pairs of linked elements,
/// threads, GPU queues and counters, up to the limits below, never with buffers or time; what is
/// beyond a limit is left out and counted.
class TraceTimeline final : public LatencyObserver {
  public:
    static constexpr std::size_t kMaxElements = 65536;
    static constexpr std::size_t kMaxThreads = 16384;
    static constexpr std::size_t kMaxDepth = 256; ///< pushes within pushes
    static constexpr std::size_t kMaxCounters = 1024;
    static constexpr std::size_t kMaxGpuQueues = 256;
    static constexpr std::uint64_t kBitrateWindow_ns = 500'000'000;

    struct Process {
        std::int32_t pid = 0;
        std::string name;
    };
    /// What is not drawn, for want of room.
    struct LeftOut {
        std::uint64_t residences = 0; ///< no lane was free
        std::uint64_t gpu_slices = 0; ///< likewise, or too many GPU queues
        std::uint64_t pushes = 0;     ///< nested too deeply, or too many threads
        std::uint64_t samples = 0;    ///< too many counters
    };

    TraceTimeline(TraceFile& file, const Process& process, const TraceClocks& clocks);
    TraceTimeline(const TraceTimeline&) = delete;
    TraceTimeline& operator=(const TraceTimeline&) = delete;

    /// To be called a few times a second: brings rates up to date and hands all to the kernel.
    void flush(std::uint64_t now_ns);
    /// How the clocks stand now; every few seconds is enough.
    void clocks(const TraceClocks& clocks) { encoder_.clocks(clocks); }
    /// Ends all open slices and flushes. Events may follow, but need not.
    void close(std::uint64_t now_ns);

    const LeftOut& left_out() const { return left_out_; }

    void element_added(const ElementInfo& info) override;
    void thread_added(const ThreadInfo& info) override;
    void push_began(const PushBegan& push) override;
    void push_ended(const PushEnded& push) override;
    void left(const Residence& residence) override;
    void dropped(const Dropped& drop) override;
    void gpu_worked(const GpuWork& work) override;
    void incident(const Incident& incident) override;
    void sampled(const CounterSample& sample) override;

  private:
    using Track = std::uint64_t; ///< 0: not made yet

    /// Slices that may overlap, below one named track.
    struct LanedTrack {
        Track group = 0;
        std::string name;
        LaneSet lanes;
        std::vector<Track> tracks; ///< one per lane
    };
    /// What went from one element to another.
    struct Edge {
        std::uint32_t src_element = 0;
        Track track = 0;
        std::uint64_t window_began_ns = 0;
        std::uint64_t bytes = 0; ///< in the window
        bool is_idle = false;    ///< the last value drawn is 0
    };
    struct Element {
        std::string name;  ///< unique in the trace
        std::string title; ///< name and factory
        std::uint32_t name_id = 0;
        bool is_told = false;
        LanedTrack waiting; ///< made once a buffer has waited in it
        Track level_track = 0;
        std::int64_t inside = 0;
        Track drops_track = 0;
        std::int64_t drops = 0;
        std::vector<Edge> edges; ///< into this element
    };
    struct OpenSlice {
        std::uint64_t began_ns = 0;
        std::uint32_t element = 0;
    };
    struct Thread {
        Track track = 0;
        std::uint64_t last_ns = 0;
        std::vector<OpenSlice> open;
    };

    bool is_known(std::uint32_t element) const {
        return element < elements_.size() && elements_[element].is_told;
    }
    Element& element(std::uint32_t id);
    Thread* thread(std::uint32_t id);
    std::string unique_name(const ElementInfo& info);
    void write_name(Element& element);
    void write_flows(std::uint64_t buffer_id, const Origins& origins, bool is_last);
    void count_bytes(Element& into, const PushBegan& push);
    void end_bitrate_windows(std::uint64_t now_ns, std::uint64_t shortest_ns);
    void end_bitrate_window(Element& into, Edge& edge, std::uint64_t now_ns);
    void end_slices_above(Thread& thread, std::size_t depth, std::uint64_t now_ns);
    void end_all_slices(std::uint64_t now_ns);
    void make_waiting(Element& element);
    void write_level(Element& element, std::uint64_t at_ns);
    Track lane_track(LanedTrack& laned, std::size_t lane);
    void write_counter(Track track, std::uint64_t at_ns, std::int64_t value);
    Track group(Track& group, std::string_view name);

    TraceFile& file_;
    PerfettoEncoder encoder_;
    std::int32_t pid_;
    Track next_track_ = 1;
    Track process_;
    Track incidents_ = 0;
    Track bitrates_ = 0;
    Track drops_ = 0;
    Track health_ = 0;
    std::vector<Element> elements_; ///< by id; 0: those that are not known
    std::vector<Thread> threads_;   ///< by id
    std::unordered_set<std::string> names_taken_;
    std::map<std::string, LanedTrack, std::less<>> gpu_queues_;
    std::map<std::string, Track, std::less<>> counters_;
    LeftOut left_out_;
};

} // namespace tactus
