// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/rtp_header.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tactus {

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes plain(std::size_t payload = 4) {
    Bytes packet{0x80, 0x60, 0xab, 0xcd, 0x01, 0x02, 0x03, 0x04, 0xde, 0xad, 0xbe, 0xef};
    packet.resize(packet.size() + payload, 0x55);
    return packet;
}

TEST(RtpHeader, ReadsTheFixedPart) {
    const auto result = parse_rtp(plain());
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.header.seqnum, 0xabcd);
    EXPECT_EQ(result.header.timestamp, 0x01020304u);
    EXPECT_EQ(result.header.ssrc, 0xdeadbeefu);
    EXPECT_EQ(result.header.payload_type, 96);
    EXPECT_FALSE(result.header.marker);
    EXPECT_EQ(result.header.header_bytes, 12u);
    EXPECT_EQ(result.header.payload_bytes, 4u);
}

TEST(RtpHeader, AllowsAnEmptyPayload) {
    const auto result = parse_rtp(plain(0));
    ASSERT_TRUE(result.ok());
    EXPECT_EQ(result.header.payload_bytes, 0u);
}

TEST(RtpHeader, ReadsSourcesExtensionAndPadding) {
    Bytes packet = plain(0);
    packet[0] = 0x80 | 0x20 | 0x10 | 2;
    packet[1] = 0x80 | 111;
    packet.insert(packet.end(), 8, 0x11);                                          // two sources
    packet.insert(packet.end(), {0xbe, 0xde, 0x00, 0x02, 1, 2, 3, 4, 5, 6, 7, 8}); // extension
    packet.insert(packet.end(), {9, 9, 9, 0, 0, 3}); // payload, padding
    const auto result = parse_rtp(packet);
    ASSERT_TRUE(result.ok()) << describe(result.status);
    EXPECT_TRUE(result.header.marker);
    EXPECT_EQ(result.header.csrc_count, 2);
    EXPECT_EQ(result.header.extension_profile, 0xbede);
    EXPECT_EQ(result.header.extension_offset, 24u);
    EXPECT_EQ(result.header.extension_bytes, 8u);
    EXPECT_EQ(result.header.header_bytes, 32u);
    EXPECT_EQ(result.header.padding_bytes, 3u);
    EXPECT_EQ(result.header.payload_bytes, 3u);
}

TEST(RtpHeader, RefusesEveryTruncation) {
    Bytes packet = plain(0);
    packet[0] = 0x80 | 0x10 | 3;
    packet.insert(packet.end(), 12, 0x11);
    packet.insert(packet.end(), {0xbe, 0xde, 0x00, 0x01, 1, 2, 3, 4});
    ASSERT_TRUE(parse_rtp(packet).ok());
    for (std::size_t size = 0; size < packet.size(); ++size) {
        const Bytes cut(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_FALSE(parse_rtp(cut).ok()) << size;
    }
}

TEST(RtpHeader, TellsWhatIsWrong) {
    Bytes packet = plain();
    packet[0] = 0x40;
    EXPECT_EQ(parse_rtp(packet).status, RtpParseStatus::bad_version);
    packet[0] = 0x8f;
    EXPECT_EQ(parse_rtp(packet).status, RtpParseStatus::csrc_truncated);
    packet[0] = 0x80;
    packet[1] = 200;
    EXPECT_EQ(parse_rtp(packet).status, RtpParseStatus::rtcp);
    EXPECT_EQ(parse_rtp({}).status, RtpParseStatus::too_short);
    for (int status = 0; status <= static_cast<int>(RtpParseStatus::bad_padding); ++status)
        EXPECT_NE(std::string(describe(static_cast<RtpParseStatus>(status))), "unknown");
}

TEST(RtpHeader, RefusesPaddingOfNothingAndPaddingBeyondThePayload) {
    Bytes packet = plain();
    packet[0] |= 0x20;
    packet.back() = 0;
    EXPECT_EQ(parse_rtp(packet).status, RtpParseStatus::bad_padding);
    packet.back() = 5;
    EXPECT_EQ(parse_rtp(packet).status, RtpParseStatus::bad_padding);
    packet.back() = 4;
    EXPECT_TRUE(parse_rtp(packet).ok());
}

} // namespace

} // namespace tactus
