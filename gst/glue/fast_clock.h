// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <atomic>
#include <cstdint>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace tactus {

/// A monotonic clock for durations, in ns, that costs half of clock_gettime: the time-stamp counter
/// where it is invariant and the kernel trusts it, else CLOCK_MONOTONIC. Its zero is that of
/// CLOCK_MONOTONIC when it was prepared, but it is not disciplined: over long times it drifts from
/// it by up to some 50 ppm. Compare its values only with each other.
class FastClock {
  public:
    /// Measures the counter's rate against CLOCK_MONOTONIC, once per process, for 1 ms. Any thread;
    /// call it before the first `now_ns`. Safe to call again.
    static void prepare();

    /// Any thread, at any time.
    static std::uint64_t now_ns();

    /// CLOCK_MONOTONIC.
    static std::uint64_t monotonic_ns();

    /// The cheapest stamp there is: ticks of the counter where it may be used, else CLOCK_MONOTONIC
    /// in ns. Once prepared it stays the same kind.
    static std::uint64_t raw_stamp();
    /// About how many ns one step of raw_stamp() is; 1 until prepared.
    static double ns_per_raw_step();

  private:
    static void calibrate();

    static constexpr unsigned kFractionBits = 32;
    // Written once before `ns_per_tick_` becomes other than 0 (release), read after it (acquire).
    static std::uint64_t base_ns_;
    static std::uint64_t base_ticks_;
    static std::atomic<std::uint64_t> ns_per_tick_; ///< 32.32 fixed point; 0: use clock_gettime
};

// In line: it is a good part of what a queue does for a buffer.
inline std::uint64_t FastClock::now_ns() {
#if defined(__x86_64__)
    // acquire: partner of the release in calibrate.
    if (const std::uint64_t scale = ns_per_tick_.load(std::memory_order_acquire); scale != 0) {
        __extension__ using Wide = unsigned __int128;
        const std::uint64_t ticks = __rdtsc() - base_ticks_;
        return base_ns_ + static_cast<std::uint64_t>((Wide{ticks} * scale) >> kFractionBits);
    }
#endif
    return monotonic_ns();
}

inline std::uint64_t FastClock::raw_stamp() {
#if defined(__x86_64__)
    if (ns_per_tick_.load(std::memory_order_relaxed) != 0)
        return __rdtsc();
#endif
    return monotonic_ns();
}

} // namespace tactus
