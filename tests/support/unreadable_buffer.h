// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

/// The allocator of memory that can neither be mapped nor copied.
inline GstAllocator* make_unreadable_allocator() {
    static const GType type = g_type_register_static_simple(
        gst_allocator_get_type(), "TactusUnreadableAllocator", sizeof(GstAllocatorClass),
        [](gpointer klass, gpointer) {
            GST_ALLOCATOR_CLASS(klass)->free = [](GstAllocator*, GstMemory* memory) {
                delete memory;
            };
        },
        sizeof(GstAllocator),
        [](GTypeInstance* instance, gpointer) {
            GstAllocator* const allocator = GST_ALLOCATOR(instance);
            allocator->mem_map = [](GstMemory*, gsize, GstMapFlags) { return gpointer(nullptr); };
            allocator->mem_copy = [](GstMemory*, gssize, gssize) -> GstMemory* { return nullptr; };
        },
        static_cast<GTypeFlags>(0));
    return GST_ALLOCATOR(gst_object_ref_sink(g_object_new(type, nullptr)));
}

/// A buffer of so many bytes that cannot be read.
inline GstBuffer* unreadable_buffer(gsize bytes) {
    GstAllocator* const allocator = make_unreadable_allocator();
    auto* const memory = new GstMemory;
    gst_memory_init(memory, GST_MEMORY_FLAG_NO_SHARE, allocator, nullptr, bytes, 0, 0, bytes);
    gst_object_unref(allocator); // the memory has one
    GstBuffer* const buffer = gst_buffer_new();
    gst_buffer_append_memory(buffer, memory);
    return buffer;
}

} // namespace tactus
