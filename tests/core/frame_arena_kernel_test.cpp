// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The arena on the real kernel.
#include "arena_fixture.h"

#include <gtest/gtest.h>
#include <sstream>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace tactus::test {

namespace {

long minor_faults() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt;
}

void fill(const FrameBlock& block, int value) {
    std::memset(block.data, value, block.size_bytes);
}

TEST(FrameArenaOnTheKernelTest, faults_no_page_twice) {
    const auto arena = FrameArena::create({});
    std::vector<FrameBlock*> blocks(4);
    const auto frame = [&] {
        for (FrameBlock*& block : blocks) {
            block = arena->acquire(k8kNv12Bytes);
            ASSERT_NE(block, nullptr);
            fill(*block, 1);
        }
        for (FrameBlock* block : blocks)
            arena->release(block);
    };
    const long before = minor_faults();
    frame();
    const long warm = minor_faults();
    EXPECT_GT(warm, before);
    frame();
    frame();
    if (kSanitized)
        GTEST_SKIP() << "a sanitizer touches pages of its own";
    EXPECT_LE(minor_faults() - warm, 4); // of the test's own stack, say; a frame has 12,150 pages
}

TEST(FrameArenaOnTheKernelTest, has_all_pages_there_when_prefaulted) {
    const auto arena = FrameArena::create({.prefault = true});
    FrameBlock* block = arena->acquire(8 * kMiB);
    ASSERT_NE(block, nullptr);
    const PageSample sample = arena->sample(100);
    EXPECT_GE(sample.sampled_pages, 50U);
    EXPECT_EQ(sample.absent_pages, 0U);
    const long before = minor_faults();
    fill(*block, 1);
    const long faults = minor_faults() - before;
    arena->release(block);
    if (kSanitized)
        GTEST_SKIP() << "a sanitizer touches pages of its own";
    EXPECT_LE(faults, 4);
}

TEST(FrameArenaOnTheKernelTest, binds_pages_to_a_node) {
    const auto arena = FrameArena::create({.node = 0, .prefault = true});
    FrameBlock* block = arena->acquire(4 * kMiB);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(trouble_list(*arena), "");
    const PageSample sample = arena->sample(1000);
    ASSERT_EQ(sample.node_pages.size(), 1U);
    EXPECT_EQ(sample.node_pages[0], sample.sampled_pages);
    arena->release(block);
}

TEST(FrameArenaOnTheKernelTest, warns_of_a_node_that_does_not_exist) {
    const auto arena = FrameArena::create({.node = 900});
    FrameBlock* block = arena->acquire(kMiB);
    ASSERT_NE(block, nullptr);
    fill(*block, 1);
    EXPECT_EQ(trouble_list(*arena), "no-node");
    arena->release(block);
}

TEST(FrameArenaOnTheKernelTest, locks_pages_and_sees_it_in_smaps) {
    const auto arena = FrameArena::create({.lock = true});
    FrameBlock* block = arena->acquire(kMiB);
    ASSERT_NE(block, nullptr);
    if (!trouble_list(*arena).empty())
        GTEST_SKIP() << "RLIMIT_MEMLOCK does not allow a megabyte here";
    EXPECT_EQ(arena->sample(10).locked_bytes, kMiB);
    arena->release(block);
}

TEST(FrameArenaOnTheKernelTest, warns_once_where_locking_is_refused) {
    rlimit limit{};
    getrlimit(RLIMIT_MEMLOCK, &limit);
    const rlimit none{0, limit.rlim_max};
    setrlimit(RLIMIT_MEMLOCK, &none);
    const auto arena = FrameArena::create({.lock = true});
    FrameBlock* first = arena->acquire(kMiB);
    FrameBlock* second = arena->acquire(kMiB);
    setrlimit(RLIMIT_MEMLOCK, &limit);
    ASSERT_NE(first, nullptr);
    ASSERT_NE(second, nullptr);
    const std::string troubles = trouble_list(*arena);
    arena->release(first);
    arena->release(second);
    if (troubles.empty() && geteuid() == 0)
        GTEST_SKIP() << "root may lock without a limit";
    EXPECT_EQ(troubles, "lock");
}

TEST(FrameArenaOnTheKernelTest, has_other_processes_map_its_files) {
    const auto arena = FrameArena::create({.shared = true});
    FrameBlock* block = arena->acquire(kMiB);
    ASSERT_NE(block, nullptr);
    struct stat status {};
    ASSERT_EQ(fstat(block->file, &status), 0);
    EXPECT_EQ(static_cast<std::size_t>(status.st_size), block->file_bytes);
    void* other = mmap(nullptr, block->file_bytes, PROT_READ, MAP_SHARED, block->file, 0);
    ASSERT_NE(other, MAP_FAILED);
    fill(*block, 0x5a);
    EXPECT_EQ(static_cast<const unsigned char*>(other)[kMiB / 2], 0x5a);
    munmap(other, block->file_bytes);
    arena->release(block);
}

TEST(FrameArenaOnTheKernelTest, starts_at_the_page_of_two_megabytes_that_the_kernel_may_join) {
    const auto arena = FrameArena::create({.pages = PageKind::transparent, .prefault = true});
    FrameBlock* block = arena->acquire(k8kNv12Bytes);
    ASSERT_NE(block, nullptr);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(block->data) % (2 * kMiB), 0U);
    EXPECT_EQ(block->size_bytes % (2 * kMiB), 0U);
    // How many it joins is up to it, and to how broken up memory is.
    EXPECT_LE(arena->sample(10).huge_bytes, block->size_bytes);
    arena->release(block);
}

TEST(FrameArenaOnTheKernelTest, works_with_any_wish_for_huge_pages) {
    for (const PageKind kind : {PageKind::huge_2m, PageKind::huge_1g})
        for (const bool shared : {false, true}) {
            const auto arena = FrameArena::create({.pages = kind, .shared = shared});
            FrameBlock* block = arena->acquire(5 * kMiB);
            ASSERT_NE(block, nullptr);
            fill(*block, 1);
            const std::uint64_t got = arena->stats().huge_pool_bytes;
            EXPECT_EQ(trouble_list(*arena).empty(), got > 0);
            arena->release(block);
        }
}

TEST(PageReportTest, reads_of_smaps_what_lies_in_the_ranges) {
    const std::vector<PageRange> ranges = {
        {reinterpret_cast<const std::byte*>(0x10000), 0x10000},
        {reinterpret_cast<const std::byte*>(0x40000), 0x1000},
    };
    std::istringstream smaps("00010000-00020000 rw-p 00000000 00:00 0  [anon:tactus-frames]\n"
                             "Size:                64 kB\n"
                             "AnonHugePages:       32 kB\n"
                             "Locked:              64 kB\n"
                             "VmFlags: rd wr mr mw me ac sd \n"
                             "00030000-00040000 rw-p 00000000 00:00 0\n"
                             "AnonHugePages:     9999 kB\n"
                             "00040000-00042000 rw-s 00000000 00:00 0 /memfd:tactus-frames\n"
                             "Shared_Hugetlb:       8 kB\n"
                             "Locked:  \n"
                             "Private_Hugetlb:  none kB\n"
                             "nonsense\n");
    PageSample sample;
    read_smaps(smaps, ranges, sample);
    EXPECT_EQ(sample.huge_bytes, 36U * 1024);
    EXPECT_EQ(sample.locked_bytes, 64U * 1024);
}

} // namespace

} // namespace tactus::test
