// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/write_map.h"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>
#include <utility>

namespace tactus {

namespace {

BufferHandle make_buffer(gsize bytes = 4) {
    return BufferHandle(gst_buffer_new_allocate(nullptr, bytes, nullptr));
}

/// A memory that is mapped is locked: nobody else may write to it.
bool is_mapped(GstBuffer* buffer) {
    GstMapInfo map = GST_MAP_INFO_INIT;
    GstMemory* const memory = gst_buffer_peek_memory(buffer, 0);
    if (gst_memory_map(memory, &map, GST_MAP_READ) == FALSE)
        return true;
    gst_memory_unmap(memory, &map);
    return false;
}

TEST(WriteMap, BufferThatIsTakenIsNoLongerMapped) {
    WriteMap map(make_buffer());
    ASSERT_TRUE(map);
    std::memcpy(map.data(), "four", 4);
    const BufferHandle buffer = map.take();
    EXPECT_FALSE(map);
    EXPECT_EQ(map.data(), nullptr);
    EXPECT_FALSE(is_mapped(buffer.get()));
    EXPECT_EQ(gst_buffer_memcmp(buffer.get(), 0, "four", 4), 0);
}

// What maps a memory holds it, too.
TEST(WriteMap, BufferIsNoLongerMappedWhenSomethingThrows) {
    BufferHandle buffer = make_buffer();
    GstMemory* const memory = gst_memory_ref(gst_buffer_peek_memory(buffer.get(), 0));
    const auto write = [&] {
        const WriteMap map(std::move(buffer));
        throw std::runtime_error("in the middle");
    };
    EXPECT_THROW(write(), std::runtime_error);
    EXPECT_EQ(GST_MINI_OBJECT_REFCOUNT_VALUE(memory), 1);
    gst_memory_unref(memory);
}

TEST(WriteMap, MapThatIsMovedIsOne) {
    WriteMap first(make_buffer());
    std::uint8_t* const data = first.data();
    WriteMap second;
    EXPECT_FALSE(second);
    second = std::move(first);
    EXPECT_EQ(second.data(), data);
    WriteMap third(std::move(second));
    EXPECT_EQ(third.data(), data);
    third = WriteMap(make_buffer(8)); // the one before goes
    EXPECT_EQ(gst_buffer_get_size(third.take().get()), 8U);
    EXPECT_EQ(third.take(), nullptr);
}

} // namespace

} // namespace tactus
