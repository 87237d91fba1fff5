// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "glue/sized_pool.h"

#include <stdexcept>
#include <string>

namespace tactus {

void SizedPool::clear() {
    if (pool_ == nullptr)
        return;
    gst_buffer_pool_set_active(pool_, FALSE);
    gst_object_unref(pool_);
    pool_ = nullptr;
    bytes_ = 0;
}

void SizedPool::grow(std::size_t bytes) {
    clear();
    if (bytes > G_MAXUINT)
        throw std::runtime_error("a buffer of " + std::to_string(bytes) + " bytes");
    pool_ = gst_buffer_pool_new();
    GstStructure* const config = gst_buffer_pool_get_config(pool_);
    gst_buffer_pool_config_set_params(config, nullptr, static_cast<guint>(bytes), 0, 0);
    if (!gst_buffer_pool_set_config(pool_, config) || !gst_buffer_pool_set_active(pool_, TRUE))
        throw std::runtime_error("a pool of buffers of " + std::to_string(bytes) + " bytes");
    bytes_ = bytes;
}

BufferHandle SizedPool::acquire(std::size_t bytes) {
    if (pool_ == nullptr || bytes > bytes_)
        grow(bytes);
    GstBuffer* buffer = nullptr;
    if (gst_buffer_pool_acquire_buffer(pool_, &buffer, nullptr) != GST_FLOW_OK)
        throw std::runtime_error("no buffer of " + std::to_string(bytes) + " bytes");
    gst_buffer_set_size(buffer, static_cast<gssize>(bytes));
    return BufferHandle(buffer);
}

} // namespace tactus
