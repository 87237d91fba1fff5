// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>

namespace tactus {

/// Loss as a listener meets it: the burst and gap metrics of RFC 3611 section 4.7.2. A burst begins
/// and ends with a packet that was lost or discarded and has fewer than Gmin = 16 good ones in a
/// row within; a single loss with Gmin good packets on both sides belongs to the gap around it.
///
/// Packets are told in the order of their sequence numbers. Threads: one. Constant time and memory.
class VoipMetrics {
  public:
    static constexpr std::uint64_t kGmin = 16;

    struct Snapshot {
        double loss_rate = 0;     ///< lost in the network, of all expected
        double discard_rate = 0;  ///< came too late or twice
        double burst_density = 0; ///< share of bad packets within bursts
        double gap_density = 0;
        std::int64_t burst_duration_ns = 0; ///< mean
        std::int64_t gap_duration_ns = 0;   ///< mean
        std::uint64_t bursts = 0;
    };

    void received(std::uint64_t count = 1) {
        run_ += count;
        received_ += count;
    }
    void lost(std::uint64_t count = 1);
    void discarded() {
        ++discarded_;
        bad(1);
    }
    /// One of those that were told as lost came after all, too late.
    void late_after_loss() {
        if (lost_ == 0)
            return;
        --lost_;
        ++discarded_;
    }

    /// `spacing_ns`: the media time of a packet.
    Snapshot snapshot(std::int64_t spacing_ns) const;

  private:
    struct Sums {
        std::uint64_t burst_packets = 0;
        std::uint64_t burst_bad = 0;
        std::uint64_t bursts = 0;
        std::uint64_t gap_packets = 0;
        std::uint64_t gap_bad = 0;
    };

    void bad(std::uint64_t count);
    void close(Sums& sums) const;

    Sums sums_;
    std::uint64_t run_ = 0;          ///< good packets since the last bad one
    std::uint64_t cluster_bad_ = 0;  ///< bad ones that lie less than Gmin apart
    std::uint64_t cluster_good_ = 0; ///< the good ones between them
    std::uint64_t received_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t discarded_ = 0;
};

} // namespace tactus
