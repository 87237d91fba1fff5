// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Samples of audio: F32 and S16, interleaved or planar, as numbers from -1 to 1.
#include "tactus/planes.glsl"

uint tactus_sample_at(TactusPlane p, uint index, uint channel) {
    return p.offset + index * p.pixel_stride + channel * p.stride;
}

float tactus_sample_of(uint word, uint byte) {
    if (TACTUS_IN_FORMAT == TACTUS_F32)
        return uintBitsToFloat(word);
    return float(bitfieldExtract(int(word), int((byte & 2u) * 8u), 16)) / 32768.0;
}

float tactus_sample(uint index, uint channel) {
    const uint byte = tactus_sample_at(tactus.in_plane[0], index, channel);
    return tactus_sample_of(tactus_in_word(0u, byte & ~3u), byte);
}

void tactus_set_sample(uint index, uint channel, float value) {
    const uint byte = tactus_sample_at(tactus.out_plane[0], index, channel);
    if (TACTUS_OUT_FORMAT == TACTUS_F32) {
        tactus_out_word(0u, byte, floatBitsToUint(value));
        return;
    }
    const int rounded = int(clamp(roundEven(value * 32768.0), -32768.0, 32767.0));
    tactus_out_byte(0u, byte, uint(rounded) & 0xffu);
    tactus_out_byte(0u, byte + 1u, uint(rounded) >> 8 & 0xffu);
}
