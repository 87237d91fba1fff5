// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/topology_loader.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <hwloc.h>
#include <memory>
#include <system_error>
#include <utility>

namespace tactus {

namespace {

struct DestroyTopology {
    void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using Handle = std::unique_ptr<hwloc_topology, DestroyTopology>;

Handle make_handle() {
    hwloc_topology_t topology = nullptr;
    if (hwloc_topology_init(&topology) != 0)
        return nullptr;
    hwloc_topology_set_io_types_filter(topology, HWLOC_TYPE_FILTER_KEEP_ALL);
    // "pci" is libpciaccess, which leaks at each load; without it hwloc reads sysfs itself.
    for (const char* name : {"cuda", "nvml", "opencl", "gl", "rsmi", "levelzero", "pci"})
        hwloc_topology_set_components(topology, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, name);
    return Handle(topology);
}

std::string reason() {
    return std::generic_category().message(errno);
}

CpuSet to_set(hwloc_const_bitmap_t bitmap) {
    CpuSet set;
    if (bitmap != nullptr)
        for (int i = hwloc_bitmap_first(bitmap); i >= 0 && i < static_cast<int>(CpuSet::kLimit);
             i = hwloc_bitmap_next(bitmap, i))
            set.add(static_cast<unsigned>(i));
    return set;
}

std::optional<unsigned> index_above(hwloc_topology_t topology, hwloc_obj_type_t type,
                                    hwloc_obj_t object) {
    const hwloc_obj_t above = hwloc_get_ancestor_obj_by_type(topology, type, object);
    return above != nullptr ? std::optional(above->logical_index) : std::nullopt;
}

unsigned node_of(hwloc_topology_t topology, hwloc_obj_t cpu) {
    // Memory without CPUs of its own (a slower kind) comes later in the order.
    for (hwloc_obj_t node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, nullptr);
         node != nullptr; node = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node))
        if (hwloc_bitmap_isset(node->cpuset, cpu->os_index) != 0)
            return node->os_index;
    return 0;
}

std::vector<CpuPlace> places_of(hwloc_topology_t topology) {
    std::vector<CpuPlace> places;
    for (hwloc_obj_t cpu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, nullptr);
         cpu != nullptr; cpu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, cpu)) {
        CpuPlace place;
        place.cpu = cpu->os_index;
        place.core = index_above(topology, HWLOC_OBJ_CORE, cpu).value_or(cpu->logical_index);
        place.package = index_above(topology, HWLOC_OBJ_PACKAGE, cpu).value_or(0);
        place.l3 = index_above(topology, HWLOC_OBJ_L3CACHE, cpu);
        place.node = node_of(topology, cpu);
        for (const CpuPlace& other : places)
            place.sibling += other.core == place.core ? 1 : 0;
        places.push_back(place);
    }
    return places;
}

std::string address_of(const hwloc_obj_attr_u::hwloc_pcidev_attr_s& pci) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%01x",
                  static_cast<unsigned>(pci.domain), static_cast<unsigned>(pci.bus),
                  static_cast<unsigned>(pci.dev), static_cast<unsigned>(pci.func));
    return text.data();
}

/// A PCI device's names are those of the operating system's devices below it.
void add_names(hwloc_topology_t topology, hwloc_obj_t pci, TopologyDevice& device) {
    for (hwloc_obj_t os = hwloc_get_next_osdev(topology, nullptr); os != nullptr;
         os = hwloc_get_next_osdev(topology, os)) {
        hwloc_obj_t parent = os->parent;
        while (parent != nullptr && parent->type == HWLOC_OBJ_OS_DEVICE)
            parent = parent->parent;
        if (parent == pci && os->name != nullptr)
            device.names.emplace_back(os->name);
    }
}

std::vector<TopologyDevice> devices_of(hwloc_topology_t topology) {
    std::vector<TopologyDevice> devices;
    for (hwloc_obj_t pci = hwloc_get_next_pcidev(topology, nullptr); pci != nullptr;
         pci = hwloc_get_next_pcidev(topology, pci)) {
        TopologyDevice device;
        device.pci_address = address_of(pci->attr->pcidev);
        const hwloc_obj_t at = hwloc_get_non_io_ancestor_obj(topology, pci);
        device.near = to_set(at != nullptr ? at->cpuset : nullptr);
        add_names(topology, pci, device);
        devices.push_back(std::move(device));
    }
    return devices;
}

LoadedTopology read(hwloc_topology_t topology, Topology::Source source) {
    std::vector<CpuPlace> places = places_of(topology);
    if (places.empty())
        return {std::nullopt, "the topology has no CPUs"};
    return {Topology(source, std::move(places), devices_of(topology)), {}};
}

/// Loads what was set on the handle, and only that.
LoadedTopology load_set(const Handle& handle, Topology::Source source, const std::string& what) {
    if (hwloc_topology_load(handle.get()) != 0)
        return {std::nullopt, "hwloc cannot load " + what + ": " + reason()};
    if (hwloc_topology_is_thissystem(handle.get()) != 0)
        return {std::nullopt, what + " holds no topology: hwloc fell back to this machine"};
    return read(handle.get(), source);
}

} // namespace

LoadedTopology load_machine() {
    const Handle handle = make_handle();
    if (handle == nullptr || hwloc_topology_load(handle.get()) != 0)
        return {std::nullopt, "hwloc cannot read the topology of this machine: " + reason()};
    Topology::Source source = Topology::Source::this_machine;
    // Nobody changes the environment meanwhile, and hwloc reads it just so.
    if (hwloc_topology_is_thissystem(handle.get()) == 0)
        source = std::getenv("HWLOC_XMLFILE") != nullptr // NOLINT(concurrency-mt-unsafe)
                     ? Topology::Source::file
                     : Topology::Source::synthetic;
    return read(handle.get(), source);
}

LoadedTopology load_topology_xml(const std::string& path) {
    const Handle handle = make_handle();
    if (handle == nullptr || hwloc_topology_set_xml(handle.get(), path.c_str()) != 0)
        return {std::nullopt, "hwloc cannot read \"" + path + "\": " + reason()};
    return load_set(handle, Topology::Source::file, "\"" + path + "\"");
}

LoadedTopology load_synthetic_topology(const std::string& description) {
    const Handle handle = make_handle();
    if (handle == nullptr || hwloc_topology_set_synthetic(handle.get(), description.c_str()) != 0)
        return {std::nullopt, "hwloc cannot read \"" + description + "\" as a topology"};
    return load_set(handle, Topology::Source::synthetic, "\"" + description + "\"");
}

} // namespace tactus
