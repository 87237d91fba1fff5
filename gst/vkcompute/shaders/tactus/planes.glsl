// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Planes as storage buffers: any format, any stride. Include it after nothing else; it needs no
// declarations of the shader's own. TACTUS_PLAIN_DEVICE is defined for devices with none of
// Vulkan's optional features: they cannot store single bytes.
#ifndef TACTUS_PLAIN_DEVICE
#extension GL_EXT_shader_8bit_storage : require
#endif

layout(std430, set = 0, binding = 1) readonly buffer TactusIn0 { uint tactus_in0[]; };
layout(std430, set = 0, binding = 2) readonly buffer TactusIn1 { uint tactus_in1[]; };
layout(std430, set = 0, binding = 3) readonly buffer TactusIn2 { uint tactus_in2[]; };
layout(std430, set = 0, binding = 4) buffer TactusOut0 { uint tactus_out0[]; };
layout(std430, set = 0, binding = 5) buffer TactusOut1 { uint tactus_out1[]; };
layout(std430, set = 0, binding = 6) buffer TactusOut2 { uint tactus_out2[]; };
#ifndef TACTUS_PLAIN_DEVICE
layout(std430, set = 0, binding = 4) buffer TactusOutBytes0 { uint8_t tactus_out_bytes0[]; };
layout(std430, set = 0, binding = 5) buffer TactusOutBytes1 { uint8_t tactus_out_bytes1[]; };
layout(std430, set = 0, binding = 6) buffer TactusOutBytes2 { uint8_t tactus_out_bytes2[]; };
#endif

layout(std430, set = 0, binding = 1) readonly buffer TactusInQuads0 { uvec4 tactus_in_quads0[]; };
layout(std430, set = 0, binding = 2) readonly buffer TactusInQuads1 { uvec4 tactus_in_quads1[]; };
layout(std430, set = 0, binding = 3) readonly buffer TactusInQuads2 { uvec4 tactus_in_quads2[]; };
layout(std430, set = 0, binding = 4) buffer TactusOutQuads0 { uvec4 tactus_out_quads0[]; };
layout(std430, set = 0, binding = 5) buffer TactusOutQuads1 { uvec4 tactus_out_quads1[]; };
layout(std430, set = 0, binding = 6) buffer TactusOutQuads2 { uvec4 tactus_out_quads2[]; };

const uint TACTUS_PLANES = TACTUS_IN_FORMAT == TACTUS_NV12 || TACTUS_IN_FORMAT == TACTUS_P010 ? 2u
                           : TACTUS_IN_FORMAT == TACTUS_I420 || TACTUS_IN_FORMAT == TACTUS_Y42B ||
                                   TACTUS_IN_FORMAT == TACTUS_Y444
                               ? 3u
                               : 1u;

// --- words: `byte` is a multiple of 4, from the begin of the block of memory

uint tactus_in_word(uint plane, uint byte) {
    const uint at = byte >> 2;
    return plane == 0u ? tactus_in0[at] : plane == 1u ? tactus_in1[at] : tactus_in2[at];
}

void tactus_out_word(uint plane, uint byte, uint word) {
    const uint at = byte >> 2;
    if (plane == 0u)
        tactus_out0[at] = word;
    else if (plane == 1u)
        tactus_out1[at] = word;
    else
        tactus_out2[at] = word;
}

// --- four words at once: `byte` is a multiple of 16. GPUs move them in one access.

uvec4 tactus_in_quad(uint plane, uint byte) {
    const uint at = byte >> 4;
    return plane == 0u   ? tactus_in_quads0[at]
           : plane == 1u ? tactus_in_quads1[at]
                         : tactus_in_quads2[at];
}

void tactus_out_quad(uint plane, uint byte, uvec4 quad) {
    const uint at = byte >> 4;
    if (plane == 0u)
        tactus_out_quads0[at] = quad;
    else if (plane == 1u)
        tactus_out_quads1[at] = quad;
    else
        tactus_out_quads2[at] = quad;
}

uvec4 tactus_bytes_of(uint word) {
    return uvec4(word, word >> 8, word >> 16, word >> 24) & 0xffu;
}

uint tactus_word_of(uvec4 bytes) {
    return bytes.x | bytes.y << 8 | bytes.z << 16 | bytes.w << 24;
}

// --- single components, of 1 or 2 bytes

uint tactus_in_byte(uint plane, uint byte) {
    return tactus_in_word(plane, byte & ~3u) >> ((byte & 3u) * 8u) & 0xffu;
}

