// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// Spreads intervals that may overlap over lanes in which they do not: first fit, as in interval
/// graph colouring. In each lane, every interval begins at or after the end of the one placed
/// before it, so a lane is in order of time in whatever order the intervals come.
///
/// Threads: one at a time. Memory: kMaxLanes numbers. Times in nanoseconds.
class LaneSet {
  public:
    /// More rows than a person can read; a queue that is deeper shows a share of its buffers.
    static constexpr std::size_t kMaxLanes = 64;

    /// The lane for [begin_ns, end_ns]; at most the number of lanes so far, which then grows by
    /// one. Nothing if all kMaxLanes are taken at that time.
    std::optional<std::size_t> place(std::uint64_t begin_ns, std::uint64_t end_ns) {
        const auto lane = std::find_if(
            ends_ns_.begin(), ends_ns_.end(),
            [begin_ns](std::uint64_t taken_until_ns) { return taken_until_ns <= begin_ns; });
        const auto index = static_cast<std::size_t>(lane - ends_ns_.begin());
        if (lane != ends_ns_.end())
            *lane = end_ns;
        else if (index < kMaxLanes)
            ends_ns_.push_back(end_ns);
        else
            return std::nullopt;
        return index;
    }

    std::size_t size() const { return ends_ns_.size(); }

  private:
    std::vector<std::uint64_t> ends_ns_;
};

} // namespace tactus
