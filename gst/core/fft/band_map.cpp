// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/band_map.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

constexpr std::array<const char*, kFrequencyScales> kNames = {"linear", "log", "mel", "bark"};

} // namespace

const char* frequency_scale_name(FrequencyScale scale) {
    return kNames[static_cast<std::size_t>(scale)];
}

std::optional<FrequencyScale> frequency_scale_named(std::string_view name) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (name == kNames[i])
            return static_cast<FrequencyScale>(i);
    return std::nullopt;
}

double to_scale(FrequencyScale scale, double hz) {
    switch (scale) {
    case FrequencyScale::log:
        return std::log(hz);
    case FrequencyScale::mel:
        return 2595 * std::log10(1 + hz / 700);
    case FrequencyScale::bark:
        return 26.81 * hz / (1960 + hz) - 0.53;
    default:
        return hz;
    }
}

double from_scale(FrequencyScale scale, double value) {
    switch (scale) {
    case FrequencyScale::log:
        return std::exp(value);
    case FrequencyScale::mel:
        return 700 * (std::pow(10, value / 2595) - 1);
    case FrequencyScale::bark:
        return 1960 * (value + 0.53) / (26.28 - value);
    default:
        return value;
    }
}

double BandMap::lowest_log_hz(double rate_hz) {
    return std::min(20.0, rate_hz / 20);
}

BandMap::BandMap(FrequencyScale scale, std::size_t bands, std::size_t fft_size, double rate_hz) {
    if (bands == 0 || fft_size < 2 || !(rate_hz > 0))
        throw std::invalid_argument(std::to_string(bands) + " bands of " +
                                    std::to_string(fft_size) + " points at " +
                                    std::to_string(rate_hz) + " Hz: there must be some");
    const double lowest_hz = scale == FrequencyScale::log ? lowest_log_hz(rate_hz) : 0;
    const double low = to_scale(scale, lowest_hz);
    const double step = (to_scale(scale, rate_hz / 2) - low) / static_cast<double>(bands + 1);
    const double bin_hz = rate_hz / static_cast<double>(fft_size);
    const auto edge = [&](std::size_t i) {
        return from_scale(scale, low + step * static_cast<double>(i)) / bin_hz;
    };
    for (std::size_t i = 0; i < bands; ++i) {
        bands_.push_back({edge(i + 1) * bin_hz, 0, weights_.size(), 0});
        if (edge(i + 2) - edge(i) < 2)
            add_interpolation(edge(i + 1), fft_size / 2 + 1);
        else
            add_triangle(edge(i), edge(i + 1), edge(i + 2), fft_size / 2 + 1);
    }
}

void BandMap::add_triangle(double low, double centre, double high, std::size_t bins) {
    Band& band = bands_.back();
    band.first_bin = static_cast<std::size_t>(low) + 1;
    const std::size_t end = std::min(bins, static_cast<std::size_t>(std::ceil(high)));
    band.count = end - band.first_bin;
    const auto weight = [&](std::size_t bin) {
        const auto at = static_cast<double>(bin);
        return std::min((at - low) / (centre - low), (high - at) / (high - centre));
    };
    double sum = 0;
    for (std::size_t bin = band.first_bin; bin < end; ++bin)
        sum += weight(bin);
    for (std::size_t bin = band.first_bin; bin < end; ++bin)
        weights_.push_back(static_cast<float>(weight(bin) / sum));
}

void BandMap::add_interpolation(double centre, std::size_t bins) {
    Band& band = bands_.back();
    band.first_bin = std::min(static_cast<std::size_t>(centre), bins - 2);
    band.count = 2;
    const double behind = std::min(1.0, centre - static_cast<double>(band.first_bin));
    weights_.push_back(static_cast<float>(1 - behind));
    weights_.push_back(static_cast<float>(behind));
}

void BandMap::apply(const float* power, float* out) const {
    for (const Band& band : bands_) {
        const float* const bins = power + band.first_bin;
        const float* const weights = weights_.data() + band.first_weight;
        float sum = 0;
        for (std::size_t k = 0; k < band.count; ++k)
            sum += weights[k] * bins[k];
        *out++ = sum;
    }
}

} // namespace tactus
