// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/thread_system.h"

#include <cerrno>
#include <map>
#include <sched.h>
#include <string>
#include <vector>

namespace tactus {

inline constexpr std::uint64_t kUsualSlackNs = 50000;

/// A kernel with two threads, 1 and 2, and its rules for those who lack CAP_SYS_NICE.
class FakeSystem final : public ThreadSystem {
  public:
    struct Thread {
        std::uint64_t start_ticks = 100;
        CpuSet cpus = CpuSet::range(0, 7);
        Scheduling scheduling;
        std::uint64_t slack_ns = kUsualSlackNs;
        std::string name = "av:h264:df0";
    };

    pid_t current() override { return current_thread; }
    std::optional<ThreadIdentity> identify(pid_t tid) override {
        const auto thread = table.find(tid);
        return thread != table.end()
                   ? std::optional(ThreadIdentity{tid, thread->second.start_ticks})
                   : std::nullopt;
    }
    std::vector<pid_t> threads() override {
        std::vector<pid_t> tids;
        for (const auto& [tid, thread] : table)
            tids.push_back(tid);
        return tids;
    }
    std::string name_of(pid_t tid) override { return table.at(tid).name; }
    std::uint64_t now_ticks() override { return ticks; }
    int get_cpus(pid_t tid, CpuSet& cpus) override {
        cpus = table.at(tid).cpus;
        return 0;
    }
    int set_cpus(pid_t tid, const CpuSet& cpus) override {
        if ((cpus & cpuset).empty())
            return EINVAL;
        if (table.at(tid).scheduling.deadline_ns != 0 && !(cpuset - cpus).empty())
            return EBUSY;
        table.at(tid).cpus = cpus & cpuset;
        return 0;
    }
    int get_scheduling(pid_t tid, Scheduling& scheduling) override {
        scheduling = table.at(tid).scheduling;
        return 0;
    }
    int set_scheduling(pid_t tid, const Scheduling& wanted) override {
        Scheduling& now = table.at(tid).scheduling;
        if (wanted.deadline_ns != 0 && table.at(tid).cpus != cpuset)
            return EPERM;
        if (!privileged) {
            const bool raises = wanted.is_realtime() && wanted.priority > realtime_limit;
            const bool unflags = now.flags != 0 && wanted.flags == 0;
            const bool rises = wanted.nice < now.nice && wanted.nice < nice_limit;
            const bool wakes =
                now.policy == SCHED_IDLE && wanted.policy != SCHED_IDLE && now.nice < nice_limit;
            if (raises || unflags || rises || wakes || wanted.deadline_ns != 0)
                return EPERM;
        }
        // As newer kernels do.
        if (now.is_realtime() != wanted.is_realtime())
            table.at(tid).slack_ns = wanted.is_realtime() ? 0 : kUsualSlackNs;
        now = wanted;
        return 0;
    }
    int get_timer_slack(pid_t tid, std::uint64_t& slack_ns) override {
        if (tid != current_thread && !privileged)
            return EPERM;
        slack_ns = table.at(tid).slack_ns;
        return 0;
    }
    int set_timer_slack(pid_t tid, std::uint64_t slack_ns) override {
        if (tid != current_thread && !privileged)
            return EPERM;
        table.at(tid).slack_ns = slack_ns;
        return 0;
    }
    bool may_set_anything() override { return privileged; }
    int least_nice() override { return nice_limit; }
    unsigned raise_realtime_limit() override {
        realtime_limit = hard_realtime_limit;
        return realtime_limit;
    }

    std::map<pid_t, Thread> table{{1, {}}, {2, {}}};
    std::uint64_t ticks = 150;
    pid_t current_thread = 1;
    CpuSet cpuset = CpuSet::range(0, 7);
    bool privileged = true;
    unsigned realtime_limit = 0;
    unsigned hard_realtime_limit = 0;
    int nice_limit = 20;
};

} // namespace tactus
