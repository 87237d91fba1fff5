// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/process_look.h"

#include "core/topology/cpu_planner.h"
#include "core/topology/diagnosis.h"
#include "core/topology/kernel_text.h"
#include "core/topology/thread_ledger.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <sstream>

namespace tactus {

namespace {

/// A task that does less than this is not worth a CPU of its own.
constexpr double kBusy = 0.02;

/// "7f0000 default anon=3 N0=2 N1=1 kernelpagesize_kB=4" for each mapping.
std::map<unsigned, std::uint64_t> read_node_bytes(const std::string& path) {
    std::map<unsigned, std::uint64_t> bytes;
    std::istringstream lines(read_text(path).value_or(""));
    std::string line;
    while (std::getline(lines, line)) {
        std::map<unsigned, std::uint64_t> pages;
        std::uint64_t page_kb = 4;
        std::istringstream fields(line);
        std::string field;
        while (fields >> field) {
            const std::size_t equals = field.find('=');
            if (equals == std::string::npos)
                continue;
            const std::string key = field.substr(0, equals);
            const auto value = parse_count(std::string_view(field).substr(equals + 1));
            const auto node =
                key.starts_with('N') ? parse_count(std::string_view(key).substr(1)) : std::nullopt;
            if (value && node && *node < CpuSet::kLimit)
                pages[static_cast<unsigned>(*node)] += *value;
            else if (value && key == "kernelpagesize_kB")
                page_kb = *value;
        }
        for (const auto& [node, count] : pages)
            bytes[node] += count * page_kb * 1024;
    }
    return bytes;
}

const ThreadLook* find(const ProcessLook& look, pid_t tid) {
    const auto thread = std::find_if(look.threads.begin(), look.threads.end(),
                                     [&](const ThreadLook& t) { return t.tid == tid; });
    return thread != look.threads.end() ? &*thread : nullptr;
}

/// Memory of the process, as if all of it were this thread's.
void put_memory(const ProcessLook& look, const Topology& topology, unsigned cpu,
                ThreadFacts& facts) {
    const CpuPlace* const place = topology.place_of(cpu);
    const auto most =
        std::max_element(look.node_bytes.begin(), look.node_bytes.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (place == nullptr || most == look.node_bytes.end())
        return;
    const std::uint64_t sum =
        std::accumulate(look.node_bytes.begin(), look.node_bytes.end(), std::uint64_t{0},
                        [](std::uint64_t s, const auto& node) { return s + node.second; });
    const auto local = look.node_bytes.find(place->node);
    const std::uint64_t near = local != look.node_bytes.end() ? local->second : 0;
    facts.thread_node = place->node;
    facts.memory_node = most->first;
    if (sum != 0)
        facts.remote_share = 1 - static_cast<double>(near) / static_cast<double>(sum);
}

ThreadAdvice look_at_thread(const Topology& topology, const ProcessLook& first,
                            const ProcessLook& second, const ThreadLook& thread) {
    ThreadAdvice advice;
    advice.tid = thread.tid;
    const ThreadLook* const before = find(first, thread.tid);
    advice.counted =
        before != nullptr ? difference(before->readings, thread.readings) : ThreadReadings{};
    ThreadFacts facts;
    facts.interval_ns = second.at_ns - first.at_ns;
    facts.counted = advice.counted;
    facts.limits = second.limits;
    facts.throttled_ns =
        second.throttled_ns > first.throttled_ns ? second.throttled_ns - first.throttled_ns : 0;
    facts.cpus = thread.cpus;
    if (facts.interval_ns != 0)
        advice.busy = static_cast<double>(advice.counted.run_ns.value_or(0)) /
                      static_cast<double>(facts.interval_ns);
    if (advice.busy >= kBusy || thread.is_task) {
        put_memory(second, topology, thread.readings.cpu, facts);
        advice.lines = diagnose(facts);
    }
    return advice;
}

} // namespace

ProcessLook look_at_process(const std::string& root, pid_t process, ThreadSystem& system,
                            std::uint64_t now_ns) {
    const std::string name = std::to_string(process);
    ProcessLook look;
    look.at_ns = now_ns;
    look.limits = read_cpu_limits(root, name);
    look.throttled_ns = read_throttling(root, name).value_or(Throttling{}).ns;
    look.node_bytes = read_node_bytes(slashed(root) + "proc/" + name + "/numa_maps");
    for (const pid_t tid : read_thread_ids(root, name)) {
        auto readings = read_thread(root, name, tid);
        if (!readings)
            continue;
        ThreadLook thread;
        thread.tid = tid;
        thread.readings = std::move(*readings);
        system.get_cpus(tid, thread.cpus);
        system.get_scheduling(tid, thread.scheduling);
        thread.is_task = ThreadLedger::is_pool_name(thread.readings.name) &&
                         !thread.readings.name.starts_with("pool-");
        look.threads.push_back(std::move(thread));
    }
    return look;
}

std::vector<ThreadAdvice> advise(const Topology& topology, const ProcessLook& first,
                                 const ProcessLook& second) {
    std::vector<ThreadAdvice> all;
    for (const ThreadLook& thread : second.threads)
        all.push_back(look_at_thread(topology, first, second, thread));
    std::vector<std::size_t> order(all.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return all[a].busy > all[b].busy; });
    CpuPlanner planner;
    for (const std::size_t i : order) {
        const ThreadLook& thread = second.threads[i];
        if (!thread.is_task || all[i].busy < kBusy || thread.cpus.count() < 2)
            continue;
        CpuPlanner::Request request;
        request.allowed = thread.cpus;
        request.limits = second.limits;
        const CpuPlanner::Plan plan = planner.claim(topology, request);
        if (plan.cpu)
            all[i].set = "numapin cpus=" + std::to_string(*plan.cpu);
        else
            all[i].lines.push_back(plan.problem);
    }
    return all;
}

} // namespace tactus