#ifdef TACTUS_PLAIN_DEVICE
// Other invocations may write the other bytes of the word meanwhile.
#define TACTUS_MERGE(words) atomicAnd(words[at], ~(0xffu << shift)), atomicOr(words[at], bits)
void tactus_out_byte(uint plane, uint byte, uint value) {
    const uint at = byte >> 2;
    const uint shift = (byte & 3u) * 8u;
    const uint bits = (value & 0xffu) << shift;
    if (plane == 0u)
        TACTUS_MERGE(tactus_out0);
    else if (plane == 1u)
        TACTUS_MERGE(tactus_out1);
    else
        TACTUS_MERGE(tactus_out2);
}
#else
void tactus_out_byte(uint plane, uint byte, uint value) {
    if (plane == 0u)
        tactus_out_bytes0[byte] = uint8_t(value);
    else if (plane == 1u)
        tactus_out_bytes1[byte] = uint8_t(value);
    else
        tactus_out_bytes2[byte] = uint8_t(value);
}
#endif

// The component `c` of a pixel of a plane. Beyond an edge it is that of the edge.
uint tactus_in_component(uint plane, ivec2 at, uint c) {
    const TactusPlane p = tactus.in_plane[plane];
    const uvec2 inside = uvec2(clamp(at, ivec2(0), ivec2(p.width, p.height) - 1));
    const uint byte =
        p.offset + inside.y * p.stride + inside.x * p.pixel_stride + c * p.component_bytes;
    const uint word = tactus_in_word(plane, byte & ~3u) >> ((byte & 3u) * 8u);
    return p.component_bytes == 2u ? word & 0xffffu : word & 0xffu;
}

void tactus_out_component(uint plane, uvec2 at, uint c, uint value) {
    const TactusPlane p = tactus.out_plane[plane];
    if (at.x >= p.width || at.y >= p.height)
        return;
    const uint byte = p.offset + at.y * p.stride + at.x * p.pixel_stride + c * p.component_bytes;
    tactus_out_byte(plane, byte, value & 0xffu);
    if (p.component_bytes == 2u)
        tactus_out_byte(plane, byte + 1u, value >> 8);
}

// --- whole pixels of formats with one plane, as numbers from 0 to 1: (r, g, b, a), (y, 0, 0, 1) for
// GRAY8 and GRAY16, (y, u, v, a) for AYUV

float tactus_range(uint component_bytes) { return component_bytes == 2u ? 65535.0 : 255.0; }

vec4 tactus_load(ivec2 at) {
    const TactusPlane p = tactus.in_plane[0];
    vec4 c = vec4(0.0, 0.0, 0.0, tactus_range(p.component_bytes));
    if (p.pixel_stride == 4u) {
        const uvec2 inside = uvec2(clamp(at, ivec2(0), ivec2(p.width, p.height) - 1));
        c = vec4(tactus_bytes_of(tactus_in_word(0u, p.offset + inside.y * p.stride + inside.x * 4u)));
    } else {
        for (uint i = 0u; i < p.components; ++i)
            c[i] = float(tactus_in_component(0u, at, i));
    }
    c /= tactus_range(p.component_bytes);
    if (TACTUS_IN_FORMAT == TACTUS_BGRA || TACTUS_IN_FORMAT == TACTUS_BGRX)
        c = c.bgra;
    if (TACTUS_IN_FORMAT == TACTUS_RGBX || TACTUS_IN_FORMAT == TACTUS_BGRX)
        c.a = 1.0;
    return TACTUS_IN_FORMAT == TACTUS_AYUV ? c.gbar : c;
}

void tactus_store(uvec2 at, vec4 c) {
    const TactusPlane p = tactus.out_plane[0];
    if (at.x >= p.width || at.y >= p.height)
        return;
    if (TACTUS_OUT_FORMAT == TACTUS_BGRA || TACTUS_OUT_FORMAT == TACTUS_BGRX)
        c = c.bgra;
    if (TACTUS_OUT_FORMAT == TACTUS_AYUV)
        c = c.argb;
    const uvec4 value = uvec4(clamp(c, 0.0, 1.0) * tactus_range(p.component_bytes) + 0.5);
    if (p.pixel_stride == 4u) {
        tactus_out_word(0u, p.offset + at.y * p.stride + at.x * 4u, tactus_word_of(value));
    } else {
        for (uint i = 0u; i < p.components; ++i)
            tactus_out_component(0u, at, i, value[i]);
    }
}
