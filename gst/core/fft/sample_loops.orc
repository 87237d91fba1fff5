# SPDX-FileCopyrightText: The gst-tactus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Loops over samples that ORC does faster than a compiler; docs/design/fft.md says which were measured.
# After a change: tools/update-orc writes sample_loops-dist.c and .h, for machines without orcc.

.function tactus_orc_f32_from_swapped_s32
.dest 4 out float
.source 4 in int32_t
.floatparam 4 factor
.temp 4 number
.temp 4 value
swapl number, in
convlf value, number
mulf out, value, factor

.function tactus_orc_f32_from_s24_32
.dest 4 out float
.source 4 in int32_t
.floatparam 4 factor
.temp 4 number
.temp 4 value
shll number, in, 8
shrsl number, number, 8
convlf value, number
mulf out, value, factor

.function tactus_orc_f32_from_swapped_s24_32
.dest 4 out float
.source 4 in int32_t
.floatparam 4 factor
.temp 4 number
.temp 4 value
swapl number, in
shll number, number, 8
shrsl number, number, 8
convlf value, number
mulf out, value, factor

# What is a number already takes no factor.

.function tactus_orc_f32_from_swapped_f32
.dest 4 out float
.source 4 in float
swapl out, in

.function tactus_orc_f32_from_swapped_f64
.dest 4 out float
.source 8 in double
.temp 8 number
swapq number, in
convdf out, number

.function tactus_orc_part_s16
.dest 4 left float
.dest 4 right float
.source 4 in uint32_t
.floatparam 4 factor
.temp 2 left_word
.temp 2 right_word
.temp 4 left_number
.temp 4 right_number
.temp 4 left_value
.temp 4 right_value
splitlw right_word, left_word, in
convswl left_number, left_word
convswl right_number, right_word
convlf left_value, left_number
convlf right_value, right_number
mulf left, left_value, factor
mulf right, right_value, factor

# 1.5 * 2^23 leaves no bits behind the point: added, it rounds to the nearest even number and puts
# that into the low bits.

.function tactus_orc_s16_from_f32
.dest 2 out int16_t
.source 4 in float
.const 4 scale 0x47000000
.const 4 least 0xc7000000
.const 4 most 0x46fffe00
.const 4 rounding 0x4b400000
.temp 4 value
mulf value, in, scale
maxf value, value, least
minf value, value, most
addf value, value, rounding
convlw out, value

.function tactus_orc_join_s16
.dest 4 out uint32_t
.source 4 left float
.source 4 right float
.const 4 scale 0x47000000
.const 4 least 0xc7000000
.const 4 most 0x46fffe00
.const 4 rounding 0x4b400000
.temp 4 value
.temp 2 left_word
.temp 2 right_word
mulf value, left, scale
maxf value, value, least
minf value, value, most
addf value, value, rounding
convlw left_word, value
mulf value, right, scale
maxf value, value, least
minf value, value, most
addf value, value, rounding
convlw right_word, value
mergewl out, left_word, right_word
