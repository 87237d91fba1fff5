// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/diagnosis.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace tactus {

namespace {

// Below these nobody would notice.
constexpr double kRemoteShare = 0.05;
constexpr double kThrottledShare = 0.01;
constexpr double kWaitShare = 0.05;
constexpr double kClockLoss = 0.15;
constexpr double kSwitchesPerSecond = 200;
constexpr double kFaultsPerBuffer = 16;
// Of less, shares and rates say nothing.
constexpr std::uint64_t kLeastIntervalNs = 500'000'000;
constexpr std::uint64_t kLeastBuffers = 10;

using Lines = std::vector<std::string>;

std::string number(const char* format, double value) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
}

std::string percent(double share) {
    return number("%.0f %%", share * 100);
}

double share_of(std::uint64_t part_ns, const ThreadFacts& facts) {
    return facts.interval_ns == 0
               ? 0
               : static_cast<double>(part_ns) / static_cast<double>(facts.interval_ns);
}

void judge_memory(const ThreadFacts& facts, Lines& lines) {
    if (!facts.remote_share || *facts.remote_share < kRemoteShare || !facts.memory_node ||
        !facts.thread_node || facts.memory_node == facts.thread_node)
        return;
    lines.push_back("remote " + percent(*facts.remote_share) + ": memory of node " +
                    std::to_string(*facts.memory_node) + ", thread on node " +
                    std::to_string(*facts.thread_node) +
                    ": set memory-node=" + std::to_string(*facts.thread_node));
}

void judge_quota(const ThreadFacts& facts, Lines& lines) {
    const auto& quota = facts.limits.quota_cpus;
    if (quota && *quota < facts.pinned_threads)
        lines.push_back("quota " + number("%.3g", *quota) + " CPUs for " +
                        std::to_string(facts.pinned_threads) + " threads: raise the quota of " +
                        facts.limits.quota_folder + ", or pin fewer");
    const double throttled = share_of(facts.throttled_ns, facts);
    if (throttled >= kThrottledShare && facts.interval_ns >= kLeastIntervalNs)
        lines.push_back("throttled " + percent(throttled) +
                        " of the time by the quota: raise cpu.max" +
                        (facts.limits.quota_folder.empty() ? std::string()
                                                           : " of " + facts.limits.quota_folder));
}

void judge_place(const ThreadFacts& facts, Lines& lines) {
    if (facts.samples_outside != 0)
        lines.push_back("outside its CPUs at " + std::to_string(facts.samples_outside) + " of " +
                        std::to_string(facts.samples) +
                        " samples: something else moves the thread (a cpuset, the application)");
    if (!facts.core_mates.empty()) {
        std::string names;
        for (const std::string& name : facts.core_mates)
            names += (names.empty() ? "" : ", ") + name;
        lines.push_back("shares a physical core with " + names +
                        ": take cpus of another core, or cpus=auto");
    }
    const CpuSet isolated = facts.cpus & facts.limits.isolated;
    if (isolated.count() > 1)
        lines.push_back("CPUs " + isolated.text() +
                        " are isolated, so the kernel does not balance over them: name one of "
                        "them for each thread");
}

void judge_waiting(const ThreadFacts& facts, Lines& lines) {
    if (facts.interval_ns < kLeastIntervalNs)
        return;
    const double seconds = static_cast<double>(facts.interval_ns) / 1e9;
    const double waited = share_of(facts.counted.wait_ns.value_or(0), facts);
    if (waited >= kWaitShare)
        lines.push_back("ready but waiting for a CPU " + percent(waited) +
                        " of the time: others use CPUs " + facts.cpus.text() +
                        "; take other cpus, or policy=fifo");
    const auto switches = static_cast<double>(facts.counted.involuntary_switches.value_or(0));
    if (switches / seconds >= kSwitchesPerSecond)
        lines.push_back("put off its CPU " + number("%.0f", switches / seconds) +
                        " times a second: take other cpus, or policy=fifo");
}

void judge_faults(const ThreadFacts& facts, Lines& lines) {
    if (facts.counted.major_faults != 0)
        lines.push_back(std::to_string(facts.counted.major_faults) +
                        " major page faults (memory came back from disk): set lock-pages=true, or "
                        "give the machine more memory");
    if (facts.buffers < kLeastBuffers)
        return;
    const double each =
        static_cast<double>(facts.counted.minor_faults) / static_cast<double>(facts.buffers);
    if (each >= kFaultsPerBuffer)
        lines.push_back(number("%.0f", each) +
                        " page faults for each buffer: frames are new memory every time; put "
                        "numapin behind the element that allocates them");
}

void judge_clock(const ThreadFacts& facts, Lines& lines) {
    if (!facts.frequency_khz || !facts.base_frequency_khz || *facts.base_frequency_khz == 0)
        return;
    const auto now = static_cast<double>(*facts.frequency_khz);
    const auto base = static_cast<double>(*facts.base_frequency_khz);
    if (now >= base * (1 - kClockLoss))
        return;
    const std::uint64_t elapsed_ms = facts.counted.avx512_elapsed_ms.value_or(kNoAvx512);
    std::string causes = "heat, a power limit, or a governor that saves";
    if (elapsed_ms <= facts.interval_ns / 1'000'000)
        causes = "AVX-512 code, whose registers the thread had in use " +
                 std::to_string(elapsed_ms) + " ms ago, or " + causes;
    lines.push_back("CPU " + std::to_string(facts.counted.cpu) + " runs at " +
                    number("%.2f", now / 1e6) + " GHz, " + percent(1 - now / base) +
                    " below its base clock: " + causes);
}

} // namespace

std::vector<std::string> diagnose(const ThreadFacts& facts) {
    Lines lines;
    judge_quota(facts, lines);
    judge_memory(facts, lines);
    judge_place(facts, lines);
    judge_waiting(facts, lines);
    judge_faults(facts, lines);
    judge_clock(facts, lines);
    return lines;
}

} // namespace tactus
