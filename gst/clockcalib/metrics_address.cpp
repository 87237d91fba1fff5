// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/metrics_address.h"

#include <arpa/inet.h>

#include <charconv>

namespace tactus {

namespace {

constexpr std::string_view kLoopback = "127.0.0.1";

bool is_address(int family, const std::string& host) {
    in6_addr room{};
    return inet_pton(family, host.c_str(), &room) == 1;
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (text.empty() || status != std::errc{} || end != text.data() + text.size())
        return std::nullopt;
    return port;
}

std::string complaint(std::string_view text, std::string_view why) {
    return "metrics address \"" + std::string(text) + "\": " + std::string(why) +
           "; give an address and a port, such as 127.0.0.1:9464, or :9464 (loopback)";
}

} // namespace

std::string MetricsAddress::text() const {
    const std::string number = std::to_string(port);
    return is_ipv6 ? "[" + host + "]:" + number : host + ":" + number;
}

std::optional<MetricsAddress> parse_metrics_address(std::string_view text, std::string& error) {
    const std::size_t colon = text.rfind(':');
    const std::string_view port_text =
        colon == std::string_view::npos ? text : text.substr(colon + 1);
    std::string_view host = colon == std::string_view::npos ? "" : text.substr(0, colon);

    const auto port = port_of(port_text);
    if (!port) {
        error = complaint(text, "\"" + std::string(port_text) + "\" is no port (0 to 65535)");
        return std::nullopt;
    }
    MetricsAddress address;
    address.port = *port;
    address.is_ipv6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (address.is_ipv6)
        host = host.substr(1, host.size() - 2);
    else if (host.empty() || host == "localhost")
        host = kLoopback;
    address.host = host;
    if (!is_address(address.is_ipv6 ? AF_INET6 : AF_INET, address.host)) {
        error = complaint(text, "\"" + address.host + "\" is no numeric address");
        return std::nullopt;
    }
    return address;
}

} // namespace tactus
