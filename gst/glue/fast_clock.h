// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

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
};

} // namespace tactus
