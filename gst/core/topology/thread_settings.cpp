// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/thread_settings.h"

#include <algorithm>
#include <array>
#include <sched.h>

namespace tactus {

namespace {

// glibc leaves these to the kernel's headers, which cannot be included beside <sched.h>.
constexpr std::uint32_t kDeadlinePolicy = 6;

/// The kernel refuses less: its unit is about a microsecond.
constexpr std::uint64_t kLeastRuntimeNs = 1024;

std::uint32_t kernel_policy(ThreadPolicy policy) {
    switch (policy) {
    case ThreadPolicy::batch:
        return SCHED_BATCH;
    case ThreadPolicy::idle:
        return SCHED_IDLE;
    case ThreadPolicy::fifo:
        return SCHED_FIFO;
    case ThreadPolicy::rr:
        return SCHED_RR;
    case ThreadPolicy::deadline:
        return kDeadlinePolicy;
    case ThreadPolicy::keep:
    case ThreadPolicy::other:
        break;
    }
    return SCHED_OTHER;
}

std::string deadline_problem(const ThreadSettings& settings, bool has_cpus) {
    if (has_cpus)
        return "policy=deadline and cpus exclude each other: the kernel refuses a deadline for a "
               "thread that may not run on every CPU; leave cpus out, or take policy=fifo";
    const std::uint64_t period_ns =
        settings.period_ns != 0 ? settings.period_ns : settings.deadline_ns;
    if (settings.runtime_ns < kLeastRuntimeNs || settings.runtime_ns > settings.deadline_ns ||
        settings.deadline_ns > period_ns)
        return "policy=deadline needs 1024 <= runtime <= deadline <= period (ns), not runtime=" +
               std::to_string(settings.runtime_ns) +
               " deadline=" + std::to_string(settings.deadline_ns) +
               " period=" + std::to_string(settings.period_ns);
    return {};
}

} // namespace

const char* policy_name(ThreadPolicy policy) {
    constexpr std::array kNames = {"keep", "other", "batch", "idle", "fifo", "rr", "deadline"};
    return kNames.at(static_cast<std::size_t>(policy));
}

std::string settings_problem(const ThreadSettings& settings, bool has_cpus) {
    const bool realtime =
        settings.policy == ThreadPolicy::fifo || settings.policy == ThreadPolicy::rr;
    if (realtime && (settings.priority < ThreadSettings::kLeastPriority ||
                     settings.priority > ThreadSettings::kMostPriority))
        return "priority=" + std::to_string(settings.priority) + " is not within 1 and 99";
    const bool has_nice = settings.policy == ThreadPolicy::keep ||
                          settings.policy == ThreadPolicy::other ||
                          settings.policy == ThreadPolicy::batch;
    if (settings.nice != 0 && !has_nice)
        return "nice=" + std::to_string(settings.nice) +
               " means nothing with policy=" + policy_name(settings.policy) +
               "; it goes with keep, other and batch";
    return settings.policy == ThreadPolicy::deadline ? deadline_problem(settings, has_cpus)
                                                     : std::string();
}

bool Scheduling::is_realtime() const {
    return policy == SCHED_FIFO || policy == SCHED_RR || policy == kDeadlinePolicy;
}

std::string scheduling_text(const Scheduling& scheduling) {
    const std::string nice =
        scheduling.nice != 0 ? " nice " + std::to_string(scheduling.nice) : std::string();
    switch (scheduling.policy) {
    case SCHED_OTHER:
        return "other" + nice;
    case SCHED_BATCH:
        return "batch" + nice;
    case SCHED_IDLE:
        return "idle";
    case SCHED_FIFO:
        return "fifo " + std::to_string(scheduling.priority);
    case SCHED_RR:
        return "rr " + std::to_string(scheduling.priority);
    case kDeadlinePolicy:
        return "deadline " + std::to_string(scheduling.runtime_ns) + "/" +
               std::to_string(scheduling.deadline_ns) + "/" + std::to_string(scheduling.period_ns);
    default:
        return "policy " + std::to_string(scheduling.policy);
    }
}

ThreadState with_settings(ThreadState state, const ThreadSettings& settings) {
    if (settings.cpus)
        state.cpus = *settings.cpus;
    if (settings.timer_slack_ns != 0)
        state.timer_slack_ns = settings.timer_slack_ns;
    if (settings.policy == ThreadPolicy::keep) {
        if (settings.nice != 0)
            state.scheduling.nice = settings.nice;
        return state;
    }
    Scheduling scheduling;
    scheduling.policy = kernel_policy(settings.policy);
    scheduling.nice = settings.nice;
    if (settings.policy == ThreadPolicy::fifo || settings.policy == ThreadPolicy::rr)
        scheduling.priority = settings.priority;
    if (settings.policy == ThreadPolicy::deadline) {
        scheduling.runtime_ns = settings.runtime_ns;
        scheduling.deadline_ns = settings.deadline_ns;
        scheduling.period_ns = settings.period_ns != 0 ? settings.period_ns : settings.deadline_ns;
    }
    // Threads that a real-time thread makes (a decoder's workers) are to be ordinary ones.
    scheduling.flags = scheduling.is_realtime() ? Scheduling::kResetOnFork : state.scheduling.flags;
    state.scheduling = scheduling;
    return state;
}

} // namespace tactus
