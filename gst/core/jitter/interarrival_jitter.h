// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <cstdlib>

namespace tactus {

/// The interarrival jitter of RFC 3550 section 6.4.1, in ns: J += (|D| - J) / 16, where D is how
/// much the transit of a packet differs from that of the one that came before it.
///
/// Threads: one.
class InterarrivalJitter {
  public:
    void observe(std::int64_t transit_ns) {
        if (has_last_)
            jitter_ns_ +=
                (static_cast<double>(std::llabs(transit_ns - last_ns_)) - jitter_ns_) / 16;
        has_last_ = true;
        last_ns_ = transit_ns;
    }
    /// The next transit is measured from another zero.
    void break_here() { has_last_ = false; }
    std::int64_t jitter_ns() const { return static_cast<std::int64_t>(jitter_ns_); }

  private:
    double jitter_ns_ = 0;
    std::int64_t last_ns_ = 0;
    bool has_last_ = false;
};

} // namespace tactus
