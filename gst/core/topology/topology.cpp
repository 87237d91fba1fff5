// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/topology.h"

#include <algorithm>
#include <utility>

namespace tactus {

namespace {

template <typename Matches>
CpuSet cpus_where(const std::vector<CpuPlace>& places, Matches matches) {
    CpuSet cpus;
    for (const CpuPlace& place : places)
        if (matches(place))
            cpus.add(place.cpu);
    return cpus;
}

template <typename Number>
CpuSet numbers_of(const std::vector<CpuPlace>& places, Number number) {
    CpuSet numbers;
    for (const CpuPlace& place : places)
        if (const std::optional<unsigned> value = number(place))
            numbers.add(*value);
    return numbers;
}

} // namespace

Topology::Topology(Source source, std::vector<CpuPlace> places, std::vector<TopologyDevice> devices)
    : source_(source), places_(std::move(places)), devices_(std::move(devices)) {
    std::sort(places_.begin(), places_.end(),
              [](const CpuPlace& a, const CpuPlace& b) { return a.cpu < b.cpu; });
    for (const CpuPlace& place : places_)
        cpus_.add(place.cpu);
}

const char* Topology::source_name() const {
    switch (source_) {
    case Source::this_machine:
        return "this-machine";
    case Source::file:
        return "file";
    case Source::synthetic:
        return "synthetic";
    }
    return "";
}

const CpuPlace* Topology::place_of(unsigned cpu) const {
    const auto place =
        std::lower_bound(places_.begin(), places_.end(), cpu,
                         [](const CpuPlace& p, unsigned number) { return p.cpu < number; });
    return place != places_.end() && place->cpu == cpu ? &*place : nullptr;
}

CpuSet Topology::nodes() const {
    return nodes_of(cpus_);
}

CpuSet Topology::cpus_of_node(unsigned node) const {
    return cpus_where(places_, [&](const CpuPlace& p) { return p.node == node; });
}

CpuSet Topology::cpus_of_package(unsigned package) const {
    return cpus_where(places_, [&](const CpuPlace& p) { return p.package == package; });
}

CpuSet Topology::cpus_of_l3(unsigned l3) const {
    return cpus_where(places_, [&](const CpuPlace& p) { return p.l3 == l3; });
}

CpuSet Topology::cpus_of_core(unsigned core) const {
    return cpus_where(places_, [&](const CpuPlace& p) { return p.core == core; });
}

CpuSet Topology::nodes_of(const CpuSet& cpus) const {
    return numbers_of(places_, [&](const CpuPlace& p) {
        return cpus.contains(p.cpu) ? std::optional(p.node) : std::nullopt;
    });
}

CpuSet Topology::packages() const {
    return numbers_of(places_, [](const CpuPlace& p) { return std::optional(p.package); });
}

CpuSet Topology::l3_caches() const {
    return numbers_of(places_, [](const CpuPlace& p) { return p.l3; });
}

CpuSet Topology::cores() const {
    return numbers_of(places_, [](const CpuPlace& p) { return std::optional(p.core); });
}

const TopologyDevice* Topology::find_device(std::string_view name) const {
    for (const TopologyDevice& device : devices_) {
        const std::string& address = device.pci_address;
        const bool is_it =
            address == name || (address.starts_with("0000:") && address.substr(5) == name) ||
            std::find(device.names.begin(), device.names.end(), name) != device.names.end();
        if (is_it && !name.empty())
            return &device;
    }
    return nullptr;
}

} // namespace tactus
