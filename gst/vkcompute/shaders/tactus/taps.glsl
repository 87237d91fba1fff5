// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Neighbours in formats with components of one byte: four bytes of a row at once.
#include "tactus/planes.glsl"

const uint TACTUS_EIGHT_BITS =
    1u << TACTUS_RGBA | 1u << TACTUS_BGRA | 1u << TACTUS_RGBX | 1u << TACTUS_BGRX |
    1u << TACTUS_RGB | 1u << TACTUS_GRAY8 | 1u << TACTUS_NV12 | 1u << TACTUS_I420 |
    1u << TACTUS_Y42B | 1u << TACTUS_Y444 | 1u << TACTUS_AYUV;
const bool TACTUS_WORD_PIXELS =
    TACTUS_IN_FORMAT == TACTUS_RGBA || TACTUS_IN_FORMAT == TACTUS_BGRA ||
    TACTUS_IN_FORMAT == TACTUS_RGBX || TACTUS_IN_FORMAT == TACTUS_BGRX ||
    TACTUS_IN_FORMAT == TACTUS_AYUV;

// The bytes `byte` to `byte` + 3 of a row (a multiple of 4), each taken `dx` pixels to the right and
// `dy` rows down. Beyond an edge it is the pixel at the edge.
uvec4 tactus_tap(uint plane, uint byte, uint row, int dx, int dy) {
    const TactusPlane p = tactus.in_plane[plane];
    const uint line = p.offset + uint(clamp(int(row) + dy, 0, int(p.height) - 1)) * p.stride;
    if (TACTUS_WORD_PIXELS) {
        const int x = clamp(int(byte >> 2) + dx, 0, int(p.width) - 1);
        return tactus_bytes_of(tactus_in_word(plane, line + uint(x) * 4u));
    }
    const int first = int(byte) + dx * int(p.pixel_stride);
    if (first >= 0 && first + 4 <= int(p.width * p.pixel_stride)) {
        const uint at = line + uint(first);
        const uint shift = (at & 3u) * 8u;
        uint word = tactus_in_word(plane, at & ~3u);
        if (shift != 0u)
            word = word >> shift | tactus_in_word(plane, (at & ~3u) + 4u) << (32u - shift);
        return tactus_bytes_of(word);
    }
    uvec4 result;
    for (uint i = 0u; i < 4u; ++i) {
        const uint pixel = (byte + i) / p.pixel_stride;
        const uint c = (byte + i) % p.pixel_stride;
        const int x = clamp(int(pixel) + dx, 0, int(p.width) - 1);
        result[i] = tactus_in_byte(plane, line + uint(x) * p.pixel_stride + c);
    }
    return result;
}

bool tactus_is_inside(uint plane, uint byte, uint row) {
    const TactusPlane p = tactus.out_plane[plane];
    return row < p.height && byte < p.width * p.pixel_stride;
}

void tactus_put(uint plane, uint byte, uint row, uvec4 bytes) {
    const TactusPlane p = tactus.out_plane[plane];
    tactus_out_word(plane, p.offset + row * p.stride + byte, tactus_word_of(bytes));
}

// The bytes of `changed`, but alpha from `old`. (A function, as vectors that depend on specialization
// constants are not constants for all compilers.)
uvec4 tactus_keep_alpha(uvec4 changed, uvec4 old) {
    if (TACTUS_IN_FORMAT == TACTUS_AYUV)
        changed.x = old.x;
    else if (TACTUS_WORD_PIXELS)
        changed.w = old.w;
    return changed;
}
