// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/deadline_board.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <thread>

using tactus::DeadlineBoard;

namespace {

class Deadlines : public ::testing::Test {
  protected:
    void put(DeadlineBoard::Entry& entry, std::int64_t due_ns) {
        if (!entry.move(due_ns))
            board_.add(entry);
    }
    std::vector<DeadlineBoard::Entry*> poll(std::int64_t now_ns) {
        std::vector<DeadlineBoard::Entry*> due;
        board_.poll(now_ns, due);
        return due;
    }

    using List = std::vector<DeadlineBoard::Entry*>;
    DeadlineBoard board_;
    std::array<DeadlineBoard::Entry, 3> e_;
};

} // namespace

TEST_F(Deadlines, ComeInTheOrderOfTime) {
    put(e_[0], 30);
    put(e_[1], 10);
    put(e_[2], 20);
    EXPECT_EQ(board_.next_ns(), 10);
    EXPECT_EQ(poll(9), List{});
    EXPECT_EQ(poll(20), (List{&e_[1], &e_[2]}));
    EXPECT_EQ(board_.next_ns(), 30);
    EXPECT_EQ(poll(30), List{&e_[0]});
    EXPECT_EQ(board_.next_ns(), DeadlineBoard::kNever);
}

TEST_F(Deadlines, OneThatWasPutOffComesAtItsNewTime) {
    put(e_[0], 10);
    put(e_[1], 15);
    EXPECT_TRUE(e_[0].move(40));
    EXPECT_EQ(board_.next_ns(), 10); // nobody told the board
    EXPECT_EQ(poll(12), List{});
    EXPECT_EQ(board_.next_ns(), 15);
    EXPECT_EQ(poll(39), List{&e_[1]});
    EXPECT_EQ(poll(40), List{&e_[0]});
}

TEST_F(Deadlines, OneThatWasPutForwardComesEarlier) {
    put(e_[0], 100);
    put(e_[0], 10);
    EXPECT_EQ(board_.next_ns(), 10);
    EXPECT_EQ(poll(10), List{&e_[0]});
    EXPECT_EQ(poll(200), List{}); // once
}

TEST_F(Deadlines, OneThatWasPutOffForEverLeavesTheBoard) {
    put(e_[0], 10);
    EXPECT_TRUE(e_[0].move(DeadlineBoard::kNever));
    EXPECT_EQ(poll(10), List{});
    EXPECT_EQ(board_.next_ns(), DeadlineBoard::kNever);
    put(e_[0], 20);
    EXPECT_EQ(poll(20), List{&e_[0]});
}

TEST_F(Deadlines, SameTimeIsEachOnes) {
    for (DeadlineBoard::Entry& entry : e_)
        put(entry, 10);
    board_.remove(e_[1]);
    EXPECT_EQ(poll(10).size(), 2U);
    board_.remove(e_[1]); // is not there
}

TEST_F(Deadlines, OneThatWasPutOffMayComeForwardToWhereTheBoardLooks) {
    put(e_[0], 10);
    EXPECT_TRUE(e_[0].move(100));
    EXPECT_TRUE(e_[0].move(50));
    EXPECT_EQ(poll(10), List{});
    EXPECT_EQ(board_.next_ns(), 50);
    EXPECT_TRUE(e_[0].move(100));
    EXPECT_FALSE(e_[0].move(40));
    EXPECT_EQ(poll(60), List{&e_[0]});
}

TEST_F(Deadlines, ThoseOfOneStepShareALook) {
    DeadlineBoard board(10);
    e_[0].move(13);
    board.add(e_[0]);
    EXPECT_EQ(board.next_ns(), 20);
    e_[1].move(11); // earlier, but not in an earlier step
    board.add(e_[1]);
    EXPECT_EQ(board.next_ns(), 20);
    e_[2].move(10);
    board.add(e_[2]);
    EXPECT_EQ(board.next_ns(), 10);
    List due;
    board.poll(10, due);
    EXPECT_EQ(due, List{&e_[2]});
    due.clear();
    board.poll(20, due);
    EXPECT_EQ(due, (List{&e_[1], &e_[0]}));
    EXPECT_EQ(board.next_ns(), DeadlineBoard::kNever);
}

// Polled before its time, as it may be when it is moved just then, it is put on the board again.
TEST_F(Deadlines, MovedWhileTheBoardIsPolledTheyAreNotMissed) {
    std::atomic<std::int64_t> now_ns{0};
    std::atomic<std::int64_t> wanted_ns{1};
    std::atomic<std::int64_t> rung_ns{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    DeadlineBoard::Entry& entry = e_[0];
    const auto want = [&](std::int64_t due_ns) {
        wanted_ns = due_ns;
        if (entry.move(due_ns))
            return;
        const std::lock_guard lock(mutex);
        board_.add(entry);
    };
    want(1);
    std::thread poller([&] {
        while (!stop) {
            const std::lock_guard lock(mutex);
            const std::int64_t now = ++now_ns;
            if (poll(now).empty())
                continue;
            if (wanted_ns > now)
                board_.add(entry);
            else
                rung_ns = now;
        }
    });
    for (std::int64_t i = 0; i < 20'000; ++i) {
        want(now_ns + 1000);
        const std::int64_t due_ns = now_ns + 5;
        want(due_ns);
        if (i % 64 != 0)
            continue;
        // This one stays, until a whole poll has followed.
        const std::int64_t until_ns = std::max<std::int64_t>(due_ns, now_ns) + 1;
        while (now_ns <= until_ns)
            std::this_thread::yield();
        const std::lock_guard lock(mutex);
        EXPECT_GE(rung_ns, due_ns) << i;
    }
    stop = true;
    poller.join();
}
