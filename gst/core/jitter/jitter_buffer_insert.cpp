// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What happens when a packet comes.
#include "core/jitter/jitter_buffer.h"

#include <algorithm>

namespace tactus {

namespace {

constexpr std::int64_t kLeastDropout = 30; ///< packets
constexpr std::int64_t kLeastMisorder = 10;
// Further from now an arrival time is a mistake, and could overflow sums.
constexpr std::int64_t kSaneArrivalNs = std::int64_t{86'400} * 1'000'000'000;
// A sender that was silent may be so again, and one that has just begun is not known to be steady:
// a packet that does not come is then none.
constexpr std::int64_t kSilencesNs = 60'000'000'000;
constexpr std::int64_t kSteadyNs = 1'000'000'000;

} // namespace

JitterBuffer::InsertResult JitterBuffer::insert(const JitterPacket& given, std::int64_t now_ns) {
    JitterPacket packet = given;
    packet.arrival_ns =
        std::clamp(given.arrival_ns, now_ns - kSaneArrivalNs, now_ns + kSaneArrivalNs);
    if (packet.clock_rate == 0)
        return refuse(JitterDrop::no_clock_rate, counters_.refused);
    if (eos_)
        return refuse(JitterDrop::after_eos, counters_.refused);
    if (ssrc_ && *ssrc_ != packet.ssrc) {
        release_strays();
        ++counters_.restarts;
        gate_.restart_at(packet.seqnum);
        timeline_.restart();
        next_discont_ = true;
    }
    ssrc_ = packet.ssrc;
    has_newest_ = gate_.has_newest();
    newest_before_ = gate_.newest();
    const SequenceGate::Result gate = gate_.judge(packet.seqnum);
    if (gate.strays)
        release_strays();
    if (gate.verdict == SequenceGate::Verdict::suspect)
        return keep_suspect(packet);
    if (gate.verdict == SequenceGate::Verdict::restart)
        return restart_with(packet, now_ns);
    return admit(packet, gate.extended, next_discont_, now_ns);
}

JitterBuffer::InsertResult JitterBuffer::refuse(JitterDrop reason, std::uint64_t& counter) {
    ++counter;
    return {false, reason};
}

JitterBuffer::InsertResult JitterBuffer::keep_suspect(const JitterPacket& packet) {
    suspects_[suspect_count_++] = packet;
    return {true, JitterDrop::stray};
}

void JitterBuffer::release_strays() {
    for (std::size_t i = 0; i < suspect_count_; ++i)
        dropped_.push_back({suspects_[i].handle, suspects_[i].seqnum, JitterDrop::stray, 0});
    counters_.strays += suspect_count_;
    suspect_count_ = 0;
}

JitterBuffer::InsertResult JitterBuffer::restart_with(const JitterPacket& packet,
                                                      std::int64_t now_ns) {
    ++counters_.restarts;
    timeline_.doubt();
    const std::size_t count = suspect_count_;
    suspect_count_ = 0;
    const auto held = suspects_;
    for (std::size_t i = 0; i < count; ++i) {
        newest_before_ = gate_.newest();
        const SequenceGate::Result gate = gate_.judge(held[i].seqnum);
        const InsertResult result = admit(held[i], gate.extended, i == 0, now_ns);
        if (!result.accepted)
            dropped_.push_back({held[i].handle, held[i].seqnum, result.reason, 0});
    }
    newest_before_ = gate_.newest();
    return admit(packet, gate_.judge(packet.seqnum).extended, count == 0, now_ns);
}

void JitterBuffer::mark_seen(std::int64_t sequence) {
    if (sequence > seen_newest_) {
        if (sequence - seen_newest_ >= kSeenBits)
            seen_.fill(0);
        else
            for (std::int64_t s = seen_newest_ + 1; s <= sequence; ++s)
                seen_[static_cast<std::size_t>(s % kSeenBits) / 64] &=
                    ~(std::uint64_t{1} << (s % kSeenBits % 64));
        seen_newest_ = sequence;
    }
    if (sequence > seen_newest_ - kSeenBits)
        seen_[static_cast<std::size_t>(sequence % kSeenBits) / 64] |=
            std::uint64_t{1} << (sequence % kSeenBits % 64);
}

bool JitterBuffer::was_seen(std::int64_t sequence) const {
    return sequence <= seen_newest_ && sequence > seen_newest_ - kSeenBits &&
           (seen_[static_cast<std::size_t>(sequence % kSeenBits) / 64] >>
                (sequence % kSeenBits % 64) &
            1) != 0;
}

JitterBuffer::InsertResult JitterBuffer::refuse_passed(std::int64_t sequence) {
    if (was_seen(sequence))
        return refuse(JitterDrop::duplicate, counters_.duplicates);
    mark_seen(sequence);
    voip_.late_after_loss();
    return refuse(JitterDrop::late, counters_.late);
}

JitterBuffer::InsertResult JitterBuffer::admit(const JitterPacket& packet, std::int64_t sequence,
                                               bool discont, std::int64_t now_ns) {
    const bool newest = !has_newest_ || sequence > newest_before_;
    if (newest && !packet.is_rtx)
        held_back_ns_ = std::max<std::int64_t>(now_ns - packet.arrival_ns, 0);
    const bool passed = next_ && sequence < *next_;
    rtx_.note_arrival(sequence, packet.is_rtx, !passed, now_ns);
    if (was_seen(sequence))
        return refuse(JitterDrop::duplicate, counters_.duplicates);
    StoredPacket stored;
    stored.packet = packet;
    stored.sequence = sequence;
    stored.discont = discont;
    observe(packet, stored, newest);
    if (passed)
        return refuse_passed(sequence);
    align_with_frame(stored);
    // A packet that is held may be too old to be among those seen.
    if (!store_.insert(stored))
        return refuse(JitterDrop::duplicate, counters_.duplicates);
    next_discont_ = false;
    mark_seen(sequence);
    if (newest) {
        rtx_.set_hold(hold_ns());
        if (has_newest_ && sequence > newest_before_ + 1)
            note_hole(stored, newest_before_, now_ns);
        rtx_.note_newest(sequence, now_ns);
        const bool may_pause = packet.arrival_ns < silences_until_ns_;
        if (config_.rtx.expect_next && !config_.adapts() && !may_pause)
            expect_next(stored);
    }
    has_newest_ = true;
    enforce_limits();
    return {true, JitterDrop::late};
}

void JitterBuffer::align_with_frame(StoredPacket& stored) const {
    if (stored.discont) // by another count of ticks
        return;
    // The time line moves while the packets of a frame come in, but a frame has one time.
    const std::size_t rank = store_.rank_of(stored.sequence);
    if (rank > 0 && store_.at(rank - 1).ticks == stored.ticks)
        stored.pts_ns = store_.at(rank - 1).pts_ns;
    else if (rank < store_.size() && store_.at(rank).ticks == stored.ticks)
        stored.pts_ns = store_.at(rank).pts_ns;
    else if (rank == 0 && has_out_ && out_ticks_ == stored.ticks && out_sequence_ < stored.sequence)
        stored.pts_ns = out_pts_ns_;
}

void JitterBuffer::observe(const JitterPacket& packet, StoredPacket& stored, bool newest) {
    const Timeline::Placed placed =
        packet.is_rtx
            ? timeline_.place(packet.timestamp, packet.clock_rate, packet.arrival_ns)
            : timeline_.observe(packet.timestamp, packet.clock_rate, packet.arrival_ns, newest);
    stored.ticks = placed.ticks;
    stored.pts_ns = placed.pts_ns;
    stored.discont |= placed.resynced;
    if (placed.resynced) {
        jitter_.break_here();
        spacing_.break_here();
    }
    if (packet.is_rtx) {
        stored.pts_ns += carried_ns();
        return;
    }
    bool spurt_start = false;
    if (newest) {
        spurt_start =
            spacing_.observe(stored.sequence, placed.media_ns, packet.marker && !config_.video);
        learn_limits();
        if (!has_newest_)
            silences_until_ns_ = packet.arrival_ns + kSteadyNs;
        if (spurt_start)
            silences_until_ns_ = packet.arrival_ns + kSilencesNs;
    }
    jitter_.observe(placed.transit_ns);
    // What is stale is thrown away, or tells of another time line: neither is for the delay to
    // follow.
    if (config_.adapts() && !(newest && is_stale(placed.pts_ns, packet.arrival_ns)))
        adapt(packet, placed, !newest, spurt_start, placed.pts_ns);
    stored.pts_ns += carried_ns();
}

void JitterBuffer::adapt(const JitterPacket& packet, const Timeline::Placed& placed, bool overtaken,
                         bool spurt_start, std::int64_t pts_ns) {
    PlayoutDelay::Sample sample;
    sample.arrival_ns = packet.arrival_ns;
    sample.media_ns = placed.media_ns;
    sample.transit_ns = placed.transit_ns;
    sample.reference_ns = timeline_.reference_ns();
    sample.offset_ns = pts_ns - placed.media_ns + ts_offset_ns_;
    sample.bytes = packet.bytes;
    sample.overtaken = overtaken;
    sample.spurt_start = spurt_start;
    const std::uint64_t underruns = playout_.underruns();
    playout_.set_floor(rtx_.floor_ns(packet.arrival_ns, playout_.target_ns(), config_.latency_ns));
    playout_.observe(sample);
    maximum_delay_ns_ = std::max(maximum_delay_ns_, playout_.delay_ns());
    if (playout_.underruns() != underruns && config_.adapt_by == AdaptBy::latency)
        release_ns_ = std::min(deadline_ns(pts_ns), packet.arrival_ns + kTellNs);
}

void JitterBuffer::note_hole(const StoredPacket& stored, std::int64_t before, std::int64_t now_ns) {
    RtxPlanner::Hole hole;
    hole.first = before + 1;
    hole.count = stored.sequence - hole.first;
    hole.first_wire = static_cast<std::uint16_t>(stored.packet.seqnum - hole.count);
    hole.spacing_ns = spacing_.packet_ns();
    hole.pts_ns = stored.pts_ns - hole.count * hole.spacing_ns;
    hole.packet_bytes = stored.packet.bytes;
    rtx_.note_hole(hole, now_ns);
}

// The packets of a frame come at once, so that only the next frame can be overdue.
void JitterBuffer::expect_next(const StoredPacket& stored) {
    const std::int64_t spacing_ns = spacing_.frame_ns();
    RtxPlanner::Hole next;
    next.first = stored.sequence + 1;
    next.count = 1;
    next.first_wire = static_cast<std::uint16_t>(stored.packet.seqnum + 1);
    next.spacing_ns = spacing_ns;
    next.pts_ns = stored.pts_ns + spacing_ns;
    next.packet_bytes = stored.packet.bytes;
    rtx_.expect(next, stored.packet.arrival_ns + spacing_ns);
}

void JitterBuffer::learn_limits() {
    const std::int64_t spacing_ns = spacing_.packet_ns();
    if (spacing_ns > 0)
        gate_.set_limits(std::max(config_.max_dropout_ns / spacing_ns, kLeastDropout),
                         std::max(config_.max_misorder_ns / spacing_ns, kLeastMisorder));
}

std::int64_t JitterBuffer::level_ns() const {
    return store_.empty() ? 0 : store_.back().pts_ns - store_.front().pts_ns;
}

bool JitterBuffer::over_memory_limits() const {
    return (config_.max_packets > 0 && store_.size() > config_.max_packets) ||
           (config_.max_bytes > 0 && store_.bytes() > config_.max_bytes);
}

void JitterBuffer::enforce_limits() {
    while (store_.size() > 1 && over_memory_limits())
        drop_front(JitterDrop::memory, counters_.dropped_memory);
    while (config_.drop_on_latency && store_.size() > 1 && level_ns() > config_.latency_ns)
        drop_front(JitterDrop::latency, counters_.dropped_latency);
    update_buffering();
}

void JitterBuffer::drop_front(JitterDrop reason, std::uint64_t& counter) {
    const StoredPacket stored = store_.take_front();
    ++counter;
    voip_.discarded();
    // Before the start the next packet may still wait for one that was sent before it.
    if (next_) {
        const std::int64_t missing = std::max<std::int64_t>(stored.sequence - *next_, 0);
        counters_.lost += static_cast<std::uint64_t>(missing);
        voip_.lost(static_cast<std::uint64_t>(missing));
        next_ = stored.sequence + 1;
        out_sequence_ = stored.sequence;
        out_pts_ns_ = stored.pts_ns;
        out_ticks_ = stored.ticks;
        has_out_ = true;
    }
    dropped_.push_back({stored.packet.handle, stored.packet.seqnum, reason, stored.pts_ns});
}

} // namespace tactus
