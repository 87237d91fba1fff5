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
    GstAllocator* earlier; ///< the default that it took the place of; guarded by the process's lock
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
    gst_clear_object(&self->earlier);
    G_OBJECT_CLASS(gst_numa_pin_default_allocator_parent_class)->dispose(object);
}

void gst_numa_pin_default_allocator_class_init(GstNumaPinDefaultAllocatorClass* klass) {
    G_OBJECT_CLASS(klass)->dispose = dispose;
    GST_ALLOCATOR_CLASS(klass)->alloc = allocate;
}

void gst_numa_pin_default_allocator_init(GstNumaPinDefaultAllocator* self) {
    self->parent.mem_type = GST_ALLOCATOR_SYSMEM;
}

using Front = GstNumaPinDefaultAllocator;

struct Process {
    std::mutex lock;
    std::vector<Front*> fronts;
};

Process& process() {
    static auto* const all = new Process; // others may still allocate when the process ends
    return *all;
}

void set_default(GstAllocator* allocator) {
    gst_allocator_set_default(GST_ALLOCATOR(gst_object_ref(allocator)));
}

void remove(Process& all, GstAllocator*& leaving) {
    if (leaving == nullptr)
        return;
    GstAllocator* const earlier = reinterpret_cast<Front*>(leaving)->earlier;
    std::erase(all.fronts, reinterpret_cast<Front*>(leaving));
    // Those that came later must not bring it back.
    for (Front* front : all.fronts)
        if (front->earlier == leaving)
            gst_object_replace(reinterpret_cast<GstObject**>(&front->earlier),
                               GST_OBJECT_CAST(earlier));
    GstAllocator* const now = gst_allocator_find(nullptr);
    if (now == leaving)
        set_default(earlier);
    gst_object_unref(now);
    gst_clear_object(&leaving);
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
    made->frames = GST_ALLOCATOR(gst_object_ref(allocator));
    made->system = gst_allocator_find(GST_ALLOCATOR_SYSMEM);
    made->earlier = gst_allocator_find(nullptr);
    front_ = &made->parent;
    all.fronts.push_back(made);
    set_default(front_);
}

void DefaultAllocator::leave() {
    Process& all = process();
    const std::lock_guard hold(all.lock);
    remove(all, front_);
}

} // namespace tactus
