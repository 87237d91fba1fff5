// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/fft_kernels.h"

#include <complex>
#include <cstddef>
#include <memory>
#include <span>

namespace tactus {

template <typename T>
class RealFft;

/// The discrete Fourier transform of complex numbers, X[k] = sum of x[n] exp(-2 pi i k n / N), and
/// its inverse without the division: inverse(forward(x)) is N x.
///
/// Lengths whose prime factors are at most kLargestRadix by mixed radix (Cooley and Tukey 1965), in
/// four steps over the lanes of the vector unit (Bailey 1990); others as a convolution (Bluestein
/// 1970), in double precision.
///
/// Threads: immutable once made; any number of threads may use one plan at a time, each with
/// scratch memory of its own. A transform neither allocates nor locks nor throws.
template <typename T>
class ComplexFft {
  public:
    static constexpr std::size_t kLargestLength = std::size_t{1} << 24;

    /// Throws invalid_argument unless 1 <= length <= kLargestLength; bad_alloc.
    explicit ComplexFft(std::size_t length);
    ~ComplexFft();
    ComplexFft(ComplexFft&&) noexcept;
    ComplexFft& operator=(ComplexFft&&) noexcept;

    std::size_t length() const { return length_; }
    /// Numbers of T that a transform needs as scratch, aligned to kVectorAlignment.
    std::size_t scratch_size() const;
    /// `in` and `out`: `length` numbers each; they may be the same, but not overlap otherwise.
    void forward(const std::complex<T>* in, std::complex<T>* out, T* scratch) const;
    void inverse(const std::complex<T>* in, std::complex<T>* out, T* scratch) const;

  private:
    struct Convolution;

    void run(const T* in, T* out, T* scratch, bool swapped) const;

    std::size_t length_;
    FftKernels<T> kernels_;
    std::unique_ptr<FftTables<T>> tables_; ///< one of these three
    std::unique_ptr<MatrixTables<T>> matrix_;
    std::unique_ptr<Convolution> convolution_;
};

/// The same for real numbers: N of them, and the N / 2 + 1 first points of their spectrum (rounded
/// down), of which the others are mirrored conjugates. inverse(forward(x)) is N x.
///
/// Threads: as ComplexFft.
template <typename T>
class RealFft {
  public:
    /// Throws invalid_argument unless 2 <= length <= kLargestLength; bad_alloc.
    explicit RealFft(std::size_t length);

    std::size_t length() const { return length_; }
    std::size_t bins() const { return length_ / 2 + 1; }
    std::size_t scratch_size() const;
    /// `in`: `length` numbers; `out`: `bins` points. They must not overlap.
    void forward(const T* in, std::complex<T>* out, T* scratch) const;
    /// The same of `in` times `window`: as many numbers, or null for none.
    void forward(const T* in, const T* window, std::complex<T>* out, T* scratch) const;
    /// The squared magnitudes of these points: `bins` numbers.
    void powers(const T* in, const T* window, T* out, T* scratch) const;
    /// The imaginary parts of the first point and, if the length is even, of the last are ignored.
    void inverse(const std::complex<T>* in, T* out, T* scratch) const;

  private:
    bool is_odd() const { return length_ % 2 != 0; }
    const T* windowed(const T* in, const T* window, T* to) const;
    void forward_in_steps(const T* in, std::complex<T>* out, T* scratch) const;

    std::size_t length_;
    FftKernels<T> kernels_;
    ComplexFft<T> complex_;                 ///< of half the length; of an odd length the whole
    std::unique_ptr<RealTables<T>> tables_; ///< where there is a way without it
    AlignedArray<T> roots_;
};

extern template class ComplexFft<float>;
extern template class ComplexFft<double>;
extern template class RealFft<float>;
extern template class RealFft<double>;

} // namespace tactus
