// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "arena_fixture.h"

#include <gtest/gtest.h>
#include <vector>

namespace tactus::test {

namespace {

TEST(SizeClassTest, holds_what_it_is_for_and_wastes_an_eighth_at_most) {
    for (std::size_t pages = 1; pages < 100'000; ++pages) {
        const std::size_t got = SizeClass::pages(SizeClass::of(pages));
        ASSERT_GE(got, pages);
        ASSERT_LE(got - pages, pages / 8) << pages;
    }
}

TEST(SizeClassTest, numbers_the_classes_without_a_gap) {
    std::size_t last_pages = 0;
    for (std::size_t c = 0; c < SizeClass::kCount; ++c) {
        ASSERT_GT(SizeClass::pages(c), last_pages);
        last_pages = SizeClass::pages(c);
        ASSERT_EQ(SizeClass::of(last_pages), c);
    }
    EXPECT_EQ(last_pages, SizeClass::kMostPages);
}

class FrameArenaTest : public ::testing::Test {
  protected:
    FrameArena& make(const ArenaOptions& options = {}, FrameArena::Detach detach = {}) {
        arena = FrameArena::create(options, std::move(detach), calls);
        return *arena;
    }
    /// Acquires `count` of them, then releases all.
    void cycle(std::size_t bytes, std::size_t count) {
        std::vector<FrameBlock*> blocks;
        for (std::size_t i = 0; i < count; ++i)
            blocks.push_back(arena->acquire(bytes));
        for (FrameBlock* block : blocks)
            arena->release(block);
    }

