// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/fft_tables.h"

#include <complex>
#include <cstddef>
#include <cstdint>

namespace tactus {

/// The code for one kind of vector unit. Free functions behind pointers: chosen once per plan.
template <typename T>
struct FftKernels {
    /// One transform. `in` and `out` hold `length` complex numbers, real and imaginary parts in
    /// turns, and may be the same; `scratch` is aligned and holds 2 * length numbers. `swapped`:
    /// with real and imaginary parts exchanged on both sides, which makes it the inverse.
    using Transform = void (*)(const FftTables<T>& tables, const T* in, T* out, T* scratch,
                               bool swapped);
    /// The same with the scratch memory that the tables ask for.
    using TransformMatrix = void (*)(const MatrixTables<T>& tables, const T* in, T* out, T* scratch,
                                     bool swapped);
    /// The length / 2 + 1 first points of the spectrum of real numbers, where `tables` has several
    /// lanes; or their squared magnitudes. `window`, unless it is null: as many numbers, to be
    /// multiplied with `in`. `scratch` is aligned and holds `length` numbers, and a row of as many
    /// as lanes.
    using TransformReal = void (*)(const RealTables<T>& tables, const T* in, const T* window,
                                   T* out, T* scratch);
    /// The spectra of as many channels as lanes, of 2 * rows frames that are `channels` numbers
    /// apart; in `out` rows + 1 points of each channel. `scratch` as above.
    using TransformChannels = void (*)(const SplitTables<T>& tables, const T* in,
                                       std::size_t channels, T* out, T* scratch);
    /// The spectrum of `2 * points` real numbers from that of them taken for `points` complex ones,
    /// in place; `spectrum` has room for points + 1 complex numbers. `roots`: exp(-pi i k /
    /// points) for k <= points / 2.
    using Split = void (*)(const T* roots, std::size_t points, T* spectrum);
    /// The way back of it, times 2. `out` has room for points + 1 complex numbers, too.
    using Merge = void (*)(const T* roots, std::size_t points, const T* spectrum, T* out);

    std::size_t lanes = 1; ///< the most that `transform` can use
    Transform transform = nullptr;
    TransformMatrix transform_matrix = nullptr;
    TransformReal transform_real = nullptr;
    TransformReal transform_real_to_powers = nullptr;
    TransformChannels transform_channels = nullptr;
    Split split = nullptr;
    Merge merge = nullptr;
    const char* name = ""; ///< "AVX2"
};

/// For the vector unit of this machine, or the best of those that the tests allow.
template <typename T>
FftKernels<T> fft_kernels();
template <>
FftKernels<float> fft_kernels<float>();
template <>
FftKernels<double> fft_kernels<double>();

} // namespace tactus
