// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/glsl_compiler.h"

#include <glslang/Public/ResourceLimits.h>
#include <glslang/Public/ShaderLang.h>
#include <glslang/SPIRV/GlslangToSpv.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>
#include <utility>

namespace tactus {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kFileLimitBytes = 16U << 20U;
constexpr std::size_t kIncludeDepth = 32;
constexpr int kDefaultVersion = 460;

/// Reads what `#include` names, and keeps it until glslang is done with it.
class FileIncluder final : public glslang::TShader::Includer {
  public:
    FileIncluder(const GlslSource& source, ShaderTexts& files) : source_(source), files_(files) {}

    IncludeResult* includeLocal(const char* header, const char* includer, size_t depth) override {
        const fs::path folder = fs::path(includer).parent_path();
        IncludeResult* const result = open(folder / header, depth);
        // Then glslang goes on with includeSystem.
        if (result == nullptr)
            beside_ = folder.empty() ? "." : folder.string();
        return result;
    }

    IncludeResult* includeSystem(const char* header, const char*, size_t depth) override {
        std::string places = std::exchange(beside_, {});
        for (const std::string& directory : source_.include_directories) {
            if (IncludeResult* result = open(fs::path(directory) / header, depth))
                return result;
            places += (places.empty() ? "" : ", ") + directory;
        }
        note_ = std::string(header) + " was looked for in: " + places;
        return nullptr;
    }

    /// Where the last header that was not found was looked for, or empty.
    const std::string& note() const { return note_; }
    /// Files that were looked for and not found, in folders that there are.
    const std::vector<std::string>& missed() const { return missed_; }

    void releaseInclude(IncludeResult* result) override {
        if (result == nullptr)
            return;
        delete static_cast<std::string*>(result->userData);
        delete result;
    }

  private:
    IncludeResult* open(const fs::path& path, size_t depth) {
        const std::string name = path.lexically_normal().string();
        GpuError error;
        auto text =
            depth <= kIncludeDepth ? read_shader_file(name, error, source_.held) : std::nullopt;
        if (!text) {
            std::error_code code;
            const fs::path folder = fs::path(name).parent_path();
            if (fs::is_directory(folder.empty() ? "." : folder, code))
                missed_.push_back(name);
            return nullptr;
        }
        files_[name] = *text;
        auto owned = std::make_unique<std::string>(std::move(*text));
        auto* const result = new IncludeResult(name, owned->data(), owned->size(), owned.get());
        static_cast<void>(owned.release()); // releaseInclude deletes it
        return result;
    }

    const GlslSource& source_;
    ShaderTexts& files_;
    std::string beside_; ///< where a header was looked for first, and not found
    std::string note_;
    std::vector<std::string> missed_;
};

/// Of glslang's log, the errors: "ERROR: NAME:LINE: …" without the first word.
std::string errors_of(const char* log) {
    constexpr std::string_view kPrefix = "ERROR: ";
    std::string text;
    std::string_view rest(log);
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.substr(0, kPrefix.size()) != kPrefix)
            continue;
        line.remove_prefix(kPrefix.size());
        // The count at the end says nothing new.
        if (line.find("compilation errors.  No code generated") == std::string_view::npos)
            text.append(line).append("\n");
    }
    if (!text.empty())
        text.pop_back();
    return text;
}

GpuError compile_error(const std::string& name, const char* log) {
    std::string text = errors_of(log);
    return {GpuStatus::bad_input, text.empty() ? name + ": cannot be compiled" : text};
}

void start_glslang() {
    // For the life of the process: stopping it would pull it from under other users of the same
    // copy.
    static const bool started = glslang::InitializeProcess();
    static_cast<void>(started);
}

} // namespace

std::optional<std::string> read_shader_file(const std::string& path, GpuError& error,
                                            const ShaderTexts* held) {
    if (held != nullptr)
        if (const auto kept = held->find(path); kept != held->end())
            return kept->second;
    std::error_code code;
    const fs::path file(path);
    if (!fs::is_regular_file(file, code)) {
        error = {GpuStatus::bad_input, path + ": " + (code ? code.message() : "is not a file")};
        return std::nullopt;
    }
    const std::uintmax_t size = fs::file_size(file, code);
    if (code || size > kFileLimitBytes) {
        error = {GpuStatus::bad_input,
                 path + ": " + (code ? code.message() : "is larger than 16 MiB")};
        return std::nullopt;
    }
    std::ifstream stream(file, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    if (!stream.is_open() || stream.bad()) {
        error = {GpuStatus::bad_input, path + ": cannot be read"};
        return std::nullopt;
    }
    return text;
}

std::optional<std::vector<std::uint32_t>> compile_glsl(const GlslSource& source, ShaderTexts& files,
                                                       GpuError& error) {
    start_glslang();
    const std::string preamble =
        "#extension GL_GOOGLE_include_directive : require\n" + source.preamble;
    const char* const text = source.text.data();
    const int length = static_cast<int>(source.text.size());
    const char* const name = source.name.c_str();
    constexpr auto kMessages = static_cast<EShMessages>(EShMsgSpvRules | EShMsgVulkanRules);

    glslang::TShader shader(EShLangCompute);
    shader.setStringsWithLengthsAndNames(&text, &length, &name, 1);
    shader.setPreamble(preamble.c_str());
    shader.setEnvInput(glslang::EShSourceGlsl, EShLangCompute, glslang::EShClientVulkan, 100);
    shader.setEnvClient(glslang::EShClientVulkan, glslang::EShTargetVulkan_1_2);
    shader.setEnvTarget(glslang::EShTargetSpv, glslang::EShTargetSpv_1_5);
    FileIncluder includer(source, files);
    if (!shader.parse(GetDefaultResources(), kDefaultVersion, false, kMessages, includer)) {
        error = compile_error(source.name, shader.getInfoLog());
        if (!includer.note().empty())
            error.text += "\n" + source.name + ": " + includer.note();
        for (const std::string& missed : includer.missed())
            files.try_emplace(missed);
        return std::nullopt;
    }
    glslang::TProgram program;
    program.addShader(&shader);
    if (!program.link(kMessages)) {
        error = compile_error(source.name, program.getInfoLog());
        return std::nullopt;
    }
    glslang::SpvOptions options;
    options.disableOptimizer = true; // the driver's compiler does that
    std::vector<unsigned int> words;
    glslang::GlslangToSpv(*program.getIntermediate(EShLangCompute), words, &options);
    return words;
}

} // namespace tactus
