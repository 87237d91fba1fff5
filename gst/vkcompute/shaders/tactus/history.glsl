// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
//
// The frame before, all of its planes in one block; those before that are at the bindings 25, 26 and
// 27. How many there are: tactus.history. All have the layout of the input.
layout(std430, set = 0, binding = 24) readonly buffer TactusBefore0 { uint tactus_before0[]; };

uint tactus_before_word(uint byte) { return tactus_before0[byte >> 2]; }
