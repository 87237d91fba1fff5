// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus::live {

/// The brightness plane of a frame; borrows the pixels.
struct LumaView {
    const std::uint8_t* pixels = nullptr;
    std::size_t stride_bytes = 0;
    std::size_t width = 0;
    std::size_t height = 0;
};

/// What the filter found in one frame, per pixel.
struct Finding {
    double motion_energy = 0; ///< mean squared difference from the frame before
    double edge_energy = 0;   ///< mean Sobel magnitude over the blurred copies
};

/// A plain analysis of surveillance video: how much moves, and how much structure is left as the
/// picture is blurred more and more (a scale space of 3x3 binomial blurs with Sobel edges at each
/// scale). The number of scales makes it as expensive as one likes, in steps of one row.
///
/// One thread at a time. Allocates when the size of the frames changes, and only then.
class EdgeMotionFilter {
  public:
    /// `scale_rows`: rows to blur and to search for edges, all scales together; a multiple of the
    /// height makes whole passes, what is left makes part of one.
    Finding analyse(const LumaView& luma, std::uint64_t scale_rows);

  private:
    void resize(const LumaView& luma);
    std::uint64_t compare_with_last(const LumaView& luma);
    std::uint64_t blur_pass(std::size_t rows);

    std::size_t width_ = 0;
    std::size_t height_ = 0;
    std::vector<std::uint8_t> last_;    ///< the frame before
    std::vector<std::uint8_t> source_;  ///< the scale at hand
    std::vector<std::uint8_t> blurred_; ///< the next scale
};

} // namespace tactus::live
