// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The part of numapin that gives frames their memory: settings, the thread's node, what it tells.
#include "launched_pipeline.h"
#include "numapin/frame_memory.h"

#include <gst/allocators/allocators.h>
#include <gst/video/video.h>

#include <string>

namespace tactus {

namespace {

using QueryHandle = std::unique_ptr<GstQuery, MiniObjectUnref>;

class NumapinFrameMemory : public ::testing::Test {
  protected:
    void set_int(guint id, int number) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, G_TYPE_INT);
        g_value_set_int(&value, number);
        EXPECT_TRUE(memory.set_property(id, &value));
    }
    void set_bytes(guint id, guint64 bytes) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, G_TYPE_UINT64);
        g_value_set_uint64(&value, bytes);
        EXPECT_TRUE(memory.set_property(id, &value));
    }
    void set_flag(guint id) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, G_TYPE_BOOLEAN);
        g_value_set_boolean(&value, TRUE);
        EXPECT_TRUE(memory.set_property(id, &value));
    }
    void set_pages(const char* nick) {
        GValue value = G_VALUE_INIT;
        g_value_init(&value, huge_pages_get_type());
        EXPECT_TRUE(gst_value_deserialize(&value, nick));
        EXPECT_TRUE(memory.set_property(kHugePagesId, &value));
    }
    BufferHandle make(gsize bytes) { return BufferHandle(memory.make_buffer(bytes)); }
    guint64 count(const char* field) {
        const StructureHandle stats(memory.make_stats(places));
        guint64 value = G_MAXUINT64;
        EXPECT_TRUE(gst_structure_get_uint64(stats.get(), field, &value)) << field;
        return value;
    }
    int node() {
        const StructureHandle stats(memory.make_stats(places));
        int value = G_MININT;
        EXPECT_TRUE(gst_structure_get_int(stats.get(), "node", &value));
        return value;
    }

    FrameMemory memory;
    FramePlaces places;
};

