// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_config.h"

#include <glib-object.h>

#include <cstdint>

namespace tactus {

/// The properties of jitterbuffer in their own units; the defaults live here alone. A time of -1
/// means automatic.
struct JitterBufferSettings {
    unsigned latency_ms = 200;
    bool drop_on_latency = false;
    std::int64_t ts_offset_ns = 0;
    std::uint64_t max_ts_offset_adjustment_ns = 0;
    unsigned faststart_min_packets = 0;
    JitterMode mode = JitterMode::slave;
    bool do_lost = false;
    unsigned max_dropout_time_ms = 60000;
    unsigned max_misorder_time_ms = 2000;
    bool post_drop_messages = false;
    unsigned drop_messages_interval_ms = 200;
    bool do_retransmission = false;
    bool rtx_next_seqnum = true;
    int rtx_delay_ms = -1;
    unsigned rtx_min_delay_ms = 0;
    int rtx_delay_reorder = 3;
    int rtx_retry_timeout_ms = -1;
    int rtx_min_retry_timeout_ms = -1;
    int rtx_retry_period_ms = -1;
    int rtx_max_retries = -1;
    int rtx_deadline_ms = -1;
    unsigned rtx_stats_timeout_ms = 1000;
    int max_rtcp_rtp_time_diff_ms = 1000;
    unsigned sync_interval_ms = 0;
    unsigned min_sync_interval_ms = 0;
    bool rfc7273_sync = false;
    bool rfc7273_use_system_clock = false;
    bool rfc7273_reference_timestamp_meta_only = false;
    bool add_reference_timestamp_meta = false;
    bool adaptive = true;
    AdaptBy adapt_by = AdaptBy::latency;
    unsigned min_latency_ms = 0;
    double target_quantile = 0.97;
    unsigned max_packets = 16384;
    std::uint64_t max_bytes = 64 << 20;
    unsigned rtx_max_bitrate = 0;
    unsigned stats_interval_ms = 0;
    bool direct_push = false;

    /// Whether packets are to be placed by the sender's clock, if only for their meta.
    bool reads_media_clock() const {
        return rfc7273_sync &&
               (mode != JitterMode::buffer || rfc7273_reference_timestamp_meta_only);
    }
    /// `video`: the stream's media, which is no property.
    JitterConfig config(bool video) const;
};

/// Installs all properties: those of the settings, then percent and stats.
void install_jitterbuffer_properties(GObjectClass* klass);

/// False if `id` is none of the settings.
bool set_setting(JitterBufferSettings& settings, guint id, const GValue* value);
bool get_setting(const JitterBufferSettings& settings, guint id, GValue* value);

extern const guint kPercentId;
extern const guint kStatsId;

} // namespace tactus
