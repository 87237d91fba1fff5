// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/spectrum_meter.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

constexpr std::uint64_t kUnit = 1'000'000'000;

std::size_t spectra_of(const SpectrumMeterConfig& config) {
    return config.multi_channel ? config.layout.channels : 1;
}

std::size_t checked_bands(const SpectrumMeterConfig& config) {
    config.check();
    return config.bands;
}

void divide(AlignedArray<float>& sums, std::uint64_t count) {
    if (count < 2)
        return;
    const float share = 1.0F / static_cast<float>(count);
    for (float& sum : sums)
        sum *= share;
}

} // namespace

void SpectrumMeterConfig::check() const {
    if (bands < SpectrumMeter::kLeastBands || bands > SpectrumMeter::kMostBands)
        throw std::invalid_argument("bands=" + std::to_string(bands) + ": it must be " +
                                    std::to_string(SpectrumMeter::kLeastBands) + " to " +
                                    std::to_string(SpectrumMeter::kMostBands));
    const std::size_t spectra = spectra_of(*this);
    const std::size_t most = SpectrumMeter::kMostSamples / spectra / 2 + 1;
    if (bands > most)
        throw std::invalid_argument("bands=" + std::to_string(bands) + " of each of " +
                                    std::to_string(spectra) + " channels: it must be " +
                                    std::to_string(most) + " at most");
}

IntervalFrames::IntervalFrames(std::uint64_t interval_ns, unsigned rate_hz) {
    __extension__ using Wide = unsigned __int128;
    const Wide scaled = Wide{interval_ns} * rate_hz;
    whole_ = static_cast<std::uint64_t>(scaled / kUnit);
    lost_ = static_cast<std::uint64_t>(scaled % kUnit);
    if (whole_ == 0) {
        whole_ = 1; // and nothing is lost, as it takes too many already
        lost_ = 0;
    }
    current_ = whole_;
}

// In the order of `spectrum`, in which an interval's loss is not made up for before the one after
// the next.
void IntervalFrames::next() {
    current_ = whole_;
    if (rest_ >= kUnit) {
        rest_ -= kUnit;
        ++current_;
    }
    rest_ += lost_;
}

SpectrumMeter::SpectrumMeter(const SpectrumMeterConfig& config)
    : bands_(checked_bands(config)), length_(2 * bands_ - 2), spectra_(spectra_of(config)),
      multi_channel_(config.multi_channel),
      offset_db_(static_cast<float>(-20 * std::log10(static_cast<double>(length_)))),
      reader_(config.layout, FullScale::largest), fft_(length_), values_(spectrum_values()),
      interval_(config.interval_ns, config.rate_hz), window_(length_), history_(length_ * spectra_),
      history_ends_(spectra_), windowed_(length_), points_(bands_), scratch_(fft_.scratch_size()),
      magnitudes_(bands_ * spectra_), phases_(bands_ * spectra_) {
    for (std::size_t i = 0; i < length_; ++i) {
        const double turn = static_cast<double>(i) / static_cast<double>(length_);
        window_[i] = static_cast<float>(0.53836 - 0.46164 * std::cos(2 * std::numbers::pi * turn));
    }
}

std::size_t SpectrumMeter::push(const std::uint8_t* const* blocks, std::size_t first,
                                std::size_t frames) {
    std::size_t taken = 0;
    while (taken < frames && !is_full()) {
        const std::uint64_t now =
            std::min({std::uint64_t{frames - taken}, interval_.current() - done_frames_,
                      length_ - done_frames_ % length_});
        take(blocks, first + taken, static_cast<std::size_t>(now));
        taken += static_cast<std::size_t>(now);
        done_frames_ += now;
        if (done_frames_ % length_ == 0 || (is_full() && interval_transforms_ == 0))
            transform();
    }
    return taken;
}

void SpectrumMeter::take(const std::uint8_t* const* blocks, std::size_t first, std::size_t frames) {
    while (frames > 0) {
        const std::size_t now = std::min(frames, length_ - history_at_);
        for (std::size_t s = 0; s < spectra_; ++s)
            history_ends_[s] = history_.data() + s * length_ + history_at_;
        if (multi_channel_)
            reader_.read(blocks, first, now, history_ends_.data());
        else
            reader_.read_mean(blocks, first, now, history_ends_[0]);
        history_at_ = (history_at_ + now) % length_;
        first += now;
        frames -= now;
    }
}

void SpectrumMeter::transform() {
    ++interval_transforms_;
    if (!wants_magnitudes_ && !wants_phases_)
        return;
    ++transforms_;
    summed_magnitudes_ += wants_magnitudes_ ? 1 : 0;
    summed_phases_ += wants_phases_ ? 1 : 0;
    const std::size_t old = length_ - history_at_;
    for (std::size_t s = 0; s < spectra_; ++s) {
        const float* const ring = history_.data() + s * length_;
        values_.multiply(ring + history_at_, window_.data(), old, windowed_.data());
        values_.multiply(ring, window_.data() + old, history_at_, windowed_.data() + old);
        fft_.forward(windowed_.data(), points_.data(), scratch_.data());
        if (wants_magnitudes_)
            values_.add_decibels(points_.data(), bands_, offset_db_, threshold_db_,
                                 magnitudes_.data() + s * bands_);
        if (wants_phases_)
            values_.add_phases(points_.data(), bands_, phases_.data() + s * bands_);
    }
}

void SpectrumMeter::finish() {
    divide(magnitudes_, summed_magnitudes_);
    divide(phases_, summed_phases_);
}

std::span<const float> SpectrumMeter::magnitudes(std::size_t spectrum) const {
    return {magnitudes_.data() + spectrum * bands_, bands_};
}

std::span<const float> SpectrumMeter::phases(std::size_t spectrum) const {
    return {phases_.data() + spectrum * bands_, bands_};
}

void SpectrumMeter::clear_sums() {
    if (summed_magnitudes_ > 0)
        std::fill(magnitudes_.begin(), magnitudes_.end(), 0.0F);
    if (summed_phases_ > 0)
        std::fill(phases_.begin(), phases_.end(), 0.0F);
    done_frames_ = 0;
    interval_transforms_ = summed_magnitudes_ = summed_phases_ = 0;
}

void SpectrumMeter::next_interval() {
    clear_sums();
    interval_.next();
}

void SpectrumMeter::flush() {
    clear_sums();
    interval_.forget_rest();
}

} // namespace tactus
