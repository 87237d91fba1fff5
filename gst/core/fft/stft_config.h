// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/band_map.h"
#include "core/fft/window.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tactus {

/// What a spectrum is divided by.
enum class StftScaling : std::uint8_t {
    none,      ///< nothing
    magnitude, ///< the window's sum: a sine of amplitude a makes a point of a / 2
    psd,       ///< sqrt(rate * the window's squares): squared, a two-sided power density per Hz
    unitary,   ///< sqrt(fft_size): power is kept, as numpy's norm="ortho"
};

inline constexpr std::size_t kStftScalings = 4;

/// What is told of each point of a spectrum.
enum class StftFormat : std::uint8_t {
    complex,   ///< real and imaginary part
    magnitude, ///< |X|
    power,     ///< |X|^2
    db,        ///< 10 log10(|X|^2), at least StftConfig::kLeastDecibels
    phase,     ///< radians
};

inline constexpr std::size_t kStftFormats = 5;

/// "psd"; as properties and caps spell it.
const char* stft_scaling_name(StftScaling scaling);
std::optional<StftScaling> stft_scaling_named(std::string_view name);
/// "power-f32"; as caps spell it.
const char* stft_format_name(StftFormat format);
std::optional<StftFormat> stft_format_named(std::string_view name);

/// What a short-time Fourier transform is to do.
///
/// Frame k of a run looks at `window_length` samples; it is at sample k * hop_frames, which is the
/// middle of the window (its sample window_length / 2) where `center` is set, else its first
/// sample. Behind the window come zeros up to fft_size.
struct StftConfig {
    static constexpr float kLeastDecibels = -200;
    static constexpr unsigned kMostChannels = 64;
    static constexpr std::size_t kLargestFft = std::size_t{1} << 24;
    static constexpr std::size_t kLargestHop = std::size_t{1} << 24;
    /// fft_size * channels: what is held is some twenty bytes for each.
    static constexpr std::size_t kMostPoints = std::size_t{1} << 26;

    unsigned channels = 1;
    unsigned rate = 48'000;
    std::size_t fft_size = 2048;
    std::size_t window_length = 0; ///< 0: fft_size
    std::size_t hop_frames = 0;    ///< 0: a quarter of the window
    WindowShape window;
    StftScaling scaling = StftScaling::none;
    StftFormat format = StftFormat::complex;
    bool center = true;

    // Not of complex numbers and phases.
    FrequencyScale bands_scale = FrequencyScale::linear;
    std::size_t band_count = 0; ///< 0: all points
    double attack_s = 0;        ///< 0: at once
    double release_s = 0;

    /// The same with what was left open filled in. Throws invalid_argument, with the value and what
    /// would be right.
    StftConfig resolved() const;

    // Of what is resolved:

    std::size_t bins() const { return fft_size / 2 + 1; }
    /// Of one channel: the bins or the bands.
    std::size_t values() const { return band_count != 0 ? band_count : bins(); }
    /// Numbers of float in one frame, of one channel and of all.
    std::size_t channel_floats() const {
        return values() * (format == StftFormat::complex ? 2 : 1);
    }
    std::size_t frame_floats() const { return channels * channel_floats(); }
    /// Samples of a frame that lie before its position.
    std::size_t before() const { return center ? window_length / 2 : 0; }
    /// Samples from a frame's position on that it needs.
    std::size_t lookahead() const { return window_length - before(); }
    /// What to multiply a spectrum with.
    double scale(std::span<const double> window_values) const;

    bool operator==(const StftConfig&) const = default;
};

} // namespace tactus
