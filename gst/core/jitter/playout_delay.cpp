// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/playout_delay.h"

#include <algorithm>

namespace tactus {

namespace {

// A player does not notice less; release timers are no more precise.
constexpr std::int64_t kToleratedNs = 500'000;
// What a step may save up: after a quiet time the delay must not jump.
constexpr std::int64_t kLargestStepNs = 2 * PlayoutDelay::kStepNs;
// Underruns that lie less apart have one cause; a queue that builds up makes many.
constexpr std::int64_t kRelatedNs = 4'000'000'000;
// Packets of one stall.
constexpr std::int64_t kSameNs = 100'000'000;
constexpr std::int64_t kMarginNs = 1'000'000;
// The largest frame and the longest queue seldom meet.
constexpr std::int64_t kFramePercent = 80;
constexpr std::int64_t kLargestRiseNs = 900'000;
// Talk spurts that lie further apart do not help each other.
constexpr std::int64_t kConversationNs = 10'000'000'000;
// So many times as many underruns are worth a shorter delay where silences come often: the delay
// that one has raised is taken back at the next spurt, unheard.
constexpr double kMoreUnderruns = 1.5;

} // namespace

PlayoutDelay::PlayoutDelay(const PlayoutDelayConfig& config)
    : config_(config), delay_ns_(clamp(kStartNs)) {}

void PlayoutDelay::configure(const PlayoutDelayConfig& config) {
    config_ = config;
    delay_ns_ = clamp(delay_ns_);
}

void PlayoutDelay::break_here() {
    started_ = false;
    frames_.break_here();
}

std::int64_t PlayoutDelay::clamp(std::int64_t delay_ns) const {
    return std::max(std::min(delay_ns, config_.max_ns), config_.min_ns);
}

std::int64_t PlayoutDelay::observe(const Sample& sample) {
    const std::int64_t relative_ns = sample.transit_ns - sample.reference_ns;
    if (!started_) {
        started_ = true;
        resampled_at_ns_ = changed_at_ns_ = last_arrival_ns_ = sample.arrival_ns;
        held_until_ns_ = sample.arrival_ns;
        underrun_at_ns_ = sample.arrival_ns - kRelatedNs - 1;
    }
    if (sample.spurt_start)
        talks_until_ns_ = sample.arrival_ns + kConversationNs;
    learn(sample, relative_ns);
    const std::int64_t wanted_ns = sample.reference_ns + target_ns_ - sample.offset_ns;
    approach(sample, clamp(std::max(wanted_ns, floor_ns_)));
    last_arrival_ns_ = std::max(last_arrival_ns_, sample.arrival_ns);

    std::int64_t late_ns = sample.transit_ns - sample.offset_ns - delay_ns_;
    if (late_ns <= kToleratedNs || sample.overtaken)
        return late_ns;
    std::int64_t more_ns = late_ns;
    if (config_.adapt_by == AdaptBy::latency)
        more_ns = std::max(late_ns + DelayHistogram::kBucketNs, kStepNs);
    const std::int64_t before_ns = delay_ns_;
    set_delay(sample.arrival_ns, clamp(delay_ns_ + more_ns));
    hold_after_underrun(sample.arrival_ns);
    ++underruns_;
    grown_ns_ += delay_ns_ - before_ns;
    return late_ns - (delay_ns_ - before_ns);
}

void PlayoutDelay::hold_after_underrun(std::int64_t arrival_ns) {
    const std::int64_t apart_ns = arrival_ns - underrun_at_ns_;
    if (underruns_ == 0 || apart_ns > kRelatedNs)
        hold_ns_ = kHoldNs;
    else if (apart_ns > kSameNs)
        hold_ns_ = std::min(2 * hold_ns_, kLongestHoldNs);
    underrun_at_ns_ = arrival_ns;
    held_until_ns_ = arrival_ns + hold_ns_;
}

void PlayoutDelay::learn(const Sample& sample, std::int64_t relative_ns) {
    if (sample.arrival_ns - resampled_at_ns_ >= kResampleNs)
        resample(sample.arrival_ns);
    std::int64_t by_network_ns = relative_ns;
    if (config_.frames && !sample.overtaken)
        by_network_ns -= frames_.observe(sample.media_ns, sample.arrival_ns, sample.bytes);
    largest_ns_ = std::max(largest_ns_, by_network_ns);
    if (sample.overtaken)
        reorder_.overtaken(relative_ns);
    else
        reorder_.in_order();
}

double PlayoutDelay::quantile(std::int64_t arrival_ns) const {
    return arrival_ns < talks_until_ns_ ? 1.0 - (1.0 - config_.quantile) * kMoreUnderruns
                                        : config_.quantile;
}

void PlayoutDelay::resample(std::int64_t arrival_ns) {
    histogram_.add(largest_ns_);
    largest_ns_ = 0;
    resampled_at_ns_ = arrival_ns;
    measured_ = true;
    target_ns_ =
        std::max(histogram_.quantile_ns(quantile(arrival_ns)) + kMarginNs, reorder_.best_ns());
    if (config_.frames)
        target_ns_ += frames_.largest_frame_ns() * kFramePercent / 100;
}

void PlayoutDelay::approach(const Sample& sample, std::int64_t wanted_ns) {
    const std::int64_t passed_ns =
        std::clamp<std::int64_t>(sample.arrival_ns - last_arrival_ns_, 0, kResampleNs);
    std::int64_t difference_ns = wanted_ns - delay_ns_;
    if (difference_ns < 0 && sample.arrival_ns < held_until_ns_ && !sample.spurt_start)
        difference_ns = 0;
    if (sample.spurt_start && std::abs(difference_ns) >= kStepNs)
        set_delay(sample.arrival_ns, wanted_ns);
    else if (config_.adapt_by == AdaptBy::latency)
        step(sample, difference_ns);
    else
        slew(passed_ns, difference_ns, sample.offset_ns - last_offset_ns_);
    last_offset_ns_ = sample.offset_ns;
}

void PlayoutDelay::step(const Sample& sample, std::int64_t difference_ns) {
    const std::int64_t saved_ns =
        std::clamp<std::int64_t>(sample.arrival_ns - changed_at_ns_, 0, kResampleNs);
    const std::int64_t allowed_ns = std::min(saved_ns * kSlewPpm / 1'000'000, kLargestStepNs);
    if (allowed_ns < kStepNs || std::abs(difference_ns) < kStepNs)
        return;
    const std::int64_t overtaken_ns = sample.reference_ns - sample.offset_ns + reorder_.best_ns();
    const std::int64_t firm_ns = std::max(overtaken_ns, floor_ns_) - delay_ns_;
    if (difference_ns > 0 && firm_ns < kStepNs)
        return;
    set_delay(sample.arrival_ns,
              clamp(delay_ns_ + std::clamp(difference_ns, -allowed_ns, allowed_ns)));
}

void PlayoutDelay::slew(std::int64_t passed_ns, std::int64_t difference_ns,
                        std::int64_t offset_moved_ns) {
    const std::int64_t allowed_ns = passed_ns * kSlewPpm / 1'000'000;
    // The time line moves timestamps, too; together they must stay smooth.
    const std::int64_t rise_ns =
        std::clamp<std::int64_t>(kLargestRiseNs - offset_moved_ns, 0, allowed_ns);
    delay_ns_ += std::clamp(difference_ns, -allowed_ns, rise_ns);
}

void PlayoutDelay::set_delay(std::int64_t arrival_ns, std::int64_t delay_ns) {
    delay_ns_ = delay_ns;
    changed_at_ns_ = arrival_ns;
}

} // namespace tactus
