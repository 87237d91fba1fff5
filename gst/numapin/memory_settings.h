// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/frame_chunk.h"
#include "glue/properties.h"

#include <array>
#include <string>

namespace tactus {

GType huge_pages_get_type();

/// What the properties about memory say.
struct MemorySettings {
    static constexpr int kNodeOfThread = -1; ///< that of the pinned thread's CPUs, if it is one
    static constexpr int kAnyNode = -2;      ///< that of whoever touches a page first

    int node = kNodeOfThread;
    std::uint64_t alignment_bytes = 0;
    PageKind pages = PageKind::small;
    bool lock = false;
    bool prefault = false;
    bool shared = false;
    bool process_default = false;
    std::uint64_t max_idle_bytes = kUsualIdleBytes;
};

/// The property ids, in the order of the table, less those of other tables before it.
enum MemoryProperty : guint {
    kMemoryNodeId = 1,
    kAlignmentId,
    kHugePagesId,
    kLockPagesId,
    kPrefaultId,
    kSharedId,
    kProcessDefaultId,
    kMaxIdleBytesId,
    kLastMemoryId = kMaxIdleBytesId,
};

extern const std::array<PropertySpec, kLastMemoryId> kMemoryTable;

/// False if the id is none of them. One thread at a time.
bool set_memory_setting(MemorySettings& settings, guint id, const GValue* value);
bool get_memory_setting(const MemorySettings& settings, guint id, GValue* value);

/// What is wrong with the settings, with the value and what would be right; or empty.
std::string memory_settings_problem(const MemorySettings& settings);

} // namespace tactus
