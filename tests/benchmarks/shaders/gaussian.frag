// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For vulkanshaderspv, to be measured against vkcompute's gaussian.

#version 450

layout(location = 0) in vec2 inTexCoord;
layout(set = 0, binding = 0) uniform ShaderFilter { float time; float width; float height; };
layout(set = 0, binding = 1) uniform sampler2D inTexture0;
layout(location = 0) out vec4 outColor0;

const float WEIGHTS[5] = float[](1.0, 4.0, 6.0, 4.0, 1.0);

void main() {
    vec4 sum = vec4(0.0);
    for (int y = 0; y < 5; ++y)
        for (int x = 0; x < 5; ++x)
            sum += WEIGHTS[x] * WEIGHTS[y] *
                   texture(inTexture0, inTexCoord + vec2(x - 2, y - 2) / vec2(width, height));
    outColor0 = sum / 256.0;
}
