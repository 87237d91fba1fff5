// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/ring/levels.h"

#include <cstdint>

namespace tactus {

enum class ItemKind : std::uint8_t { none = 0, buffers = 1, event = 2, query = 3 };

/// What travels through a ring. The object is opaque here; who puts an item in gives up one
/// reference, who takes it out (or is handed it for disposal) owns that reference.
struct Item {
    enum Flag : std::uint8_t {
        kList = 1 << 0,   ///< a list of buffers rather than one
        kDelta = 1 << 1,  ///< cannot be decoded without what came before it
        kSticky = 1 << 2, ///< an event that survives a leak
        kGap = 1 << 3,    ///< an event that stands for missing media
        kUnkept = 1 << 4, ///< a sticky event that a flush does not keep (SEGMENT, EOS)
    };

    void* object = nullptr;
    ItemKind kind = ItemKind::none;
    std::uint8_t flags = 0;
    std::uint32_t buffers = 0;       ///< 1, or the length of the list
    std::uint64_t bytes = 0;         ///< payload
    std::int64_t start_ns = kNoTime; ///< running time of the first buffer, or of the gap
    std::int64_t end_ns = kNoTime;   ///< running time of the last one plus its duration
    std::uint64_t sequence = 0;      ///< of the first buffer; set by the ring
    std::uint64_t enqueued_ns = 0;   ///< the injected time of the push; set by the ring

    bool has(Flag f) const { return (flags & f) != 0; }
    bool is_buffers() const { return kind == ItemKind::buffers; }
};

} // namespace tactus
