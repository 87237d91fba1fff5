// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/rtx_planner.h"

#include "core/jitter/reorder_optimizer.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kUnknownRttNs = 80 * kMs;
// Replies come a little before or after the mean.
constexpr std::int64_t kRttSlackNs = 5 * kMs;

} // namespace

void RtxPlanner::clear() {
    missing_.clear();
    next_packet_.reset();
    next_ns_ = kNever;
    measured_at_ns_ = 0;
    decided_at_ns_ = -kDecisionNs;
}

RtxPlanner::Missing* RtxPlanner::find(std::int64_t sequence) {
    const auto found = std::find_if(missing_.begin(), missing_.end(), [&](const Missing& missing) {
        return missing.sequence == sequence;
    });
    return found != missing_.end() ? &*found : nullptr;
}

void RtxPlanner::expect(const Hole& next, std::int64_t expected_ns) {
    next_packet_.reset();
    if (!config_.enabled || !config_.expect_next || next.spacing_ns <= 0)
        return;
    Missing missing;
    missing.sequence = next.first;
    missing.wire = next.first_wire;
    missing.noticed_ns = expected_ns;
    missing.pts_ns = next.pts_ns;
    missing.spacing_ns = next.spacing_ns;
    missing.bytes = next.packet_bytes;
    missing.due_ns =
        expected_ns + std::max(wait_ns(), std::max(config_.delay_reorder, 0) * next.spacing_ns);
    next_packet_ = missing;
    next_ns_ = std::min(next_ns_, missing.due_ns);
}

// The next packet is overdue.
void RtxPlanner::suspect_next() {
    if (missing_.size() < kCapacity && find(next_packet_->sequence) == nullptr)
        missing_.push_back(*next_packet_);
    next_packet_.reset();
}

std::int64_t RtxPlanner::wait_ns() const {
    const std::int64_t measured_ns = overtaken_.count() > 0 ? overtaken_.quantile_ns(0.99) : 0;
    const std::int64_t wanted_ns = config_.delay_ns >= 0 ? config_.delay_ns : measured_ns;
    return std::max(wanted_ns, config_.min_delay_ns);
}

std::int64_t RtxPlanner::retry_ns() const {
    const std::int64_t rtt_ns = stats_.rtt_ns > 0 ? stats_.rtt_ns : kUnknownRttNs;
    const std::int64_t automatic_ns =
        std::max(rtt_ns + rtt_ns / 2, last_round_trip_ns_) + kRttSlackNs;
    const std::int64_t timeout_ns =
        config_.retry_timeout_ns >= 0 ? config_.retry_timeout_ns : automatic_ns;
    return std::max({timeout_ns, config_.min_retry_timeout_ns, kMs});
}

std::int64_t RtxPlanner::last_useful_ns(const Missing& missing) const {
    std::int64_t last_ns = missing.pts_ns + hold_ns_ - stats_.rtt_ns;
    // Nothing can be learned about the round trip without a first request.
    const bool unknown = stats_.rtt_ns == 0 || missing.noticed_ns - measured_at_ns_ > kTrustedNs;
    if (unknown && missing.requests == 0)
        last_ns = std::max(last_ns, missing.noticed_ns + config_.stats_timeout_ns);
    if (config_.deadline_ns >= 0)
        last_ns = std::min(last_ns, missing.noticed_ns + config_.deadline_ns);
    if (config_.retry_period_ns >= 0)
        last_ns = std::min(last_ns, missing.noticed_ns + config_.retry_period_ns);
    return last_ns;
}

std::int64_t RtxPlanner::first_due_ns(const Missing& missing) const {
    const int needed = std::max(config_.delay_reorder, 0);
    std::int64_t wait = wait_ns();
    if (newest_ - missing.sequence < needed)
        wait = std::max(wait, needed * missing.spacing_ns);
    if (stats_.rtt_ns == 0)
        return missing.noticed_ns + wait;
    // Better a request on thin evidence than one whose answer comes too late.
    const std::int64_t last_ns = last_useful_ns(missing) - kRttSlackNs;
    const std::int64_t early = std::max<std::int64_t>(last_ns - missing.noticed_ns, 0);
    return missing.noticed_ns + (early < wait && few_come_after(early) ? early : wait);
}

