// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/convolution_response.h"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace tactus {

/// What samples are: interleaved, in the machine's byte order.
enum class FilterSample : std::uint8_t { s16, f32, f64 };

/// Filters interleaved audio, with a filter that may be replaced while it runs.
///
/// As many frames come out as go in. Where it works by whole blocks, those of a block come once it
/// is full; else they come at once, at the cost of transforms for each part of a block. The first
/// `skipped_frames` of the result are left out, and as many more appended by `drain`: a filter that
/// delays the sound by so many does not shift it then.
///
/// s16 and f32 are computed in float, f64 in double.
///
/// Threads: `publish` for one thread at a time, all else for the one that streams, which neither
/// locks nor allocates.
class AudioFilter {
  public:
    struct Config {
        FilterSample sample = FilterSample::f32;
        std::size_t block_frames = 256;
        bool whole_blocks = true;
        std::uint64_t skipped_frames = 0;
    };

    /// Throws invalid_argument as LiveConvolution does; bad_alloc.
    static std::unique_ptr<AudioFilter> create(const Config& config,
                                               const ConvolutionFilter& filter);
    virtual ~AudioFilter() = default;
    AudioFilter(const AudioFilter&) = delete;
    AudioFilter& operator=(const AudioFilter&) = delete;

    /// How many frames the next `frames` bring about.
    std::size_t output_frames(std::size_t frames) const;
    /// Takes frames, or as much silence if `in` is null. `out` has room for output_frames(frames).
    virtual void process(const void* in, std::size_t frames, void* out) = 0;
    /// How many frames that have gone in have not come out.
    std::uint64_t pending_frames() const;
    /// Makes `frames` more, as if silence had come; the least pending ones first. The input after
    /// it begins anew: only `reset` may follow.
    virtual void drain(void* out, std::size_t frames) = 0;
    /// As if nothing had come before.
    void reset();

    virtual void publish(const ConvolutionFilter& filter) = 0;
    virtual std::uint64_t exchanges() const = 0;

  protected:
    explicit AudioFilter(const Config& config);

    virtual void reset_engine() = 0;

    std::size_t block_frames_;
    bool whole_blocks_;
    std::uint64_t skipped_frames_;
    std::uint64_t to_skip_;
    std::size_t collected_frames_ = 0; ///< of a block that is not full
    std::uint64_t frames_in_ = 0;
    std::uint64_t frames_out_ = 0;
};

} // namespace tactus