    FakePageCalls calls;
    FrameArena::Handle arena;
};

TEST_F(FrameArenaTest, asks_the_kernel_nothing_once_a_block_was_there) {
    make();
    FrameBlock* first = arena->acquire(k8kNv12Bytes);
    std::byte* data = first->data;
    arena->release(first);
    const int calls_before = calls.calls;
    for (int i = 0; i < 1000; ++i) {
        FrameBlock* block = arena->acquire(k8kNv12Bytes);
        ASSERT_EQ(block->data, data);
        arena->release(block);
    }
    EXPECT_EQ(calls.calls, calls_before);
    EXPECT_EQ(arena->stats().acquired, 1001U);
    EXPECT_EQ(arena->stats().mapped, 1U);
}

TEST_F(FrameArenaTest, gives_whole_pages_that_nobody_else_has_a_part_of) {
    make();
    std::vector<FrameBlock*> blocks;
    for (const std::size_t bytes :
         {std::size_t{1}, std::size_t{4096}, std::size_t{4097}, std::size_t{777'600}, k8kNv12Bytes})
        for (int i = 0; i < 3; ++i) {
            FrameBlock* block = arena->acquire(bytes);
            EXPECT_GE(block->size_bytes, bytes);
            EXPECT_EQ(block->size_bytes % 4096, 0U);
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->data) % 4096, 0U);
            for (const FrameBlock* other : blocks)
                EXPECT_TRUE(other->data + other->size_bytes <= block->data ||
                            block->data + block->size_bytes <= other->data);
            blocks.push_back(block);
        }
    for (FrameBlock* block : blocks)
        arena->release(block);
}

TEST_F(FrameArenaTest, aligns_each_block_as_asked) {
    make({.alignment_bytes = 64 << 10U});
    std::vector<FrameBlock*> blocks;
    for (int i = 0; i < 5; ++i) {
        blocks.push_back(arena->acquire(5000));
        EXPECT_EQ(reinterpret_cast<std::uintptr_t>(blocks.back()->data) % (64U << 10U), 0U);
    }
    for (FrameBlock* block : blocks)
        arena->release(block);
}

TEST_F(FrameArenaTest, refuses_an_alignment_that_is_no_power_of_two) {
    EXPECT_EQ(FrameArena::create({.alignment_bytes = 4097}, {}, calls), nullptr);
    EXPECT_EQ(FrameArena::create({.alignment_bytes = std::size_t{1} << 31U}, {}, calls), nullptr);
}

TEST_F(FrameArenaTest, puts_small_blocks_into_few_areas) {
    make();
    cycle(100, 640);
    EXPECT_LE(calls.maps, 10);
    EXPECT_EQ(arena->stats().idle_bytes, 640U * 4096);
}

TEST_F(FrameArenaTest, keeps_no_more_idle_than_it_may) {
    make({.max_idle_bytes = 40 * kMiB});
    cycle(10 * kMiB, 8);
    EXPECT_EQ(arena->stats().idle_bytes, 40 * kMiB);
    EXPECT_EQ(calls.mapped_bytes, 40 * kMiB);
    arena->set_max_idle_bytes(15 * kMiB);
    EXPECT_EQ(arena->stats().idle_bytes, 10 * kMiB);
    arena->trim(0);
    EXPECT_EQ(calls.mapped_bytes, 0U);
}

TEST_F(FrameArenaTest, gives_up_the_sizes_that_were_used_least_recently) {
    make({.max_idle_bytes = 64 * kMiB});
    cycle(8 * kMiB, 4);
    cycle(4 * kMiB, 4); // the new caps
    for (int i = 0; i < 10; ++i)
        cycle(16 * kMiB, 2);
    const int maps_before = calls.maps;
    cycle(16 * kMiB, 2);
    cycle(4 * kMiB, 4);
    EXPECT_EQ(calls.maps, maps_before);
}

TEST_F(FrameArenaTest, unmaps_a_shared_area_only_once_all_of_it_is_idle) {
    make({.max_idle_bytes = 0});
    FrameBlock* first = arena->acquire(4096);
    FrameBlock* second = arena->acquire(4096);
    EXPECT_EQ(calls.maps, 1);
    arena->release(first);
    EXPECT_EQ(calls.unmaps, 0);
    arena->release(second);
    EXPECT_EQ(calls.unmaps, 1);
    EXPECT_EQ(arena->stats().idle_bytes, 0U);
    EXPECT_EQ(arena->stats().mapped_bytes, 0U);
}

TEST_F(FrameArenaTest, outlives_its_owner_until_the_last_block_is_back) {
    make();
    cycle(kMiB, 3);
    FrameBlock* first = arena->acquire(kMiB);
    FrameBlock* second = arena->acquire(4096);
    FrameArena* gone = arena.release();
    FrameArena::Close()(gone);
    std::memset(first->data, 1, first->size_bytes);
    gone->release(first);
    std::memset(second->data, 1, second->size_bytes);
    gone->release(second);
    EXPECT_EQ(calls.mapped_bytes, 0U);
    EXPECT_EQ(calls.maps, calls.unmaps);
}

TEST_F(FrameArenaTest, keeps_what_is_attached_until_the_pages_go) {
    int attached = 0;
    make({}, [&](FrameBlock& block) {
        EXPECT_EQ(block.attachment, &attached);
        ++attached;
    });
    FrameBlock* block = arena->acquire(kMiB);
    block->attachment = &attached;
    arena->release(block);
    block = arena->acquire(kMiB);
    EXPECT_EQ(block->attachment, &attached);
    EXPECT_EQ(attached, 0);
    arena->release(block);
    arena.reset();
    EXPECT_EQ(attached, 1);
}

TEST_F(FrameArenaTest, returns_null_without_memory_and_says_so_once) {
    calls.no_memory = true;
    const auto news = std::make_shared<std::atomic<bool>>(false);
    make({.news = news});
    EXPECT_EQ(arena->acquire(kMiB), nullptr);
    EXPECT_TRUE(news->exchange(false));
    EXPECT_EQ(arena->acquire(kMiB), nullptr);
    EXPECT_FALSE(*news);
    EXPECT_EQ(trouble_list(*arena), "no-memory");
    EXPECT_EQ(arena->acquire(SIZE_MAX), nullptr);
    EXPECT_EQ(arena->stats().blocks_in_use, 0U);
    calls.no_memory = false;
    cycle(kMiB, 1);
    EXPECT_EQ(trouble_list(*arena), "");
}

TEST_F(FrameArenaTest, falls_back_from_huge_pages_with_one_warning) {
    calls.refused_kinds = {PageKind::huge_1g, PageKind::huge_2m};
    make({.pages = PageKind::huge_1g});
    cycle(k8kNv12Bytes, 4);
    EXPECT_EQ(calls.last_kind, PageKind::transparent);
    EXPECT_EQ(calls.maps, 4);
    EXPECT_GE(calls.joins, 4);
    EXPECT_EQ(trouble_list(*arena), "huge-pages");
    EXPECT_EQ(arena->stats().huge_pool_bytes, 0U);
}

TEST_F(FrameArenaTest, falls_back_where_a_node_has_no_huge_pages_left) {
    calls.huge_populate_error = EFAULT;
    make({.node = 1, .pages = PageKind::huge_2m});
    cycle(k8kNv12Bytes, 2);
    EXPECT_EQ(calls.last_kind, PageKind::transparent);
    EXPECT_EQ(calls.maps, calls.unmaps + 2); // those without huge pages are not left behind
    EXPECT_EQ(trouble_list(*arena), "huge-pages");
}

TEST_F(FrameArenaTest, shares_a_page_of_a_gigabyte_among_frames) {
    make({.pages = PageKind::huge_1g});
    cycle(k8kNv12Bytes, 20);
    EXPECT_EQ(calls.maps, 1);
    EXPECT_EQ(arena->stats().huge_pool_bytes, 1024 * kMiB);
    EXPECT_EQ(trouble_list(*arena), "");
}

TEST_F(FrameArenaTest, binds_to_the_node_strictly_while_that_has_memory) {
    calls.available = 1000 * kMiB;
    make({.node = 3});
    cycle(kMiB, 1);
    EXPECT_EQ(calls.bound_node, 3);
    EXPECT_EQ(calls.bound_mode, BindMode::strict);
    calls.available = 40 * kMiB;
    cycle(20 * kMiB, 1);
    EXPECT_EQ(calls.bound_mode, BindMode::preferred);
    EXPECT_EQ(trouble_list(*arena), "node-full");
}

TEST_F(FrameArenaTest, goes_on_without_a_node_that_is_not_there) {
    calls.bind_error = EINVAL;
    make({.node = 7});
    cycle(kMiB, 2);
    EXPECT_EQ(trouble_list(*arena), "no-node");
}

TEST_F(FrameArenaTest, locks_where_it_may_and_warns_once_where_not) {
    make({.lock = true});
    cycle(kMiB, 1);
    EXPECT_EQ(arena->stats().locked_bytes, kMiB);
    calls.lock_error = ENOMEM;
    cycle(2 * kMiB, 2);
    EXPECT_EQ(arena->stats().locked_bytes, kMiB);
    EXPECT_EQ(trouble_list(*arena), "lock");
    EXPECT_EQ(calls.locks, 3);
}

TEST_F(FrameArenaTest, touches_the_pages_itself_where_the_kernel_cannot) {
    make({.prefault = true});
    cycle(kMiB, 1);
    EXPECT_EQ(calls.populates, 1);
    calls.populate_error = EINVAL; // older than 5.14
    cycle(2 * kMiB, 1);
    EXPECT_EQ(trouble_list(*arena), "");
    calls.populate_error = ENOMEM;
    cycle(4 * kMiB, 1);
    EXPECT_EQ(trouble_list(*arena), "prefault");
}

TEST_F(FrameArenaTest, gives_each_shared_block_a_file) {
    make({.shared = true});
    FrameBlock* first = arena->acquire(100);
    FrameBlock* second = arena->acquire(100);
    EXPECT_GE(first->file, 1000);
    EXPECT_NE(first->file, second->file);
    EXPECT_EQ(first->file_offset_bytes, 0U);
    EXPECT_EQ(first->file_bytes, first->size_bytes);
    arena->release(first);
    arena->release(second);
    arena->trim(0);
    EXPECT_EQ(calls.open_files, 0);
    calls.file_error = EMFILE;
    EXPECT_EQ(arena->acquire(100), nullptr);
    EXPECT_EQ(trouble_list(*arena), "no-memory");
}

TEST_F(FrameArenaTest, closes_the_file_of_a_mapping_that_fails) {
    calls.no_memory = true;
    make({.shared = true});
    EXPECT_EQ(arena->acquire(kMiB), nullptr);
    EXPECT_EQ(calls.open_files, 0);
}

TEST_F(FrameArenaTest, samples_other_pages_of_all_chunks_each_time) {
    make();
    FrameBlock* large = arena->acquire(10 * kMiB);
    FrameBlock* small = arena->acquire(kMiB);
    calls.located_node = 2;
    const PageSample sample = arena->sample(64);
    EXPECT_GE(sample.sampled_pages, 60U);
    EXPECT_LE(sample.sampled_pages, 66U);
    ASSERT_EQ(sample.node_pages.size(), 3U);
    EXPECT_EQ(sample.node_pages[2], sample.sampled_pages);
    EXPECT_NEAR(static_cast<double>(sample.node_bytes[2]), 11.0 * kMiB, 0.1 * kMiB);
    EXPECT_EQ(sample.remote_share(2), 0.0);
    EXPECT_EQ(sample.remote_share(0), 1.0);
    const std::size_t seen = calls.located.size();
    arena->sample(64);
    EXPECT_GT(calls.located.size(), seen + 32);
    arena->release(large);
    arena->release(small);
}

TEST_F(FrameArenaTest, counts_pages_that_are_not_there_apart) {
    make();
    cycle(kMiB, 1);
    calls.located_node = -ENOENT;
    const PageSample sample = arena->sample(16);
    EXPECT_EQ(sample.absent_pages, sample.sampled_pages);
    EXPECT_TRUE(sample.node_pages.empty());
    EXPECT_EQ(sample.remote_share(0), 0.0);
    calls.locate_error = EPERM;
    EXPECT_EQ(arena->sample(16).sampled_pages, 0U);
}

} // namespace

} // namespace tactus::test
