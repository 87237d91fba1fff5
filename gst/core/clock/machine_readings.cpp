// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/machine_readings.h"

#include "core/topology/kernel_text.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace tactus {

namespace {

constexpr long kUsualTicksPerSecond = 100;
// CPUs are counted up from 0 until one has no directory; this ends it in any case.
constexpr std::size_t kMostCpus = 8192;

/// Less than before means that it began anew (another cgroup, a machine moved): nothing since.
std::uint64_t since(std::uint64_t first, std::uint64_t now) {
    return now > first ? now - first : 0;
}

} // namespace

MachineReadings::MachineReadings(std::string root, long ticks_per_second) : root_(std::move(root)) {
    if (root_.empty() || root_.back() != '/')
        root_ += '/';
    long ticks = ticks_per_second > 0 ? ticks_per_second : sysconf(_SC_CLK_TCK);
    if (ticks <= 0)
        ticks = kUsualTicksPerSecond;
    ns_per_tick_ = 1'000'000'000ULL / static_cast<std::uint64_t>(ticks);
}

void MachineReadings::read() {
    if (const auto steal = read_steal_ns()) {
        if (!first_steal_ns_)
            first_steal_ns_ = steal;
        stats_.steal_ns = since(*first_steal_ns_, *steal);
    }
    if (const auto throttling = read_throttling(root_)) {
        if (!first_throttling_)
            first_throttling_ = throttling;
        stats_.throttled_ns = since(first_throttling_->ns, throttling->ns);
        stats_.throttled_periods = since(first_throttling_->periods, throttling->periods);
    }
    read_frequencies();
}

std::optional<std::uint64_t> MachineReadings::read_steal_ns() const {
    constexpr unsigned kStealField = 8;
    std::ifstream file(root_ + "proc/stat");
    std::string line;
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string field;
        if (!(fields >> field) || field != "cpu")
            continue;
        for (unsigned i = 0; i < kStealField; ++i)
            if (!(fields >> field))
                return std::nullopt;
        const auto ticks = parse_count(field);
        return ticks ? std::optional(*ticks * ns_per_tick_) : std::nullopt;
    }
    return std::nullopt;
}

void MachineReadings::read_frequencies() {
    std::size_t read = 0;
    for (std::size_t cpu = next_cpu_; read < kCpusAtATime && cpu < kMostCpus; ++cpu) {
        const std::string folder = root_ + "sys/devices/system/cpu/cpu" + std::to_string(cpu);
        next_cpu_ = cpu + 1;
        std::string text;
        std::ifstream file(folder + "/cpufreq/scaling_cur_freq");
        if (file >> text) {
            if (const auto khz = parse_count(text); khz && *khz > 0)
                see_frequency(cpu, *khz);
        } else if (access(folder.c_str(), F_OK) != 0) {
            next_cpu_ = 0;
            break;
        }
        ++read;
    }
}

void MachineReadings::see_frequency(std::size_t cpu, std::uint64_t khz) {
    stats_.cpu_frequency_min_khz = std::min(khz, stats_.cpu_frequency_min_khz.value_or(khz));
    stats_.cpu_frequency_max_khz = std::max(khz, stats_.cpu_frequency_max_khz.value_or(khz));
    if (!stats_.cpu_frequency_changes)
        stats_.cpu_frequency_changes = 0;
    const auto [place, is_new] = khz_.try_emplace(cpu, khz);
    const std::uint64_t difference = std::max(place->second, khz) - std::min(place->second, khz);
    if (is_new || difference <= place->second / 20)
        return;
    place->second = khz;
    ++*stats_.cpu_frequency_changes;
}

} // namespace tactus
