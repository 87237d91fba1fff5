// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The negative: the largest value less each component, in all formats. Alpha stays.
#include "tactus/planes.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(0u);
TACTUS_PIXELWISE;
TACTUS_BLOCK_OF_BYTES(16, 1);

// Which bits are turned over, of the even and of the odd words of a row.
const bool LAST_IS_ALPHA = TACTUS_IN_FORMAT == TACTUS_RGBA || TACTUS_IN_FORMAT == TACTUS_BGRA ||
                           TACTUS_IN_FORMAT == TACTUS_RGBX || TACTUS_IN_FORMAT == TACTUS_BGRX;
const uint EVEN = LAST_IS_ALPHA                      ? 0x00ffffffu
                  : TACTUS_IN_FORMAT == TACTUS_AYUV  ? 0xffffff00u
                  : TACTUS_IN_FORMAT == TACTUS_P010  ? 0xffc0ffc0u
                                                     : 0xffffffffu;
const uint ODD = TACTUS_IN_FORMAT == TACTUS_RGBA64 ? 0x0000ffffu : EVEN;

void invert_row(uint plane, uint column, uint row) {
    const TactusPlane from = tactus.in_plane[plane];
    const TactusPlane to = tactus.out_plane[plane];
    const uint row_bytes = from.width * from.pixel_stride;
    if (row >= from.height || column >= row_bytes)
        return;
    const uint source = from.offset + row * from.stride + column;
    const uint target = to.offset + row * to.stride + column;
    const uint words = min(4u, (row_bytes - column + 3u) >> 2);
    if (words == 4u && ((source | target) & 15u) == 0u) {
        tactus_out_quad(plane, target, tactus_in_quad(plane, source) ^ uvec4(EVEN, ODD, EVEN, ODD));
        return;
    }
    for (uint i = 0u; i < words; ++i)
        tactus_out_word(plane, target + i * 4u,
                        tactus_in_word(plane, source + i * 4u) ^ ((i & 1u) == 0u ? EVEN : ODD));
}

void main() {
    for (uint plane = 0u; plane < TACTUS_PLANES; ++plane)
        invert_row(plane, gl_GlobalInvocationID.x * 16u, gl_GlobalInvocationID.y);
}
