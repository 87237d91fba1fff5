// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tactus {

enum class BindingKind : std::uint8_t {
    storage_buffer,
    uniform_buffer,
    storage_image,
    sampled_image, ///< image and sampler in one (`sampler2D`)
    other          ///< what we cannot bind: buffer textures, separate samplers, …
};

/// "storage-buffer", "uniform-buffer", "storage-image", "sampled-image" or "other".
const char* binding_kind_name(BindingKind kind);

enum class ScalarType : std::uint8_t {
    f16,
    f32,
    f64,
    i8,
    i16,
    i32,
    i64,
    u8,
    u16,
    u32,
    u64,
    boolean,
    other
};

/// Of one component.
std::uint32_t scalar_size_bytes(ScalarType type);

/// A member of a block of push constants or uniforms. Members of nested structures are listed one
/// by one, as "outer.inner"; arrays of structures are left out.
struct BlockMember {
    std::string name;
    ScalarType type = ScalarType::other;
    std::uint32_t components = 1;   ///< of a vector, or rows of a matrix
    std::uint32_t columns = 1;      ///< of a matrix
    std::uint32_t array_length = 1; ///< 1: no array
    std::uint32_t offset_bytes = 0;
    std::uint32_t array_stride_bytes = 0;
    std::uint32_t matrix_stride_bytes = 0;
};

struct ShaderBinding {
    std::string name;       ///< of the variable; of the block where the variable has none
    std::string block_name; ///< of the block type of a buffer
    std::uint32_t set = 0;
    std::uint32_t binding = 0;
    BindingKind kind = BindingKind::other;
    std::uint32_t array_length = 1;
    std::uint32_t dimensions = 2;              ///< of an image: 1, 2 or 3
    bool image_array = false;                  ///< an image with layers
    std::string image_format;                  ///< as in GLSL ("rgba8"); empty if not declared
    ScalarType image_type = ScalarType::other; ///< f32, i32 or u32: what a texel is read as
    bool writes = false; ///< not declared `readonly`; never for uniforms and sampled images
    bool reads = true;   ///< not declared `writeonly`
    std::uint32_t block_size_bytes = 0; ///< of a buffer, without a last array of open length
    std::vector<BlockMember> members;   ///< of a buffer
};

struct SpecConstant {
    std::uint32_t id = 0;
    std::string name;
    ScalarType type = ScalarType::other;
    std::uint64_t default_bits = 0; ///< the value's bits, in the low bytes
};

/// What a compute shader wants, read from its SPIR-V by SPIRV-Cross.
struct ShaderReflection {
    std::string entry_point;
    std::vector<ShaderBinding> bindings; ///< in order of set and binding; only those in use
    std::uint32_t push_size_bytes = 0;   ///< 0: none; a multiple of 4
    std::string push_name;
    std::vector<BlockMember> push_members;
    std::vector<SpecConstant> constants;
    std::array<std::uint32_t, 3> local_size{1, 1, 1}; ///< with the constants' defaults
    /// Constants that set the local size, where the shader leaves it open (`local_size_x_id`).
    std::array<std::optional<std::uint32_t>, 3> local_size_ids;
};

/// Reads a valid module (see check_spirv). `entry_point` names one of its compute entry points;
/// empty: the only one, or "main". Nothing with the reason in `error`.
std::optional<ShaderReflection> reflect_shader(std::span<const std::uint32_t> spirv,
                                               const std::string& entry_point, GpuError& error);

} // namespace tactus
