// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "slope.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace tactus::soak {

/// What the process holds, once per second, and where that goes. Each value of the heap is the mean
/// of several samples: a frame more or less is under way each time.
///
/// Two figures: the bytes that have been allocated and not freed, which a leak of any size raises,
/// and the private memory, in which drivers' mappings and what malloc keeps to itself count too.
/// Threads: one.
class MemoryWatch {
  public:
    static constexpr std::size_t kBlockSeconds = 5;
    static constexpr unsigned kSamplesPerSecond = 10;

    /// Room for that many seconds, so that the watch itself does not grow.
    explicit MemoryWatch(std::size_t seconds);

    /// So many times a second.
    void sample();
    std::optional<Slope> heap_slope() const { return fit_slope(heap_mb_, kBlockSeconds); }
    std::optional<Slope> private_slope() const { return fit_slope(private_mb_, kBlockSeconds); }
    const std::vector<double>& heap_mb() const { return heap_mb_; }
    const std::vector<double>& private_mb() const { return private_mb_; }

    static double heap_mb_now();
    static double private_mb_now();

  private:
    double sum_mb_ = 0; ///< of this second's samples
    unsigned samples_ = 0;
    std::vector<double> heap_mb_;
    std::vector<double> private_mb_;
};

} // namespace tactus::soak
