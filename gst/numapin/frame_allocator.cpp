// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/frame_allocator.h"

#include <gst/allocators/allocators.h>

#include <algorithm>
#include <cstring>
#include <new>

using namespace tactus;

// The types are looked up by name across plugins: two numapins may be versions of the same.
struct GstNumaPinAllocator {
    GstAllocator parent;
    FrameArena::Handle* arena;
};
struct GstNumaPinAllocatorClass {
    GstAllocatorClass parent;
};
struct GstNumaPinFileAllocator {
    GstFdAllocator parent;
    FrameArena::Handle* arena;
};
struct GstNumaPinFileAllocatorClass {
    GstFdAllocatorClass parent;
};

namespace {

GType gst_numa_pin_allocator_get_type();
G_DEFINE_TYPE(GstNumaPinAllocator, gst_numa_pin_allocator, GST_TYPE_ALLOCATOR)
GType gst_numa_pin_file_allocator_get_type();
G_DEFINE_TYPE(GstNumaPinFileAllocator, gst_numa_pin_file_allocator, GST_TYPE_FD_ALLOCATOR)

struct PrivateMemory {
    GstMemory parent;
    FrameBlock* block;
};

bool has_files(GstAllocator* allocator) {
    return G_TYPE_CHECK_INSTANCE_TYPE(allocator, gst_numa_pin_file_allocator_get_type());
}

FrameArena::Handle*& handle_of(GstAllocator* allocator) {
    return has_files(allocator) ? reinterpret_cast<GstNumaPinFileAllocator*>(allocator)->arena
                                : reinterpret_cast<GstNumaPinAllocator*>(allocator)->arena;
}

GQuark block_quark() {
    static const GQuark quark = g_quark_from_static_string("tactus-numapin-block");
    return quark;
}

FrameBlock* block_of(GstMemory* memory) {
    if (memory->parent != nullptr)
        memory = memory->parent;
    // A GstFdMemory is not ours to extend.
    if (has_files(memory->allocator))
        return static_cast<FrameBlock*>(
            gst_mini_object_get_qdata(GST_MINI_OBJECT_CAST(memory), block_quark()));
    return reinterpret_cast<PrivateMemory*>(memory)->block;
}

// Where a memory's offset counts from: its file's start, which may lie before the block.
std::byte* base_of(const FrameBlock& block) {
    return block.file >= 0 ? block.data - block.file_offset_bytes : block.data;
}

// The last reference is gone. The memory goes back with its pages, and lives on.
gboolean recycle(GstMiniObject* object) noexcept {
    auto* memory = reinterpret_cast<GstMemory*>(object);
    GstAllocator* allocator = memory->allocator;
    gst_memory_ref(memory);
    arena_of(allocator).release(block_of(memory));
    // Idle memory has no reference to the allocator, or that would never go.
    gst_object_unref(allocator);
    return FALSE;
}

// The pages are about to go.
void free_idle(FrameBlock& block) {
    auto* memory = static_cast<GstMemory*>(block.attachment);
    memory->mini_object.dispose = nullptr;
    gst_object_ref(memory->allocator); // which freeing drops
    gst_memory_unref(memory);
    block.attachment = nullptr;
}

GstMemory* new_memory(GstAllocator* allocator, FrameBlock* block) {
    GstMemory* memory = nullptr;
    if (block->file >= 0) {
        memory = gst_fd_allocator_alloc(allocator, block->file, block->file_bytes,
                                        GST_FD_MEMORY_FLAG_DONT_CLOSE);
        gst_mini_object_set_qdata(GST_MINI_OBJECT_CAST(memory), block_quark(), block, nullptr);
    } else {
        auto* made = g_new0(PrivateMemory, 1);
        made->block = block;
        memory = &made->parent;
        gst_memory_init(memory, static_cast<GstMemoryFlags>(0), allocator, nullptr,
                        block->size_bytes, 0, 0, block->size_bytes);
    }
    memory->mini_object.dispose = recycle;
    block->attachment = memory;
    return memory;
}

void zero_margins(const FrameBlock& block, gsize offset, gsize size,
                  const GstAllocationParams& params) {
    std::byte* data = block.data + offset;
    if ((params.flags & GST_MEMORY_FLAG_ZERO_PREFIXED) != 0)
        std::memset(data - params.prefix, 0, params.prefix);
    if ((params.flags & GST_MEMORY_FLAG_ZERO_PADDED) != 0)
        std::memset(data + size, 0, params.padding);
}

GstMemory* allocate(GstAllocator* allocator, gsize size, GstAllocationParams* params) noexcept {
    const std::size_t page_mask = page_bytes(PageKind::small) - 1;
    const gsize slack = params->align > page_mask ? params->align : 0;
    const gsize margins = params->prefix + params->padding + slack;
    if (size > G_MAXSIZE / 2 || margins > G_MAXSIZE / 2)
        return nullptr;
    FrameBlock* block = arena_of(allocator).acquire(size + margins);
    if (block == nullptr)
        return nullptr;
    auto* memory = static_cast<GstMemory*>(block->attachment);
    if (memory != nullptr)
        gst_object_ref(allocator);
    else
        memory = new_memory(allocator, block);
    gsize offset = params->prefix;
    if (slack > 0) {
        const auto address = reinterpret_cast<std::uintptr_t>(block->data) + offset;
        offset += ((address + slack) & ~static_cast<std::uintptr_t>(slack)) - address;
    }
    memory->align = std::max<gsize>(params->align, page_mask);
    memory->offset = offset + static_cast<gsize>(block->data - base_of(*block));
    memory->size = size;
    GST_MINI_OBJECT_FLAGS(memory) = params->flags | GST_MINI_OBJECT_FLAG_LOCKABLE;
    zero_margins(*block, offset, size, *params);
    return memory;
}

// Only parts of other memory, and idle memory, come here.
void free_private(GstAllocator*, GstMemory* memory) noexcept {
    g_free(memory);
}

gpointer map(GstMemory* memory, gsize, GstMapFlags) noexcept {
    return base_of(*block_of(memory));
}

void unmap(GstMemory*) noexcept {}

GstMemory* share(GstMemory* memory, gssize offset, gssize size) noexcept {
    GstMemory* parent = memory->parent != nullptr ? memory->parent : memory;
    const gsize length =
        size < 0 ? memory->size - static_cast<gsize>(offset) : static_cast<gsize>(size);
    auto* part = g_new0(PrivateMemory, 1);
    part->block = block_of(memory);
    const auto flags = static_cast<GstMemoryFlags>(GST_MINI_OBJECT_FLAGS(parent) |
                                                   GST_MINI_OBJECT_FLAG_LOCK_READONLY);
    gst_memory_init(&part->parent, flags, memory->allocator, parent, memory->maxsize, memory->align,
                    memory->offset + static_cast<gsize>(offset), length);
    return &part->parent;
}

// In `dispose`, as freeing idle memory takes references.
void close_arena(GObject* object) {
    FrameArena::Handle*& handle = handle_of(reinterpret_cast<GstAllocator*>(object));
    delete handle;
    handle = nullptr;
}

void dispose_private(GObject* object) noexcept {
    close_arena(object);
    G_OBJECT_CLASS(gst_numa_pin_allocator_parent_class)->dispose(object);
}

void gst_numa_pin_allocator_class_init(GstNumaPinAllocatorClass* klass) {
    G_OBJECT_CLASS(klass)->dispose = dispose_private;
    GST_ALLOCATOR_CLASS(klass)->alloc = allocate;
    GST_ALLOCATOR_CLASS(klass)->free = free_private;
}

void gst_numa_pin_allocator_init(GstNumaPinAllocator* self) {
    self->parent.mem_type = GST_ALLOCATOR_SYSMEM;
    self->parent.mem_map = map;
    self->parent.mem_unmap = unmap;
    self->parent.mem_share = share;
}

void dispose_file(GObject* object) noexcept {
    close_arena(object);
    G_OBJECT_CLASS(gst_numa_pin_file_allocator_parent_class)->dispose(object);
}

void gst_numa_pin_file_allocator_class_init(GstNumaPinFileAllocatorClass* klass) {
    G_OBJECT_CLASS(klass)->dispose = dispose_file;
    GST_ALLOCATOR_CLASS(klass)->alloc = allocate;
}

void gst_numa_pin_file_allocator_init(GstNumaPinFileAllocator* self) {
    GstAllocator* allocator = GST_ALLOCATOR_CAST(self);
    // It is always mapped, too: whoever cares for the file asks gst_is_fd_memory.
    allocator->mem_type = GST_ALLOCATOR_SYSMEM;
    allocator->mem_map = map;
    allocator->mem_unmap = unmap;
    allocator->mem_map_full = nullptr;
    allocator->mem_unmap_full = nullptr;
    GST_OBJECT_FLAG_UNSET(allocator, GST_ALLOCATOR_FLAG_CUSTOM_ALLOC);
}

} // namespace

namespace tactus {

GstAllocator* make_frame_allocator(const ArenaOptions& options) {
    auto arena = FrameArena::create(options, free_idle);
    if (arena == nullptr)
        return nullptr;
    const GType type =
        options.shared ? gst_numa_pin_file_allocator_get_type() : gst_numa_pin_allocator_get_type();
    auto* allocator = static_cast<GstAllocator*>(g_object_new(type, nullptr));
    gst_object_ref_sink(allocator);
    handle_of(allocator) = new FrameArena::Handle(std::move(arena));
    return allocator;
}

bool is_frame_allocator(GstAllocator* allocator) {
    return allocator != nullptr && g_str_has_prefix(G_OBJECT_TYPE_NAME(allocator), "GstNumaPin");
}

FrameArena& arena_of(GstAllocator* allocator) {
    return **handle_of(allocator);
}

} // namespace tactus
