// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

#include "core/vulkan/shader.h"
#include "core/vulkan/shader_needs.h"
#include "core/vulkan/spirv_cache.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace tactus::test {
namespace {

namespace fs = std::filesystem;

/// A folder of its own for each test.
class Shaders : public ::testing::Test {
  protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() / ("tactus-shaders-" + std::to_string(getpid()));
        fs::create_directories(folder_ / "parts");
    }
    void TearDown() override { fs::remove_all(folder_); }

    std::string write(const std::string& name, const std::string& text) const {
        const fs::path path = folder_ / name;
        std::ofstream(path) << text;
        return path.string();
    }

    std::shared_ptr<const Shader> glsl(const std::string& text,
                                       const Shader::Settings& settings = {}) {
        return Shader::from_glsl(text, (folder_ / "inline.comp").string(), settings, error_);
    }

    fs::path folder_;
    GpuError error_;
};

constexpr const char* kEverything = R"(#version 460
#extension GL_EXT_shader_8bit_storage : require
layout(local_size_x_id = 7, local_size_y = 4) in;
layout(constant_id = 3) const float gain = 1.5;
layout(constant_id = 4) const int taps = -2;
layout(constant_id = 5) const bool wrap = true;
layout(std430, set = 0, binding = 0) readonly buffer Source { uint words[]; } source;
layout(std430, set = 0, binding = 1) buffer Counts { uint total; uint bins[256]; } counts;
layout(std140, set = 0, binding = 2) uniform Look { vec4 tint; mat3 turn; float curve[5]; } look;
layout(set = 1, binding = 0, rgba8) writeonly uniform image2D target;
layout(set = 1, binding = 1) uniform sampler2D picture;
layout(set = 1, binding = 2) uniform sampler2D unused;
struct Plane { uint offset; uint stride; };
layout(push_constant) uniform Push { uint width; float strength; ivec2 at; Plane plane; } push;
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= push.width || wrap && taps > 0) return;
    atomicAdd(counts.bins[source.words[i] & 255], 1);
    imageStore(target, push.at, look.tint * gain * push.strength +
               texture(picture, vec2(look.turn[0][0], look.curve[2])) * float(push.plane.stride));
}
)";

const ShaderBinding& find(const ShaderReflection& reflection, const std::string& name) {
    for (const ShaderBinding& binding : reflection.bindings) {
        if (binding.name == name)
            return binding;
    }
    ADD_FAILURE() << "no binding " << name;
    static const ShaderBinding none;
    return none;
}

TEST_F(Shaders, BindingsAreRead) {
    const auto shader = glsl(kEverything);
    ASSERT_TRUE(shader) << error_.text;
    const ShaderReflection& reflection = shader->reflection();
    EXPECT_EQ(reflection.entry_point, "main");
    EXPECT_EQ(reflection.bindings.size(), 5U) << "what is not used is left out";
    const auto& source = find(reflection, "source");
    EXPECT_EQ(source.kind, BindingKind::storage_buffer);
    EXPECT_EQ(source.block_name, "Source");
    EXPECT_FALSE(source.writes);
    EXPECT_TRUE(source.reads);
    const auto& counts = find(reflection, "counts");
    EXPECT_TRUE(counts.writes);
    EXPECT_EQ(counts.block_size_bytes, 4U + 256 * 4);
    ASSERT_EQ(counts.members.size(), 2U);
    EXPECT_EQ(counts.members[1].name, "bins");
    EXPECT_EQ(counts.members[1].array_length, 256U);
    const auto& target = find(reflection, "target");
    EXPECT_EQ(target.kind, BindingKind::storage_image);
    EXPECT_EQ(target.set, 1U);
    EXPECT_EQ(target.image_format, "rgba8");
    EXPECT_FALSE(target.reads);
    EXPECT_TRUE(target.writes);
    EXPECT_EQ(find(reflection, "picture").kind, BindingKind::sampled_image);
    EXPECT_FALSE(find(reflection, "picture").writes);
}

