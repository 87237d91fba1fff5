// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/delay_histogram.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace tactus {

/// The rtx-* properties; a negative time means automatic.
struct RtxConfig {
    bool enabled = false;
    std::int64_t delay_ns = -1;
    std::int64_t min_delay_ns = 0;
    int delay_reorder = 3; ///< packets that must have overtaken; 0 or less: time alone counts
    std::int64_t retry_timeout_ns = -1;
    std::int64_t min_retry_timeout_ns = -1;
    std::int64_t retry_period_ns = -1;
    bool expect_next = false; ///< also ask for a next packet that is overdue
    int max_retries = -1;
    std::int64_t deadline_ns = -1;
    std::int64_t stats_timeout_ns = 1'000'000'000;
    std::uint64_t max_bits_per_second = 0; ///< of what is asked for; 0: no limit
};

/// What a GstRTPRetransmissionRequest says. Times in ns.
struct RtxRequest {
    std::uint16_t seqnum = 0;
    int retry = 0;
    std::int64_t running_time_ns = 0; ///< presentation time that the packet would have
    std::int64_t delay_ns = 0;        ///< since it was missed
    std::int64_t frequency_ns = 0;    ///< until the next request for it
    std::int64_t period_ns = 0;       ///< during which it is asked for
    std::int64_t deadline_ns = 0;     ///< running time after which it is of no use
    std::int64_t packet_spacing_ns = 0;
    std::int64_t avg_rtt_ns = 0;
};

struct RtxStats {
    std::uint64_t requests = 0;
    std::uint64_t recovered = 0; ///< came in time, as a retransmission
    std::uint64_t asked_packets = 0;
    std::uint64_t withheld = 0; ///< requests that the bit rate did not allow
    std::int64_t rtt_ns = 0;    ///< 0 until measured
};

/// Decides which missing packets to ask for, and when.
///
/// A request goes out when enough packets have overtaken the missing one and as much time has
/// passed as overtaken packets of this stream usually take (the 99 % quantile of what was seen). If
/// that is too late for a reply to come in time, it goes out at the last moment that is not, but
/// only in a stream of which few such packets come by themselves (kNeedlessPerLoss). There is no
/// request without evidence: a packet that nothing has overtaken is not missing. The round trip is
/// measured on packets that were asked for once (P. Karn, C. Partridge, SIGCOMM 1987); a retry
/// waits for it to pass. After an answer to several requests the next retry waits as long as that
/// answer took at most, so that a long round trip is measured, too (their back-off). One that is
/// older than kTrustedNs is measured again, whether the answer comes in time or not.
///
/// A delay that adapts is asked to leave room for replies (floor_ns) where that is worth it: a lost
/// packet costs what it does in ReorderOptimizer. It must cost half as much as the room, or less,
/// before the room is given up again, and a decision holds for kDecisionNs.
///
/// Threads: one. Holds at most kCapacity missing packets; of a larger hole the newest are asked
/// for.
class RtxPlanner {
  public:
    static constexpr std::size_t kCapacity = 256;
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t kTrustedNs = 60'000'000'000;
    static constexpr std::int64_t kDecisionNs = 20'000'000'000;
    static constexpr double kNeedlessPerLoss = 0.5;

    /// A hole: `count` packets before one that has come.
    struct Hole {
        std::int64_t first = 0;
        std::int64_t count = 0;
        std::uint16_t first_wire = 0; ///< sequence number of the first as sent
        std::int64_t pts_ns = 0;      ///< presentation time of the first
        std::int64_t spacing_ns = 0;
        std::uint32_t packet_bytes = 0; ///< typical
    };

    void configure(const RtxConfig& config) { config_ = config; }

    /// From presentation time to deadline.
    void set_hold(std::int64_t hold_ns) { hold_ns_ = hold_ns; }

    void note_hole(const Hole& hole, std::int64_t now_ns);
    /// The packet that follows the newest one (a hole of one packet), and when it should be there.
    void expect(const Hole& next, std::int64_t expected_ns);
    /// The newest packet that has come.
    void note_newest(std::int64_t sequence, std::int64_t now_ns);
    /// Any packet that comes, also twice. `in_time`: its place has not been passed.
    void note_arrival(std::int64_t sequence, bool is_rtx, bool in_time, std::int64_t now_ns);

    /// The next request that is due, with its wire sequence number.
    std::optional<RtxRequest> poll(std::int64_t now_ns);

    /// When poll has something to do again, as far as is known; kNever for nothing.
    std::int64_t next_ns() const { return next_ns_; }

    /// How long packets should be held so that retransmissions come in time; 0 if that is not worth
    /// while. Without them they would be held for `otherwise_ns`; `most_ns` is the ceiling.
    std::int64_t floor_ns(std::int64_t now_ns, std::int64_t otherwise_ns, std::int64_t most_ns);

    /// Of the last few thousand packets.
    double overtaken_share() const { return overtaken_share_; }

    const RtxStats& stats() const { return stats_; }
    /// Nothing is missing any more; time may start anew. The round trip stays known.
    void clear();

  private:
    struct Missing {
        std::int64_t sequence = 0;
        std::int64_t noticed_ns = 0;
        std::int64_t pts_ns = 0;
        std::int64_t spacing_ns = 0;
        std::int64_t due_ns = kNever;
        std::int64_t asked_ns = 0;
        std::int64_t first_asked_ns = 0;
        std::uint32_t bytes = 0;
        std::uint16_t wire = 0;
        int requests = 0;
        bool open = true; ///< still worth a request
    };

    // Over how many packets shares are taken: that many, and fewer at first.
    static constexpr std::int64_t kMostPackets = 6000;
    static constexpr std::int64_t kFewestPackets = 1000;

    Missing* find(std::int64_t sequence);
    void suspect_next();
    std::int64_t first_due_ns(const Missing& missing) const;
    std::int64_t wait_ns() const;
    bool few_come_after(std::int64_t wait_ns) const;
    void count(double& share);
    std::int64_t retry_ns() const;
    std::int64_t last_useful_ns(const Missing& missing) const;
    bool pay_for(const Missing& missing, std::int64_t now_ns);
    RtxRequest ask(Missing& missing, std::int64_t now_ns);
    void forget_old(std::int64_t now_ns);

    RtxConfig config_;
    RtxStats stats_;
    std::vector<Missing> missing_;
    std::optional<Missing> next_packet_; ///< expected; due_ns: when it is asked for
    DelayHistogram overtaken_{0.98}; ///< how long packets stayed away that then came by themselves
    std::int64_t hold_ns_ = 0;
    std::int64_t newest_ = 0;
    std::int64_t next_ns_ = kNever;
    std::int64_t measured_at_ns_ = 0; ///< the round trip
    double lost_share_ = 0;
    double overtaken_share_ = 0;
    std::int64_t counted_packets_ = kFewestPackets;
    bool leaves_room_ = false;
    std::int64_t decided_at_ns_ = -kDecisionNs;
    std::int64_t spacing_ns_ = 0;
    double budget_bits_ = 0;
    std::int64_t budget_at_ns_ = 0;
    std::int64_t last_round_trip_ns_ = 0; ///< or what it was at most, after several requests
};

} // namespace tactus
