// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "numapin/allocation_answer.h"

#include "glue/handles.h"
#include "numapin/frame_allocator.h"

#include <gst/video/video.h>

#include <algorithm>
#include <memory>

namespace tactus {

namespace {

using AllocatorHandle = std::unique_ptr<GstAllocator, ObjectUnref>;
using PoolHandle = std::unique_ptr<GstBufferPool, ObjectUnref>;

std::string special_allocator(GstAllocator* allocator) {
    if (allocator == nullptr)
        return {};
    const bool is_plain = g_strcmp0(allocator->mem_type, GST_ALLOCATOR_SYSMEM) == 0;
    if (is_plain && !is_frame_allocator(allocator))
        return {};
    return std::string("the allocator ") + G_OBJECT_TYPE_NAME(allocator);
}

// The pool of a display or a device is a type of its own, or has a special allocator inside.
std::string special_pool(GstBufferPool* pool) {
    if (pool == nullptr)
        return {};
    const std::string type = G_OBJECT_TYPE_NAME(pool);
    if (type != "GstBufferPool" && type != "GstVideoBufferPool")
        return "the pool " + type;
    const StructureHandle config(gst_buffer_pool_get_config(pool));
    GstAllocator* inside = nullptr;
    gst_buffer_pool_config_get_allocator(config.get(), &inside, nullptr);
    return special_allocator(inside);
}

std::string special_caps(GstCaps* caps) {
    if (caps == nullptr || gst_caps_is_any(caps) || gst_caps_get_size(caps) == 0)
        return {};
    GstCapsFeatures* features = gst_caps_get_features(caps, 0);
    for (guint i = 0; i < gst_caps_features_get_size(features); ++i) {
        const char* name = gst_caps_features_get_nth(features, i);
        if (g_str_has_prefix(name, "memory:") &&
            g_strcmp0(name, GST_CAPS_FEATURE_MEMORY_SYSTEM_MEMORY) != 0)
            return std::string("caps with ") + name;
    }
    return {};
}

std::string special_wish(GstQuery* query, GstCaps* caps) {
    std::string special = special_caps(caps);
    for (guint i = 0; special.empty() && i < gst_query_get_n_allocation_params(query); ++i) {
        GstAllocator* allocator = nullptr;
        gst_query_parse_nth_allocation_param(query, i, &allocator, nullptr);
        const AllocatorHandle handle(allocator);
        special = special_allocator(allocator);
    }
    for (guint i = 0; special.empty() && i < gst_query_get_n_allocation_pools(query); ++i) {
        GstBufferPool* pool = nullptr;
        gst_query_parse_nth_allocation_pool(query, i, &pool, nullptr, nullptr, nullptr);
        const PoolHandle handle(pool);
        special = special_pool(pool);
    }
    return special;
}

GstAllocationParams set_allocator(GstQuery* query, GstAllocator* allocator) {
    GstAllocationParams params;
    gst_allocation_params_init(&params);
    if (gst_query_get_n_allocation_params(query) > 0)
        gst_query_parse_nth_allocation_param(query, 0, nullptr, &params);
    const std::size_t alignment_bytes = arena_of(allocator).options().alignment_bytes;
    if (alignment_bytes > 0)
        params.align = std::max<gsize>(params.align, alignment_bytes - 1);
    while (gst_query_get_n_allocation_params(query) > 0)
        gst_query_remove_nth_allocation_param(query, 0);
    gst_query_add_allocation_param(query, allocator, &params);
    return params;
}

struct PoolNeeds {
    guint bytes = 0;
    guint least_buffers = 0;
    bool is_video = false;
};

PoolNeeds pool_needs(GstQuery* query, GstCaps* caps) {
    PoolNeeds needs;
    if (gst_query_get_n_allocation_pools(query) > 0)
        gst_query_parse_nth_allocation_pool(query, 0, nullptr, &needs.bytes, &needs.least_buffers,
                                            nullptr);
    GstVideoInfo info;
    if (caps != nullptr && gst_caps_is_fixed(caps) && gst_video_info_from_caps(&info, caps)) {
        needs.is_video = GST_VIDEO_INFO_FORMAT(&info) != GST_VIDEO_FORMAT_ENCODED;
        needs.bytes = std::max(needs.bytes, static_cast<guint>(info.size));
    }
    return needs;
}

bool offer_pool(GstQuery* query, GstCaps* caps, const PoolNeeds& needs, GstAllocator* allocator,
                const GstAllocationParams& params) {
    const PoolHandle pool(needs.is_video ? gst_video_buffer_pool_new() : gst_buffer_pool_new());
    GstStructure* config = gst_buffer_pool_get_config(pool.get());
    gst_buffer_pool_config_set_params(config, caps, needs.bytes, needs.least_buffers, 0);
    gst_buffer_pool_config_set_allocator(config, allocator, &params);
    if (needs.is_video &&
        gst_query_find_allocation_meta(query, GST_VIDEO_META_API_TYPE, nullptr) != 0)
        gst_buffer_pool_config_add_option(config, GST_BUFFER_POOL_OPTION_VIDEO_META);
    if (!gst_buffer_pool_set_config(pool.get(), config))
        return false;
    while (gst_query_get_n_allocation_pools(query) > 0)
        gst_query_remove_nth_allocation_pool(query, 0);
    gst_query_add_allocation_pool(query, pool.get(), needs.bytes, needs.least_buffers, 0);
    return true;
}

} // namespace

AllocationAnswer answer_allocation(GstQuery* query, GstAllocator* allocator) {
    GstCaps* caps = nullptr;
    gst_query_parse_allocation(query, &caps, nullptr);
    AllocationAnswer answer;
    answer.left_alone = special_wish(query, caps);
    if (!answer.left_alone.empty())
        return answer;
    const GstAllocationParams params = set_allocator(query, allocator);
    answer.is_ours = true;
    const PoolNeeds needs = pool_needs(query, caps);
    if (caps != nullptr && needs.bytes > 0 && offer_pool(query, caps, needs, allocator, params))
        answer.frame_bytes = needs.bytes;
    return answer;
}

} // namespace tactus
