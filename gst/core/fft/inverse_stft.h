// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"
#include "core/fft/fft.h"
#include "core/fft/stft_config.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace tactus {

/// Back from the complex frames of an Stft to its samples, by overlap-add with the dual window
/// (Griffin and Lim 1984). Frames that were changed in between give the samples whose own frames
/// differ least from them.
///
///     inverse.push(frame, end);
///     // inverse.ready_frames() samples from inverse.ready_position() on, in
///     inverse.ready(channel)
///
/// and at the end of a run `finish` (what is ready then is the rest of it) and `reset`. Near both
/// ends of a run fewer windows overlap; there samples are divided by the squares of those that do.
/// With `center` all of them can be had exactly. Without it the first and last ones may weigh
/// little or nothing: those of no weight become 0.
///
/// Numbers that are infinite or not a number count as 0, and are counted.
///
/// Threads: one at a time. `push` and `finish` neither allocate nor throw.
class InverseStft {
  public:
    static constexpr std::int64_t kNoEnd = std::numeric_limits<std::int64_t>::max();

    /// Throws invalid_argument, with the value and what would be right: if the format is not
    /// complex, or the windows cannot be undone; bad_alloc.
    explicit InverseStft(const StftConfig& config);

    /// Resolved.
    const StftConfig& config() const { return config_; }

    /// Takes the next frame of this run: config().frame_floats() numbers. `end`: samples in the
    /// run, where that is known already.
    void push(const float* frame, std::int64_t end = kNoEnd);
    /// The run has `end` samples, and no more frames. Those behind the last window become 0; there
    /// are at most as many of them as a window has.
    void finish(std::int64_t end);
    /// A new run.
    void reset();

    /// Samples of each channel that are ready until the next call of another method.
    std::size_t ready_frames() const { return ready_end_ - ready_start_; }
    const float* ready(unsigned channel) const { return sums(channel) + ready_start_; }
    /// Of the first of them, in samples since the start of the run.
    std::int64_t ready_position() const { return block_position() + to_signed(ready_start_); }

    /// Where the run ends if nobody knows better: where the windows of its frames do, less what
    /// `center` put there.
    std::int64_t natural_end() const;
    /// Frames pushed in this run.
    std::int64_t frames() const { return frames_; }
    /// Numbers that were infinite or not a number, in all runs.
    std::uint64_t non_finite() const { return non_finite_; }

  private:
    static std::int64_t to_signed(std::size_t value) { return static_cast<std::int64_t>(value); }

    float* sums(unsigned channel) { return sums_.data() + channel * config_.window_length; }
    const float* sums(unsigned channel) const {
        return sums_.data() + channel * config_.window_length;
    }
    /// Of sums[0], in samples since the start of the run; negative before it.
    std::int64_t block_position() const {
        return block_ * to_signed(config_.hop_frames) - to_signed(config_.before());
    }
    void drop_block();
    void add(unsigned channel, const float* points);
    void weigh(std::int64_t block, std::size_t first, std::size_t count);
    double weight(std::int64_t block, std::size_t n) const;
    void set_ready(std::size_t length, std::int64_t end);

    StftConfig config_;
    RealFft<float> fft_;
    /// The square of each value of the window and of those before it, one every hop; and likewise
    /// of those behind it.
    std::vector<double> squares_to_;
    std::vector<double> squares_from_;
    double least_weight_ = 0;
    AlignedArray<float> dual_; ///< scaled
    AlignedArray<float> points_;
    AlignedArray<float> samples_;
    AlignedArray<float> scratch_;
    AlignedArray<float> sums_;    ///< window_length of each channel
    std::int64_t frames_ = 0;     ///< pushed
    std::int64_t block_ = 0;      ///< the frame whose window starts at sums[0]
    std::size_t ready_start_ = 0; ///< in sums
    std::size_t ready_end_ = 0;
    std::uint64_t non_finite_ = 0;
};

} // namespace tactus
