// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/multi_real_fft.h"

#include "core/fft/scratch_place.h"

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>

namespace tactus {

namespace {

/// What several channels take at once should stay in the second-level cache.
constexpr std::size_t kMostBytes = std::size_t{1} << 17;

std::size_t checked_channels(std::size_t channels) {
    if (channels == 0)
        throw std::invalid_argument("a transform of 0 channels: it must have at least 1");
    return channels;
}

} // namespace

template <typename T>
MultiRealFft<T>::MultiRealFft(std::size_t length, std::size_t channels)
    : channels_(checked_channels(channels)), kernels_(fft_kernels<T>()), single_(length) {
    const std::size_t lanes = std::bit_floor(std::min(channels, kernels_.lanes));
    const std::size_t rows = length / 2;
    if (length % 2 == 0 && has_small_factors(rows) && lanes >= kFewestChannels && rows >= lanes &&
        length * lanes * sizeof(T) <= kMostBytes)
        tables_ = std::make_unique<SplitTables<T>>(rows, lanes);
}

template <typename T>
std::size_t MultiRealFft<T>::scratch_size() const {
    if (tables_)
        return tables_->lanes * (length() + 1) + kScratchSlack<T>;
    constexpr std::size_t kUnit = kVectorAlignment / sizeof(T);
    return (length() + kUnit - 1) / kUnit * kUnit + single_.scratch_size();
}

template <typename T>
void MultiRealFft<T>::forward(const T* in, std::complex<T>* out, T* scratch) const {
    if (tables_) {
        const std::size_t lanes = tables_->lanes;
        for (std::size_t begin = 0; begin < channels_; begin += lanes) {
            // The last channels may be done twice; they come out the same.
            const std::size_t channel = std::min(begin, channels_ - lanes);
            kernels_.transform_channels(*tables_, in + channel, channels_,
                                        reinterpret_cast<T*>(out + channel * bins()),
                                        place_scratch(in + channel, scratch));
        }
        return;
    }
    T* const rest = scratch + (scratch_size() - single_.scratch_size());
    for (std::size_t channel = 0; channel < channels_; ++channel) {
        for (std::size_t n = 0; n < length(); ++n)
            scratch[n] = in[n * channels_ + channel];
        single_.forward(scratch, out + channel * bins(), rest);
    }
}

template class MultiRealFft<float>;
template class MultiRealFft<double>;

} // namespace tactus
