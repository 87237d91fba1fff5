// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/rtp_header.h"

namespace tactus {

namespace {

constexpr std::size_t kFixedBytes = 12;
constexpr std::size_t kWordBytes = 4;

std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint32_t read32(std::span<const std::uint8_t> bytes, std::size_t at) {
    return std::uint32_t{read16(bytes, at)} << 16 | read16(bytes, at + 2);
}

RtpParseStatus read_extension(std::span<const std::uint8_t> packet, RtpHeader& header) {
    const std::size_t start = header.header_bytes;
    if (packet.size() - start < kWordBytes)
        return RtpParseStatus::extension_truncated;
    header.extension_profile = read16(packet, start);
    header.extension_bytes = read16(packet, start + 2) * kWordBytes;
    header.extension_offset = start + kWordBytes;
    if (packet.size() - header.extension_offset < header.extension_bytes)
        return RtpParseStatus::extension_truncated;
    header.header_bytes = header.extension_offset + header.extension_bytes;
    return RtpParseStatus::ok;
}

RtpParseStatus read_padding(std::span<const std::uint8_t> packet, RtpHeader& header) {
    const std::size_t behind_header = packet.size() - header.header_bytes;
    const std::size_t padding = behind_header > 0 ? packet.back() : 0;
    if (padding == 0 || padding > behind_header)
        return RtpParseStatus::bad_padding;
    header.padding_bytes = padding;
    return RtpParseStatus::ok;
}

RtpParseStatus read_header(std::span<const std::uint8_t> packet, RtpHeader& header) {
    if (packet.size() < kFixedBytes)
        return RtpParseStatus::too_short;
    if (packet[0] >> 6 != 2)
        return RtpParseStatus::bad_version;
    if (packet[1] >= 200 && packet[1] <= 204)
        return RtpParseStatus::rtcp;
    header.has_extension = (packet[0] & 0x10) != 0;
    header.csrc_count = packet[0] & 0x0f;
    header.marker = (packet[1] & 0x80) != 0;
    header.payload_type = packet[1] & 0x7f;
    header.seqnum = read16(packet, 2);
    header.timestamp = read32(packet, 4);
    header.ssrc = read32(packet, 8);
    header.header_bytes = kFixedBytes + header.csrc_count * kWordBytes;
    if (header.header_bytes > packet.size())
        return RtpParseStatus::csrc_truncated;
    RtpParseStatus status = RtpParseStatus::ok;
    if (header.has_extension)
        status = read_extension(packet, header);
    if (status == RtpParseStatus::ok && (packet[0] & 0x20) != 0)
        status = read_padding(packet, header);
    if (status == RtpParseStatus::ok)
        header.payload_bytes = packet.size() - header.header_bytes - header.padding_bytes;
    return status;
}

} // namespace

RtpParseResult parse_rtp(std::span<const std::uint8_t> packet) {
    RtpParseResult result;
    result.status = read_header(packet, result.header);
    return result;
}

std::span<const std::uint8_t> find_extension_item(std::uint16_t profile,
                                                  std::span<const std::uint8_t> extension,
                                                  std::uint8_t id) {
    constexpr std::uint16_t kOneByte = 0xbede;
    constexpr std::uint16_t kTwoBytes = 0x1000; // the last four bits are the application's
    constexpr std::uint8_t kStop = 15;
    const bool short_headers = profile == kOneByte;
    if ((!short_headers && (profile & 0xfff0) != kTwoBytes) || id == 0)
        return {};
    std::size_t at = 0;
    while (at < extension.size()) {
        if (extension[at] == 0) { // padding
            ++at;
            continue;
        }
        const std::uint8_t found = short_headers ? extension[at] >> 4 : extension[at];
        if (short_headers && (found == kStop || found == 0))
            return {};
        std::size_t bytes = (extension[at++] & 0x0f) + std::size_t{1};
        if (!short_headers) {
            if (at == extension.size())
                return {};
            bytes = extension[at++];
        }
        if (bytes > extension.size() - at)
            return {};
        if (found == id)
            return extension.subspan(at, bytes);
        at += bytes;
    }
    return {};
}

std::uint64_t read_ntp64(std::span<const std::uint8_t> item) {
    if (item.size() != 8)
        return 0;
    return std::uint64_t{read32(item, 0)} << 32 | read32(item, 4);
}

const char* describe(RtpParseStatus status) {
    switch (status) {
    case RtpParseStatus::ok:
        return "a valid RTP packet";
    case RtpParseStatus::too_short:
        return "shorter than the 12 bytes of an RTP header";
    case RtpParseStatus::bad_version:
        return "the RTP version is not 2";
    case RtpParseStatus::rtcp:
        return "an RTCP packet; it belongs on the sink_rtcp pad";
    case RtpParseStatus::csrc_truncated:
        return "the list of contributing sources ends behind the packet";
    case RtpParseStatus::extension_truncated:
        return "the header extension ends behind the packet";
    case RtpParseStatus::bad_padding:
        return "the padding is 0 bytes or longer than the payload";
    }
    return "unknown";
}

} // namespace tactus
