// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// To the size of out-caps with Lanczos' window of three lobes, widened where the picture shrinks (up
// to 8 times in each direction). All formats.
#include "tactus/scale.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(TACTUS_SIZE);

const float PI = 3.14159265;
const float LOBES = 3.0;

float lanczos(float x) {
    x = abs(x);
    if (x < 1e-4)
        return 1.0;
    if (x >= LOBES)
        return 0.0;
    return LOBES * sin(PI * x) * sin(PI * x / LOBES) / (PI * PI * x * x);
}

float filtered(uint plane, uint c, vec2 source, vec2 widening) {
    const ivec2 low = ivec2(ceil(source - LOBES * widening));
    const ivec2 high = ivec2(floor(source + LOBES * widening));
    float sum = 0.0;
    float weights = 0.0;
    for (int y = low.y; y <= high.y; ++y) {
        const float row = lanczos((float(y) - source.y) / widening.y);
        for (int x = low.x; x <= high.x; ++x) {
            const float weight = row * lanczos((float(x) - source.x) / widening.x);
            sum += weight * float(tactus_in_component(plane, ivec2(x, y), c));
            weights += weight;
        }
    }
    return sum / weights;
}

void main() {
    const uvec2 at = gl_GlobalInvocationID.xy;
    for (uint plane = 0u; plane < TACTUS_PLANES; ++plane) {
        const TactusPlane from = tactus.in_plane[plane];
        const TactusPlane to = tactus.out_plane[plane];
        if (at.x >= to.width || at.y >= to.height)
            continue;
        const vec2 shrink = vec2(from.width, from.height) / vec2(to.width, to.height);
        const vec2 widening = clamp(shrink, vec2(1.0), vec2(8.0));
        for (uint c = 0u; c < to.components; ++c) {
            const float value = filtered(plane, c, tactus_scaled(plane, at), widening);
            tactus_out_component(plane, at, c,
                                 uint(clamp(value + 0.5, 0.0, tactus_range(to.component_bytes))));
        }
    }
}
