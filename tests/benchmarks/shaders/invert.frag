// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// For vulkanshaderspv, to be measured against vkcompute's invert.

#version 450

layout(location = 0) in vec2 inTexCoord;
layout(set = 0, binding = 0) uniform ShaderFilter { float time; float width; float height; };
layout(set = 0, binding = 1) uniform sampler2D inTexture0;
layout(location = 0) out vec4 outColor0;

void main() {
    const vec4 c = texture(inTexture0, inTexCoord);
    outColor0 = vec4(1.0 - c.rgb, c.a);
}
