// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How often the kernel is entered, counted from outside: the parent stops the child at each call.
#include "arena_fixture.h"

#include <csignal>
#include <functional>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tactus::test {

namespace {

constexpr int kUntraceable = 3;

/// The calls that `work` makes in a child process, after `warm_up`; negative if nobody may trace
/// here.
int count_calls(const std::function<void()>& warm_up, const std::function<void()>& work) {
    const pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0)
            _exit(kUntraceable);
        warm_up();
        raise(SIGSTOP);
        work();
        raise(SIGSTOP);
        _exit(0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return -1;
    ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    // Each call stops twice, on the way in and on the way out.
    int stops = 0;
    for (;;) {
        ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
        if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) ||
            WSTOPSIG(status) == SIGSTOP)
            break;
        stops += WSTOPSIG(status) == (SIGTRAP | 0x80);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    return (stops + 1) / 2;
}

class Syscalls : public ::testing::Test {
  protected:
    void SetUp() override {
        if (kSanitized)
            GTEST_SKIP() << "a sanitizer makes calls of its own";
        none_ = count_calls([] {}, [] {});
        if (none_ < 0)
            GTEST_SKIP() << "no process may be traced here";
    }
    /// Beyond those that the measurement makes itself.
    int calls(const std::function<void()>& warm_up, const std::function<void()>& work) const {
        return count_calls(warm_up, work) - none_;
    }

  private:
    int none_ = 0;
};

TEST_F(Syscalls, are_seen_by_this_test) {
    const auto ask = [] {
        for (int i = 0; i < 7; ++i)
            syscall(SYS_getppid);
    };
    EXPECT_EQ(calls([] {}, ask), 7);
}

TEST_F(Syscalls, are_not_made_for_a_block_that_was_used_before) {
    const auto arena = FrameArena::create({});
    const auto cycle = [&] {
        for (int i = 0; i < 1000; ++i) {
            FrameBlock* first = arena->acquire(k8kNv12Bytes);
            FrameBlock* second = arena->acquire(100);
            arena->release(first);
            arena->release(second);
        }
    };
    EXPECT_EQ(calls(cycle, cycle), 0);
    EXPECT_GT(calls([] {}, cycle), 0);
}

} // namespace

} // namespace tactus::test
