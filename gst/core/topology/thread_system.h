// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_set.h"
#include "core/topology/thread_settings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace tactus {

/// A thread that is told from a later one with the same number by when it started.
struct ThreadIdentity {
    pid_t tid = 0;
    std::uint64_t start_ticks = 0; ///< since boot: field 22 of /proc/PID/stat

    bool operator==(const ThreadIdentity& other) const = default;
};

/// What the kernel does for threads of this process. Functions return 0 or an errno.
///
/// Threads: any, at the same time. An interface, so that tests can refuse.
class ThreadSystem {
  public:
    virtual ~ThreadSystem() = default;

    virtual pid_t current() = 0;
    /// Nothing if there is no such thread.
    virtual std::optional<ThreadIdentity> identify(pid_t tid) = 0;

    /// All threads of the process.
    virtual std::vector<pid_t> threads() = 0;
    /// Its name; empty if it has gone.
    virtual std::string name_of(pid_t tid) = 0;
    /// Ticks since boot, as in ThreadIdentity.
    virtual std::uint64_t now_ticks() = 0;

    virtual int get_cpus(pid_t tid, CpuSet& cpus) = 0;
    virtual int set_cpus(pid_t tid, const CpuSet& cpus) = 0;
    virtual int get_scheduling(pid_t tid, Scheduling& scheduling) = 0;
    virtual int set_scheduling(pid_t tid, const Scheduling& scheduling) = 0;
    virtual int get_timer_slack(pid_t tid, std::uint64_t& slack_ns) = 0;
    /// Of another thread this takes CAP_SYS_NICE.
    virtual int set_timer_slack(pid_t tid, std::uint64_t slack_ns) = 0;

    /// Whether the calling thread has CAP_SYS_NICE.
    virtual bool may_set_anything() = 0;
    /// The least nice value that RLIMIT_NICE grants without that.
    virtual int least_nice() = 0;
    /// Raises RLIMIT_RTPRIO to its hard limit and returns it: the priority granted without
    /// CAP_SYS_NICE.
    virtual unsigned raise_realtime_limit() = 0;
};

/// The real one: raw system calls and /proc/PID/timerslack_ns.
class LinuxThreadSystem final : public ThreadSystem {
  public:
    pid_t current() override;
    std::optional<ThreadIdentity> identify(pid_t tid) override;
    std::vector<pid_t> threads() override;
    std::string name_of(pid_t tid) override;
    std::uint64_t now_ticks() override;
    int get_cpus(pid_t tid, CpuSet& cpus) override;
    int set_cpus(pid_t tid, const CpuSet& cpus) override;
    int get_scheduling(pid_t tid, Scheduling& scheduling) override;
    int set_scheduling(pid_t tid, const Scheduling& scheduling) override;
    int get_timer_slack(pid_t tid, std::uint64_t& slack_ns) override;
    int set_timer_slack(pid_t tid, std::uint64_t slack_ns) override;
    bool may_set_anything() override;
    int least_nice() override;
    unsigned raise_realtime_limit() override;
};

} // namespace tactus
