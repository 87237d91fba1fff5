// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/topology.h"

#include <optional>
#include <string>

namespace tactus {

struct LoadedTopology {
    std::optional<Topology> topology;
    std::string error; ///< why there is none
};

// Topologies as hwloc sees them. Each call takes milliseconds; any thread may call. hwloc's
// components that would start a graphics or compute driver are left out: devices are found by PCI.
//
// hwloc falls back to the machine it runs on where it cannot read what it was given (an empty file,
// say); here that is an error.

/// This machine; or what HWLOC_XMLFILE or HWLOC_SYNTHETIC name, and the source then says so.
LoadedTopology load_machine();
/// What `lstopo FILE.xml` writes.
LoadedTopology load_topology_xml(const std::string& path);
/// hwloc's words, as "node:2 core:4 pu:2".
LoadedTopology load_synthetic_topology(const std::string& description);

} // namespace tactus
