// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Up to four earlier frames, as many as the property history says. How many there are now:
// tactus.history. All have the layout of the input. In place of tactus/history.glsl.
layout(std430, set = 0, binding = 24) readonly buffer TactusEarlier1 { uint tactus_earlier1[]; };
layout(std430, set = 0, binding = 25) readonly buffer TactusEarlier2 { uint tactus_earlier2[]; };
layout(std430, set = 0, binding = 26) readonly buffer TactusEarlier3 { uint tactus_earlier3[]; };
layout(std430, set = 0, binding = 27) readonly buffer TactusEarlier4 { uint tactus_earlier4[]; };

// `back`: 1 is the frame before, 2 the one before that. `byte` is a multiple of 4.
uint tactus_earlier_word(uint back, uint byte) {
    const uint at = byte >> 2;
    return back <= 1u   ? tactus_earlier1[at]
           : back == 2u ? tactus_earlier2[at]
           : back == 3u ? tactus_earlier3[at]
                        : tactus_earlier4[at];
}
