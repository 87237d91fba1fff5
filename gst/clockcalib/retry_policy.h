// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace tactus {

enum class SendResult : std::uint8_t { taken, try_again, refused };

/// What an HTTP status means to a sender of OTLP (OTLP specification, "OTLP/HTTP response"): 2xx is
/// taken; 429, 502, 503, 504 are worth another try, and so is no answer at all (0).
SendResult send_result(int http_status);

/// How long to wait before the next try: exponential back-off with jitter and an upper limit, or
/// what the collector asks for (Retry-After), whichever is longer.
///
/// Time and randomness are the caller's. One thread.
class RetryPolicy {
  public:
    struct Settings {
        std::uint64_t first_delay_ms = 1000;
        std::uint64_t max_delay_ms = 30'000;
        std::uint64_t max_retry_after_ms = 300'000; ///< a longer wish is cut to this
        double jitter = 0.2;                        ///< a delay is cut by up to this share
    };

    RetryPolicy(const Settings& settings, std::uint64_t seed) : settings_(settings), state_(seed) {}

    std::uint64_t next_delay_ms(std::optional<std::uint64_t> retry_after_ms);
    /// The next failure is a first one again.
    void succeeded() { failures_ = 0; }

  private:
    double random_share();

    const Settings settings_;
    std::uint64_t state_;
    unsigned failures_ = 0;
};

} // namespace tactus
