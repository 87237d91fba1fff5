// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/rtp_facts.h"

#include "core/jitter/rtp_header.h"

#include <gst/rtp/rtp.h>

#include <cstring>

namespace tactus {

namespace {

JitterPacket facts_of(const RtpHeader& header) {
    JitterPacket packet;
    packet.seqnum = header.seqnum;
    packet.timestamp = header.timestamp;
    packet.ssrc = header.ssrc;
    packet.payload_type = header.payload_type;
    packet.marker = header.marker;
    return packet;
}

// Mapping the whole of a buffer of several memories would copy it; GStreamer's own reader does not.
std::optional<JitterPacket> read_scattered(GstBuffer* buffer, const char** why) {
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    if (gst_rtp_buffer_map(buffer, GST_MAP_READ, &rtp) == FALSE) {
        *why = "it is no valid RTP packet (RFC 3550 section 5.1)";
        return std::nullopt;
    }
    JitterPacket packet;
    packet.seqnum = gst_rtp_buffer_get_seq(&rtp);
    packet.timestamp = gst_rtp_buffer_get_timestamp(&rtp);
    packet.ssrc = gst_rtp_buffer_get_ssrc(&rtp);
    packet.payload_type = gst_rtp_buffer_get_payload_type(&rtp);
    packet.marker = gst_rtp_buffer_get_marker(&rtp) != FALSE;
    gst_rtp_buffer_unmap(&rtp);
    return packet;
}

std::optional<JitterPacket> read_whole(GstBuffer* buffer, const char** why) {
    GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
    GstMapInfo map;
    if (gst_memory_map(memory, &map, GST_MAP_READ) == FALSE) {
        *why = "its memory cannot be read";
        return std::nullopt;
    }
    const RtpParseResult parsed = parse_rtp({map.data, map.size});
    gst_memory_unmap(memory, &map);
    if (!parsed.ok()) {
        *why = describe(parsed.status);
        return std::nullopt;
    }
    return facts_of(parsed.header);
}

} // namespace

std::optional<JitterPacket> read_rtp(GstBuffer* buffer, const char** why) {
    const guint memories = gst_buffer_n_memory(buffer);
    std::optional<JitterPacket> packet;
    if (memories == 0)
        *why = "it is empty; an RTP packet has at least 12 bytes";
    else
        packet = memories == 1 ? read_whole(buffer, why) : read_scattered(buffer, why);
    if (packet) {
        packet->handle = buffer;
        packet->bytes = static_cast<std::uint32_t>(gst_buffer_get_size(buffer));
        packet->is_rtx = GST_BUFFER_FLAG_IS_SET(buffer, GST_RTP_BUFFER_FLAG_RETRANSMISSION);
    }
    return packet;
}

RtpCaps read_caps(const GstCaps* caps) {
    RtpCaps result;
    // What a handler of request-pt-map answers may be anything.
    if (gst_caps_is_any(caps) != FALSE || gst_caps_is_empty(caps) != FALSE)
        return result;
    const GstStructure* s = gst_caps_get_structure(caps, 0);
    gst_structure_get_int(s, "payload", &result.payload_type);
    int rate = 0;
    if (gst_structure_get_int(s, "clock-rate", &rate) != FALSE && rate > 0)
        result.clock_rate = static_cast<std::uint32_t>(rate);
    const char* media = gst_structure_get_string(s, "media");
    result.video = media != nullptr && std::strcmp(media, "video") == 0;
    guint value = 0;
    if (gst_structure_get_uint(s, "clock-base", &value) != FALSE)
        result.clock_base = value;
    if (gst_structure_get_uint(s, "seqnum-base", &value) != FALSE)
        result.seqnum_base = value & 0xffff;
    GstClockTime time = 0;
    if (gst_structure_get_clock_time(s, "npt-start", &time) != FALSE)
        result.npt_start = time;
    if (gst_structure_get_clock_time(s, "npt-stop", &time) != FALSE)
        result.npt_stop = time;
    return result;
}

} // namespace tactus
