// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/messages.h"

#include "glue/stats_fields.h"

#include <algorithm>

namespace tactus {

namespace {

guint as_ms(std::int64_t ns) {
    return static_cast<guint>(
        std::clamp<std::int64_t>(ns / std::int64_t{GST_MSECOND}, 0, G_MAXUINT));
}

guint64 as_count(std::int64_t ns) {
    return static_cast<guint64>(std::max<std::int64_t>(ns, 0));
}

void set_counters(GstStructure* s, const JitterStats& stats) {
    set_count(s, "num-strays", stats.strays);
    set_count(s, "num-refused", stats.refused);
    set_count(s, "num-drop-on-latency", stats.dropped_latency);
    set_count(s, "num-drop-on-memory", stats.dropped_memory);
    set_count(s, "num-drop-stale", stats.dropped_stale);
    set_count(s, "num-flushed", stats.flushed);
    set_count(s, "restarts", stats.restarts);
    set_count(s, "resyncs", stats.resyncs);
    set_count(s, "underruns", stats.underruns);
    set_count(s, "refill-timeouts", stats.gaps);
    set_count(s, "packets-held", stats.held_packets);
    set_count(s, "bytes-held", stats.held_bytes);
}

void set_delays(GstStructure* s, const JitterStats& stats) {
    set_count(s, "concealed-time", as_count(stats.concealed_ns));
    set_count(s, "current-delay", as_count(stats.current_delay_ns));
    set_count(s, "target-delay", as_count(stats.target_delay_ns));
    set_count(s, "relative-delay-p50", as_count(stats.relative_delay_p50_ns));
    set_count(s, "relative-delay-p95", as_count(stats.relative_delay_p95_ns));
    set_count(s, "relative-delay-p99", as_count(stats.relative_delay_p99_ns));
    set_real(s, "skew-ppm", stats.skew_ppm);
    set_real(s, "overtaken-share", stats.overtaken_share);
}

void set_voip(GstStructure* s, const JitterStats& stats) {
    set_real(s, "voip-loss-rate", stats.voip.loss_rate);
    set_real(s, "voip-discard-rate", stats.voip.discard_rate);
    set_real(s, "voip-burst-density", stats.voip.burst_density);
    set_real(s, "voip-gap-density", stats.voip.gap_density);
    set_count(s, "voip-burst-duration", as_count(stats.voip.burst_duration_ns));
    set_count(s, "voip-gap-duration", as_count(stats.voip.gap_duration_ns));
    set_count(s, "voip-jb-nominal", as_count(stats.current_delay_ns));
    set_count(s, "voip-jb-maximum", as_count(stats.maximum_delay_ns));
    set_count(s, "voip-jb-abs-max", as_count(stats.absolute_max_delay_ns));
}

} // namespace

GstEvent* make_lost_event(const LostPackets& lost) {
    return gst_event_new_custom(
        GST_EVENT_CUSTOM_DOWNSTREAM,
        gst_structure_new("GstRTPPacketLost", "seqnum", G_TYPE_UINT, guint{lost.seqnum},
                          "timestamp", G_TYPE_UINT64, lost.timestamp, "duration", G_TYPE_UINT64,
                          lost.duration, "retry", G_TYPE_UINT, lost.retries, nullptr));
}

GstEvent* make_request_event(const RtxRequest& request, std::uint32_t ssrc, unsigned latency_ms) {
    return gst_event_new_custom(
        GST_EVENT_CUSTOM_UPSTREAM,
        gst_structure_new(
            "GstRTPRetransmissionRequest", "seqnum", G_TYPE_UINT, guint{request.seqnum},
            "running-time", G_TYPE_UINT64, as_count(request.running_time_ns), "delay", G_TYPE_UINT,
            as_ms(request.delay_ns), "retry", G_TYPE_UINT, static_cast<guint>(request.retry),
            "frequency", G_TYPE_UINT, as_ms(request.frequency_ns), "period", G_TYPE_UINT,
            as_ms(request.period_ns), "deadline", G_TYPE_UINT, latency_ms, "packet-spacing",
            G_TYPE_UINT64, as_count(request.packet_spacing_ns), "avg-rtt", G_TYPE_UINT,
            as_ms(request.avg_rtt_ns), "ssrc", G_TYPE_UINT, guint{ssrc}, nullptr));
}

bool DropReport::due(std::int64_t now_ns, unsigned interval_ms) const {
    return posted_ns < 0 || now_ns < posted_ns ||
           now_ns - posted_ns >= std::int64_t{interval_ms} * std::int64_t{GST_MSECOND};
}

GstStructure* make_drop_message(DropReport& report, std::uint16_t seqnum, GstClockTime timestamp,
                                const char* reason) {
    GstStructure* s = gst_structure_new(
        "drop-msg", "seqnum", G_TYPE_UINT, guint{seqnum}, "timestamp", G_TYPE_UINT64, timestamp,
        "reason", G_TYPE_STRING, reason, "num-too-late", G_TYPE_UINT, report.too_late,
        "num-drop-on-latency", G_TYPE_UINT, report.on_latency, nullptr);
    report.too_late = report.on_latency = 0;
    return s;
}

GstStructure* make_stats(const JitterStats& stats, const StreamFacts& facts) {
    GstStructure* s = gst_structure_new_empty("application/x-rtp-jitterbuffer-stats");
    const RtxStats& rtx = stats.rtx;
    set_count(s, "num-pushed", stats.pushed);
    set_count(s, "num-lost", stats.lost);
    set_count(s, "num-late", stats.late);
    set_count(s, "num-duplicates", stats.duplicates);
    set_count(s, "avg-jitter", as_count(stats.jitter_ns));
    set_count(s, "rtx-count", rtx.requests);
    set_count(s, "rtx-success-count", rtx.recovered);
    set_real(s, "rtx-per-packet",
             rtx.asked_packets != 0
                 ? static_cast<double>(rtx.requests) / static_cast<double>(rtx.asked_packets)
                 : 0.0);
    set_count(s, "rtx-rtt", as_count(rtx.rtt_ns));
    set_count(s, "rtx-withheld", rtx.withheld);
    gst_structure_set(s, "rfc7273-active", G_TYPE_BOOLEAN, facts.has_media_clock ? TRUE : FALSE,
                      nullptr);
    set_count(s, "num-invalid", facts.invalid);
    set_counters(s, stats);
    set_delays(s, stats);
    set_voip(s, stats);
    return s;
}

} // namespace tactus
