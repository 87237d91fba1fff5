// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/jitter/rtp_header.h"

#include <gtest/gtest.h>

#include <random>
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

// --- items of header extensions (RFC 8285)

constexpr std::uint16_t kShort = 0xbede;
constexpr std::uint16_t kLong = 0x1000;

Bytes item_of(std::uint16_t profile, const Bytes& extension, std::uint8_t id) {
    const auto item = find_extension_item(profile, extension, id);
    return {item.begin(), item.end()};
}

TEST(RtpExtension, FindsItemsWithAShortHeader) {
    const Bytes extension{0x10, 0xaa, 0, 0, 0x31, 0xb1, 0xb2, 0xe0, 0xcc, 0, 0, 0};
    EXPECT_EQ(item_of(kShort, extension, 1), Bytes{0xaa});
    EXPECT_EQ(item_of(kShort, extension, 3), (Bytes{0xb1, 0xb2}));
    EXPECT_EQ(item_of(kShort, extension, 14), Bytes{0xcc});
    EXPECT_EQ(item_of(kShort, extension, 2), Bytes{});
    EXPECT_EQ(item_of(kShort, extension, 0), Bytes{});
}

TEST(RtpExtension, FindsItemsWithALongHeader) {
    const Bytes extension{7, 0, 0, 200, 2, 0xb1, 0xb2, 0, 15, 1, 0xcc, 0};
    EXPECT_EQ(item_of(kLong, extension, 7), Bytes{});
    EXPECT_EQ(item_of(kLong, extension, 200), (Bytes{0xb1, 0xb2}));
    EXPECT_EQ(item_of(kLong | 5, extension, 15), Bytes{0xcc});
}

TEST(RtpExtension, StopsAtReservedAndBrokenItems) {
    EXPECT_EQ(item_of(kShort, {0xf0, 0, 0x10, 0xaa}, 1), Bytes{});
    EXPECT_EQ(item_of(kShort, {0x01, 0, 0x10, 0xaa}, 1), Bytes{});
    EXPECT_EQ(item_of(kShort, {0x2f, 0, 0x10, 0xaa}, 1), Bytes{});
    EXPECT_EQ(item_of(kShort, {0, 0, 0, 0x10}, 1), Bytes{});
    EXPECT_EQ(item_of(kLong, {0, 0, 0, 1}, 1), Bytes{});
    EXPECT_EQ(item_of(kLong, {1, 3, 0xaa, 0xbb}, 1), Bytes{});
}

TEST(RtpExtension, KnowsNoOtherProfiles) {
    EXPECT_EQ(item_of(0x1010, {1, 1, 0xaa, 0}, 1), Bytes{});
    EXPECT_EQ(item_of(0xbedd, {0x10, 0xaa, 0, 0}, 1), Bytes{});
}

TEST(RtpExtension, SurvivesRubbish) {
    std::mt19937 random(3);
    for (int round = 0; round < 20'000; ++round) {
        Bytes extension(random() % 24);
        for (std::uint8_t& byte : extension)
            byte = static_cast<std::uint8_t>(random() % 4 == 0 ? random() % 16 : random());
        for (const std::uint16_t profile : {kShort, kLong}) {
            const auto item =
                find_extension_item(profile, extension, static_cast<std::uint8_t>(random() % 16));
            if (item.empty())
                continue;
            ASSERT_GE(item.data(), extension.data());
            ASSERT_LE(item.data() + item.size(), extension.data() + extension.size());
        }
    }
}

TEST(RtpExtension, ReadsTheSendersTime) {
    EXPECT_EQ(read_ntp64(Bytes{1, 2, 3, 4, 5, 6, 7, 0xf8}), 0x01020304050607f8U);
    EXPECT_EQ(read_ntp64(Bytes{1, 2, 3, 4, 5, 6, 7}), 0U);
    EXPECT_EQ(read_ntp64(Bytes(9, 1)), 0U);
    EXPECT_EQ(read_ntp64({}), 0U);
}

} // namespace

} // namespace tactus
