// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/jitter_buffer.h"

#include <algorithm>

namespace tactus {

namespace {

// Shares of the latency at which buffer mode stops and starts.
constexpr std::int64_t kLowPercent = 15;
constexpr std::int64_t kHighPercent = 90;

PlayoutDelayConfig playout_config(const JitterConfig& config) {
    PlayoutDelayConfig playout;
    playout.adapt_by = config.adapt_by;
    playout.quantile = config.target_quantile;
    playout.max_ns = config.latency_ns;
    playout.min_ns = config.floor_ns();
    playout.frames = config.video;
    return playout;
}

JitterAction make(JitterAction::Kind kind) {
    JitterAction action;
    action.kind = kind;
    return action;
}

JitterAction wait_until(std::int64_t until_ns) {
    JitterAction action;
    if (until_ns == JitterBuffer::kNever)
        return action;
    action.kind = JitterAction::Kind::wait;
    action.until_ns = until_ns;
    return action;
}

} // namespace

JitterBuffer::JitterBuffer(const JitterConfig& config)
    : config_(config), playout_(playout_config(config)), reported_ns_(latency_ns()),
      ts_offset_ns_(config.ts_offset_ns) {
    configure(config);
}

void JitterBuffer::configure(const JitterConfig& config) {
    config_ = config;
    playout_.configure(playout_config(config));
    timeline_.set_slaved(config.mode == JitterMode::slave);
    timeline_.set_pace(config.adapts() ? Timeline::Pace::quick : Timeline::Pace::steady);
    timeline_.set_largest_delay(config.latency_ns);
    timeline_.set_from_zero(config.from_zero());
    rtx_.configure(config.rtx);
    if (config.max_ts_offset_adjustment_ns == 0)
        ts_offset_ns_ = config.ts_offset_ns;
    limit_pace(0);
    update_buffering();
}

std::int64_t JitterBuffer::hold_ns() const {
    return config_.adapts() ? playout_.delay_ns() : config_.latency_ns;
}

std::int64_t JitterBuffer::latency_ns() const {
    if (!config_.adapts())
        return config_.latency_ns;
    return config_.adapt_by == AdaptBy::latency ? playout_.delay_ns() : config_.floor_ns();
}

std::int64_t JitterBuffer::deadline_ns(std::int64_t pts_ns) const {
    return pts_ns + ts_offset_ns_ + out_offset_ns_ + latency_ns();
}

// With one that asks for more than the delay can give, all are too late, and none has to wait.
bool JitterBuffer::offset_can_be_met() const {
    return ts_offset_ns_ + config_.latency_ns >= 0;
}

// The part of the delay that is in presentation times.
std::int64_t JitterBuffer::carried_ns() const {
    return config_.adapts() && config_.adapt_by == AdaptBy::timestamps
               ? playout_.delay_ns() - config_.floor_ns()
               : 0;
}

std::optional<std::int64_t> JitterBuffer::next_pts_ns() const {
    if (store_.empty())
        return std::nullopt;
    return store_.front().pts_ns + ts_offset_ns_;
}

void JitterBuffer::set_active(bool active, std::int64_t offset_ns) {
    if (active == active_)
        return;
    active_ = active;
    out_offset_ns_ = offset_ns;
    pace_ns_.reset();
    if (!active) { // whoever stops a buffer wants it full before it starts again
        buffering_ = true;
        update_buffering();
    }
}

void JitterBuffer::end_of_stream() {
    release_strays();
    eos_ = true;
    update_buffering();
}

void JitterBuffer::expect_seqnum(std::uint16_t seqnum) {
    if (gate_.has_newest())
        return;
    gate_.expect(seqnum);
    next_ = gate_.newest() + 1;
}

void JitterBuffer::pin_timeline(std::uint32_t timestamp, std::uint32_t clock_rate,
                                std::int64_t pts_ns) {
    timeline_.pin(timestamp, clock_rate, pts_ns);
}

void JitterBuffer::take_dropped(std::vector<Dropped>& out) {
    out.insert(out.end(), dropped_.begin(), dropped_.end());
    dropped_.clear();
}

void JitterBuffer::flush() {
    release_strays();
    counters_.flushed += store_.size();
    while (!store_.empty()) {
        const StoredPacket stored = store_.take_front();
        dropped_.push_back(
            {stored.packet.handle, stored.packet.seqnum, JitterDrop::flushed, stored.pts_ns});
    }
    gate_.reset();
    timeline_.start_over();
    spacing_.break_here();
    jitter_.break_here();
    rtx_.clear();
    playout_.break_here();
    seen_newest_ = -1;
    next_.reset();
    ssrc_.reset();
    first_pts_ns_.reset();
    has_out_ = eos_ = eos_told_ = npt_told_ = gap_told_ = next_discont_ = has_newest_ = false;
    release_ns_ = 0;
    stale_since_ns_.reset();
    percent_ = told_percent_ = 0;
    buffering_ = true;
}

void JitterBuffer::update_buffering() {
    if (config_.mode != JitterMode::buffer) {
        // Whoever was told that it fills waits for this.
        percent_ = told_percent_ > 0 ? 100 : 0;
        buffering_ = true;
        pace_ns_.reset();
        return;
    }
    const std::int64_t high_ns = config_.latency_ns * kHighPercent / 100;
    const std::int64_t level = level_ns();
    if (buffering_ && (level >= high_ns || eos_))
        buffering_ = false;
    else if (!buffering_ && !eos_ && level < config_.latency_ns * kLowPercent / 100)
        buffering_ = true;
    if (buffering_)
        pace_ns_.reset();
    percent_ = buffering_ && high_ns > 0
                   ? static_cast<int>(std::min<std::int64_t>(level * 100 / high_ns, 100))
                   : 100;
}

// From now on what is held stays as much. But nobody may get a packet too late for that, as long as
// something is held even so.
void JitterBuffer::begin_pace(std::int64_t now_ns) {
    pace_ns_ = now_ns - store_.front().pts_ns;
    limit_pace(now_ns - store_.back().pts_ns);
}

// `newest_ns`: how far the newest packet is behind its time.
void JitterBuffer::limit_pace(std::int64_t newest_ns) {
    const std::int64_t in_time_ns =
        ts_offset_ns_ + out_offset_ns_ + config_.latency_ns * kHighPercent / 100;
    if (pace_ns_ && in_time_ns >= newest_ns + config_.latency_ns * 2 * kLowPercent / 100)
        pace_ns_ = std::min(*pace_ns_, in_time_ns);
}

// When a packet may go out. At once, unless a buffer plays that is to stay full.
std::int64_t JitterBuffer::release_at_ns(const StoredPacket& front) const {
    const bool paced = pace_ns_ && !eos_ && level_ns() <= config_.latency_ns;
    return paced ? front.pts_ns + *pace_ns_ : -kNever;
}

std::int64_t JitterBuffer::next_request_ns() const {
    return eos_ ? kNever : rtx_.next_ns();
}

JitterAction JitterBuffer::poll(std::int64_t now_ns) {
    JitterAction action = poll_news(now_ns);
    if (action.kind != JitterAction::Kind::idle)
        return action;
    if (!active_ || (config_.mode == JitterMode::buffer && buffering_ && !eos_))
        return wait_until(next_request_ns());
    action = poll_packets(now_ns);
    if (action.kind != JitterAction::Kind::idle && action.kind != JitterAction::Kind::wait)
        return action;
    std::int64_t until_ns = next_request_ns();
    if (action.kind == JitterAction::Kind::wait)
        until_ns = std::min(until_ns, action.until_ns);
    if (npt_duration_ns_ && first_pts_ns_ && !npt_told_)
        until_ns = std::min(until_ns, deadline_ns(*first_pts_ns_ + *npt_duration_ns_));
    return wait_until(until_ns);
}

JitterAction JitterBuffer::poll_news(std::int64_t now_ns) {
    if (latency_ns() != reported_ns_) {
        reported_ns_ = latency_ns();
        JitterAction action = make(JitterAction::Kind::latency);
        action.latency_ns = reported_ns_;
        return action;
    }
    if (percent_ != told_percent_) {
        told_percent_ = percent_;
        JitterAction action = make(JitterAction::Kind::buffering);
        action.percent = percent_;
        return action;
    }
    if (now_ns >= next_request_ns()) {
        rtx_.set_hold(hold_ns());
        if (const auto request = rtx_.poll(now_ns)) {
            JitterAction action = make(JitterAction::Kind::request);
            action.request = *request;
            return action;
        }
    }
    if (npt_duration_ns_ && first_pts_ns_ && !npt_told_ &&
        now_ns >= deadline_ns(*first_pts_ns_ + *npt_duration_ns_)) {
        npt_told_ = true;
        return make(JitterAction::Kind::npt_stop);
    }
    return {};
}

JitterAction JitterBuffer::poll_empty(std::int64_t now_ns) {
    if (eos_) {
        if (eos_told_)
            return {};
        eos_told_ = true;
        return make(JitterAction::Kind::eos);
    }
    const std::int64_t frame_ns = spacing_.frame_ns();
    if (!config_.adapts() || !has_out_ || gap_told_ || frame_ns == 0)
        return {};
    // Upstream may hold packets, and nobody need have told us for how long: then all is over by
    // now.
    const std::int64_t unmet_ns = offset_can_be_met() ? 0 : ts_offset_ns_;
    const std::int64_t needed_ns = deadline_ns(out_pts_ns_ + frame_ns) - unmet_ns + held_back_ns_;
    if (now_ns < needed_ns)
        return wait_until(needed_ns);
    gap_told_ = true;
    ++counters_.gaps;
    JitterAction action = make(JitterAction::Kind::gap);
    action.pts_ns = out_pts_ns_ + frame_ns + ts_offset_ns_ + out_offset_ns_;
    action.duration_ns = frame_ns;
    return action;
}

bool JitterBuffer::may_start(std::int64_t now_ns, std::int64_t& until_ns) const {
    until_ns = deadline_ns(store_.front().pts_ns);
    if (eos_ || config_.mode == JitterMode::buffer || now_ns >= until_ns)
        return true;
    const unsigned wanted = config_.faststart_min_packets;
    if (wanted == 0 || store_.size() < wanted)
        return false;
    return store_.at(wanted - 1).sequence - store_.front().sequence ==
           static_cast<std::int64_t>(wanted) - 1;
}

// Without the offset that the application asks for: it says nothing about the network.
bool JitterBuffer::is_stale(std::int64_t pts_ns, std::int64_t came_ns) const {
    return gap_told_ && !config_.video && !eos_ &&
           came_ns > pts_ns + out_offset_ns_ + config_.latency_ns + spacing_.frame_ns();
}

// What comes too late out of a stall: a burst was held up by the network, and its stale packets go.
// A packet behind which no others crowd is the first after a pause of the sender, or of one that is
// slower than it says; then those behind it would be as late, and the time line is what is wrong.
// True if the packet in front has to wait for what it is.
bool JitterBuffer::settle_stale(std::int64_t now_ns, std::int64_t& until_ns) {
    std::size_t run = 0;
    while (!store_.empty()) {
        const StoredPacket& front = store_.front();
        // By its arrival, not by now: now is later by what upstream holds packets, as long as
        // nobody has told us its latency, and then each packet would be stale.
        if (!is_stale(front.pts_ns - carried_ns(), std::min(now_ns, front.packet.arrival_ns)))
            break;
        if (run == 0)
            run = run_length();
        const StoredPacket& back = store_.at(run - 1);
        const std::int64_t media_ns = back.pts_ns - front.pts_ns;
        const std::int64_t apart_ns = back.packet.arrival_ns - front.packet.arrival_ns;
        if (2 * apart_ns < media_ns) {
            drop_front(JitterDrop::stale, counters_.dropped_stale);
            --run;
            stale_since_ns_.reset();
            continue;
        }
        if (!stale_since_ns_)
            stale_since_ns_ = now_ns;
        until_ns = *stale_since_ns_ + kBurstNs;
        if (media_ns == 0 && now_ns < until_ns)
            return true;
        move_timeline(now_ns);
        break;
    }
    stale_since_ns_.reset();
    return false;
}

// Another source, or one that began anew, counts its own ticks.
bool JitterBuffer::starts_run(std::size_t rank) const {
    const StoredPacket& stored = store_.at(rank);
    return stored.discont || stored.packet.ssrc != store_.at(rank - 1).packet.ssrc;
}

// How many packets from the front on count the same ticks; others say nothing about it.
std::size_t JitterBuffer::run_length() const {
    std::size_t length = 1;
    while (length < store_.size() && !starts_run(length))
        ++length;
    return length;
}

// The front is in time again, and all behind it is placed anew.
void JitterBuffer::move_timeline(std::int64_t now_ns) {
    if (timeline_.is_pinned())
        return;
    timeline_.restart();
    jitter_.break_here();
    spacing_.break_here();
    const std::int64_t before_ns = store_.front().pts_ns;
    const std::int64_t waited_ns = now_ns - *stale_since_ns_ + kTellNs - hold_ns();
    const std::int64_t extra_ns = std::max<std::int64_t>(waited_ns, 0);
    for (std::size_t i = 0; i < store_.size(); ++i) {
        StoredPacket& stored = store_.at(i);
        const JitterPacket& packet = stored.packet;
        if (i > 0 && starts_run(i))
            timeline_.restart();
        const Timeline::Placed placed =
            timeline_.place(packet.timestamp, packet.clock_rate, packet.arrival_ns + extra_ns);
        stored.ticks = placed.ticks;
        stored.pts_ns = placed.pts_ns + carried_ns();
        stored.discont |= placed.resynced;
    }
    counters_.concealed_ns += store_.front().pts_ns - before_ns;
}

std::int64_t JitterBuffer::hole_spacing_ns(const StoredPacket& front) const {
    const std::int64_t usual_ns = spacing_.packet_ns();
    if (!has_out_)
        return usual_ns;
    const std::int64_t between_ns =
        (front.pts_ns - out_pts_ns_) / std::max<std::int64_t>(front.sequence - out_sequence_, 1);
    return std::clamp<std::int64_t>(between_ns, 0, usual_ns);
}

JitterAction JitterBuffer::poll_packets(std::int64_t now_ns) {
    if (store_.empty())
        return poll_empty(now_ns);
    std::int64_t until_ns = 0;
    if (!next_) {
        if (!may_start(now_ns, until_ns))
            return wait_until(until_ns);
        next_ = store_.front().sequence;
    }
    if (now_ns < release_ns_ && !eos_)
        return wait_until(release_ns_);
    if (settle_stale(now_ns, until_ns))
        return wait_until(until_ns);
    if (store_.empty())
        return poll_empty(now_ns);
    if (config_.mode == JitterMode::buffer && !pace_ns_)
        begin_pace(now_ns);
    const StoredPacket& front = store_.front();
    const std::int64_t missing = front.sequence - *next_;
    const std::int64_t release_ns = release_at_ns(front);
    if (missing <= 0)
        return now_ns < release_ns ? wait_until(release_ns) : push_front();
    const std::int64_t spacing_ns = hole_spacing_ns(front);
    if (eos_)
        return lose(missing, spacing_ns, now_ns);
    // The time of a missing packet is counted back from the one behind the hole: silence that lies
    // before it must not be waited for again.
    const std::int64_t behind_ns = std::max(deadline_ns(front.pts_ns), release_ns);
    const std::int64_t first_ns = behind_ns - missing * spacing_ns;
    if (now_ns < first_ns)
        return wait_until(first_ns);
    std::int64_t over = missing;
    if (spacing_ns > 0)
        over = std::min((now_ns - first_ns) / spacing_ns + 1, missing);
    return lose(over, spacing_ns, now_ns);
}

JitterAction JitterBuffer::lose(std::int64_t count, std::int64_t spacing_ns, std::int64_t now_ns) {
    const StoredPacket& front = store_.front();
    const std::int64_t missing = front.sequence - *next_;
    JitterAction action = make(JitterAction::Kind::lost);
    action.seqnum = static_cast<std::uint16_t>(front.packet.seqnum - missing);
    action.count = count;
    action.stored.packet.tag = front.packet.tag;
    const std::int64_t pts_ns = front.pts_ns - missing * spacing_ns;
    action.pts_ns = pts_ns + ts_offset_ns_ + out_offset_ns_;
    action.duration_ns = count * spacing_ns;
    action.late_lost = now_ns > deadline_ns(pts_ns) + spacing_ns;
    *next_ += count;
    out_sequence_ = *next_ - 1;
    out_pts_ns_ = pts_ns + (count - 1) * spacing_ns;
    has_out_ = true;
    counters_.lost += static_cast<std::uint64_t>(count);
    counters_.concealed_ns += action.duration_ns;
    voip_.lost(static_cast<std::uint64_t>(count));
    return action;
}

void JitterBuffer::apply_ts_offset(std::int64_t ticks) {
    const std::int64_t before_ns = ts_offset_ns_;
    const std::int64_t most_ns = config_.max_ts_offset_adjustment_ns;
    if (most_ns == 0)
        ts_offset_ns_ = config_.ts_offset_ns;
    else if (!has_out_ || ticks != out_ticks_)
        ts_offset_ns_ += std::clamp(config_.ts_offset_ns - ts_offset_ns_, -most_ns, most_ns);
    if (ts_offset_ns_ != before_ns)
        limit_pace(0);
}

JitterAction JitterBuffer::push_front() {
    JitterAction action = make(JitterAction::Kind::push);
    action.stored = store_.take_front();
    apply_ts_offset(action.stored.ticks);
    out_sequence_ = action.stored.sequence;
    out_ticks_ = action.stored.ticks;
    out_pts_ns_ = action.stored.pts_ns;
    has_out_ = true;
    next_ = out_sequence_ + 1;
    if (!first_pts_ns_)
        first_pts_ns_ = out_pts_ns_;
    gap_told_ = false;
    action.stored.pts_ns += ts_offset_ns_ + out_offset_ns_;
    ++counters_.pushed;
    voip_.received();
    update_buffering();
    return action;
}

JitterStats JitterBuffer::stats() const {
    JitterStats stats = counters_;
    stats.resyncs = timeline_.resyncs();
    stats.underruns = playout_.underruns();
    stats.concealed_ns += playout_.grown_ns();
    stats.jitter_ns = jitter_.jitter_ns();
    stats.current_delay_ns = hold_ns();
    stats.target_delay_ns = config_.adapts() ? playout_.target_ns() : config_.latency_ns;
    stats.maximum_delay_ns = config_.adapts() ? maximum_delay_ns_ : config_.latency_ns;
    stats.absolute_max_delay_ns = config_.latency_ns;
    stats.relative_delay_p50_ns = playout_.relative_quantile_ns(0.5);
    stats.relative_delay_p95_ns = playout_.relative_quantile_ns(0.95);
    stats.relative_delay_p99_ns = playout_.relative_quantile_ns(0.99);
    stats.skew_ppm = timeline_.skew_ppm();
    stats.overtaken_share = playout_.reorder().share();
    stats.voip = voip_.snapshot(spacing_.frame_ns());
    stats.rtx = rtx_.stats();
    stats.held_packets = store_.size() + suspect_count_;
    stats.held_bytes = store_.bytes();
    for (std::size_t i = 0; i < suspect_count_; ++i)
        stats.held_bytes += suspects_[i].bytes;
    return stats;
}

} // namespace tactus
