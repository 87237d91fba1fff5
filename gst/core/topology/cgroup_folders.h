// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <string>
#include <vector>

namespace tactus {

/// The folders of the CPU controller for a process: its own cgroup first, then all above it, of
/// version 1 and of version 2 (also where both are mounted), at the usual mount points. None need
/// exist. A path of another cgroup namespace ("/../x") leads to the root alone.
///
/// `root` is "/" but in tests; `process` a process id or "self". Any thread.
/// Sources: the kernel's admin-guide/cgroup-v1/cgroups.rst, admin-guide/cgroup-v2.rst.
std::vector<std::string> cpu_cgroup_folders(const std::string& root,
                                            const std::string& process = "self");

/// The same for the cpuset controller, whose folders of version 2 are those of the CPU controller.
std::vector<std::string> cpuset_cgroup_folders(const std::string& root,
                                               const std::string& process = "self");

} // namespace tactus
