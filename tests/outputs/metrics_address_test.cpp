// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/metrics_address.h"

#include <gtest/gtest.h>

namespace tactus {

namespace {

std::string read(const char* text) {
    std::string error;
    const auto address = parse_metrics_address(text, error);
    return address ? address->text() : error;
}

TEST(MetricsAddress, reads_numeric_addresses) {
    EXPECT_EQ(read("127.0.0.1:9464"), "127.0.0.1:9464");
    EXPECT_EQ(read("[::1]:9464"), "[::1]:9464");
    EXPECT_EQ(read("127.0.0.1:0"), "127.0.0.1:0");
}

TEST(MetricsAddress, means_loopback_unless_a_wide_address_is_given) {
    EXPECT_EQ(read(":9464"), "127.0.0.1:9464");
    EXPECT_EQ(read("9464"), "127.0.0.1:9464");
    EXPECT_EQ(read("localhost:9464"), "127.0.0.1:9464");
    EXPECT_EQ(read("0.0.0.0:9464"), "0.0.0.0:9464");
}

TEST(MetricsAddress, names_what_is_malformed_and_what_would_be_right) {
    for (const char* text :
         {"", ":", "127.0.0.1", "127.0.0.1:65536", "127.0.0.1:-1", "1.2.3:9464", "::1:9464",
          "[::1]", "[::g]:9464", "example.com:80", "127.0.0.1:80x", "127.0.0.1:80,90", "[]:80"}) {
        std::string error;
        EXPECT_FALSE(parse_metrics_address(text, error)) << text;
        EXPECT_NE(error.find('"' + std::string(text) + '"'), std::string::npos) << error;
        EXPECT_NE(error.find("127.0.0.1:9464"), std::string::npos) << error;
    }
}

// Where the HTTP server is built without IPv6, as on Debian 12, [::1] does not work.
TEST(MetricsAddress, recommends_what_works_everywhere) {
    EXPECT_EQ(read("foo").find("::1"), std::string::npos) << read("foo");
    EXPECT_NE(read("foo").find(":9464 (loopback)"), std::string::npos) << read("foo");
}

} // namespace

} // namespace tactus
