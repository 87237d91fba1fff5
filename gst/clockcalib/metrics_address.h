// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tactus {

/// Where the metrics endpoint listens. Numeric only: a name could come to mean a wide address.
struct MetricsAddress {
    std::string host; ///< "127.0.0.1", "::1"
    std::uint16_t port = 0;
    bool is_ipv6 = false;

    /// "127.0.0.1:9464", "[::1]:9464"
    std::string text() const;
};

/// Reads "127.0.0.1:9464", "[::1]:9464", "localhost:9464", ":9464" or "9464"; the last three mean
/// 127.0.0.1. Otherwise nothing, and `error` says what is wrong and what would be right.
std::optional<MetricsAddress> parse_metrics_address(std::string_view text, std::string& error);

} // namespace tactus
