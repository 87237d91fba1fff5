// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// How fast the sender's clock runs against the receiver's, from the smallest transit of each block
/// of 10 s: the median of the slopes between neighbouring blocks, over the last kBlocks. The lower
/// edge of the transits shows the clocks and not the queues (S. Moon, P. Skelly, D. Towsley,
/// "Estimation and removal of clock skew from network delay measurements", INFOCOM 1999); a median
/// of slopes does not see a change of route, which spoils one slope only (H. Theil, 1950).
///
/// Positive: the sender's clock is fast, transits shrink. Threads: one.
class SkewEstimator {
  public:
    static constexpr std::int64_t kBlockNs = 10'000'000'000;
    static constexpr std::size_t kBlocks = 31;

    void observe(std::int64_t arrival_ns, std::int64_t transit_ns);

    /// 0 until two blocks are complete.
    double ppm() const { return ppm_; }

    /// What was measured so far says nothing about what comes next: the sender has started anew.
    void break_here();

  private:
    void close_block();

    std::array<double, kBlocks> slopes_ppm_{};
    std::size_t slope_count_ = 0;
    std::size_t next_slope_ = 0;
    bool open_ = false;
    bool has_last_ = false;
    std::int64_t block_start_ns_ = 0;
    std::int64_t lowest_ns_ = 0;
    std::int64_t lowest_at_ns_ = 0;
    std::int64_t last_lowest_ns_ = 0;
    std::int64_t last_lowest_at_ns_ = 0;
    double ppm_ = 0;
};

} // namespace tactus
