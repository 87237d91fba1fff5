// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/timeline.h"

#include "core/jitter/unwrap.h"

#include <algorithm>
#include <cstdlib>

namespace tactus {

namespace {

// A pause longer than this is silence; only this much of it counts as time that has passed.
constexpr std::int64_t kLongestPauseNs = 100'000'000;

} // namespace

void Timeline::anchor(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t arrival_ns) {
    const bool again = clock_rate_ != 0;
    anchored_ = true;
    clock_rate_ = clock_rate;
    anchor_ticks_ = again ? unwrap32(newest_ticks_, timestamp) : std::int64_t{timestamp};
    newest_ticks_ = anchor_ticks_;
    suspects_ = 0;
    // A new media time zero at the arrival: all offsets start over, the skew of the clocks stays.
    if (!origin_ns_)
        origin_ns_ = from_zero_ ? arrival_ns : 0;
    offset_ns_ = arrival_ns - *origin_ns_;
    reference_ns_ = arrival_ns;
    minimum_.clear();
    quick_.clear();
    recent_.clear();
    skew_.break_here();
    resyncs_ += again ? 1 : 0;
    if (pinned_)
        apply_pin();
}

bool Timeline::has_jumped(const Placed& placed, bool in_order) {
    const std::int64_t transit_ns = placed.transit_ns;
    const std::int64_t off_ns = transit_ns - reference_ns_;
    const bool doubted = doubted_;
    doubted_ = false;
    if (off_ns < -(slaved_ ? kEarlyNs : kJumpNs) || (doubted && off_ns > kJumpNs))
        return true;
    if (in_order && ticks_to_ns(placed.ticks - newest_ticks_, clock_rate_) < -kBackNs)
        return true;
    if (off_ns <= kJumpNs || (!slaved_ && pace_ == Pace::steady)) {
        suspects_ = 0;
        return false;
    }
    if (suspects_ > 0 && std::abs(transit_ns - suspect_transit_ns_) > kAgreeNs)
        suspects_ = 0;
    suspect_transit_ns_ = transit_ns;
    return ++suspects_ >= kConfirm;
}

Timeline::Placed Timeline::place(std::uint32_t timestamp, std::uint32_t clock_rate,
                                 std::int64_t arrival_ns) {
    Placed placed;
    if (!anchored_ || clock_rate != clock_rate_) {
        placed.resynced = clock_rate_ != 0;
        anchor(timestamp, clock_rate, arrival_ns);
    }
    placed.ticks = unwrap32(newest_ticks_, timestamp);
    placed.media_ns = ticks_to_ns(placed.ticks - anchor_ticks_, clock_rate_);
    placed.transit_ns = arrival_ns - placed.media_ns;
    placed.pts_ns = placed.media_ns + offset_ns_;
    return placed;
}

Timeline::Placed Timeline::observe(std::uint32_t timestamp, std::uint32_t clock_rate,
                                   std::int64_t arrival_ns, bool in_order) {
    Placed placed = place(timestamp, clock_rate, arrival_ns);
    if (!pinned_ && has_jumped(placed, in_order)) {
        anchor(timestamp, clock_rate, arrival_ns);
        placed = place(timestamp, clock_rate, arrival_ns);
        placed.resynced = true;
    }
    placed.newest = placed.ticks >= newest_ticks_;
    newest_ticks_ = std::max(newest_ticks_, placed.ticks);
    if (suspects_ == 0)
        learn(placed, arrival_ns);
    placed.pts_ns = placed.media_ns + offset_ns_;
    return placed;
}

void Timeline::learn(const Placed& placed, std::int64_t arrival_ns) {
    const std::int64_t passed_ns =
        minimum_.empty()
            ? 0
            : std::clamp<std::int64_t>(arrival_ns - last_arrival_ns_, 0, kLongestPauseNs);
    last_arrival_ns_ = arrival_ns;
    active_ns_ += passed_ns;
    quick_active_ns_ += std::min(passed_ns, kQuickPacketNs);
    reference_ns_ = minimum_.add(active_ns_, placed.transit_ns);
    quick_.add(quick_active_ns_, placed.transit_ns);
    skew_.observe(arrival_ns, placed.transit_ns);
    if (slaved_ && !pinned_)
        follow(passed_ns);
}

void Timeline::follow(std::int64_t passed_ns) {
    const std::int64_t most_ns = std::min(passed_ns * kFollowPpm / 1'000'000, kFollowStepNs);
    // A whole run of packets came too late for any delay, and so would the next ones.
    if (quick_.minimum() - largest_delay_ns_ > offset_ns_)
        offset_ns_ = quick_.minimum() - largest_delay_ns_ * 3 / 4;
    std::int64_t goal_ns = quick_.minimum();
    std::int64_t constant_ns = kQuickConstantNs;
    if (pace_ == Pace::steady) {
        const std::int64_t least_ns = quick_.minimum() - largest_delay_ns_ / 4;
        goal_ns = std::max(reference_ns_, least_ns);
        if (least_ns < offset_ns_)
            constant_ns = kSteadyConstantNs;
    }
    const double share = static_cast<double>(passed_ns) / static_cast<double>(constant_ns);
    const auto step_ns =
        static_cast<std::int64_t>(static_cast<double>(goal_ns - offset_ns_) * share);
    offset_ns_ += std::clamp(step_ns, -most_ns, most_ns);
}

void Timeline::pin(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t pts_ns) {
    if (!anchored_ || clock_rate != clock_rate_)
        anchor(timestamp, clock_rate, pts_ns);
    pinned_ = true;
    pin_timestamp_ = timestamp;
    pin_pts_ns_ = pts_ns;
    apply_pin();
}

void Timeline::apply_pin() {
    const std::int64_t ticks = unwrap32(newest_ticks_, pin_timestamp_) - anchor_ticks_;
    offset_ns_ = pin_pts_ns_ - ticks_to_ns(ticks, clock_rate_);
}

} // namespace tactus