bool RtxPlanner::few_come_after(std::int64_t wait_ns) const {
    if (overtaken_.count() == 0)
        return true;
    return overtaken_share_ * overtaken_.share_above(wait_ns) <= kNeedlessPerLoss * lost_share_;
}

void RtxPlanner::count(double& share) {
    share += (1 - share) / static_cast<double>(counted_packets_);
}

void RtxPlanner::note_hole(const Hole& hole, std::int64_t now_ns) {
    if (!config_.enabled)
        return;
    forget_old(now_ns);
    const auto room = static_cast<std::int64_t>(kCapacity - missing_.size());
    const std::int64_t skipped = std::max<std::int64_t>(hole.count - room, 0);
    for (std::int64_t i = skipped; i < hole.count; ++i) {
        // Asked for before anything had overtaken it; now there is evidence for more.
        if (Missing* asked = find(hole.first + i)) {
            asked->due_ns = asked->asked_ns + retry_ns();
            next_ns_ = std::min(next_ns_, asked->due_ns);
            continue;
        }
        Missing missing;
        missing.sequence = hole.first + i;
        missing.wire = static_cast<std::uint16_t>(hole.first_wire + i);
        missing.noticed_ns = now_ns;
        missing.pts_ns = hole.pts_ns + i * hole.spacing_ns;
        missing.spacing_ns = hole.spacing_ns;
        missing.bytes = hole.packet_bytes;
        missing.due_ns = first_due_ns(missing);
        next_ns_ = std::min(next_ns_, missing.due_ns);
        missing_.push_back(missing);
    }
    spacing_ns_ = hole.spacing_ns;
}

void RtxPlanner::note_newest(std::int64_t sequence, std::int64_t now_ns) {
    counted_packets_ = std::min(counted_packets_ + 1, kMostPackets);
    lost_share_ -= lost_share_ / static_cast<double>(counted_packets_);
    overtaken_share_ -= overtaken_share_ / static_cast<double>(counted_packets_);
    newest_ = sequence;
    next_packet_.reset();
    next_ns_ = kNever;
    if (missing_.empty())
        return;
    forget_old(now_ns);
    for (Missing& missing : missing_) {
        if (!missing.open)
            continue;
        if (missing.requests == 0)
            missing.due_ns = first_due_ns(missing);
        next_ns_ = std::min(next_ns_, missing.due_ns);
    }
}

void RtxPlanner::forget_old(std::int64_t now_ns) {
    const auto lost = std::erase_if(missing_, [&](const Missing& missing) {
        const std::int64_t since_ns = std::max(missing.asked_ns, missing.noticed_ns);
        return !missing.open && now_ns - since_ns > config_.stats_timeout_ns;
    });
    for (std::size_t i = 0; i < lost; ++i)
        count(lost_share_);
}

void RtxPlanner::note_arrival(std::int64_t sequence, bool is_rtx, bool in_time,
                              std::int64_t now_ns) {
    if (missing_.empty())
        return;
    Missing* found = find(sequence);
    if (found == nullptr)
        return;
    if (!is_rtx) {
        if (sequence < newest_) {
            overtaken_.add(now_ns - found->noticed_ns);
            count(overtaken_share_);
        }
        missing_.erase(missing_.begin() + (found - missing_.data()));
        return;
    }
    if (found->requests > 0)
        last_round_trip_ns_ = now_ns - found->first_asked_ns;
    if (found->requests == 1) {
        const std::int64_t rtt_ns = std::max<std::int64_t>(last_round_trip_ns_, 1);
        stats_.rtt_ns = stats_.rtt_ns == 0 ? rtt_ns : (7 * stats_.rtt_ns + rtt_ns) / 8;
        measured_at_ns_ = now_ns;
    }
    if (in_time && found->requests > 0)
        ++stats_.recovered;
    // Kept for a while: the packet itself may still come, and tell how late it was.
    found->open = false;
    found->requests = 0;
}

