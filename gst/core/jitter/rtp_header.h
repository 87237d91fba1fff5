// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tactus {

/// What a packet's header says (RFC 3550 section 5.1), and where its parts lie.
struct RtpHeader {
    std::uint16_t seqnum = 0;
    std::uint32_t timestamp = 0;
    std::uint32_t ssrc = 0;
    std::uint8_t payload_type = 0;
    bool marker = false;
    std::uint8_t csrc_count = 0;
    bool has_extension = false;
    std::uint16_t extension_profile = 0; ///< 0xBEDE for one-byte items (RFC 8285)
    std::size_t extension_offset = 0;    ///< of the first item, behind the extension's own header
    std::size_t extension_bytes = 0;
    std::size_t header_bytes = 0; ///< fixed part, CSRC list and extension
    std::size_t padding_bytes = 0;
    std::size_t payload_bytes = 0; ///< without padding
};

enum class RtpParseStatus : std::uint8_t {
    ok,
    too_short,           ///< under 12 bytes
    bad_version,         ///< not 2
    rtcp,                ///< payload types 72 to 76 with the marker bit: RTCP (RFC 5761 section 4)
    csrc_truncated,      ///< the CSRC list ends behind the packet
    extension_truncated, ///< the header extension ends behind the packet
    bad_padding,         ///< a padding of 0 bytes, or one longer than the payload
};

struct RtpParseResult {
    RtpParseStatus status = RtpParseStatus::too_short;
    RtpHeader header;

    bool ok() const { return status == RtpParseStatus::ok; }
};

/// Reads the header of an RTP packet. Looks at no byte outside `packet`, and takes constant time.
RtpParseResult parse_rtp(std::span<const std::uint8_t> packet);

/// The first item `id` of a header extension (RFC 8285 sections 4.2 and 4.3: profile 0xBEDE has
/// items with a header of one byte, 0x1000 to 0x100F of two). Empty if there is none, or if an item
/// before it is broken. Looks at each byte once at most.
std::span<const std::uint8_t> find_extension_item(std::uint16_t profile,
                                                  std::span<const std::uint8_t> extension,
                                                  std::uint8_t id);

/// The sender's NTP time in an item of urn:ietf:params:rtp-hdrext:ntp-64 (RFC 6051 section 3.3), in
/// units of 2^-32 s; 0 if the item has not its 8 bytes.
std::uint64_t read_ntp64(std::span<const std::uint8_t> item);

/// A sentence for an error message: what is wrong and what would be right.
const char* describe(RtpParseStatus status);

} // namespace tactus
