// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/ring/query_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tactus {

namespace {

TEST(QueryDesk, gives_the_consumer_the_query_and_the_producer_the_answer) {
    for (const bool answer : {true, false}) {
        QueryDesk desk;
        int query = 0;
        const QueryDesk::Ticket ticket = desk.open(&query);
        EXPECT_NE(ticket, 0u);
        std::thread consumer([&] {
            EXPECT_EQ(desk.begin(ticket), &query);
            desk.finish(ticket, answer);
        });
        EXPECT_EQ(desk.wait(0), std::optional(answer));
        consumer.join();
    }
}

TEST(QueryDesk, keeps_an_answer_that_comes_before_the_wait) {
    QueryDesk desk;
    int query = 0;
    const auto ticket = desk.open(&query);
    desk.begin(ticket);
    desk.finish(ticket, true);
    EXPECT_EQ(desk.wait(0), std::optional(true));
}

TEST(QueryDesk, answers_false_when_cancelled) {
    QueryDesk desk;
    int query = 0;
    const auto ticket = desk.open(&query);
    desk.cancel();
    EXPECT_EQ(desk.wait(0), std::optional(false));
    EXPECT_EQ(desk.begin(ticket), nullptr);
}

TEST(QueryDesk, is_cancelled_while_the_producer_waits) {
    QueryDesk desk;
    int query = 0;
    desk.open(&query);
    std::thread other([&] { desk.cancel(); });
    EXPECT_EQ(desk.wait(0), std::optional(false));
    other.join();
}

TEST(QueryDesk, answers_false_when_the_ring_throws_the_ticket_away) {
    QueryDesk desk;
    int query = 0;
    const auto ticket = desk.open(&query);
    desk.refuse(ticket);
    EXPECT_EQ(desk.wait(0), std::optional(false));
}

TEST(QueryDesk, gives_up_after_the_timeout_while_the_query_waits_its_turn) {
    QueryDesk desk;
    int query = 0;
    const auto ticket = desk.open(&query);
    EXPECT_EQ(desk.wait(1), std::nullopt);
    EXPECT_EQ(desk.begin(ticket), nullptr); // the query may be gone
}

TEST(QueryDesk, survives_the_longest_timeout) {
    QueryDesk desk;
    int query = 0;
    const auto ticket = desk.open(&query);
    std::thread consumer([&] {
        desk.begin(ticket);
        desk.finish(ticket, true);
    });
    EXPECT_EQ(desk.wait(UINT64_MAX), std::optional(true));
    consumer.join();
}

TEST(QueryDesk, never_abandons_a_query_that_has_begun) {
    QueryDesk desk;
    int query = 0;
    const auto ticket = desk.open(&query);
    ASSERT_EQ(desk.begin(ticket), &query);
    std::atomic<bool> finishing{false};
    std::thread consumer([&] {
        desk.cancel(); // too late
        desk.refuse(ticket);
        finishing.store(true);
        desk.finish(ticket, true);
    });
    EXPECT_EQ(desk.wait(1), std::optional(true));
    EXPECT_TRUE(finishing.load());
    consumer.join();
}

TEST(QueryDesk, ignores_stale_tickets) {
    QueryDesk desk;
    int first = 0;
    int second = 0;
    const auto stale = desk.open(&first);
    desk.wait(1);
    const auto ticket = desk.open(&second);
    EXPECT_NE(stale, ticket);
    EXPECT_EQ(desk.begin(stale), nullptr);
    desk.refuse(stale);
    EXPECT_EQ(desk.begin(ticket), &second);
    desk.finish(stale, false);
    desk.finish(ticket, true);
    EXPECT_EQ(desk.wait(0), std::optional(true));
}

TEST(QueryDesk, lets_a_query_begin_only_once) {
    QueryDesk desk;
    int query = 0;
    const auto ticket = desk.open(&query);
    EXPECT_EQ(desk.begin(ticket), &query);
    EXPECT_EQ(desk.begin(ticket), nullptr);
    desk.finish(ticket, true);
    EXPECT_EQ(desk.begin(ticket), nullptr);
}

TEST(QueryDesk, has_nothing_to_cancel_when_idle) {
    QueryDesk desk;
    int query = 0;
    desk.cancel();
    const auto ticket = desk.open(&query);
    EXPECT_EQ(desk.begin(ticket), &query);
}

// Consumer and timeout race; whoever asks for the query once the producer gave up gets nothing.
TEST(QueryDesk, hands_out_no_query_after_its_caller_has_left) {
    QueryDesk desk;
    std::atomic<QueryDesk::Ticket> ticket{0};
    std::atomic<bool> done{false};
    std::thread consumer([&] {
        while (!done.load()) {
            const auto t = ticket.load();
            auto* query = static_cast<std::atomic<int>*>(desk.begin(t));
            if (query == nullptr)
                continue;
            query->store(1);
            desk.finish(t, true);
        }
    });
    int wrong = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::atomic<int> query{0};
        ticket.store(desk.open(&query));
        const auto answer = desk.wait(1 + static_cast<std::uint64_t>(i) % 20'000);
        wrong += answer.has_value() != (query.load() == 1);
    }
    done.store(true);
    consumer.join();
    EXPECT_EQ(wrong, 0);
}

} // namespace

} // namespace tactus
