// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tactus {

enum class SampleFormat : std::uint8_t {
    s8,
    u8,
    s16,
    s24,    ///< three bytes
    s24_32, ///< the low three bytes of four; the fourth may hold anything
    s32,
    f32,
    f64,
};

/// How audio lies in memory.
struct SampleLayout {
    SampleFormat format = SampleFormat::f32;
    bool big_endian = std::endian::native == std::endian::big;
    bool planar = false; ///< one block of memory for each channel, else frame by frame
    unsigned channels = 1;

    std::size_t sample_bytes() const;
    bool operator==(const SampleLayout&) const = default;
};

/// What a whole number is divided by.
enum class FullScale : std::uint8_t {
    power_of_two, ///< 32768 for 16 bits: exact, and what GStreamer's converters do
    largest,      ///< 32767: what its `spectrum` does
};

/// Turns audio of any layout into float32, one array for each channel or one with their mean.
///
/// Threads: one at a time. Units: 1 is full scale; floating-point samples are taken as they are.
/// The memory of the samples needs no alignment. Errors: none beyond bad_alloc when made.
class SampleReader {
  public:
    SampleReader(const SampleLayout& layout, FullScale full_scale);

    const SampleLayout& layout() const { return layout_; }
    /// Reads `frames` frames from the frame `first` on. `blocks`: where the audio begins, one
    /// address for each channel if planar, else one. `out`: for each channel where its samples go.
    void read(const std::uint8_t* const* blocks, std::size_t first, std::size_t frames,
              float* const* out);
    /// Likewise the mean of all channels.
    void read_mean(const std::uint8_t* const* blocks, std::size_t first, std::size_t frames,
                   float* out);

  private:
    using Convert = void (*)(const std::uint8_t* in, std::size_t count, float factor, float* out);

    /// Calls `take(samples, frame, frames)` with one piece of interleaved audio after the other.
    template <typename Take>
    void for_pieces(const std::uint8_t* in, std::size_t frames, const Take& take);
    const std::uint8_t* start_of(const std::uint8_t* block, std::size_t first) const;

    SampleLayout layout_;
    std::size_t step_bytes_; ///< from one frame to the next in the same block
    float factor_;
    Convert convert_;
    std::size_t piece_frames_; ///< so many fit into `piece_`
    std::vector<float> piece_;
};

} // namespace tactus
