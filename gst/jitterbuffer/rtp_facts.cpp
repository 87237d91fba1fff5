// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "jitterbuffer/rtp_facts.h"

#include "core/jitter/rtp_header.h"

#include <gst/rtp/rtp.h>

#include <cstring>
#include <span>

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

std::uint64_t ntp_of(std::uint16_t profile, std::span<const std::uint8_t> extension,
                     std::uint8_t id) {
    return id != 0 ? read_ntp64(find_extension_item(profile, extension, id)) : 0;
}

// A field "extmap-ID" holds the URI, or an array of direction, URI and attributes.
const char* uri_of(const GValue* value) {
    if (GST_VALUE_HOLDS_ARRAY(value) && gst_value_array_get_size(value) > 1)
        value = gst_value_array_get_value(value, 1);
    return G_VALUE_HOLDS_STRING(value) ? g_value_get_string(value) : nullptr;
}

std::uint8_t find_extension_id(const GstStructure* s, const char* uri) {
    constexpr const char* kPrefix = "extmap-";
    const int fields = gst_structure_n_fields(s);
    for (int i = 0; i < fields; ++i) {
        const char* name = gst_structure_nth_field_name(s, static_cast<guint>(i));
        if (!g_str_has_prefix(name, kPrefix) ||
            g_strcmp0(uri_of(gst_structure_get_value(s, name)), uri) != 0)
            continue;
        guint64 id = 0;
        if (g_ascii_string_to_unsigned(name + std::strlen(kPrefix), 10, 1, 255, &id, nullptr) !=
            FALSE)
            return static_cast<std::uint8_t>(id);
    }
    return 0;
}

// Mapping the whole of a buffer of several memories would copy it; GStreamer's own reader does not.
std::optional<JitterPacket> read_scattered(GstBuffer* buffer, std::uint8_t ntp64_id,
                                           const char** why) {
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
    guint16 profile = 0;
    gpointer data = nullptr;
    guint words = 0;
    if (gst_rtp_buffer_get_extension_data(&rtp, &profile, &data, &words) != FALSE)
        packet.ntp = ntp_of(
            profile, {static_cast<const std::uint8_t*>(data), std::size_t{words} * 4}, ntp64_id);
    gst_rtp_buffer_unmap(&rtp);
    return packet;
}

std::optional<JitterPacket> read_whole(GstBuffer* buffer, std::uint8_t ntp64_id, const char** why) {
    GstMemory* memory = gst_buffer_peek_memory(buffer, 0);
    GstMapInfo map;
    if (gst_memory_map(memory, &map, GST_MAP_READ) == FALSE) {
        *why = "its memory cannot be read";
        return std::nullopt;
    }
    const std::span<const std::uint8_t> bytes{map.data, map.size};
    const RtpParseResult parsed = parse_rtp(bytes);
    const RtpHeader& header = parsed.header;
    std::uint64_t ntp = 0;
    if (parsed.ok() && header.has_extension)
        ntp = ntp_of(header.extension_profile,
                     bytes.subspan(header.extension_offset, header.extension_bytes), ntp64_id);
    gst_memory_unmap(memory, &map);
    if (!parsed.ok()) {
        *why = describe(parsed.status);
        return std::nullopt;
    }
    JitterPacket packet = facts_of(header);
    packet.ntp = ntp;
    return packet;
}

} // namespace

std::optional<JitterPacket> read_rtp(GstBuffer* buffer, std::uint8_t ntp64_id, const char** why) {
    const guint memories = gst_buffer_n_memory(buffer);
    std::optional<JitterPacket> packet;
    if (memories == 0)
        *why = "it is empty; an RTP packet has at least 12 bytes";
    else
        packet = memories == 1 ? read_whole(buffer, ntp64_id, why)
                               : read_scattered(buffer, ntp64_id, why);
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
    result.ntp64_id = find_extension_id(s, GST_RTP_HDREXT_BASE GST_RTP_HDREXT_NTP_64);
    GstClockTime time = 0;
    if (gst_structure_get_clock_time(s, "npt-start", &time) != FALSE)
        result.npt_start = time;
    if (gst_structure_get_clock_time(s, "npt-stop", &time) != FALSE)
        result.npt_stop = time;
    return result;
}

std::string describe_no_rate(const GstCaps* caps, unsigned payload_type) {
    if (caps == nullptr || gst_caps_is_any(caps) != FALSE || gst_caps_is_empty(caps) != FALSE)
        return "there are no caps";
    const int other = read_caps(caps).payload_type;
    if (other >= 0 && static_cast<unsigned>(other) != payload_type)
        return "the caps are for payload type " + std::to_string(other);
    const GValue* value = gst_structure_get_value(gst_caps_get_structure(caps, 0), "clock-rate");
    if (value == nullptr)
        return "the caps have no clock-rate";
    gchar* text = gst_value_serialize(value);
    std::string why = std::string("clock-rate is ") + (text != nullptr ? text : "of a wrong type");
    g_free(text);
    return why;
}

} // namespace tactus
