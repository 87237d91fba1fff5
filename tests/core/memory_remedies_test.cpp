// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/topology/memory_remedies.h"

#include <cerrno>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tactus::test {

namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string remedy(ArenaTrouble trouble, int error, PageKind kind = PageKind::small) {
    return memory_remedy({trouble, error, 50'331'648, kind}, {.node = 3}, {65'536, "0-1", 4, 0});
}

TEST(MemoryRemediesTest, say_how_many_huge_pages_were_missing_and_where_they_come_from) {
    EXPECT_THAT(remedy(ArenaTrouble::huge_pages, ENOMEM, PageKind::huge_2m),
                AllOf(HasSubstr("huge-pages=2M: 24 pages"), HasSubstr("4 are free"),
                      HasSubstr("nr_hugepages")));
    EXPECT_THAT(remedy(ArenaTrouble::huge_pages, ENOMEM, PageKind::huge_1g),
                AllOf(HasSubstr("huge-pages=1G: 1 pages"), HasSubstr("hugepagesz=1G")));
    EXPECT_THAT(remedy(ArenaTrouble::huge_pages, EINVAL, PageKind::transparent),
                HasSubstr("huge-pages=thp"));
}

TEST(MemoryRemediesTest, name_the_setting_the_value_and_what_there_is) {
    EXPECT_THAT(remedy(ArenaTrouble::no_node, EINVAL),
                AllOf(HasSubstr("memory-node=3"), HasSubstr("0-1")));
    EXPECT_THAT(remedy(ArenaTrouble::node_full, ENOMEM),
                AllOf(HasSubstr("memory-node=3"), HasSubstr("48 MiB")));
    EXPECT_THAT(remedy(ArenaTrouble::lock, ENOMEM),
                AllOf(HasSubstr("RLIMIT_MEMLOCK is 64 KiB"), HasSubstr("LimitMEMLOCK")));
    EXPECT_THAT(remedy(ArenaTrouble::prefault, ENOMEM), HasSubstr("prefault=true"));
    EXPECT_THAT(remedy(ArenaTrouble::no_memory, ENOMEM), HasSubstr("48 MiB"));
}

TEST(MemoryRemediesTest, read_what_this_machine_has) {
    const MemoryLimits limits = read_memory_limits();
    EXPECT_GT(limits.lock_limit_bytes, 0U);
    EXPECT_EQ(limits.nodes.find_first_not_of("0123456789,-"), std::string::npos);
    EXPECT_EQ(read_memory_limits("/nowhere/").nodes, "");
}

} // namespace

} // namespace tactus::test
