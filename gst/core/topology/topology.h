// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_set.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

/// Where one CPU (a hardware thread) is.
struct CpuPlace {
    unsigned cpu = 0;           ///< the kernel's number
    unsigned core = 0;          ///< counted over the machine from 0
    unsigned sibling = 0;       ///< which hardware thread of its core, from 0
    unsigned package = 0;       ///< counted from 0
    unsigned node = 0;          ///< the kernel's number
    std::optional<unsigned> l3; ///< counted over the machine from 0
};

/// A PCI device, or another that has CPUs of its own near it.
struct TopologyDevice {
    std::string pci_address;        ///< "0000:61:00.0"
    std::vector<std::string> names; ///< as "eth0"
    CpuSet near;                    ///< CPUs of the part of the machine it hangs on
};

/// CPUs, caches, NUMA nodes and devices of a machine, as they were when it was read.
///
/// Immutable once filled, so any thread may read it. `load_machine`, `load_topology_xml` and
/// `load_synthetic_topology` make one.
class Topology {
  public:
    enum class Source : std::uint8_t { this_machine, file, synthetic };

    Topology(Source source, std::vector<CpuPlace> places, std::vector<TopologyDevice> devices);

    Source source() const { return source_; }
    const char* source_name() const;
    const std::vector<CpuPlace>& places() const { return places_; }
    const std::vector<TopologyDevice>& devices() const { return devices_; }
    const CpuSet& cpus() const { return cpus_; }

    const CpuPlace* place_of(unsigned cpu) const; ///< null if there is no such CPU

    CpuSet nodes() const;
    CpuSet cpus_of_node(unsigned node) const;
    CpuSet cpus_of_package(unsigned package) const;
    CpuSet cpus_of_l3(unsigned l3) const;
    CpuSet cpus_of_core(unsigned core) const;
    /// The nodes that `cpus` are on.
    CpuSet nodes_of(const CpuSet& cpus) const;

    CpuSet packages() const;
    CpuSet l3_caches() const;
    CpuSet cores() const;

    /// By name or PCI address ("0000:65:00.0", or "65:00.0" in domain 0); null if there is none.
    const TopologyDevice* find_device(std::string_view name) const;

  private:
    Source source_;
    std::vector<CpuPlace> places_; ///< by CPU number
    std::vector<TopologyDevice> devices_;
    CpuSet cpus_;
};

} // namespace tactus
