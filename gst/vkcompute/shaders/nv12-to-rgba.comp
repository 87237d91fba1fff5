// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// NV12 to RGBA, with the matrix and the range of the input, chroma from the nearest sample, in
// integers.
#include "tactus/planes.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(0u);
TACTUS_TAKES(1u << TACTUS_NV12);
TACTUS_MAKES(TACTUS_RGBA);

void main() {
    const ivec2 at = ivec2(gl_GlobalInvocationID.xy);
    if (any(greaterThanEqual(uvec2(at), tactus.out_size)))
        return;
    // 256ths of what a step of Y' and of Cb and Cr is worth.
    const float light = TACTUS_FULL_RANGE ? 256.0 : 256.0 * 255.0 / 219.0;
    const float color = TACTUS_FULL_RANGE ? 512.0 : 512.0 * 255.0 / 224.0;
    const float red = color * (1.0 - TACTUS_KR);
    const float blue = color * (1.0 - TACTUS_KB);
    const float kg = 1.0 - TACTUS_KR - TACTUS_KB;
    const int y = int(light + 0.5) *
                  (int(tactus_in_component(0u, at, 0u)) - (TACTUS_FULL_RANGE ? 0 : 16));
    const int u = int(tactus_in_component(1u, at >> 1, 0u)) - 128;
    const int v = int(tactus_in_component(1u, at >> 1, 1u)) - 128;
    const ivec3 rgb = ivec3(y + int(red + 0.5) * v,
                            y - int(blue * TACTUS_KB / kg + 0.5) * u -
                                int(red * TACTUS_KR / kg + 0.5) * v,
                            y + int(blue + 0.5) * u) + 128 >> 8;
    const TactusPlane to = tactus.out_plane[0];
    tactus_out_word(0u, to.offset + uint(at.y) * to.stride + uint(at.x) * 4u,
                    tactus_word_of(uvec4(clamp(rgb, 0, 255), 255u)));
}
