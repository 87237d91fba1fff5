// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Planes as images: each plane is one, with as many components as its pixels. There are none for RGB.

layout(set = 0, binding = 7) uniform sampler2D tactus_image0;
layout(set = 0, binding = 8) uniform sampler2D tactus_image1;
layout(set = 0, binding = 9) uniform sampler2D tactus_image2;
// A device with none of Vulkan's optional features has to be told the format of what it writes, and
// has only this one; vkcompute sees to it that nothing else is made.
#ifdef TACTUS_PLAIN_DEVICE
#define TACTUS_MADE(at) layout(set = 0, binding = at, rgba8) writeonly uniform image2D
#else
#define TACTUS_MADE(at) layout(set = 0, binding = at) writeonly uniform image2D
#endif
TACTUS_MADE(10) tactus_made0;
TACTUS_MADE(11) tactus_made1;
TACTUS_MADE(12) tactus_made2;

// In memory the first component may be blue, or alpha.
vec4 tactus_from_memory(vec4 c) {
    if (TACTUS_IN_FORMAT == TACTUS_BGRA || TACTUS_IN_FORMAT == TACTUS_BGRX)
        c = c.bgra;
    return TACTUS_IN_FORMAT == TACTUS_AYUV ? c.gbar : c;
}

vec4 tactus_to_memory(vec4 c) {
    if (TACTUS_OUT_FORMAT == TACTUS_BGRA || TACTUS_OUT_FORMAT == TACTUS_BGRX)
        c = c.bgra;
    return TACTUS_OUT_FORMAT == TACTUS_AYUV ? c.argb : c;
}

// A pixel of plane 0: (r, g, b, a), (y, u, v, a) of AYUV, or (y, 0, 0, 1).
vec4 tactus_image_load(ivec2 at) {
    const ivec2 last = ivec2(tactus.in_plane[0].width, tactus.in_plane[0].height) - 1;
    return tactus_from_memory(texelFetch(tactus_image0, clamp(at, ivec2(0), last), 0));
}

// Between the pixels of plane 0, from 0 to 1 over the whole frame.
vec4 tactus_image_sample(vec2 at) { return tactus_from_memory(textureLod(tactus_image0, at, 0.0)); }

void tactus_image_store(ivec2 at, vec4 c) {
    if (all(lessThan(uvec2(at), uvec2(tactus.out_plane[0].width, tactus.out_plane[0].height))))
        imageStore(tactus_made0, at, tactus_to_memory(c));
}
