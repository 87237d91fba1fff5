// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace tactus::live {

/// Finds out what a row of the filter costs, during a trial run with everything else going on as
/// later, and meanwhile keeps each frame at about the cost it is going to have.
///
/// In CPU time, not by the clock on the wall: what other programs do to this machine during the
/// trial must not decide how much work each frame is for all that follows. One thread at a time.
class RowCostMeter {
  public:
    explicit RowCostMeter(std::uint64_t frame_cpu_ns) : frame_cpu_ns_(frame_cpu_ns) {}

    /// Rows to work through for the next frame.
    std::uint64_t rows() const { return rows_; }

    /// The last frame took so much CPU time for `rows()`.
    void record(std::uint64_t cpu_ns);

    /// The median over the last frames; 0 before the first.
    double row_cpu_ns() const;

  private:
    // About a second at 35 frames/s: the first frames, with cold caches, fall out again.
    static constexpr std::size_t kWindow = 32;

    std::uint64_t frame_cpu_ns_;
    std::uint64_t rows_ = 64;
    std::array<double, kWindow> row_cpu_ns_{};
    std::size_t recorded_ = 0;
};

/// What the analysis has to share.
struct MachineUse {
    double cores = 1;        ///< that this process may use
    double decode_cores = 0; ///< how many of them the cameras keep busy, all together
    unsigned streams = 1;
};

/// CPU time for one frame such that each stream manages `fps`: a core for each, or else an equal
/// share of what decoding leaves.
double frame_cpu_ns(const MachineUse& use, unsigned fps);

/// The number of cores that this process may run on.
unsigned usable_cores();

} // namespace tactus::live
