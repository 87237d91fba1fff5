// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/compute_pipeline.h"
#include "core/vulkan/gpu_buffer.h"
#include "core/vulkan/gpu_image.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tactus {

/// Part of a buffer. size_bytes 0: up to its end.
struct BufferSlice {
    const GpuBuffer* buffer = nullptr;
    std::size_t offset_bytes = 0;
    std::size_t size_bytes = 0;
};

/// From buffer to buffer, between a buffer and the whole of an image (of its part, if it is
/// borrowed), or from image to image of the same size.
struct GpuCopy {
    enum class Kind : std::uint8_t { buffer, buffer_to_image, image_to_buffer, image };
    Kind kind = Kind::buffer;
    BufferSlice from; ///< of a buffer that is copied from
    BufferSlice to;   ///< of a buffer that is copied to
    GpuImage* image = nullptr;
    std::uint32_t row_texels = 0; ///< stride of the buffer's rows; 0: the image's width
    GpuImage* to_image = nullptr; ///< of kind `image`, which copies from `image`
};

/// What a binding of a dispatch is: either a slice of a buffer or an image.
struct GpuBinding {
    std::uint32_t set = 0;
    std::uint32_t binding = 0;
    std::uint32_t element = 0; ///< of an array of bindings
    BufferSlice buffer;        ///< offset: a multiple of the device's minimum for such buffers
    GpuImage* image = nullptr;
    VkFilter filter = VK_FILTER_LINEAR; ///< of a sampled image; edges are clamped
};

struct GpuDispatch {
    const ComputePipeline* pipeline = nullptr;
    std::vector<GpuBinding> bindings;      ///< all that the shader declares
    std::vector<std::byte> push_constants; ///< as many bytes as the shader declares
    std::array<std::uint32_t, 3> groups{1, 1, 1};
};

/// What the GPU does for one frame: copies in, dispatches one after the other, copies out. Each
/// step sees what the one before wrote, and what earlier jobs of the same ring wrote.
///
/// Copies of the same list must not overlap. A buffer that is copied into and that later jobs read
/// (a frame of history) must not be copied into again before those jobs are collected.
struct GpuJob {
    std::vector<GpuCopy> uploads;
    std::vector<GpuDispatch> dispatches;
    std::vector<GpuCopy> downloads;
};

} // namespace tactus
