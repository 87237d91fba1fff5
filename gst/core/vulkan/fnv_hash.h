// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tactus {

constexpr std::uint64_t kFnvStart = 0xcbf29ce484222325U;

/// FNV-1a, 64 bits, from `hash` on: against damage and mix-ups, not against forgery. Any thread.
/// Source: Fowler, Noll, Vo; draft-eastlake-fnv.
constexpr std::uint64_t fnv_hash(std::span<const std::byte> bytes, std::uint64_t hash = kFnvStart) {
    for (const std::byte byte : bytes)
        hash = (hash ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3U;
    return hash;
}

} // namespace tactus
