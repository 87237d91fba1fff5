// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/process_pins.h"

#include "core/topology/topology_loader.h"

#include <optional>
#include <utility>

namespace tactus {

namespace {

/// The core of a set that is within one; nothing for wider sets.
std::optional<unsigned> core_of(const CpuSet& cpus, const Topology& topology) {
    std::optional<unsigned> core;
    for (const unsigned cpu : cpus.list()) {
        const CpuPlace* const place = topology.place_of(cpu);
        if (place == nullptr || (core && *core != place->core))
            return std::nullopt;
        core = place->core;
    }
    return core;
}

} // namespace

ProcessPins& ProcessPins::get() {
    // Never destroyed: threads may still flow when the process exits.
    static ProcessPins* const pins = new ProcessPins;
    return *pins;
}

std::shared_ptr<const Topology> ProcessPins::topology(std::string& error) {
    const std::lock_guard hold(lock_);
    if (auto known = topology_.lock())
        return known;
    LoadedTopology loaded = load_machine();
    if (!loaded.topology) {
        error = std::move(loaded.error);
        return nullptr;
    }
    auto fresh = std::make_shared<const Topology>(std::move(*loaded.topology));
    topology_ = fresh;
    return fresh;
}

CpuPlanner::Plan ProcessPins::claim(const Topology& topology, const CpuPlanner::Request& request) {
    const std::lock_guard hold(lock_);
    return planner_.claim(topology, request);
}

void ProcessPins::release(std::uint64_t ticket) {
    const std::lock_guard hold(lock_);
    planner_.release(ticket);
}

void ProcessPins::place(pid_t tid, const std::string& name, const CpuSet& cpus) {
    displace(tid);
    const std::lock_guard hold(lock_);
    placed_.push_back({tid, name, cpus});
}

void ProcessPins::displace(pid_t tid) {
    const std::lock_guard hold(lock_);
    std::erase_if(placed_, [&](const Placed& placed) { return placed.tid == tid; });
}

std::vector<std::string> ProcessPins::core_mates(pid_t tid, const Topology& topology) {
    const std::lock_guard hold(lock_);
    std::optional<unsigned> core;
    for (const Placed& placed : placed_)
        if (placed.tid == tid)
            core = core_of(placed.cpus, topology);
    std::vector<std::string> mates;
    for (const Placed& placed : placed_)
        if (core && placed.tid != tid && core_of(placed.cpus, topology) == core)
            mates.push_back(placed.name);
    return mates;
}

} // namespace tactus
