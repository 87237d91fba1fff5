// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/gst.h>

namespace tactus {

/// What the process allocates from where an element asks nobody (gst_allocator_set_default). Some
/// do so for each frame: rawvideoparse of GStreamer 1.22, for one. Below kLeastBytes memory stays
/// that of the system: a page for each small buffer would be waste.
///
/// Several may be there, in any order; the last that came holds. When it leaves, what was the
/// default before it comes back, or what was before that if that has left, too. Memory outlives it
/// all. If somebody else changes the default meanwhile, that stays.
///
/// Threads: any.
class DefaultAllocator {
  public:
    static constexpr gsize kLeastBytes = gsize{64} << 10U;

    DefaultAllocator() = default;
    ~DefaultAllocator() { leave(); }
    DefaultAllocator(const DefaultAllocator&) = delete;
    DefaultAllocator& operator=(const DefaultAllocator&) = delete;

    /// `allocator` is one of make_frame_allocator; it takes the place of an earlier one.
    void enter(GstAllocator* allocator);
    void leave();

  private:
    GstAllocator* front_ = nullptr; ///< guarded by the one lock of the process
};

} // namespace tactus
