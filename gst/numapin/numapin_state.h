// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/clock/machine_readings.h"
#include "core/stats/log_linear_histogram.h"
#include "core/topology/cpu_limits.h"
#include "core/topology/cpu_words.h"
#include "core/topology/diagnosis.h"
#include "core/topology/thread_ledger.h"
#include "core/topology/topology.h"
#include "glue/fast_clock.h"
#include "glue/handles.h"
#include "numapin/complaints.h"
#include "numapin/frame_memory.h"
#include "numapin/pin_record.h"
#include "numapin/realtime_broker.h"
#include "numapin/settings.h"

#include <gst/gst.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// All of a numapin but its GObject. Streaming is in numapin_stream.cpp, the pinning of threads in
/// numapin_threads.cpp, what is told about them in numapin_report.cpp.
///
/// Threads: buffers and serialized events come under the sink pad's stream lock (in pull mode:
/// requests under the source pad's); everything else from any thread. `lock` guards the records and
/// the settings; nothing is pushed, posted, or asked of other elements under it.
class NumapinState {
  public:
    explicit NumapinState(GstElement* owner);
    ~NumapinState();
    NumapinState(const NumapinState&) = delete;
    NumapinState& operator=(const NumapinState&) = delete;

    // --- properties
    bool set_property(guint id, const GValue* value);
    bool get_property(guint id, GValue* value);

    // --- state changes
    bool open();
    void close();
    bool start();
    void stop();

    // --- streaming
    GstFlowReturn chain(GstBuffer* buffer);
    GstFlowReturn chain_list(GstBufferList* list);
    GstFlowReturn get_range(guint64 offset, guint length, GstBuffer** buffer);
    gboolean sink_event(GstEvent* event);
    gboolean sink_query(GstQuery* query);
    void sink_unlinked();

    void report();

    GstElement* element;
    GstPad* sink_pad = nullptr;
    GstPad* src_pad = nullptr;

  private:
    /// The settings as they apply: read, and checked against the machine.
    struct Wish {
        ThreadSettings settings;
        std::uint64_t settings_made = 0; ///< their number
        bool automatic = false;
        std::string problem;
    };
    /// What an attempt to pin came to, before it is written into the record.
    struct Attempt {
        ThreadLedger::Outcome outcome;
        std::uint64_t plan_ticket = 0;
        bool refused = false;
        bool has_cpus = false;
        std::string by; ///< who granted the policy, if not the kernel
        std::vector<Complaint> complaints;
    };

    // numapin_stream.cpp
    void before_push(GstClockTime time, std::uint64_t buffers);
    GstFlowReturn after_push(GstFlowReturn flow);
    GstFlowReturn pull_into_ours(guint64 offset, guint length, GstBuffer** buffer);
    void see_segment(GstEvent* event);

    // numapin_threads.cpp
    void enter_thread();
    bool comes_back(std::uint64_t serial);
    PinRecord* find_active(std::uint64_t serial);
    PinRecord* add_record(std::uint64_t serial);
    Attempt try_to_pin(const ThreadIdentity& thread, const Wish& wish);
    void plan(const ThreadIdentity& thread, const std::optional<std::string>& device,
              ThreadSettings& settings, Attempt& attempt);
    void ask_broker(const ThreadIdentity& thread, const ThreadSettings& settings, Attempt& attempt);
    /// The node that all of the thread's CPUs are of, if it is one.
    std::optional<unsigned> node_of(const PinRecord& record) const;
    void check_quota(const ThreadSettings& settings, Attempt& attempt) const;
    void take_over(PinRecord& record, const Attempt& attempt);
    void watch(std::vector<PadHandle> pads);
    void watch_bus();
    void unwatch();
    void leave_thread(std::uint64_t serial);
    void leave_others(std::uint64_t serial);
    void leave_all();
    template <typename Leaves>
    void leave_where(Leaves leaves);
    void unpin(PinRecord& record, std::vector<Complaint>& complaints);
    void complain(const std::vector<Complaint>& complaints);
    Wish make_wish() const;
    bool needs_broker(const ThreadSettings& settings) const;

    // numapin_report.cpp
    GstStructure* make_stats();
    void put_limits(GstStructure* stats);
    GstStructure* thread_structure(const PinRecord& record);
    ThreadFacts facts_of(const PinRecord& record, const ThreadReadings& from, std::uint64_t from_ns,
                         std::uint64_t from_buffers);
    void restart_reports();
    void stop_reports();
    void end_reports(); ///< report_lock_ is held

    mutable std::mutex lock;
    NumapinSettings settings_;
    FrameMemory memory_;
    FramePlaces places_; ///< when somebody last asked
    std::shared_ptr<const Topology> topology_;
    std::vector<std::unique_ptr<PinRecord>> records_;
    std::uint64_t forgotten_buffers_ = 0; ///< of threads that are no longer among them
    std::uint64_t links_cut_ = 0;         ///< how often upstream was unlinked
    std::uint64_t settings_made_ = 0;     ///< how often those of threads were set
    ToldComplaints told_;                 ///< since the start, or the last setting
    std::uint64_t threads_refused_ = 0;
    std::uint64_t restores_ = 0;
    std::uint64_t restores_failed_ = 0;
    MachineReadings machine_;
    std::uint64_t throttled_reported_ns_ = 0;

    struct Watched {
        PadHandle pad;
        gulong handler;
    };
    std::mutex watch_lock_;
    std::vector<Watched> watched_;
    GstBus* bus_ = nullptr; ///< that tells of threads that leave their task
    gulong bus_handler_ = 0;

    RealtimeBroker broker_; ///< used by the streaming thread; opened and closed while none runs
    std::mutex report_lock_;
    GstClockID report_id_ = nullptr;
    std::atomic<bool> running_{false};

    /// The thread whose record `current_` is. 0: whoever comes has to be looked up.
    std::atomic<std::uint64_t> pinned_serial_{0};
    // The streaming thread's own.
    PinRecord* current_ = nullptr;
    bool times_are_live_ = false;
    LogLinearHistogram entry_ns_; ///< how long each look-up and pinning took
};

/// Of an element that is a numapin.
NumapinState& state_of_numapin(gpointer element);

} // namespace tactus
