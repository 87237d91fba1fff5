// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/compute_pipeline.h"
#include "core/vulkan/frame_layout.h"
#include "core/vulkan/uniform_values.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

/// The numbers on which shaders and FrameProgram agree; docs/guides/write-a-shader.md lists them
/// for users, gst/vkcompute/shaders/tactus/frame.glsl declares them. All bindings are in set 0.
namespace convention {
constexpr std::uint32_t kMostPlanes = 3;
constexpr std::uint32_t kMostHistory = 4;

constexpr std::uint32_t kFrameInfo = 0;       ///< uniform block, FrameInfo
constexpr std::uint32_t kInBuffers = 1;       ///< storage buffers, one per plane
constexpr std::uint32_t kOutBuffers = 4;      ///< likewise
constexpr std::uint32_t kInSampled = 7;       ///< sampled images, one per plane
constexpr std::uint32_t kOutImages = 10;      ///< storage images, one per plane
constexpr std::uint32_t kInImages = 13;       ///< likewise
constexpr std::uint32_t kExtra = 16;          ///< storage buffer
constexpr std::uint32_t kExtraImage = 17;     ///< sampled image
constexpr std::uint32_t kResult = 18;         ///< storage buffer, zero before each frame
constexpr std::uint32_t kStateBefore = 19;    ///< storage buffer: what the frame before left
constexpr std::uint32_t kUniformBlock = 20;   ///< uniform block of the user's
constexpr std::uint32_t kStateAfter = 21;     ///< storage buffer: for the next frame
constexpr std::uint32_t kHistoryBuffers = 24; ///< storage buffers, newest first

constexpr std::uint32_t kInFormat = 1000; ///< specialization constants from here on
constexpr std::uint32_t kOutFormat = 1001;
constexpr std::uint32_t kPass = 1004;
constexpr std::uint32_t kKr = 1005;
constexpr std::uint32_t kKb = 1006;
constexpr std::uint32_t kFullRange = 1007;
constexpr std::uint32_t kBlockColumns = 1010;
constexpr std::uint32_t kBlockRows = 1011;
constexpr std::uint32_t kBlockBytes = 1012;
constexpr std::uint32_t kPassCount = 1013;
constexpr std::uint32_t kTakes = 1014;
constexpr std::uint32_t kMakes = 1015;
constexpr std::uint32_t kMostExtraBytes = 1016;
constexpr std::uint32_t kPixelwise = 1017;
constexpr std::uint32_t kConverts = 1018;
constexpr std::uint32_t kFirstOwn = kInFormat; ///< ids from here to kLastOwn are ours
constexpr std::uint32_t kLastOwn = 1099;
constexpr std::uint32_t kNothing = 255; ///< what kMakes says if the frame passes as it is
constexpr std::uint32_t kSize = 1;      ///< bits of kConverts
constexpr std::uint32_t kFormat = 2;
} // namespace convention

/// What the uniform block at binding 0 holds (std140).
struct FrameInfo {
    struct Plane {
        std::uint32_t offset_bytes;
        std::uint32_t stride_bytes;
        std::uint32_t pixel_stride_bytes;
        std::uint32_t components;
        std::uint32_t component_bytes;
        std::uint32_t width;
        std::uint32_t height;
        std::uint32_t reserved;
    };
    std::array<Plane, 3> in_planes;
    std::array<Plane, 3> out_planes;
    std::array<std::uint32_t, 2> in_size;
    std::array<std::uint32_t, 2> out_size;
    std::uint64_t pts_ns;
    std::uint32_t number;
    std::uint32_t history;
    std::uint32_t in_plane_count;
    std::uint32_t out_plane_count;
    std::uint32_t in_bytes;
    std::uint32_t out_bytes;
    std::uint32_t rate;
    std::uint32_t extra_bytes;
    std::array<std::uint32_t, 2> extra_size;
};
static_assert(sizeof(FrameInfo) == 256);

/// What a shader says about itself through its constants and bindings.
struct ShaderFacts {
    std::uint32_t block_columns = 1;
    std::uint32_t block_rows = 1;
    std::uint32_t block_bytes = 0; ///< 0: block_columns counts
    std::uint32_t pass_count = 1;
    std::uint32_t takes = UINT32_MAX; ///< mask of 1 << format
    std::optional<PixelFormat> makes; ///< nothing: what it takes
    bool passes_input = false;        ///< it makes no frame
    bool reads_images = false;
    bool reads_buffers = false;
    bool writes_images = false;
    bool writes_buffers = false;
    std::uint32_t history = 0;                   ///< how many earlier frames it looks at
    std::uint32_t most_extra_bytes = UINT32_MAX; ///< that it makes use of
    bool is_pixelwise = false; ///< it says that a pixel depends on that very place alone

    /// Whether it can be asked for another size or format: a mask of kSize and kFormat. Nothing: it
    /// does not say, and whoever asks has to know.
    std::optional<std::uint32_t> converts;

    bool takes_format(PixelFormat format) const {
        return (takes >> static_cast<unsigned>(format) & 1U) != 0;
    }
    bool says_it_converts(std::uint32_t what) const { return converts && (*converts & what) != 0; }
    bool may_convert(std::uint32_t what) const {
        return !passes_input && (!converts || says_it_converts(what));
    }
};

/// Nothing, with the reason, if a binding or a constant is not one of the convention.
std::optional<ShaderFacts> shader_facts(const ShaderReflection& reflection, GpuError& error);

/// The formats of a mask, "RGBA, NV12".
std::string format_names(std::uint32_t mask);

const SpecConstant* find_constant(const ShaderReflection& reflection, std::uint32_t id);
const ShaderBinding* find_binding(const ShaderReflection& reflection, std::uint32_t binding);

/// The members that `uniforms` can set: those of the push constants, then those of the user's
/// uniform block.
std::vector<BlockMember> uniform_members(const ShaderReflection& reflection);
/// What the constants named default_NAME say about the uniform NAME.
UniformValues uniform_defaults(const ShaderReflection& reflection);

} // namespace tactus
