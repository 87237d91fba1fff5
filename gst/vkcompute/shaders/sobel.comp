// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Edges: |gx| + |gy| of Sobel's operator on the brightness, at most 255. Grey in the formats with
// colours, alpha stays; of formats with planes the first has the edges, the others no colour.
#include "tactus/taps.glsl"

TACTUS_WORKGROUP;
TACTUS_CONVERTS(0u);
TACTUS_BLOCK_OF_BYTES(16, 4);
TACTUS_TAKES(TACTUS_EIGHT_BITS & ~(1u << TACTUS_RGB));

const bool IS_RGB = TACTUS_WORD_PIXELS && TACTUS_IN_FORMAT != TACTUS_AYUV;
const bool BLUE_FIRST = TACTUS_IN_FORMAT == TACTUS_BGRA || TACTUS_IN_FORMAT == TACTUS_BGRX;

uint brightness(uvec4 pixel) {
    if (TACTUS_IN_FORMAT == TACTUS_AYUV)
        return pixel.y;
    const uint red = BLUE_FIRST ? pixel.z : pixel.x;
    const uint blue = BLUE_FIRST ? pixel.x : pixel.z;
    return (77u * red + 150u * pixel.y + 29u * blue + 128u) >> 8;
}

// Sixteen pixels share the brightness of thirty-six.
void edges_of_pixels(uint byte, uint row) {
    int light[6][6];
    for (int y = 0; y < 6; ++y)
        for (int x = 0; x < 6; ++x)
            light[y][x] = int(brightness(tactus_tap(0u, byte, row, x - 1, y - 1)));
    for (int y = 0; y < 4; ++y) {
        for (int x = 0; x < 4; ++x) {
            const uint at = byte + uint(x) * 4u;
            if (!tactus_is_inside(0u, at, row + uint(y)))
                continue;
            const int gx = light[y][x + 2] + 2 * light[y + 1][x + 2] + light[y + 2][x + 2] -
                           light[y][x] - 2 * light[y + 1][x] - light[y + 2][x];
            const int gy = light[y + 2][x] + 2 * light[y + 2][x + 1] + light[y + 2][x + 2] -
                           light[y][x] - 2 * light[y][x + 1] - light[y][x + 2];
            const uint edge = uint(min(abs(gx) + abs(gy), 255));
            const uvec4 old = tactus_tap(0u, at, row + uint(y), 0, 0);
            const uvec4 grey = IS_RGB ? uvec4(edge, edge, edge, old.w)
                                      : uvec4(old.x, edge, 128u, 128u);
            tactus_put(0u, at, row + uint(y), grey);
        }
    }
}

void edges_of_bytes(uint byte, uint row) {
    ivec4 light[3][3];
    for (int y = 0; y < 3; ++y)
        for (int x = 0; x < 3; ++x)
            light[y][x] = ivec4(tactus_tap(0u, byte, row, x - 1, y - 1));
    const ivec4 gx = light[0][2] + 2 * light[1][2] + light[2][2] - light[0][0] - 2 * light[1][0] -
                     light[2][0];
    const ivec4 gy = light[2][0] + 2 * light[2][1] + light[2][2] - light[0][0] - 2 * light[0][1] -
                     light[0][2];
    tactus_put(0u, byte, row, uvec4(min(abs(gx) + abs(gy), ivec4(255))));
}

void main() {
    const uint byte = gl_GlobalInvocationID.x * 16u;
    const uint row = gl_GlobalInvocationID.y * 4u;
    if (TACTUS_WORD_PIXELS) {
        edges_of_pixels(byte, row);
        return;
    }
    for (uint y = row; y < row + 4u; ++y) {
        for (uint x = byte; x < byte + 16u; x += 4u) {
            if (tactus_is_inside(0u, x, y))
                edges_of_bytes(x, y);
            for (uint plane = 1u; plane < TACTUS_PLANES; ++plane)
                if (tactus_is_inside(plane, x, y))
                    tactus_put(plane, x, y, uvec4(128u));
        }
    }
}
