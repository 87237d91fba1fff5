// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "clockcalib/retry_policy.h"

#include <gtest/gtest.h>

namespace tactus {

namespace {

TEST(RetryPolicy, doubles_the_delay_up_to_the_limit) {
    RetryPolicy::Settings settings;
    settings.first_delay_ms = 100;
    settings.max_delay_ms = 1'000;
    settings.jitter = 0;
    RetryPolicy policy(settings, 1);
    for (const std::uint64_t delay : {100, 200, 400, 800, 1'000, 1'000})
        EXPECT_EQ(policy.next_delay_ms(std::nullopt), delay);
    policy.succeeded();
    EXPECT_EQ(policy.next_delay_ms(std::nullopt), 100u);
}

TEST(RetryPolicy, cuts_each_delay_by_a_random_share) {
    RetryPolicy::Settings settings;
    settings.first_delay_ms = settings.max_delay_ms = 10'000;
    settings.jitter = 0.2;
    RetryPolicy policy(settings, 7);
    std::uint64_t lowest = UINT64_MAX;
    std::uint64_t highest = 0;
    for (int i = 0; i < 1'000; ++i) {
        const std::uint64_t delay = policy.next_delay_ms(std::nullopt);
        lowest = std::min(lowest, delay);
        highest = std::max(highest, delay);
    }
    EXPECT_GE(lowest, 8'000u);
    EXPECT_LT(lowest, 8'100u);
    EXPECT_LE(highest, 10'000u);
    EXPECT_GT(highest, 9'900u);
}

TEST(RetryPolicy, waits_as_long_as_the_collector_asks_for_but_not_for_ever) {
    RetryPolicy policy({.first_delay_ms = 10, .max_delay_ms = 10, .max_retry_after_ms = 60'000}, 1);
    EXPECT_EQ(policy.next_delay_ms(5'000), 5'000u);
    EXPECT_EQ(policy.next_delay_ms(86'400'000), 60'000u);
    EXPECT_GE(policy.next_delay_ms(1), 8u);
}

TEST(RetryPolicy, tries_again_only_what_may_pass) {
    for (const int status : {0, 429, 502, 503, 504})
        EXPECT_EQ(send_result(status), SendResult::try_again) << status;
    for (const int status : {301, 400, 401, 404, 413, 500, 501})
        EXPECT_EQ(send_result(status), SendResult::refused) << status;
    EXPECT_EQ(send_result(200), SendResult::taken);
    EXPECT_EQ(send_result(202), SendResult::taken);
}

} // namespace

} // namespace tactus