bool RtxPlanner::pay_for(const Missing& missing, std::int64_t now_ns) {
    if (config_.max_bits_per_second == 0)
        return true;
    const auto rate = static_cast<double>(config_.max_bits_per_second);
    const std::int64_t passed_ns = std::max<std::int64_t>(now_ns - budget_at_ns_, 0);
    budget_bits_ += rate * static_cast<double>(passed_ns) / 1e9;
    budget_bits_ = std::min(budget_bits_, rate); // one second's worth
    budget_at_ns_ = now_ns;
    const double price = 8.0 * missing.bytes;
    if (budget_bits_ < price)
        return false;
    budget_bits_ -= price;
    return true;
}

RtxRequest RtxPlanner::ask(Missing& missing, std::int64_t now_ns) {
    RtxRequest request;
    request.seqnum = missing.wire;
    request.retry = missing.requests;
    request.running_time_ns = missing.pts_ns;
    request.delay_ns = now_ns - missing.noticed_ns;
    request.frequency_ns = retry_ns();
    request.period_ns = std::max<std::int64_t>(last_useful_ns(missing) - missing.noticed_ns, 0);
    request.deadline_ns = missing.pts_ns + hold_ns_;
    request.packet_spacing_ns = missing.spacing_ns;
    request.avg_rtt_ns = stats_.rtt_ns;
    if (missing.requests == 0) {
        ++stats_.asked_packets;
        missing.first_asked_ns = now_ns;
    }
    ++stats_.requests;
    ++missing.requests;
    missing.asked_ns = now_ns;
    missing.due_ns = now_ns + request.frequency_ns;
    return request;
}

std::optional<RtxRequest> RtxPlanner::poll(std::int64_t now_ns) {
    std::optional<RtxRequest> request;
    if (next_packet_ && next_packet_->due_ns <= now_ns)
        suspect_next();
    next_ns_ = next_packet_ ? next_packet_->due_ns : kNever;
    for (Missing& missing : missing_) {
        if (!missing.open)
            continue;
        const std::int64_t last_ns = last_useful_ns(missing);
        const bool spent = config_.max_retries >= 0 && missing.requests > config_.max_retries;
        if (spent || now_ns > last_ns) {
            missing.open = false;
            continue;
        }
        if (missing.due_ns <= now_ns && !request) {
            if (pay_for(missing, now_ns)) {
                request = ask(missing, now_ns);
                if (missing.sequence > newest_)
                    missing.due_ns = kNever;
            } else {
                ++stats_.withheld;
                missing.open = false;
                continue;
            }
        }
        next_ns_ = std::min(next_ns_, missing.due_ns);
    }
    return request;
}

std::int64_t RtxPlanner::floor_ns(std::int64_t now_ns, std::int64_t otherwise_ns,
                                  std::int64_t most_ns) {
    if (!config_.enabled || stats_.rtt_ns == 0)
        return 0;
    // One spacing until the next packet shows the hole.
    const std::int64_t soonest_ns = spacing_ns_ + wait_ns() + stats_.rtt_ns;
    const std::int64_t room_ns = soonest_ns + stats_.rtt_ns / 4 + 2 * kRttSlackNs;
    const double cost_ns = static_cast<double>(room_ns - otherwise_ns);
    const double worth_ns = ReorderOptimizer::kNsPerShare * lost_share_;
    bool wanted = leaves_room_;
    if (soonest_ns >= most_ns)
        wanted = false;
    else if (cost_ns > 0) // else there is room anyway
        wanted = worth_ns > (leaves_room_ ? cost_ns / 2 : cost_ns);
    if (wanted != leaves_room_ && now_ns >= decided_at_ns_ + kDecisionNs) {
        leaves_room_ = wanted;
        decided_at_ns_ = now_ns;
    }
    return leaves_room_ ? room_ns : 0;
}

} // namespace tactus
