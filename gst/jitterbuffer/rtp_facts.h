// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/jitter/jitter_packet.h"

#include <gst/gst.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tactus {

/// Reads what the header of `buffer` says. Nothing if it is no RTP packet; then `why` says what is
/// wrong. `ntp64_id`: of the header extension with the sender's time, 0 for none. The buffer need
/// not be writable. Any thread.
std::optional<JitterPacket> read_rtp(GstBuffer* buffer, std::uint8_t ntp64_id, const char** why);

/// What the caps of a stream say.
struct RtpCaps {
    int payload_type = -1;
    std::uint32_t clock_rate = 0; ///< 0: not given, or not above 0
    bool video = false;
    std::int64_t clock_base = -1;  ///< RTP timestamp; -1: not given
    std::int64_t seqnum_base = -1; ///< -1: not given
    std::uint8_t ntp64_id = 0;     ///< of urn:ietf:params:rtp-hdrext:ntp-64; 0: not used
    GstClockTime npt_start = 0;
    GstClockTime npt_stop = GST_CLOCK_TIME_NONE;
};

RtpCaps read_caps(const GstCaps* caps);

/// How caps, which may be null, fail to give the clock rate of a payload type: "clock-rate is 0" …
std::string describe_no_rate(const GstCaps* caps, unsigned payload_type);

} // namespace tactus
