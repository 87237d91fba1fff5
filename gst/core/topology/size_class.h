// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// Sizes that blocks of frame memory come in, so that frames of about the same size share a free
/// list: eight to each doubling, which wastes at most an eighth, and that only as addresses until
/// somebody touches it. In pages, as nothing smaller is given out. Source: the size classes of
/// jemalloc, J. Evans, "A Scalable Concurrent malloc Implementation for FreeBSD" (2006).
class SizeClass {
  public:
    static constexpr std::size_t kMostPages = std::size_t{1} << 28U;
    static constexpr std::size_t kCount = 208;

    /// The class of the smallest blocks with at least `pages`, which are 1 to kMostPages.
    static constexpr std::size_t of(std::size_t pages) {
        if (pages <= 2 * kSteps)
            return pages - 1;
        // What is left of the number less one has four bits: 8 to 15.
        const auto shift = static_cast<unsigned>(std::bit_width(pages - 1)) - kStepBits - 1;
        return kSteps * shift + ((pages - 1) >> (shift % kShiftLimit));
    }
    static constexpr std::size_t pages(std::size_t size_class) {
        if (size_class < 2 * kSteps)
            return size_class + 1;
        const std::size_t shift = size_class / kSteps - 1;
        return (size_class - kSteps * shift + 1) << (shift % kShiftLimit);
    }

  private:
    static constexpr unsigned kStepBits = 3;
    static constexpr std::size_t kSteps = std::size_t{1} << kStepBits;
    static constexpr unsigned kShiftLimit = 32; // for the analyzer; it is 24 at most
};

} // namespace tactus
