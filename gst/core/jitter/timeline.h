// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/skew_estimator.h"
#include "core/jitter/windowed_minimum.h"

#include <cstdint>
#include <optional>

namespace tactus {

/// From RTP timestamps to presentation times (running time, ns): media time since an anchor, plus
/// an offset.
///
/// The transit of a packet is its arrival minus its media time. When slaved, the offset follows the
/// smallest recent transit, never faster than kFollowPpm and kFollowStepNs, so that no two
/// neighbouring packets move apart by what a player would hear. One late packet does not change the
/// minimum, hence never the time line. Pace::steady looks back 2 s with a time constant of 2.5 s,
/// as rtpjitterbuffer does, for a fixed delay, but goes quickly while even the fastest of the last
/// kQuickPackets is delayed by over a quarter of it; Pace::quick follows a queue that builds up
/// within kQuickPackets, so that an adaptive delay need not jump. Time in which nothing arrives
/// does not age the windows: a talk spurt starts with what the last one knew. When not slaved the
/// offset stays.
///
/// A jump of the timestamps themselves sets a new anchor: at once if packets would come too early
/// (no network can do that) by over kEarlyNs, or kJumpNs when not slaved, and if a packet in order
/// is over kBackNs older than the one before it; after kConfirm packets that agree if they would
/// come over kJumpNs late. The last is no reason for steady timestamps that are not slaved: there
/// the network may be late for ever, as in rtpjitterbuffer. All of it is computed from the anchor
/// in whole ticks, so no error accumulates.
///
/// Threads: one. Constant time.
class Timeline {
  public:
    enum class Pace : std::uint8_t { steady, quick };

    static constexpr std::int64_t kWindowNs = 2'000'000'000;
    static constexpr std::int64_t kSteadyConstantNs = 2'500'000'000;
    static constexpr std::int64_t kQuickPackets = 8;
    static constexpr std::int64_t kQuickPacketNs = 20'000'000; ///< what a packet counts at most
    static constexpr std::int64_t kQuickConstantNs = 100'000'000;
    static constexpr std::int64_t kFollowPpm = 47'000;
    static constexpr std::int64_t kFollowStepNs = 950'000; ///< at most, from packet to packet
    static constexpr std::int64_t kJumpNs = 3'000'000'000;
    static constexpr std::int64_t kEarlyNs = 1'000'000'000;
    static constexpr std::int64_t kBackNs = 500'000'000;
    static constexpr std::int64_t kAgreeNs = 100'000'000;
    static constexpr unsigned kConfirm = 3;

    struct Placed {
        std::int64_t ticks = 0;      ///< extended timestamp
        std::int64_t media_ns = 0;   ///< since the anchor
        std::int64_t transit_ns = 0; ///< arrival minus media time
        std::int64_t pts_ns = 0;
        bool resynced = false; ///< there is a new anchor
        bool newest = false;   ///< no timestamp before was larger
    };

    void set_slaved(bool slaved) { slaved_ = slaved; }
    void set_pace(Pace pace) { pace_ = pace; }
    /// The delay, or the ceiling of one that adapts.
    void set_largest_delay(std::int64_t delay_ns) { largest_delay_ns_ = delay_ns; }

    /// Whether presentation times begin at 0, not at the first arrival; for a line that is not
    /// slaved, from the next start on.
    void set_from_zero(bool from_zero) { from_zero_ = from_zero; }

    /// Places a packet and learns from it. `in_order`: it was sent after all that came before.
    Placed observe(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t arrival_ns,
                   bool in_order = false);

    /// Places a packet that says nothing about the network: a retransmission.
    Placed place(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t arrival_ns);

    /// Puts `timestamp` at `pts_ns` from now on, and follows nothing any more (a media clock that
    /// is known, RFC 7273). A restart does not change that.
    void pin(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t pts_ns);
    void unpin() { pinned_ = false; }
    bool is_pinned() const { return pinned_; }

    /// The sender may have started anew: one packet is enough to confirm a jump.
    void doubt() { doubted_ = true; }

    /// The next packet starts a new time line at its arrival.
    void restart() { anchored_ = false; }
    /// The same, where running time itself may start anew.
    void start_over() {
        anchored_ = false;
        origin_ns_.reset();
    }

    std::int64_t offset_ns() const { return offset_ns_; }
    /// Smallest transit of the last 2 s in which packets came.
    std::int64_t reference_ns() const { return reference_ns_; }
    double skew_ppm() const { return skew_.ppm(); }
    std::uint64_t resyncs() const { return resyncs_; }

  private:
    void anchor(std::uint32_t timestamp, std::uint32_t clock_rate, std::int64_t arrival_ns);
    bool has_jumped(const Placed& placed, bool in_order);
    void learn(const Placed& placed, std::int64_t arrival_ns);
    void follow(std::int64_t passed_ns);
    void apply_pin();

    WindowedMinimum minimum_{kWindowNs};
    WindowedMinimum quick_{kQuickPackets * kQuickPacketNs};
    Pace pace_ = Pace::steady;
    std::int64_t largest_delay_ns_ = 0;
    WindowedMinimum recent_{500000000};
    SkewEstimator skew_;
    bool slaved_ = true;
    bool from_zero_ = false;
    std::optional<std::int64_t> origin_ns_; ///< the arrival that is presentation time 0
    bool pinned_ = false;
    std::uint32_t pin_timestamp_ = 0;
    std::int64_t pin_pts_ns_ = 0;
    bool anchored_ = false;
    bool doubted_ = false;
    std::uint32_t clock_rate_ = 0;
    std::int64_t anchor_ticks_ = 0;
    std::int64_t newest_ticks_ = 0;
    std::int64_t offset_ns_ = 0;
    std::int64_t reference_ns_ = 0;
    std::int64_t last_arrival_ns_ = 0;
    std::int64_t active_ns_ = 0;       ///< time during which packets came
    std::int64_t quick_active_ns_ = 0; ///< the same, for quick_
    std::int64_t suspect_transit_ns_ = 0;
    unsigned suspects_ = 0;
    std::uint64_t resyncs_ = 0;
};

} // namespace tactus
