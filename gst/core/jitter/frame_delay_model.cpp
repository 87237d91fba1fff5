// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/frame_delay_model.h"

#include <algorithm>
#include <cmath>

namespace tactus {

namespace {

constexpr double kSlopeDrift = 2.5e-10; ///< variance per frame
constexpr double kQueueingDrift = 1e-10;
constexpr double kSmallestSlope = 1e-6;
constexpr double kOutlierDeviations = 15;
constexpr unsigned kNoiseFrames = 400; ///< memory of the noise estimate

} // namespace

std::int64_t FrameDelayModel::size_ns(double bytes) const {
    return static_cast<std::int64_t>(slope_ * bytes * 1e6);
}

std::int64_t FrameDelayModel::largest_frame_ns() const {
    const std::int64_t negated =
        negated_sizes_.empty() ? kept_negated_size_ : negated_sizes_.minimum();
    return size_ns(-static_cast<double>(negated));
}

std::int64_t FrameDelayModel::observe(std::int64_t media_ns, std::int64_t arrival_ns,
                                      std::uint32_t bytes) {
    if (has_frame_ && media_ns != media_ns_)
        complete_frame();
    if (!has_frame_) {
        has_frame_ = true;
        media_ns_ = media_ns;
        bytes_ = 0;
    }
    last_arrival_ns_ = arrival_ns;
    bytes_ += bytes;
    return size_ns(bytes_);
}

void FrameDelayModel::break_here() {
    has_frame_ = has_previous_ = false;
    if (negated_sizes_.empty())
        return;
    kept_negated_size_ = negated_sizes_.minimum();
    negated_sizes_.clear();
}

void FrameDelayModel::complete_frame() {
    if (kept_negated_size_ != 0)
        negated_sizes_.add(last_arrival_ns_, kept_negated_size_);
    kept_negated_size_ = 0;
    negated_sizes_.add(last_arrival_ns_, -static_cast<std::int64_t>(bytes_));
    if (has_previous_) {
        const std::int64_t variation_ns =
            (last_arrival_ns_ - previous_arrival_ns_) - (media_ns_ - previous_media_ns_);
        update(static_cast<double>(variation_ns) / 1e6, bytes_ - previous_bytes_);
    }
    has_previous_ = true;
    previous_media_ns_ = media_ns_;
    previous_arrival_ns_ = last_arrival_ns_;
    previous_bytes_ = bytes_;
    has_frame_ = false;
}

// Frames of nearly equal size say little about the slope: their noise counts for more.
double FrameDelayModel::gain_of_noise(double size_difference_bytes) const {
    const double largest = std::max(-static_cast<double>(negated_sizes_.minimum()), 1.0);
    const double alike = std::exp(-std::abs(size_difference_bytes) / largest);
    return std::max((30 * alike + 1) * std::sqrt(noise_variance_), 1.0);
}

void FrameDelayModel::learn_noise(double residual_ms) {
    frames_ = std::min(frames_ + 1, kNoiseFrames);
    const double weight = 1.0 / frames_;
    noise_mean_ms_ += (residual_ms - noise_mean_ms_) * weight;
    const double off = residual_ms - noise_mean_ms_;
    noise_variance_ = std::max(noise_variance_ + (off * off - noise_variance_) * weight, 1.0);
}

void FrameDelayModel::update(double variation_ms, double size_difference_bytes) {
    const double h = size_difference_bytes;
    cov_[0][0] += kSlopeDrift;
    cov_[1][1] += kQueueingDrift;
    const double eh0 = cov_[0][0] * h + cov_[0][1];
    const double eh1 = cov_[1][0] * h + cov_[1][1];
    const double spread = gain_of_noise(h) + h * eh0 + eh1;
    const double gain0 = eh0 / spread;
    const double gain1 = eh1 / spread;
    const double limit = kOutlierDeviations * std::sqrt(noise_variance_);
    const double residual = std::clamp(variation_ms - (slope_ * h + queueing_ms_), -limit, limit);
    learn_noise(residual);
    slope_ = std::max(slope_ + gain0 * residual, kSmallestSlope);
    queueing_ms_ += gain1 * residual;
    const double c00 = cov_[0][0];
    const double c01 = cov_[0][1];
    cov_[0][0] = (1 - gain0 * h) * c00 - gain0 * cov_[1][0];
    cov_[0][1] = (1 - gain0 * h) * c01 - gain0 * cov_[1][1];
    cov_[1][0] = cov_[1][0] * (1 - gain1) - gain1 * h * c00;
    cov_[1][1] = cov_[1][1] * (1 - gain1) - gain1 * h * c01;
}

} // namespace tactus
