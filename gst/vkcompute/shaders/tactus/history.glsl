// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// Plane 0 of the frame before. `history=1` or more keeps it; before the first there is none, see
// tactus.history. All frames have the layout of the input.
layout(std430, set = 0, binding = 24) readonly buffer TactusBefore0 { uint tactus_before0[]; };

uint tactus_before_word(uint byte) { return tactus_before0[byte >> 2]; }
