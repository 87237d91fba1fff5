// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/thread_system.h"

#include "core/topology/kernel_text.h"
#include "core/topology/thread_readings.h"

#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <linux/capability.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tactus {

namespace {

/// The first version of the kernel's struct sched_attr, which glibc does not declare before 2.41.
struct SchedAttr {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime;
    std::uint64_t deadline;
    std::uint64_t period;
};
static_assert(sizeof(SchedAttr) == 48);

std::string slack_path(pid_t tid) {
    return "/proc/" + std::to_string(tid) + "/timerslack_ns";
}

int as_error(long result) {
    return result < 0 ? errno : 0;
}

} // namespace

pid_t LinuxThreadSystem::current() {
    return static_cast<pid_t>(syscall(SYS_gettid));
}

std::optional<ThreadIdentity> LinuxThreadSystem::identify(pid_t tid) {
    const auto start = read_thread_start("/", "self", tid);
    return start ? std::optional(ThreadIdentity{tid, *start}) : std::nullopt;
}

std::vector<pid_t> LinuxThreadSystem::threads() {
    return read_thread_ids("/", "self");
}

std::string LinuxThreadSystem::name_of(pid_t tid) {
    const auto text = read_text("/proc/self/task/" + std::to_string(tid) + "/comm");
    return text ? std::string(trimmed(*text)) : std::string();
}

std::uint64_t LinuxThreadSystem::now_ticks() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    const auto per_second = static_cast<std::uint64_t>(sysconf(_SC_CLK_TCK));
    return static_cast<std::uint64_t>(now.tv_sec) * per_second +
           static_cast<std::uint64_t>(now.tv_nsec) * per_second / 1'000'000'000;
}

int LinuxThreadSystem::get_cpus(pid_t tid, CpuSet& cpus) {
    std::array<std::uint64_t, CpuSet::kLimit / 64> words{};
    const long bytes = syscall(SYS_sched_getaffinity, tid, sizeof words, words.data());
    if (bytes < 0)
        return errno;
    cpus = CpuSet::from_words(words);
    return 0;
}

int LinuxThreadSystem::set_cpus(pid_t tid, const CpuSet& cpus) {
    const std::vector<std::uint64_t>& words = cpus.words();
    return as_error(
        syscall(SYS_sched_setaffinity, tid, words.size() * sizeof(std::uint64_t), words.data()));
}

int LinuxThreadSystem::get_scheduling(pid_t tid, Scheduling& scheduling) {
    SchedAttr attr{};
    if (syscall(SYS_sched_getattr, tid, &attr, sizeof attr, 0) < 0)
        return errno;
    scheduling = {attr.policy,  attr.flags & Scheduling::kResetOnFork,
                  attr.nice,    attr.priority,
                  attr.runtime, attr.deadline,
                  attr.period};
    if (!scheduling.is_realtime()) {
        // Newer kernels tell an ordinary thread's time slice there.
        scheduling.runtime_ns = 0;
        scheduling.deadline_ns = 0;
        scheduling.period_ns = 0;
    }
    return 0;
}

int LinuxThreadSystem::set_scheduling(pid_t tid, const Scheduling& scheduling) {
    SchedAttr attr{sizeof(SchedAttr),      scheduling.policy,   scheduling.flags,
                   scheduling.nice,        scheduling.priority, scheduling.runtime_ns,
                   scheduling.deadline_ns, scheduling.period_ns};
    return as_error(syscall(SYS_sched_setattr, tid, &attr, 0));
}

int LinuxThreadSystem::get_timer_slack(pid_t tid, std::uint64_t& slack_ns) {
    if (tid == current()) {
        const long slack = syscall(SYS_prctl, PR_GET_TIMERSLACK, 0, 0, 0, 0);
        if (slack < 0)
            return errno;
        slack_ns = static_cast<std::uint64_t>(slack);
        return 0;
    }
    const auto slack = read_count(slack_path(tid));
    if (!slack)
        return EPERM;
    slack_ns = *slack;
    return 0;
}

int LinuxThreadSystem::set_timer_slack(pid_t tid, std::uint64_t slack_ns) {
    // To the prctl, 0 is the thread's default.
    if (tid == current())
        return as_error(syscall(SYS_prctl, PR_SET_TIMERSLACK, slack_ns, 0, 0, 0));
    const int file = open(slack_path(tid).c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0)
        return errno;
    const std::string text = std::to_string(slack_ns);
    const int error = as_error(write(file, text.data(), text.size()));
    close(file);
    return error;
}

bool LinuxThreadSystem::may_set_anything() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> data{};
    if (syscall(SYS_capget, &header, data.data()) != 0)
        return false;
    return (data[CAP_TO_INDEX(CAP_SYS_NICE)].effective & CAP_TO_MASK(CAP_SYS_NICE)) != 0;
}

int LinuxThreadSystem::least_nice() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NICE, &limit) != 0)
        return 20;
    constexpr rlim_t kWidest = 40;
    return 20 - static_cast<int>(limit.rlim_cur < kWidest ? limit.rlim_cur : kWidest);
}

unsigned LinuxThreadSystem::raise_realtime_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_RTPRIO, &limit) != 0)
        return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        rlimit raised{limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_RTPRIO, &raised) == 0)
            limit = raised;
    }
    constexpr rlim_t kMost = 99;
    return static_cast<unsigned>(limit.rlim_cur < kMost ? limit.rlim_cur : kMost);
}

} // namespace tactus
