// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/memory_remedies.h"

#include "core/topology/kernel_text.h"

#include <fstream>
#include <sys/resource.h>
#include <system_error>

namespace tactus {

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20U;

std::string error_text(int error) {
    return std::generic_category().message(error);
}

std::string mebibytes(std::uint64_t bytes) {
    return std::to_string((bytes + kMiB - 1) / kMiB) + " MiB";
}

std::string huge_pages(const ArenaWarning& warning, const MemoryLimits& limits) {
    if (warning.kind == PageKind::transparent)
        return "huge-pages=thp: this kernel has no transparent huge pages (" +
               error_text(warning.error) + "); frames have small pages";
    const bool large = warning.kind == PageKind::huge_1g;
    const std::uint64_t free_pages = large ? limits.free_1g_pages : limits.free_2m_pages;
    const std::uint64_t page = page_bytes(warning.kind);
    const std::uint64_t needed = (warning.bytes + page - 1) / page;
    std::string text = std::string("huge-pages=") + (large ? "1G" : "2M") + ": " +
                       std::to_string(needed) + " pages were needed for a frame, " +
                       std::to_string(free_pages) + " are free (" + error_text(warning.error) +
                       "); frames have smaller pages. To make room: ";
    return text + (large
                       ? "boot with hugepagesz=1G hugepages=N"
                       : "write a number to /proc/sys/vm/nr_hugepages, or to the node's "
                         "/sys/devices/system/node/nodeN/hugepages/hugepages-2048kB/nr_hugepages");
}

std::string lock(const ArenaWarning& warning, const MemoryLimits& limits) {
    const std::string limit = limits.lock_limit_bytes == UINT64_MAX
                                  ? "not limited"
                                  : std::to_string(limits.lock_limit_bytes / 1024) + " KiB";
    return "lock-pages=true: a frame of " + mebibytes(warning.bytes) +
           " could not be locked: " + error_text(warning.error) + " (RLIMIT_MEMLOCK is " + limit +
           "). To allow it: ulimit -l, LimitMEMLOCK= of the service, memlock in "
           "/etc/security/limits.conf, or CAP_IPC_LOCK";
}

} // namespace

MemoryLimits read_memory_limits(const std::string& root) {
    MemoryLimits limits;
    rlimit lock{};
    if (getrlimit(RLIMIT_MEMLOCK, &lock) == 0)
        limits.lock_limit_bytes = lock.rlim_cur == RLIM_INFINITY ? UINT64_MAX : lock.rlim_cur;
    std::ifstream nodes(root + "sys/devices/system/node/has_memory");
    nodes >> limits.nodes;
    const std::string pools = root + "sys/kernel/mm/hugepages/hugepages-";
    limits.free_2m_pages = read_count(pools + "2048kB/free_hugepages").value_or(0);
    limits.free_1g_pages = read_count(pools + "1048576kB/free_hugepages").value_or(0);
    return limits;
}

std::string memory_remedy(const ArenaWarning& warning, const ArenaOptions& options,
                          const MemoryLimits& limits) {
    const std::string node = std::to_string(options.node.value_or(0));
    const std::string error = error_text(warning.error);
    switch (warning.trouble) {
    case ArenaTrouble::huge_pages:
        return huge_pages(warning, limits);
    case ArenaTrouble::no_node:
        return "memory-node=" + node + ": the kernel refused it: " + error +
               "; frames have memory of any node. Nodes with memory are " +
               (limits.nodes.empty() ? "not known" : limits.nodes) +
               ", as far as the cpuset (cpuset.mems) allows them";
    case ArenaTrouble::node_full:
        return "memory-node=" + node + ": the node has less than " + mebibytes(warning.bytes) +
               " left for a frame; memory of other nodes was taken. Lower max-idle-bytes, or use "
               "another node";
    case ArenaTrouble::lock:
        return lock(warning, limits);
    case ArenaTrouble::prefault:
        return "prefault=true: " + mebibytes(warning.bytes) +
               " could not be touched ahead: " + error;
    case ArenaTrouble::no_memory:
        break;
    }
    return "there is no memory for a frame of " + mebibytes(warning.bytes) + ": " + error;
}

} // namespace tactus
