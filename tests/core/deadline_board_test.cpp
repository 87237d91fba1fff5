// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/clock/deadline_board.h"

#include <gtest/gtest.h>

#include <array>

using tactus::DeadlineBoard;

namespace {

class Deadlines : public ::testing::Test {
  protected:
    void put(DeadlineBoard::Entry& entry, std::int64_t due_ns) {
        entry.due_ns = due_ns;
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
    e_[0].due_ns = 40;
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
    e_[0].due_ns = DeadlineBoard::kNever;
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
