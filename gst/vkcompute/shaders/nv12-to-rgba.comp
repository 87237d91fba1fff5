// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// NV12 to RGBA: BT.601, limited range, chroma from the nearest sample, in integers.
#include "tactus/planes.glsl"

TACTUS_WORKGROUP;
TACTUS_TAKES(1u << TACTUS_NV12);
TACTUS_MAKES(TACTUS_RGBA);

void main() {
    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(uvec2(at), tactus.out_size)))
        return;
    const int y = 298 * (int(tactus_in_component(0u, at, 0u)) - 16);
    const int u = int(tactus_in_component(1u, at >> 1, 0u)) - 128;
    const int v = int(tactus_in_component(1u, at >> 1, 1u)) - 128;
    const ivec3 rgb = ivec3(y + 409 * v, y - 100 * u - 208 * v, y + 516 * u) + 128 >> 8;
    const TactusPlane to = tactus.out_plane[0];
    tactus_out_word(0u, to.offset + uint(at.y) * to.stride + uint(at.x) * 4u,
                    tactus_word_of(uvec4(clamp(rgb, 0, 255), 255u)));
}
