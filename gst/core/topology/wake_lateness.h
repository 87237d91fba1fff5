// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/windowed_minimum.h"
#include "core/stats/log_linear_histogram.h"

#include <cstdint>

namespace tactus {

/// How late a thread of a live source comes with what it captured, against its own best: of each
/// buffer, the time it came less the time that is written on it, less the smallest such difference
/// of the last ten seconds. So constant delays and slow drift of the clocks count as nothing, and
/// what is left is how late the thread was woken and ran.
///
/// Threads: one adds; any may read the histogram. Times in ns of one clock each, which need not be
/// the same.
class WakeLateness {
  public:
    static constexpr std::int64_t kWindowNs = 10'000'000'000;

    void add(std::uint64_t now_ns, std::uint64_t due_ns) {
        const auto now = static_cast<std::int64_t>(now_ns);
        const std::int64_t delay = now - static_cast<std::int64_t>(due_ns);
        lateness_.record(static_cast<std::uint64_t>(delay - least_.add(now, delay)));
    }
    /// Times are written anew from here on (another segment).
    void restart() { least_.clear(); }

    const LogLinearHistogram& histogram() const { return lateness_; }

  private:
    WindowedMinimum least_{kWindowNs};
    LogLinearHistogram lateness_;
};

} // namespace tactus
