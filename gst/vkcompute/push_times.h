// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <mutex>

namespace tactus {

/// How long downstream has held the thread that pushes, in all. Frames behind wait for that as
/// well, and none of it is latency of the element. Times are of one clock, in ns.
///
/// Threads: `begin` and `end` from one, `total_ns` from any.
class PushTimes {
  public:
    void begin(std::uint64_t now_ns) {
        const std::lock_guard lock(mutex_);
        began_ns_ = now_ns;
        pushes_ = true;
    }
    void end(std::uint64_t now_ns) {
        const std::lock_guard lock(mutex_);
        total_ns_ += now_ns - began_ns_;
        pushes_ = false;
    }
    /// Up to now, a push that is not over included.
    std::uint64_t total_ns(std::uint64_t now_ns) const {
        const std::lock_guard lock(mutex_);
        return total_ns_ + (pushes_ && now_ns > began_ns_ ? now_ns - began_ns_ : 0);
    }

  private:
    mutable std::mutex mutex_;
    std::uint64_t total_ns_ = 0;
    std::uint64_t began_ns_ = 0;
    bool pushes_ = false;
};

} // namespace tactus
