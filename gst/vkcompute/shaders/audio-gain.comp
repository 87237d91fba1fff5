// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Samples times `gain`, 16 bytes of them in each invocation.
#include "tactus/audio.glsl"

TACTUS_WORKGROUP;
TACTUS_BLOCK_OF_BYTES(16, 1);
TACTUS_TAKES(1u << TACTUS_F32 | 1u << TACTUS_S16);

// What the uniform is until it is set.
layout(constant_id = 0) const float default_gain = 1.0;
layout(push_constant) uniform Uniforms {
    float gain;
} uniforms;

uint amplified(uint word) {
    if (TACTUS_IN_FORMAT == TACTUS_F32)
        return floatBitsToUint(uniforms.gain * uintBitsToFloat(word));
    const vec2 samples = vec2(bitfieldExtract(int(word), 0, 16), bitfieldExtract(int(word), 16, 16));
    const ivec2 made =
        ivec2(clamp(roundEven(uniforms.gain * (samples / 32768.0) * 32768.0), -32768.0, 32767.0));
    return uint(made.x) & 0xffffu | uint(made.y) << 16;
}

void main() {
    const TactusPlane from = tactus.in_plane[0];
    const TactusPlane to = tactus.out_plane[0];
    // Interleaved samples are one row; the others have one for each channel.
    const bool is_one_row = from.pixel_stride > from.component_bytes || from.height == 1u;
    const uint row_bytes = from.width * from.pixel_stride;
    const uint row = gl_GlobalInvocationID.y;
    const uint column = gl_GlobalInvocationID.x * 16u;
    if (row >= (is_one_row ? 1u : from.height) || column >= row_bytes)
        return;
    const uint source = from.offset + row * from.stride + column;
    const uint target = to.offset + row * to.stride + column;
    const uint bytes = min(16u, row_bytes - column);
    if (bytes == 16u && ((source | target) & 15u) == 0u) {
        const uvec4 quad = tactus_in_quad(0u, source);
        tactus_out_quad(0u, target,
                        uvec4(amplified(quad.x), amplified(quad.y), amplified(quad.z),
                              amplified(quad.w)));
        return;
    }
    // Rows may begin and end between words.
    for (uint i = 0u; i < bytes; i += from.component_bytes) {
        const uint byte = source + i;
        const uint word = amplified(tactus_in_word(0u, byte & ~3u)) >> ((byte & 2u) * 8u);
        if (TACTUS_OUT_FORMAT == TACTUS_F32) {
            tactus_out_word(0u, target + i, word);
        } else {
            tactus_out_byte(0u, target + i, word & 0xffu);
            tactus_out_byte(0u, target + i + 1u, word >> 8 & 0xffu);
        }
    }
}
