// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/windowed_minimum.h"

#include <cstdint>

namespace tactus {

/// How long a video frame takes because it is large, so that a key frame is not taken for a spike
/// of the network.
///
/// A Kalman filter over the variation of delay between neighbouring frames, d = slope * (difference
/// in size) + queueing + noise, with state (slope, queueing): S. Holmer, M. Shemer, M. Paniconi,
/// "Handling packet loss in WebRTC", ICIP 2013, and G. Carlucci et al., "Analysis and design of the
/// Google congestion control", MMSys 2016; WebRTC has it in modules/video_coding/timing. The slope
/// is the time that one more byte takes on the narrowest link.
///
/// Packets with one timestamp are a frame; a frame is complete when a newer timestamp comes.
/// Threads: one. Constant time.
class FrameDelayModel {
  public:
    /// Takes a packet that is not older than the newest frame. Returns the part of its delay that
    /// the size of its frame up to here explains.
    std::int64_t observe(std::int64_t media_ns, std::int64_t arrival_ns, std::uint32_t bytes);

    /// The next frame's times have nothing to do with those before it.
    void break_here();

    /// The delay that the largest frame of the last 10 s takes for its size alone.
    std::int64_t largest_frame_ns() const;

  private:
    void complete_frame();
    void update(double variation_ms, double size_difference_bytes);
    double gain_of_noise(double size_difference_bytes) const;
    void learn_noise(double residual_ms);
    std::int64_t size_ns(double bytes) const;

    // Current frame.
    bool has_frame_ = false;
    std::int64_t media_ns_ = 0;
    std::int64_t last_arrival_ns_ = 0;
    double bytes_ = 0;
    // The frame before.
    bool has_previous_ = false;
    std::int64_t previous_media_ns_ = 0;
    std::int64_t previous_arrival_ns_ = 0;
    double previous_bytes_ = 0;

    WindowedMinimum negated_sizes_{10'000'000'000};
    std::int64_t kept_negated_size_ = 0; ///< the largest before a break
    // Milliseconds and bytes, as in the papers.
    double slope_ = 8.0 / 2048; ///< of a link of 2 Mbit/s
    double queueing_ms_ = 0;
    double cov_[2][2] = {{1e-4, 0}, {0, 1e2}};
    double noise_mean_ms_ = 0;
    double noise_variance_ = 4;
    unsigned frames_ = 0;
};

} // namespace tactus
