// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <gst/video/video.h>

namespace tactus {

/// Where the pixels of what comes out are from: a part of the frame that came in, of the size of
/// `in` (all of it unless it was cut), brought to the size of `out`.
struct FrameMove {
    bool is_cut = false;
    guint x = 0;
    guint y = 0;
    GstVideoInfo in{};
    GstVideoInfo out{};

    bool is_scaled() const { return in.width != out.width || in.height != out.height; }
};

/// Flags, times and metas of a frame for what was made of it. Metas that speak of memory are left
/// out. Of those that speak of places in the picture, regions of interest and bars move with the
/// pixels; others are asked to, if the picture is another size, and are left out if they cannot or
/// if the picture was cut. `move` is null for what is no picture. `to` is writable.
void copy_metadata(GstBuffer* from, GstBuffer* to, const FrameMove* move);

} // namespace tactus
