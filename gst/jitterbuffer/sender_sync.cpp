// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/sender_sync.h"

#include "core/jitter/unwrap.h"

#include <gst/rtp/rtp.h>

#include <algorithm>
#include <utility>

namespace tactus {

std::uint64_t ntp_to_ns(std::uint64_t ntp) {
    return gst_util_uint64_scale(ntp, GST_SECOND, std::uint64_t{1} << 32);
}

namespace {

void read_cname(GstRTCPPacket& packet, SenderReport& report) {
    for (gboolean item = gst_rtcp_packet_sdes_first_item(&packet); item != FALSE;
         item = gst_rtcp_packet_sdes_next_item(&packet)) {
        if (gst_rtcp_packet_sdes_get_ssrc(&packet) != report.ssrc)
            continue;
        for (gboolean entry = gst_rtcp_packet_sdes_first_entry(&packet); entry != FALSE;
             entry = gst_rtcp_packet_sdes_next_entry(&packet)) {
            GstRTCPSDESType type = GST_RTCP_SDES_INVALID;
            guint8 length = 0;
            guint8* data = nullptr;
            if (gst_rtcp_packet_sdes_get_entry(&packet, &type, &length, &data) != FALSE &&
                type == GST_RTCP_SDES_CNAME)
                report.cname.assign(reinterpret_cast<const char*>(data), length);
        }
    }
}

bool read_packets(GstRTCPBuffer& rtcp, SenderReport& report) {
    bool found = false;
    GstRTCPPacket packet;
    for (gboolean more = gst_rtcp_buffer_get_first_packet(&rtcp, &packet); more != FALSE;
         more = gst_rtcp_packet_move_to_next(&packet)) {
        const GstRTCPType type = gst_rtcp_packet_get_type(&packet);
        if (type == GST_RTCP_TYPE_SR && !found) {
            guint64 ntp = 0;
            gst_rtcp_packet_sr_get_sender_info(&packet, &report.ssrc, &ntp, &report.rtp_time,
                                               nullptr, nullptr);
            report.ntp_ns = ntp_to_ns(ntp);
            found = true;
        } else if (type == GST_RTCP_TYPE_SDES && found) {
            read_cname(packet, report);
        }
    }
    return found;
}

} // namespace

RtcpStatus read_sender_report(GstBuffer* buffer, SenderReport& report) {
    if (gst_rtcp_buffer_validate_reduced(buffer) == FALSE)
        return RtcpStatus::invalid;
    GstRTCPBuffer rtcp = GST_RTCP_BUFFER_INIT;
    if (gst_rtcp_buffer_map(buffer, GST_MAP_READ, &rtcp) == FALSE)
        return RtcpStatus::invalid;
    const bool found = read_packets(rtcp, report);
    gst_rtcp_buffer_unmap(&rtcp);
    if (g_utf8_validate(report.cname.c_str(), -1, nullptr) == FALSE)
        report.cname.clear();
    return found ? RtcpStatus::report : RtcpStatus::nothing;
}

void SenderSync::reset() {
    gst_clear_buffer(&pending_.buffer);
    report_ = {};
    used_ntp_ns_.reset();
    inband_ntp_ns_.reset();
    inband_used_ntp_ns_.reset();
    inband_pending_ = false;
    taken_ns_.reset();
    clock_rate_ = 0;
}

void SenderSync::note_packet(std::int64_t ticks, std::int64_t pts_ns, std::uint32_t clock_rate,
                             std::uint32_t ssrc, bool discont) {
    if (clock_rate_ != clock_rate || ssrc_ != ssrc || discont) {
        base_ticks_ = ticks;
        inband_ntp_ns_.reset();
        inband_used_ntp_ns_.reset();
        inband_pending_ = false;
    }
    clock_rate_ = clock_rate;
    ssrc_ = ssrc;
    last_ticks_ = ticks;
    last_pts_ns_ = pts_ns;
}

void SenderSync::note_report(const SenderReport& report, GstBuffer* buffer, unsigned interval_ms) {
    const std::uint64_t interval_ns = std::uint64_t{interval_ms} * GST_MSECOND;
    report_ = report;
    if (used_ntp_ns_ && report.ntp_ns - *used_ntp_ns_ < interval_ns)
        return;
    used_ntp_ns_ = report.ntp_ns;
    gst_buffer_replace(&pending_.buffer, buffer);
    pending_.report = report;
}

void SenderSync::note_inband(std::uint64_t ntp, unsigned interval_ms) {
    const std::uint64_t ntp_ns = ntp_to_ns(ntp);
    inband_ntp_ns_ = ntp_ns;
    inband_ticks_ = last_ticks_;
    const std::uint64_t interval_ns = std::uint64_t{interval_ms} * GST_MSECOND;
    if (inband_used_ntp_ns_ && ntp_ns - *inband_used_ntp_ns_ < interval_ns)
        return;
    inband_used_ntp_ns_ = ntp_ns;
    inband_pending_ = true;
}

std::optional<std::uint64_t> SenderSync::ntp_ns(std::int64_t ticks) const {
    if (inband_ntp_ns_)
        return *inband_ntp_ns_ +
               static_cast<std::uint64_t>(ticks_to_ns(ticks - inband_ticks_, clock_rate_));
    if (report_.ntp_ns == 0 || clock_rate_ == 0 || report_.ssrc != ssrc_)
        return std::nullopt;
    const std::int64_t since = ticks - unwrap32(ticks, report_.rtp_time);
    const std::int64_t ns = ticks_to_ns(since, clock_rate_);
    return report_.ntp_ns + static_cast<std::uint64_t>(ns);
}

GstStructure* SenderSync::new_structure(std::uint32_t ssrc) const {
    const std::int64_t base_ns = last_pts_ns_ - ticks_to_ns(last_ticks_ - base_ticks_, clock_rate_);
    GstStructure* s = gst_structure_new(
        "application/x-rtp-sync", "base-rtptime", G_TYPE_UINT64, static_cast<guint64>(base_ticks_),
        "base-time", G_TYPE_UINT64, static_cast<guint64>(std::max<std::int64_t>(base_ns, 0)),
        "clock-rate", G_TYPE_UINT, guint{clock_rate_}, "clock-base", G_TYPE_UINT64,
        static_cast<guint64>(clock_base_), "ssrc", G_TYPE_UINT, guint{ssrc}, nullptr);
    if (!report_.cname.empty() && report_.ssrc == ssrc)
        gst_structure_set(s, "cname", G_TYPE_STRING, report_.cname.c_str(), nullptr);
    return s;
}

GstStructure* SenderSync::take_inband() {
    inband_pending_ = false;
    GstStructure* s = new_structure(ssrc_);
    gst_structure_set(s, "inband-ext-rtptime", G_TYPE_UINT64, static_cast<guint64>(inband_ticks_),
                      "inband-ntpnstime", G_TYPE_UINT64, static_cast<guint64>(*inband_ntp_ns_),
                      nullptr);
    return s;
}

bool SenderSync::has_news(std::int64_t now_ns, unsigned interval_ms) const {
    if (!inband_pending_ && (pending_.buffer == nullptr || clock_rate_ == 0))
        return false;
    const std::int64_t interval_ns = std::int64_t{interval_ms} * std::int64_t{GST_MSECOND};
    return !taken_ns_ || now_ns < *taken_ns_ || now_ns - *taken_ns_ >= interval_ns;
}

GstStructure* SenderSync::take(std::int64_t now_ns, int max_difference_ms) {
    GstStructure* const s = take_news(max_difference_ms);
    if (s != nullptr)
        taken_ns_ = now_ns;
    return s;
}

GstStructure* SenderSync::take_news(int max_difference_ms) {
    if (pending_.buffer == nullptr || clock_rate_ == 0)
        return inband_pending_ ? take_inband() : nullptr;
    GstBuffer* buffer = std::exchange(pending_.buffer, nullptr);
    const SenderReport& report = pending_.report;
    const std::int64_t ticks = unwrap32(last_ticks_, report.rtp_time);
    GstStructure* s = nullptr;
    // What the sender said before the time line began is of no use.
    if (ticks >= base_ticks_) {
        const std::int64_t ahead_ns = ticks_to_ns(ticks - last_ticks_, clock_rate_);
        const bool too_far = max_difference_ms >= 0 &&
                             ahead_ns > std::int64_t{max_difference_ms} * std::int64_t{GST_MSECOND};
        s = new_structure(report.ssrc);
        gst_structure_set(s, "sr-ext-rtptime", G_TYPE_UINT64,
                          too_far ? G_MAXUINT64 : static_cast<guint64>(ticks), "sr-ntpnstime",
                          G_TYPE_UINT64, static_cast<guint64>(report.ntp_ns), "sr-buffer",
                          GST_TYPE_BUFFER, buffer, nullptr);
    }
    gst_clear_buffer(&buffer);
    return s;
}

} // namespace tactus
