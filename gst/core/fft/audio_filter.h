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
/// `skipped_frames` of the result are left out, and as many more appended by `drain`: a filter
/// that delays the sound by so many does not shift it then.
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
    /// Takes frames, which may lie at any address, or as much silence if `in` is null. `out` has
    /// room for output_frames(frames).
    void process(const void* in, std::size_t frames, void* out);
    /// How many frames that have gone in have not come out.
    std::uint64_t pending_frames() const;
    /// Fills the block up with silence. Returns how many frames that made, at most a block; `out`
    /// has room for one. More than `pending_frames` in all are what rings on after the end.
    std::size_t drain(void* out);
    /// As if nothing had come before.
    void reset();

    virtual void publish(const ConvolutionFilter& filter) = 0;
    // Of what one hears; any thread.
    virtual std::uint64_t exchanges() const = 0;
    virtual std::size_t partitions() const = 0;

    std::size_t block_frames() const { return block_frames_; }

  protected:
    explicit AudioFilter(const Config& config);

    virtual void run(const void* in, std::size_t frames, void* out) = 0;
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
