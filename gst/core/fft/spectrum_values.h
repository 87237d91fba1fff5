// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include <complex>
#include <cstddef>

namespace tactus {

/// What people read from the points of a spectrum. On the vector unit of this machine.
///
/// Threads: any. Arrays need no alignment and must not overlap. Accuracy: magnitudes and powers to
/// 2 units in the last place, decibels to 2e-5 (for powers of 1e-30 to 1e30), phases to 4e-7.
/// NaN in, NaN out; the power of an infinite point is infinite.
struct SpectrumValues {
    using Points = const std::complex<float>*;

    /// out[i] = |points[i]|^2.
    void (*powers)(Points points, std::size_t count, float* out);
    /// out[i] = |points[i]|.
    void (*magnitudes)(Points points, std::size_t count, float* out);
    /// out[i] = the angle in radians, in (-pi, pi]; 0 for 0.
    void (*phases)(Points points, std::size_t count, float* out);
    /// out[i] = 10 log10(powers[i]) + offset, but at least `floor`. What is too small for a normal
    /// float counts as 0, whose logarithm is below every floor. May work in place.
    void (*decibels)(const float* powers, std::size_t count, float offset, float floor, float* out);

    // Sums over several spectra, without an array between.
    /// sum[i] += max(10 log10(|points[i]|^2) + offset, floor).
    void (*add_decibels)(Points points, std::size_t count, float offset, float floor, float* sum);
    /// sum[i] += the angle.
    void (*add_phases)(Points points, std::size_t count, float* sum);
    /// out[i] = a[i] * b[i].
    void (*multiply)(const float* a, const float* b, std::size_t count, float* out);
};

/// For this machine, or for the best of those that the tests allow.
SpectrumValues spectrum_values();

} // namespace tactus
