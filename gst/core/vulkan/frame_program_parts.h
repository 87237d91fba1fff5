// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/frame_program.h"

namespace tactus {

/// Each stage's part of a slot's uniforms: the frame info, then the user's block.
constexpr std::size_t kInfoBytes = sizeof(FrameInfo);

/// One dispatch: a pass of a shader.
struct FrameProgram::Stage {
    std::shared_ptr<const ComputePipeline> pipeline;
    std::shared_ptr<const Shader> shader;
    ComputePipeline::Settings specialization; ///< that the pipeline was made with
    ShaderFacts facts;
    std::string label;
    std::size_t shader_index = 0;
    std::uint32_t pass = 0; ///< of that shader
    PixelFormat in_format = PixelFormat::bytes;
    PixelFormat out_format = PixelFormat::bytes;
    std::vector<std::byte> push;
    std::vector<std::byte> block; ///< the user's uniform block
    std::array<std::shared_ptr<GpuBuffer>, 2> state;
    std::size_t state_bytes = 0;

    const ShaderReflection& reflection() const { return pipeline->reflection(); }
};

/// What belongs to a job in flight.
struct FrameProgram::Slot {
    std::shared_ptr<GpuBuffer> info;
    std::size_t info_stride_bytes = 0; ///< from stage to stage
    Frame frame;                       ///< of the host
    GpuFrame in;                       ///< as the first stage sees it
    GpuFrame out;
    std::vector<GpuFrame> between; ///< what each stage but the last makes
    using Images = std::array<std::shared_ptr<GpuImage>, convention::kMostPlanes>;
    Images in_images;
    Images out_images;
    std::vector<Images> between_images;
    std::vector<GpuFrame> earlier;
    struct ResultBuffer {
        std::shared_ptr<GpuBuffer> host;
        std::shared_ptr<GpuBuffer> device; ///< null: the shader writes to `host`
        std::size_t bytes = 0;
    };
    std::vector<ResultBuffer> results; ///< one for each stage; empty where it has none
};

/// The shaders work on copies that the job makes of what comes in, or copies out from.
inline bool copies_in(const FrameProgram::Frame& frame) {
    return frame.copied || frame.in.is_in_images();
}
inline bool copies_out(const FrameProgram::Frame& frame) {
    return frame.copied || frame.out.is_in_images();
}

} // namespace tactus
