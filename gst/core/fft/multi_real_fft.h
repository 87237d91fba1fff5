// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once

#include "core/fft/fft.h"

#include <complex>
#include <cstddef>
#include <memory>

namespace tactus {

/// The spectra of all channels of interleaved audio, several channels in each vector: what suits
/// many channels and short transforms, as nothing has to be sorted beforehand nor mixed across
/// lanes. Where that would not be quicker (few channels, long transforms, no vector unit), one by
/// one.
///
/// Threads: immutable once made; any number of threads may use one plan at a time, each with
/// scratch memory of its own. A transform neither allocates nor locks nor throws.
template <typename T>
class MultiRealFft {
  public:
    /// Throws invalid_argument as RealFft does, and if there are no channels; bad_alloc.
    MultiRealFft(std::size_t length, std::size_t channels);

    std::size_t length() const { return single_.length(); }
    std::size_t channels() const { return channels_; }
    std::size_t bins() const { return single_.bins(); }
    /// Numbers of T that a transform needs as scratch, aligned to kVectorAlignment.
    std::size_t scratch_size() const;
    /// `in`: `length` frames of a number per channel; `out`: for one channel after the other its
    /// `bins` points. They must not overlap.
    void forward(const T* in, std::complex<T>* out, T* scratch) const;

  private:
    std::size_t channels_;
    FftKernels<T> kernels_;
    RealFft<T> single_;
    std::unique_ptr<SplitTables<T>> tables_; ///< null: one by one
};

extern template class MultiRealFft<float>;
extern template class MultiRealFft<double>;

} // namespace tactus