TEST_F(Shaders, UniformsAndPushConstantsAreReadByMember) {
    const auto shader = glsl(kEverything);
    ASSERT_TRUE(shader) << error_.text;
    const auto& look = find(shader->reflection(), "look");
    EXPECT_EQ(look.kind, BindingKind::uniform_buffer);
    ASSERT_EQ(look.members.size(), 3U);
    EXPECT_EQ(look.members[0].components, 4U);
    EXPECT_EQ(look.members[1].columns, 3U);
    EXPECT_EQ(look.members[1].matrix_stride_bytes, 16U);
    EXPECT_EQ(look.members[2].array_length, 5U);
    EXPECT_EQ(look.members[2].array_stride_bytes, 16U);
    const auto& push = shader->reflection().push_members;
    ASSERT_EQ(push.size(), 5U);
    EXPECT_EQ(push[0].name, "width");
    EXPECT_EQ(push[0].type, ScalarType::u32);
    EXPECT_EQ(push[1].type, ScalarType::f32);
    EXPECT_EQ(push[2].type, ScalarType::i32);
    EXPECT_EQ(push[2].components, 2U);
    EXPECT_EQ(push[2].offset_bytes, 8U);
    EXPECT_EQ(push[4].name, "plane.stride");
    EXPECT_EQ(push[4].offset_bytes, 20U);
    EXPECT_EQ(shader->reflection().push_size_bytes, 24U);
}

TEST_F(Shaders, ConstantsAndLocalSizeAreRead) {
    const auto shader = glsl(kEverything);
    ASSERT_TRUE(shader) << error_.text;
    const ShaderReflection& reflection = shader->reflection();
    EXPECT_EQ(reflection.local_size_ids[0], 7U);
    EXPECT_FALSE(reflection.local_size_ids[1]);
    EXPECT_EQ(reflection.local_size[1], 4U);
    float gain = 0;
    unsigned seen = 0;
    for (const SpecConstant& constant : reflection.constants) {
        if (constant.id == 3) {
            std::memcpy(&gain, &constant.default_bits, sizeof gain);
            EXPECT_EQ(constant.name, "gain");
            ++seen;
        } else if (constant.id == 4) {
            EXPECT_EQ(constant.type, ScalarType::i32);
            EXPECT_EQ(static_cast<std::int32_t>(constant.default_bits), -2);
            ++seen;
        } else if (constant.id == 5) {
            EXPECT_EQ(constant.type, ScalarType::boolean);
            EXPECT_EQ(constant.default_bits, 1U);
            ++seen;
        }
    }
    EXPECT_EQ(seen, 3U);
    EXPECT_EQ(gain, 1.5F);
}

TEST_F(Shaders, ErrorsNameFileAndLine) {
    const std::string path = write(
        "bad.comp", "#version 460\nlayout(local_size_x = 8) in;\nvoid main() {\n  glow();\n}\n");
    EXPECT_FALSE(Shader::from_file(path, {}, error_));
    EXPECT_EQ(error_.status, GpuStatus::bad_input);
    EXPECT_EQ(error_.text.find(path + ":4: 'glow'"), 0U) << error_.text;
}

TEST_F(Shaders, IncludesAreFoundBesideTheFileAndErrorsInThemNameThem) {
    write("parts/second.glsl", "float half_of(float x) { return x * HALF; }\n");
    write("parts/first.glsl", "#include \"second.glsl\"\n");
    const std::string path =
        write("main.comp",
              "#version 460\n#include \"parts/first.glsl\"\nlayout(local_size_x = 1) in;\n"
              "layout(binding = 0) buffer B { float v; };\nvoid main() { v = half_of(v); }\n");
    ShaderTexts files;
    EXPECT_TRUE(Shader::from_file(path, {.preamble = "#define HALF 0.5\n"}, error_, &files))
        << error_.text;
    const auto names = [&files] {
        std::vector<std::string> all;
        for (const auto& [name, text] : files)
            all.push_back(name);
        return all;
    };
    const std::vector<std::string> expected = {path, folder_ / "parts/first.glsl",
                                               folder_ / "parts/second.glsl"};
    EXPECT_EQ(names(), expected);
    EXPECT_FALSE(Shader::from_file(path, {}, error_, &files));
    EXPECT_NE(error_.text.find((folder_ / "parts/second.glsl:1: ").string()), std::string::npos)
        << error_.text;
    EXPECT_EQ(names(), expected) << "whoever waits for a correction has to know them";
}

