// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/settings.h"

#include "glue/properties.h"
#include "glue/setting_value.h"

#include <array>
#include <variant>

namespace tactus {

namespace {

using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;
constexpr NumapinNumbers kDefaults;

constexpr PropertySpec time(const char* name, const char* nick, const char* blurb) {
    PropertySpec spec{name, nick, blurb, Kind::uint64, Access::playing};
    spec.maximum = G_MAXINT64;
    return spec;
}

constexpr PropertySpec number(const char* name, const char* nick, const char* blurb, Kind kind,
                              std::int64_t value, std::int64_t least, std::int64_t most) {
    PropertySpec spec{name, nick, blurb, kind, Access::playing};
    spec.default_value = static_cast<std::uint64_t>(value);
    spec.minimum = static_cast<std::uint64_t>(least);
    spec.maximum = static_cast<std::uint64_t>(most);
    return spec;
}

constexpr PropertySpec kCpus{
    "cpus", "CPUs",
    "CPUs that the streaming thread may run on: a list (0-3,8), node:N, package:N, "
    "l3:N, core:N, near:DEVICE (a PCI address or a name such as eth0), or auto "
    "(empty = as it is)",
    Kind::string, Access::playing};

using N = NumapinNumbers;
struct Row {
    PropertySpec spec;
    std::variant<ThreadPolicy N::*, unsigned N::*, int N::*, std::uint64_t N::*> member;
};

/// The ids of these follow that of the text.
constexpr std::array kNumbers = {
    Row{PropertySpec{
            "policy", "Policy", "Scheduling policy of the streaming thread (keep: as it is)",
            Kind::enumeration, Access::playing, static_cast<std::uint64_t>(kDefaults.policy), 0,
            UINT64_MAX, thread_policy_get_type},
        &N::policy},
    Row{number("priority", "Priority", "Real-time priority, with policy=fifo and rr", Kind::uint,
               kDefaults.priority, ThreadSettings::kLeastPriority, ThreadSettings::kMostPriority),
        &N::priority},
    Row{number("nice", "Nice",
               "Nice value, with policy=other and batch, and with keep unless it is 0",
               Kind::integer, kDefaults.nice, -20, 19),
        &N::nice},
    Row{time("runtime", "Runtime (ns)",
             "With policy=deadline: CPU time granted in each period, in ns"),
        &N::runtime_ns},
    Row{time("deadline", "Deadline (ns)",
             "With policy=deadline: how long after a period's start the runtime must have been "
             "granted, in ns"),
        &N::deadline_ns},
    Row{time("period", "Period (ns)",
             "With policy=deadline: the period, in ns (0 = as long as the deadline)"),
        &N::period_ns},
    Row{time("timer-slack-ns", "Timer slack (ns)",
             "How much later than asked the kernel may wake the streaming thread, in ns (0 = as it "
             "is; "
             "the usual is 50000)"),
        &N::timer_slack_ns},
    Row{time("report-interval", "Report interval (ns)",
             "Post a numapin-report message about this often, in ns (0 = never)"),
        &N::report_interval_ns},
};
static_assert(kCpusId + kNumbers.size() == kReportIntervalId);

constexpr PropertySpec kStats{
    "stats", "Statistics",
    "Threads with their CPUs, switches, waiting times and faults; limits of the "
    "process; what hurts (times in ns)",
    Kind::structure, Access::read_only};

const GEnumValue kPolicyValues[] = {
    {static_cast<gint>(ThreadPolicy::keep), "As it is", "keep"},
    {static_cast<gint>(ThreadPolicy::other), "SCHED_OTHER, the usual one", "other"},
    {static_cast<gint>(ThreadPolicy::batch), "SCHED_BATCH, for long work", "batch"},
    {static_cast<gint>(ThreadPolicy::idle), "SCHED_IDLE, when nobody else runs", "idle"},
    {static_cast<gint>(ThreadPolicy::fifo), "SCHED_FIFO, real time", "fifo"},
    {static_cast<gint>(ThreadPolicy::rr), "SCHED_RR, real time in turns", "rr"},
    {static_cast<gint>(ThreadPolicy::deadline), "SCHED_DEADLINE, CPU time by contract", "deadline"},
    {0, nullptr, nullptr},
};

} // namespace

GType thread_policy_get_type() {
    static const GType type = g_enum_register_static("GstNumaPinPolicy", kPolicyValues);
    return type;
}

void install_numapin_properties(GObjectClass* klass) {
    static constexpr std::array kFirst = {kCpus};
    static constexpr auto kOthers = specs_of(kNumbers, kStats);
    install_properties(klass, kFirst, kCpusId);
    install_properties(klass, kOthers, kPolicyId);
    install_properties(klass, kMemoryTable, kLastNumapinId + kMemoryNodeId);
}

bool set_setting(NumapinSettings& settings, guint id, const GValue* value) {
    if (id == kCpusId) {
        const gchar* const text = g_value_get_string(value);
        settings.cpus = text != nullptr ? text : "";
        return true;
    }
    return take_property(kNumbers, settings, id - kCpusId, value);
}

bool get_setting(const NumapinSettings& settings, guint id, GValue* value) {
    if (id == kCpusId) {
        g_value_set_string(value, settings.cpus.empty() ? nullptr : settings.cpus.c_str());
        return true;
    }
    return give_property(kNumbers, settings, id - kCpusId, value);
}

bool concerns_threads(guint id) {
    return id <= kTimerSlackId;
}

ThreadSettings thread_settings(const NumapinSettings& settings) {
    ThreadSettings wanted;
    wanted.policy = settings.policy;
    wanted.priority = settings.priority;
    wanted.nice = settings.nice;
    wanted.runtime_ns = settings.runtime_ns;
    wanted.deadline_ns = settings.deadline_ns;
    wanted.period_ns = settings.period_ns;
    wanted.timer_slack_ns = settings.timer_slack_ns;
    return wanted;
}

} // namespace tactus
