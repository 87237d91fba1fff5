// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/inverse_stft.h"

#include "core/fft/flush_to_zero.h"
#include "core/fft/sample_math.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

/// Throws for what has no way back.
StftConfig checked(const StftConfig& config) {
    StftConfig full = config.resolved();
    if (full.format != StftFormat::complex)
        throw std::invalid_argument(std::string("format ") + stft_format_name(full.format) +
                                    " cannot be undone: only complex-f32 can");
    const std::string complaint =
        overlap_complaint(full.window, full.window_length, full.hop_frames);
    if (!complaint.empty())
        throw std::invalid_argument(complaint);
    return full;
}

} // namespace

InverseStft::InverseStft(const StftConfig& config)
    : config_(checked(config)), fft_(config_.fft_size), squares_to_(config_.window_length),
      squares_from_(config_.window_length), dual_(config_.window_length),
      points_(2 * config_.bins()), samples_(config_.fft_size), scratch_(fft_.scratch_size()),
      sums_(config_.window_length * config_.channels) {
    std::vector<double> window = make_window(config_.window, config_.window_length);
    const double scale = config_.scale(window);
    // As the transform took them: rounded to float.
    for (double& value : window)
        value = static_cast<double>(static_cast<float>(value * scale)) / scale;
    const std::size_t hop = config_.hop_frames;
    for (std::size_t n = 0; n < window.size(); ++n)
        squares_to_[n] = window[n] * window[n] + (n >= hop ? squares_to_[n - hop] : 0);
    for (std::size_t n = window.size(); n-- > 0;)
        squares_from_[n] =
            window[n] * window[n] + (n + hop < window.size() ? squares_from_[n + hop] : 0);
    least_weight_ = Overlap::kTolerance * overlap_squares(window, hop).most;
    const std::vector<double> dual = dual_window(window, hop);
    const double per_point = 1 / (scale * static_cast<double>(config_.fft_size));
    for (std::size_t n = 0; n < dual.size(); ++n)
        dual_[n] = static_cast<float>(dual[n] * per_point);
}

void InverseStft::reset() {
    std::fill(sums_.begin(), sums_.end(), 0.0F);
    frames_ = block_ = 0;
    ready_start_ = ready_end_ = 0;
}

std::int64_t InverseStft::natural_end() const {
    if (frames_ == 0)
        return 0;
    const std::int64_t last = (frames_ - 1) * to_signed(config_.hop_frames);
    return last + to_signed(config_.window_length - 2 * config_.before());
}

void InverseStft::push(const float* frame, std::int64_t end) {
    const FlushToZero guard;
    if (block_ < frames_)
        drop_block();
    const std::size_t floats = config_.channel_floats();
    for (unsigned c = 0; c < config_.channels; ++c) {
        const float* points = frame + c * floats;
        if (!all_finite(points, floats)) {
            std::copy_n(points, floats, points_.data());
            non_finite_ += clear_non_finite(points_.data(), floats);
            points = points_.data();
        }
        add(c, points);
    }
    ++frames_;
    weigh(block_, 0, config_.hop_frames);
    set_ready(config_.hop_frames, end);
}

void InverseStft::add(unsigned channel, const float* points) {
    fft_.inverse(reinterpret_cast<const std::complex<float>*>(points), samples_.data(),
                 scratch_.data());
    multiply_add(samples_.data(), dual_.data(), sums(channel), config_.window_length);
}

/// The next block of a hop comes to the front of the sums.
void InverseStft::drop_block() {
    const std::size_t kept = config_.window_length - config_.hop_frames;
    for (unsigned c = 0; c < config_.channels; ++c) {
        float* const from = sums(c);
        std::copy_n(from + config_.hop_frames, kept, from);
        std::fill_n(from + kept, config_.hop_frames, 0.0F);
    }
    ++block_;
}

/// Corrects a block in which not all windows overlap that do within a run. It is `first` samples
/// from the front of the sums.
void InverseStft::weigh(std::int64_t block, std::size_t first, std::size_t count) {
    const auto reach = to_signed((config_.window_length - 1) / config_.hop_frames); // in blocks
    if (block >= reach && block < frames_)
        return;
    for (std::size_t n = 0; n < count; ++n) {
        const double found = weight(block, n);
        const auto factor =
            static_cast<float>(found > least_weight_ ? squares_from_[n] / found : 0);
        for (unsigned c = 0; c < config_.channels; ++c)
            sums(c)[first + n] *= factor;
    }
}

/// The squares of the windows that sample n of a block is in, of frames that there are.
double InverseStft::weight(std::int64_t block, std::size_t n) const {
    const std::size_t hop = config_.hop_frames;
    const auto last = to_signed((config_.window_length - 1 - n) / hop);
    const std::int64_t from = std::max<std::int64_t>(0, block - (frames_ - 1));
    const std::int64_t to = std::min(block, last);
    if (from > to)
        return 0;
    const auto at = [&](std::int64_t k) { return n + static_cast<std::size_t>(k) * hop; };
    if (from == 0)
        return squares_to_[at(to)];
    if (to == last)
        return squares_from_[at(from)];
    return squares_to_[at(to)] - squares_to_[at(from - 1)];
}

void InverseStft::finish(std::int64_t end) {
    const FlushToZero guard;
    if (frames_ == 0) {
        set_ready(0, 0);
        return;
    }
    if (block_ < frames_)
        drop_block();
    const std::size_t hop = config_.hop_frames;
    std::int64_t block = block_;
    for (std::size_t first = 0; first < config_.window_length; first += hop, ++block)
        weigh(block, first, std::min(hop, config_.window_length - first));
    set_ready(config_.window_length, end);
}

void InverseStft::set_ready(std::size_t length, std::int64_t end) {
    const std::int64_t start = block_position();
    const std::int64_t most = to_signed(length);
    ready_start_ = static_cast<std::size_t>(std::clamp<std::int64_t>(-start, 0, most));
    const std::int64_t stop = end == kNoEnd ? most : std::clamp<std::int64_t>(end - start, 0, most);
    ready_end_ = std::max(ready_start_, static_cast<std::size_t>(stop));
}

} // namespace tactus