TEST_F(Shaders, WhatIsHeldOfTheFilesIsTakenHoweverTheyChangeOrGo) {
    write("parts/value.glsl", "#define VALUE 1\n");
    const std::string path = write(
        "main.comp", "#version 460\n#include \"parts/value.glsl\"\nlayout(local_size_x = 1) in;\n"
                     "layout(binding = 0) buffer B { uint v; };\nvoid main() { v = VALUE; }\n");
    for (const bool caches : {false, true}) {
        SpirvCache cache;
        Shader::Settings settings{.cache = caches ? &cache : nullptr};
        ShaderTexts files;
        const auto first = Shader::from_file(path, settings, error_, &files);
        ASSERT_TRUE(first) << error_.text;
        write("parts/value.glsl", "broken\n");
        EXPECT_FALSE(Shader::from_file(path, settings, error_));
        fs::remove(folder_ / "parts/value.glsl");
        settings.held = &files;
        const auto again = Shader::from_file(path, settings, error_);
        ASSERT_TRUE(again) << error_.text;
        EXPECT_TRUE(std::equal(again->spirv().begin(), again->spirv().end(), first->spirv().begin(),
                               first->spirv().end()));
        write("parts/value.glsl", "#define VALUE 1\n");
    }
}

TEST_F(Shaders, AMissingIncludeIsAnErrorAtItsLine) {
    EXPECT_FALSE(glsl("#version 460\n\n#include \"nowhere.glsl\"\nvoid main() {}\n"));
    EXPECT_NE(error_.text.find("inline.comp:3: "), std::string::npos) << error_.text;
    EXPECT_NE(error_.text.find("nowhere.glsl"), std::string::npos) << error_.text;
}

TEST_F(Shaders, AFileThatIncludesItselfIsAnError) {
    const std::string path = write("loop.comp", "#version 460\n#include \"loop.comp\"\n");
    EXPECT_FALSE(Shader::from_file(path, {}, error_));
    EXPECT_FALSE(error_.text.empty());
}

TEST_F(Shaders, FilesThatCannotBeReadAreSaidToBe) {
    EXPECT_FALSE(Shader::from_file((folder_ / "none.comp").string(), {}, error_));
    EXPECT_NE(error_.text.find("none.comp: No such file"), std::string::npos) << error_.text;
    EXPECT_FALSE(Shader::from_file(folder_.string(), {}, error_));
    EXPECT_NE(error_.text.find("is not a file"), std::string::npos) << error_.text;
}

TEST_F(Shaders, SpirvIsReadFromAFileAndAnUnknownEntryPointIsRefused) {
    const auto shader = glsl(kEverything);
    ASSERT_TRUE(shader) << error_.text;
    const auto words = shader->spirv();
    const fs::path path = folder_ / "whole.spv";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(words.data()),
               static_cast<std::streamsize>(words.size_bytes()));
    const auto again = Shader::from_file(path.string(), {}, error_);
    ASSERT_TRUE(again) << error_.text;
    EXPECT_EQ(again->reflection().bindings.size(), 5U);
    EXPECT_FALSE(Shader::from_file(path.string(), {.entry_point = "other"}, error_));
    EXPECT_NE(error_.text.find("there is no entry point \"other\"; the shader has: \"main\""),
              std::string::npos)
        << error_.text;
}

TEST_F(Shaders, MalformedSpirvIsRefused) {
    const auto shader = glsl(kEverything);
    ASSERT_TRUE(shader) << error_.text;
    std::vector<std::uint32_t> words(shader->spirv().begin(), shader->spirv().end());
    const auto refused = [&](std::span<const std::byte> bytes) {
        EXPECT_FALSE(Shader::from_spirv(bytes, {}, error_));
        EXPECT_EQ(error_.status, GpuStatus::bad_input);
        EXPECT_FALSE(error_.text.empty());
    };
    const auto bytes = std::as_bytes(std::span(words));
    refused({});
    refused(bytes.first(3));
    refused(bytes.first(bytes.size() - 4));
    refused(bytes.first(bytes.size() - 1));
    words[0] = 0x03022307;
    refused(bytes);
    words[0] = 0x07230203;
    words[words.size() / 2] ^= 0x00FF0000U;
    refused(bytes);
}

