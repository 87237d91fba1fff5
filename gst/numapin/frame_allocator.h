// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/topology/frame_arena.h"

#include <gst/gst.h>

namespace tactus {

/// An allocator whose memory comes from a FrameArena, and goes back there: what a decoder allocates
/// past its pool is recycled too. A GstMemory stays with its pages, so what an element keeps with
/// the memory (an import into a GPU, as qdata) is still there when the pages are used again.
///
/// Memory is of the type "SystemMemory": it is always mapped, at the same place. With
/// `options.shared` it is a GstFdMemory as well (gst_is_fd_memory), whose file others can map.
///
/// Threads: any. Ownership: the caller owns the reference; memory may outlive it. Null if
/// FrameArena::create refuses the options.
GstAllocator* make_frame_allocator(const ArenaOptions& options);

/// Whether it is such an allocator, of this or another element.
bool is_frame_allocator(GstAllocator* allocator);

/// The arena behind an allocator of make_frame_allocator; as long-lived as the allocator.
FrameArena& arena_of(GstAllocator* allocator);

} // namespace tactus
