// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/default_allocator.h"

#include <algorithm>
#include <mutex>
#include <vector>

using namespace tactus;

// Only passes on: the memory it returns is that of one of the two behind it.
struct GstNumaPinDefaultAllocator {
    GstAllocator parent;
    GstAllocator* frames;
    GstAllocator* system;
};
struct GstNumaPinDefaultAllocatorClass {
    GstAllocatorClass parent;
};

namespace {

GType gst_numa_pin_default_allocator_get_type();
G_DEFINE_TYPE(GstNumaPinDefaultAllocator, gst_numa_pin_default_allocator, GST_TYPE_ALLOCATOR)

GstMemory* allocate(GstAllocator* allocator, gsize size, GstAllocationParams* params) noexcept {
    auto* self = reinterpret_cast<GstNumaPinDefaultAllocator*>(allocator);
    GstMemory* memory = nullptr;
    if (size >= DefaultAllocator::kLeastBytes)
        memory = gst_allocator_alloc(self->frames, size, params);
    return memory != nullptr ? memory : gst_allocator_alloc(self->system, size, params);
}

void dispose(GObject* object) noexcept {
    auto* self = reinterpret_cast<GstNumaPinDefaultAllocator*>(object);
    gst_clear_object(&self->frames);
    gst_clear_object(&self->system);
    G_OBJECT_CLASS(gst_numa_pin_default_allocator_parent_class)->dispose(object);
}

void gst_numa_pin_default_allocator_class_init(GstNumaPinDefaultAllocatorClass* klass) {
    G_OBJECT_CLASS(klass)->dispose = dispose;
    GST_ALLOCATOR_CLASS(klass)->alloc = allocate;
}

void gst_numa_pin_default_allocator_init(GstNumaPinDefaultAllocator* self) {
    self->parent.mem_type = GST_ALLOCATOR_SYSMEM;
}

struct Process {
    std::mutex lock;
    std::vector<GstAllocator*> fronts; ///< the last one holds
    GstAllocator* original = nullptr;
};

Process& process() {
    static auto* const all = new Process; // others may still allocate when the process ends
    return *all;
}

void set_default(GstAllocator* allocator) {
    gst_allocator_set_default(GST_ALLOCATOR(gst_object_ref(allocator)));
}

void remove(Process& all, GstAllocator*& front) {
    if (front == nullptr)
        return;
    GstAllocator* now = gst_allocator_find(nullptr);
    const bool holds = now == front;
    gst_object_unref(now);
    std::erase(all.fronts, front);
    if (holds)
        set_default(all.fronts.empty() ? all.original : all.fronts.back());
    gst_clear_object(&front);
    if (all.fronts.empty())
        gst_clear_object(&all.original);
}

} // namespace

namespace tactus {

void DefaultAllocator::enter(GstAllocator* allocator) {
    Process& all = process();
    const std::lock_guard hold(all.lock);
    remove(all, front_);
    auto* made = static_cast<GstNumaPinDefaultAllocator*>(
        g_object_new(gst_numa_pin_default_allocator_get_type(), nullptr));
    gst_object_ref_sink(made);
    if (all.original == nullptr)
        all.original = gst_allocator_find(nullptr);
    made->frames = GST_ALLOCATOR(gst_object_ref(allocator));
    made->system = gst_allocator_find(GST_ALLOCATOR_SYSMEM);
    front_ = &made->parent;
    all.fronts.push_back(front_);
    set_default(front_);
}

void DefaultAllocator::leave() {
    Process& all = process();
    const std::lock_guard hold(all.lock);
    remove(all, front_);
}

} // namespace tactus