TEST_F(Shaders, AVertexShaderIsNoComputeShader) {
    EXPECT_FALSE(glsl("#version 460\nvoid main() { gl_Position = vec4(0); }\n"));
    EXPECT_NE(error_.text.find("gl_Position"), std::string::npos) << error_.text;
}

TEST_F(Shaders, WhatADeviceLacksIsNamed) {
    const auto shader =
        glsl("#version 460\nlayout(local_size_x = 1) in;\n"
             "layout(binding = 0) buffer B { double v; };\nvoid main() { v *= 2; }\n");
    ASSERT_TRUE(shader) << error_.text;
    GpuTraits traits;
    EXPECT_EQ(missing_capability(shader->spirv(), traits), "Float64");
    traits.features.shaderFloat64 = VK_TRUE;
    EXPECT_EQ(missing_capability(shader->spirv(), traits), "");
}

constexpr const char* kIncluding = "#version 460\n#include \"part.glsl\"\nlayout(local_size_x = 1) "
                                   "in;\nlayout(binding = 0) buffer B { float v; };\n"
                                   "void main() { v = PART; }\n";

TEST_F(Shaders, CompiledTextIsFoundAgainUntilAnIncludedFileChanges) {
    write("part.glsl", "#define PART 1\n");
    SpirvCache cache;
    const Shader::Settings settings{.cache = &cache};
    const auto first = glsl(kIncluding, settings);
    ASSERT_TRUE(first) << error_.text;
    EXPECT_EQ(cache.size(), 1U);
    SpirvCache other;
    ASSERT_TRUE(other.load(cache.data()));
    ShaderTexts files;
    const GlslSource source{kIncluding, (folder_ / "inline.comp").string(), "", {}};
    const auto words = other.find(source, files);
    ASSERT_TRUE(words);
    EXPECT_TRUE(std::equal(words->begin(), words->end(), first->spirv().begin()));
    EXPECT_EQ(files, (ShaderTexts{{folder_ / "part.glsl", "#define PART 1\n"}}));
    write("part.glsl", "#define PART 2\n");
    EXPECT_FALSE(other.find(source, files));
    EXPECT_FALSE(other.find({kIncluding, "elsewhere.comp", "", {}}, files));
    ASSERT_TRUE(glsl(kIncluding, settings)) << error_.text;
    EXPECT_EQ(cache.size(), 1U) << "the old entry is replaced";
}

TEST_F(Shaders, ADamagedCacheIsRefusedWhole) {
    write("part.glsl", "#define PART 1\n");
    SpirvCache cache;
    ASSERT_TRUE(glsl(kIncluding, {.cache = &cache})) << error_.text;
    const std::vector<std::byte> data = cache.data();
    for (std::size_t size = 0; size < data.size(); ++size)
        EXPECT_FALSE(SpirvCache().load(std::span(data).first(size))) << size;
    auto longer = data;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(SpirvCache().load(longer));
    auto newer = data;
    newer[4] ^= std::byte{1};
    EXPECT_FALSE(SpirvCache().load(newer)) << "of another format";
}

TEST_F(Shaders, OnlyTheNewestAreKept) {
    SpirvCache cache;
    for (std::size_t index = 0; index < SpirvCache::kEntries + 5; ++index)
        cache.add({"text " + std::to_string(index), "name", "", {}}, {}, {1, 2});
    EXPECT_EQ(cache.size(), SpirvCache::kEntries);
    ShaderTexts files;
    EXPECT_FALSE(cache.find({"text 4", "name", "", {}}, files));
    EXPECT_TRUE(cache.find({"text 5", "name", "", {}}, files));
}

} // namespace
} // namespace tactus::test
