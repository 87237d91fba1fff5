// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/thread_remedies.h"

#include <cerrno>
#include <sched.h>
#include <system_error>

namespace tactus {

namespace {

constexpr const char* kCapability =
    "give the program CAP_SYS_NICE (setcap cap_sys_nice+ep PROGRAM; in a systemd unit "
    "AmbientCapabilities=CAP_SYS_NICE)";

std::string reason(int error) {
    return std::generic_category().message(error);
}

/// The line of limits.conf and of a systemd unit.
std::string limit_remedy(const std::string& item, const std::string& value,
                         const std::string& unit) {
    return "or the user the limit (\"USER - " + item + " " + value +
           "\" in /etc/security/limits.d/; in a systemd unit " + unit + ")";
}

} // namespace

std::string cannot_read_text(pid_t tid, int error) {
    return "cannot read how thread " + std::to_string(tid) + " is scheduled: " + reason(error);
}

std::string cpus_refusal_text(const CpuSet& wanted, const CpuSet& allowed, int error) {
    if (error == EINVAL)
        return "cpus " + wanted.text() +
               ": the cpuset of this process holds none of them; take some of " + allowed.text() +
               ", or widen cpuset.cpus of its cgroup";
    return "cpus " + wanted.text() + ": " + reason(error);
}

std::string cpus_cut_text(const CpuSet& wanted, const CpuSet& got) {
    return "cpus " + wanted.text() + ": the cpuset of this process lets the thread run on " +
           got.text() + " alone; widen cpuset.cpus of its cgroup, or name those";
}

std::string scheduling_refusal_text(const Scheduling& wanted, int error, bool privileged,
                                    unsigned limit) {
    const std::string what = "policy " + scheduling_text(wanted) + " was refused: ";
    const bool has_priority = wanted.policy == SCHED_FIFO || wanted.policy == SCHED_RR;
    if (error == EBUSY)
        return what + "no bandwidth is left for deadlines; ask for less runtime per period";
    if (error != EPERM)
        return what + reason(error);
    if (privileged)
        return what + "the process has CAP_SYS_NICE, so its cgroup forbids it; see whether its "
                      "cpu.rt_runtime_us is 0, or, for a deadline, whether its cpuset lacks CPUs";
    if (has_priority) {
        const std::string priority = std::to_string(wanted.priority);
        return what + "neither CAP_SYS_NICE nor RLIMIT_RTPRIO (" + std::to_string(limit) +
               ") allows it; " + kCapability + ", " +
               limit_remedy("rtprio", priority, "LimitRTPRIO=" + priority) + ", or install rtkit";
    }
    if (wanted.is_realtime())
        return what + "it takes CAP_SYS_NICE; " + kCapability;
    return what + "neither CAP_SYS_NICE nor RLIMIT_NICE allows it; " + kCapability + ", " +
           limit_remedy("nice", std::to_string(wanted.nice),
                        "LimitNICE=" + std::to_string(wanted.nice));
}

std::string one_way_text(const Scheduling& wanted, const Scheduling& before, int least_nice) {
    const std::string nice = std::to_string(before.nice);
    return "policy " + scheduling_text(wanted) + " was not set, as it could not be taken back to " +
           scheduling_text(before) + " (RLIMIT_NICE allows nice " + std::to_string(least_nice) +
           " at least); " + kCapability + ", " + limit_remedy("nice", nice, "LimitNICE=" + nice);
}

std::string slack_refusal_text(pid_t tid, std::uint64_t slack_ns, int error) {
    const std::string what = "timer slack " + std::to_string(slack_ns) + " ns of thread " +
                             std::to_string(tid) + " was refused: ";
    if (error == EPERM)
        return what + "of another thread it takes CAP_SYS_NICE; " + kCapability;
    return what + reason(error);
}

} // namespace tactus
