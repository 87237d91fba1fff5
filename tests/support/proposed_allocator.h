// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "compute_harness.h"

namespace tactus {

/// The allocator that vkcompute offers upstream, as a decoder takes it past all pools. The
/// caller's.
inline GstAllocator* proposed_allocator(const ComputeHarness& harness) {
    GstCaps* caps = gst_pad_get_current_caps(harness.get()->srcpad);
    GstQuery* query = gst_query_new_allocation(caps, FALSE);
    gst_caps_unref(caps);
    EXPECT_TRUE(gst_pad_peer_query(harness.get()->srcpad, query));
    GstAllocator* allocator = nullptr;
    gst_query_parse_nth_allocation_param(query, 0, &allocator, nullptr);
    gst_query_unref(query);
    return allocator;
}

} // namespace tactus
