// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tactus {

struct HttpAnswer {
    int status = 0;      ///< 0: there was no answer
    std::string trouble; ///< why not
    std::optional<std::uint64_t> retry_after_ms;
    std::vector<std::uint8_t> body; ///< the first 64 KiB
};

/// Posts to one URL with libcurl, with one connection that is kept.
///
/// Threads: post() on one thread; wake() on any.
class HttpPost {
  public:
    /// How long a post may still go on; 0 gives it up.
    using Patience = std::function<std::chrono::milliseconds()>;

    /// The URL of the collector as a user writes it, checked and with /v1/traces at its end.
    /// Nothing, and an error text, if it is no http or https URL.
    static std::optional<std::string> traces_url(const std::string& url, std::string& error);

    /// Null and an error text if libcurl does not start.
    static std::unique_ptr<HttpPost> create(const std::string& url, std::string& error);
    virtual ~HttpPost() = default;

    /// Asks `patience` again whenever something happens, wake() included.
    virtual HttpAnswer post(std::span<const std::uint8_t> body, const Patience& patience) = 0;
    virtual void wake() = 0;
};

} // namespace tactus
