// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/partitioned_convolution.h"

#include "core/fft/cross_fade.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tactus {

template <typename T>
PartitionedConvolution<T>::PartitionedConvolution(Response response)
    : block_frames_(response->layout().block_frames()), inputs_(response->inputs()),
      outputs_(response->outputs()), current_(std::move(response)),
      history_(block_frames_, current_->layout().segments.front().partitions, inputs_),
      windows_(inputs_ * 2 * block_frames_), older_(outputs_ * kSums * history_.row_size()),
      sum_(history_.row_size()) {
    for (std::size_t s = 1; s < current_->layout().segments.size(); ++s)
        tails_.emplace_back(s, *current_);
    for (AlignedArray<T>& frames : frames_)
        frames.resize(2 * block_frames_);
}

template <typename T>
void PartitionedConvolution<T>::process(const T* const* in, T* const* out, std::size_t frames) {
    for (std::size_t done = 0; done < frames;) {
        const std::size_t part = std::min(frames - done, block_frames_ - fill_);
        process_part(in, out, done, part);
        done += part;
    }
}

template <typename T>
void PartitionedConvolution<T>::process_part(const T* const* in, T* const* out, std::size_t offset,
                                             std::size_t frames) {
    if (fill_ == 0) {
        history_.advance();
        if (frames < block_frames_)
            prepare_older();
    }
    take(in, offset, frames);
    for (std::size_t o = 0; o < outputs_; ++o)
        make_output(o, out[o] + offset, frames);
    fill_ += frames;
    if (fill_ == block_frames_)
        finish_block();
}

template <typename T>
void PartitionedConvolution<T>::take(const T* const* in, std::size_t offset, std::size_t frames) {
    for (std::size_t i = 0; i < inputs_; ++i) {
        T* const window = windows_.data() + i * 2 * block_frames_;
        T* const place = window + block_frames_ + fill_;
        std::copy_n(in[i] + offset, frames, place);
        // What has not come yet does not change what comes out before it.
        std::fill(place + frames, window + 2 * block_frames_, T{0});
        history_.transform(window, i);
    }
}

template <typename T>
void PartitionedConvolution<T>::make_output(std::size_t output, T* out, std::size_t frames) {
    const bool whole = frames == block_frames_;
    const T* const now = filtered(output, kCurrent, whole) + fill_;
    std::copy_n(now, frames, out);
    if (fading_)
        cross_fade(filtered(output, kPrevious, whole) + fill_, out, frames, fill_, block_frames_);
    for (const ConvolutionTail<T>& tail : tails_) {
        const T* const more = tail.ready(output) + fill_;
        for (std::size_t n = 0; n < frames; ++n)
            out[n] += more[n];
    }
}

/// The current block of an output, as far as the first segment makes it.
template <typename T>
const T* PartitionedConvolution<T>::filtered(std::size_t output, Sum which, bool whole) {
    if (whole) {
        std::fill(sum_.begin(), sum_.end(), T{0});
        sum_up(output, which, 0, SIZE_MAX, sum_.data());
    } else {
        std::copy_n(older(output, which), sum_.size(), sum_.begin());
        sum_up(output, which, 0, 1, sum_.data());
    }
    history_.inverse(sum_.data(), frames_[which].data());
    return frames_[which].data() + block_frames_;
}

/// Adds what partitions `first` to `end` of the response make of the spectra.
template <typename T>
void PartitionedConvolution<T>::sum_up(std::size_t output, Sum which, std::size_t first,
                                       std::size_t end, T* sum) const {
    const ConvolutionResponse<T>& response = which == kCurrent ? *current_ : *previous_;
    for (const ConvolutionPath& path : response.paths_to(output)) {
        const std::size_t last = std::min(end, response.partitions(0, path.response));
        if (first < last)
            history_.multiply_add(path.input, first, last - first,
                                  response.rows(0, path.response) + first * history_.row_size(),
                                  sum);
    }
}

template <typename T>
void PartitionedConvolution<T>::prepare_older() {
    std::fill(older_.begin(), older_.end(), T{0});
    for (std::size_t o = 0; o < outputs_; ++o) {
        sum_up(o, kCurrent, 1, SIZE_MAX, older(o, kCurrent));
        if (fading_)
            sum_up(o, kPrevious, 1, SIZE_MAX, older(o, kPrevious));
    }
}

template <typename T>
void PartitionedConvolution<T>::finish_block() {
    fill_ = 0;
    fading_ = false;
    for (ConvolutionTail<T>& tail : tails_)
        tail.push(windows_.data() + block_frames_, 2 * block_frames_, *current_);
    for (std::size_t i = 0; i < inputs_; ++i) {
        T* const window = windows_.data() + i * 2 * block_frames_;
        std::copy_n(window + block_frames_, block_frames_, window);
    }
    retire_if_unused();
}

template <typename T>
void PartitionedConvolution<T>::retire_if_unused() {
    if (previous_ == nullptr)
        return;
    for (const ConvolutionTail<T>& tail : tails_)
        if (tail.uses(previous_.get()))
            return;
    retired_ = std::move(previous_);
}

template <typename T>
bool PartitionedConvolution<T>::fits(const ConvolutionResponse<T>& next) const {
    return next.layout() == current_->layout() && next.inputs() == inputs_ &&
           next.outputs() == outputs_;
}

template <typename T>
void PartitionedConvolution<T>::exchange(Response next) {
    assert(can_exchange() && fits(*next));
    previous_ = std::exchange(current_, std::move(next));
    fading_ = true;
}

template <typename T>
void PartitionedConvolution<T>::reset() {
    fill_ = 0;
    fading_ = false;
    history_.reset();
    std::fill(windows_.begin(), windows_.end(), T{0});
    for (ConvolutionTail<T>& tail : tails_)
        tail.reset(*current_);
    retire_if_unused();
}

template <typename T>
T* PartitionedConvolution<T>::older(std::size_t output, Sum which) {
    return older_.data() + (output * kSums + which) * history_.row_size();
}

template class PartitionedConvolution<float>;
template class PartitionedConvolution<double>;

} // namespace tactus
