// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"

#include <cstddef>
#include <cstdint>

namespace tactus {

/// So many numbers more than it needs lets scratch memory be placed.
template <typename T>
constexpr std::size_t kScratchSlack = 1536 / sizeof(T);

/// Where in `scratch`, which is aligned and stays so, a pass that reads `in` had best write. A
/// processor compares loads with earlier stores by their place in a page first, and loads that lie
/// just behind those in that sense wait: of a pass, all. Large blocks of memory come with
/// neighbouring places as a rule.
template <typename T>
T* place_scratch(const void* in, T* scratch) {
    constexpr std::uintptr_t kPage = 4096;
    constexpr std::uintptr_t kLeast = 512;
    constexpr std::uintptr_t kWanted = 1024;
    const std::uintptr_t gap =
        (reinterpret_cast<std::uintptr_t>(scratch) - reinterpret_cast<std::uintptr_t>(in)) % kPage;
    if (gap >= kLeast && gap <= kPage - kLeast)
        return scratch;
    const std::uintptr_t shift = gap < kLeast ? kWanted - gap : kWanted + kPage - gap;
    return scratch + shift / kVectorAlignment * kVectorAlignment / sizeof(T);
}

} // namespace tactus
