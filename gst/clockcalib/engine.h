// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "clockcalib/bus_poster.h"
#include "clockcalib/incident_log.h"
#include "clockcalib/outputs.h"
#include "clockcalib/record_log.h"
#include "clockcalib/recorder.h"
#include "clockcalib/settings.h"
#include "clockcalib/sink_watch.h"
#include "core/clock/clock_health_monitor.h"
#include "core/latency/latency_analyzer.h"
#include "core/record/stamp_clock.h"

#include <sys/types.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace tactus {

/// From records to figures: the thread that empties the rings, feeds the analyzer and serves the
/// outputs. A process has one, shared by all that trace in it; it ends with the last of them, and
/// the next begins when it has ended. A forked child has its own; there the parent's tells nothing.
///
/// Threads: any. `mutex_` is held while records are analyzed, by the drain thread or by who asks
/// for figures, and never while something is posted or waited for.
class Engine {
  public:
    /// The engine of this process, started if there is none. `settings` are added to those of an
    /// engine that runs; what could not be done is said in `problems`, a sentence each.
    static std::shared_ptr<Engine> open(const Settings& settings, Recorder::Source source,
                                        std::vector<std::string>& problems);
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// What was found until now, with all that was recorded before the call.
    Stats stats();
    void reset();
    /// Writes a report to FILE and the figures beside it. Empty, or what went wrong.
    std::string write_report(const std::string& path);
    std::string metrics_address();
    /// The end: nothing more is recorded, the outputs are complete. Safe to call again.
    void finish();

  private:
    /// The mutex, for what may look at sinks. What was seen goes when it is open again.
    class Hold {
      public:
        explicit Hold(Engine& engine) : engine_(engine), lock_(engine.mutex_) {}
        ~Hold() { seen_ = engine_.sinks_.take_seen(); }
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

      private:
        Engine& engine_;
        SinkWatch::Seen seen_; // before the lock: it goes after it
        std::unique_lock<std::mutex> lock_;
    };

    Engine(Recorder::Source source, const Settings& settings);
    static void let_go(Engine* engine);
    void add_outputs(const Settings& settings, std::vector<std::string>& problems);
    /// Whether this is a forked child, which has the memory of the engine but not its threads.
    bool is_foreign() const;

    // --- the drain thread
    void drain();
    void chores();

    // --- with mutex_ held
    std::size_t round();
    void settle();
    void learn();
    void look_at_sinks(std::uint64_t now_ns);
    void visit(std::uint32_t thread, const RecordRing& ring, std::uint64_t position,
               RecordHead head);
    void visit_push(std::uint32_t thread, const RecordRing& ring, std::uint64_t position);
    void visit_segment(const SegmentRecord& record);
    void visit_gpu();
    std::uint64_t lost();
    void count_lost(std::uint64_t now_ns);
    void forget_pads();
    void tick_clock(std::uint64_t now_ns);
    void sample_clock();
    HealthReport poll_health();
    Stats snapshot();

    const pid_t process_ = getpid();
    const std::uint64_t stall_threshold_ms_; ///< of the first; the timers cannot change it
    Recorder& recorder_;
    std::mutex mutex_; ///< guards all below, down to the scratch
    StampClock clock_;
    ClockHealthMonitor health_;
    IncidentLog incidents_;
    RecordLog log_;
    Outputs outputs_;
    LatencyAnalyzer analyzer_; // after what observes it
    SinkWatch sinks_;
    BusPoster bus_;
    struct GonePads {
        std::uint64_t round;
        std::vector<std::uint32_t> pads;
    };
    std::deque<GonePads> gone_;
    std::uint64_t round_ = 0;
    std::uint64_t lost_told_ = 0;
    bool is_settled_ = false; ///< the recorder may be another's
    std::uint64_t next_clock_ns_ = 0;
    std::uint64_t next_sinks_ns_ = 0;
    std::uint64_t next_health_ns_ = 0;
    std::vector<IdStamp> ids_;        // scratch
    std::vector<BufferSeen> buffers_; // scratch
    std::vector<std::size_t> starts_; // scratch

    std::mutex wake_mutex_; ///< guards stop_
    std::condition_variable wake_;
    bool stop_ = false;
    std::thread thread_;
};

} // namespace tactus
