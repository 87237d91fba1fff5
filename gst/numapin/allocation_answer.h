// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

#include <string>

namespace tactus {

/// What became of an ALLOCATION query.
struct AllocationAnswer {
    bool is_ours = false;   ///< our allocator is what upstream will use
    std::string left_alone; ///< else: whose memory downstream wants instead
    gsize frame_bytes = 0;  ///< of the pool that was offered; 0: none was, the size is not known
};

/// Puts `allocator` (of make_frame_allocator) into a query that downstream has answered, or has
/// not: as the allocator, since decoders allocate past pools, and in a pool, since sources allocate
/// from nothing else. The pool is a new one for each query, without a maximum of buffers: a decoder
/// may hold as many as it needs. Which metas downstream takes stays as it is.
///
/// If downstream offers memory of a special kind (DMABuf, GL, VA, Vulkan, shared with a display) or
/// another numapin's, nothing is changed.
AllocationAnswer answer_allocation(GstQuery* query, GstAllocator* allocator);

} // namespace tactus
