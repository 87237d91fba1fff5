// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/output_pool.h"

#include "vkcompute/gpu_memory.h"

#include <utility>

namespace tactus {

void OutputPool::begin(std::shared_ptr<HostFrames> frames) {
    clear();
    allocator_ = make_gpu_allocator(std::move(frames));
}

void OutputPool::clear() {
    drop_pool();
    gst_clear_object(&allocator_);
}

void OutputPool::drop_pool() {
    if (pool_ == nullptr)
        return;
    gst_buffer_pool_set_active(pool_, FALSE);
    gst_clear_object(&pool_);
    pool_bytes_ = 0;
}

bool OutputPool::make_pool(std::size_t bytes) {
    drop_pool();
    pool_ = gst_buffer_pool_new();
    GstStructure* config = gst_buffer_pool_get_config(pool_);
    gst_buffer_pool_config_set_params(config, nullptr, static_cast<guint>(bytes), 0, 0);
    gst_buffer_pool_config_set_allocator(config, allocator_, nullptr);
    pool_bytes_ = bytes;
    return gst_buffer_pool_set_config(pool_, config) && gst_buffer_pool_set_active(pool_, TRUE);
}

GstBuffer* OutputPool::acquire(std::size_t bytes) {
    // Audio comes in sizes that vary a little: one pool for all.
    if ((pool_ == nullptr || bytes > pool_bytes_) && !make_pool(bytes))
        return nullptr;
    GstBuffer* buffer = nullptr;
    if (gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr) != GST_FLOW_OK)
        return nullptr;
    if (bytes < pool_bytes_)
        gst_buffer_set_size(buffer, static_cast<gssize>(bytes));
    return buffer;
}

} // namespace tactus
