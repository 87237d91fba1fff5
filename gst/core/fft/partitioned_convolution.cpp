// SPDX-FileCopyrightText: The gst-tactus authors
// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/fft/partitioned_convolution.h"

#include "core/fft/cross_fade.h"
#include "core/fft/flush_to_zero.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tactus {

template <typename T>
PartitionedConvolution<T>::PartitionedConvolution(Response response)
    : block_frames_(response->layout().block_frames()), inputs_(response->inputs()),
      outputs_(response->outputs()), current_(std::move(response)),
      history_(block_frames_, current_->layout().segments.front().partitions, inputs_),
      windows_(inputs_ * 2 * block_frames_), older_(outputs_ * kBoth * history_.row_size()),
      sum_(history_.row_size()), frames_(2 * block_frames_) {
    for (std::size_t s = 1; s < current_->layout().segments.size(); ++s)
        tails_.emplace_back(s, *current_);
}

template <typename T>
void PartitionedConvolution<T>::process(const T* const* in, T* const* out, std::size_t frames) {
    const FlushToZero flush_to_zero;
    for (std::size_t done = 0; done < frames;) {
        const std::size_t part = std::min(frames - done, block_frames_ - fill_);
        process_part(in, out, done, part);
        done += part;
    }
}

template <typename T>
void PartitionedConvolution<T>::process_part(const T* const* in, T* const* out, std::size_t offset,
                                             std::size_t frames) {
    if (fill_ == 0)
        begin_block(frames);
    take(in, offset, frames);
    for (std::size_t o = 0; o < outputs_; ++o)
        make_output(o, out[o] + offset, frames);
    fill_ += frames;
    if (fill_ == block_frames_)
        finish_block();
}

template <typename T>
void PartitionedConvolution<T>::begin_block(std::size_t frames) {
    history_.advance();
    fading_ = next_ != nullptr;
    for (const ConvolutionTail<T>& tail : tails_)
        fading_ = fading_ && tail.has_next();
    if (frames < block_frames_)
        prepare_older();
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
    std::copy_n(filtered(output, kCurrent, whole), frames, out);
    add_tails(output, kCurrent, frames, out);
    if (!fading_)
        return;
    T* const next = filtered(output, kNext, whole);
    add_tails(output, kNext, frames, next);
    cross_fade(out, next, frames, fill_, block_frames_);
    std::copy_n(next, frames, out);
}

template <typename T>
void PartitionedConvolution<T>::add_tails(std::size_t output, Which which, std::size_t frames,
                                          T* out) const {
    for (const ConvolutionTail<T>& tail : tails_) {
        const T* const more =
            (which == kCurrent ? tail.ready(output) : tail.next_ready(output)) + fill_;
        for (std::size_t n = 0; n < frames; ++n)
            out[n] += more[n];
    }
}

/// The new frames of an output, as far as the first segment makes them.
template <typename T>
T* PartitionedConvolution<T>::filtered(std::size_t output, Which which, bool whole) {
    if (whole) {
        std::fill(sum_.begin(), sum_.end(), T{0});
        sum_up(output, which, 0, SIZE_MAX, sum_.data());
    } else {
        std::copy_n(older(output, which), sum_.size(), sum_.begin());
        sum_up(output, which, 0, 1, sum_.data());
    }
    history_.inverse(sum_.data(), frames_.data());
    return frames_.data() + block_frames_ + fill_;
}

/// Adds what partitions `first` to `end` of the response make of the spectra.
template <typename T>
void PartitionedConvolution<T>::sum_up(std::size_t output, Which which, std::size_t first,
                                       std::size_t end, T* sum) const {
    const ConvolutionResponse<T>& response = which == kCurrent ? *current_ : *next_;
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
            sum_up(o, kNext, 1, SIZE_MAX, older(o, kNext));
    }
}

template <typename T>
void PartitionedConvolution<T>::finish_block() {
    fill_ = 0;
    if (fading_)
        adopt_next();
    for (ConvolutionTail<T>& tail : tails_)
        tail.push(windows_.data() + block_frames_, 2 * block_frames_, *current_, next_.get());
    for (std::size_t i = 0; i < inputs_; ++i) {
        T* const window = windows_.data() + i * 2 * block_frames_;
        std::copy_n(window + block_frames_, block_frames_, window);
    }
}

template <typename T>
void PartitionedConvolution<T>::adopt_next() {
    fading_ = false;
    retired_ = std::exchange(current_, std::move(next_));
    for (ConvolutionTail<T>& tail : tails_)
        tail.adopt_next();
}

template <typename T>
bool PartitionedConvolution<T>::fits(const ConvolutionResponse<T>& next) const {
    return next.layout() == current_->layout() && next.inputs() == inputs_ &&
           next.outputs() == outputs_;
}

template <typename T>
void PartitionedConvolution<T>::exchange(Response next) {
    assert(can_exchange() && fits(*next));
    next_ = std::move(next);
}

template <typename T>
void PartitionedConvolution<T>::reset() {
    fill_ = 0;
    history_.reset();
    std::fill(windows_.begin(), windows_.end(), T{0});
    if (next_ != nullptr)
        adopt_next();
    for (ConvolutionTail<T>& tail : tails_)
        tail.reset();
}

template <typename T>
T* PartitionedConvolution<T>::older(std::size_t output, Which which) {
    return older_.data() + (output * kBoth + which) * history_.row_size();
}

template class PartitionedConvolution<float>;
template class PartitionedConvolution<double>;

} // namespace tactus
