// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For vulkanshaderspv, to be measured against vkcompute's sobel.

#version 450

layout(location = 0) in vec2 inTexCoord;
layout(set = 0, binding = 0) uniform ShaderFilter { float time; float width; float height; };
layout(set = 0, binding = 1) uniform sampler2D inTexture0;
layout(location = 0) out vec4 outColor0;

float light(float dx, float dy) {
    const vec2 at = inTexCoord + vec2(dx, dy) / vec2(width, height);
    return dot(texture(inTexture0, at).rgb, vec3(0.301, 0.586, 0.113));
}

void main() {
    const float a = light(-1.0, -1.0), b = light(0.0, -1.0), c = light(1.0, -1.0);
    const float d = light(-1.0, 0.0), f = light(1.0, 0.0);
    const float g = light(-1.0, 1.0), h = light(0.0, 1.0), i = light(1.0, 1.0);
    const float gx = c + 2.0 * f + i - a - 2.0 * d - g;
    const float gy = g + 2.0 * h + i - a - 2.0 * b - c;
    outColor0 = vec4(vec3(abs(gx) + abs(gy)), texture(inTexture0, inTexCoord).a);
}
