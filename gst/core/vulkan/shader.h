// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/glsl_compiler.h"
#include "core/vulkan/gpu_status.h"
#include "core/vulkan/shader_reflection.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

class SpirvCache;

/// A compute shader: SPIR-V that passed SPIRV-Tools' validation, and what it declares. Needs no
/// device.
///
/// Threads: any; immutable. GLSL is compiled by glslang for Vulkan 1.2 (SPIR-V 1.5); `#include
/// "file"` (with GL_GOOGLE_include_directive, which is on by itself) is looked up beside the
/// including file, then in Settings::include_directories.
class Shader {
  public:
    struct Settings {
        std::string entry_point; ///< empty: the only one, or "main"
        std::vector<std::string> include_directories;
        /// Lines put before the first line after `#version`, "#define WIDE 1\n" say. They don't
        /// change line numbers.
        std::string preamble;
        /// Asked before glslang is, and told what it made; null: none.
        SpirvCache* cache = nullptr;
        /// What an earlier call gave as `files`: taken in place of what is on the disk now. Others
        /// are read there. Null: all are.
        const ShaderTexts* held = nullptr;
    };

    /// GLSL text. `name` stands for the file in error messages ("NAME:LINE: what is wrong") and
    /// includes are looked up beside it. A text without `#version` counts as `#version 460`. All
    /// files that had a part in it are in `files`: for who watches them, also on failure, and for
    /// who makes it once more from the same.
    static std::shared_ptr<const Shader> from_glsl(std::string_view text, const std::string& name,
                                                   const Settings& settings, GpuError& error,
                                                   ShaderTexts* files = nullptr);
    static std::shared_ptr<const Shader> from_spirv(std::span<const std::byte> bytes,
                                                    const Settings& settings, GpuError& error);
    /// SPIR-V if the file starts with its magic number, else GLSL.
    static std::shared_ptr<const Shader> from_file(const std::string& path,
                                                   const Settings& settings, GpuError& error,
                                                   ShaderTexts* files = nullptr);

    std::span<const std::uint32_t> spirv() const { return spirv_; }
    const ShaderReflection& reflection() const { return reflection_; }

  private:
    Shader() = default;
    static std::shared_ptr<const Shader> finish(std::shared_ptr<Shader> shader,
                                                const std::string& entry_point, GpuError& error);

    std::vector<std::uint32_t> spirv_;
    ShaderReflection reflection_;
};

/// Nothing wrong: an empty text. Else what SPIRV-Tools objects to, for Vulkan 1.2.
std::string check_spirv(std::span<const std::uint32_t> words);

} // namespace tactus
