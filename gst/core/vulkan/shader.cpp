// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/shader.h"

#include "core/vulkan/spirv_cache.h"

#include <spirv-tools/libspirv.h>

#include <cstring>
#include <utility>

namespace tactus {
namespace {

constexpr std::uint32_t kMagic = 0x07230203;

bool starts_as_spirv(std::string_view text) {
    std::uint32_t word = 0;
    if (text.size() < sizeof word)
        return false;
    std::memcpy(&word, text.data(), sizeof word);
    return word == kMagic;
}

struct ContextDeleter {
    void operator()(spv_context context) const { spvContextDestroy(context); }
};
struct OptionsDeleter {
    void operator()(spv_validator_options options) const { spvValidatorOptionsDestroy(options); }
};
struct DiagnosticDeleter {
    void operator()(spv_diagnostic diagnostic) const { spvDiagnosticDestroy(diagnostic); }
};

} // namespace

std::string check_spirv(std::span<const std::uint32_t> words) {
    const std::unique_ptr<spv_context_t, ContextDeleter> context(
        spvContextCreate(SPV_ENV_VULKAN_1_2));
    const std::unique_ptr<spv_validator_options_t, OptionsDeleter> options(
        spvValidatorOptionsCreate());
    if (!context || !options)
        return "SPIRV-Tools cannot be started";
    spvValidatorOptionsSetScalarBlockLayout(options.get(), true);
    spv_const_binary_t binary{words.data(), words.size()};
    spv_diagnostic raw = nullptr;
    const spv_result_t result = spvValidateWithOptions(context.get(), options.get(), &binary, &raw);
    const std::unique_ptr<spv_diagnostic_t, DiagnosticDeleter> diagnostic(raw);
    if (result == SPV_SUCCESS)
        return {};
    if (!diagnostic || diagnostic->error == nullptr || diagnostic->error[0] == '\0')
        return "it is no valid SPIR-V";
    return diagnostic->error;
}

std::shared_ptr<const Shader> Shader::finish(std::shared_ptr<Shader> shader,
                                             const std::string& entry_point, GpuError& error) {
    const std::string objection = check_spirv(shader->spirv_);
    if (!objection.empty()) {
        error = {GpuStatus::bad_input, "invalid SPIR-V: " + objection};
        return nullptr;
    }
    auto reflection = reflect_shader(shader->spirv_, entry_point, error);
    if (!reflection)
        return nullptr;
    shader->reflection_ = std::move(*reflection);
    return shader;
}

std::shared_ptr<const Shader> Shader::from_glsl(std::string_view text, const std::string& name,
                                                const Settings& settings, GpuError& error,
                                                ShaderTexts* files) {
    error = {};
    std::shared_ptr<Shader> shader(new Shader);
    const GlslSource source{text, name, settings.preamble, settings.include_directories,
                            settings.held};
    ShaderTexts included;
    auto words = settings.cache != nullptr ? settings.cache->find(source, included) : std::nullopt;
    const bool known = words.has_value();
    if (!known)
        words = compile_glsl(source, included, error);
    if (words && !known && settings.cache != nullptr)
        settings.cache->add(source, included, *words);
    if (files != nullptr)
        *files = std::move(included);
    if (!words)
        return nullptr;
    shader->spirv_ = std::move(*words);
    return finish(std::move(shader), settings.entry_point, error);
}

std::shared_ptr<const Shader> Shader::from_spirv(std::span<const std::byte> bytes,
                                                 const Settings& settings, GpuError& error) {
    error = {};
    const std::size_t count = bytes.size() / sizeof(std::uint32_t);
    std::shared_ptr<Shader> shader(new Shader);
    shader->spirv_.resize(count);
    if (count > 0)
        std::memcpy(shader->spirv_.data(), bytes.data(), count * sizeof(std::uint32_t));
    if (count == 0 || shader->spirv_.front() != kMagic ||
        bytes.size() % sizeof(std::uint32_t) != 0) {
        error = {GpuStatus::bad_input,
                 "this is no SPIR-V of this machine's byte order: it has to start with the number "
                 "0x07230203 and its length has to be a multiple of 4 bytes"};
        return nullptr;
    }
    return finish(std::move(shader), settings.entry_point, error);
}

std::shared_ptr<const Shader> Shader::from_file(const std::string& path, const Settings& settings,
                                                GpuError& error, ShaderTexts* files) {
    error = {};
    if (files != nullptr)
        *files = {{path, ""}};
    const auto text = read_shader_file(path, error, settings.held);
    if (!text)
        return nullptr;
    if (files != nullptr)
        (*files)[path] = *text;
    std::shared_ptr<const Shader> shader;
    if (starts_as_spirv(*text)) {
        shader = from_spirv(std::as_bytes(std::span(*text)), settings, error);
        if (!shader)
            error.text = path + ": " + error.text;
        return shader;
    }
    shader = from_glsl(*text, path, settings, error, files);
    if (files != nullptr)
        (*files)[path] = *text;
    return shader;
}

} // namespace tactus
