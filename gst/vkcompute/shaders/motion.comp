// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// How much has moved: the sum of the differences of all bytes of plane 0 from the frame before, and
// of how many of them differ by more than `threshold`. The frame itself passes.
#include "tactus/planes.glsl"
#include "tactus/history.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(0u);
TACTUS_PIXELWISE;
TACTUS_BLOCK_OF_BYTES(64, 1);
TACTUS_MAKES(TACTUS_NOTHING);

// What the uniform is until it is set.
layout(constant_id = 0) const uint default_threshold = 16u;
layout(push_constant) uniform Uniforms {
    uint threshold;
} uniforms;

layout(std430, set = 0, binding = 18) buffer Result {
    uint difference_low; // the sum of 64 bits in two words
    uint difference_high;
    uint moved;          // bytes that differ by more than the threshold
    uint bytes;          // that were compared
} result;

void main() {
    const TactusPlane p = tactus.in_plane[0];
    const uint begin = gl_GlobalInvocationID.x * 64u;
    const uint row_bytes = p.width * p.pixel_stride;
    if (tactus.history == 0u || gl_GlobalInvocationID.y >= p.height || begin >= row_bytes)
        return;
    const uint end = min(begin + 64u, row_bytes);
    const uint line = p.offset + gl_GlobalInvocationID.y * p.stride;
    uint sum = 0u;
    uint moved = 0u;
    for (uint at = begin; at < end; at += 4u) {
        const uvec4 now = tactus_bytes_of(tactus_in_word(0u, line + at));
        const uvec4 before = tactus_bytes_of(tactus_before_word(line + at));
        for (uint i = 0u; i < 4u && at + i < end; ++i) {
            const uint apart = max(now[i], before[i]) - min(now[i], before[i]);
            sum += apart;
            moved += apart > uniforms.threshold ? 1u : 0u;
        }
    }
    const uint old = atomicAdd(result.difference_low, sum);
    if (old + sum < old)
        atomicAdd(result.difference_high, 1u);
    atomicAdd(result.moved, moved);
    atomicAdd(result.bytes, end - begin);
}
