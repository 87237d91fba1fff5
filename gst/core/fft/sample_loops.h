// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <cstddef>
#include <cstdint>

namespace tactus {

// Loops over samples that ORC does faster than a compiler (sample_loops.orc). Without ORC they are
// the plain code that it makes of them. Any thread, after prepare_sample_loops; memory may lie at
// any address, but that of floats. Denormal numbers count as zero. None of them allocates.

/// Makes the code for this machine, the first time it is called. Any thread.
void prepare_sample_loops();

// `count` samples at `in`, times `factor`; those that are numbers already take none.
void f32_from_swapped_s32(const std::uint8_t* in, std::size_t count, float factor, float* out);
void f32_from_s24_32(const std::uint8_t* in, std::size_t count, float factor, float* out);
void f32_from_swapped_s24_32(const std::uint8_t* in, std::size_t count, float factor, float* out);
void f32_from_swapped_f32(const std::uint8_t* in, std::size_t count, float, float* out);
void f32_from_swapped_f64(const std::uint8_t* in, std::size_t count, float, float* out);

/// Frames of two channels, times `factor`.
void part_s16(const std::uint8_t* in, std::size_t frames, float factor, float* left, float* right);

// Full scale is 32768; beyond it samples are clipped. To the nearest, and to the even one of two.
// What is not a number becomes any number.
void s16_from_f32(const float* in, std::size_t count, std::int16_t* out);
void join_s16(const float* left, const float* right, std::size_t frames, std::int16_t* out);

} // namespace tactus
