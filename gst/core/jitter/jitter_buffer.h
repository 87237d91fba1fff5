// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/interarrival_jitter.h"
#include "core/jitter/jitter_action.h"
#include "core/jitter/jitter_config.h"
#include "core/jitter/jitter_packet.h"
#include "core/jitter/jitter_stats.h"
#include "core/jitter/packet_spacing.h"
#include "core/jitter/packet_store.h"
#include "core/jitter/playout_delay.h"
#include "core/jitter/rtx_planner.h"
#include "core/jitter/sequence_gate.h"
#include "core/jitter/timeline.h"
#include "core/jitter/voip_metrics.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace tactus {

/// An RTP jitter buffer without a clock: puts packets in, says what to do next.
///
///     insert(packet, now);
///     while (a = poll(now), a.kind is neither idle nor wait) do a;
///     sleep until a.until_ns, or until the next insert
///
/// A packet whose predecessor is out goes out at once; the sink waits for its presentation time
/// plus latency. What is held: packets behind a hole, until the missing ones come or their time is
/// over; the first packet of a stream for the whole delay, since one before it may still come; the
/// packet of an underrun until the raised latency has been told; one that comes out of a stall too
/// late for the ceiling, for kBurstNs: if others come right behind it, it is stale; if not, the
/// time line is wrong and moves to it. All deadlines are presentation times plus delay, never sums
/// of intervals.
///
/// Handles: an accepted one comes back exactly once, in a push or from take_dropped; a refused one
/// stays the caller's. Call take_dropped after each call, outside of any lock, or memory grows.
///
/// Threads: one at a time; the owner locks. Times are running times in ns, and must not go back. A
/// packet costs constant time, however large a hole lies before it.
class JitterBuffer {
  public:
    static constexpr std::int64_t kNever = RtxPlanner::kNever;
    static constexpr std::int64_t kBurstNs = 10'000'000;
    /// What a raised latency may take to reach the sinks.
    static constexpr std::int64_t kTellNs = DelayHistogram::kBucketNs;

    struct InsertResult {
        bool accepted = false;
        JitterDrop reason = JitterDrop::late; ///< when it was not accepted
    };
    struct Dropped {
        void* handle = nullptr;
        std::uint16_t seqnum = 0;
        JitterDrop reason = JitterDrop::late;
        std::int64_t pts_ns = 0;
    };

    explicit JitterBuffer(const JitterConfig& config);

    /// New properties; may be called at any time.
    void configure(const JitterConfig& config);
    const JitterConfig& config() const { return config_; }

    InsertResult insert(const JitterPacket& given, std::int64_t now_ns);
    JitterAction poll(std::int64_t now_ns);

    /// Appends what has been dropped since the last call.
    void take_dropped(std::vector<Dropped>& out);

    /// What is held goes out in order, without waiting for what is missing; then comes eos.
    void end_of_stream();
    /// Drops all and begins anew; time may, too. What was learned about the network stays.
    void flush();
    /// While inactive nothing goes out, and a buffer that has been stopped fills up first. When
    /// that changes, `offset_ns` is added to presentation times from now on.
    void set_active(bool active, std::int64_t offset_ns);
    bool is_active() const { return active_; }
    /// The first sequence number (caps field seqnum-base): its packet need not wait.
    void expect_seqnum(std::uint16_t seqnum);
    /// The range ends that long after the first packet (caps npt-start and npt-stop).
    void set_npt_stop(std::optional<std::int64_t> duration_ns) { npt_duration_ns_ = duration_ns; }
    /// See Timeline::pin.
    void pin_timeline(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t pts_ns);
    void unpin_timeline() { timeline_.unpin(); }

    /// The latency to report now.
    std::int64_t latency_ns() const;
    /// Buffer mode: how full, 0 to 100; 100 while playing.
    int percent() const { return percent_; }
    /// Presentation time of the first packet that is held, without set_active's offset.
    std::optional<std::int64_t> next_pts_ns() const;
    /// Media time from the oldest to the newest packet that is held.
    std::int64_t level_ns() const;
    JitterStats stats() const;