TEST_F(NumapinFrameMemory, gives_buffers_and_keeps_their_memory_for_the_next) {
    make(1'000'000);
    make(1'000'000);
    make(990'000);
    EXPECT_EQ(count("acquired"), 3U);
    EXPECT_EQ(count("mapped"), 1U);
    EXPECT_EQ(count("frames-in-use"), 0U);
    EXPECT_GE(count("idle-bytes"), 1'000'000U);
    memory.close();
    const StructureHandle stats(memory.make_stats(places));
    EXPECT_FALSE(gst_structure_has_field(stats.get(), "idle-bytes"));
}

TEST_F(NumapinFrameMemory, is_of_the_node_of_the_thread_unless_told_otherwise) {
    make(1'000);
    EXPECT_EQ(node(), -1);
    memory.set_thread_node(0);
    make(1'000);
    EXPECT_EQ(node(), 0);
    set_int(kMemoryNodeId, MemorySettings::kAnyNode);
    make(1'000);
    EXPECT_EQ(node(), -1);
    set_int(kMemoryNodeId, 0);
    memory.set_thread_node(5);
    make(1'000);
    EXPECT_EQ(node(), 0);
    EXPECT_TRUE(memory.take_complaints().empty());
}

TEST_F(NumapinFrameMemory, complains_once_of_a_node_that_is_not_there) {
    set_int(kMemoryNodeId, 900);
    make(1'000'000);
    const BufferHandle buffer = make(1'000'000);
    EXPECT_NE(make(2'000'000), nullptr);
    EXPECT_TRUE(memory.has_complaints());
    const std::vector<Complaint> complaints = memory.take_complaints();
    ASSERT_EQ(complaints.size(), 1U);
    EXPECT_NE(complaints[0].text.find("memory-node=900"), std::string::npos) << complaints[0].text;
    EXPECT_FALSE(memory.has_complaints());
    EXPECT_TRUE(memory.take_complaints().empty());
}

TEST_F(NumapinFrameMemory, tells_where_its_pages_are) {
    set_int(kMemoryNodeId, 0);
    set_flag(kPrefaultId);
    const StructureHandle before(memory.make_stats(places));
    EXPECT_FALSE(places.node.has_value());
    const BufferHandle buffer = make(4'000'000);
    EXPECT_GT(count("sampled-pages"), 100U);
    EXPECT_EQ(count("absent-pages"), 0U);
    ASSERT_EQ(places.node, 0U);
    EXPECT_EQ(places.remote_share(0), 0.0);
    EXPECT_EQ(places.remote_share(1), 1.0);
    const StructureHandle stats(memory.make_stats(places));
    double remote = 1;
    EXPECT_TRUE(gst_structure_get_double(stats.get(), "remote-share", &remote));
    EXPECT_EQ(remote, 0.0);
}

TEST_F(NumapinFrameMemory, names_an_alignment_that_is_no_power_of_two_and_the_next_that_is) {
    EXPECT_EQ(memory.problem(), "");
    set_bytes(kAlignmentId, 5'000);
    EXPECT_EQ(memory.problem(), "alignment=5000 is not a power of two; the next one is 8192");
    EXPECT_EQ(memory.make_buffer(100), nullptr);
    set_bytes(kAlignmentId, 65'536);
    EXPECT_EQ(memory.problem(), "");
    const BufferHandle buffer = make(100);
    GstMapInfo map;
    ASSERT_TRUE(gst_buffer_map(buffer.get(), &map, GST_MAP_READ));
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(map.data) % 65'536, 0U);
    gst_buffer_unmap(buffer.get(), &map);
}

TEST_F(NumapinFrameMemory, keeps_no_more_than_it_may_from_when_it_is_told) {
    make(10'000'000);
    EXPECT_GE(count("idle-bytes"), 10'000'000U);
    set_bytes(kMaxIdleBytesId, 1'000'000);
    EXPECT_EQ(count("idle-bytes"), 0U);
    make(10'000'000);
    EXPECT_EQ(count("idle-bytes"), 0U);
}

TEST_F(NumapinFrameMemory, works_with_each_kind_of_page_and_in_files) {
    set_flag(kSharedId);
    for (const char* pages : {"off", "thp", "2M", "1G"}) {
        set_pages(pages);
        const BufferHandle buffer = make(3'000'000);
        ASSERT_NE(buffer, nullptr);
        EXPECT_TRUE(gst_is_fd_memory(gst_buffer_peek_memory(buffer.get(), 0)));
        gst_buffer_memset(buffer.get(), 0, 1, G_MAXSIZE);
    }
}

using MemoryHandle = std::unique_ptr<GstMemory, MiniObjectUnref>;

MemoryHandle allocate_by_default(gsize bytes) {
    return MemoryHandle(gst_allocator_alloc(nullptr, bytes, nullptr));
}

bool is_ours(const MemoryHandle& memory) {
    return is_frame_allocator(memory->allocator);
}

TEST_F(NumapinFrameMemory, serves_those_who_ask_nobody_while_it_is_told_to) {
    set_flag(kProcessDefaultId);
    EXPECT_FALSE(is_ours(allocate_by_default(1'000'000)));
    memory.set_thread_node(std::nullopt);
    const MemoryHandle large = allocate_by_default(1'000'000);
    EXPECT_TRUE(is_ours(large));
    EXPECT_FALSE(is_ours(allocate_by_default(1'000)));
    EXPECT_EQ(count("frames-in-use"), 1U);
    {
        FrameMemory second;
        GValue value = G_VALUE_INIT;
        g_value_init(&value, G_TYPE_BOOLEAN);
        g_value_set_boolean(&value, TRUE);
        second.set_property(kProcessDefaultId, &value);
        second.set_thread_node(0);
        const MemoryHandle other = allocate_by_default(1'000'000);
        EXPECT_NE(other->allocator, large->allocator);
    }
    EXPECT_EQ(allocate_by_default(1'000'000)->allocator, large->allocator);
    memory.close();
    EXPECT_FALSE(is_ours(allocate_by_default(1'000'000)));
}

TEST_F(NumapinFrameMemory, leaves_the_default_to_who_changed_it_meanwhile) {
    GstAllocator* const before = gst_allocator_find(nullptr);
    set_flag(kProcessDefaultId);
    memory.set_thread_node(std::nullopt);
    gst_allocator_set_default(make_frame_allocator({}));
    GstAllocator* const theirs = gst_allocator_find(nullptr);
    memory.close();
    GstAllocator* const now = gst_allocator_find(nullptr);
    EXPECT_EQ(now, theirs);
    gst_object_unref(now);
    gst_object_unref(theirs);
    gst_allocator_set_default(before);
}

TEST_F(NumapinFrameMemory, gives_the_default_back_to_who_changed_it_before_the_last_came) {
    GstAllocator* const before = gst_allocator_find(nullptr);
    set_flag(kProcessDefaultId);
    memory.set_thread_node(std::nullopt);
    gst_allocator_set_default(make_frame_allocator({}));
    GstAllocator* const theirs = gst_allocator_find(nullptr);
    FrameMemory second;
    GValue value = G_VALUE_INIT;
    g_value_init(&value, G_TYPE_BOOLEAN);
    g_value_set_boolean(&value, TRUE);
    second.set_property(kProcessDefaultId, &value);
    second.set_thread_node(std::nullopt);
    memory.close();
    second.close();
    GstAllocator* const now = gst_allocator_find(nullptr);
    EXPECT_EQ(now, theirs);
    gst_object_unref(now);
    gst_object_unref(theirs);
    gst_allocator_set_default(before);
}

TEST_F(NumapinFrameMemory, gives_the_default_back_whichever_leaves_first) {
    GstAllocator* const before = gst_allocator_find(nullptr);
    DefaultAllocator first;
    DefaultAllocator last;
    GstAllocator* const frames = make_frame_allocator({});
    first.enter(frames);
    last.enter(frames);
    first.leave();
    EXPECT_TRUE(is_ours(allocate_by_default(1'000'000)));
    last.leave();
    GstAllocator* const now = gst_allocator_find(nullptr);
    EXPECT_EQ(now, before);
    gst_object_unref(now);
    gst_object_unref(frames);
    gst_object_unref(before);
}

TEST_F(NumapinFrameMemory, counts_what_it_answered_and_what_it_left_alone) {
    GstCaps* caps =
        gst_caps_from_string("video/x-raw,format=NV12,width=64,height=48,framerate=0/1");
    const QueryHandle first(gst_query_new_allocation(caps, TRUE));
    const QueryHandle second(gst_query_new_allocation(caps, TRUE));
    gst_caps_unref(caps);
    EXPECT_TRUE(memory.answer(first.get()).is_ours);
    GstAllocator* files = gst_fd_allocator_new();
    gst_query_add_allocation_param(second.get(), files, nullptr);
    gst_object_unref(files);
    EXPECT_FALSE(memory.answer(second.get()).is_ours);
    EXPECT_EQ(count("answers"), 2U);
    EXPECT_EQ(count("left-alone"), 1U);
    const StructureHandle stats(memory.make_stats(places));
    EXPECT_STREQ(gst_structure_get_string(stats.get(), "left-alone-for"),
                 "the allocator GstFdAllocator");
}

} // namespace

} // namespace tactus
