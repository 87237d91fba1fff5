// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/vulkan/shader_convention.h"

#include <algorithm>
#include <string_view>

namespace tactus {

namespace {

namespace c = convention;

constexpr std::string_view kDefaultPrefix = "default_";

struct Role {
    std::uint32_t first;
    std::uint32_t count;
    BindingKind kind;
    bool ShaderFacts::*flag;
};

constexpr Role kRoles[] = {
    {c::kFrameInfo, 1, BindingKind::uniform_buffer, nullptr},
    {c::kInBuffers, c::kMostPlanes, BindingKind::storage_buffer, &ShaderFacts::reads_buffers},
    {c::kOutBuffers, c::kMostPlanes, BindingKind::storage_buffer, &ShaderFacts::writes_buffers},
    {c::kInSampled, c::kMostPlanes, BindingKind::sampled_image, &ShaderFacts::reads_images},
    {c::kOutImages, c::kMostPlanes, BindingKind::storage_image, &ShaderFacts::writes_images},
    {c::kInImages, c::kMostPlanes, BindingKind::storage_image, &ShaderFacts::reads_images},
    {c::kExtra, 1, BindingKind::storage_buffer, nullptr},
    {c::kExtraImage, 1, BindingKind::sampled_image, nullptr},
    {c::kResult, 1, BindingKind::storage_buffer, nullptr},
    {c::kStateBefore, 1, BindingKind::storage_buffer, nullptr},
    {c::kUniformBlock, 1, BindingKind::uniform_buffer, nullptr},
    {c::kStateAfter, 1, BindingKind::storage_buffer, nullptr},
    {c::kHistoryBuffers, c::kMostHistory, BindingKind::storage_buffer, nullptr},
};

const Role* role_of(std::uint32_t binding) {
    const auto* found = std::find_if(std::begin(kRoles), std::end(kRoles), [&](const Role& role) {
        return binding >= role.first && binding < role.first + role.count;
    });
    return found != std::end(kRoles) ? found : nullptr;
}

std::string place_of(const ShaderBinding& binding) {
    return binding.name + " (set " + std::to_string(binding.set) + ", binding " +
           std::to_string(binding.binding) + ")";
}

std::string objection(const ShaderBinding& binding) {
    const Role* role = binding.set == 0 ? role_of(binding.binding) : nullptr;
    if (role == nullptr)
        return place_of(binding) + " has no meaning; see the table of bindings in the guide "
                                   "\"Write a shader\"";
    if (binding.kind != role->kind || binding.array_length != 1)
        return place_of(binding) + " is a " + binding_kind_name(binding.kind) +
               ", but there is a " + binding_kind_name(role->kind) + " at that place";
    const bool is_seen_by_others =
        role->first == c::kInBuffers || role->first == c::kHistoryBuffers;
    if (is_seen_by_others && binding.writes)
        return place_of(binding) + " is a frame that others see, too; declare it readonly";
    return {};
}

std::uint32_t value_or(const ShaderReflection& reflection, std::uint32_t id,
                       std::uint32_t fallback) {
    const SpecConstant* constant = find_constant(reflection, id);
    return constant != nullptr ? static_cast<std::uint32_t>(constant->default_bits) : fallback;
}

std::string read_constants(const ShaderReflection& reflection, ShaderFacts& facts) {
    facts.block_columns = value_or(reflection, c::kBlockColumns, 1);
    facts.block_rows = value_or(reflection, c::kBlockRows, 1);
    facts.block_bytes = value_or(reflection, c::kBlockBytes, 0);
    facts.pass_count = value_or(reflection, c::kPassCount, 1);
    facts.takes = value_or(reflection, c::kTakes, UINT32_MAX);
    facts.most_extra_bytes = value_or(reflection, c::kMostExtraBytes, UINT32_MAX);
    facts.is_pixelwise = value_or(reflection, c::kPixelwise, 0) != 0;
    const std::uint32_t makes = value_or(reflection, c::kMakes, UINT32_MAX);
    facts.passes_input = makes == c::kNothing;
    if (makes < static_cast<std::uint32_t>(PixelFormat::bytes))
        facts.makes = static_cast<PixelFormat>(makes);
    else if (makes != UINT32_MAX && makes != c::kNothing)
        return "TACTUS_MAKES names format " + std::to_string(makes) + ", which does not exist";
    if (const SpecConstant* converts = find_constant(reflection, c::kConverts)) {
        facts.converts = static_cast<std::uint32_t>(converts->default_bits);
        if (*facts.converts > (c::kSize | c::kFormat))
            return "TACTUS_CONVERTS says " + std::to_string(*facts.converts) +
                   "; 0, TACTUS_SIZE, TACTUS_FORMAT or both are possible";
    }
    if (facts.block_columns == 0 || facts.block_rows == 0)
        return "a block of TACTUS_BLOCK has no pixels";
    if (facts.pass_count == 0 || facts.pass_count > 8)
        return "TACTUS_PASSES says " + std::to_string(facts.pass_count) + "; 1 to 8 are possible";
    return {};
}

} // namespace

std::optional<ShaderFacts> shader_facts(const ShaderReflection& reflection, GpuError& error) {
    ShaderFacts facts;
    std::string wrong = read_constants(reflection, facts);
    for (const ShaderBinding& binding : reflection.bindings) {
        if (wrong.empty())
            wrong = objection(binding);
        if (!wrong.empty())
            break;
        const Role* role = role_of(binding.binding);
        if (role->flag != nullptr)
            facts.*(role->flag) = true;
        if (role->first == c::kHistoryBuffers)
            facts.history = std::max(facts.history, binding.binding - c::kHistoryBuffers + 1);
    }
    if (wrong.empty())
        return facts;
    error = {GpuStatus::bad_input, wrong};
    return std::nullopt;
}

std::string format_names(std::uint32_t mask) {
    std::string names;
    for (unsigned i = 0; i < 32; ++i) {
        if ((mask >> i & 1U) == 0 || !is_format(i))
            continue;
        if (!names.empty())
            names += ", ";
        names += info_of(static_cast<PixelFormat>(i)).name;
    }
    return names;
}

const SpecConstant* find_constant(const ShaderReflection& reflection, std::uint32_t id) {
    for (const SpecConstant& constant : reflection.constants)
        if (constant.id == id)
            return &constant;
    return nullptr;
}

const ShaderBinding* find_binding(const ShaderReflection& reflection, std::uint32_t binding) {
    for (const ShaderBinding& candidate : reflection.bindings)
        if (candidate.binding == binding)
            return &candidate;
    return nullptr;
}

std::vector<BlockMember> uniform_members(const ShaderReflection& reflection) {
    std::vector<BlockMember> members = reflection.push_members;
    if (const ShaderBinding* block = find_binding(reflection, c::kUniformBlock))
        members.insert(members.end(), block->members.begin(), block->members.end());
    return members;
}

UniformValues uniform_defaults(const ShaderReflection& reflection) {
    UniformValues defaults;
    for (const SpecConstant& constant : reflection.constants)
        if (constant.name.rfind(kDefaultPrefix, 0) == 0)
            defaults[constant.name.substr(kDefaultPrefix.size())] = {
                number_of(constant.type, constant.default_bits)};
    return defaults;
}

} // namespace tactus
