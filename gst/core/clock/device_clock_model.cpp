// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/device_clock_model.h"

#include <algorithm>
#include <cmath>

namespace tactus {

namespace {

constexpr double kJumpDeviations = 3.0;
constexpr double kJumpExtraNs = 2000.0;
constexpr std::size_t kJumpSamples = 3;
// With fewer samples the line is too loose to call anything a jump.
constexpr std::size_t kJumpRuleFrom = 8;
// With fewer samples their scatter says too little: the error is then taken to be spread evenly.
constexpr std::size_t kScatterFrom = 8;
constexpr double kEvenSpread = 0.57735026918962576; // 1/sqrt(3)
constexpr double kLeastScatter = 0.05;
// 3.3 standard deviations hold 99.9 % of a normal distribution.
constexpr double kSigmas = 3.3;
// Crystals keep to 100 ppm; double that for two of them.
constexpr double kUnknownSlope = 200e-6;
// After this the age weights leave nothing of what was before.
constexpr double kPauseNs = 10 * DeviceClockModel::kAgeWeightNs;
// Variance of the slope that a nanosecond of 0.02 ppm/sqrt(s) wander adds.
constexpr double kWanderPerNs = 4e-16 / 1e9;
constexpr double kWanderBaseNs = 1e9;

double square(double v) {
    return v * v;
}

double signed_ns(std::uint64_t to, std::uint64_t from) {
    return static_cast<double>(static_cast<std::int64_t>(to - from));
}

} // namespace

std::optional<DeviceClockModel> DeviceClockModel::create(const Settings& settings) {
    if (!std::isfinite(settings.tick_period_ns) || settings.tick_period_ns <= 0)
        return std::nullopt;
    if (settings.valid_bits < 1 || settings.valid_bits > 64)
        return std::nullopt;
    return DeviceClockModel(settings);
}

DeviceClockModel::DeviceClockModel(const Settings& settings)
    : settings_(settings), mask_(UINT64_MAX >> (64 - settings.valid_bits)),
      prior_slope_variance_(square(kUnknownSlope)) {
    window_.reserve(kWindow);
    held_.reserve(kJumpSamples);
}

SampleVerdict DeviceClockModel::add(const ClockSample& sample) {
    ++counters_.samples;
    if (!makes_sense(sample)) {
        ++counters_.rejected;
        return SampleVerdict::rejected;
    }
    if (!window_.empty() && signed_ns(sample.cpu_ns, newest_ns_) > kPauseNs)
        start_again(sample);
    newest_ns_ = sample.cpu_ns;
    const Entry entry = compare(sample);
    if (is_off(entry))
        return hold(entry);
    const bool gated = out_of_gate(entry.deviation_ns);
    if (gated)
        ++counters_.gated;
    else {
        counters_.outliers += held_.size();
        held_.clear();
    }
    keep(entry);
    fit();
    return gated ? SampleVerdict::gated : SampleVerdict::accepted;
}

bool DeviceClockModel::makes_sense(const ClockSample& sample) const {
    const bool in_order = newest_ns_ == 0 || sample.cpu_ns > newest_ns_;
    return in_order && std::isfinite(sample.deviation_ns) && sample.deviation_ns >= 0;
}

double DeviceClockModel::deviation_of(const ClockSample& sample) const {
    // Ticks and nanoseconds are whole numbers: each hides up to half a unit to both sides.
    return sample.deviation_ns + 0.5 * settings_.tick_period_ns + 0.5;
}

bool DeviceClockModel::out_of_gate(double deviation_ns) const {
    return !window_.empty() && deviation_ns > kGate * smallest_deviation_ns_;
}

DeviceClockModel::Entry DeviceClockModel::compare(const ClockSample& sample) const {
    Entry entry;
    entry.sample = sample;
    entry.deviation_ns = deviation_of(sample);
    entry.epoch = epoch_;
    if (window_.empty())
        return entry;
    const double x = nominal_ns(line_.reference, sample.ticks, sample.cpu_ns);
    entry.off_by_ns = signed_ns(sample.cpu_ns, line_.reference.cpu_ns) - x - line_at(x);
    const double beyond = std::max(0.0, std::abs(entry.off_by_ns) - 2 * sigma_ns(x));
    entry.surprise = beyond / entry.deviation_ns;
    return entry;
}

bool DeviceClockModel::is_off(const Entry& entry) const {
    const double limit = kJumpDeviations * entry.deviation_ns * mistrust() + kJumpExtraNs;
    return window_.size() >= kJumpRuleFrom && std::abs(entry.off_by_ns) > limit;
}

/// How many times larger than claimed the deviations of late appear to be; at least 1.
double DeviceClockModel::mistrust() const {
    double scale = 1.0;
    for (const Entry& entry : window_)
        if (!out_of_gate(entry.deviation_ns))
            scale = std::max(scale, entry.surprise);
    return scale;
}

SampleVerdict DeviceClockModel::hold(const Entry& entry) {
    held_.push_back(entry);
    if (held_.size() < kJumpSamples)
        return SampleVerdict::held;
    const bool above = entry.off_by_ns > 0;
    const bool one_sided = std::all_of(held_.begin(), held_.end(), [above](const Entry& held) {
        return (held.off_by_ns > 0) == above;
    });
    if (one_sided)
        jump();
    else
        release_held();
    fit();
    return one_sided ? SampleVerdict::jumped : SampleVerdict::accepted;
}

void DeviceClockModel::jump() {
    ++counters_.jumps;
    ++epoch_;
    epoch_began_ns_ = held_.front().sample.cpu_ns;
    jumped_ns_ += std::abs(held_.back().off_by_ns);
    for (Entry& held : held_) {
        held.epoch = epoch_;
        held.surprise = 0;
        keep(held);
    }
    held_.clear();
}

/// Far off, but to both sides: the clock did not jump, the source is worse than it says.
void DeviceClockModel::release_held() {
    for (const Entry& held : held_)
        keep(held);
    held_.clear();
}

/// The samples from before a pause are too old for the offset; what they said of the slope is kept.
void DeviceClockModel::start_again(const ClockSample& sample) {
    counters_.outliers += held_.size();
    held_.clear();
    const double pause_ns = signed_ns(sample.cpu_ns, newest_ns_);
    prior_slope_ = line_.slope;
    prior_slope_variance_ =
        std::min(square(kUnknownSlope), line_.slope_variance + kWanderPerNs * pause_ns);
    window_.clear();
    ++epoch_;
    epoch_began_ns_ = sample.cpu_ns;
}

void DeviceClockModel::keep(const Entry& entry) {
    if (window_.size() == kWindow)
        window_.erase(window_.begin());
    window_.push_back(entry);
    smallest_deviation_ns_ = entry.deviation_ns;
    for (const Entry& kept : window_)
        if (kept.epoch == epoch_)
            smallest_deviation_ns_ = std::min(smallest_deviation_ns_, kept.deviation_ns);
}

/// Coordinates relative to the newest sample of each epoch keep the numbers small: a window is some
/// seconds long, which a double resolves to less than a picosecond.
void DeviceClockModel::weigh() {
    const std::uint64_t newest_ns = window_.back().sample.cpu_ns;
    const Entry* reference = nullptr;
    for (std::size_t i = window_.size(); i-- > 0;) {
        Entry& entry = window_[i];
        if (reference == nullptr || reference->epoch != entry.epoch)
            reference = &entry;
        entry.x_ns = nominal_ns(reference->sample, entry.sample.ticks, entry.sample.cpu_ns);
        entry.y_ns = signed_ns(entry.sample.cpu_ns, reference->sample.cpu_ns) - entry.x_ns;
        const double age_ns = signed_ns(newest_ns, entry.sample.cpu_ns);
        entry.weight = out_of_gate(entry.deviation_ns)
                           ? 0.0
                           : std::exp(-age_ns / kAgeWeightNs) / square(entry.deviation_ns);
    }
}

DeviceClockModel::Sums DeviceClockModel::sums_of(std::uint32_t epoch) const {
    Sums sums;
    for (const Entry& entry : window_) {
        if (entry.epoch != epoch || entry.weight == 0)
            continue;
        sums.weight += entry.weight;
        sums.x_mean_ns += entry.weight * entry.x_ns;
        sums.y_mean_ns += entry.weight * entry.y_ns;
        ++sums.count;
    }
    if (sums.weight > 0) {
        sums.x_mean_ns /= sums.weight;
        sums.y_mean_ns /= sums.weight;
    }
    return sums;
}

void DeviceClockModel::fit() {
    weigh();
    double sxx = 1.0 / prior_slope_variance_;
    double sxy = sxx * prior_slope_;
    Sums sums;
    for (std::size_t i = 0; i < window_.size(); ++i) {
        const Entry& entry = window_[i];
        if (i == 0 || window_[i - 1].epoch != entry.epoch)
            sums = sums_of(entry.epoch);
        const double dx = entry.x_ns - sums.x_mean_ns;
        sxx += entry.weight * dx * dx;
        sxy += entry.weight * dx * (entry.y_ns - sums.y_mean_ns);
    }
    line_.reference = window_.back().sample;
    line_.x_mean_ns = sums.x_mean_ns;
    line_.y_mean_ns = sums.y_mean_ns;
    line_.slope = sxy / sxx;
    line_.in_epoch = sums.count;
    const double noise = residual_noise();
    line_.bias_ns =
        smallest_deviation_ns_ * std::max(0.0, mistrust() - std::min(noise, kEvenSpread));
    fit_variances(sums, sxx, noise);
}

/// The scatter of the samples about the line, in their deviations.
double DeviceClockModel::residual_noise() const {
    double sum = 0;
    double weights = 0;
    std::size_t count = 0;
    for (const Entry& entry : window_) {
        if (entry.epoch != epoch_ || entry.weight == 0)
            continue;
        const double residual =
            entry.y_ns - line_.y_mean_ns - line_.slope * (entry.x_ns - line_.x_mean_ns);
        const double age_weight = entry.weight * square(entry.deviation_ns);
        sum += age_weight * square(residual / entry.deviation_ns);
        weights += age_weight;
        ++count;
    }
    const auto n = static_cast<double>(count);
    const double noise = count > 2 ? std::sqrt(sum / weights * n / (n - 2)) : kEvenSpread;
    return std::max(noise, count < kScatterFrom ? kEvenSpread : kLeastScatter);
}

/// Offset and slope are weighted sums of the samples; so their errors are those of the samples,
/// independent of one another, with a standard deviation of `noise` deviations.
void DeviceClockModel::fit_variances(const Sums& newest, double sxx, double noise) {
    double mean = 0;
    double covariance = 0;
    double slope = 0;
    line_.oldest_x_ns = 0;
    double epoch_x_mean_ns = 0;
    for (std::size_t i = 0; i < window_.size(); ++i) {
        const Entry& entry = window_[i];
        if (i == 0 || window_[i - 1].epoch != entry.epoch)
            epoch_x_mean_ns = sums_of(entry.epoch).x_mean_ns;
        const double in_slope = entry.weight * (entry.x_ns - epoch_x_mean_ns) / sxx;
        const double variance = square(noise * entry.deviation_ns);
        slope += square(in_slope) * variance;
        if (entry.epoch != epoch_)
            continue;
        const double in_mean = entry.weight / newest.weight;
        mean += square(in_mean) * variance;
        covariance += in_mean * in_slope * variance;
        line_.oldest_x_ns = std::min(line_.oldest_x_ns, entry.x_ns);
    }
    line_.mean_variance = mean;
    line_.covariance = covariance;
    line_.slope_variance = slope + 1.0 / (prior_slope_variance_ * square(sxx));
}

double DeviceClockModel::line_at(double x_ns) const {
    return line_.y_mean_ns + line_.slope * (x_ns - line_.x_mean_ns);
}

double DeviceClockModel::sigma_ns(double x_ns) const {
    const double u = x_ns - line_.x_mean_ns;
    const double beyond_ns = std::max({0.0, x_ns, line_.oldest_x_ns - x_ns}) + kWanderBaseNs;
    const double wander = kWanderPerNs * beyond_ns * beyond_ns * beyond_ns / 3;
    const double fitted =
        line_.mean_variance + 2 * u * line_.covariance + u * u * line_.slope_variance;
    return std::sqrt(std::max(0.0, fitted) + wander * square(mistrust()));
}

double DeviceClockModel::bound_ns(double x_ns) const {
    double bound = line_.bias_ns + kSigmas * sigma_ns(x_ns) + 0.5 * settings_.tick_period_ns + 0.5;
    double off_ns = 0;
    for (const Entry& held : held_)
        off_ns = std::max(off_ns, std::abs(held.off_by_ns) + held.deviation_ns);
    return bound + off_ns;
}

/// Signed number of ticks from one reading to another, of all that `to` can mean after wraps the
/// one that is nearest to `about_ns`.
std::int64_t DeviceClockModel::ticks_between(std::uint64_t from, std::uint64_t to,
                                             double about_ns) const {
    const std::uint64_t raw = (to - from) & mask_;
    if (settings_.valid_bits == 64)
        return static_cast<std::int64_t>(raw);
    const auto wrap = static_cast<double>(mask_) + 1.0;
    const double wraps =
        std::round((about_ns / settings_.tick_period_ns - static_cast<double>(raw)) / wrap);
    // What does not fit is as far away as can be said.
    const double limit = std::ldexp(1.0, 62) / wrap;
    const auto whole = static_cast<std::int64_t>(std::clamp(wraps, -limit, limit));
    return static_cast<std::int64_t>(raw + static_cast<std::uint64_t>(whole) * (mask_ + 1));
}

double DeviceClockModel::nominal_ns(const ClockSample& from, std::uint64_t ticks,
                                    std::uint64_t near_ns) const {
    const double about_ns = signed_ns(near_ns, from.cpu_ns);
    return static_cast<double>(
        static_cast<long double>(ticks_between(from.ticks, ticks, about_ns)) *
        settings_.tick_period_ns);
}

std::optional<ClockEstimate> DeviceClockModel::estimate(std::uint64_t now_ns) const {
    if (window_.empty())
        return std::nullopt;
    ClockEstimate estimate;
    const ClockSample& reference = line_.reference;
    const long double device_ns = static_cast<long double>(reference.ticks & mask_) *
                                  static_cast<long double>(settings_.tick_period_ns);
    estimate.offset_ns =
        static_cast<std::int64_t>(std::llroundl(static_cast<long double>(reference.cpu_ns) +
                                                static_cast<long double>(line_at(0)) - device_ns));
    estimate.skew_ppm = -line_.slope * 1e6;
    const double age_ns = std::max(0.0, signed_ns(now_ns, reference.cpu_ns));
    estimate.age_ns = static_cast<std::uint64_t>(age_ns);
    estimate.bound_ns = bound_ns(age_ns);
    if (epoch_ > 0 && line_.in_epoch < kScatterFrom)
        estimate.method = ClockMethod::held_slope;
    else if (line_.in_epoch >= kJumpSamples)
        estimate.method = ClockMethod::regression;
    return estimate;
}

std::optional<MappedTime> DeviceClockModel::map(std::uint64_t ticks, std::uint64_t near_ns) const {
    if (window_.empty())
        return std::nullopt;
    const double x = nominal_ns(line_.reference, ticks, near_ns);
    const long double since =
        std::round(static_cast<long double>(x) + static_cast<long double>(line_at(x)));
    MappedTime mapped;
    // Modulo 2^64, as the clock itself; only nonsense ticks get that far.
    const long double limit = std::ldexp(1.0L, 62);
    mapped.cpu_ns =
        line_.reference.cpu_ns +
        static_cast<std::uint64_t>(static_cast<std::int64_t>(std::clamp(since, -limit, limit)));
    mapped.bound_ns = bound_ns(x);
    // Before the jump the line was another one.
    if (epoch_ > 0 && signed_ns(mapped.cpu_ns, epoch_began_ns_) < 0)
        mapped.bound_ns += jumped_ns_;
    return mapped;
}

double DeviceClockModel::good_enough_ns() const {
    return window_.empty() ? 0.0 : 2 * smallest_deviation_ns_;
}

} // namespace tactus
