// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/retry_policy.h"

#include <algorithm>

namespace tactus {

SendResult send_result(int http_status) {
    if (http_status >= 200 && http_status < 300)
        return SendResult::taken;
    const bool passing = http_status == 0 || http_status == 429 || http_status == 502 ||
                         http_status == 503 || http_status == 504;
    return passing ? SendResult::try_again : SendResult::refused;
}

// SplitMix64, as in otlp_ids.h.
double RetryPolicy::random_share() {
    state_ += 0x9e3779b97f4a7c15;
    std::uint64_t x = state_;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    x ^= x >> 31;
    return static_cast<double>(x >> 11) * 0x1p-53;
}

std::uint64_t RetryPolicy::next_delay_ms(std::optional<std::uint64_t> retry_after_ms) {
    std::uint64_t delay = settings_.first_delay_ms;
    for (unsigned i = 0; i < failures_ && delay < settings_.max_delay_ms; ++i)
        delay *= 2;
    delay = std::min(delay, settings_.max_delay_ms);
    ++failures_;
    const double cut = static_cast<double>(delay) * settings_.jitter * random_share();
    delay -= std::min(delay, static_cast<std::uint64_t>(cut));
    // Sooner than it asks for would be rude, whatever the jitter says.
    const std::uint64_t wish = std::min(retry_after_ms.value_or(0), settings_.max_retry_after_ms);
    return std::max(delay, wish);
}

} // namespace tactus
