// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/thread_readings.h"

#include "core/topology/kernel_text.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <sstream>
#include <string_view>
#include <system_error>

namespace tactus {

namespace {

// Fields of /proc/PID/stat by the numbers of proc(5), which counts from 1.
constexpr std::size_t kFirstAfterName = 3;
constexpr std::size_t kMinorFaults = 10;
constexpr std::size_t kMajorFaults = 12;
constexpr std::size_t kUserTicks = 14;
constexpr std::size_t kSystemTicks = 15;
constexpr std::size_t kStart = 22;
constexpr std::size_t kCpu = 39;

std::string tasks_of(const std::string& root, const std::string& process) {
    return slashed(root) + "proc/" + process + "/task/";
}

std::string folder_of(const std::string& root, const std::string& process, pid_t tid) {
    return tasks_of(root, process) + std::to_string(tid) + "/";
}

struct Stat {
    std::string name;
    std::vector<std::string> fields; ///< from field 3 on

    std::optional<std::uint64_t> number(std::size_t field) const {
        const std::size_t at = field - kFirstAfterName;
        return at < fields.size() ? parse_count(fields[at]) : std::nullopt;
    }
};

std::optional<Stat> read_stat(const std::string& folder) {
    const auto text = read_text(folder + "stat");
    if (!text)
        return std::nullopt;
    // The name may hold anything, also parentheses.
    const std::size_t open = text->find('(');
    const std::size_t close = text->rfind(')');
    if (open == std::string::npos || close == std::string::npos || close < open)
        return std::nullopt;
    Stat stat;
    stat.name = text->substr(open + 1, close - open - 1);
    std::istringstream rest(text->substr(close + 1));
    std::string field;
    while (rest >> field)
        stat.fields.push_back(field);
    return stat;
}

/// What is behind "KEY:" or "KEY   :"; empty if there is none.
std::string text_behind(const std::string& text, std::string_view key) {
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line)) {
        const std::size_t colon = line.find(':');
        if (colon != std::string::npos && trimmed(std::string_view(line).substr(0, colon)) == key)
            return std::string(trimmed(std::string_view(line).substr(colon + 1)));
    }
    return {};
}

std::optional<std::uint64_t> number_behind(const std::string& text, std::string_view key) {
    return parse_count(text_behind(text, key));
}

/// The kernel has that file for processes alone, but a thread's number finds it, too.
std::optional<std::uint64_t> read_avx512_elapsed_ms(const std::string& root, pid_t tid) {
    const auto text = read_text(slashed(root) + "proc/" + std::to_string(tid) + "/arch_status");
    const std::string elapsed = text_behind(text.value_or(""), "AVX512_elapsed_ms");
    return elapsed == "-1" ? kNoAvx512 : parse_count(elapsed);
}

std::uint64_t since(std::uint64_t from, std::uint64_t to) {
    return to > from ? to - from : 0;
}

std::optional<std::uint64_t> since(const std::optional<std::uint64_t>& from,
                                   const std::optional<std::uint64_t>& to) {
    return from && to ? std::optional(since(*from, *to)) : std::nullopt;
}

} // namespace

std::vector<pid_t> read_thread_ids(const std::string& root, const std::string& process) {
    std::vector<pid_t> tids;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(tasks_of(root, process), error), end;
         !error && entry != end; entry.increment(error))
        if (const auto tid = parse_count(entry->path().filename().string()))
            tids.push_back(static_cast<pid_t>(*tid));
    std::sort(tids.begin(), tids.end());
    return tids;
}

std::optional<std::uint64_t> read_thread_start(const std::string& root, const std::string& process,
                                               pid_t tid) {
    const auto stat = read_stat(folder_of(root, process, tid));
    return stat ? stat->number(kStart) : std::nullopt;
}

std::optional<ThreadReadings> read_thread(const std::string& root, const std::string& process,
                                          pid_t tid) {
    const std::string folder = folder_of(root, process, tid);
    const auto stat = read_stat(folder);
    if (!stat)
        return std::nullopt;
    ThreadReadings readings;
    readings.name = stat->name;
    readings.cpu = static_cast<unsigned>(stat->number(kCpu).value_or(0));
    readings.minor_faults = stat->number(kMinorFaults).value_or(0);
    readings.major_faults = stat->number(kMajorFaults).value_or(0);
    readings.cpu_ticks =
        stat->number(kUserTicks).value_or(0) + stat->number(kSystemTicks).value_or(0);
    if (const auto status = read_text(folder + "status")) {
        readings.voluntary_switches = number_behind(*status, "voluntary_ctxt_switches");
        readings.involuntary_switches = number_behind(*status, "nonvoluntary_ctxt_switches");
    }
    if (const auto schedstat = read_text(folder + "schedstat")) {
        std::istringstream fields(*schedstat);
        std::string run;
        std::string wait;
        std::string slices;
        fields >> run >> wait >> slices;
        readings.run_ns = parse_count(run);
        readings.wait_ns = parse_count(wait);
        readings.time_slices = parse_count(slices);
    }
    if (const auto sched = read_text(folder + "sched"))
        readings.migrations = number_behind(*sched, "se.nr_migrations");
    readings.avx512_elapsed_ms = read_avx512_elapsed_ms(root, tid);
    return readings;
}

ThreadReadings difference(const ThreadReadings& from, const ThreadReadings& to) {
    ThreadReadings d;
    d.name = to.name;
    d.cpu = to.cpu;
    d.minor_faults = since(from.minor_faults, to.minor_faults);
    d.major_faults = since(from.major_faults, to.major_faults);
    d.cpu_ticks = since(from.cpu_ticks, to.cpu_ticks);
    d.voluntary_switches = since(from.voluntary_switches, to.voluntary_switches);
    d.involuntary_switches = since(from.involuntary_switches, to.involuntary_switches);
    d.run_ns = since(from.run_ns, to.run_ns);
    d.wait_ns = since(from.wait_ns, to.wait_ns);
    d.time_slices = since(from.time_slices, to.time_slices);
    d.migrations = since(from.migrations, to.migrations);
    d.avx512_elapsed_ms = to.avx512_elapsed_ms;
    return d;
}

} // namespace tactus
