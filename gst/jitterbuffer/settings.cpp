// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/settings.h"

#include "glue/property_rows.h"
#include "glue/setting_value.h"
#include "jitterbuffer/enums.h"

#include <gst/gst.h>

#include <algorithm>
#include <array>
#include <variant>

namespace tactus {

namespace {

using S = JitterBufferSettings;
using Kind = PropertySpec::Kind;
using Access = PropertySpec::Access;

constexpr S kDefaults;

using Member = std::variant<bool S::*, int S::*, unsigned S::*, std::int64_t S::*,
                            std::uint64_t S::*, double S::*, JitterMode S::*, AdaptBy S::*>;

// --- rows of the table

using property_rows::choice;
using property_rows::flag;
using property_rows::real;
using property_rows::row;

constexpr PropertySpec count(const char* name, const char* nick, unsigned value, const char* blurb,
                             unsigned most = G_MAXUINT) {
    return row(name, nick, Kind::uint, value, 0, most, blurb);
}

// -1 means automatic, or no limit.
constexpr PropertySpec automatic(const char* name, const char* nick, int value, const char* blurb) {
    return row(name, nick, Kind::integer, static_cast<std::uint64_t>(std::int64_t{value}),
               static_cast<std::uint64_t>(std::int64_t{-1}), G_MAXINT, blurb);
}

constexpr PropertySpec quantile(const char* name, const char* nick, double value,
                                const char* blurb) {
    return real(name, nick, value, 0.5, 0.9999, blurb);
}

struct Setting {
    PropertySpec spec;
    Member member;
};

constexpr std::array kSettings = {
    Setting{count("latency", "Latency (ms)", kDefaults.latency_ms,
                  "How long packets are held, in ms; the most that the delay grows to when "
                  "adaptive"),
            &S::latency_ms},
    Setting{flag("drop-on-latency", "Drop on latency", kDefaults.drop_on_latency,
                 "Drop the oldest packets when more media time than the latency is held"),
            &S::drop_on_latency},
    Setting{row("ts-offset", "Timestamp offset (ns)", Kind::int64, 0,
                static_cast<std::uint64_t>(G_MININT64), G_MAXINT64,
                "Added to the timestamps of outgoing buffers, in ns"),
            &S::ts_offset_ns},
    Setting{row("max-ts-offset-adjustment", "Largest timestamp offset step (ns)", Kind::uint64, 0,
                0, UINT64_MAX,
                "How far a changed ts-offset moves per frame, in ns (0 = all at once)"),
            &S::max_ts_offset_adjustment_ns},
    Setting{count("faststart-min-packets", "Fast start packets", kDefaults.faststart_min_packets,
                  "Start as soon as so many consecutive packets are there (0 = wait for the "
                  "latency)"),
            &S::faststart_min_packets},
    Setting{choice("mode", "Mode", kDefaults.mode, jitter_mode_get_type,
                   "What timestamps and buffering follow"),
            &S::mode},
    Setting{flag("do-lost", "Do lost", kDefaults.do_lost,
                 "Send a GstRTPPacketLost event downstream for lost packets"),
            &S::do_lost},
    Setting{count("max-dropout-time", "Largest dropout (ms)", kDefaults.max_dropout_time_ms,
                  "Packets further ahead than this many ms are a restart of the sender if the "
                  "next ones follow them",
                  G_MAXINT),
            &S::max_dropout_time_ms},
    Setting{count("max-misorder-time", "Largest misorder (ms)", kDefaults.max_misorder_time_ms,
                  "Packets further behind than this many ms are a restart of the sender if the "
                  "next ones follow them"),
            &S::max_misorder_time_ms},
    Setting{flag("post-drop-messages", "Post drop messages", kDefaults.post_drop_messages,
                 "Post a drop-msg element message when packets are dropped"),
            &S::post_drop_messages},
    Setting{count("drop-messages-interval", "Drop message interval (ms)",
                  kDefaults.drop_messages_interval_ms,
                  "The least time between two drop-msg messages, in ms (0 = post each)"),
            &S::drop_messages_interval_ms},
    Setting{flag("do-retransmission", "Do retransmission", kDefaults.do_retransmission,
                 "Send GstRTPRetransmissionRequest events upstream for missing packets"),
            &S::do_retransmission},
    Setting{flag("rtx-next-seqnum", "Request the next packet", kDefaults.rtx_next_seqnum,
                 "With adaptive=false: ask once for the next packet when it is overdue, before "
                 "another one has overtaken it"),
            &S::rtx_next_seqnum},
    Setting{automatic("rtx-delay", "Request delay (ms)", kDefaults.rtx_delay_ms,
                      "How long to wait before a missing packet is asked for, in ms (-1 = as long "
                      "as overtaken packets usually take)"),
            &S::rtx_delay_ms},
    Setting{count("rtx-min-delay", "Least request delay (ms)", kDefaults.rtx_min_delay_ms,
                  "The least time before a missing packet is asked for, in ms"),
            &S::rtx_min_delay_ms},
    Setting{automatic("rtx-delay-reorder", "Request at reordering (packets)",
                      kDefaults.rtx_delay_reorder,
                      "Ask for a packet only when so many have overtaken it (0 or -1 = time alone "
                      "counts)"),
            &S::rtx_delay_reorder},
    Setting{automatic("rtx-retry-timeout", "Retry time-out (ms)", kDefaults.rtx_retry_timeout_ms,
                      "Time between two requests for a packet, in ms (-1 = from the measured round "
                      "trip)"),
            &S::rtx_retry_timeout_ms},
    Setting{automatic("rtx-min-retry-timeout", "Least retry time-out (ms)",
                      kDefaults.rtx_min_retry_timeout_ms,
                      "The least time between two requests for a packet, in ms (-1 = automatic)"),
            &S::rtx_min_retry_timeout_ms},
    Setting{automatic("rtx-retry-period", "Retry period (ms)", kDefaults.rtx_retry_period_ms,
                      "How long a packet is asked for, in ms (-1 = as long as a reply can come in "
                      "time)"),
            &S::rtx_retry_period_ms},
    Setting{automatic("rtx-max-retries", "Most retries", kDefaults.rtx_max_retries,
                      "The most requests after the first one for a packet (-1 = no limit)"),
            &S::rtx_max_retries},
    Setting{automatic("rtx-deadline", "Request deadline (ms)", kDefaults.rtx_deadline_ms,
                      "How old a packet may be that is asked for, in ms (-1 = the latency)"),
            &S::rtx_deadline_ms},
    Setting{count("rtx-stats-timeout", "Statistics time-out (ms)", kDefaults.rtx_stats_timeout_ms,
                  "How long after its loss a retransmission still counts for the round trip, in "
                  "ms"),
            &S::rtx_stats_timeout_ms},
    Setting{automatic("max-rtcp-rtp-time-diff", "Largest RTCP to RTP difference (ms)",
                      kDefaults.max_rtcp_rtp_time_diff_ms,
                      "How far the RTP time of a sender report may lie ahead of the newest packet, "
                      "in ms (-1 = no limit)"),
            &S::max_rtcp_rtp_time_diff_ms},
    Setting{count("sync-interval", "Synchronisation interval (ms)", kDefaults.sync_interval_ms,
                  "The least time between two sender reports that are used, in ms (0 = use all)"),
            &S::sync_interval_ms},
    Setting{count("min-sync-interval", "Least synchronisation interval (ms)",
                  kDefaults.min_sync_interval_ms,
                  "The least time between two handle-sync signals, in ms (0 = no limit)"),
            &S::min_sync_interval_ms},
    Setting{flag("rfc7273-sync", "RFC 7273 synchronisation", kDefaults.rfc7273_sync,
                 "Follow the sender's clock that the caps name in a-ts-refclk and a-mediaclk (RFC "
                 "7273: NTP or PTP), once it is in sync; not in mode buffer"),
            &S::rfc7273_sync},
    Setting{flag("rfc7273-use-system-clock", "System clock for RFC 7273",
                 kDefaults.rfc7273_use_system_clock,
                 "With rfc7273-sync: take the system clock for the one that the caps name; "
                 "something else must keep it in step"),
            &S::rfc7273_use_system_clock},
    Setting{flag("rfc7273-reference-timestamp-meta-only", "RFC 7273 for the meta only",
                 kDefaults.rfc7273_reference_timestamp_meta_only,
                 "With rfc7273-sync: the sender's clock goes into the GstReferenceTimestampMeta "
                 "alone, and timestamps follow the mode"),
            &S::rfc7273_reference_timestamp_meta_only},
    Setting{flag("add-reference-timestamp-meta", "Add reference timestamps",
                 kDefaults.add_reference_timestamp_meta,
                 "Add a GstReferenceTimestampMeta with the sender's time once a media clock, a "
                 "packet or a sender report tells it"),
            &S::add_reference_timestamp_meta},
    Setting{flag("adaptive", "Adaptive", kDefaults.adaptive,
                 "Find the delay from the network; false: hold for the latency, as "
                 "rtpjitterbuffer does"),
            &S::adaptive},
    Setting{choice("adapt-by", "Adapt by", kDefaults.adapt_by, adapt_by_get_type,
                   "How the delay reaches the pipeline when adaptive"),
            &S::adapt_by},
    Setting{count("min-latency", "Least latency (ms)", kDefaults.min_latency_ms,
                  "The least delay when adaptive, in ms; above latency it counts as latency"),
            &S::min_latency_ms},
    Setting{quantile("target-quantile", "Target quantile", kDefaults.target_quantile,
                     "The share of the time for which the adaptive delay is to be long enough"),
            &S::target_quantile},
    Setting{count("max-packets", "Most packets", kDefaults.max_packets,
                  "The most packets that are held; the oldest go first (0 = no limit)"),
            &S::max_packets},
    Setting{row("max-bytes", "Most bytes", Kind::uint64, kDefaults.max_bytes, 0, UINT64_MAX,
                "The most bytes that are held; the oldest packets go first (0 = no limit)"),
            &S::max_bytes},
    Setting{count("rtx-max-bitrate", "Largest retransmission bit rate", kDefaults.rtx_max_bitrate,
                  "What may be asked for, in bits per second (0 = no limit)"),
            &S::rtx_max_bitrate},
    Setting{count("stats-interval", "Statistics interval (ms)", kDefaults.stats_interval_ms,
                  "Time from one jitterbuffer-stats element message with the statistics to the "
                  "next, in ms (0 = no messages)"),
            &S::stats_interval_ms},
    Setting{flag("direct-push", "Direct push", kDefaults.direct_push,
                 "Push packets that are due in the thread that brings them, while downstream is "
                 "quick; what blocks downstream then holds that thread"),
            &S::direct_push},
};

// Sums of times must not overflow.
constexpr std::int64_t kMostOffsetNs = 1'000'000'000'000'000'000;

constexpr std::int64_t ns(std::int64_t ms) {
    return ms < 0 ? -1 : ms * std::int64_t{GST_MSECOND};
}

} // namespace

const guint kPercentId = kSettings.size() + 1;
const guint kStatsId = kSettings.size() + 2;

void install_jitterbuffer_properties(GObjectClass* klass) {
    static constexpr auto kTable = specs_of(
        kSettings,
        PropertySpec{"percent", "Percent", "With mode=buffer: how full the buffer is, in %",
                     Kind::integer, Access::read_only, 0, 0, 100},
        PropertySpec{"stats", "Statistics",
                     "Counters, delays, jitter, skew, retransmissions and VoIP metrics "
                     "(times in ns)",
                     Kind::structure, Access::read_only});
    install_properties(klass, kTable);
}

bool set_setting(JitterBufferSettings& settings, guint id, const GValue* value) {
    return take_property(kSettings, settings, id, value);
}

bool get_setting(const JitterBufferSettings& settings, guint id, GValue* value) {
    return give_property(kSettings, settings, id, value);
}

JitterConfig JitterBufferSettings::config(bool video) const {
    JitterConfig c;
    c.mode = mode;
    c.adaptive = adaptive;
    c.adapt_by = adapt_by;
    c.video = video;
    c.latency_ns = ns(latency_ms);
    c.min_latency_ns = ns(min_latency_ms);
    c.target_quantile = target_quantile;
    c.drop_on_latency = drop_on_latency;
    c.ts_offset_ns = std::clamp(ts_offset_ns, -kMostOffsetNs, kMostOffsetNs);
    c.max_ts_offset_adjustment_ns =
        static_cast<std::int64_t>(std::min<std::uint64_t>(max_ts_offset_adjustment_ns, G_MAXINT64));
    c.faststart_min_packets = faststart_min_packets;
    c.max_dropout_ns = ns(max_dropout_time_ms);
    c.max_misorder_ns = ns(max_misorder_time_ms);
    c.max_packets = max_packets != 0 ? max_packets : SIZE_MAX;
    c.max_bytes = max_bytes;
    c.rtx.enabled = do_retransmission;
    c.rtx.expect_next = rtx_next_seqnum;
    c.rtx.delay_ns = ns(rtx_delay_ms);
    c.rtx.min_delay_ns = ns(rtx_min_delay_ms);
    c.rtx.delay_reorder = rtx_delay_reorder;
    c.rtx.retry_timeout_ns = ns(rtx_retry_timeout_ms);
    c.rtx.min_retry_timeout_ns = ns(rtx_min_retry_timeout_ms);
    c.rtx.retry_period_ns = ns(rtx_retry_period_ms);
    c.rtx.max_retries = rtx_max_retries;
    c.rtx.deadline_ns = ns(rtx_deadline_ms);
    c.rtx.stats_timeout_ns = ns(rtx_stats_timeout_ms);
    c.rtx.max_bits_per_second = rtx_max_bitrate;
    return c;
}

} // namespace tactus
