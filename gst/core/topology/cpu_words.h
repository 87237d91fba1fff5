// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/cpu_set.h"
#include "core/topology/topology.h"

#include <string>
#include <string_view>

namespace tactus {

/// What a text names.
struct CpuChoice {
    CpuSet cpus;            ///< empty with `automatic`, with an error, and for an empty text
    bool automatic = false; ///< "auto": a planner chooses
    std::string error;      ///< what does not exist or cannot be read, and what would do
};

/// Reads a choice of CPUs: "auto", or a list of
///     3, 0-3           CPUs by the kernel's number
///     node:1           CPUs of a NUMA node, by the kernel's number
///     package:0        of a package, l3:0 of a level 3 cache, core:3 of a core (both hardware
///                      threads), each counted over the machine from 0, as hwloc's logical indices
///     near:eth0        CPUs of the node that a device hangs on, by its name or PCI address
///                      (near:0000:65:00.0)
/// with commas between. All of it must exist. An empty text chooses nothing.
///
/// `root` is where /sys is looked for, for devices that hwloc does not name. Any thread.
CpuChoice parse_cpus(std::string_view text, const Topology& topology,
                     const std::string& root = "/");

} // namespace tactus
