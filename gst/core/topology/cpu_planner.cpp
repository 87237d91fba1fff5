// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/cpu_planner.h"

#include <algorithm>
#include <cstdio>

namespace tactus {

namespace {

std::string decimal(double value) {
    std::string text(16, '\0');
    text.resize(static_cast<std::size_t>(std::snprintf(text.data(), text.size(), "%.3g", value)));
    return text;
}

} // namespace

bool CpuPlanner::is_taken(unsigned cpu) const {
    return std::any_of(claims_.begin(), claims_.end(),
                       [&](const Claim& claim) { return claim.cpu == cpu; });
}

unsigned CpuPlanner::threads_on_core(const Topology& topology, unsigned core) const {
    return static_cast<unsigned>(
        std::count_if(claims_.begin(), claims_.end(), [&](const Claim& claim) {
            const CpuPlace* place = topology.place_of(claim.cpu);
            return place != nullptr && place->core == core;
        }));
}

unsigned CpuPlanner::group_threads_on(const Topology& topology, unsigned node,
                                      const void* group) const {
    return static_cast<unsigned>(
        std::count_if(claims_.begin(), claims_.end(), [&](const Claim& claim) {
            const CpuPlace* place = topology.place_of(claim.cpu);
            return place != nullptr && place->node == node && claim.group == group;
        }));
}

/// Cores of the node that the thread cannot have for itself, against those it may use: fewer free
/// cores are a higher number.
unsigned CpuPlanner::busy_cores(const Topology& topology, unsigned node,
                                const CpuSet& allowed) const {
    CpuSet free;
    for (const CpuPlace& place : topology.places())
        if (place.node == node && allowed.contains(place.cpu) &&
            threads_on_core(topology, place.core) == 0)
            free.add(place.core);
    return CpuSet::kLimit - free.count();
}

CpuPlanner::Rank CpuPlanner::rank_of(const CpuPlace& place, const Topology& topology,
                                     const Request& request) const {
    const bool is_near = request.near.contains(place.cpu);
    // More threads of the group on the node are better, so they count down.
    const unsigned company = group_threads_on(topology, place.node, request.group);
    const bool isolated = request.limits.isolated.contains(place.cpu);
    const bool tickless = request.limits.nohz_full.contains(place.cpu);
    const unsigned on_core = threads_on_core(topology, place.core);
    return {
        on_core != 0 ? 1U : 0U,
        is_near ? 0U : 1U,
        CpuSet::kLimit - company,
        isolated ? 0U : 1U,
        tickless ? 0U : 1U,
        busy_cores(topology, place.node, request.allowed),
        place.sibling,
        place.node,
        place.cpu,
    };
}

CpuPlanner::Plan CpuPlanner::claim(const Topology& topology, const Request& request) {
    const auto fed = request.limits.threads_fed();
    if (fed && claims_.size() >= *fed)
        return {std::nullopt, 0,
                "the quota of " + decimal(*request.limits.quota_cpus) + " CPUs (" +
                    request.limits.quota_folder + ") feeds " + std::to_string(*fed) +
                    " planned thread(s), and there are as many already"};
    const CpuPlace* best = nullptr;
    Rank best_rank;
    for (const CpuPlace& place : topology.places()) {
        if (!request.allowed.contains(place.cpu) || is_taken(place.cpu))
            continue;
        Rank rank = rank_of(place, topology, request);
        if (best == nullptr || rank < best_rank) {
            best = &place;
            best_rank = std::move(rank);
        }
    }
    if (best == nullptr)
        return {std::nullopt, 0,
                "every CPU that the thread may use (" + request.allowed.text() +
                    ") has a planned thread already"};
    claims_.push_back({++last_ticket_, best->cpu, request.group});
    return {best->cpu, last_ticket_, {}};
}

void CpuPlanner::release(std::uint64_t ticket) {
    std::erase_if(claims_, [&](const Claim& claim) { return claim.ticket == ticket; });
}

} // namespace tactus
