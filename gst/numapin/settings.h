// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/thread_settings.h"
#include "numapin/memory_settings.h"

#include <gst/gst.h>

#include <cstdint>
#include <string>

namespace tactus {

GType thread_policy_get_type();

/// The settings that are numbers, with their defaults.
struct NumapinNumbers {
    ThreadPolicy policy = ThreadPolicy::keep;
    unsigned priority = 10;
    int nice = 0;
    std::uint64_t runtime_ns = 0;
    std::uint64_t deadline_ns = 0;
    std::uint64_t period_ns = 0;
    std::uint64_t timer_slack_ns = 0;
    std::uint64_t report_interval_ns = 0;
};

/// What the properties say. The state's lock guards it.
struct NumapinSettings : NumapinNumbers {
    std::string cpus;
};

/// The property ids, in the order of the table. Those about memory come after them.
enum NumapinProperty : guint {
    kCpusId = 1,
    kPolicyId,
    kPriorityId,
    kNiceId,
    kRuntimeId,
    kDeadlineId,
    kPeriodId,
    kTimerSlackId,
    kReportIntervalId,
    kNumapinStatsId,
    kLastNumapinId = kNumapinStatsId,
};

void install_numapin_properties(GObjectClass* klass);

/// False if the id is none of them. The lock is held by the caller.
bool set_setting(NumapinSettings& settings, guint id, const GValue* value);
bool get_setting(const NumapinSettings& settings, guint id, GValue* value);

/// Whether a change concerns how threads are scheduled.
bool concerns_threads(guint id);

/// All but the CPUs.
ThreadSettings thread_settings(const NumapinSettings& settings);

} // namespace tactus
