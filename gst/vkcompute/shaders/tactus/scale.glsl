// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Where a pixel of the output lies in a plane of the input: centres of pixels on centres.
#include "tactus/planes.glsl"

vec2 tactus_scaled(uint plane, uvec2 at) {
    const TactusPlane from = tactus.in_plane[plane];
    const TactusPlane to = tactus.out_plane[plane];
    return (vec2(at) + 0.5) * vec2(from.width, from.height) / vec2(to.width, to.height) - 0.5;
}