  private:
    // Into the buffer: jitter_buffer_insert.cpp
    InsertResult admit(const JitterPacket& packet, std::int64_t sequence, bool discont,
                       std::int64_t now_ns);
    InsertResult keep_suspect(const JitterPacket& packet);
    InsertResult restart_with(const JitterPacket& packet, std::int64_t now_ns);
    InsertResult refuse_passed(std::int64_t sequence);
    InsertResult refuse(JitterDrop reason, std::uint64_t& counter);
    void release_strays();
    void observe(const JitterPacket& packet, StoredPacket& stored, bool newest);
    void adapt(const JitterPacket& packet, const Timeline::Placed& placed, bool overtaken,
               bool spurt_start, std::int64_t pts_ns);
    void note_hole(const StoredPacket& stored, std::int64_t before, std::int64_t now_ns);
    void expect_next(const StoredPacket& stored);
    void align_with_frame(StoredPacket& stored) const;
    void learn_limits();
    bool over_memory_limits() const;
    void enforce_limits();
    void drop_front(JitterDrop reason, std::uint64_t& counter);
    void mark_seen(std::int64_t sequence);
    bool was_seen(std::int64_t sequence) const;

    // Out of it: jitter_buffer.cpp
    std::int64_t hold_ns() const;
    std::int64_t carried_ns() const;
    std::int64_t next_request_ns() const;
    std::int64_t deadline_ns(std::int64_t pts_ns) const;
    bool offset_can_be_met() const;
    bool is_stale(std::int64_t pts_ns, std::int64_t came_ns) const;
    std::int64_t hole_spacing_ns(const StoredPacket& front) const;
    bool may_start(std::int64_t now_ns, std::int64_t& until_ns) const;
    bool settle_stale(std::int64_t now_ns, std::int64_t& until_ns);
    void move_timeline(std::int64_t now_ns);
    bool starts_run(std::size_t rank) const;
    std::size_t run_length() const;
    void update_buffering();
    void begin_pace(std::int64_t now_ns);
    void limit_pace(std::int64_t newest_ns);
    std::int64_t release_at_ns(const StoredPacket& front) const;
    void apply_ts_offset(std::int64_t ticks);
    JitterAction poll_news(std::int64_t now_ns);
    JitterAction poll_packets(std::int64_t now_ns);
    JitterAction poll_empty(std::int64_t now_ns);
    JitterAction push_front();
    JitterAction lose(std::int64_t count, std::int64_t spacing_ns, std::int64_t now_ns);

    JitterConfig config_;
    SequenceGate gate_;
    Timeline timeline_;
    PacketSpacing spacing_;
    PlayoutDelay playout_;
    InterarrivalJitter jitter_;
    RtxPlanner rtx_;
    PacketStore store_;
    VoipMetrics voip_;
    JitterStats counters_;
    std::vector<Dropped> dropped_;

    std::array<JitterPacket, SequenceGate::kProbation> suspects_{};
    std::size_t suspect_count_ = 0;

    // Which of the last numbers have come: tells a duplicate from a late packet.
    static constexpr std::int64_t kSeenBits = 512;
    std::array<std::uint64_t, kSeenBits / 64> seen_{};
    std::int64_t seen_newest_ = -1;

    std::optional<std::int64_t> next_; ///< extended number that goes out next
    std::optional<std::uint32_t> ssrc_;
    bool has_out_ = false; ///< something has gone out since the start
    std::int64_t out_pts_ns_ = 0;
    std::int64_t out_sequence_ = 0;
    std::int64_t out_ticks_ = 0;
    std::int64_t newest_ticks_ = 0;
    std::int64_t newest_before_ = 0; ///< the newest number before the packet being put in
    bool has_newest_ = false;
    std::int64_t silences_until_ns_ = 0; ///< arrivals before may be followed by silence
    std::int64_t held_back_ns_ =
        0;                        ///< how long the newest packet has been on its way since it came
    std::int64_t release_ns_ = 0; ///< nothing goes out before: a raised latency is being told
    std::optional<std::int64_t> stale_since_ns_; ///< a packet waits for whether others follow it
    std::int64_t reported_ns_ = 0;
    std::int64_t ts_offset_ns_ = 0; ///< the one in use
    std::int64_t out_offset_ns_ = 0;
    std::int64_t maximum_delay_ns_ = 0;
    std::optional<std::int64_t> npt_duration_ns_;
    std::optional<std::int64_t> first_pts_ns_;
    int percent_ = 0;
    int told_percent_ = 0;
    bool buffering_ = true;
    /// Buffer mode, while it plays: when a packet goes out, minus its presentation time.
    std::optional<std::int64_t> pace_ns_;
    bool active_ = true;
    bool eos_ = false;
    bool eos_told_ = false;
    bool npt_told_ = false;
    bool gap_told_ = false;
    bool next_discont_ = false;
};

} // namespace tactus
