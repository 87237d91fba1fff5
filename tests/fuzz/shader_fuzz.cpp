// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later

// What a user hands over as a shader, and what a cache file holds, under random bytes: SPIR-V that
// is malformed must be refused by SPIRV-Tools, and what it lets pass must not trip the reflection.
//
// The first byte chooses: the rest is SPIR-V, a cache, or edits of a valid module (two bytes of
// place, four of value each), as random bytes alone would hardly get beyond the header.
#include "core/vulkan/shader.h"
#include "core/vulkan/spirv_cache.h"

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr const char* kModule = R"(#version 460
layout(local_size_x_id = 7, local_size_y = 4) in;
layout(constant_id = 3) const float gain = 1.5;
layout(constant_id = 4) const int taps = 3;
struct Plane { uint offset; uint stride; };
layout(std430, binding = 0) readonly buffer Source { uint words[]; } source;
layout(std430, binding = 1) buffer Counts { uint total; uint bins[256]; Plane planes[3]; } counts;
layout(std140, binding = 2) uniform Look { vec4 tint; mat3 turn; float curve[5]; Plane plane; } look;
layout(set = 1, binding = 0, rgba8) writeonly uniform image2D target[2];
layout(set = 1, binding = 1) uniform sampler2D picture;
layout(push_constant) uniform Push { uint width; float strength; ivec2 at; float table[taps]; } push;
void main() {
    uint i = gl_GlobalInvocationID.x;
    if (i >= push.width) return;
    atomicAdd(counts.bins[source.words[i] & 255], counts.planes[1].stride);
    imageStore(target[1], push.at, look.tint * gain * push.table[1] +
               texture(picture, vec2(look.turn[0][0], look.curve[2])) * float(look.plane.stride));
}
)";

const std::vector<std::uint32_t>& module_words() {
    static const auto* const words = [] {
        tactus::GpuError error;
        const auto shader = tactus::Shader::from_glsl(kModule, "module", {}, error);
        if (!shader)
            std::abort();
        return new std::vector<std::uint32_t>(shader->spirv().begin(), shader->spirv().end());
    }();
    return *words;
}

/// Whatever comes of it has to be whole: sizes and counts that the caller may rely on.
void try_shader(std::span<const std::byte> bytes) {
    tactus::GpuError error;
    const auto shader = tactus::Shader::from_spirv(bytes, {}, error);
    if (!shader) {
        if (error.text.empty() || error.status != tactus::GpuStatus::bad_input)
            std::abort();
        return;
    }
    for (const std::uint32_t size : shader->reflection().local_size) {
        if (size == 0)
            std::abort();
    }
    if (shader->reflection().push_size_bytes % 4 != 0)
        std::abort();
}

void try_edits(const std::uint8_t* data, std::size_t size) {
    std::vector<std::uint32_t> words = module_words();
    for (std::size_t at = 0; at + 6 <= size; at += 6) {
        std::uint16_t place = 0;
        std::uint32_t value = 0;
        std::memcpy(&place, data + at, sizeof place);
        std::memcpy(&value, data + at + 2, sizeof value);
        // Small numbers are what identifiers, enumerants and literals are.
        words[place % words.size()] = (value & 0x80000000U) != 0 ? value : value % 300;
    }
    try_shader(std::as_bytes(std::span(words)));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0)
        return 0;
    const auto rest = std::as_bytes(std::span(data + 1, size - 1));
    switch (data[0] % 4) {
    case 0:
        try_shader(rest);
        break;
    case 1:
        tactus::SpirvCache().load(rest);
        break;
    default:
        try_edits(data + 1, size - 1);
    }
    return 0;
}
