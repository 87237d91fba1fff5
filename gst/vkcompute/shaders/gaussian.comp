// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A Gaussian blur of 5 by 5 pixels, weights (1 4 6 4 1)/16 in each direction: first along the rows,
// then along the columns. Formats with components of one byte; all of them are blurred.
#include "tactus/taps.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(0u);
TACTUS_BLOCK_OF_BYTES(16, 4);
TACTUS_PASSES(2);
TACTUS_TAKES(TACTUS_EIGHT_BITS);

uvec4 weighted(uvec4 a, uvec4 b, uvec4 c, uvec4 d, uvec4 e) {
    return (a + e + 4u * (b + d) + 6u * c + 8u) >> 4;
}

// Four pixels of one word each need eight words, not twenty.
void blur_pixels(uint plane, uint byte, uint row) {
    uvec4 window[8];
    for (int i = 0; i < 8; ++i)
        window[i] = tactus_tap(plane, byte, row, i - 2, 0);
    for (uint i = 0u; i < 4u; ++i)
        if (tactus_is_inside(plane, byte + i * 4u, row))
            tactus_put(plane, byte + i * 4u, row,
                       weighted(window[i], window[i + 1u], window[i + 2u], window[i + 3u],
                                window[i + 4u]));
}

void blur_word_along_row(uint plane, uint byte, uint row) {
    tactus_put(plane, byte, row,
               weighted(tactus_tap(plane, byte, row, -2, 0), tactus_tap(plane, byte, row, -1, 0),
                        tactus_tap(plane, byte, row, 0, 0), tactus_tap(plane, byte, row, 1, 0),
                        tactus_tap(plane, byte, row, 2, 0)));
}

void blur_word_along_column(uint plane, uint byte, uint row) {
    uvec4 window[8];
    for (int i = 0; i < 8; ++i)
        window[i] = tactus_tap(plane, byte, row, 0, i - 2);
    for (uint i = 0u; i < 4u; ++i)
        if (tactus_is_inside(plane, byte, row + i))
            tactus_put(plane, byte, row + i,
                       weighted(window[i], window[i + 1u], window[i + 2u], window[i + 3u],
                                window[i + 4u]));
}

void blur(uint plane, uint byte, uint row) {
    if (TACTUS_PASS == 1u) {
        for (uint i = 0u; i < 4u; ++i)
            if (tactus_is_inside(plane, byte + i * 4u, row))
                blur_word_along_column(plane, byte + i * 4u, row);
        return;
    }
    for (uint y = row; y < row + 4u; ++y) {
        if (TACTUS_WORD_PIXELS) {
            if (tactus_is_inside(plane, byte, y))
                blur_pixels(plane, byte, y);
        } else {
            for (uint i = 0u; i < 4u; ++i)
                if (tactus_is_inside(plane, byte + i * 4u, y))
                    blur_word_along_row(plane, byte + i * 4u, y);
        }
    }
}

void main() {
    for (uint plane = 0u; plane < TACTUS_PLANES; ++plane)
        blur(plane, gl_GlobalInvocationID.x * 16u, gl_GlobalInvocationID.y * 4u);
}
