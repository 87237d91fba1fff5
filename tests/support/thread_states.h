// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/thread_system.h"

#include <filesystem>
#include <gst/gst.h>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace tactus {

/// How a thread is scheduled, in words: "cpus 0-1, other, slack 50000". The slack of another thread
/// is only seen with CAP_SYS_NICE.
inline std::string thread_state(pid_t tid = 0) {
    LinuxThreadSystem system;
    if (tid == 0)
        tid = system.current();
    CpuSet cpus;
    Scheduling scheduling;
    if (system.get_cpus(tid, cpus) != 0 || system.get_scheduling(tid, scheduling) != 0)
        return "gone";
    std::uint64_t slack_ns = 0;
    const bool slack_seen = system.get_timer_slack(tid, slack_ns) == 0;
    return "cpus " + cpus.text() + ", " + scheduling_text(scheduling) +
           (slack_seen ? ", slack " + std::to_string(slack_ns) : std::string());
}

/// A state in these words with other CPUs, and with another slack unless that is empty.
inline std::string with_cpus(const std::string& state, const std::string& cpus,
                             const std::string& slack = "") {
    const std::string moved = "cpus " + cpus + state.substr(state.find(", "));
    return slack.empty() ? moved : moved.substr(0, moved.rfind(' ') + 1) + slack;
}

/// Those of all threads of the process.
inline std::map<pid_t, std::string> all_thread_states() {
    std::map<pid_t, std::string> states;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
        const pid_t tid = std::stoi(entry.path().filename().string());
        const std::string state = thread_state(tid);
        if (state != "gone")
            states[tid] = state;
    }
    return states;
}

/// No thread of the process is other than the calling one.
inline void expect_no_thread_is_pinned() {
    const std::string usual = thread_state();
    for (const auto& [tid, state] : all_thread_states())
        EXPECT_EQ(state, usual) << "thread " << tid;
}

/// CPUs that the calling thread may use.
inline std::vector<unsigned> usable_cpus() {
    LinuxThreadSystem system;
    CpuSet cpus;
    system.get_cpus(system.current(), cpus);
    return cpus.list();
}

/// The structure of the numapin's thread number `index` in its stats; the caller frees it.
inline GstStructure* thread_stats(GstElement* numapin, unsigned index = 0) {
    GstStructure* stats = nullptr;
    g_object_get(numapin, "stats", &stats, nullptr);
    const GValue* const threads = gst_structure_get_value(stats, "threads");
    GstStructure* found = nullptr;
    if (index < gst_value_array_get_size(threads))
        found =
            gst_structure_copy(gst_value_get_structure(gst_value_array_get_value(threads, index)));
    gst_structure_free(stats);
    return found != nullptr ? found : gst_structure_new_empty("none");
}

inline std::string thread_text(GstElement* numapin, const char* field, unsigned index = 0) {
    GstStructure* const thread = thread_stats(numapin, index);
    const gchar* const text = gst_structure_get_string(thread, field);
    std::string result = text != nullptr ? text : "none";
    gst_structure_free(thread);
    return result;
}

inline guint64 thread_count(GstElement* numapin, const char* field, unsigned index = 0) {
    GstStructure* const thread = thread_stats(numapin, index);
    guint64 value = G_MAXUINT64;
    gst_structure_get_uint64(thread, field, &value);
    gst_structure_free(thread);
    return value;
}

/// The lines of a numapin's diagnosis.
inline std::string diagnosis_text(GstElement* numapin) {
    GstStructure* stats = nullptr;
    g_object_get(numapin, "stats", &stats, nullptr);
    const GValue* const lines = gst_structure_get_value(stats, "diagnosis");
    std::string text;
    for (guint i = 0; i < gst_value_array_get_size(lines); ++i)
        text += std::string(g_value_get_string(gst_value_array_get_value(lines, i))) + "\n";
    gst_structure_free(stats);
    return text;
}

} // namespace tactus
