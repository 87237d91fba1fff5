// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/frame_layout.h"

#include <gst/gst.h>

#include <cstdint>
#include <string>

namespace tactus {

/// How many pixels a frame has, and the width of a pixel in units of its height.
struct FrameShape {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    int par_n = 1;
    int par_d = 1;

    bool operator==(const FrameShape&) const = default;
};

/// The shape that frames get whose caps say no more than `allowed` does: its fields width, height
/// and pixel-aspect-ratio, of which one that is missing (or a null structure) leaves all open. What
/// is open stays as it is in `in`, or else such that the picture keeps its proportions; that is
/// videoscale's way. Any thread.
FrameShape nearest_shape(const FrameShape& in, const GstStructure* allowed);

/// The caps of what is made of frames with the caps `in`, which are fixed: all fields stay that
/// still hold, and none is added that is not needed. Colours keep primaries and transfer function.
/// The caller owns the reference.
GstCaps* caps_like(const GstCaps* in, PixelFormat format, const FrameShape& shape);

/// Media types with their formats, each once, without sizes and kinds of memory; for messages.
std::string brief_text_of(const GstCaps* caps);

/// The fields of the first structure of `wanted` that fixed caps do not meet, as a text with both
/// values; "" if they meet all.
std::string unmet_fields(const GstCaps* wanted, const GstCaps* caps);

} // namespace tactus
