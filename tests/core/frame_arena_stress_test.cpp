// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Threads that take and give blocks, while another trims and looks; every block is counted, and
// belongs to one thread at a time.
#include "arena_fixture.h"

#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <thread>
#include <vector>

namespace tactus::test {

namespace {

TEST(TaggedStackStressTest, hands_each_number_to_one_thread_at_a_time) {
    constexpr std::uint32_t kNumbers = 5;
    constexpr int kRounds = 100'000;
    TaggedStack stack;
    std::vector<std::atomic<std::uint32_t>> next(kNumbers);
    std::vector<std::uint64_t> taken(kNumbers); // plain: the stack has to order the threads
    const auto next_of = [&](std::uint32_t n) -> auto& {
        return next[n];
    };
    for (std::uint32_t n = 0; n < kNumbers; ++n)
        stack.push(n, next_of);
    std::atomic<std::uint64_t> popped{0};
    const auto work = [&] {
        std::uint64_t mine = 0;
        for (int i = 0; i < kRounds; ++i) {
            const auto first = stack.pop(next_of);
            const auto second = stack.pop(next_of);
            for (const auto& number : {first, second})
                if (number) {
                    ++taken[*number];
                    ++mine;
                    stack.push(*number, next_of);
                }
        }
        popped += mine;
    };
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i)
        threads.emplace_back(work);
    for (std::thread& thread : threads)
        thread.join();
    std::uint64_t sum = 0;
    for (const std::uint64_t count : taken)
        sum += count;
    EXPECT_EQ(sum, popped);
    std::uint32_t left = 0;
    while (stack.pop(next_of))
        ++left;
    EXPECT_EQ(left, kNumbers);
}

class ArenaStress : public ::testing::Test {
  protected:
    static constexpr int kRounds = 20'000;

    void work(unsigned seed) {
        std::minstd_rand random(seed);
        std::vector<FrameBlock*> held(8);
        for (int i = 0; i < kRounds; ++i) {
            FrameBlock*& block = held[random() % held.size()];
            if (block == nullptr) {
                block = arena->acquire(kSizes[random() % std::size(kSizes)]);
                mark(*block, seed);
            } else {
                check(*block, seed);
                arena->release(block);
                block = nullptr;
            }
        }
        for (FrameBlock* block : held)
            if (block != nullptr) {
                check(*block, seed);
                arena->release(block);
            }
    }
    // Plain writes: a block that two threads had at once would be a race, and counted.
    static void mark(FrameBlock& block, unsigned seed) {
        std::memcpy(block.data, &seed, sizeof seed);
        std::memcpy(block.data + block.size_bytes - sizeof seed, &seed, sizeof seed);
    }
    void check(const FrameBlock& block, unsigned seed) {
        disturbed +=
            std::memcmp(block.data, &seed, sizeof seed) != 0 ||
            std::memcmp(block.data + block.size_bytes - sizeof seed, &seed, sizeof seed) != 0;
    }

    static constexpr std::size_t kSizes[] = {100, 4097, 70'000, 300'000};
    FakePageCalls calls;
    FrameArena::Handle arena;
    std::atomic<int> disturbed{0};
};

TEST_F(ArenaStress, gives_each_block_to_one_thread_and_loses_none) {
    std::atomic<std::uint64_t> detached{0};
    arena = FrameArena::create(
        {.max_idle_bytes = kMiB}, [&](FrameBlock&) { ++detached; }, calls);
    std::atomic<bool> done{false};
    std::vector<std::thread> threads;
    for (unsigned seed = 1; seed <= 3; ++seed)
        threads.emplace_back([this, seed] { work(seed); });
    std::thread watcher([&] {
        while (!done) {
            arena->trim(kMiB / 2);
            EXPECT_LE(arena->stats().blocks_in_use, 24U);
            arena->take_warnings();
        }
    });
    for (std::thread& thread : threads)
        thread.join();
    done = true;
    watcher.join();
    EXPECT_EQ(disturbed, 0);
    const ArenaStats stats = arena->stats();
    EXPECT_EQ(stats.blocks_in_use, 0U);
    EXPECT_EQ(stats.mapped - stats.unmapped, static_cast<std::uint64_t>(calls.maps - calls.unmaps));
    EXPECT_EQ(stats.mapped_bytes, calls.mapped_bytes);
    EXPECT_EQ(stats.idle_bytes, stats.mapped_bytes);
    arena->trim(0);
    EXPECT_EQ(calls.mapped_bytes, 0U);
    EXPECT_EQ(calls.maps, calls.unmaps);
}

TEST_F(ArenaStress, goes_with_the_last_block_whichever_thread_has_it) {
    for (int round = 0; round < 300; ++round) {
        arena = FrameArena::create({}, {}, calls);
        FrameArena* shared = arena.get();
        std::vector<FrameBlock*> blocks;
        for (int i = 0; i < 4; ++i)
            blocks.push_back(shared->acquire(20'000));
        std::vector<std::thread> threads;
        for (int i = 0; i < 2; ++i)
            threads.emplace_back([&, i] {
                shared->release(blocks[static_cast<std::size_t>(i)]);
                shared->release(blocks[static_cast<std::size_t>(i) + 2]);
            });
        arena.reset();
        for (std::thread& thread : threads)
            thread.join();
        ASSERT_EQ(calls.mapped_bytes, 0U);
    }
}

} // namespace

} // namespace tactus::test
