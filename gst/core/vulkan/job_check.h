// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_job.h"
#include "core/vulkan/vulkan_device.h"

#include <cstdint>
#include <string>

namespace tactus {

/// What is wrong with a job, in words; empty if nothing is. Vulkan checks none of it, and a driver
/// may do anything with what is wrong.
std::string check_job(const GpuJob& job, const GpuTraits& traits, unsigned max_dispatches);

/// Of one texel of a format that images are made of here (see gpu_image.h); 0 for others.
std::uint32_t texel_size_bytes(VkFormat format);

/// The bytes of a slice, with 0 as "up to the end" resolved.
std::size_t slice_bytes(const BufferSlice& slice);

} // namespace tactus
