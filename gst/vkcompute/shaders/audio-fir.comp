// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// A finite impulse response: each sample is the sum of those up to it, times the taps. The taps are
// the 32-bit floats in the file that extra-input names, the first for the newest sample: at most
// 1,024. Samples of earlier buffers are kept.
#include "tactus/audio.glsl"

TACTUS_WORKGROUP;
TACTUS_TAKES(1u << TACTUS_F32 | 1u << TACTUS_S16);
TACTUS_EXTRA_AT_MOST(4096u); // MOST_TAPS floats

const uint MOST_TAPS = 1024u;
const uint MOST_CHANNELS = 64u; // that the element takes

layout(std430, set = 0, binding = 16) readonly buffer Taps { float taps[]; };
layout(std430, set = 0, binding = 19) readonly buffer Before {
    float samples[MOST_TAPS * MOST_CHANNELS]; // the newest last
} before;
layout(std430, set = 0, binding = 21) writeonly buffer After {
    float samples[MOST_TAPS * MOST_CHANNELS];
} after;

float sample_at(int index, uint channel) {
    return index >= 0 ? tactus_sample(uint(index), channel)
                      : before.samples[channel * MOST_TAPS + uint(int(MOST_TAPS) + index)];
}

void main() {
    const uint count = tactus.in_size.x;
    const uint index = gl_GlobalInvocationID.x;
    const uint channel = gl_GlobalInvocationID.y;
    if (index >= count || channel >= tactus.in_size.y)
        return;
    const uint tap_count = tactus.extra_bytes / 4u;
    float sum = 0.0;
    for (uint tap = 0u; tap < tap_count; ++tap)
        sum += taps[tap] * sample_at(int(index) - int(tap), channel);
    tactus_set_sample(index, channel, sum);
    for (uint kept = index; kept < MOST_TAPS; kept += count)
        after.samples[channel * MOST_TAPS + kept] =
            sample_at(int(count + kept) - int(MOST_TAPS), channel);
}
