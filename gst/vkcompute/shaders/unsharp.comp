// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Unsharp masking: each component plus `amount` times what a blur of 3 by 3 pixels, weights
// (1 2 1)/4 in each direction, takes away from it. Formats with components of one byte; of those with
// planes only the first, as it holds the brightness. Alpha stays.
#include "tactus/taps.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(0u);
TACTUS_BLOCK_OF_BYTES(4, 1);
TACTUS_TAKES(TACTUS_EIGHT_BITS);

// What the uniform is until it is set.
layout(constant_id = 0) const float default_amount = 1.0;
layout(push_constant) uniform Uniforms {
    float amount;
} uniforms;

uvec4 row_sum(uint plane, uint byte, uint row, int dy) {
    return tactus_tap(plane, byte, row, -1, dy) + 2u * tactus_tap(plane, byte, row, 0, dy) +
           tactus_tap(plane, byte, row, 1, dy);
}

void main() {
    const uint byte = gl_GlobalInvocationID.x * 4u;
    const uint row = gl_GlobalInvocationID.y;
    for (uint plane = 1u; plane < TACTUS_PLANES; ++plane)
        if (tactus_is_inside(plane, byte, row))
            tactus_put(plane, byte, row, tactus_tap(plane, byte, row, 0, 0));
    if (!tactus_is_inside(0u, byte, row))
        return;
    const uvec4 centre = tactus_tap(0u, byte, row, 0, 0);
    const uvec4 sixteenths =
        row_sum(0u, byte, row, -1) + 2u * row_sum(0u, byte, row, 0) + row_sum(0u, byte, row, 1);
    const vec4 sharp =
        vec4(centre) + uniforms.amount * (vec4(16u * centre) - vec4(sixteenths)) / 16.0;
    const uvec4 result = uvec4(clamp(sharp + 0.5, 0.0, 255.0));
    tactus_put(0u, byte, row, tactus_keep_alpha(result, centre));
}
