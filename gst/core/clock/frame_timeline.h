// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// The times of audio frames, counted from the first one, from those of the buffers that they come
/// in. While the buffers agree with the rate to within a frame, all times follow from the first
/// one, without rounding errors that add up. If they drift it goes along, with a time constant, so
/// that times which jitter, as those of arrival do, are smoothed.
///
/// Threads: one. Times in ns; kNone is an unknown time.
class FrameTimeline {
  public:
    static constexpr std::uint64_t kNone = UINT64_MAX;
    /// What is further off is not the same stream any more.
    static constexpr std::uint64_t kToleranceNs = 40'000'000;
    /// How fast it goes along.
    static constexpr std::uint64_t kTimeConstantNs = 250'000'000;

    explicit FrameTimeline(std::uint64_t rate_hz) : rate_hz_(rate_hz) {}

    /// Whether a buffer at this time cannot begin with that frame.
    bool breaks(std::uint64_t frame, std::uint64_t time_ns) const;
    /// A buffer at this time, which may be kNone, begins with that frame.
    void note(std::uint64_t frame, std::uint64_t time_ns);
    /// kNone while no time is known. The frame may be in the future.
    std::uint64_t time_of(std::uint64_t frame) const;
    /// How long so many frames are.
    std::uint64_t duration_ns(std::uint64_t frames) const;
    /// From one frame to another behind it: the difference of their times where those are known,
    /// so that what follows each other has neither gaps nor overlaps.
    std::uint64_t duration_ns(std::uint64_t from, std::uint64_t to) const;
    void reset();

  private:
    std::uint64_t distance_ns(std::uint64_t frame, std::uint64_t time_ns) const;

    std::uint64_t rate_hz_;
    std::uint64_t noted_frame_ = 0; ///< the last one
    std::uint64_t anchor_frame_ = 0;
    std::uint64_t anchor_ns_ = kNone;
};

} // namespace tactus
