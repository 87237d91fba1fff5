// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"

#include <cstddef>

namespace tactus {

/// Spectra as rows that vectors like: groups of kSpectralGroup points, real parts, then imaginary
/// parts; what the last group has too much is 0. A row is aligned to kVectorAlignment.
template <typename T>
constexpr std::size_t kSpectralGroup = kVectorAlignment / sizeof(T);

/// Numbers of T in a row for `bins` points.
template <typename T>
constexpr std::size_t spectral_row_size(std::size_t bins) {
    return (bins + kSpectralGroup<T> - 1) / kSpectralGroup<T> * kSpectralGroup<T> * 2;
}

/// The code for one kind of vector unit. Free functions behind pointers, chosen once.
template <typename T>
struct SpectralKernels {
    /// A row from `bins` complex numbers.
    using ToRow = void (*)(const T* pairs, std::size_t bins, T* row);
    /// And back.
    using FromRow = void (*)(const T* row, std::size_t bins, T* pairs);
    /// sum += the products, point by point, of `rows` rows of x with as many of h that lie behind
    /// each other. `sum` is a row, too.
    using MultiplyAdd = void (*)(const T* x, const T* h, std::size_t rows, std::size_t row_size,
                                 T* sum);

    /// The same for two x with the same h, which costs less than twice.
    using MultiplyAddTwo = void (*)(const T* x1, const T* x2, const T* h, std::size_t rows,
                                    std::size_t row_size, T* sum1, T* sum2);

    ToRow to_row = nullptr;
    FromRow from_row = nullptr;
    MultiplyAdd multiply_add = nullptr;
    MultiplyAddTwo multiply_add_two = nullptr;
};

/// For the vector unit of this machine, or the best of those that the tests allow.
template <typename T>
SpectralKernels<T> spectral_kernels();
template <>
SpectralKernels<float> spectral_kernels<float>();
template <>
SpectralKernels<double> spectral_kernels<double>();

} // namespace tactus
