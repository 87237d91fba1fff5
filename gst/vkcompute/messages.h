// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/frame_program.h"
#include "core/vulkan/gpu_clock.h"

#include <gst/gst.h>

#include <string>
#include <vector>

namespace tactus {

/// Says what the GPU did for a buffer.
constexpr const char* kTimingMeta = "tactus-gpu-timing";

/// The names of the metas below, so that a tracer finds them before the first buffer.
void register_metas();

/// What the GPU did for a buffer, as the custom meta kTimingMeta that clockcalib reads: one
/// span over all passes, and where there are several each of them in the field `passes`. What
/// another element said before is replaced. The buffer is writable; there is at least one span.
void add_gpu_timing(GstBuffer* buffer, const std::string& device,
                    const std::vector<FrameProgram::Pass>& passes,
                    const std::vector<GpuSpan>& spans);

/// What shaders counted, as the custom meta `tactus-results`: a field for each member of their
/// result blocks. Those of an element before stay, unless they have the same name. The structure
/// belongs to the buffer.
GstStructure* add_results(GstBuffer* buffer, const std::vector<FrameProgram::Result>& results);

/// The same as an element message `vkcompute-results`, with the buffer's `timestamp`.
void post_results(GstElement* element, const GstStructure* results, GstClockTime timestamp);

} // namespace tactus
