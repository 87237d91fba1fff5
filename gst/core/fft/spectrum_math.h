// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <complex>
#include <cstddef>

namespace tactus {

// Loops over arrays, by the vector unit of this machine. Any thread; arrays may be unaligned; `out`
// may be the input where the types are the same.

/// The least that `to_decibels` yields.
inline constexpr float kLeastDecibels = -200;

/// out[k] = |points[k]|^2
void to_power(const std::complex<float>* points, float* out, std::size_t count);
/// out[k] = sqrt(power[k])
void to_magnitude(const float* power, float* out, std::size_t count);
/// out[k] = 10 log10(power[k]), but at least kLeastDecibels; +infinity for it. Within 1e-5 dB.
void to_decibels(const float* power, float* out, std::size_t count);
/// out[k] = a[k] b[k]
void multiply(const float* a, const float* b, float* out, std::size_t count);
/// sum[k] += a[k] b[k]
void multiply_add(const float* a, const float* b, float* sum, std::size_t count);
/// Sets what is infinite or not a number to 0, and says how many those were.
std::size_t clear_non_finite(float* values, std::size_t count);
bool all_finite(const float* values, std::size_t count);

/// out[k] = the angle of points[k] in radians, -pi to pi; 0 for 0. Not vectorized.
void to_phase(const std::complex<float>* points, float* out, std::size_t count);

} // namespace tactus
