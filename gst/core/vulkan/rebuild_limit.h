// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace tactus {

/// How often a lost device may be opened anew. One thread.
class RebuildLimit {
  public:
    static constexpr std::size_t kMost = 5;
    static constexpr std::uint64_t kWindowNs = 60'000'000'000;

    /// True, and counted, if fewer than kMost were granted in the kWindowNs before `now_ns`.
    bool grant(std::uint64_t now_ns) {
        while (!granted_ns_.empty() && now_ns - granted_ns_.front() >= kWindowNs)
            granted_ns_.pop_front();
        if (granted_ns_.size() >= kMost)
            return false;
        granted_ns_.push_back(now_ns);
        return true;
    }

  private:
    std::deque<std::uint64_t> granted_ns_;
};

} // namespace tactus
