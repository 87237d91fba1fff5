// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/gpu_memory.h"

#include <gst/allocators/allocators.h>
#include <poll.h>
#include <unistd.h>

#include <mutex>
#include <new>
#include <utility>

using namespace tactus;

namespace {

constexpr const char* kMemoryType = "TactusGpuMemory";

struct GpuMemory {
    GstMemory parent;
    std::shared_ptr<GpuBuffer>* buffer;
};

struct GstVkComputeAllocator {
    GstAllocator parent;
    std::shared_ptr<HostFrames>* frames;
};
struct GstVkComputeAllocatorClass {
    GstAllocatorClass parent;
};

GType gst_vk_compute_allocator_get_type();
G_DEFINE_TYPE(GstVkComputeAllocator, gst_vk_compute_allocator, GST_TYPE_ALLOCATOR)

GpuMemory* as_gpu_memory(GstMemory* memory) {
    return reinterpret_cast<GpuMemory*>(memory);
}

GstMemory* wrap(GstAllocator* allocator, GstMemory* parent, std::shared_ptr<GpuBuffer> buffer,
                gsize offset, gsize size, GstMemoryFlags flags) {
    auto* memory = g_new0(GpuMemory, 1);
    const gsize all = buffer->size_bytes();
    memory->buffer = new std::shared_ptr<GpuBuffer>(std::move(buffer));
    gst_memory_init(&memory->parent, flags, allocator, parent, all, 0, offset, size);
    return &memory->parent;
}

GstMemory* allocate(GstAllocator* allocator, gsize size, GstAllocationParams* params) noexcept {
    try {
        auto* self = reinterpret_cast<GstVkComputeAllocator*>(allocator);
        // Upstream may need memory before it learns of the next device.
        HostFrames& frames = **self->frames;
        if (frames.device()->lost())
            return gst_allocator_alloc(nullptr, size, params);
        const gsize whole = params->prefix + size + params->padding;
        GpuStatus status = GpuStatus::ok;
        auto buffer = frames.acquire(whole > 0 ? whole : 1, status);
        return buffer ? wrap(allocator, nullptr, std::move(buffer), params->prefix, size,
                             params->flags)
                      : nullptr;
    } catch (const std::bad_alloc&) {
        return nullptr;
    }
}

void release(GstAllocator*, GstMemory* memory) noexcept {
    delete as_gpu_memory(memory)->buffer;
    g_free(memory);
}

gpointer map(GstMemory* memory, gsize, GstMapFlags) noexcept {
    return (*as_gpu_memory(memory)->buffer)->data();
}

void unmap(GstMemory*) noexcept {}

GstMemory* share(GstMemory* memory, gssize offset, gssize size) noexcept {
    GstMemory* parent = memory->parent != nullptr ? memory->parent : memory;
    const gsize length =
        size < 0 ? memory->size - static_cast<gsize>(offset) : static_cast<gsize>(size);
    return wrap(memory->allocator, parent, *as_gpu_memory(memory)->buffer,
                memory->offset + static_cast<gsize>(offset), length,
                static_cast<GstMemoryFlags>(GST_MINI_OBJECT_FLAGS(parent) |
                                            GST_MINI_OBJECT_FLAG_LOCK_READONLY));
}

void finalize(GObject* object) noexcept {
    delete reinterpret_cast<GstVkComputeAllocator*>(object)->frames;
    G_OBJECT_CLASS(gst_vk_compute_allocator_parent_class)->finalize(object);
}

void gst_vk_compute_allocator_class_init(GstVkComputeAllocatorClass* klass) {
    G_OBJECT_CLASS(klass)->finalize = finalize;
    auto* allocator_class = GST_ALLOCATOR_CLASS(klass);
    allocator_class->alloc = allocate;
    allocator_class->free = release;
}

void gst_vk_compute_allocator_init(GstVkComputeAllocator* self) {
    self->parent.mem_type = kMemoryType;
    self->parent.mem_map = map;
    self->parent.mem_unmap = unmap;
    self->parent.mem_share = share;
}

struct ImportRecord {
    std::weak_ptr<VulkanDevice> device;
    std::shared_ptr<GpuBuffer> buffer;
    ImportVerdict verdict;
};

void delete_record(gpointer record) noexcept {
    delete static_cast<ImportRecord*>(record);
}

// The kernel knows how large a dmabuf is; part of one may be all that a memory has of it.
void import_dmabuf(const std::shared_ptr<VulkanDevice>& device, GstMemory* memory,
                   ImportRecord& record) {
    const int fd = gst_dmabuf_memory_get_fd(memory);
    const off_t all = lseek(fd, 0, SEEK_END);
    const gsize bytes = all > 0 ? static_cast<gsize>(all) : memory->maxsize;
    record.buffer = GpuBuffer::import_dmabuf(device, fd, bytes, record.verdict);
}

// Not for longer than a second: then mapping it waits on.
bool writers_are_done(GstMemory* memory) {
    constexpr int kMostMs = 1000;
    pollfd wanted{gst_dmabuf_memory_get_fd(memory), POLLIN, 0};
    return poll(&wanted, 1, kMostMs) == 1;
}

// All of the block, not just the part that is in use: the rest of its last page counts.
ImportRecord* import_block(const std::shared_ptr<VulkanDevice>& device, GstMemory* memory) {
    auto* record = new ImportRecord{device, nullptr, ImportVerdict::refused};
    if (gst_is_dmabuf_memory(memory)) {
        import_dmabuf(device, memory, *record);
        return record;
    }
    GstMapInfo map_info;
    // Other kinds may lie elsewhere once they are unmapped.
    if (!gst_memory_is_type(memory, GST_ALLOCATOR_SYSMEM) ||
        !gst_memory_map(memory, &map_info, GST_MAP_READ))
        return record;
    guint8* block = map_info.data - memory->offset;
    record->verdict = check_import(device->traits(), block, memory->maxsize);
    if (record->verdict == ImportVerdict::possible)
        record->buffer = GpuBuffer::import_host(device, block, memory->maxsize, record->verdict);
    gst_memory_unmap(memory, &map_info);
    return record;
}

} // namespace

