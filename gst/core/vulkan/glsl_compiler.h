// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/gpu_status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tactus {

/// Whole files by their names, as they were when they were read; empty: one that could not be.
using ShaderTexts = std::map<std::string, std::string>;

/// What Shader::from_glsl hands to glslang; see there.
struct GlslSource {
    std::string_view text;
    std::string name;
    std::string preamble;
    std::vector<std::string> include_directories;
    const ShaderTexts* held = nullptr; ///< taken for the files of these names
};

/// A compute shader's SPIR-V, not yet validated; nothing with "NAME:LINE: what is wrong", one line
/// each, in `error`. The files that were included are added to `files`, on failure also those that
/// were not found: whoever waits for a correction has to watch them. Any thread.
std::optional<std::vector<std::uint32_t>> compile_glsl(const GlslSource& source, ShaderTexts& files,
                                                       GpuError& error);

/// The whole of a regular file of at most 16 MiB, or what `held` has in its place.
std::optional<std::string> read_shader_file(const std::string& path, GpuError& error,
                                            const ShaderTexts* held = nullptr);

} // namespace tactus
