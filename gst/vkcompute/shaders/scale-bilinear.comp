// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// To the size of out-caps by linear interpolation between the nearest four pixels. All formats.
#include "tactus/scale.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(TACTUS_SIZE);

void main() {
    const uvec2 at = gl_GlobalInvocationID.xy;
    for (uint plane = 0u; plane < TACTUS_PLANES; ++plane) {
        const vec2 source = tactus_scaled(plane, at);
        const ivec2 first = ivec2(floor(source));
        const vec2 part = source - vec2(first);
        for (uint c = 0u; c < tactus.out_plane[plane].components; ++c) {
            const float top = mix(float(tactus_in_component(plane, first, c)),
                                  float(tactus_in_component(plane, first + ivec2(1, 0), c)), part.x);
            const float bottom =
                mix(float(tactus_in_component(plane, first + ivec2(0, 1), c)),
                    float(tactus_in_component(plane, first + ivec2(1, 1), c)), part.x);
            tactus_out_component(plane, at, c, uint(mix(top, bottom, part.y) + 0.5));
        }
    }
}