namespace tactus {

GstAllocator* make_gpu_allocator(std::shared_ptr<HostFrames> frames) {
    auto* self = static_cast<GstVkComputeAllocator*>(
        g_object_new(gst_vk_compute_allocator_get_type(), nullptr));
    gst_object_ref_sink(self);
    self->frames = new std::shared_ptr<HostFrames>(std::move(frames));
    return &self->parent;
}

std::shared_ptr<GpuBuffer> gpu_buffer_of(GstMemory* memory) {
    // By the function: another plugin's allocator may have taken the same name.
    if (memory->allocator == nullptr || memory->allocator->mem_map != map)
        return nullptr;
    return *as_gpu_memory(memory)->buffer;
}

ImportedMemory import_memory(const std::shared_ptr<VulkanDevice>& device, GstMemory* memory) {
    // Two elements behind a tee may see the same memory, and each may replace the other's record.
    static constinit std::mutex lock;
    const std::lock_guard guard(lock);
    static const GQuark quark = g_quark_from_static_string("tactus-vkcompute-import");
    const bool is_dmabuf = gst_is_dmabuf_memory(memory) != FALSE;
    if (is_dmabuf && memory->parent != nullptr)
        memory = memory->parent;
    if (memory->parent != nullptr)
        return {nullptr, ImportVerdict::partial_page, false, false};
    GstMiniObject* object = GST_MINI_OBJECT_CAST(memory);
    auto* record = static_cast<ImportRecord*>(gst_mini_object_get_qdata(object, quark));
    const bool known = record != nullptr && record->device.lock() == device;
    if (!known) {
        record = import_block(device, memory);
        gst_mini_object_set_qdata(object, quark, record, delete_record);
    }
    if (is_dmabuf && record->buffer && !writers_are_done(memory))
        return {nullptr, record->verdict, !known, true};
    return {record->buffer, record->verdict, !known, is_dmabuf};
}

} // namespace tactus
