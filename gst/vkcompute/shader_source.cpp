// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/shader_source.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace tactus {

namespace {

namespace fs = std::filesystem;

constexpr const char* kEnding = ".comp";

bool is_text(const std::string& source) {
    return source.find_first_of("\n{") != std::string::npos;
}

std::string library_names(const std::string& folder) {
    std::vector<std::string> names;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.path().extension() == kEnding)
            names.push_back(entry.path().stem().string());
    std::sort(names.begin(), names.end());
    std::string text;
    for (const std::string& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text.empty() ? "the library in " + folder + " is not there (set TACTUS_SHADERS)"
                        : "the library in " + folder + " has: " + text;
}

std::optional<std::string> content_of(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file)
        return std::nullopt;
    return std::string(std::istreambuf_iterator<char>(file), {});
}

std::optional<std::string> find(const std::string& source, const std::string& folder) {
    std::error_code error;
    if (fs::is_regular_file(source, error))
        return source;
    const fs::path named = fs::path(folder) / (source + kEnding);
    // A name, not a path that leads somewhere else.
    if (source.find('/') == std::string::npos && fs::is_regular_file(named, error))
        return named.string();
    return std::nullopt;
}

// Why there is nothing of that name to read.
const char* objection_to(const std::string& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (fs::is_directory(status))
        return "that is a folder";
    return fs::exists(status) ? "that is no regular file" : "no such file";
}

// That of the tree that this plugin lies in, which may have been moved since it was installed.
fs::path folder_beside_plugin() {
    static const char here = 0;
    Dl_info plugin{};
    if (dladdr(&here, &plugin) == 0 || plugin.dli_fname == nullptr)
        return {};
    const fs::path from = fs::path(plugin.dli_fname).parent_path();
    return (from / TACTUS_SHADER_FOLDER_FROM_PLUGIN).lexically_normal();
}

} // namespace

std::string shader_folder() {
    const char* folder = std::getenv("TACTUS_SHADERS");
    if (folder != nullptr && folder[0] != '\0')
        return folder;
    std::error_code error;
    const fs::path beside = folder_beside_plugin();
    return fs::is_directory(beside, error) ? beside.string() : TACTUS_SHADER_FOLDER;
}

LoadedShader load_shader(const std::string& source, const std::string& entry_point, bool plain,
                         SpirvCache& cache, std::vector<std::string>& files, GpuError& error) {
    const std::string folder = shader_folder();
    Shader::Settings settings;
    settings.entry_point = entry_point;
    settings.include_directories = {folder};
    settings.cache = &cache;
    settings.preamble = (plain ? "#define TACTUS_PLAIN_DEVICE 1\n" : "") +
                        content_of(fs::path(folder) / "tactus/frame.glsl").value_or("");
    std::vector<std::string> own;
    LoadedShader loaded;
    if (is_text(source)) {
        loaded = {Shader::from_glsl(source, "inline", settings, error, &own), "inline"};
    } else if (const auto path = find(source, folder)) {
        loaded = {Shader::from_file(*path, settings, error, &own), fs::path(*path).stem().string()};
    } else {
        error = {GpuStatus::bad_input, "there is no shader \"" + source + "\": " +
                                           objection_to(source) + ", and " + library_names(folder)};
    }
    files.insert(files.end(), own.begin(), own.end());
    return loaded;
}

} // namespace tactus
