// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_set.h"
#include "core/topology/thread_settings.h"

#include <cstdint>
#include <string>
#include <sys/types.h>

namespace tactus {

// What a refusal of the kernel means and what a user does about it, in one sentence each. Any
// thread.

std::string cannot_read_text(pid_t tid, int error);

/// `allowed`: the thread's mask before.
std::string cpus_refusal_text(const CpuSet& wanted, const CpuSet& allowed, int error);
/// The kernel took a part of the CPUs only.
std::string cpus_cut_text(const CpuSet& wanted, const CpuSet& got);

/// `privileged`: the thread has CAP_SYS_NICE; `limit`: its RLIMIT_RTPRIO.
std::string scheduling_refusal_text(const Scheduling& wanted, int error, bool privileged,
                                    unsigned limit);
/// The kernel would do it, but not back.
std::string one_way_text(const Scheduling& wanted, const Scheduling& before, int least_nice);

std::string slack_refusal_text(pid_t tid, std::uint64_t slack_ns, int error);

} // namespace tactus
