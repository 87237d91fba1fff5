// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"
#include "core/fft/band_map.h"
#include "core/fft/fft.h"
#include "core/fft/spectrum_smoother.h"
#include "core/fft/spectrum_values.h"
#include "core/fft/stft_config.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// The short-time Fourier transform of planar float samples of several channels (Allen and Rabiner
/// 1977):
///
///     while (frames > 0) {
///         const std::size_t taken = stft.push(channels, frames);
///         // … move on in the channels by `taken`
///         while (stft.ready()) {
///             position = stft.position();
///             stft.read(out);
///         }
///     }
///
/// and at the end of a run of samples `finish`, the same inner loop, and `reset`. What comes out
/// does not depend on how the samples were cut in pieces, to the last bit.
///
/// The frames of a run are those of scipy.signal.stft: before a run, and behind it, there are zeros
/// (half a window with `center`, else none), and then zeros until all samples are in a frame. A run
/// without samples has no frames.
///
/// Samples that are infinite or not a number count as 0, and are counted. Denormals are 0.
///
/// Threads: one at a time. `push` and `read` neither allocate nor throw.
class Stft {
  public:
    /// Throws invalid_argument, with the value and what would be right; bad_alloc.
    explicit Stft(const StftConfig& config);

    /// Resolved.
    const StftConfig& config() const { return config_; }

    /// Takes samples up to the end of the next frame. `channels`: one array per channel, of
    /// `frames` samples. Returns how many were taken: 0 if a frame is ready, or the run is
    /// finished.
    std::size_t push(const float* const* channels, std::size_t frames);
    /// The run ends here.
    void finish();
    /// A new run.
    void reset();

    /// Whether a frame can be read.
    bool ready() const;
    /// Of the next frame to be read, in samples since the first one of this run.
    std::int64_t position() const { return position_; }
    /// How many samples were pushed in this run.
    std::int64_t pushed() const { return pushed_; }
    /// Writes the frame: config().frame_floats() numbers, all of the first channel first. Only if
    /// one is ready.
    void read(float* out);

    /// Samples that were infinite or not a number, in all runs.
    std::uint64_t non_finite() const { return non_finite_; }

  private:
    float* history(unsigned channel) { return history_.data() + channel * capacity_; }
    void make_room(std::size_t count);
    void transform(unsigned channel, float* out);
    void describe(unsigned channel, float* out);
    void advance();

    StftConfig config_;
    RealFft<float> fft_;
    SpectrumValues vector_;
    AlignedArray<float> window_;   ///< scaled
    AlignedArray<float> windowed_; ///< fft_size samples, those behind the window 0
    AlignedArray<std::complex<float>> spectrum_;
    AlignedArray<float> power_;
    AlignedArray<float> scratch_;
    std::optional<BandMap> bands_;
    std::vector<SpectrumSmoother> smoothers_; ///< one per channel, or none

    std::size_t capacity_; ///< samples of a channel
    AlignedArray<float> history_;
    std::size_t start_ = 0; ///< in history: the first sample of the next frame
    std::size_t end_ = 0;   ///< in history: behind the newest one
    std::size_t skip_ = 0;  ///< samples to come that are in no frame
    std::int64_t position_ = 0;
    std::int64_t pushed_ = 0;
    bool finished_ = false;
    std::uint64_t non_finite_ = 0;
};

} // namespace tactus
