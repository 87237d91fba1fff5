// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How often each value occurs in plane 0, one count for each component of a pixel. The frame itself
// passes. Formats with components of one byte.
#include "tactus/taps.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(0u);
TACTUS_PIXELWISE;
TACTUS_BLOCK_OF_BYTES(64, 1);
TACTUS_TAKES(TACTUS_EIGHT_BITS);
TACTUS_MAKES(TACTUS_NOTHING);

layout(std430, set = 0, binding = 18) buffer Result {
    uint component0[256];
    uint component1[256];
    uint component2[256];
    uint component3[256];
} result;

void count(uint component, uint value) {
    if (component == 0u)
        atomicAdd(result.component0[value], 1u);
    else if (component == 1u)
        atomicAdd(result.component1[value], 1u);
    else if (component == 2u)
        atomicAdd(result.component2[value], 1u);
    else
        atomicAdd(result.component3[value], 1u);
}

void main() {
    const TactusPlane p = tactus.in_plane[0];
    const uint begin = gl_GlobalInvocationID.x * 64u;
    const uint row_bytes = p.width * p.pixel_stride;
    if (gl_GlobalInvocationID.y >= p.height)
        return;
    const uint line = p.offset + gl_GlobalInvocationID.y * p.stride;
    for (uint at = begin; at < min(begin + 64u, row_bytes); at += 4u) {
        const uvec4 bytes = tactus_bytes_of(tactus_in_word(0u, line + at));
        for (uint i = 0u; i < 4u && at + i < row_bytes; ++i)
            count((at + i) % p.pixel_stride, bytes[i]);
    }
}
