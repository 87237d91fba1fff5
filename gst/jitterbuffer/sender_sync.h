// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// From units of 2^-32 s.
std::uint64_t ntp_to_ns(std::uint64_t ntp);

/// What a compound RTCP packet says about its sender's clock.
struct SenderReport {
    std::uint32_t ssrc = 0;
    std::uint32_t rtp_time = 0;
    std::uint64_t ntp_ns = 0;
    std::string cname;
};

enum class RtcpStatus : std::uint8_t { report, nothing, invalid };

/// Reads the sender report and its CNAME. Any thread.
RtcpStatus read_sender_report(GstBuffer* buffer, SenderReport& report);

/// Puts a sender report and the time line together, for the handle-sync signal and for reference
/// timestamps. Threads: one at a time; the owner locks. Owns the buffer of a report that waits.
class SenderSync {
  public:
    SenderSync() = default;
    ~SenderSync() { reset(); }
    SenderSync(const SenderSync&) = delete;
    SenderSync& operator=(const SenderSync&) = delete;

    /// Forgets all.
    void reset();
    void set_clock_base(std::int64_t rtp_time) { clock_base_ = rtp_time; }

    /// A packet has its place: extended RTP timestamp and running time.
    void note_packet(std::int64_t ticks, std::int64_t pts_ns, std::uint32_t clock_rate,
                     std::uint32_t ssrc, bool discont);
    /// Keeps `buffer` until take.
    void note_report(const SenderReport& report, GstBuffer* buffer, unsigned interval_ms);

    /// The packet of the last note_packet says when it was sampled: NTP time as on the wire.
    void note_inband(std::uint64_t ntp, unsigned interval_ms);

    /// Whether there is something to take, if the last time was `interval_ms` ago or more.
    bool has_news(std::int64_t now_ns, unsigned interval_ms) const;
    /// The structure for handle-sync, or null if the report must not be used. Transfers it.
    GstStructure* take(std::int64_t now_ns, int max_difference_ms);

    /// NTP time of a packet, by what its own stream says rather than by a report; nothing before
    /// either has come.
    std::optional<std::uint64_t> ntp_ns(std::int64_t ticks) const;

  private:
    GstStructure* take_news(int max_difference_ms);
    GstStructure* take_inband();
    GstStructure* new_structure(std::uint32_t ssrc) const;

    SenderReport report_; ///< the newest
    struct {
        GstBuffer* buffer = nullptr;
        SenderReport report;
    } pending_; ///< the newest that is to be taken
    std::optional<std::uint64_t> used_ntp_ns_;
    std::optional<std::uint64_t> inband_ntp_ns_;
    std::optional<std::uint64_t> inband_used_ntp_ns_;
    std::int64_t inband_ticks_ = 0;
    bool inband_pending_ = false;
    std::optional<std::int64_t> taken_ns_; ///< when something was taken last
    std::int64_t clock_base_ = -1;
    std::int64_t base_ticks_ = 0;
    std::int64_t last_ticks_ = 0;
    std::int64_t last_pts_ns_ = 0;
    std::uint32_t clock_rate_ = 0; ///< 0: no packet yet
    std::uint32_t ssrc_ = 0;
};

} // namespace tactus
