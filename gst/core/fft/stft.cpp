// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/stft.h"

#include "core/fft/flush_to_zero.h"
#include "core/fft/sample_math.h"

#include <algorithm>
#include <cmath>

namespace tactus {

namespace {

// So many samples come in before those of the next frame are moved to the front.
constexpr std::size_t kLeastRoom = 4096;
constexpr std::size_t kMostRoom = 65'536;

AlignedArray<float> scaled_window(const StftConfig& config) {
    const std::vector<double> window = make_window(config.window, config.window_length);
    const double scale = config.scale(window);
    AlignedArray<float> scaled(window.size());
    std::transform(window.begin(), window.end(), scaled.begin(),
                   [&](double value) { return static_cast<float>(value * scale); });
    return scaled;
}

} // namespace

Stft::Stft(const StftConfig& config)
    : config_(config.resolved()), fft_(config_.fft_size), vector_(spectrum_values()),
      window_(scaled_window(config_)), windowed_(config_.fft_size), spectrum_(config_.bins()),
      power_(config_.bins()), scratch_(fft_.scratch_size()),
      capacity_(config_.window_length + std::clamp(config_.window_length, kLeastRoom, kMostRoom)),
      history_(capacity_ * config_.channels) {
    if (config_.band_count != 0)
        bands_.emplace(config_.bands_scale, config_.band_count, config_.fft_size, config_.rate);
    if (config_.attack_s > 0 || config_.release_s > 0) {
        const double hop_s =
            static_cast<double>(config_.hop_frames) / static_cast<double>(config_.rate);
        smoothers_.assign(config_.channels,
                          {config_.values(), config_.attack_s, config_.release_s, hop_s});
    }
    reset();
}

void Stft::reset() {
    start_ = skip_ = 0;
    end_ = config_.before();
    position_ = pushed_ = 0;
    finished_ = false;
    for (unsigned c = 0; c < config_.channels; ++c)
        std::fill_n(history(c), end_, 0.0F);
    for (SpectrumSmoother& smoother : smoothers_)
        smoother.reset();
}

bool Stft::ready() const {
    if (!finished_)
        return end_ - start_ >= config_.window_length;
    // Padded at both ends, the run is so long; frames go on until its last sample is in one.
    const auto before = static_cast<std::int64_t>(config_.before());
    const std::int64_t length = pushed_ + 2 * before;
    const auto hop = static_cast<std::int64_t>(config_.hop_frames);
    const auto window = static_cast<std::int64_t>(config_.window_length);
    const bool is_first = position_ == 0;
    const bool is_left = position_ - hop + window < length && position_ < length;
    return pushed_ > 0 && (is_first || is_left);
}

std::size_t Stft::push(const float* const* channels, std::size_t frames) {
    if (finished_)
        return 0;
    const FlushToZero guard;
    const std::size_t skipped = std::min(skip_, frames);
    const std::size_t wanted = config_.window_length - (end_ - start_);
    const std::size_t count = std::min(wanted, frames - skipped);
    make_room(count);
    for (unsigned c = 0; c < config_.channels; ++c) {
        float* const to = history(c) + end_;
        std::copy_n(channels[c] + skipped, count, to);
        non_finite_ += clear_non_finite(to, count);
    }
    skip_ -= skipped;
    end_ += count;
    pushed_ += static_cast<std::int64_t>(skipped + count);
    return skipped + count;
}

void Stft::make_room(std::size_t count) {
    if (end_ + count <= capacity_)
        return;
    for (unsigned c = 0; c < config_.channels; ++c)
        std::copy(history(c) + start_, history(c) + end_, history(c));
    end_ -= start_;
    start_ = 0;
}

void Stft::finish() {
    finished_ = true;
}

void Stft::read(float* out) {
    const FlushToZero guard;
    if (finished_) {
        const std::size_t missing = config_.window_length - (end_ - start_);
        make_room(missing);
        for (unsigned c = 0; c < config_.channels; ++c)
            std::fill_n(history(c) + end_, missing, 0.0F);
        end_ += missing;
    }
    const std::size_t floats = config_.channel_floats();
    for (unsigned c = 0; c < config_.channels; ++c)
        transform(c, out + c * floats);
    advance();
}

void Stft::transform(unsigned channel, float* out) {
    const float* in = history(channel) + start_;
    const float* window = window_.data();
    if (config_.window_length < config_.fft_size) {
        vector_.multiply(in, window, config_.window_length, windowed_.data());
        in = windowed_.data();
        window = nullptr;
    }
    const bool direct = !bands_ && smoothers_.empty();
    if (config_.format == StftFormat::complex) {
        fft_.forward(in, window, reinterpret_cast<std::complex<float>*>(out), scratch_.data());
    } else if (config_.format == StftFormat::phase) {
        fft_.forward(in, window, spectrum_.data(), scratch_.data());
        vector_.phases(spectrum_.data(), config_.bins(), out);
    } else if (config_.format == StftFormat::magnitude && direct) {
        fft_.forward(in, window, spectrum_.data(), scratch_.data());
        vector_.magnitudes(spectrum_.data(), config_.bins(), out);
    } else {
        fft_.powers(in, window, bands_ ? power_.data() : out, scratch_.data());
        describe(channel, out);
    }
}

/// From powers, which are in `out`, or in power_ if bands are wanted, to what is.
void Stft::describe(unsigned channel, float* out) {
    if (bands_)
        bands_->apply(power_.data(), out);
    if (!smoothers_.empty())
        smoothers_[channel].apply(out);
    if (config_.format == StftFormat::magnitude)
        std::transform(out, out + config_.values(), out,
                       [](float power) { return std::sqrt(power); });
    else if (config_.format == StftFormat::db)
        vector_.decibels(out, config_.values(), 0, StftConfig::kLeastDecibels, out);
}

void Stft::advance() {
    position_ += static_cast<std::int64_t>(config_.hop_frames);
    const std::size_t held = end_ - start_;
    const std::size_t step = std::min(config_.hop_frames, held);
    start_ += step;
    skip_ = config_.hop_frames - step;
}

} // namespace tactus
