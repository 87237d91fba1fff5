// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/aligned_array.h"
#include "core/fft/convolution_response.h"
#include "core/fft/fft.h"
#include "core/fft/spectral_kernels.h"

#include <complex>
#include <cstddef>

namespace tactus {

/// The last spectra of some inputs, each of two partitions of which the later is new (overlap-save;
/// the frequency-domain delay line of Wefers 2015, 5.3).
///
/// Threads: one. Only the constructor allocates.
template <typename T>
class SpectralHistory {
  public:
    /// Throws invalid_argument for lengths that no transform has; bad_alloc.
    SpectralHistory(std::size_t partition_frames, std::size_t partitions, std::size_t inputs);

    std::size_t row_size() const { return row_size_; }
    /// Makes place for new spectra; those of that many partitions ago are forgotten.
    void advance();
    /// `window`: 2 * partition_frames frames. The newest spectrum of an input.
    void transform(const T* window, std::size_t input);
    /// Along a lane: sum += products of the spectra, from the one `first` partitions ago backwards,
    /// with `count` rows. `sums`: a row for each output.
    void multiply_add(const ConvolutionLane& lane, std::size_t first, std::size_t count,
                      const T* rows, T* sums) const;
    /// `frames`: 2 * partition_frames, of which the later half is the result.
    void inverse(const T* sum, T* frames);
    void reset();

  private:
    void multiply_add_run(const ConvolutionLane& lane, std::size_t begin, std::size_t count,
                          const T* rows, T* sums) const;

    std::size_t partitions_;
    std::size_t row_size_;
    std::size_t newest_ = 0; ///< older ones follow it
    RealFft<T> fft_;
    SpectralKernels<T> kernels_;
    AlignedArray<T> rows_; ///< of each input, one after the other
    AlignedArray<std::complex<T>> spectrum_;
    AlignedArray<T> scratch_;
};

extern template class SpectralHistory<float>;
extern template class SpectralHistory<double>;

} // namespace tactus
