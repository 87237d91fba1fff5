// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/spectral_history.h"

#include <algorithm>

namespace tactus {

template <typename T>
SpectralHistory<T>::SpectralHistory(std::size_t partition_frames, std::size_t partitions,
                                    std::size_t inputs)
    : partitions_(partitions), row_size_(spectral_row_size<T>(partition_frames + 1)),
      fft_(2 * partition_frames), kernels_(spectral_kernels<T>()),
      rows_(inputs * partitions * row_size_), spectrum_(fft_.bins()),
      scratch_(fft_.scratch_size()) {}

template <typename T>
void SpectralHistory<T>::advance() {
    newest_ = (newest_ == 0 ? partitions_ : newest_) - 1;
}

template <typename T>
void SpectralHistory<T>::transform(const T* window, std::size_t input) {
    fft_.forward(window, spectrum_.data(), scratch_.data());
    kernels_.to_row(reinterpret_cast<const T*>(spectrum_.data()), fft_.bins(),
                    rows_.data() + (input * partitions_ + newest_) * row_size_);
}

template <typename T>
void SpectralHistory<T>::multiply_add(const ConvolutionLane& lane, std::size_t first,
                                      std::size_t count, const T* rows, T* sums) const {
    const std::size_t begin = (newest_ + first) % partitions_;
    const std::size_t up_to_end = std::min(count, partitions_ - begin);
    multiply_add_run(lane, begin, up_to_end, rows, sums);
    if (count > up_to_end)
        multiply_add_run(lane, 0, count - up_to_end, rows + up_to_end * row_size_, sums);
}

/// With spectra that lie behind each other.
template <typename T>
void SpectralHistory<T>::multiply_add_run(const ConvolutionLane& lane, std::size_t begin,
                                          std::size_t count, const T* rows, T* sums) const {
    const auto spectra = [&](std::size_t i) {
        return rows_.data() + (lane.inputs[i] * partitions_ + begin) * row_size_;
    };
    const auto sum = [&](std::size_t i) { return sums + lane.outputs[i] * row_size_; };
    if (lane.width == 2)
        kernels_.multiply_add_two(spectra(0), spectra(1), rows, count, row_size_, sum(0), sum(1));
    else
        kernels_.multiply_add(spectra(0), rows, count, row_size_, sum(0));
}

template <typename T>
void SpectralHistory<T>::inverse(const T* sum, T* frames) {
    kernels_.from_row(sum, fft_.bins(), reinterpret_cast<T*>(spectrum_.data()));
    fft_.inverse(spectrum_.data(), frames, scratch_.data());
}

template <typename T>
void SpectralHistory<T>::reset() {
    std::fill(rows_.begin(), rows_.end(), T{0});
}

template class SpectralHistory<float>;
template class SpectralHistory<double>;

} // namespace tactus
