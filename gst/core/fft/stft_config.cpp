// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/stft_config.h"

#include "core/fft/number_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

constexpr std::array<const char*, kStftScalings> kScalings = {"none", "magnitude", "psd",
                                                              "unitary"};
constexpr std::array<const char*, kStftFormats> kFormats = {"complex-f32", "magnitude-f32",
                                                            "power-f32", "db-f32", "phase-f32"};

template <typename Enum, std::size_t kCount>
std::optional<Enum> named(const std::array<const char*, kCount>& names, std::string_view name) {
    const auto* const found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
        return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

void require_range(const char* what, std::size_t value, std::size_t least, std::size_t most) {
    if (value < least || value > most)
        throw std::invalid_argument(std::string(what) + " is " + std::to_string(value) +
                                    ": it must be " + std::to_string(least) + " to " +
                                    std::to_string(most));
}

void require_time(const char* what, double seconds) {
    if (!(seconds >= 0 && std::isfinite(seconds)))
        throw std::invalid_argument(std::string(what) + " is " + number_text(seconds) +
                                    " s: it must be 0 or more");
}

void check_bands(const StftConfig& config) {
    const bool reduced = config.band_count != 0 || config.attack_s > 0 || config.release_s > 0;
    if (reduced && (config.format == StftFormat::complex || config.format == StftFormat::phase))
        throw std::invalid_argument(std::string("format ") + stft_format_name(config.format) +
                                    " with bands or smoothing: these are of magnitude-f32, "
                                    "power-f32 and db-f32 alone");
    if (config.band_count != 0)
        require_range("band-count", config.band_count, 1, StftConfig::kLargestFft);
}

} // namespace

const char* stft_scaling_name(StftScaling scaling) {
    return kScalings[static_cast<std::size_t>(scaling)];
}

std::optional<StftScaling> stft_scaling_named(std::string_view name) {
    return named<StftScaling>(kScalings, name);
}

const char* stft_format_name(StftFormat format) {
    return kFormats[static_cast<std::size_t>(format)];
}

std::optional<StftFormat> stft_format_named(std::string_view name) {
    return named<StftFormat>(kFormats, name);
}

StftConfig StftConfig::resolved() const {
    StftConfig full = *this;
    if (full.window_length == 0)
        full.window_length = fft_size;
    if (full.hop_frames == 0)
        full.hop_frames = std::max<std::size_t>(1, full.window_length / 4);
    require_range("the number of channels", channels, 1, kMostChannels);
    require_range("rate", rate, 1, INT32_MAX);
    require_range("fft-size", fft_size, 2, kLargestFft);
    require_range("window-length", full.window_length, 1, fft_size);
    require_range("hop-size", full.hop_frames, 1, kLargestHop);
    if (fft_size * channels > kMostPoints)
        throw std::invalid_argument("fft-size " + std::to_string(fft_size) + " with " +
                                    std::to_string(channels) + " channels: it must be " +
                                    std::to_string(kMostPoints / channels) + " at most");
    require_time("attack", attack_s);
    require_time("release", release_s);
    check_bands(full);
    return full;
}

double StftConfig::scale(std::span<const double> window_values) const {
    const WindowSums sums = window_sums(window_values);
    double divisor = 1;
    if (scaling == StftScaling::magnitude)
        divisor = std::abs(sums.sum);
    else if (scaling == StftScaling::psd)
        divisor = std::sqrt(static_cast<double>(rate) * sums.squares);
    else if (scaling == StftScaling::unitary)
        divisor = std::sqrt(static_cast<double>(fft_size));
    if (!(divisor > 1e-30))
        throw std::invalid_argument(std::string("scaling ") + stft_scaling_name(scaling) +
                                    " of a window whose values add up to 0");
    return 1 / divisor;
}

} // namespace tactus
