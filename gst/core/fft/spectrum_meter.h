// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"
#include "core/fft/fft.h"
#include "core/fft/sample_reader.h"
#include "core/fft/spectrum_values.h"

#include <complex>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tactus {

/// How many frames each interval takes, for intervals that are no whole number of frames: what was
/// cut off adds up and goes into later ones.
class IntervalFrames {
  public:
    /// `rate_hz` > 0.
    IntervalFrames(std::uint64_t interval_ns, unsigned rate_hz);

    std::uint64_t current() const { return current_; }
    void next();
    void forget_rest() { rest_ = 0; }

  private:
    std::uint64_t whole_;    ///< at least 1
    std::uint64_t lost_;     ///< by an interval: frames times kUnit
    std::uint64_t current_;  ///< of this interval
    std::uint64_t rest_ = 0; ///< lost so far, in the same unit
};

struct SpectrumMeterConfig {
    std::size_t bands = 128;
    std::uint64_t interval_ns = 100'000'000;
    unsigned rate_hz = 48000;
    SampleLayout layout;
    bool multi_channel = false; ///< else one spectrum of the mean of all channels

    bool operator==(const SpectrumMeterConfig&) const = default;
    /// Throws invalid_argument, with the value and what would be right.
    void check() const;
};

/// Spectra over intervals of time, with the very numbers of GStreamer's `spectrum`
/// (gst-plugins-good 1.22): transforms of 2 * bands - 2 samples behind each other from the start of
/// the interval (or one at its end, over the last samples, if it is shorter), each through a
/// periodic Hamming window of 0.53836 and 0.46164; decibels 10 log10(|X|^2 / N^2), cut off below
/// the threshold, averaged over the interval, and phases averaged likewise.
///
/// Threads: one at a time. Time is counted in frames alone.
class SpectrumMeter {
  public:
    static constexpr std::size_t kLeastBands = 2;
    static constexpr std::size_t kMostBands = ComplexFft<float>::kLargestLength / 2 + 1;
    /// Samples of a transform times spectra: what is held is eight bytes for each.
    static constexpr std::size_t kMostSamples = std::size_t{1} << 26;

    /// Throws invalid_argument if a value of `config` is out of range; bad_alloc.
    explicit SpectrumMeter(const SpectrumMeterConfig& config);

    std::size_t bands() const { return bands_; }
    /// How many spectra there are: one, or one for each channel.
    std::size_t spectra() const { return spectra_; }

    /// What transforms from now on are for.
    void want(bool magnitudes, bool phases) {
        wants_magnitudes_ = magnitudes;
        wants_phases_ = phases;
    }
    void set_threshold_db(float threshold) { threshold_db_ = threshold; }

    /// Takes frames until the interval is full or `frames` are used up, and says how many it took.
    /// `blocks` and `first`: as in SampleReader.
    std::size_t push(const std::uint8_t* const* blocks, std::size_t first, std::size_t frames);
    bool is_full() const { return done_frames_ == interval_.current(); }
    /// Frames taken since the interval began.
    std::uint64_t done_frames() const { return done_frames_; }
    std::uint64_t transforms() const { return transforms_; }

    /// Makes means of the sums; to be called once, when the interval is full.
    void finish();
    /// `bands` values each, valid between finish() and next_interval().
    std::span<const float> magnitudes(std::size_t spectrum) const;
    std::span<const float> phases(std::size_t spectrum) const;
    void next_interval();
    /// Begins the interval anew, after a gap in the audio. The last samples before it stay part of
    /// the next transform, as in `spectrum`.
    void flush();

  private:
    void take(const std::uint8_t* const* blocks, std::size_t first, std::size_t frames);
    void transform();
    void clear_sums();

    std::size_t bands_;
    std::size_t length_; ///< of a transform
    std::size_t spectra_;
    bool multi_channel_;
    bool wants_magnitudes_ = true;
    bool wants_phases_ = false;
    float threshold_db_ = -60;
    float offset_db_; ///< -10 log10(N^2)
    SampleReader reader_;
    RealFft<float> fft_;
    SpectrumValues values_;
    IntervalFrames interval_;
    AlignedArray<float> window_;
    AlignedArray<float> history_; ///< a ring of `length_` samples for each spectrum
    std::size_t history_at_ = 0;
    std::vector<float*> history_ends_; ///< scratch of take()
    AlignedArray<float> windowed_;
    AlignedArray<std::complex<float>> points_;
    AlignedArray<float> scratch_;
    AlignedArray<float> magnitudes_;
    AlignedArray<float> phases_;
    std::uint64_t done_frames_ = 0;
    std::uint64_t transforms_ = 0; ///< since it was made
    std::uint64_t interval_transforms_ = 0;
    std::uint64_t summed_magnitudes_ = 0; ///< transforms of this interval that went into the sums
    std::uint64_t summed_phases_ = 0;
};

} // namespace tactus
