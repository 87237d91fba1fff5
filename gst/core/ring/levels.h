// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace tactus {

/// A running time or other signed time that is not known.
inline constexpr std::int64_t kNoTime = INT64_MIN;

/// How much is queued. A buffer list counts as its buffers; events and queries count nothing.
struct Levels {
    std::uint64_t buffers = 0;
    std::uint64_t bytes = 0;
    std::uint64_t time_ns = 0;
};

/// Three limits that any thread may set and any thread may read; 0 switches one off.
/// Relaxed order throughout: a limit guards no other data. Whoever changes one calls
/// EventCount::notify_changed afterwards, so that nobody sleeps on an old value.
class AtomicLimits {
  public:
    AtomicLimits() = default;
    explicit AtomicLimits(const Levels& l) { set(l); }

    void set(const Levels& l) {
        set_buffers(l.buffers);
        set_bytes(l.bytes);
        set_time_ns(l.time_ns);
    }
    void set_buffers(std::uint64_t v) { buffers_.store(v, std::memory_order_relaxed); }
    void set_bytes(std::uint64_t v) { bytes_.store(v, std::memory_order_relaxed); }
    void set_time_ns(std::uint64_t v) { time_ns_.store(v, std::memory_order_relaxed); }

    Levels get() const {
        return {buffers_.load(std::memory_order_relaxed), bytes_.load(std::memory_order_relaxed),
                time_ns_.load(std::memory_order_relaxed)};
    }

  private:
    std::atomic<std::uint64_t> buffers_{0};
    std::atomic<std::uint64_t> bytes_{0};
    std::atomic<std::uint64_t> time_ns_{0};
};

/// True if any limit that is on has been reached: "full" is tested before adding, so a queue
/// overshoots by one item.
constexpr bool any_reached(const Levels& level, const Levels& limit) {
    return (limit.buffers > 0 && level.buffers >= limit.buffers) ||
           (limit.bytes > 0 && level.bytes >= limit.bytes) ||
           (limit.time_ns > 0 && level.time_ns >= limit.time_ns);
}

/// True if any minimum that is on has not been reached yet.
constexpr bool any_missing(const Levels& level, const Levels& minimum) {
    return (minimum.buffers > 0 && level.buffers < minimum.buffers) ||
           (minimum.bytes > 0 && level.bytes < minimum.bytes) ||
           (minimum.time_ns > 0 && level.time_ns < minimum.time_ns);
}

} // namespace tactus
