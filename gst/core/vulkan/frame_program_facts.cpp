// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// What a program tells about its shaders, and the values of their uniforms.
#include "core/vulkan/frame_program_parts.h"
#include "core/vulkan/workgroup_memory.h"

#include <algorithm>
#include <set>

namespace tactus {

namespace {

namespace c = convention;

} // namespace

std::vector<FrameProgram::Pass> FrameProgram::passes() const {
    std::vector<Pass> all;
    for (const Stage& stage : stages_) {
        Pass pass;
        pass.shader_label = stage.label;
        pass.label = stage.label;
        if (stage.facts.pass_count > 1)
            pass.label += " pass " + std::to_string(stage.pass);
        pass.shader = stage.shader_index;
        pass.workgroup = {stage.pipeline->local_size()[0], stage.pipeline->local_size()[1]};
        pass.leaves_workgroup_open = leaves_workgroup_open(stage.reflection());
        all.push_back(std::move(pass));
    }
    return all;
}

std::string FrameProgram::not_pixelwise() const {
    for (const Stage& stage : stages_)
        if (!stage.facts.is_pixelwise)
            return stage.label;
    return {};
}

std::vector<std::string> FrameProgram::set_uniforms(const UniformValues& values) {
    std::vector<std::string> problems;
    std::set<std::string> known;
    for (Stage& stage : stages_) {
        const ShaderReflection& reflection = stage.reflection();
        std::fill(stage.push.begin(), stage.push.end(), std::byte{0});
        std::fill(stage.block.begin(), stage.block.end(), std::byte{0});
        const UniformValues defaults = uniform_defaults(reflection);
        const auto write = [&](const std::vector<BlockMember>& members,
                               std::vector<std::byte>& block) {
            for (const BlockMember& member : members) {
                known.insert(member.name);
                // The default first: it stays where the value is refused.
                for (const UniformValues* from : {&defaults, &values}) {
                    const auto found = from->find(member.name);
                    if (found == from->end())
                        continue;
                    std::string wrong = write_member(member, found->second, block);
                    if (!wrong.empty())
                        problems.push_back(std::move(wrong));
                }
            }
        };
        write(reflection.push_members, stage.push);
        if (const ShaderBinding* block = find_binding(reflection, c::kUniformBlock))
            write(block->members, stage.block);
    }
    std::string names;
    for (const std::string& name : known)
        names += (names.empty() ? "" : ", ") + name;
    for (const auto& [name, numbers] : values)
        if (known.count(name) == 0)
            problems.push_back("no shader has the uniform " + name + "; " +
                               (names.empty() ? "it has none" : "there are: " + names));
    return problems;
}

std::vector<std::string> FrameProgram::float_uniforms() const {
    std::vector<std::string> names;
    for (const Stage& stage : stages_)
        for (const BlockMember& member : uniform_members(stage.reflection()))
            if (member.type == ScalarType::f32 && number_count(member) == 1 &&
                std::find(names.begin(), names.end(), member.name) == names.end())
                names.push_back(member.name);
    return names;
}

} // namespace tactus
