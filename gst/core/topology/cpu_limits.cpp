// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/cpu_limits.h"

#include "core/topology/cgroup_folders.h"
#include "core/topology/kernel_text.h"

#include <algorithm>
#include <sstream>

namespace tactus {

namespace {

/// Version 2: "max 100000" or "150000 100000".
std::optional<double> quota_v2(const std::string& folder) {
    const auto text = read_text(folder + "/cpu.max");
    if (!text)
        return std::nullopt;
    std::istringstream fields(*text);
    std::string quota;
    std::string period;
    fields >> quota >> period;
    const auto quota_us = parse_count(quota);
    const auto period_us = parse_count(period);
    if (!quota_us || !period_us || *period_us == 0)
        return std::nullopt;
    return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

/// Version 1: two files, and -1 for no limit.
std::optional<double> quota_v1(const std::string& folder) {
    const auto quota_us = read_count(folder + "/cpu.cfs_quota_us");
    const auto period_us = read_count(folder + "/cpu.cfs_period_us");
    if (!quota_us || !period_us || *period_us == 0)
        return std::nullopt;
    return static_cast<double>(*quota_us) / static_cast<double>(*period_us);
}

/// The nearest cgroup that says which CPUs it really has.
std::optional<CpuSet> cpuset_of(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders)
        for (const char* name : {"/cpuset.cpus.effective", "/cpuset.effective_cpus"})
            if (const auto text = read_text(folder + name))
                if (auto set = CpuSet::parse(*text); set && !set->empty())
                    return set;
    return std::nullopt;
}

CpuSet read_set(const std::string& path) {
    const auto text = read_text(path);
    return text ? CpuSet::parse(*text).value_or(CpuSet{}) : CpuSet{};
}

} // namespace

std::optional<unsigned> CpuLimits::threads_fed() const {
    if (!quota_cpus)
        return std::nullopt;
    return static_cast<unsigned>(std::clamp(*quota_cpus, 1.0, static_cast<double>(CpuSet::kLimit)));
}

CpuLimits read_cpu_limits(const std::string& root, const std::string& process) {
    CpuLimits limits;
    for (const std::string& folder : cpu_cgroup_folders(root, process))
        for (const auto quota : {quota_v2(folder), quota_v1(folder)})
            if (quota && (!limits.quota_cpus || *quota < *limits.quota_cpus)) {
                limits.quota_cpus = quota;
                limits.quota_folder = folder;
            }
    limits.cpuset = cpuset_of(cpuset_cgroup_folders(root, process));
    const std::string cpus = slashed(root) + "sys/devices/system/cpu/";
    limits.isolated = read_set(cpus + "isolated");
    limits.nohz_full = read_set(cpus + "nohz_full");
    return limits;
}

std::optional<Throttling> read_throttling(const std::string& root, const std::string& process) {
    std::optional<Throttling> sum;
    for (const std::string& folder : cpu_cgroup_folders(root, process)) {
        std::istringstream fields(read_text(folder + "/cpu.stat").value_or(""));
        std::string key;
        std::string text;
        while (fields >> key >> text) {
            const auto value = parse_count(text);
            const bool is_ns = key == "throttled_time";
            const bool is_us = key == "throttled_usec";
            if (!value || !(is_ns || is_us || key == "nr_throttled"))
                continue;
            if (!sum)
                sum.emplace();
            if (is_ns || is_us)
                sum->ns += *value * (is_us ? 1000 : 1);
            else
                sum->periods += *value;
        }
    }
    return sum;
}

CpuClock read_cpu_clock(const std::string& root, unsigned cpu) {
    const std::string folder =
        slashed(root) + "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/";
    CpuClock clock;
    clock.now_khz = read_count(folder + "cpufreq/scaling_cur_freq");
    clock.base_khz = read_count(folder + "cpufreq/base_frequency");
    if (!clock.base_khz)
        if (const auto mhz = read_count(folder + "acpi_cppc/nominal_freq"))
            clock.base_khz = *mhz * 1000;
    return clock;
}

} // namespace tactus
