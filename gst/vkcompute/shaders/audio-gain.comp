// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Samples times `gain`.
#include "tactus/audio.glsl"

TACTUS_WORKGROUP;
TACTUS_TAKES(1u << TACTUS_F32 | 1u << TACTUS_S16);

// What the uniform is until it is set.
layout(constant_id = 0) const float default_gain = 1.0;
layout(push_constant) uniform Uniforms {
    float gain;
} uniforms;

void main() {
    const uvec2 at = gl_GlobalInvocationID.xy;
    if (at.x < tactus.in_size.x && at.y < tactus.in_size.y)
        tactus_set_sample(at.x, at.y, uniforms.gain * tactus_sample(at.x, at.y));
}
