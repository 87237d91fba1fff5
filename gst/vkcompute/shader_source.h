// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/vulkan/shader.h"

#include <memory>
#include <string>
#include <vector>

namespace tactus {

/// Where the library of shaders is: `$TACTUS_SHADERS`, else where it was installed.
std::string shader_folder();

struct LoadedShader {
    std::shared_ptr<const Shader> shader;
    std::string label; ///< file name without its ending, or "inline"
};

/// A shader by what the property says, for a device with none of Vulkan's optional features if
/// `plain`: a text with a line break or a brace is GLSL; else it is a file, or the name of one in
/// the library. Nothing with the reason in `error`: a list of the library if there is no such
/// shader, file and line if it does not compile. Files that had a part in it are added to `files`,
/// also then. Any thread.
LoadedShader load_shader(const std::string& source, const std::string& entry_point, bool plain,
                         SpirvCache& cache, std::vector<std::string>& files, GpuError& error);

} // namespace tactus
