// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/thread_settings.h"
#include "core/topology/thread_system.h"

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

/// Which threads of the process are pinned, by whom, and what they were before.
///
/// Several owners may pin one thread: for each setting the last one that has it wins, and when that
/// one goes, the one before it holds again. When the last owner has gone the thread gets back what
/// it had before the first. What the kernel refuses stays as it is and is reported with a remedy.
///
/// A setting that could not be taken back is not made: without CAP_SYS_NICE and below RLIMIT_NICE a
/// thread cannot leave SCHED_IDLE or a higher nice value again.
///
/// A thread inherits mask, nice value and timer slack of the one that makes it, and GLib's pool
/// keeps such threads and hands them to anybody. So those of the pool and of GStreamer's tasks that
/// are born of a pinned thread get what it had before; they are known by their names, their age,
/// and by having the very settings. Other threads born then (a decoder's own workers) keep them.
///
/// Threads: any, one lock inside, under which only system calls are made. An owner may unpin from
/// another thread than the pinned one; whether that still is the same one is looked up first.
class ThreadLedger {
  public:
    using Owner = const void*;
    enum class Field : std::uint8_t { cpus, scheduling, timer_slack };

    struct Refusal {
        Field field;
        int error;        ///< errno; 0: done in part
        std::string text; ///< what was refused, why, and what would help
    };
    struct Outcome {
        bool thread_found = true;
        bool overrides = false; ///< one of these settings holds over another owner's
        std::vector<Refusal> refusals;
        ThreadState before; ///< before anybody pinned it
        ThreadState now;    ///< as the kernel has it afterwards

        bool refused(Field field) const;
    };

    explicit ThreadLedger(ThreadSystem& system) : system_(system) {}

    /// Puts the owner's settings over those of all others; or, where it had some, in their place.
    Outcome pin(Owner owner, const ThreadIdentity& thread, const ThreadSettings& settings);
    /// Takes the owner's settings away. Nothing happens if it has none there.
    Outcome unpin(Owner owner, const ThreadIdentity& thread);

    /// The mask that it had before anybody pinned it.
    CpuSet cpus_before(const ThreadIdentity& thread);

    /// Frees the heirs of a pinned thread; `unpin` does so too.
    void free_heirs(const ThreadIdentity& thread);

    std::size_t pinned_threads() const;
    /// Those whose CPUs an owner has chosen.
    std::vector<pid_t> placed_threads() const;

    /// Whether that is the name of a thread of GLib's pool ("pool-…") or of a GStreamer task
    /// ("queue0:src", cut to 15 characters by the kernel).
    static bool is_pool_name(std::string_view name);

  private:
    struct Layer {
        Owner owner;
        ThreadSettings settings;
    };
    struct Entry {
        ThreadIdentity thread;
        ThreadState before;
        ThreadState target;
        std::vector<Layer> layers;
        std::uint64_t pinned_ticks = 0;
    };

    void free_heirs_of(const Entry& parent);
    void free_heir(const Entry& parent, pid_t tid);
    Entry* find(const ThreadIdentity& thread);
    Entry* find_or_add(const ThreadIdentity& thread, Outcome& outcome);
    static ThreadState wanted_of(const Entry& entry);
    bool read_state(pid_t tid, ThreadState& state, int& error);
    void move_to(Entry& entry, const ThreadState& target, Outcome& outcome);
    void move_cpus(Entry& entry, const ThreadState& target, Outcome& outcome);
    void move_scheduling(Entry& entry, const ThreadState& target, Outcome& outcome);
    void move_slack(Entry& entry, const ThreadState& target, Outcome& outcome);
    bool can_be_taken_back(const Entry& entry, const Scheduling& wanted);
    int set_scheduling(pid_t tid, const Scheduling& wanted);
    void restore(Entry& entry, Outcome& outcome);
    void check_cpus(const Entry& entry, Outcome& outcome);

    ThreadSystem& system_;
    mutable std::mutex lock_;
    std::vector<Entry> entries_;
};

} // namespace tactus
