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

/// By the masks that the kernel has now: several numapins may have set them, or something else.
std::vector<std::string> ProcessPins::core_mates(pid_t tid, const Topology& topology) {
    std::optional<unsigned> core;
    std::vector<std::pair<pid_t, unsigned>> others;
    for (const pid_t placed : ledger_.placed_threads()) {
        CpuSet cpus;
        system_.get_cpus(placed, cpus);
        const auto its_core = core_of(cpus, topology);
        if (placed == tid)
            core = its_core;
        else if (its_core)
            others.emplace_back(placed, *its_core);
    }
    std::vector<std::string> mates;
    for (const auto& [other, its_core] : others)
        if (its_core == core)
            if (std::string name = system_.name_of(other); !name.empty())
                mates.push_back(std::move(name));
    return mates;
}

} // namespace tactus
