// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/frame_chunk.h"

#include <cstdint>
#include <string>

namespace tactus {

/// What a remedy has to know of the machine.
struct MemoryLimits {
    std::uint64_t lock_limit_bytes = 0; ///< RLIMIT_MEMLOCK; UINT64_MAX: none
    std::string nodes;                  ///< that have memory, as the kernel lists them: "0-3"
    std::uint64_t free_2m_pages = 0;
    std::uint64_t free_1g_pages = 0;
};

/// Of this machine and process.
MemoryLimits read_memory_limits(const std::string& root = "/");

/// A sentence for the user: which setting the kernel refused, why, and what to do. Pure; any
/// thread.
std::string memory_remedy(const ArenaWarning& warning, const ArenaOptions& options,
                          const MemoryLimits& limits);

} // namespace tactus
