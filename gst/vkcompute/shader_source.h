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

/// Shaders in turn, and what they were made of: enough to make them once more, for another device.
struct ShaderSet {
    // what is to be
    std::vector<std::string> sources; ///< as the properties say it
    std::string entry_point;
    bool plain = false; ///< for a device with none of Vulkan's optional features
    // what was made of it
    std::vector<std::shared_ptr<const Shader>> shaders;
    std::vector<std::string> labels; ///< file names without their endings, or "inline"
    ShaderTexts files;               ///< that had a part in it, also if it failed
};

std::vector<std::string> names_of(const ShaderTexts& files);

/// Makes the shaders of a set that has nothing but sources. One with a line break or a brace is
/// GLSL; else it is a file, or the name of one in the library. Of the files in `held` what they
/// had counts, not what there is now. False with the reason in `error`: a list of the library if
/// there is no such shader, file and line if it does not compile. Any thread.
bool load_shaders(ShaderSet& set, const ShaderTexts* held, SpirvCache& cache, GpuError& error);

/// Makes them once more, of the same files as they were, if they are not for such a device. False
/// with the reason in `error`; then the set is as it was.
bool fit_shaders(ShaderSet& set, bool plain, SpirvCache& cache, GpuError& error);

} // namespace tactus
