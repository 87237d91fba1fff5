// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "vkcompute/shader_source.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

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

bool is_there(const std::string& path, const ShaderTexts* held) {
    std::error_code error;
    return (held != nullptr && held->count(path) != 0) || fs::is_regular_file(path, error);
}

std::optional<std::string> find(const std::string& source, const std::string& folder,
                                const ShaderTexts* held) {
    if (is_there(source, held))
        return source;
    const std::string named = (fs::path(folder) / (source + kEnding)).string();
    // A name, not a path that leads somewhere else.
    if (source.find('/') == std::string::npos && is_there(named, held))
        return named;
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

std::vector<std::string> names_of(const ShaderTexts& files) {
    std::vector<std::string> names;
    for (const auto& [name, text] : files)
        names.push_back(name);
    return names;
}

bool load_shaders(ShaderSet& set, const ShaderTexts* held, SpirvCache& cache, GpuError& error) {
    const std::string folder = shader_folder();
    const std::string prelude = (fs::path(folder) / "tactus/frame.glsl").string();
    Shader::Settings settings;
    settings.entry_point = set.entry_point;
    settings.include_directories = {folder};
    settings.cache = &cache;
    settings.held = held;
    settings.preamble = set.plain ? "#define TACTUS_PLAIN_DEVICE 1\n" : "";
    if (const auto text = read_shader_file(prelude, error, held)) {
        settings.preamble += *text;
        set.files[prelude] = *text;
    }
    for (const std::string& source : set.sources) {
        std::shared_ptr<const Shader> made;
        std::string label = "inline";
        ShaderTexts own;
        if (is_text(source)) {
            made = Shader::from_glsl(source, label, settings, error, &own);
        } else if (const auto path = find(source, folder, held)) {
            made = Shader::from_file(*path, settings, error, &own);
            label = fs::path(*path).stem().string();
        } else {
            own[source]; // it may come to be
            error = {GpuStatus::bad_input, "there is no shader \"" + source +
                                               "\": " + objection_to(source) + ", and " +
                                               library_names(folder)};
        }
        set.files.merge(own);
        if (!made)
            return false;
        set.shaders.push_back(std::move(made));
        set.labels.push_back(std::move(label));
    }
    return true;
}

bool fit_shaders(ShaderSet& set, bool plain, SpirvCache& cache, GpuError& error) {
    if (set.plain == plain || set.shaders.empty())
        return true;
    ShaderSet next;
    next.sources = set.sources;
    next.entry_point = set.entry_point;
    next.plain = plain;
    if (!load_shaders(next, &set.files, cache, error))
        return false;
    set = std::move(next);
    return true;
}

} // namespace tactus
