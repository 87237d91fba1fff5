// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Frames in images that somebody else made: copied on the device, as they lack the usage and the
// format that shaders need (a storage image cannot be BGRA or sRGB), and bytes are bytes to a copy.
#include "core/vulkan/frame_program_parts.h"

namespace tactus {

// History is kept in buffers, whatever the shaders look at besides.
bool FrameProgram::reads_buffers(const Frame& frame) const {
    return stages_.front().facts.reads_buffers || (frame.in.is_in_images() && history() > 0);
}

void FrameProgram::take_from_images(const Slot& slot, const Frame& frame, GpuJob& job) const {
    const ShaderFacts& facts = stages_.front().facts;
    for (std::uint32_t i = 0; i < frame.in.layout.plane_count; ++i) {
        const PlaneLayout& plane = frame.in.layout.planes[i];
        GpuImage* from = frame.in.images[i].get();
        if (reads_buffers(frame))
            job.uploads.push_back({GpuCopy::Kind::image_to_buffer,
                                   {},
                                   {slot.in.buffer.get(), plane.offset_bytes, 0},
                                   from,
                                   plane.stride_bytes / plane.pixel_stride_bytes});
        if (facts.reads_images)
            job.uploads.push_back({GpuCopy::Kind::image, {}, {}, from, 0, slot.in_images[i].get()});
    }
}

void FrameProgram::give_to_images(const Slot& slot, const Frame& frame, GpuJob& job) const {
    const ShaderFacts& facts = stages_.back().facts;
    for (std::uint32_t i = 0; i < frame.out.layout.plane_count; ++i) {
        const PlaneLayout& plane = frame.out.layout.planes[i];
        GpuImage* to = frame.out.images[i].get();
        if (facts.writes_images)
            job.downloads.push_back(
                {GpuCopy::Kind::image, {}, {}, slot.out_images[i].get(), 0, to});
        else
            job.downloads.push_back({GpuCopy::Kind::buffer_to_image,
                                     {slot.out.buffer.get(), plane.offset_bytes, 0},
                                     {},
                                     to,
                                     plane.stride_bytes / plane.pixel_stride_bytes});
    }
}

} // namespace tactus
